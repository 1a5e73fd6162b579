"""How the sync a case waits for stands: judged by what changed since it was asked for, in Fivetran's own time."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Stand(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RESCHEDULED = "rescheduled"
    PAUSED = "paused"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Asked:
    """What Fivetran said just before the sync was asked for; `is_cancelled`: an event told that it was cancelled."""

    succeeded_at: datetime | None
    failed_at: datetime | None
    is_cancelled: bool = False


@dataclass(frozen=True)
class Told:
    """What Fivetran says now. `sync_state`: scheduled, syncing, paused, rescheduled."""

    sync_state: str
    succeeded_at: datetime | None
    failed_at: datetime | None
    is_historical: bool = False


def stand(asked: Asked, told: Told) -> Stand:
    """Only what ended since counts, so that neither an earlier sync nor a clock that differs from ours misleads.

    A success ends the waiting whatever failed before or after it; a failure stands until a later success.
    """
    good, bad = _new(told.succeeded_at, asked.succeeded_at), _new(told.failed_at, asked.failed_at)
    if good is not None and not told.is_historical:
        return Stand.SUCCEEDED
    if bad is not None and (good is None or bad > good):
        return Stand.FAILED
    if told.sync_state in ("rescheduled", "paused"):
        return Stand(told.sync_state)
    if asked.is_cancelled and told.sync_state != "syncing":
        return Stand.CANCELLED
    return Stand.RUNNING


def has_begun(asked: Asked, told: Told) -> bool:
    """Whether a sync runs or ended since we may have asked for it: then it is ours, though no answer came."""
    moved = _new(told.succeeded_at, asked.succeeded_at) or _new(told.failed_at, asked.failed_at)
    return moved is not None or told.sync_state in ("syncing", "rescheduled")


def is_failing(told: Told) -> bool:
    """Whether the last sync that ended failed."""
    return told.failed_at is not None and (told.succeeded_at is None or told.failed_at > told.succeeded_at)


def _new(now: datetime | None, before: datetime | None) -> datetime | None:
    return now if now is not None and (before is None or now > before) else None

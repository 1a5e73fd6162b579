"""When a connection is looked at next, and how long to wait before what failed is tried again."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from request_tracker.rules.terms import StarterState

LONGEST = timedelta(hours=6)
"""No connection is left alone for longer, whatever went wrong."""
LONGEST_WAIT = timedelta(minutes=10)
"""No work that waits for Fivetran sleeps longer, so that it goes on soon after an outage."""
FIRST = timedelta(seconds=15)
SPREAD = 0.2
QUICKER, PLAIN, SLOWER, RARELY = 0.5, 1.0, 1.5, 12.0
_PACES = {
    StarterState.CREATED: SLOWER,
    StarterState.CONNECTED: PLAIN,
    StarterState.SYNCING: QUICKER,
    StarterState.LIVE: RARELY,
    StarterState.MISSING: RARELY,
}


@dataclass(frozen=True)
class Standing:
    """How a connection stands, as far as the next look depends on it. `misses`: looks in a row without an answer.

    `syncs`: a sync runs now; `deadline_at`: what was promised to be known by then.
    """

    state: str
    misses: int = 0
    syncs: bool = False
    deadline_at: datetime | None = None


def next_look(row_id: int, now: datetime, standing: Standing, every: timedelta) -> datetime:
    """The instant of the next look, spread so that many rows do not come at once. Never before `now`, never more than
    LONGEST ahead, and not after a deadline that lies ahead. `every`: how often where nothing is special."""
    pause = _back_off(standing.misses) if standing.misses else every * _pace(standing)
    at = now + spread(row_id, now, min(pause, LONGEST / (1 + SPREAD)))
    ahead = standing.deadline_at is not None and standing.deadline_at > now
    return min(at, standing.deadline_at) if ahead and standing.deadline_at else at


def wait(row_id: int, now: datetime, misses: int) -> timedelta:
    """How long work that got no answer waits before it is tried again; `misses` counts the failures, this one too."""
    return spread(row_id, now, min(_back_off(misses), LONGEST_WAIT / (1 + SPREAD)))


def spread(row_id: int, now: datetime, pause: timedelta) -> timedelta:
    """The pause, a fifth shorter to a fifth longer: the same every time for the same row and instant."""
    return pause * (1 - SPREAD + 2 * SPREAD * share(row_id, now.isoformat()))


def share(row_id: int, occasion: str) -> float:
    """A number in [0, 1) that looks random and is the same every time."""
    digest = hashlib.sha256(f"{row_id}:{occasion}".encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def _pace(standing: Standing) -> float:
    return QUICKER if standing.syncs else _PACES.get(StarterState(standing.state), PLAIN)


def _back_off(misses: int) -> timedelta:
    """15 s, 30 s, 1 min, 2 min … The exponent is bounded: a count of years must not overflow."""
    return FIRST * (1 << min(max(misses, 1) - 1, 12))

"""How the program runs, in a handful of figures: what needs a look, and how big it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from request_tracker.rules.bouncing import HARD
from request_tracker.rules.terms import StarterState
from request_tracker.store import chain_checks, reading_groups
from request_tracker.store.bounces import Bounce
from request_tracker.store.capped import capped
from request_tracker.store.connections import Connection
from request_tracker.store.holidays import PROPOSED, Holiday
from request_tracker.store.hooks import HookEndpoint
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.outages import Outage
from request_tracker.store.people import Person
from request_tracker.store.strays import Stray
from request_tracker.store.webhook_events import OurWebhook, WebhookRefusal

REFUSED_WITHIN = timedelta(days=7)
LOOKED_AT = 200


@dataclass(frozen=True)
class Health:
    """`signs`: by name, how many (see store.capped); nothing above zero needs a look. `last_done_at`: when the newest
    jobs ended; `waits_since`: since when the oldest due job waits; `size`: bytes of the database, None where it cannot
    be asked."""

    signs: dict[str, int]
    last_done_at: datetime | None
    waits_since: datetime | None
    size: int | None
    revision: str
    database: str


def health(session: Session, now: datetime) -> Health:
    return Health(
        signs={name: capped(session, found) for name, found in _signs(now).items()} | _others(session, now),
        last_done_at=_last_done(session),
        waits_since=session.scalar(_due(now).with_only_columns(func.min(Job.run_at))),
        size=_size(session),
        revision=_revision(session),
        database="PostgreSQL" if session.get_bind().dialect.name == "postgresql" else "SQLite",
    )


def _signs(now: datetime) -> dict[str, Select[*tuple[Any, ...]]]:
    return {
        "dead_jobs": _some(Job.id, Job.state == "dead"),
        "due_jobs": _due(now),
        "dead_letters": _some(Letter.id, Letter.state == "dead"),
        "returned": _some(Bounce.id, Bounce.kind == HARD, Bounce.cleared_at.is_(None)),
        "missing": _some(Connection.id, Connection.state == StarterState.MISSING),
        "failed": _some(Connection.id, Connection.state == StarterState.FAILED),
        "outages": _some(Outage.id, Outage.ended_at.is_(None)),
        "strays": _some(Stray.connection_id),
        "webhook_faults": _some(OurWebhook.id, OurWebhook.fault != ""),
        "stopped_hooks": _some(HookEndpoint.id, HookEndpoint.state.not_in(("active", "paused", "deleted"))),
        "days_waiting": _some(Holiday.id, Holiday.state == PROPOSED),
        "people": _some(Person.id, Person.active),
    }


def _others(session: Session, now: datetime) -> dict[str, int]:
    since = (now - REFUSED_WITHIN).date().isoformat()
    refused = select(func.sum(WebhookRefusal.count)).where(WebhookRefusal.day >= since)
    last = chain_checks.newest(session)
    return {
        "refused": int(session.scalar(refused) or 0),
        "group_todos": len(reading_groups.todos(session)),
        "broken_chains": last[0].broken if last else 0,
    }


def _some(column: Any, *where: Any) -> Select[*tuple[Any, ...]]:
    return select(column).where(*where)


def _due(now: datetime) -> Select[*tuple[Any, ...]]:
    return _some(Job.id, Job.state == "ready", Job.run_at <= now)


def _last_done(session: Session) -> datetime | None:
    """Of the newest jobs, when the last one ended: the table is too long to ask of all."""
    newest = select(Job.finished_at).where(Job.state == "done").order_by(Job.run_at.desc(), Job.id.desc())
    return max(filter(None, session.scalars(newest.limit(LOOKED_AT))), default=None)


def _size(session: Session) -> int | None:
    if session.get_bind().dialect.name == "postgresql":
        return session.scalar(select(func.pg_database_size(func.current_database())))
    pages, of_bytes = session.scalar(text("PRAGMA page_count")), session.scalar(text("PRAGMA page_size"))
    return int(pages or 0) * int(of_bytes or 0)


def _revision(session: Session) -> str:
    try:
        return str(session.scalar(text("SELECT version_num FROM alembic_version")) or "")
    except SQLAlchemyError:
        return ""

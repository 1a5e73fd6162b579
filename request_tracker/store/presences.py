"""Who looks at a case now: a hint for colleagues, forgotten within minutes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, insertion
from request_tracker.store.people import Person

FRESH_FOR = timedelta(seconds=60)
"""A page tells of itself every 20 seconds: after three silences somebody has gone."""
KEPT_FOR = timedelta(minutes=10)


class Presence(Base):
    """`writing`: something is typed into a form of the page and not sent yet."""

    __tablename__ = "presence"
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    seen_at: Mapped[datetime]
    writing: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (Index("ix_presence_seen", "seen_at"),)


@dataclass(frozen=True)
class Colleague:
    """Somebody else who has the case open."""

    name: str
    writing: bool


def seen(session: Session, case_id: int, person_id: int, *, writing: bool, now: datetime) -> None:
    """One small write: the person has the case open now."""
    row = {"case_id": case_id, "person_id": person_id, "seen_at": now, "writing": writing}
    new = insertion(session, Presence).values(row)
    changed = {"seen_at": now, "writing": writing}
    session.execute(new.on_conflict_do_update(index_elements=["case_id", "person_id"], set_=changed))


def others(session: Session, case_id: int, person_id: int | None, *, now: datetime) -> tuple[Colleague, ...]:
    """Who else was there within the last minute, by name. One statement."""
    found = (
        select(Person.name, Presence.writing)
        .join(Person, Person.id == Presence.person_id)
        .where(Presence.case_id == case_id, Presence.person_id != (person_id or 0), Presence.seen_at > now - FRESH_FOR)
        .order_by(Person.name, Person.id)
    )
    return tuple(Colleague(name, writing) for name, writing in session.execute(found))


def forget(session: Session, *, now: datetime) -> int:
    """Delete what is of no use any more; answers how many rows."""
    gone = session.execute(delete(Presence).where(Presence.seen_at < now - KEPT_FOR))
    return int(gone.rowcount)  # type: ignore[attr-defined]

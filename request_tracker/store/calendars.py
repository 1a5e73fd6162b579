"""What decisions about the calendar and the targets need to know: who decides alone, days off by state, their names."""

from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from request_tracker.store.clocks import CalendarVersion
from request_tracker.store.holidays import CONFIRMED, PROPOSED, Holiday


def one_decider(session: Session) -> None:
    """Let one transaction at a time decide about the calendar, its days off and the targets. Readers go on.

    Without it two leads could each add days to the same version, and the later one would lose the earlier one's. On
    SQLite a transaction that writes is alone anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE calendar, holiday, policy IN SHARE ROW EXCLUSIVE MODE"))


def since(session: Session, seen: int) -> list[CalendarVersion]:
    """The versions newer than the one seen, newest first."""
    newer = select(CalendarVersion).where(CalendarVersion.id > seen)
    return list(session.scalars(newer.order_by(CalendarVersion.id.desc())))


def day_rows(session: Session, ids: Collection[int]) -> list[Holiday]:
    return list(session.scalars(select(Holiday).where(Holiday.id.in_(ids)).order_by(Holiday.day, Holiday.id)))


def rows_on(session: Session, days: Collection[date]) -> list[Holiday]:
    """Everything ever said about these dates."""
    return list(session.scalars(select(Holiday).where(Holiday.day.in_(days)).order_by(Holiday.day, Holiday.id)))


def proposals(session: Session) -> list[Holiday]:
    """What waits for a decision, the earliest day first."""
    waiting = select(Holiday).where(Holiday.state == PROPOSED)
    return list(session.scalars(waiting.order_by(Holiday.day, Holiday.id)))


def names_of(session: Session, days: Iterable[date]) -> dict[date, str]:
    """What these days are called: as it was confirmed, or else as somebody proposed it last."""
    wanted = set(days)
    if not wanted:
        return {}
    span = select(Holiday).where(Holiday.day >= min(wanted), Holiday.day <= max(wanted))
    rows = sorted(session.scalars(span), key=lambda row: (row.state == CONFIRMED, row.id))
    return {row.day: row.name for row in rows if row.day in wanted}

"""Consultation meetings: the times offered, the one booked, and its life as a calendar entry."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, Text, delete, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.meetings import MeetingState
from request_tracker.rules.terms import Phase
from request_tracker.store.absences import Absence
from request_tracker.store.base import Base, one_of, partial, tied
from request_tracker.store.cases import Case
from request_tracker.store.people import Person
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry

LONGEST = timedelta(minutes=480)
AHEAD = timedelta(days=30)
SIDES = ("staff", "requester")


class Meeting(Base):
    """One meeting through its moves: `uid` stays, `sequence` counts up with each change that calendars must learn.

    `request_id`, `account_id`, `guest_id`: whom it was offered to. `place`: a link or words. `host_id`: who holds it
    for the program. `starts_at` is set from the booking on; a cancelled one keeps what it had. `event_id`: the last
    entry of the timeline that calendars learned from.
    """

    __tablename__ = "meeting"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"))
    guest_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    host_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    uid: Mapped[str] = mapped_column(String(120), unique=True)
    sequence: Mapped[int] = mapped_column(default=0)
    turn: Mapped[int] = mapped_column(default=0)
    """Counts every step up: a form made at an earlier turn is told what has changed."""
    state: Mapped[str] = mapped_column(String(10), default="offered")
    starts_at: Mapped[datetime | None]
    minutes: Mapped[int] = mapped_column(default=60)
    place: Mapped[str] = mapped_column(Text, default="")
    asked: Mapped[str] = mapped_column(Text, default="")
    """What the requester wrote when none of the times fitted, or when they asked to move or cancel."""
    offered_at: Mapped[datetime]
    booked_at: Mapped[datetime | None]
    booked_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("timeline.id"))
    __table_args__ = (
        one_of("state", MeetingState),
        tied("state NOT IN ('booked', 'held', 'no_show') OR starts_at IS NOT NULL", "booked_has_time"),
        tied("(ended_at IS NULL) = (state IN ('offered', 'booked'))", "over_has_time"),
        tied("minutes BETWEEN 5 AND 480", "minutes_possible"),
        partial("uq_meeting_open", "case_id", where="state IN ('offered', 'booked')", unique=True),
        Index("ix_meeting_case", "case_id", "id"),
        Index("ix_meeting_host", "host_id", "id"),
        partial("ix_meeting_booked", "starts_at", where="state = 'booked'"),
    )


class Slot(Base):
    """A time that somebody offers for the meeting; those of the requester are asked for, not open to booking."""

    __tablename__ = "meeting_slot"
    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    starts_at: Mapped[datetime]
    side: Mapped[str] = mapped_column(String(10), default="staff")
    __table_args__ = (
        one_of("side", SIDES),
        Index("uq_meeting_slot_time", "meeting_id", "starts_at", "side", unique=True),
    )


class NoSuchMeeting(LookupError):
    """The case has no such meeting, or it is not the reader's."""


def open_of(session: Session, case_id: int) -> Meeting | None:
    """The one meeting of the case that is offered or booked."""
    found = select(Meeting).where(Meeting.case_id == case_id, Meeting.state.in_(_OPEN))
    return session.scalar(found)


def of_case(session: Session, case_id: int, *, most: int = 20) -> list[Meeting]:
    """The newest first."""
    found = select(Meeting).where(Meeting.case_id == case_id).order_by(Meeting.id.desc()).limit(most)
    return list(session.scalars(found))


def by_id(session: Session, case_id: int, meeting_id: int) -> Meeting:
    """The meeting of this case. Raises NoSuchMeeting."""
    found = session.get(Meeting, meeting_id)
    if found is None or found.case_id != case_id:
        raise NoSuchMeeting("This case has no such meeting")
    return found


def slots_of(session: Session, meeting_id: int) -> list[Slot]:
    found = select(Slot).where(Slot.meeting_id == meeting_id).order_by(Slot.starts_at, Slot.side)
    return list(session.scalars(found))


def put_slots(session: Session, meeting: Meeting, times: Iterable[datetime], side: str) -> None:
    """These times instead of what this side offered before."""
    session.execute(delete(Slot).where(Slot.meeting_id == meeting.id, Slot.side == side))
    session.add_all(Slot(meeting_id=meeting.id, starts_at=at, side=side) for at in sorted(set(times)))
    session.flush()


def busy(session: Session, host_id: int, begin: datetime, end: datetime, *, but: int = 0) -> list[tuple[datetime, int]]:
    """(start, minutes) of the host's booked meetings that touch the time from `begin` to `end`."""
    rows = session.execute(
        select(Meeting.starts_at, Meeting.minutes)
        .where(Meeting.state == MeetingState.BOOKED, Meeting.starts_at > begin - LONGEST, Meeting.starts_at < end)
        .where(Meeting.host_id == host_id, Meeting.id != but)
        .order_by(Meeting.starts_at)
    )
    return [(at, minutes) for at, minutes in rows if at is not None and at + timedelta(minutes=minutes) > begin]


def lock_host(session: Session, host_id: int) -> Person:
    """Whoever books for a host waits for others who do: two cases cannot take the same hour."""
    return session.scalars(select(Person).where(Person.id == host_id).with_for_update()).one()


def away_days(session: Session, person_id: int, today: date) -> set[date]:
    """The local days of the next weeks on which somebody is out of office."""
    found = select(Absence.first_day, Absence.last_day).where(
        Absence.person_id == person_id, Absence.last_day >= today, Absence.first_day <= today + AHEAD
    )
    weeks = [today + timedelta(days=number) for number in range(AHEAD.days)]
    return {day for first, last in session.execute(found) for day in weeks if first <= day <= last}


def last_place(session: Session, host_id: int) -> str:
    """Where the host met somebody last; empty where they never did."""
    found = select(Meeting.place).where(Meeting.host_id == host_id).order_by(Meeting.id.desc()).limit(1)
    return session.scalar(found) or ""


def choosing(session: Session, case_ids: Sequence[int], now: datetime) -> set[int]:
    """Those of the cases whose requester has offered times to choose from, not all passed, and has not answered yet."""
    theirs = select(Slot.id).where(Slot.meeting_id == Meeting.id, Slot.side == "requester").exists()
    ahead = select(Slot.id).where(Slot.meeting_id == Meeting.id, Slot.side == "staff", Slot.starts_at > now).exists()
    waiting = select(Meeting.case_id).where(Meeting.case_id.in_(case_ids), Meeting.state == MeetingState.OFFERED)
    return set(session.scalars(waiting.where(Meeting.asked == "", ~theirs, ahead)))


def to_remind(session: Session, now: datetime, ahead: timedelta) -> list[Meeting]:
    """Booked meetings that begin within `ahead`, of cases that go on, and that were settled before that span began."""
    found = (
        select(Meeting)
        .join(Case, Case.id == Meeting.case_id)
        .join(Entry, Entry.id == Meeting.event_id)
        .where(Meeting.state == MeetingState.BOOKED, Meeting.starts_at > now, Meeting.starts_at <= now + ahead)
        .where(Case.outcome.is_(None), Case.phase == Phase.CONSULTATION)
        .add_columns(Entry.at)
        .order_by(Meeting.starts_at, Meeting.id)
    )
    return [row for row, at in session.execute(found) if row.starts_at is not None and at < row.starts_at - ahead]


def stranded(session: Session) -> list[int]:
    """Ids of open meetings whose case has ended, was merged, is not in consultation, or is led by somebody else."""
    primary = select(Request.person_id).where(Request.id == Case.primary_request_id).scalar_subquery()
    found = select(Meeting.id).join(Case, Case.id == Meeting.case_id).where(Meeting.state.in_(_OPEN))
    off = or_(
        Case.outcome.is_not(None),
        Case.merged_into_id.is_not(None),
        Case.phase != Phase.CONSULTATION,
        Case.primary_request_id.is_(None),
        primary != Meeting.guest_id,
    )
    return list(session.scalars(found.where(off).order_by(Meeting.id).limit(200)))


_OPEN = (MeetingState.OFFERED, MeetingState.BOOKED)

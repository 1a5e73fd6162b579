"""A lead or an admin says what working time is: a new version of the calendar each time, for new clocks only."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from sqlalchemy.orm import Session

from request_tracker.actions import auditing
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.rules import calendar_typed
from request_tracker.rules.calendar import Calendar
from request_tracker.rules.days_off import NAMELESS, DayOff
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import calendars, clocks
from request_tracker.store.clocks import CalendarVersion
from request_tracker.store.holidays import CONFIRMED, PROPOSED, REFUSED, Holiday

MAY_DECIDE = (Role.LEAD, Role.ADMIN)
LONGEST_REASON = 1000
TYPED = "typed"
FARTHEST_YEARS = 10
MOST_AT_ONCE = 5_000
"""More than thirteen years of days; a statement takes some tens of thousands of ids and no more."""
TOLD = 50
"""Days named one by one in the log."""
NEWER = "Somebody saved a newer calendar after you opened this: look at what changed, then decide anew"


class Proposed(NamedTuple):
    """How many days wait now that did not before, and how many were known already."""

    new: int
    known: int


class Decided(NamedTuple):
    """The days that changed, and the calendar made of them; none where nothing changed or nothing was added."""

    days: tuple[date, ...]
    version: CalendarVersion | None


def save(session: Session, calendar: Calendar, reason: str, act: Act, *, seen: int) -> CalendarVersion:
    """Make the zone and the hours of `calendar` the newest version, with the days off in force.

    `seen`: the version the person looked at. Sent twice, it is saved once. Raises NotAllowed, Unfit, Overtaken.
    """
    must_decide(act)
    said = reason_given(reason)
    calendars.one_decider(session)
    newest = clocks.newest_calendar(session)
    before = newest.calendar
    after = replace(calendar, holidays=before.holidays)
    if after == before and (newest.by_id, newest.reason) == (act.who.id, said):
        return newest
    if newest.id != seen:
        raise Overtaken(NEWER)
    if after == before:
        raise Unfit("zone", "This is the calendar in force: change its zone or some hours, or leave it as it is")
    row = _version(session, after, said, act)
    auditing.note(session, act, "calendar.saved", f"version {row.id}", version=row.id, before=newest.id, reason=said)
    return row


def propose(session: Session, found: Iterable[DayOff], source: str, act: Act) -> Proposed:
    """Put down days that are not in the calendar, not waiting, and were not refused under that name. NotAllowed.

    The same days sent again change nothing.
    """
    must_decide(act)
    calendars.one_decider(session)
    offered = {each.day: each for each in found}
    taken = clocks.newest_calendar(session).calendar.holidays
    said = calendars.rows_on(session, list(offered))
    waiting = {row.day for row in said if row.state == PROPOSED}
    refused = {(row.day, row.name.casefold()) for row in said if row.state != PROPOSED}
    new = [
        each
        for each in offered.values()
        if each.day not in taken | waiting and (each.day, each.name.casefold()) not in refused
    ]
    session.add_all(_proposal(each, source, act) for each in new)
    session.flush()
    if new:
        auditing.note(session, act, "days_off.proposed", source, count=len(new))
    return Proposed(len(new), len(offered) - len(new))


def type_in(session: Session, typed: DayOff, act: Act) -> Holiday:
    """Put down one day by hand; one that was refused or taken out waits again. Raises NotAllowed, Unfit."""
    must_decide(act)
    if abs(typed.day.year - act.now.year) > FARTHEST_YEARS:
        raise Unfit("day", f"Choose a day within {FARTHEST_YEARS} years from now")
    calendars.one_decider(session)
    if typed.day in clocks.newest_calendar(session).calendar.holidays:
        raise Unfit("day", f"{typed.day:%-d %b %Y} is a day off already")
    rows = calendars.rows_on(session, [typed.day])
    if any(row.state == PROPOSED for row in rows):
        raise Unfit("day", f"{typed.day:%-d %b %Y} waits for a decision already")
    again = next((row for row in rows if (row.name, row.source) == (typed.name, TYPED)), None)
    row = again or _proposal(typed, TYPED, act)
    row.state, row.decided_at, row.decided_by_id = PROPOSED, None, None
    row.proposed_at, row.proposed_by_id = act.now, act.who.id
    session.add(row)
    session.flush()
    auditing.note(session, act, "days_off.proposed", TYPED, count=1, day=typed.day.isoformat())
    return row


def confirm(session: Session, ids: Collection[int], act: Act) -> Decided:
    """Make one new calendar with these days in it. Those confirmed already are passed over.

    Raises NotAllowed, Unfit (nothing chosen), Overtaken (one was refused meanwhile).
    """
    rows = _decide(session, ids, CONFIRMED, act)
    before = clocks.newest_calendar(session).calendar
    new = frozenset(row.day for row in rows) - before.holidays
    if not new:
        return Decided(tuple(row.day for row in rows), None)
    said = "1 day off confirmed" if len(new) == 1 else f"{len(new)} days off confirmed"
    after = replace(before, holidays=before.holidays | new)
    made = _version(session, after, said, act)
    _note(session, "days_off.confirmed", new, act, version=made.id)
    return Decided(tuple(sorted(new)), made)


def refuse(session: Session, ids: Collection[int], act: Act) -> Decided:
    """Say no to these days: no import proposes them again. Raises NotAllowed, Unfit, Overtaken."""
    days = tuple(row.day for row in _decide(session, ids, REFUSED, act))
    if days:
        _note(session, "days_off.refused", days, act)
    return Decided(days, None)


def take_out(session: Session, days: Collection[date], reason: str, act: Act) -> Decided:
    """Make these days working days again, in one new calendar. Raises NotAllowed, Unfit.

    Days that are no days off (any more) are passed over; no import proposes the ones taken out again.
    """
    must_decide(act)
    if not days:
        raise Unfit("days", "Choose at least one day")
    said = reason_given(reason)
    calendars.one_decider(session)
    before = clocks.newest_calendar(session).calendar
    gone = before.holidays & frozenset(days)
    if not gone:
        return Decided((), None)
    rows = calendars.rows_on(session, gone)
    for row in rows:
        _set(row, REFUSED, act)
    known = {row.day for row in rows}
    session.add_all(_set(_proposal(DayOff(day, NAMELESS), TYPED, act), REFUSED, act) for day in gone - known)
    made = _version(session, replace(before, holidays=before.holidays - gone), said, act)
    _note(session, "days_off.taken_out", gone, act, version=made.id, reason=said)
    return Decided(tuple(sorted(gone)), made)


def must_decide(act: Act) -> None:
    if act.who.role not in MAY_DECIDE or act.who.id is None:
        raise NotAllowed("Only a lead or an admin may decide about the calendar and the targets")


def reason_given(reason: str) -> str:
    """The reason in one line. Raises Unfit where there is none."""
    said = " ".join(reason.split())
    if not said:
        raise Unfit("reason", "Say why: whoever reads the history will want to know")
    short_enough("reason", said, most=LONGEST_REASON)
    return said


def read(typed: Mapping[str, str], before: Calendar) -> Calendar:
    """The calendar as it was typed, with the days off of the one before. Raises calendar_typed.Faulty."""
    return calendar_typed.read(typed, before.holidays)


def _decide(session: Session, ids: Collection[int], state: str, act: Act) -> list[Holiday]:
    """The proposals whose state changes."""
    must_decide(act)
    if not ids:
        raise Unfit("days", "Choose at least one day")
    if len(ids) > MOST_AT_ONCE:
        raise Unfit("days", f"Choose fewer: at most {MOST_AT_ONCE:,} days at once")
    calendars.one_decider(session)
    rows = calendars.day_rows(session, ids)
    other = [row for row in rows if row.state not in (PROPOSED, state)]
    if other or len(rows) < len(set(ids)):
        told = ", ".join(f"{row.day:%-d %b %Y} is {row.state}" for row in other) or "a day is gone"
        raise Overtaken(f"Somebody decided about this after you opened it ({told}): nothing was done")
    return [_set(row, state, act) for row in rows if row.state == PROPOSED]


def _note(session: Session, what: str, days: Collection[date], act: Act, **data: object) -> None:
    told = [day.isoformat() for day in sorted(days)[:TOLD]]
    auditing.note(session, act, what, "days off", count=len(days), days=told, **data)


def _set(row: Holiday, state: str, act: Act) -> Holiday:
    row.state, row.decided_at, row.decided_by_id = state, act.now, act.who.id
    return row


def _proposal(each: DayOff, source: str, act: Act) -> Holiday:
    return Holiday(
        day=each.day, name=each.name, source=source, state=PROPOSED, proposed_at=act.now, proposed_by_id=act.who.id
    )


def _version(session: Session, calendar: Calendar, reason: str, act: Act) -> CalendarVersion:
    row = CalendarVersion(body=calendar.to_json(), created_at=act.now, by_id=act.who.id, reason=reason)
    session.add(row)
    session.flush()
    return row

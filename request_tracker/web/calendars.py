"""What working time is: the calendar in force, every version before it, and a new one after a look at what it moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker import links
from request_tracker.access import policy, wiring
from request_tracker.actions import calendars as actions
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.calendar import Calendar
from request_tracker.rules.calendar_typed import FILLS, WEEKDAYS, Faulty, typed_of
from request_tracker.rules.calendar_words import (
    TWO_WEEKS,
    Ahead,
    differences,
    due_ahead,
    instant_words,
    week_words,
    working_day_words,
)
from request_tracker.rules.targets import TARGETS
from request_tracker.rules.zones import zones
from request_tracker.store import calendars as store
from request_tracker.store import policies, reading_calendar
from request_tracker.web.calendar_forms import CalendarForm, TakeOutForm, marked
from request_tracker.web.forms import whole
from request_tracker.web.texts import say

calendars = Blueprint("calendars", __name__)


@dataclass(frozen=True)
class Moved:
    """One promise made now, by the calendar in force and by the one proposed, in words."""

    label: str
    days: float
    before: str
    after: str


@calendars.get("/admin/calendar")
def index() -> ResponseReturnValue:
    return _index(TakeOutForm(formdata=None))


@calendars.get("/admin/calendar/new")
def new() -> ResponseReturnValue:
    with wiring.reading() as session:
        seen, calendar = reading_calendar.in_force(session)
    return _form(CalendarForm(formdata=None, data=typed_of(calendar)), seen)


@calendars.post("/admin/calendar/preview")
def preview() -> ResponseReturnValue:
    """What the typed calendar would change; a button that fills in the week, and the way back, end here too."""
    form, seen = CalendarForm(), _seen()
    if (fill := http.form.get("fill", "")) in FILLS:
        for name, text in zip(WEEKDAYS, FILLS[fill][1], strict=True):
            form[name].data = text
        return _form(form, seen)
    if "back" in http.form:
        return _form(form, seen)
    with wiring.reading() as session:
        _, before = reading_calendar.in_force(session)
        targets = promised(session)
    try:
        after = actions.read(http.form, before)
        actions.reason_given(form.reason.data or "")
        moved = side_by_side(before, after, targets)
    except Faulty as fault:
        return _form(marked(form, [*fault.faults, *_no_reason(form)]), seen), 422
    except Unfit as fault:
        return _form(marked(form, [(fault.field, fault.message)]), seen), 422
    changes = differences(before, after, {})
    if not changes:
        return _form(
            marked(form, [("zone", "This is the calendar in force: change its zone or some hours")]), seen
        ), 422
    return shown(
        "preview", form=form, seen=seen, changes=changes, moved=moved, today=instant_words(before, wiring.now())
    )


@calendars.post("/admin/calendar")
def save() -> ResponseReturnValue:
    form = CalendarForm()
    try:
        with wiring.transaction() as session:
            _, before = reading_calendar.in_force(session)
            after = actions.read(http.form, before)
            row = actions.save(session, after, form.reason.data or "", wiring.act(), seen=_seen())
    except Faulty as fault:
        return _form(marked(form, fault.faults), _seen()), 422
    except Unfit as fault:
        return _form(marked(form, [(fault.field, fault.message)]), _seen()), 422
    except Overtaken as fault:
        return _overtaken(form, fault)
    flash(say("calendar_version", version=row.id) + say("new_clocks_only"), "ok")
    return redirect(url_for("calendars.index"), 303)


@calendars.post("/admin/calendar/days/out")
def take_out() -> ResponseReturnValue:
    form = TakeOutForm()
    try:
        days = [date.fromisoformat(each) for each in form.days.data or []]
    except ValueError:
        return _index(marked(form, [("days", "Choose days from the list")])), 422
    try:
        with wiring.transaction() as session:
            done = actions.take_out(session, days, form.reason.data or "", wiring.act())
    except Unfit as fault:
        return _index(marked(form, [(fault.field, fault.message)])), 422
    if done.version is None:
        flash(say("days_work_already"), "info")
    else:
        flash(say("days_work_again", days=_counted(done.days)) + say("new_clocks_only"), "ok")
    return redirect(url_for("calendars.index"), 303)


def shown(name: str, /, **given: object) -> str:
    """A page of this room, with what the viewer may do."""
    may = policy.may("calendars.save", wiring.viewer().role)
    return render_template(f"calendar/{name}.html", may_decide=may, clocks_page=links.clocks(""), **given)


def promised(session: Session) -> list[tuple[str, float]]:
    """Two weeks, and every target in force: label and working days."""
    days = policies.target_days(session, wiring.act().program)
    return [TWO_WEEKS, *((each.label, days[each.key]) for each in TARGETS)]


def side_by_side(before: Calendar, after: Calendar, targets: Sequence[tuple[str, float]]) -> tuple[Moved, ...]:
    """Raises Unfit where the new calendar has too little working time for a target."""
    try:
        rows = zip(due_ahead(before, wiring.now(), targets), due_ahead(after, wiring.now(), targets), strict=True)
        return tuple(Moved(old.label, old.days, old.due, new.due) for old, new in rows)
    except ValueError as fault:
        raise Unfit(WEEKDAYS[0], str(fault)) from fault


def today_in(calendar: Calendar) -> date:
    return wiring.now().astimezone(ZoneInfo(calendar.zone)).date()


def _index(form: TakeOutForm) -> str:
    with wiring.reading() as session:
        number, calendar = reading_calendar.in_force(session)
        today = today_in(calendar)
        ahead: tuple[Ahead, ...] = due_ahead(calendar, wiring.now(), promised(session))
        found = {
            "versions": reading_calendar.versions(session),
            "days": reading_calendar.days_off(session, calendar, _years(calendar, today)),
            "waiting": len(store.proposals(session)),
        }
    return shown(
        "index", number=number, calendar=calendar, week=week_words(calendar), length=working_day_words(calendar),
        now_words=instant_words(calendar, wiring.now()), ahead=ahead, today=today, form=form, **found,
    )  # fmt: skip


def _years(calendar: Calendar, today: date) -> list[int]:
    """This year, the next, and every later one with a day off."""
    later = {day.year for day in calendar.holidays if day.year > today.year}
    return sorted({today.year, today.year + 1} | later)


def _form(form: CalendarForm, seen: int, newer: Sequence[reading_calendar.Version] = ()) -> str:
    return shown("new", form=form, seen=seen, weekdays=WEEKDAYS, fills=FILLS, zones=zones(), newer=newer)


def _overtaken(form: CalendarForm, fault: Overtaken) -> ResponseReturnValue:
    """What was typed, beside what somebody else saved meanwhile; sent again from here it is taken."""
    with wiring.reading() as session:
        newest, _ = reading_calendar.in_force(session)
        newer = reading_calendar.versions(session, newer_than=_seen())
    return _form(marked(form, [("", str(fault))]), newest, newer), 409


def _no_reason(form: CalendarForm) -> list[tuple[str, str]]:
    try:
        actions.reason_given(form.reason.data or "")
    except Unfit as fault:
        return [(fault.field, fault.message)]
    return []


def _counted(days: Sequence[date]) -> str:
    return "1 day is a working day" if len(days) == 1 else f"{len(days)} days are working days"


def _seen() -> int:
    return whole(http.form.get("seen", ""))

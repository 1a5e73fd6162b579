"""Days off: proposed by a file, by the library of public holidays or by hand; confirmed or refused by a lead."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date

from flask import Blueprint, flash, redirect, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import calendars as actions
from request_tracker.actions.calendars import Decided, Proposed
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.calendar import Calendar
from request_tracker.rules.days_off import DayOff, day_off
from request_tracker.store import day_files, day_library, reading_calendar
from request_tracker.web.calendar_forms import ChosenForm, DayForm, FileForm, LibraryForm, marked
from request_tracker.web.calendars import Moved, promised, shown, side_by_side, today_in
from request_tracker.web.forms import whole
from request_tracker.web.texts import counted, say

days_off = Blueprint("days_off", __name__)
DECISIONS: dict[str, Callable[..., Decided]] = {
    "confirm": actions.confirm,
    "all": actions.confirm,
    "refuse": actions.refuse,
}


@days_off.get("/admin/calendar/days")
def index() -> ResponseReturnValue:
    return _page()


@days_off.post("/admin/calendar/days")
def type_in() -> ResponseReturnValue:
    form = DayForm()
    try:
        typed = _typed(form.day.data or "", form.name.data or "")
        with wiring.transaction() as session:
            actions.type_in(session, typed, wiring.act())
    except Unfit as fault:
        return _page(marked(form, [(fault.field, fault.message)])), 422
    flash(say("day_waits", day=typed.day), "ok")
    return redirect(url_for("days_off.index"), 303)


@days_off.post("/admin/calendar/days/file")
def upload() -> ResponseReturnValue:
    form, sent = FileForm(), http.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise day_files.Unreadable("Choose an .ics file")
        with wiring.reading() as session:
            _, calendar = reading_calendar.in_force(session)
        read = day_files.read(sent.read(day_files.MOST_BYTES + 1), today_in(calendar))
    except day_files.Unreadable as fault:
        return _page(marked(form, [("file", str(fault))])), 422
    done = _proposed(read.days, day_files.source(sent.filename))
    _tell(done, read.left_out)
    return redirect(url_for("days_off.index"), 303)


@days_off.post("/admin/calendar/days/library")
def library() -> ResponseReturnValue:
    form = LibraryForm()
    country, part = form.country.data or "", form.part.data or ""
    try:
        found = day_library.days(country, part, day_library.years_typed(form.years.data or ""))
    except day_library.Unknown as fault:
        return _page(marked(form, [(fault.field, str(fault))])), 422
    _tell(_proposed(found, day_library.source(country, part)), ())
    return redirect(url_for("days_off.index"), 303)


@days_off.post("/admin/calendar/days/decide")
def decide() -> ResponseReturnValue:
    form, verb = ChosenForm(), http.form.get("act", "")
    chosen = http.form.getlist("every" if verb == "all" else "days")
    try:
        if verb not in DECISIONS:
            raise Unfit("days", "Choose whether to confirm or to refuse these days")
        with wiring.transaction() as session:
            done = DECISIONS[verb](session, {whole(each) for each in chosen}, wiring.act())
            today = today_in(reading_calendar.in_force(session)[1])
    except (Unfit, Overtaken) as fault:
        said = (getattr(fault, "field", ""), str(fault))
        return _page(marked(form, [said])), 409 if isinstance(fault, Overtaken) else 422
    flash(*_said(done, today))
    return redirect(url_for("days_off.index"), 303)


def _page(form: FlaskForm | None = None) -> str:
    with wiring.reading() as session:
        number, calendar = reading_calendar.in_force(session)
        today = today_in(calendar)
        waiting = reading_calendar.proposals(session, calendar, today)
        refused = reading_calendar.refused(session, calendar, today)
        moved = _moved(session, calendar, (each.day for each in waiting))
    forms = {"day": DayForm, "file": FileForm, "library": LibraryForm}
    empty = {"library": {"years": f"{today.year}-{today.year + 1}"}}
    drawn = {
        name: form if isinstance(form, kind) else kind(formdata=None, data=empty.get(name))
        for name, kind in forms.items()
    }
    return shown(
        "days", number=number, waiting=waiting, refused=refused, moved=moved, form=form, forms=drawn,
        countries=day_library.countries(), files=day_files, chosen=set(http.form.getlist("days")),
    )  # fmt: skip


def _moved(session: Session, calendar: Calendar, days: Iterable[date]) -> tuple[Moved, ...]:
    """Promises made now that would be due at another time if all these days were off."""
    after = replace(calendar, holidays=calendar.holidays | frozenset(days))
    return tuple(each for each in side_by_side(calendar, after, promised(session)) if each.before != each.after)


def _typed(day: str, name: str) -> DayOff:
    """Raises Unfit."""
    try:
        found = date.fromisoformat(day.strip())
    except ValueError:
        raise Unfit("day", "Enter a date such as 2026-12-24") from None
    if not name.strip():
        raise Unfit("name", "Say what this day is called")
    return day_off(found, name)


def _proposed(found: Iterable[DayOff], source: str) -> Proposed:
    with wiring.transaction() as session:
        return actions.propose(session, found, source, wiring.act())


def _tell(done: Proposed, left_out: Iterable[tuple[int, str]]) -> None:
    if done.new:
        flash(counted(done.new, "days_wait_one", "days_wait_many"), "ok")
    elif done.known:
        flash(say("days_nothing_new"), "info")
    if done.new and done.known:
        flash(counted(done.known, "days_known_one", "days_known_many"), "info")
    for count, why in left_out:
        flash(counted(count, "events_left_out_one", "events_left_out_many", why=why), "info")


def _said(done: Decided, today: date) -> tuple[str, str]:
    if not done.days:
        return say("days_decided_already"), "info"
    if done.version is None:
        return counted(len(done.days), "days_decided_one", "days_decided_many"), "ok"
    past = sum(day < today for day in done.days)
    said = counted(len(done.days), "days_off_one", "days_off_many", version=done.version.id) + say("new_clocks_only")
    return said + (counted(past, "days_past_one", "days_past_many") if past else ""), "ok"

"""Meetings: staff offer, book, move, cancel, note; the requester chooses, proposes, calls off; both take the file."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, abort, flash, redirect, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import invitation
from request_tracker.actions import meetings as meeting
from request_tracker.actions import minutes as noting
from request_tracker.actions.invitation import Sender
from request_tracker.actions.meetings import Plan
from request_tracker.actions.minutes import Minutes
from request_tracker.actions.unfit import Unfit
from request_tracker.rules import meeting_times
from request_tracker.rules.meeting_times import BadTime
from request_tracker.rules.meetings import MOST_TIMES, MeetingState
from request_tracker.rules.process import Refused
from request_tracker.store import cases, reading_case
from request_tracker.store import meetings as kept
from request_tracker.store.cases import Case
from request_tracker.store.meetings import Meeting, NoSuchMeeting
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry
from request_tracker.web import case_page, case_writes, forms
from request_tracker.web.attachment import attachment
from request_tracker.web.case_forms import Attempt as CaseAttempt
from request_tracker.web.meeting_choice import CALL_OFF, OBJECT, OTHER, OWN_TIMES, TIMES
from request_tracker.web.meeting_forms import CANCEL, MOVE, NOTES, OFFER
from request_tracker.web.request_forms import Attempt
from request_tracker.web.requests import again
from request_tracker.web.texts import say

meetings = Blueprint("meetings", __name__)
Work = Callable[[Session, Case, Meeting], object]
CONSULTATION = "consultation"
MEETING = "<int(max=2147483647):meeting_id>"


@meetings.post("/cases/<number>/meetings")
def offer(number: str) -> ResponseReturnValue:
    """Offer times; or show what was typed in both zones first, and store nothing."""
    if http.form.get("do") == "show":
        return case_page.show(number, CaseAttempt(OFFER, http.form.to_dict(flat=False)))

    def work(session: Session, case: Case) -> object:
        return meeting.offer(session, case, wiring.act(), _times(MOST_TIMES), _plan())

    return case_writes.write(number, OFFER, work, done=say("meeting_times_offered"), anchor=CONSULTATION)


@meetings.post(f"/cases/<number>/meetings/{MEETING}/<name>")
def step(number: str, meeting_id: int, name: str) -> ResponseReturnValue:
    """One step of the table: book, move, cancel, held or no_show."""
    if name not in STAFF_STEPS:
        abort(404, say("no_such_meeting_step"))
    form_id, work = STAFF_STEPS[name]

    def done(session: Session, case: Case) -> object:
        return work(session, case, kept.by_id(session, case.id, meeting_id))

    return case_writes.write(number, form_id, done, done=say(f"meeting_{name}"), anchor=CONSULTATION)


@meetings.post("/cases/<number>/minutes")
def minutes(number: str) -> ResponseReturnValue:
    """The three things of the consultation in one form."""
    typed = case_writes.typed
    noted = Minutes(typed("access"), typed("shown"), typed("use_cases"), typed("data"))

    def work(session: Session, case: Case) -> object:
        return noting.put(session, case, noted, wiring.act())

    return case_writes.write(number, NOTES, work, done=say("minutes_written"), anchor=CONSULTATION)


@meetings.get("/cases/<number>/meeting.ics")
def case_file(number: str) -> ResponseReturnValue:
    with wiring.reading() as session:
        return _file(session, reading_case.case_for(session, number, wiring.viewer()))


@meetings.get("/requests/<number>/meeting.ics")
def request_file(number: str) -> ResponseReturnValue:
    with wiring.reading() as session:
        return _file(session, _root(session, _request(session, number)))


@meetings.post("/requests/<number>/meeting/choice")
def choose(number: str) -> ResponseReturnValue:
    """One of the offered times, with both zones shown before it was pressed."""

    def work(session: Session, case: Case, found: Meeting) -> object:
        return meeting.book(session, case, found, wiring.act(), Plan(at=_exact("at")))

    return _answer(number, TIMES, work, say("meeting_chosen"))


@meetings.post("/requests/<number>/meeting/proposal")
def propose(number: str) -> ResponseReturnValue:
    """Other times, or words."""

    def work(session: Session, case: Case, found: Meeting) -> object:
        return meeting.propose(session, case, found, wiring.act(), _times(OWN_TIMES), _plan())

    return _answer(number, OTHER, work, say("meeting_proposed"))


@meetings.post("/requests/<number>/meeting/cancellation")
def call_off(number: str) -> ResponseReturnValue:
    def work(session: Session, case: Case, found: Meeting) -> object:
        return meeting.cancel(session, case, found, wiring.act(), _plan())

    return _answer(number, CALL_OFF, work, say("meeting_called_off"))


@meetings.post("/requests/<number>/minutes/objection")
def object_to(number: str) -> ResponseReturnValue:
    """Something in the minutes is not right."""
    try:
        with wiring.transaction() as session:
            root = cases.locked_root(session, _request(session, number).case_id)
            noting.object_to(session, root, http.form.getlist("parts"), wiring.act(), words=http.form.get("words", ""))
    except Unfit as fault:
        return again(number, Attempt(f"{OBJECT}-{fault.field}", "", fault.message), 422)
    flash(say("minutes_objected"), "ok")
    return redirect(url_for("requests.show", number=number), 303)


def _book(session: Session, case: Case, found: Meeting) -> object:
    return meeting.book(session, case, found, wiring.act(), _plan(at=True))


def _move(session: Session, case: Case, found: Meeting) -> object:
    """A proposed time is pressed as it is; a typed one is read in the zone of whoever typed it."""
    return meeting.move(session, case, found, wiring.act(), _plan(at=True))


def _cancel(session: Session, case: Case, found: Meeting) -> object:
    return meeting.cancel(session, case, found, wiring.act(), _plan())


def _over(name: str) -> Work:
    return lambda session, case, found: meeting.over(session, case, found, wiring.act(), name, _plan())


STAFF_STEPS: dict[str, tuple[str, Work]] = {
    "book": ("meeting-book", _book),
    "move": (MOVE, _move),
    "cancel": (CANCEL, _cancel),
    "held": ("meeting-held", _over("held")),
    "no_show": ("meeting-missed", _over("no_show")),
}


def _answer(number: str, form: str, work: Work, done: str) -> ResponseReturnValue:
    """What the requester does with the meeting of their request; what cannot be taken shows the page again."""
    try:
        with wiring.transaction() as session:
            root = cases.locked_root(session, _request(session, number).case_id)
            found = kept.open_of(session, root.id)
            if found is None or found.account_id != wiring.viewer().account_id:
                raise Unfit("", say("meeting_not_offered"))
            work(session, root, found)
    except Refused as fault:
        return again(number, Attempt(TIMES, "", str(fault)), 409)
    except Unfit as fault:
        at = TIMES if form == TIMES or not fault.field else f"{form}-{fault.field}"
        return again(number, Attempt(at, "", fault.message), 422)
    flash(done, "ok")
    return redirect(url_for("requests.show", number=number, _anchor=TIMES), 303)


def _plan(*, at: bool = False) -> Plan:
    form = http.form
    return Plan(
        at=(_exact("exact") or _instant("at")) if at else None,
        minutes=forms.whole(form["minutes"]) if "minutes" in form else None,
        place=form.get("place"),
        words=form.get("words", ""),
        turn=forms.whole(form["turn"]) if "turn" in form else None,
    )


def _times(most: int) -> list[datetime]:
    """Those that were typed, each checked where it stands."""
    found = [_instant(f"at{number}") for number in range(1, most + 1)]
    return [at for at in found if at is not None]


def _instant(name: str) -> datetime | None:
    """A typed local time of whoever typed it; None for an empty field. Raises Unfit."""
    text = http.form.get(name, "").strip()
    if not text:
        return None
    try:
        at = meeting_times.instant(text, wiring.viewer().zone)
    except BadTime as fault:
        raise Unfit(name, str(fault)) from fault
    if fault_of_it := meeting_times.fault_of(at, wiring.now()):
        raise Unfit(name, fault_of_it)
    return at


def _exact(name: str) -> datetime | None:
    """An instant that our own page put into the form."""
    try:
        found = datetime.fromisoformat(http.form.get(name, "")[:40])
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _file(session: Session, case: Case) -> ResponseReturnValue:
    """The meeting as a calendar file of the reader's own: it names nobody else, and a later one takes its place."""
    viewer = wiring.viewer()
    rows = [row for row in kept.of_case(session, case.id) if row.starts_at is not None and row.event_id is not None]
    found = next((row for row in rows if viewer.is_staff or row.account_id == viewer.account_id), None)
    if found is None:
        raise NoSuchMeeting(say("no_meeting_booked"))
    settings = wiring.settings()
    body = invitation.text(
        session,
        found,
        Sender(settings.mail_from, settings.base_url),
        method=invitation.CANCEL if found.state == MeetingState.CANCELLED else invitation.PUBLISH,
        at=session.get_one(Entry, found.event_id).at,
        to_staff=viewer.is_staff,
    )
    answer = attachment(body, f"{case.number if viewer.is_staff else 'meeting'}.ics")
    answer.mimetype = "text/calendar"
    return answer


def _request(session: Session, number: str) -> Request:
    return reading_case.request_for(session, number, wiring.viewer())


def _root(session: Session, request: Request) -> Case:
    return cases.root_of(session, session.get_one(Case, request.case_id))

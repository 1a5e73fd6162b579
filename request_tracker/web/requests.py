"""A requester's own requests: status, tasks, comments, withdrawal."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import evidence, heir, hold, supporting, wanted
from request_tracker.actions import submit as sending
from request_tracker.actions import withdraw as leaving
from request_tracker.actions.evidence import Fact
from request_tracker.actions.unfit import Unfit
from request_tracker.rules import task_words
from request_tracker.rules.submission import DOCUMENTS
from request_tracker.rules.tasks import EVIDENCE_OF
from request_tracker.rules.terms import Phase, Role
from request_tracker.store import cases, reading_case
from request_tracker.store.cases import Case
from request_tracker.store.documents import Document, NoSuchDocument
from request_tracker.store.holds import NoSuchHold
from request_tracker.store.once import remembering
from request_tracker.store.people import Person
from request_tracker.store.requests import Request
from request_tracker.web import request_page, request_words, requester_home
from request_tracker.web.attachment import attachment
from request_tracker.web.intake_form import read_upload
from request_tracker.web.request_forms import COMMENT, FILE, Attempt
from request_tracker.web.texts import say

requests = Blueprint("requests", __name__)
TASK_OF = {key: name for name, key in EVIDENCE_OF.items()}


@requests.get("/requests")
def index() -> ResponseReturnValue:
    number = max(1, min(http.args.get("page", 1, type=int), 10_000))
    with wiring.reading() as session:
        home = requester_home.home_of(session, number=number)
        numbers = requester_home.numbers(session) if home.is_welcome else {}
    return render_template(
        "requests/index.html",
        home=home,
        number=number,
        turn=requester_home.turn,
        left=requester_home.left,
        promised=task_words.PROMISED,
        no_date=task_words.NO_DATE,
        steps=len(Phase),
        **numbers,
    )


@requests.get("/requests/<number>")
def show(number: str) -> ResponseReturnValue:
    return _page(number)


@requests.get("/requests/<number>/state")
def state(number: str) -> ResponseReturnValue:
    """Phase and connection alone, for the page to fetch again; 204 while nothing has changed."""
    with wiring.reading() as session:
        request = _request(session, number)
        view = reading_case.view(session, _root(session, request), wiring.act())
    key, seen = request_words.state_key(view), http.args.get("seen", "")
    if seen == key:
        return "", 204
    words = request_words.connection_words(view.connection)
    return render_template(
        "requests/_state.html", number=request.number, view=view, key=key, connection=words, changed=bool(seen)
    )


@requests.get("/requests/<number>/documents/<int(max=2147483647):document_id>")
def document(number: str, document_id: int) -> ResponseReturnValue:
    """A file as it came, never shown by the browser itself. Raises NoSuchDocument."""
    with wiring.reading() as session:
        request = _request(session, number)
        found = session.get(Document, document_id)
        if found is None or found.request_id != request.id or found.body is None:
            raise NoSuchDocument("There is no such document, or it was deleted as it was no longer needed")
        body, name = found.body, found.filename
    return attachment(body, name)


@requests.post("/requests/<number>/files")
def add_file(number: str) -> ResponseReturnValue:
    """A file that comes later: kept with the request, and read like the one that came with it."""
    try:
        upload = read_upload(http.files.get("document"))
        if upload is None:
            raise Unfit(FILE, say("no_file_chosen"))
        with wiring.transaction() as session:
            sending.add_file(session, _request(session, number), upload, wiring.act())
    except Unfit as fault:
        return _page(number, Attempt(FILE, "", fault.message), 422)
    flash(say("file_added", name=upload.filename), "ok")
    return _back(number, "files")


@requests.post("/requests/<number>/holds/<int(max=2147483647):hold_id>/answer")
def answer(number: str, hold_id: int) -> ResponseReturnValue:
    said = http.form.get("body", "")
    try:
        with wiring.transaction() as session:
            root = _locked_root(session, _request(session, number))
            hold.answer(session, root, hold.open_hold(session, root, hold_id), wiring.act(), body=said)
    except Unfit as fault:
        return _page(number, Attempt(f"answer-{hold_id}", said, fault.message), 422)
    except NoSuchHold:
        flash(say("question_closed"), "info")
        return _back(number)
    flash(say("answer_sent"), "ok")
    return _back(number)


@requests.post("/requests/<number>/evidence/<key>")
def confirm(number: str, key: str) -> ResponseReturnValue:
    """What only the requester can say: the minutes are right, the data is complete, the connector does its work."""
    if key not in TASK_OF:
        abort(404, say("no_such_confirmation"))
    note = http.form.get("note", "")
    try:
        with wiring.transaction() as session:
            fresh = _confirm(session, _request(session, number), Fact(key, note=note))
    except Unfit as fault:
        return _page(number, Attempt(f"note-{TASK_OF[key]}", note, fault.message), 422)
    flash(
        say(f"sent_{key}") if fresh else say("nothing_to_confirm"),
        "ok" if fresh else "info",
    )
    return _back(number)


@requests.post("/requests/<number>/comments")
def comment(number: str) -> ResponseReturnValue:
    said, viewer = http.form.get("body", ""), wiring.viewer()
    try:
        with wiring.transaction() as session:
            root = _locked_root(session, _request(session, number))
            account_id = viewer.account_id or root.account_id
            hold.comment(session, root, wiring.act(), body=said, internal=False, account_id=account_id)
    except Unfit as fault:
        return _page(number, Attempt(COMMENT, said, fault.message), 422)
    flash(say("comment_sent"), "ok")
    return _back(number, "conversation")


@requests.post("/requests/<number>/lead")
def lead(number: str) -> ResponseReturnValue:
    """The asked person takes the lead, or not."""
    said = http.form.get("answer", "")
    if said not in ("yes", "no"):
        abort(422, say("yes_or_no"))
    try:
        with wiring.transaction() as session:
            heir.answer(session, _request(session, number), wiring.act(), yes=said == "yes")
    except Unfit as fault:
        flash(say("as_raised", message=fault.message), "info")
        return _back(number)
    flash(say("led" if said == "yes" else "not_led"), "ok")
    return _back(number)


@requests.post("/requests/<number>/wanted")
def still_wanted(number: str) -> ResponseReturnValue:
    """The starter connector is gone: the requester still wants it. Withdrawing has a page of its own."""
    try:
        with wiring.transaction() as session:
            wanted.still(session, _request(session, number), wiring.act())
    except Unfit as fault:
        flash(say("as_raised", message=fault.message), "info")
        return _back(number)
    flash(say("new_starter_comes"), "ok")
    return _back(number)


@requests.post("/requests/<number>/would-preview")
def would_preview(number: str) -> ResponseReturnValue:
    """Whether the requester would join the private preview: an answer that may be changed."""
    would = http.form.get("would", "") == "yes"
    try:
        with wiring.transaction() as session:
            supporting.answer_preview(session, _request(session, number), wiring.act(), would=would)
    except Unfit as fault:
        flash(say("as_raised", message=fault.message), "problem")
        return _back(number)
    flash(say("would_preview") if would else say("would_not_preview"), "ok")
    return _back(number)


@requests.get("/requests/<number>/withdrawal")
def withdrawal(number: str) -> ResponseReturnValue:
    """What leaving would mean, before it happens."""
    with wiring.reading() as session:
        request = _request(session, number)
        page = request_page.page_of(session, request, Attempt())
        meaning = leaving.consequences(session, request)
        next_name = _next_name(session, meaning.next_primary)
    if not page.may_withdraw and page.row.withdrawn_at is None and page.view.outcome is None:
        abort(403, say("only_they_withdraw", person=page.row.person))
    program = wiring.act().program
    until = wiring.now() + program.reinstate_for
    return render_template(
        "requests/withdrawal.html", page=page, meaning=meaning, program=program, until=until, next_name=next_name
    )


@requests.post("/requests/<number>/withdrawal")
def withdraw(number: str) -> ResponseReturnValue:
    with wiring.transaction() as session:
        leaving.withdraw(session, _request(session, number), wiring.act())
    flash(say("withdrawn"), "ok")
    return _back(number)


@requests.post("/requests/<number>/withdrawal/undo")
def take_back(number: str) -> ResponseReturnValue:
    try:
        with wiring.transaction() as session:
            leaving.take_back(session, _request(session, number), wiring.act())
    except Unfit as fault:
        flash(say("as_raised", message=fault.message), "problem")
        return _back(number)
    flash(say("withdrawal_taken_back"), "ok")
    return _back(number)


def _next_name(session: Session, following: Request | None) -> str:
    """Who is asked first to take the lead: by name to staff and to their own account, to nobody else."""
    viewer = wiring.viewer()
    if following is None or not (viewer.is_staff or viewer.account_id == following.account_id):
        return ""
    return session.get_one(Person, following.person_id).name


def again(number: str, attempt: Attempt, status: int) -> ResponseReturnValue:
    """The page once more, with what was not taken."""
    return _page(number, attempt, status)


def _page(number: str, attempt: Attempt | None = None, status: int = 200) -> ResponseReturnValue:
    with wiring.reading() as session, remembering(session):
        page = request_page.page_of(session, _request(session, number), attempt or Attempt())
    return render_template(
        "requests/show.html",
        page=page,
        view=page.view,
        row=page.row,
        form=page.trouble,
        sent="sent" in http.args,
        accepted=",".join(DOCUMENTS),
        most=wiring.settings().max_body,
        connection=request_words.connection_words(page.view.connection),
        is_requester=wiring.viewer().role is Role.REQUESTER,
    ), status


def _request(session: Session, number: str) -> Request:
    return reading_case.request_for(session, number, wiring.viewer())


def _root(session: Session, request: Request) -> Case:
    return cases.root_of(session, session.get_one(Case, request.case_id))


def _locked_root(session: Session, request: Request) -> Case:
    return cases.locked_root(session, request.case_id)


def _confirm(session: Session, request: Request, fact: Fact) -> bool:
    """Record it if it is asked now; False where it stands already or is not due (a second press changes nothing)."""
    root = _locked_root(session, request)
    page = request_page.page_of(session, request, Attempt())
    if TASK_OF[fact.key] not in page.tasks:
        return False
    evidence.put(session, root, fact, wiring.act())
    return True


def _back(number: str, place: str | None = None) -> ResponseReturnValue:
    return redirect(url_for("requests.show", number=number, _anchor=place), 303)

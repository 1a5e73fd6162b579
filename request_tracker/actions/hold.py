"""A case waits on somebody: holds are put on with a question, answered by a person, or lifted."""

from datetime import datetime

from sqlalchemy.orm import Session

from request_tracker.actions import clock, record
from request_tracker.actions.clock import Cause
from request_tracker.actions.rooted import must_be_led, must_be_root
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.rules.calendar import add_working, days
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import HoldReason, Role
from request_tracker.store import clocks, holds, requests
from request_tracker.store.cases import Case
from request_tracker.store.holds import Comment, Hold, NoSuchHold
from request_tracker.store.timeline import Entry

MAY_HOLD = (Role.SPECIALIST, Role.LEAD)


def put_on(
    session: Session, case: Case, act: Act, *, reason: str, question: str = "", expected_until: datetime | None = None
) -> Entry:
    """Hold the case; its running clocks pause. Those on the requester need a question, which goes out by mail.

    Such a question expires: at the end of the named day, or after `Program.answer_days` working days. Other waits last
    until staff end them. The clocks of cases merged into this one run on: their people were not asked, and cannot
    answer; merging must not make their promise any softer.
    """
    must_be_root(case)
    kind = _checked(session, case, act, reason, question)
    short_enough("question", question)
    if expected_until is not None and expected_until <= act.now:
        raise Unfit("expected_until", "Name a time in the future, or none")
    if expected_until is None and kind.on_requester:
        expected_until = _patience_ends(session, act)
    data = {"reason": kind, **({"until": expected_until.isoformat()} if expected_until else {})}
    entry = record.entry(session, case, act, "hold.on", data=data, words={"question": question}, audience="account")
    session.add(
        Hold(
            case_id=case.id,
            account_id=case.account_id,
            reason=kind,
            question=question.strip(),
            asked_by_id=act.who.id,
            since=act.now,
            expected_until=expected_until,
            event_id=entry.id,
        )
    )
    session.flush()
    clock.pause(session, case, kind, Cause(act, entry.id))
    case.held = kind
    if kind.on_requester:
        record.notify(session, "question", case, act, entry)
    return entry


def answer(session: Session, case: Case, hold: Hold, act: Act, *, body: str) -> Entry:
    """The requester's own answer ends the hold; clocks run on from now."""
    if not body.strip():
        raise Unfit("body", "Write an answer")
    short_enough("body", body)
    _may_answer(session, case, act)
    entry = record.entry(
        session, case, act, "hold.answered", data={"hold": hold.id}, words={"answer": body}, audience="account"
    )
    hold.answer = body.strip()
    _end(session, case, hold, "answered", Cause(act, entry.id))
    record.notify(session, "answered", case, act, entry)
    return entry


def lift(session: Session, case: Case, hold: Hold, act: Act) -> Entry:
    """A specialist ends the hold without an answer."""
    if act.who.role not in MAY_HOLD:
        raise NotAllowed("Only a specialist or a lead may lift a hold")
    entry = record.entry(
        session, case, act, "hold.off", data={"hold": hold.id, "reason": hold.reason}, audience=_heard_by(case, hold)
    )
    _end(session, case, hold, "lifted", Cause(act, entry.id))
    return entry


def expire(session: Session, case: Case, hold: Hold, act: Act) -> Entry:
    """Nobody answered in time: the clocks run again."""
    entry = record.entry(session, case, act, "hold.expired", data={"hold": hold.id}, audience=_heard_by(case, hold))
    _end(session, case, hold, "expired", Cause(act, entry.id))
    return entry


def done(session: Session, case: Case, reason: HoldReason, by: str, act: Act) -> None:
    """What the case waited for has come about: `by` is the evidence that says so. Does nothing where nobody waits."""
    for hold in holds.open_holds(session, case.id):
        if hold.reason == reason:
            data = {"hold": hold.id, "reason": reason, "by": by}
            entry = record.entry(session, case, act, "hold.off", data=data, audience=_heard_by(case, hold))
            _end(session, case, hold, "lifted", Cause(act, entry.id))


def drop_questions(session: Session, case: Case, act: Act) -> None:
    """What was asked of a primary who left is asked no more."""
    for hold in holds.open_holds(session, case.id):
        if HoldReason(hold.reason).on_requester:
            data = {"hold": hold.id, "reason": hold.reason}
            entry = record.entry(session, case, act, "hold.off", data=data, audience="staff")
            _end(session, case, hold, "move", Cause(act, entry.id))


def end_all(session: Session, case: Case, cause: Cause) -> None:
    """A case that ends waits on nobody any more."""
    for hold in holds.open_holds(session, case.id):
        _end(session, case, hold, "move", cause)


def open_hold(session: Session, case: Case, hold_id: int) -> Hold:
    """The open hold of this case. Raises NoSuchHold."""
    hold = session.get(Hold, hold_id)
    if hold is None or hold.case_id != case.id or hold.ended_at is not None:
        raise NoSuchHold("This question is no longer open")
    return hold


def comment(session: Session, case: Case, act: Act, *, body: str, internal: bool, account_id: int) -> Entry:
    """Say something on the case. Internal comments are for staff and are never mailed."""
    if not body.strip():
        raise Unfit("body", "Write a comment")
    short_enough("body", body)
    if internal and not act.who.is_staff:
        raise NotAllowed("Only staff may write internal notes")
    if act.who.is_staff and not internal:
        must_be_led(case)
    audience = "staff" if internal else "account"
    entry = record.entry(
        session,
        case,
        act,
        "comment.internal" if internal else "comment",
        words={"comment": body},
        audience=audience,
        account_id=account_id,
    )
    row = Comment(
        case_id=case.id, account_id=account_id, author_id=act.who.id, internal=internal, body=body.strip(), at=act.now
    )
    session.add(row)
    if not internal:
        record.notify(session, "reply" if act.who.is_staff else "comment", case, act, entry)
    return entry


def _patience_ends(session: Session, act: Act) -> datetime:
    """When a question nobody named a day for stops holding the case."""
    calendar = clocks.newest_calendar(session).calendar
    return add_working(calendar, act.now, days(calendar, act.program.answer_days))


def _checked(session: Session, case: Case, act: Act, reason: str, question: str) -> HoldReason:
    if act.who.role not in MAY_HOLD:
        raise NotAllowed("Only a specialist or a lead may put a case on hold")
    if reason not in list(HoldReason):
        raise Unfit("reason", f"Choose one of: {', '.join(HoldReason)}")
    kind = HoldReason(reason)
    if kind is HoldReason.PROGRAM_HOLD and act.who.role is not Role.LEAD:
        raise NotAllowed("Only a lead may hold a case for program reasons")
    if kind.on_requester and not question.strip():
        raise Unfit("question", "Write the question the requester should answer")
    if case.outcome is not None:
        raise Unfit("reason", "This case has ended: it waits on nobody")
    if kind.on_requester:
        must_be_led(case)
    if any(each.reason == kind for each in holds.open_holds(session, case.id)):
        raise Unfit("reason", f"The case waits for {kind.words} already: end that hold first")
    return kind


def _heard_by(case: Case, hold: Hold) -> str:
    """An account that took the case over reads nothing of what others were waited for before."""
    return "account" if hold.account_id == case.account_id else "staff"


def _may_answer(session: Session, case: Case, act: Act) -> None:
    primary = requests.primary_of(session, case)
    if act.who.is_staff or primary is None or primary.account_id != act.who.account_id:
        raise NotAllowed("Only the requester may answer; a specialist can lift the hold instead")


def _end(session: Session, case: Case, hold: Hold, kind: str, cause: Cause) -> None:
    hold.ended_at, hold.ended_by_id, hold.end_kind = cause.act.now, cause.act.who.id, kind
    session.flush()
    clock.resume(session, case, hold.reason, cause)
    rest = holds.open_holds(session, case.id)
    case.held = rest[0].reason if rest else None

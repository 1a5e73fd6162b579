"""What is posted from the case page: each view calls one action in one transaction, then goes back to the page."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import flash, redirect, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.wrappers import Response

from request_tracker.access import wiring
from request_tracker.actions import assess as assessing
from request_tracker.actions import assign as assigning
from request_tracker.actions import consult, evidence
from request_tracker.actions import hold as holding
from request_tracker.actions import provision as provisioning
from request_tracker.actions import sync as syncing
from request_tracker.actions import undo as undoing
from request_tracker.actions.advance import Stale, advance
from request_tracker.actions.evidence import Fact
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.evidence import EVIDENCE
from request_tracker.rules.phases import BY_NAME, FIXES, Blocker
from request_tracker.rules.process import Refused
from request_tracker.rules.submission import Incomplete
from request_tracker.store import assessments, reading_case
from request_tracker.store.cases import Case
from request_tracker.web import case_conflict, case_judged, case_order, case_page, forms
from request_tracker.web.case_forms import Attempt, lines
from request_tracker.web.case_matters import NOTE, REPLY
from request_tracker.web.texts import say

Work = Callable[[Session, Case], object]


def move(number: str, name: str) -> ResponseReturnValue:
    def work(session: Session, case: Case) -> object:
        return advance(session, case, name, version=version(), act=wiring.act(), fields=_move_fields(name))

    label = BY_NAME[name].label if name in BY_NAME else name
    return write(number, f"move-{name}", work, done=say("move_done", move=label) + _undo_words(), anchor="main")


def undo(number: str) -> ResponseReturnValue:
    return write(
        number,
        "undo",
        lambda session, case: undoing.undo(session, case, version=version(), act=wiring.act()),
        done=say("step_undone"),
        anchor="main",
        lock=False,
    )


def put_evidence(number: str) -> ResponseReturnValue:
    key = http.form.get("key", "")
    fact = Fact(key, typed("value"), typed("note"), typed("link"))
    return write(
        number,
        f"evidence-{key}",
        lambda session, case: evidence.put(session, case, fact, wiring.act()),
        done=say("evidence_recorded", evidence=_evidence_label(key)),
        anchor=FIXES.get(key, "evidence"),
    )


def void_evidence(number: str, key: str) -> ResponseReturnValue:
    return write(
        number,
        f"void-{key}",
        lambda session, case: evidence.void(session, case, key, wiring.act(), reason=typed("reason")),
        done=say("evidence_taken_back", evidence=_evidence_label(key)),
        anchor=FIXES.get(key, "evidence"),
    )


def assess(number: str) -> ResponseReturnValue:
    accept_all = bool(http.form.get("accept_all"))

    def work(session: Session, case: Case) -> object:
        rows = assessments.of_case(session, case.id)
        if case_judged.is_met(rows):
            raise Stale(case)
        return assessing.decide(session, case, case_judged.changed(rows), wiring.act(), accept_all=accept_all)

    return _where_judged(write(number, "assess", work, done=say("judgement_saved"), anchor="assessment"), number)


def _where_judged(answer: ResponseReturnValue, number: str) -> ResponseReturnValue:
    """Who judges beside the evidence comes back to it."""
    if isinstance(answer, Response) and http.form.get("on") == "assessment":
        return redirect(url_for("documents.show", number=number), 303)
    return answer


def hold(number: str) -> ResponseReturnValue:
    def work(session: Session, case: Case) -> object:
        return holding.put_on(
            session,
            case,
            wiring.act(),
            reason=typed("reason"),
            question=typed("question"),
            expected_until=end_of(typed("expected_until")),
        )

    return write(number, "hold", work, done=say("case_waits"), anchor="main")


def lift(number: str, hold_id: int) -> ResponseReturnValue:
    def work(session: Session, case: Case) -> object:
        return holding.lift(session, case, holding.open_hold(session, case, hold_id), wiring.act())

    return write(number, f"lift-{hold_id}", work, done=say("wait_over"), anchor="main")


def comment(number: str) -> ResponseReturnValue:
    internal = typed("audience") == NOTE

    def work(session: Session, case: Case) -> object:
        if typed("audience") not in (REPLY, NOTE):
            raise Unfit("audience", "Choose who reads it: the requester, or only staff")
        return holding.comment(
            session, case, wiring.act(), body=typed("body"), internal=internal, account_id=case.account_id
        )

    done = say("note_added" if internal else "reply_sent")
    return write(number, "comment", work, done=done, anchor="conversation")


def assign(number: str) -> ResponseReturnValue:
    def work(session: Session, case: Case) -> object:
        sure = bool(typed("sure"))
        return assigning.assign(session, case, _person_id(), version=version(), act=wiring.act(), sure=sure)

    return write(number, "assign", work, done=say("assignee_changed"), anchor="main")


def offer_slots(number: str) -> ResponseReturnValue:
    return write(
        number,
        "slots",
        lambda session, case: consult.offer(session, case, wiring.act(), times=typed("times")),
        done=say("times_offered"),
        anchor="consultation",
    )


def sync(number: str) -> ResponseReturnValue:
    return write(
        number,
        "sync",
        lambda session, case: syncing.ask(session, case, wiring.act()),
        done=say("first_sync_asked"),
        anchor="connection",
    )


def provision(number: str) -> ResponseReturnValue:
    return write(
        number,
        "provision",
        lambda session, case: provisioning.again(session, case, wiring.act()),
        done=say("new_starter_planned"),
        anchor="connection",
    )


ROUTES: tuple[tuple[str, Callable[..., ResponseReturnValue]], ...] = (
    ("/moves/<name>", move),
    ("/undo", undo),
    ("/evidence", put_evidence),
    ("/evidence/<key>/void", void_evidence),
    ("/assessment", assess),
    ("/holds", hold),
    ("/holds/<int(max=2147483647):hold_id>/lift", lift),
    ("/comments", comment),
    ("/assignee", assign),
    ("/slots", offer_slots),
    ("/sync", sync),
    ("/provision", provision),
)
"""Below /cases/<number>; the endpoint is the function's name."""


def end_of(day: str) -> datetime | None:
    """The end of a typed day where the viewer lives, as an instant. Raises Unfit."""
    if not day:
        return None
    try:
        last = date.fromisoformat(day)
        after = datetime.combine(last + timedelta(days=1), time(), tzinfo=ZoneInfo(wiring.viewer().zone))
    except (ValueError, OverflowError) as fault:
        raise Unfit("expected_until", "Write a day such as 2026-12-01, or leave it empty") from fault
    if not 2000 < last.year < 2200:
        raise Unfit("expected_until", "Name a year between 2000 and 2200")
    return after


def write(number: str, form_id: str, work: Work, *, done: str, anchor: str, lock: bool = True) -> ResponseReturnValue:
    """Do the work on the case in one transaction; what was refused shows the page again, with the form as typed.

    `lock` False where the work itself locks several cases, in id order.
    """
    try:
        with wiring.transaction() as session:
            case = reading_case.case_for(session, number, wiring.viewer(), lock=lock)
            if case_conflict.is_met(session, case, form_id):
                raise Stale(case)
            work(session, case)
    except (Stale, StaleDataError, IntegrityError):
        return case_conflict.shown(number, form_id)
    except Refused as fault:
        missing = tuple((each.key, each.reason) for each in fault.blockers if each.fix == form_id)
        blockers = tuple(each for each in fault.blockers if each.fix != form_id)
        return case_page.show(number, _attempt(form_id, missing, blockers), 409)
    except Unfit as fault:
        return case_page.show(number, _attempt(form_id, ((fault.field, fault.message),)), 422)
    except Incomplete as fault:
        wrong = tuple((each.field, each.message) for each in fault.errors)
        return case_page.show(number, _attempt(form_id, wrong), 422)
    flash(done, "ok")
    section = anchor if anchor in case_order.TITLES else None
    return redirect(url_for("case.show", number=case.number, open=section, _anchor=anchor), 303)


def _attempt(form_id: str, errors: tuple[tuple[str, str], ...], blockers: tuple[Blocker, ...] = ()) -> Attempt:
    return Attempt(form_id, http.form.to_dict(flat=False), errors, blockers)


def _move_fields(name: str) -> dict[str, object]:
    fields = BY_NAME[name].fields if name in BY_NAME else ()
    return {
        each.name: lines("\n".join(http.form.getlist(each.name))) if each.kind == "list" else typed(each.name)
        for each in fields
    }


def _undo_words() -> str:
    return say("undo_for", window=case_page.span(wiring.settings().program.undo_for))


def _evidence_label(key: str) -> str:
    return EVIDENCE[key].label.lower() if key in EVIDENCE else key


def _person_id() -> int | None:
    return whole("assignee") if typed("assignee") else None


def version() -> int:
    return whole("version")


def typed(name: str) -> str:
    return http.form.get(name, "")


def whole(name: str) -> int:
    """A whole number of the form; 0, which is no version and nobody's id, for anything else."""
    return forms.whole(typed(name))

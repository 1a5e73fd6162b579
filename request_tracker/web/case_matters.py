"""The small forms of the case page: holds, meeting times, comments, who works on it, the first sync."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import url_for
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions.assign import ASSIGNABLE
from request_tracker.rules import absence_words
from request_tracker.rules.terms import HoldReason, Role, StarterState
from request_tracker.store import absences
from request_tracker.store.absences import MOST_CASES, Worker
from request_tracker.store.case_rows import CaseView, ConnectionRow
from request_tracker.web.case_forms import Attempt, CaseForm, Filled, a_field, capital

REPLY, NOTE = "reply", "internal"


@dataclass(frozen=True)
class Matters:
    """Each form, or None where the viewer has no use for it. `lifts`: one a hold that is open, by its id."""

    hold: CaseForm | None
    lifts: dict[int, CaseForm]
    slots: CaseForm | None
    comment: CaseForm | None
    assign: CaseForm | None
    sync: CaseForm | None
    provision: CaseForm | None
    correct: CaseForm | None
    primary: CaseForm | None
    ask_again: CaseForm | None

    @property
    def forms(self) -> Iterator[CaseForm]:
        """All of them."""
        rows = (
            self.hold, *self.lifts.values(), self.slots, self.comment, self.assign, self.sync, self.provision,
            self.correct, self.primary, self.ask_again,
        )  # fmt: skip
        return (form for form in rows if form is not None)


def matters(
    session: Session, view: CaseView, attempt: Attempt, may: frozenset[str], *, filled: Filled, asked: str
) -> Matters:
    return Matters(
        hold=_hold(view, attempt, filled, asked) if "case.hold" in may else None,
        lifts={row.id: _lift(view, row.id) for row in view.open_holds} if "case.lift" in may else {},
        slots=_slots(view, attempt) if "case.offer_slots" in may else None,
        comment=_comment(view, attempt, filled) if "case.comment" in may else None,
        assign=_assign(session, view, attempt, asked) if "case.assign" in may else None,
        sync=_sync(view) if "case.sync" in may else None,
        provision=_provision(view) if "case.provision" in may else None,
        correct=_correct(view, attempt, asked) if "case.correct" in may else None,
        primary=_primary(view, attempt) if "case.make_primary" in may else None,
        ask_again=_ask_again(view) if "case.ask_again" in may else None,
    )


def hold_reasons(role: Role) -> list[tuple[str, str]]:
    """What somebody of this role may put a case on hold for, as choices."""
    offered = [each for each in HoldReason if role is Role.LEAD or each is not HoldReason.PROGRAM_HOLD]
    return [(each.value, capital(each.words)) for each in offered]


def _hold(view: CaseView, attempt: Attempt, filled: Filled, asked: str) -> CaseForm:
    waiting = {row.reason for row in view.open_holds}
    reasons = [
        (each, words)
        for each, words in hold_reasons(wiring.viewer().role)
        if each not in waiting and (view.primary is not None or not HoldReason(each).on_requester)
    ]
    about = "The requester reads it by mail at once. Needed when the case waits for the requester."
    ends = (
        "A question to the requester ends with this day, answered or not; without a day, after "
        f"{wiring.act().program.answer_days} working days. Any other wait goes on until somebody ends it: when the day "
        "has passed, whoever works on the case gets a letter."
    )
    words = filled.of("hold").get("question", "")
    return CaseForm(
        id="hold",
        action=url_for("case.hold", number=view.number),
        button="Ask, and wait",
        fields=(
            a_field(attempt, "hold", "reason", "Wait for", kind="select", choices=reasons),
            a_field(attempt, "hold", "question", "Question", kind="area", hint=about, data=words, required=False),
            a_field(attempt, "hold", "expected_until", "Wait until the end of", kind="date", hint=ends, required=False),
        ),
        hint="The promises of this case stand still until the wait is over.",
        open="hold" in (attempt.form_id, asked),
        key="h",
        words="question",
        asked="ask",
    )


def _lift(view: CaseView, hold_id: int) -> CaseForm:
    action = url_for("case.lift", number=view.number, hold_id=hold_id)
    return CaseForm(id=f"lift-{hold_id}", action=action, button="Stop waiting")


def _slots(view: CaseView, attempt: Attempt) -> CaseForm:
    about = "One on each line, each with its time zone. The requester reads them by mail at once."
    return CaseForm(
        id="slots",
        action=url_for("case.offer_slots", number=view.number),
        button="Offer times in your own words",
        fields=(a_field(attempt, "slots", "times", "Meeting times", kind="area", hint=about),),
        open=attempt.form_id == "slots",
    )


def _comment(view: CaseView, attempt: Attempt, filled: Filled) -> CaseForm:
    primary = next((row for row in view.requests if row.is_primary), None)
    reply = f"Reply to the requester: {primary.person} at {primary.account} reads it by mail" if primary else ""
    choices = (*(((REPLY, reply),) if reply else ()), (NOTE, "Internal note: only staff read it"))
    return CaseForm(
        id="comment",
        action=url_for("case.comment", number=view.number),
        button="Send",
        fields=(
            a_field(attempt, "comment", "audience", "Who reads it", kind="radio", choices=choices, data=None),
            a_field(attempt, "comment", "body", "Comment", kind="area", data=filled.of("comment").get("body", "")),
        ),
        open=True,
        words="comment",
        asked="comment",
    )


def _assign(session: Session, view: CaseView, attempt: Attempt, asked: str) -> CaseForm:
    """Everybody with what they have to do; who chose somebody who is away is asked once more."""
    workers = absences.workers(session, ASSIGNABLE, wiring.now())
    choices = [("", "Nobody"), *((str(each.id), worker_words(each)) for each in workers)]
    now = str(view.assignee_id or "")
    chosen = attempt.text("assign", "assignee", now)
    sure = a_field(attempt, "assign", "sure", "Assign it all the same", kind="check", required=False)
    is_asked = attempt.form_id == "assign" and any(each.away and str(each.id) == chosen for each in workers)
    return CaseForm(
        id="assign",
        action=url_for("case.assign", number=view.number),
        button="Assign",
        fields=(
            a_field(attempt, "assign", "assignee", "Assignee", kind="select", choices=choices, data=now),
            *((sure,) if is_asked else ()),
        ),
        open="assign" in (attempt.form_id, asked),
        key="a",
    )


def worker_words(each: Worker) -> str:
    """`Daniel Osei (specialist): 12 live cases, away until 28 Nov 2026, Ines stands in`."""
    away = f", {absence_words.away(each.away.last_day, each.away.stand_in)}" if each.away else ""
    return f"{each.name} ({each.role}): {absence_words.load(each.load, MOST_CASES)}{away}"


def _provision(view: CaseView) -> CaseForm:
    return CaseForm(
        id="provision",
        action=url_for("case.provision", number=view.number),
        button="Provision again",
        hint=_meaning(view.connection),
    )


def _meaning(row: ConnectionRow | None) -> str:
    """What provisioning again would do, said before it is done."""
    if row is None or row.state == StarterState.DELETED:
        return "A new starter connector is made. The requester is asked for access by mail."
    if row.state == StarterState.MISSING:
        asked = "The requester was asked whether it is still wanted and has not answered yet: do this once you know. "
        said = asked if row.asks_wanted else ""
        return f"{said}The one that is gone is given up, a new one is made, and the requester grants access once more."
    if row.state == StarterState.FAILED:
        return "First put right what Fivetran says above. It is looked for under the same name before it is made."
    return "It is tried by itself; this tries it now. It is looked for before it is made: there is never a second."


def _correct(view: CaseView, attempt: Attempt, asked: str) -> CaseForm:
    docs = "May stay empty where a document was sent instead."
    return CaseForm(
        id="correct",
        action=url_for("case.correct", number=view.number),
        button="Correct the name or an address",
        fields=(
            a_field(attempt, "correct", "service_name", "Service name", data=view.service_name),
            a_field(attempt, "correct", "service_url", "Website", kind="url", data=view.service_url),
            a_field(
                attempt, "correct", "api_docs_url", "API documentation", kind="url", hint=docs, data=view.api_docs_url,
                required=False,
            ),
        ),
        hint="What the requesters typed stays as it is. The case is compared with the others anew.",
        open="correct" in (attempt.form_id, asked),
    )  # fmt: skip


def _primary(view: CaseView, attempt: Attempt) -> CaseForm:
    live = [(row.number, f"{row.person}, {row.account}") for row in view.requests if row.withdrawn_at is None]
    about = "In short: when and how this person agreed. Their account can read it."
    return CaseForm(
        id="primary",
        action=url_for("case.make_primary", number=view.number),
        button="Make primary",
        fields=(
            a_field(attempt, "primary", "request", "Who leads it", kind="select", choices=[("", "Choose"), *live]),
            a_field(attempt, "primary", "consent", "How they agreed", hint=about),
        ),
        open=attempt.form_id == "primary",
    )


def _ask_again(view: CaseView) -> CaseForm:
    return CaseForm(id="ask-again", action=url_for("case.ask_again", number=view.number), button="Ask everybody again")


def _sync(view: CaseView) -> CaseForm:
    return CaseForm(id="sync", action=url_for("case.sync", number=view.number), button="Start the first sync")

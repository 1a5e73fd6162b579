"""The forms of acts on many cases: which cases were ticked, what each act asks for, what was typed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request as http
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions.assign import ASSIGNABLE
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.phases import BY_NAME
from request_tracker.rules.reply_words import BLANKS
from request_tracker.store import absences, bulk_runs, cases, reply_templates
from request_tracker.store.reply_templates import Words
from request_tracker.web.case_forms import Attempt, FormField, a_field, lines
from request_tracker.web.case_matters import hold_reasons, worker_words
from request_tracker.web.case_moves import CRITERIA
from request_tracker.web.case_writes import end_of
from request_tracker.web.forms import whole

TEMPLATES = {"hold": "question", "decline": "decline"}
"""Which templates an act offers."""
NOBODY = "nobody"


@dataclass(frozen=True)
class Ticked:
    """A case as it was ticked: the version is the one the person saw."""

    number: str
    version: int
    service_name: str = ""

    @property
    def value(self) -> str:
        return f"{self.number}:{self.version}"


def picked(value: str) -> tuple[int, int]:
    """`LITE-000045:3` → (45, 3); zeros, which are no case and no version, for anything else."""
    number, _, version = value.strip().partition(":")
    try:
        return cases.case_id(number), whole(version)
    except cases.NoSuchCase:
        return 0, 0


def ticked(session: Session, values: Sequence[str]) -> list[Ticked]:
    """Those of the ticked that are cases, once each, in the order in which they stood in the queue."""
    found = dict(pair for pair in map(picked, values[: bulk_runs.TOO_MANY]) if all(pair))
    names = bulk_runs.names(session, list(found))
    return [Ticked(cases.case_number(each), found[each], names[each]) for each in found if each in names]


def offered(session: Session, kind: str) -> list[Words]:
    wanted = TEMPLATES.get(kind)
    return [each for each in reply_templates.offered(session) if each.kind == wanted] if wanted else []


def fields(session: Session, kind: str, attempt: Attempt, template: Words | None) -> tuple[FormField, ...]:
    return {"assign": _assign, "hold": _hold, "lift": _nothing, "decline": _decline}[kind](session, attempt, template)


def typed(kind: str) -> dict[str, Any]:
    """What the form holds, as actions.bulk takes it. Raises Unfit."""
    given = http.form
    if kind == "assign":
        who = given.get("assignee", "")
        if not who:
            raise Unfit("assignee", "Choose who gets them, or nobody")
        return {"person_id": None if who == NOBODY else whole(who), "meant": bool(given.get("meant"))}
    if kind == "hold":
        until: datetime | None = end_of(given.get("expected_until", ""))
        return {"reason": given.get("reason", ""), "question": given.get("question", ""), "expected_until": until}
    if kind == "decline":
        alternatives = lines(given.get("alternatives", ""))
        return {**{name: given.get(name, "") for name in ("criterion", "explanation")}, "alternatives": alternatives}
    return {}


def _assign(session: Session, attempt: Attempt, _: Words | None) -> tuple[FormField, ...]:
    people = absences.workers(session, ASSIGNABLE, wiring.now())
    choices = [("", "Choose"), (NOBODY, "Nobody"), *((str(each.id), worker_words(each)) for each in people)]
    field = a_field(attempt, "bulk", "assignee", "Assign to", kind="select", choices=choices)
    away = [str(each.id) for each in people if each.away]
    if not field.errors or field.data not in away:
        return (field,)
    return (field, a_field(attempt, "bulk", "meant", "Give them to somebody who is away", kind="check", required=False))


def _hold(session: Session, attempt: Attempt, template: Words | None) -> tuple[FormField, ...]:
    reasons = hold_reasons(wiring.viewer().role)
    about = f"Each requester reads it by mail at once. Needed when the cases wait for the requester. {_blanks()}"
    ends = f"A question ends with this day; without one after {wiring.act().program.answer_days} working days."
    return (
        a_field(attempt, "bulk", "reason", "Wait for", kind="select", choices=reasons, data=reasons[0][0]),
        a_field(
            attempt, "bulk", "question", "Question", kind="area", hint=about, required=False,
            data=template.body if template else "",
        ),
        a_field(attempt, "bulk", "expected_until", "Wait until the end of", kind="date", hint=ends, required=False),
    )  # fmt: skip


def _nothing(session: Session, attempt: Attempt, template: Words | None) -> tuple[FormField, ...]:
    return ()


def _decline(session: Session, attempt: Attempt, template: Words | None) -> tuple[FormField, ...]:
    filled = {
        "criterion": (template.criterion or "") if template else "",
        "explanation": template.body if template else "",
        "alternatives": template.alternatives if template else "",
    }
    kinds = {"criterion": ("select", ""), "text": ("area", f" {_blanks()}"), "list": ("area", " One on each line.")}
    return tuple(
        a_field(
            attempt, "bulk", each.name, each.label, kind=kinds[each.kind][0],
            hint=f"{each.missing}.{kinds[each.kind][1]}", data=filled[each.name],
            choices=CRITERIA if each.kind == "criterion" else (),
        )
        for each in BY_NAME["decline"].fields
    )  # fmt: skip


def _blanks() -> str:
    return "Filled in for each case: " + ", ".join(f"{{{name}}}" for name in BLANKS) + "."

"""What the viewer can do with a case: each move of the table as a form, or as the list of what is missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import url_for

from request_tracker.rules.notices import NOTICES
from request_tracker.rules.phases import CLOCKS, HOLD_MOVES, Blocker, Field, Move
from request_tracker.rules.process import Option
from request_tracker.rules.terms import Criterion, Outcome, Phase
from request_tracker.store.case_rows import CaseView
from request_tracker.web.case_forms import Attempt, CaseForm, Filled, FormField, a_field

FIX_LABELS = {
    "duplicates": "Look at the duplicates",
    "assessment": "Judge the assessment",
    "connection": "Look at the connection",
    "consultation": "Record the consultation",
    "build": "Record the build",
    "preview": "Record the preview",
    "supporters": "See who supports it",
    "holds": "See what it waits for",
    "history": "See what happened",
    "people": "See who works on it",
}
EFFECTS = {
    "provision": "A starter connector is prepared in Fivetran.",
    "remove_starter": "The starter connector is removed after its days of grace.",
    "first_sync": "The first sync can be started.",
}
WAIVES = {"release": "requester_verified"}
"""Moves whose form can do without one piece of evidence, with a reason; the rules decide whether it may."""
KEYS = {"claim": "c", "decline": "d", "decline_late": "d"}
UNFILLED = Filled()
CRITERIA = (("", "Choose a criterion"), *((each.value, each.words) for each in Criterion))


@dataclass(frozen=True)
class Remedy:
    reason: str
    fix: str
    fix_label: str


@dataclass(frozen=True)
class Blocked:
    """A move that is not possible yet, as templates/parts/blockers.html takes it."""

    name: str
    label: str
    blockers: tuple[Remedy, ...]
    allowed: bool = False


@dataclass(frozen=True)
class Moves:
    """`ahead`: the move that brings the case further, with what it still lacks; None where the viewer has none."""

    forms: tuple[CaseForm, ...]
    blocked: tuple[Blocked, ...]
    ahead: Blocked | None = None


def moves(view: CaseView, attempt: Attempt, filled: Filled = UNFILLED, asked: str = "") -> Moves:
    """The viewer's moves. One that was just tried keeps its form, so that nothing typed is lost.

    `filled`: what stands in a field to begin with; `asked`: the form the address asks for.
    """
    rows = [option for option in view.options if option.move.name not in HOLD_MOVES]
    shown = [each for each in rows if _may_try(each) or attempt.form_id == f"move-{each.move.name}"]
    wanted = attempt.form_id or asked
    opened = wanted if wanted.startswith("move-") else _forward(view, shown)
    return Moves(
        tuple(_form(view, each.move, attempt, opened, filled.of(f"move-{each.move.name}")) for each in shown),
        tuple(_blocked(each) for each in rows if not each.allowed),
        next((_blocked(each) for each in rows if _goes_on(view, each.move)), None),
    )


def _blocked(option: Option) -> Blocked:
    return Blocked(option.move.name, option.move.label, remedies(option.blockers), option.allowed)


def remedies(blockers: Iterable[Blocker]) -> tuple[Remedy, ...]:
    return tuple(Remedy(each.reason, f"#{each.fix}", FIX_LABELS.get(each.fix, "")) for each in blockers)


def _form(view: CaseView, move: Move, attempt: Attempt, opened: str, filled: Mapping[str, str]) -> CaseForm:
    form_id = f"move-{move.name}"
    return CaseForm(
        id=form_id,
        action=url_for("case.move", number=view.number, name=move.name),
        button=move.label,
        fields=tuple(_field(attempt, form_id, each, filled.get(each.name, "")) for each in move.fields),
        hint=_then(view, move),
        danger=_ends(move),
        open=form_id == opened,
        key=KEYS.get(move.name, ""),
        words="decline" if move.name in ("decline", "decline_late") else "",
        asked=move.name,
    )


def _may_try(option: Option) -> bool:
    """Nothing stands in the way, or only what a field of the form itself can waive."""
    return all(each.key == WAIVES.get(option.move.name) for each in option.blockers)


def _forward(view: CaseView, shown: Sequence[Option]) -> str:
    """The first move that brings the case further: its form stands open."""
    return next((f"move-{each.move.name}" for each in shown if _goes_on(view, each.move)), "")


def _goes_on(view: CaseView, move: Move) -> bool:
    return move.to is Outcome.RELEASED or (isinstance(move.to, Phase) and move.to.order > view.phase.order)


def _ends(move: Move) -> bool:
    return isinstance(move.to, Outcome) and move.to is not Outcome.RELEASED


def _field(attempt: Attempt, form_id: str, row: Field, filled: str) -> FormField:
    hints = {"list": "One on each line. ", "text": "", "criterion": ""}
    return a_field(
        attempt,
        form_id,
        row.name,
        row.label,
        kind="select" if row.kind == "criterion" else "area",
        hint=(hints[row.kind] + row.missing) or "Only after the reminders of the program went unanswered",
        data=filled,
        choices=CRITERIA if row.kind == "criterion" else (),
        required=row.required,
    )


def _then(view: CaseView, move: Move) -> str:
    """What follows from the move, said before it is made."""
    told = [f"Everybody concerned reads “{NOTICES[name].title}”." for name in _notices(move)]
    begun = [CLOCKS[name].label for name in move.starts if not CLOCKS[name].internal]
    starts = [f"The clock “{label}” starts." for label in begun]
    effects = [EFFECTS[each] for each in move.then if each in EFFECTS and (view.connection or each != "remove_starter")]
    return " ".join([*told, *effects, *starts])


def _notices(move: Move) -> list[str]:
    return [each.removeprefix("mail.") for each in move.then if each.startswith("mail.")]

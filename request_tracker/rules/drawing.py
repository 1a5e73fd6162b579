"""The table drawn: diagram and Markdown for the README, stepper for the pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from request_tracker.rules.phases import MOVES, Move
from request_tracker.rules.terms import Outcome, Phase

MARK_START = "<!-- process: written by `request-tracker process --write`; change rules/phases.py instead -->"
MARK_END = "<!-- /process -->"


@dataclass(frozen=True)
class Step:
    """One phase on the stepper. state: done, current, ahead or ended."""

    label: str
    state: str
    at: datetime | None = None


def steps(phase: Phase, outcome: Outcome | None, entered: Mapping[Phase, datetime]) -> tuple[Step, ...]:
    """The six phases as the reader of a status page sees them; `entered` tells when each was reached."""
    return tuple(Step(each.words.capitalize(), _state(each, phase, outcome), entered.get(each)) for each in Phase)


def _state(each: Phase, phase: Phase, outcome: Outcome | None) -> str:
    if each.order < phase.order or outcome is Outcome.RELEASED:
        return "done"
    if each.order > phase.order:
        return "ahead"
    return "ended" if outcome else "current"


def mermaid() -> str:
    """The process as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    direction LR"]
    lines += [f"    {source} --> {_goal(move, source)}: {move.name}" for move in MOVES for source in _starts(move)]
    return "\n".join(lines)


def markdown() -> str:
    """The process as a Markdown table, one row a move."""
    head = "| Move | From → to | Who | Needs | Then |\n|---|---|---|---|---|"
    return "\n".join([head, *(_row(move) for move in MOVES)])


def block() -> str:
    """What stands between the two marks in the README."""
    return f"{MARK_START}\n\n```mermaid\n{mermaid()}\n```\n\n{markdown()}\n\n{MARK_END}"


def rewritten(readme: str) -> str:
    """The README with a fresh block; appended where it has none."""
    before, mark, rest = readme.partition(MARK_START)
    if not mark:
        return f"{readme.rstrip()}\n\n{block()}\n"
    return before + block() + rest.partition(MARK_END)[2]


def _starts(move: Move) -> tuple[str, ...]:
    if not move.sources:
        return ("[*]",)
    if move.to is None and move.after is None:
        return ()
    if move.after:
        return (move.after.value,)
    return tuple(move.sources)


def _goal(move: Move, source: str) -> str:
    if move.to is None:
        return "the_phase_before"
    return move.to.value


def _row(move: Move) -> str:
    needs = ", ".join([f"`{guard.name}`" for guard in move.guards] + [f.name for f in move.fields if f.required])
    then = ", ".join(
        [f"starts `{name}`" for name in move.starts]
        + [f"stops `{name}`" for name in move.stops]
        + [f"pauses `{name}`" for name in move.pauses]
        + [f"cancels `{name}`" for name in move.cancels]
        + [f"`{name}`" for name in move.then]
    )
    who = ", ".join(sorted(move.by))
    return f"| `{move.name}` | {_from(move)} → {_to(move)} | {who} | {needs or '–'} | {then or '–'} |"


def _from(move: Move) -> str:
    if move.after:
        return move.after.words
    if not move.sources:
        return "–"
    if len(move.sources) == 5:
        return "live"
    return ", ".join(phase.words for phase in move.sources)


def _to(move: Move) -> str:
    if move.to is None:
        return "the phase before" if move.after else "same phase"
    return move.to.words

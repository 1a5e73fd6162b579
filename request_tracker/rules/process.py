"""What may happen to a case now, and why not: reads the table, refuses with every unmet condition."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from request_tracker.rules.facts import CaseFacts
from request_tracker.rules.phases import BY_NAME, MOVES, Blocker, Field, Move
from request_tracker.rules.terms import Criterion, Outcome, Phase, Role

TITLES = {
    "merged": "This case was merged",
    "lead": "Nobody leads this case",
    "choose": "Nobody is looked for to lead this case",
    "unmerge": "This merge was taken back already",
    "meeting": "This meeting cannot be changed so now",
    "undo": "undo is not possible any more",
}
"""What a refusal is called where it is not that a move is not possible yet."""


class Refused(Exception):
    """A move was refused; `blockers` holds every unmet condition."""

    def __init__(self, move: str, blockers: tuple[Blocker, ...]) -> None:
        super().__init__("; ".join(blocker.reason for blocker in blockers))
        self.move = move
        self.blockers = blockers

    @property
    def title(self) -> str:
        return TITLES.get(self.move, f"{self.move} is not possible yet")


class NotAllowed(Exception):
    """The role may not make this move at all."""


class NoSuchMove(LookupError):
    """The table has no such row, or it is not made this way."""


@dataclass(frozen=True)
class Option:
    move: Move
    blockers: tuple[Blocker, ...]

    @property
    def allowed(self) -> bool:
        return not self.blockers


def options(facts: CaseFacts, role: Role) -> tuple[Option, ...]:
    """Each move that this role could make from where the case is, with what still stands in its way."""
    seen = replace(facts, role=role)
    return tuple(Option(move, _unmet(move, seen)) for move in MOVES if role in move.by and _fits(move, seen))


def choose(facts: CaseFacts, role: Role, name: str) -> Move:
    """The row of the move, or NoSuchMove, NotAllowed, or Refused with every unmet condition (missing fields too)."""
    move = BY_NAME.get(name)
    if move is None or not move.sources:
        raise NoSuchMove(f"There is no move called {name!r}; the case lists the moves it knows")
    if role not in move.by:
        allowed = " or ".join(sorted(move.by))
        raise NotAllowed(f"{move.label}: only a {allowed} may do this")
    seen = replace(facts, role=role)
    blockers = _misplaced(move, seen) or (*_unmet(move, seen), *_unfilled(move, seen.fields))
    if blockers:
        raise Refused(name, blockers)
    return move


def typed(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed for a move, each field under its own name."""
    move = BY_NAME.get(name)
    others = {field.name: given[field.also] for field in (move.fields if move else ()) if given.get(field.also)}
    return {**others, **given}


def target(move: Move, facts: CaseFacts) -> tuple[Phase, Outcome | None]:
    """Phase and outcome after the move. Release sets both together; an ending keeps the last phase."""
    if isinstance(move.to, Phase):
        return move.to, None
    if move.to is Outcome.RELEASED:
        return Phase.GENERALLY_AVAILABLE, Outcome.RELEASED
    return facts.phase, move.to


def _fits(move: Move, facts: CaseFacts) -> bool:
    return facts.outcome == move.after and facts.phase in move.sources


def _misplaced(move: Move, facts: CaseFacts) -> tuple[Blocker, ...]:
    if _fits(move, facts):
        return ()
    where = f"ended: {facts.outcome.words}" if facts.outcome else f"in {facts.phase.words}"
    start = move.after.words if move.after else " or ".join(phase.words for phase in move.sources)
    return (Blocker("phase", f"{move.label} starts from {start}; this case is {where}", "moves"),)


def _unmet(move: Move, facts: CaseFacts) -> tuple[Blocker, ...]:
    return tuple(blocker for guard in move.guards if (blocker := guard(facts)))


def _unfilled(move: Move, given: Any) -> tuple[Blocker, ...]:
    return tuple(
        Blocker(field.name, field.missing, f"move-{move.name}")
        for field in move.fields
        if field.required and not filled(field, given.get(field.name))
    )


def filled(field: Field, value: Any) -> bool:
    """Whether what was typed satisfies the field; blanks, empty lists and unknown criteria do not."""
    if field.kind == "list":
        texts = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        return texts and any(item.strip() for item in value)
    if field.kind == "criterion":
        return isinstance(value, str) and value in list(Criterion)
    return isinstance(value, str) and bool(value.strip())

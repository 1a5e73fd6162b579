"""What is to be expected of one case: a range for each next phase, read from the model; and the model as it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from request_tracker.rules.forecast import EARLY, FEWEST, LATE, MIDDLE, Model, enough, onwards, rest
from request_tracker.rules.stays import STAGES, order
from request_tracker.rules.survival import FROM_THE_START, Curve, Spread, Step, share_by
from request_tracker.rules.terms import Phase


@dataclass(frozen=True)
class Expected:
    """When a case will likely enter `phase`, in working minutes from now. None: later than was ever seen.

    `n`: how many cases say so, the fewest of all stages on the way; below FEWEST nothing else is known. `chance`: how
    likely the case gets there at all.
    """

    phase: Phase
    n: int
    chance: float = 0.0
    early: int | None = None
    middle: int | None = None
    late: int | None = None
    farthest: int = 0

    @property
    def is_known(self) -> bool:
        return self.n >= FEWEST


def expected(known: Model, stage: str, age: int) -> tuple[Expected, ...]:
    """Each next phase of a live case that has been in the stage for so many working minutes."""
    here = onwards(known.curves[stage], age, known.detours.get(stage))
    later = list(Phase)[order(stage) + 1 :]
    return tuple(_expected(known, stage, age, here, phase) for phase in later)


def durations(known: Model) -> dict[str, Expected]:
    """From entering each stage until the next phase."""
    return {stage: expected(known, stage, FROM_THE_START)[0] for stage in STAGES}


def _expected(known: Model, stage: str, age: int, here: Spread, phase: Phase) -> Expected:
    n, then = enough(known, stage, age, phase), rest(known, stage, phase)
    if n < FEWEST:
        return Expected(phase, n)
    early, middle, late = (_quantile(here, then, share) for share in (EARLY, MIDDLE, LATE))
    return Expected(phase, n, here.total * then.total, early, middle, late, _farthest(here, then))


def _farthest(here: Spread, then: Spread) -> int:
    return (here.times or [0])[-1] + (then.times or [0])[-1]


def _quantile(here: Spread, then: Spread, share: float) -> int | None:
    """The first minute by which that share has happened, found by halving; None where it lies beyond what was seen."""
    low, high = -1, _farthest(here, then)
    if share_by(here, then, high) < share:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if share_by(here, then, middle) >= share else (middle, high)
    return high


def to_json(known: Model) -> dict[str, Any]:
    return {
        "curves": {stage: [_step(step) for step in found.steps] for stage, found in known.curves.items()},
        "detours": {stage: _spread(found) for stage, found in known.detours.items()},
        "ways": {f"{a}>{b}": _spread(found) for (a, b), found in known.ways.items()},
    }


def from_json(body: Mapping[str, Any]) -> Model:
    """The inverse of `to_json`, but for the sixth digit."""
    curves = {stage: Curve(tuple(Step(*step) for step in steps)) for stage, steps in body["curves"].items()}
    detours = {stage: _read(found) for stage, found in body["detours"].items()}
    pairs = {name.partition(">"): _read(found) for name, found in body["ways"].items()}
    return Model(curves, detours, {(stage, Phase(phase)): found for (stage, _, phase), found in pairs.items()})


def _step(step: Step) -> list[float]:
    return [step.age, round(step.on, 6), round(step.around, 6), round(step.left, 6), step.n]


def _spread(found: Spread) -> dict[str, Any]:
    return {"points": [[time, round(weight, 6)] for time, weight in found.points], "beyond": round(found.beyond, 6)}


def _read(found: Mapping[str, Any]) -> Spread:
    return Spread(tuple((time, weight) for time, weight in found["points"]), found["beyond"])

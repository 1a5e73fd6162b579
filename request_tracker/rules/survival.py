"""How long something takes until it goes on, from what was seen of it: product-limit curves, and sums of them.

Nothing is fitted and nothing is drawn by chance. Kaplan and Meier (1958) where there is one way out; where there are
several, Aalen and Johansen (1978): what ended otherwise can go on no more, so times are read among those that do go on.
Ages and times are whole numbers (rules.forecast: working minutes).
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

ON, ROUND, ENDED = "on", "round", "ended"
FROM_THE_START = -1
FINE = 32
"""A thinned step holds about this part (one of so many) of what is still there, so late ages keep their detail."""
MOST_STEPS = 200
MOST_POINTS = 64
ROUGH = 24


class Spell(NamedTuple):
    """Watched from after the age `began` (FROM_THE_START: from its beginning) up to the age `ended`.

    `way`: how it was left (ON, ROUND about, or ENDED); None where nobody saw it left.
    """

    began: int
    ended: int
    way: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """At `age`: the shares of all that go on, and that go round about then, what is left, and `n` seen doing so."""

    age: int
    on: float
    around: float
    left: float
    n: int


@dataclass(frozen=True)
class Curve:
    """Steps by age. Without any, nothing was ever seen left."""

    steps: tuple[Step, ...]

    @cached_property
    def ages(self) -> list[int]:
        return [step.age for step in self.steps]

    def after(self, age: int) -> tuple[Step, ...]:
        return self.steps[bisect_right(self.ages, age) :]

    def left(self, age: int) -> float:
        """The share still there after that age."""
        found = bisect_right(self.ages, age)
        return self.steps[found - 1].left if found else 1.0

    def n(self, age: int = FROM_THE_START) -> int:
        """How many were seen going on at a higher age."""
        return self._behind[bisect_right(self.ages, age)]

    @cached_property
    def _behind(self) -> list[int]:
        return list(accumulate((step.n for step in reversed(self.steps)), initial=0))[::-1]


def curve(spells: Iterable[Spell], *, held: bool = False) -> Curve:
    """The product-limit estimate. At an age count those that were watched before it and had not been left before it.

    `held`: what went round about counts as having gone on.
    """
    seen = [spell for spell in spells if spell.began < spell.ended]
    exits = Counter((spell.ended, spell.way) for spell in seen)
    return Curve(tuple(_steps(exits, Counter(spell.began for spell in seen), held)))


def _steps(exits: Counter[tuple[int, str | None]], entries: Counter[int], held: bool) -> Iterator[Step]:
    left, watched, at = 1.0, 0, 0
    begins = sorted(entries)
    for age in sorted({age for age, _ in exits}):
        while at < len(begins) and begins[at] < age:
            watched += entries[begins[at]]
            at += 1
        on, around = exits[age, ON], exits[age, ROUND]
        gone = on + around + exits[age, ENDED]
        if gone:
            before, left = left, left * (1 - gone / watched)
            yield Step(age, before * on / watched, before * around / watched, left, on + around * held)
        watched -= gone + exits[age, None]


def thinned(found: Curve, most: int = MOST_STEPS) -> Curve:
    """The same curve in at most so many steps: neighbours put together, at the age where half of them has happened."""
    groups: list[list[Step]] = []
    before = start = 1.0
    for step in found.steps:
        if not groups or (start - step.left > start / FINE and len(groups) < most):
            groups.append([])
            start = before
        groups[-1].append(step)
        before = step.left
    return Curve(tuple(_together(group) for group in groups))


def _together(group: list[Step]) -> Step:
    half = (group[0].left + group[-1].left) / 2
    middle = next(step for step in group if step.left <= half)
    return Step(
        middle.age,
        sum(step.on for step in group),
        sum(step.around for step in group),
        group[-1].left,
        sum(step.n for step in group),
    )


@dataclass(frozen=True)
class Spread:
    """When something happens, as (time, weight) in order; `beyond`: the weight of what comes later than all of it.

    The weights add up to how likely it happens at all.
    """

    points: tuple[tuple[int, float], ...]
    beyond: float = 0.0

    @cached_property
    def times(self) -> list[int]:
        return [time for time, _ in self.points]

    @cached_property
    def sums(self) -> list[float]:
        return list(accumulate(weight for _, weight in self.points))

    @cached_property
    def total(self) -> float:
        return (self.sums[-1] if self.points else 0.0) + self.beyond

    def by(self, time: float) -> float:
        """The weight of what has happened by then."""
        found = bisect_right(self.times, time)
        return self.sums[found - 1] if found else 0.0

    def quantile(self, share: float) -> int | None:
        """The time by which that share of what happens has happened; None where it lies beyond."""
        wanted = share * self.total
        return next((t for t, sum_ in zip(self.times, self.sums, strict=True) if sum_ >= wanted - 1e-12), None)


AT_ONCE = Spread(((0, 1.0),))


def spread(weighted: Iterable[tuple[int, float]], beyond: float = 0.0, *, most: int = MOST_POINTS) -> Spread:
    """The weights in order and put together into at most so many points, each at the middle of its weight."""
    points = sorted((time, weight) for time, weight in weighted if weight > 0)
    if len(points) <= most:
        return Spread(tuple(points), beyond)
    return Spread(tuple(_portions(points, most)), beyond)


def _portions(points: list[tuple[int, float]], most: int) -> Iterator[tuple[int, float]]:
    """Portions of equal weight. A point that several portions want goes to the first and is the heavier."""
    total = sum(weight for _, weight in points)
    taken = weight_here = 0.0
    number, middle = 1, points[0][0]
    for time, weight in points:
        if taken + weight_here < total * (number - 0.5) / most:
            middle = time
        weight_here += weight
        if taken + weight_here >= total * number / most - 1e-12:
            yield middle, weight_here
            taken, weight_here = taken + weight_here, 0.0
            number = int(taken * most / total + 1e-9) + 1
            middle = time
    if weight_here:
        yield middle, weight_here


def remaining(found: Curve, age: int, way: str = ON) -> Spread:
    """How much longer until what is that old is left that way. What no one saw left yet is shared out like the rest."""
    left = found.left(age)
    if left <= 0:
        return Spread((), beyond=1.0 if way == ON else 0.0)
    later = found.after(age)
    points = [(step.age - max(age, 0), (step.on if way == ON else step.around) / left) for step in later]
    return spread(points, found.left(found.ages[-1]) / left * _share(found, way) if found.steps else float(way == ON))


def _share(found: Curve, way: str) -> float:
    """Which share of all that was seen left was left that way."""
    seen = 1 - found.left(found.ages[-1])
    return sum(step.on if way == ON else step.around for step in found.steps) / seen if seen else 0.0


def both(first: Spread, then: Spread) -> Spread:
    """One after the other, independent of each other."""
    points = ((a + b, v * w) for a, v in first.points for b, w in then.points)
    happening = (first.total - first.beyond) * (then.total - then.beyond)
    return spread(points, first.total * then.total - happening)


def either(one: Spread, other: Spread) -> Spread:
    """Whichever of two ways it goes."""
    return spread((*one.points, *other.points), one.beyond + other.beyond)


def share_by(first: Spread, then: Spread, time: float) -> float:
    """Of what happens at all, the share for which one after the other has happened by then: `both`, but exact."""
    total = first.total * then.total
    return sum(weight * then.by(time - at) for at, weight in first.points) / total if total else 0.0


def scaled(found: Spread, by: float) -> Spread:
    return Spread(tuple((time, weight * by) for time, weight in found.points), found.beyond * by)


def rough(found: Spread) -> Spread:
    """The same in fewer points, for what is only a small part of a sum."""
    return spread(found.points, found.beyond, most=ROUGH)

"""When open cases will likely enter their next phases, from how long cases before them took.

A stay leads on, round about (back, or on hold) and all the way again, or it ends for good: the time until the next
phase is read among the cases that get there, and added up over the phases on the way. Merged cases are watched until
they were merged. A case on hold is compared with others on hold; holds still to come count as often and as long as they
were. Times are working minutes of one calendar.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce

from request_tracker.rules.calendar import MINUTE, Calendar, add_working, coordinate
from request_tracker.rules.stays import AGAIN, ENDED, GOING, MERGED, STAGES, Stay, going, is_held, order, stage_of
from request_tracker.rules.survival import (
    AT_ONCE,
    FROM_THE_START,
    ON,
    ROUND,
    Curve,
    Spell,
    Spread,
    both,
    curve,
    either,
    remaining,
    rough,
    scaled,
    thinned,
)
from request_tracker.rules.survival import ENDED as LEFT
from request_tracker.rules.terms import Phase

WINDOW = timedelta(days=730)
"""How far the history is looked at: about 24 months."""
FEWEST = 10
"""Fewer cases that went on say too little: of what follows, about 80 % lies between the least and the most of ten."""
EARLY, MIDDLE, LATE = 0.1, 0.5, 0.9
GRAIN = 15
"""Ages are counted in quarters of an hour, rounded up: so that a long history has not endless different ones."""
ROUNDS = 5
"""How often a case may go round about before more of it makes no difference."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A stay in working minutes (rules.calendar.coordinate)."""

    case_id: int
    stage: str
    since: int
    seen_from: int
    until: int | None
    to: str | None
    way: str | None


@dataclass(frozen=True)
class Model:
    """`curves`: how long stages last; `detours`: from going round about until the next phase after all; `ways`: from
    entering a stage until entering a later phase."""

    curves: Mapping[str, Curve]
    detours: Mapping[str, Spread]
    ways: Mapping[tuple[str, Phase], Spread]


def minutes(calendar: Calendar, at: datetime) -> int:
    return coordinate(calendar, at) // MINUTE


def instant(calendar: Calendar, now: datetime, later: int) -> datetime:
    return add_working(calendar, now, timedelta(minutes=later))


def measured(stays: Iterable[Stay], calendar: Calendar) -> list[Measured]:
    return [
        Measured(
            stay.case_id,
            stay.stage,
            since := minutes(calendar, stay.since),
            since if stay.seen_from <= stay.since else minutes(calendar, stay.seen_from),
            None if stay.until is None else minutes(calendar, stay.until),
            stay.to,
            way(stay),
        )
        for stay in stays
    ]


def model(stays: Iterable[Measured], *, start: int, now: int) -> Model:
    """What was known at `now` of the time since `start`."""
    spells: dict[str, list[Spell]] = {stage: [] for stage in STAGES}
    goals: dict[str, Counter[str]] = {stage: Counter() for stage in STAGES}
    for stay in stays:
        if stay.seen_from < now and (stay.until is None or stay.until > start):
            spell = _spell(stay, start, now)
            spells[stay.stage].append(spell)
            if spell.way == ROUND:
                goals[stay.stage][stay.to or ""] += 1
    return _model({stage: _curve(stage, found) for stage, found in spells.items()}, goals)


def _curve(stage: str, spells: list[Spell]) -> Curve:
    return thinned(curve(spells, held=is_held(stage)))


def way(stay: Stay) -> str | None:
    """How a stay was left; merged cases are not watched any longer."""
    if stay.to in (None, MERGED):
        return None
    if stay.to == ENDED:
        return LEFT
    return ON if order(stay.to or "") > order(stay.stage) else ROUND


def _spell(stay: Measured, start: int, now: int) -> Spell:
    seen_from = max(stay.seen_from, start)
    began = _age(seen_from - stay.since) if seen_from > stay.since else FROM_THE_START
    if stay.until is None or stay.until > now:
        return Spell(began, _age(now - stay.since), None)
    return Spell(began, _age(stay.until - stay.since), stay.way)


def _age(exact: int) -> int:
    return -(-exact // GRAIN) * GRAIN


def _model(curves: Mapping[str, Curve], goals: Mapping[str, Counter[str]]) -> Model:
    passages = {stage: rough(remaining(found, FROM_THE_START)) for stage, found in curves.items()}
    detours: dict[str, Spread] = {}
    for _ in range(ROUNDS):
        for stage in (each for each in sorted(STAGES, key=order) if goals[each]):
            detours[stage] = rough(_detour(passages, stage, goals[stage]))
            passages[stage] = rough(onwards(curves[stage], FROM_THE_START, detours[stage]))
    whole = {stage: onwards(found, FROM_THE_START, detours.get(stage)) for stage, found in curves.items()}
    ways = {
        (stage, phase): _path(whole, stage, phase.order)
        for stage in GOING
        for phase in list(Phase)[order(stage) + 1 :]
        if order(stage)
    }
    return Model(curves, detours, ways)


def _detour(passages: Mapping[str, Spread], stage: str, goals: Counter[str]) -> Spread:
    """From where such stays went round about to, each as often as it happened, until the phase after the stage."""
    parts = (scaled(_path(passages, goal, order(stage) + 1), n / goals.total()) for goal, n in goals.items())
    return reduce(either, parts)


def _path(passages: Mapping[str, Spread], stage: str, before: int) -> Spread:
    """From entering the stage until the phase of that order; a second time stays one."""
    others = list(Phase)[order(stage) + 1 : before]
    again = AGAIN in stage
    return reduce(both, (passages[stage_of(each, again=again)] for each in others), passages[stage])


def onwards(found: Curve, age: int, detour: Spread | None) -> Spread:
    """How much longer until the next phase, for what has been in the stage for that long."""
    straight = remaining(found, age)
    return straight if detour is None else either(straight, both(rough(remaining(found, age, ROUND)), detour))


def enough(known: Model, stage: str, age: int, phase: Phase) -> int:
    """How many cases stand behind a forecast."""
    again = AGAIN in stage
    ahead = [stage_of(each, again=again) for each in list(Phase)[order(stage) + 1 : phase.order]]
    if is_held(stage):
        ahead.append(going(stage))
    return min((known.curves[stage].n(age), *(known.curves[each].n() for each in ahead)))


def rest(known: Model, stage: str, phase: Phase) -> Spread:
    """From the phase after the stage to the one asked for."""
    after = list(Phase)[order(stage) + 1]
    return AT_ONCE if after is phase else known.ways[stage_of(after, again=AGAIN in stage), phase]


def by_case(stays: Iterable[Measured]) -> dict[int, list[Measured]]:
    found: dict[int, list[Measured]] = defaultdict(list)
    for stay in stays:
        found[stay.case_id].append(stay)
    return found

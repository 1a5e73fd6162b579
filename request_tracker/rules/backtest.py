"""How well past forecasts were: each Monday's model, made of what was known by then, against what happened since.

A forecast is judged once nine in ten of its dates have passed, whatever came of it: chosen so, slow cases are not left
out. What is still open then counts as later than the range; what ended otherwise had no such date and is only counted.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from request_tracker.rules.forecast import (
    EARLY,
    FEWEST,
    LATE,
    MIDDLE,
    Measured,
    Model,
    by_case,
    enough,
    model,
    onwards,
    rest,
)
from request_tracker.rules.stays import ENDED, MERGED, is_held, order, phase_of
from request_tracker.rules.survival import share_by
from request_tracker.rules.terms import Phase

MONDAYS = 26
MOST = 400
"""Cases tried of each Monday."""
NOT_YET, OTHERWISE, FEW = "not yet", "otherwise", "few"
ELSEWHERE = -1


@dataclass(frozen=True, slots=True)
class Trial:
    """One judged forecast. `rank`: which share of the expected dates the actual one left behind, 1 where it is still to
    come."""

    stage: str
    phase: Phase
    rank: float


@dataclass(frozen=True)
class Tried:
    """`not_yet`: forecasts whose time is to come; `otherwise`: of cases that ended before; `few`: too few cases."""

    trials: tuple[Trial, ...]
    not_yet: int = 0
    otherwise: int = 0
    few: int = 0


def backtest(stays: Sequence[Measured], mondays: Iterable[tuple[int, int]], *, now: int) -> Tried:
    """`mondays`: each with the start of the history known then; all in working minutes."""
    cases, spans = by_case(stays), sorted(mondays)
    found: list[Trial | str] = []
    for (start, monday), still_open in zip(spans, _open_at(stays, [monday for _, monday in spans]), strict=True):
        known = model(stays, start=start, now=monday)
        for stay in still_open[:: max(1, -(-len(still_open) // MOST))]:
            story = cases[stay.case_id]
            found += _tried(known, story[story.index(stay) :], monday, now)
    counts = Counter(each for each in found if isinstance(each, str))
    trials = tuple(each for each in found if isinstance(each, Trial))
    return Tried(trials, counts[NOT_YET], counts[OTHERWISE], counts[FEW])


def _open_at(stays: Iterable[Measured], mondays: Sequence[int]) -> list[list[Measured]]:
    """For each Monday the stays that went on over it."""
    found: list[list[Measured]] = [[] for _ in mondays]
    for stay in stays:
        end = len(mondays) if stay.until is None else bisect_left(mondays, stay.until)
        for number in range(bisect_left(mondays, stay.seen_from), end):
            found[number].append(stay)
    return found


def _tried(known: Model, story: Sequence[Measured], monday: int, now: int) -> Iterator[Trial | str]:
    """Each next phase of what was open on that Monday; `story`: that stay and all later ones of the case."""
    stay = story[0]
    age = monday - stay.since
    here = onwards(known.curves[stay.stage], age, known.detours.get(stay.stage))
    for phase in list(Phase)[order(stay.stage) + 1 :]:
        if enough(known, stay.stage, age, phase) < FEWEST:
            yield FEW
            continue
        then = rest(known, stay.stage, phase)
        if share_by(here, then, now - monday) < LATE:
            yield NOT_YET
            continue
        at = _entered(story, phase)
        if at == ELSEWHERE:
            yield OTHERWISE
        else:
            yield Trial(stay.stage, phase, 1.0 if at is None else share_by(here, then, at - monday))


def _entered(story: Sequence[Measured], phase: Phase) -> int | None:
    """When the case came that far; None where it still goes on, ELSEWHERE where it ended before."""
    for stay in story:
        if stay.to in (ENDED, MERGED):
            return ELSEWHERE
        if stay.to is not None and order(stay.to) >= phase.order:
            return stay.until
    return None


@dataclass(frozen=True)
class Score:
    """`inside`: the share of actual dates within the range (should be 0.8), `below` at or before the median (0.5),
    `deciles`: in each tenth of the expected dates (0.1)."""

    label: str
    n: int
    inside: float
    below: float
    deciles: tuple[float, ...]


@dataclass(frozen=True)
class Calibration:
    total: Score
    groups: tuple[Score, ...]
    by_phase: tuple[Score, ...]


def calibration(tried: Tried) -> Calibration:
    """Over all forecasts; next and later phases, on hold and not; by phase and the phase forecast. Empty ones are left
    out."""
    next_one = [each for each in tried.trials if each.phase.order == order(each.stage) + 1]
    groups = (
        ("the next phase", next_one),
        ("later phases", [each for each in tried.trials if each.phase.order > order(each.stage) + 1]),
        ("not on hold", [each for each in tried.trials if not is_held(each.stage)]),
        ("on hold that Monday", [each for each in tried.trials if is_held(each.stage)]),
    )
    pairs = [(a, b) for a in Phase for b in list(Phase)[a.order + 1 :]]
    return Calibration(
        _score("all forecasts", tried.trials),
        tuple(_score(label, found) for label, found in groups if found),
        tuple(score for a, b in pairs if (score := _pair(tried.trials, a, b)).n),
    )


def _pair(trials: Sequence[Trial], a: Phase, b: Phase) -> Score:
    found = [each for each in trials if phase_of(each.stage) is a and each.phase is b]
    return _score(f"{a.words} to {b.words}", found)


def _score(label: str, trials: Sequence[Trial]) -> Score:
    ranks = sorted(each.rank for each in trials)
    n = len(ranks)
    if not n:
        return Score(label, 0, 0.0, 0.0, (0.0,) * 10)
    edges = [0, *(bisect_left(ranks, tenth / 10) for tenth in range(1, 10)), n]
    return Score(
        label,
        n,
        sum(EARLY <= rank <= LATE for rank in ranks) / n,
        bisect_right(ranks, MIDDLE) / n,
        tuple((b - a) / n for a, b in pairwise(edges)),
    )


def to_json(tried: Tried, found: Calibration) -> dict[str, Any]:
    return {
        "total": _written(found.total),
        "groups": [_written(score) for score in found.groups],
        "by_phase": [_written(score) for score in found.by_phase],
        "not_yet": tried.not_yet,
        "otherwise": tried.otherwise,
        "few": tried.few,
    }


def from_json(body: Mapping[str, Any]) -> tuple[Tried, Calibration]:
    """The calibration, and how many forecasts could not be judged."""
    tried = Tried((), body["not_yet"], body["otherwise"], body["few"])
    groups, by_phase = (tuple(_read(each) for each in body[name]) for name in ("groups", "by_phase"))
    return tried, Calibration(_read(body["total"]), groups, by_phase)


def _written(score: Score) -> dict[str, Any]:
    shares = {"inside": round(score.inside, 4), "below": round(score.below, 4)}
    return {"label": score.label, "n": score.n, **shares, "deciles": [round(each, 4) for each in score.deciles]}


def _read(score: Mapping[str, Any]) -> Score:
    return Score(score["label"], score["n"], score["inside"], score["below"], tuple(score["deciles"]))

"""Stays: how long cases were in a phase, read from what their timelines say, and divided by when they were on hold.

A stage is a phase, a second time (`again`, once gaps were found in the preview) or the first; a case on hold is in a
stage of its own, and what could be gone on with after that starts anew: the history says how long each lasts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from request_tracker.rules.terms import Outcome, Phase

AGAIN, HELD = ".again", ".held"
REWORK = "move.rework"
GOING = (
    *(str(phase) for phase in Phase if phase is not Phase.GENERALLY_AVAILABLE),
    f"{Phase.DEVELOPMENT}{AGAIN}",
    f"{Phase.PRIVATE_PREVIEW}{AGAIN}",
)
STAGES = (*GOING, *(f"{stage}{HELD}" for stage in GOING))
ORDER = {stage: Phase(stage.partition(".")[0]).order for stage in (*STAGES, str(Phase.GENERALLY_AVAILABLE))}
MERGED = str(Outcome.MERGED)
ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Place:
    """A phase since an instant; `outcome` as the case has it."""

    phase: str
    outcome: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """One entry that moved a case, tied it to another or untied it. Moves that were taken back are no marks.

    A move has both places. `leaves`: from then on the case goes where another goes; `returns`: it stands alone again,
    where it stood before.
    """

    case_id: int
    at: datetime
    kind: str
    before: Place | None = None
    after: Place | None = None
    leaves: bool = False
    returns: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A case with marks: when it was opened. A case without any: `standing` is where it is."""

    at: datetime
    standing: Place


@dataclass(frozen=True, slots=True)
class Stay:
    """A case was in `stage` since `since`, watched from `seen_from` on (later where it was away, or nobody asked).

    `until` None: it still is. `to`: the stage it went to, "generally_available", "ended" or "merged".
    """

    case_id: int
    stage: str
    since: datetime
    seen_from: datetime
    until: datetime | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """A hold; `until` None: it stands."""

    since: datetime
    until: datetime | None


def stage_of(phase: str, *, again: bool = False, held: bool = False) -> str:
    second = AGAIN if again and f"{phase}{AGAIN}" in GOING else ""
    return f"{phase}{second}{HELD if held else ''}"


def phase_of(stage: str) -> Phase:
    return Phase(stage.partition(".")[0])


def is_held(stage: str) -> bool:
    return stage.endswith(HELD)


def going(stage: str) -> str:
    """The stage without the hold."""
    return stage.removesuffix(HELD)


def order(stage: str) -> int:
    return ORDER[stage]


def stays(cases: dict[int, Opened], marks: Iterable[Mark], *, start: datetime) -> list[Stay]:
    """Every stay that went on or ended after `start`; by case, in order. `marks` come by case, and there in order."""
    by_case = {case_id: list(found) for case_id, found in groupby(marks, key=lambda mark: mark.case_id)}
    return [
        stay for case_id, opened in cases.items() for stay in _of_case(case_id, opened, by_case.get(case_id, []), start)
    ]


def _of_case(case_id: int, opened: Opened, marks: list[Mark], start: datetime) -> Iterator[Stay]:
    current = _first(case_id, opened, marks, start)
    kept, again = current, False
    for mark in marks:
        again = again or mark.kind == REWORK
        if mark.returns:
            current = replace(kept, seen_from=max(mark.at, start)) if kept and current is None else current
            continue
        if current is None and mark.before is not None and mark.before.outcome is None:
            current = _stay(case_id, mark.before, mark.before.since, start, again)
        if current is not None and (mark.leaves or _is_away(mark)):
            yield replace(current, until=mark.at, to=_goal(mark, again))
            kept, current = current, None
        if mark.after is not None and mark.after.outcome is None and current is None:
            current = _stay(case_id, mark.after, mark.at, start, again)
    if current is not None:
        yield current


def _first(case_id: int, opened: Opened, marks: list[Mark], start: datetime) -> Stay | None:
    """Where the case was when it was opened, or at `start`."""
    place = next((mark.before for mark in marks if mark.before is not None), opened.standing)
    if opened.at >= start:
        place = Place(str(Phase.SUBMISSION), None, opened.at)
    return _stay(case_id, place, place.since, start) if place.outcome is None else None


def _stay(case_id: int, place: Place, seen_from: datetime, start: datetime, again: bool = False) -> Stay:
    return Stay(case_id, stage_of(place.phase, again=again), place.since, max(seen_from, start))


def _is_away(mark: Mark) -> bool:
    """Whether the move led out of the stay."""
    assert mark.before is not None
    assert mark.after is not None, "what is neither tying nor untying is a move"
    return (mark.before.phase, mark.before.outcome) != (mark.after.phase, mark.after.outcome)


def _goal(mark: Mark, again: bool) -> str:
    if mark.leaves:
        return MERGED
    assert mark.after is not None
    if mark.after.outcome not in (None, Outcome.RELEASED):
        return ENDED
    return stage_of(mark.after.phase, again=again)


def divided(found: Iterable[Stay], waits: Mapping[int, Sequence[Wait]]) -> list[Stay]:
    """The same stays, cut wherever a hold began or the last one ended. `waits`: by case id."""
    return [piece for stay in found for piece in _pieces(stay, _together(waits.get(stay.case_id, ())))]


def _together(waits: Sequence[Wait]) -> list[Wait]:
    """Holds that overlap are one."""
    found: list[Wait] = []
    for wait in sorted(waits, key=lambda each: each.since):
        last = found[-1] if found else None
        if last is None or (last.until is not None and last.until < wait.since):
            found.append(wait)
        elif last.until is not None:
            found[-1] = Wait(last.since, None if wait.until is None else max(last.until, wait.until))
    return found


def _pieces(stay: Stay, waits: Sequence[Wait]) -> Iterator[Stay]:
    """`since` of a piece is when the hold began, or the last one ended, though not before the stay did."""
    held = f"{stay.stage}{HELD}"
    since = stay.since
    for wait in waits:
        if (stay.until is not None and wait.since >= stay.until) or (wait.until and wait.until <= since):
            continue
        on = max(wait.since, stay.since)
        yield from _piece(stay, stay.stage, since, on, held)
        since = on
        if wait.until is None or (stay.until is not None and wait.until >= stay.until):
            yield from _piece(stay, held, on, stay.until, stay.to)
            return
        yield from _piece(stay, held, on, wait.until, stay.stage)
        since = wait.until
    yield from _piece(stay, stay.stage, since, stay.until, stay.to)


def _piece(stay: Stay, stage: str, since: datetime, until: datetime | None, to: str | None) -> Iterator[Stay]:
    """Nothing where the stay was not watched then, or where the piece is empty."""
    seen_from = max(since, stay.seen_from)
    if until is None or seen_from < until or (seen_from == until and to == stay.to):
        yield replace(stay, stage=stage, since=since, seen_from=seen_from, until=until, to=to)

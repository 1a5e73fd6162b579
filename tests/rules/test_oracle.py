"""The fold against the oracle on random logs, the oracle against wrong folds, and working time against a library."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

import pytest
import pytz
from businesstimedelta import BusinessTimeDelta, HolidayRule, Rules, WorkDayRule
from rules.oracle import WINDOWS, World, disagreements

from request_tracker.rules import sla
from request_tracker.rules.calendar import MICROSECOND, Calendar, add_working, working_between
from request_tracker.rules.sla import EventKind, RunState, Tally

WORLDS = [(zone, near) for zone, windows in WINDOWS.items() for near in windows]
A_FEW = [WORLDS[1], WORLDS[2], WORLDS[4], WORLDS[7], WORLDS[8]]
BERLIN = ("Europe/Berlin", date(2026, 10, 25))
A_SEED = 4_300
"""Logs a seed in the deep sweep: twelve windows with two seeds each are more than 100,000."""


@cache
def world(zone: str, near: date) -> World:
    return World(zone, near)


@pytest.mark.parametrize(("zone", "near"), A_FEW)
def test_the_fold_agrees_with_the_oracle(zone, near):
    assert disagreements(world(zone, near), sla.fold, seed=1, logs=300)[:1] == []


@pytest.mark.deep
@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize(("zone", "near"), WORLDS)
def test_the_fold_agrees_with_the_oracle_on_a_hundred_thousand_logs(zone, near, seed):
    assert len(WORLDS) * 2 * A_SEED > 100_000
    own_seed = 10 * WORLDS.index((zone, near)) + seed
    assert disagreements(world(zone, near), sla.fold, seed=own_seed, logs=A_SEED)[:1] == []


# --- wrong folds, each of which the oracle must find out


def by_another_calendar(change: Callable[[Calendar], Calendar]) -> Callable[[pytest.MonkeyPatch], None]:
    changed = cache(change)

    def put(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(sla, "working_between", lambda calendar, a, b: working_between(changed(calendar), a, b))
        patch.setattr(sla, "add_working", lambda calendar, at, by: add_working(changed(calendar), at, by))

    return put


def longer(calendar: Calendar) -> Calendar:
    """Intervals with their last minute's end counted in, where there is room."""
    room = [[*(opens for opens, _ in day[1:]), 1440] for day in calendar.weekly]
    week = tuple(
        tuple((opens, min(closes + 1, limit)) for (opens, closes), limit in zip(day, limits, strict=False))
        for day, limits in zip(calendar.weekly, room, strict=True)
    )
    return replace(calendar, weekly=week)


def taking(kind: EventKind, do: Callable[[Any, Any], Any]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setitem(sla.TAKING, kind, do)


def around(name: str, do: Callable[..., Any]) -> Callable[[pytest.MonkeyPatch], None]:
    """The method of Tally, which `do` gets as its first argument."""
    kept = getattr(Tally, name)
    return lambda patch: patch.setattr(Tally, name, lambda self, *rest: do(kept, self, *rest))


def healed(clock, event):
    Tally.retarget(clock, event)
    clock.breached_at = clock.marks[sla.DUE]
    return True


def anew(clock, event):
    clock.elapsed = timedelta(0)
    return Tally.retarget(clock, event)


def promised_anew(clock, event):
    Tally.retarget(clock, event)
    clock.marks = tuple(mark and event.effective_at for mark in clock.marks)
    return True


def unheld(clock, event):
    Tally.pause(clock, event)
    clock.state = RunState.RUNNING


def all_free(clock, event):
    return Tally.resume(clock, replace(event, reason=""))


def noticed(run_to, clock, instant):
    before = clock.breached_at
    run_to(clock, instant)
    clock.breached_at = before or (instant if clock.breached_at else None)


def one_reason(run_to, clock, instant):
    kept = clock.open
    clock.open = set(sorted(kept)[:1])
    run_to(clock, instant)
    clock.open = kept


def lenient(patch: pytest.MonkeyPatch) -> None:
    mark = Tally._mark
    patch.setattr(Tally, "_mark", lambda clock, elapsed: mark(clock, elapsed - MICROSECOND))
    patch.setattr(sla, "add_working", lambda calendar, at, by: add_working(calendar, at, max(by, timedelta(0))))


def ordered(change: Callable[[list, datetime], list]) -> Callable[[pytest.MonkeyPatch], None]:
    kept = sla.in_order
    return lambda patch: patch.setattr(sla, "in_order", lambda events, as_of: change(kept(events, as_of), as_of))


def all_voids_stand(pairs, _):
    voided = {event.voids for event, _ in pairs if event.kind is EventKind.VOID}
    return [(event, 0 if event.id in voided else None) for event, _ in pairs]


MUTANTS = {
    "the end of an interval is in it": by_another_calendar(longer),
    "the offset never changes": by_another_calendar(lambda calendar: replace(calendar, zone="Etc/GMT-2")),
    "no day is off": by_another_calendar(lambda calendar: replace(calendar, holidays=frozenset())),
    "a breach heals": taking(EventKind.RETARGET, healed),
    "a new target starts anew": taking(EventKind.RETARGET, anew),
    "a new target moves what was passed": taking(EventKind.RETARGET, promised_anew),
    "new hours are ignored": taking(EventKind.RECALENDAR, lambda *_: False),
    "a hold does not stop the clock": taking(EventKind.PAUSE, unheld),
    "any resume ends all holds": taking(EventKind.RESUME, all_free),
    "a cancel is no end": taking(EventKind.CANCEL, lambda *_: False),
    "exactly at due is late": around("_mark", lambda mark, clock, elapsed: mark(clock, elapsed + MICROSECOND)),
    "a microsecond late is in time": lenient,
    "a breach is when it is noticed": around("run_to", noticed),
    "only one of two reasons counts": around("run_to", one_reason),
    "what happens now has not happened": ordered(lambda pairs, as_of: [p for p in pairs if p[0].effective_at < as_of]),
    "events count in the order of their numbers": ordered(lambda pairs, _: sorted(pairs, key=lambda p: p[0].id)),
    "nothing is taken back": ordered(lambda pairs, _: [(event, None) for event, _ in pairs]),
    "what is taken back cannot come back": ordered(all_voids_stand),
}


@pytest.mark.parametrize("wrong", MUTANTS)
def test_the_oracle_finds_out_a_fold_in_which(wrong, monkeypatch):
    MUTANTS[wrong](monkeypatch)
    assert disagreements(world(*BERLIN), sla.fold, seed=1, logs=250) != []


# --- a library with rules of its own, where they are the same


def their_rules(holidays: list[date]) -> Rules:
    here = pytz.timezone("Europe/Berlin")
    far = [date(2040, 1, 2)]  # it looks for a next holiday and wants one
    return Rules([WorkDayRule(time(9), time(17), tz=here), HolidayRule(sorted([*holidays, *far]), tz=here)])


def test_businesstimedelta_agrees_on_nine_to_five_on_weekdays():
    """Whole seconds, which is all it counts; at the end of a day it stays there, where we go on to the next morning."""
    chance = random.Random(4)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    holidays = [date(2026, 1, 1) + timedelta(days=chance.randrange(365)) for _ in range(40)]
    calendar = Calendar("Europe/Berlin", (((540, 1020),),) * 5 + ((),) * 2, frozenset(holidays))
    theirs = their_rules(holidays)
    for _ in range(60):
        a = begin + timedelta(seconds=chance.randrange(300 * 86_400))
        b = a + timedelta(seconds=chance.randrange(25 * 86_400))
        worked = theirs.difference(a, b).timedelta
        assert working_between(calendar, a, b) == worked
        reached = a + BusinessTimeDelta(theirs, timedelta=worked + timedelta(minutes=1))
        ours = add_working(calendar, a, worked + timedelta(minutes=1))
        assert ours == add_working(calendar, reached, timedelta(0))

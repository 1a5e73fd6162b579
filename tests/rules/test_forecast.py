"""How long things take until they go on: against formulas written differently, and its own laws."""

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from request_tracker.rules import backtest, forecast, outlook
from request_tracker.rules.backtest import Tried, calibration
from request_tracker.rules.calendar import standard
from request_tracker.rules.forecast import FEWEST, Measured, measured, minutes, model
from request_tracker.rules.forecast_words import notes, table
from request_tracker.rules.outlook import expected
from request_tracker.rules.stays import STAGES, Stay, Wait, divided, stage_of
from request_tracker.rules.survival import (
    ENDED,
    FROM_THE_START,
    ON,
    ROUND,
    Curve,
    Spell,
    Spread,
    both,
    curve,
    remaining,
    share_by,
    spread,
    thinned,
)
from request_tracker.rules.terms import Phase

DAY = 1440
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
WAYS = st.sampled_from([ON, ROUND, ENDED, None])
SPELLS = st.lists(
    st.builds(
        lambda began, lasted, way: Spell(began, began + lasted, way),
        st.sampled_from([FROM_THE_START, FROM_THE_START, 3, 8]),
        st.integers(1, 20),
        WAYS,
    ),
    max_size=40,
)


def by_formula(spells: list[Spell], age: int) -> tuple[float, float]:
    """What is left after the age, and the share gone on by then: the product over days, written out."""
    left, gone_on = 1.0, 0.0
    for day in range(age + 1):
        watched = [s for s in spells if s.began < day <= s.ended]
        leaving = [s for s in watched if s.ended == day and s.way is not None]
        if leaving:
            gone_on += left * sum(s.way == ON for s in leaving) / len(watched)
            left *= (len(watched) - len(leaving)) / len(watched)
    return left, gone_on


@given(SPELLS)
def test_the_product_limit_is_what_its_formula_says(spells: list[Spell]) -> None:
    found = curve(spells)
    for age in (0, 3, 7, 15, 30):
        left, on = by_formula(spells, age)
        assert found.left(age) == pytest.approx(left, abs=1e-9)
        assert sum(s.on for s in found.steps if s.age <= age) == pytest.approx(on, abs=1e-9)
    lefts = [1.0, *(step.left for step in found.steps)]
    assert lefts == sorted(lefts, reverse=True)
    total = sum(s.on + s.around for s in found.steps)
    assert total <= 1 - lefts[-1] + 1e-9


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_without_censoring_it_is_the_plain_share(ages: list[int]) -> None:
    found = curve(Spell(FROM_THE_START, age, ON) for age in ages)
    for age in range(51):
        assert found.left(age) == pytest.approx(sum(each > age for each in ages) / len(ages), abs=1e-9)
    assert found.n() == len(ages)


@given(SPELLS, st.integers(0, 15), st.integers(0, 15))
def test_what_remains_after_waiting_longer_follows_from_what_remained(spells: list[Spell], a: int, b: int) -> None:
    """P(on by a+b+x | still there after a+b) from the residual after a, and directly."""
    found = curve(spells)
    earlier, later = remaining(found, a), remaining(found, a + b)
    survived = found.left(a + b) / found.left(a) if found.left(a) else 0.0
    if survived:
        for x in (0, 2, 9):
            assert later.by(x) * survived == pytest.approx(earlier.by(b + x) - earlier.by(b), abs=1e-9)
    assert 0 <= later.total <= 1 + 1e-9


@given(SPELLS, SPELLS)
def test_more_history_never_crashes_and_ranges_stay_in_order(first: list[Spell], more: list[Spell]) -> None:
    for spells in (first, [*first, *more]):
        found = remaining(thinned(curve(spells)), 2)
        quantiles = [found.quantile(share) for share in (0.1, 0.5, 0.9)]
        known = [each for each in quantiles if each is not None]
        assert known == sorted(known)
        assert quantiles[len(known) :] == [None] * (3 - len(known)), "what is later than a late one is later too"


def test_what_ended_otherwise_is_no_slow_going_on() -> None:
    """Half end for good on day 5 or 15, half go on: on the same days, not later, as counting on them would say."""
    spells = [Spell(FROM_THE_START, age, way) for age in (5, 15) for way in (ON, ENDED) for _ in range(50)]
    found = remaining(curve(spells), FROM_THE_START)
    assert found.total == pytest.approx(0.5)
    assert (found.quantile(0.5), found.quantile(0.51), found.beyond) == (5, 15, 0)


def test_what_nobody_saw_end_lies_beyond() -> None:
    spells = [*(Spell(FROM_THE_START, 10, ON) for _ in range(6)), *(Spell(FROM_THE_START, 12, None) for _ in range(4))]
    found = remaining(curve(spells), FROM_THE_START)
    assert found.quantile(0.5) == 10
    assert found.quantile(0.9) is None
    assert found.beyond == pytest.approx(0.4)


def test_thinning_keeps_the_curve() -> None:
    chance = random.Random(3)
    spells = [
        Spell(FROM_THE_START, int(chance.gammavariate(2, 4000)), chance.choice((ON, ON, ENDED, None)))
        for _ in range(4000)
    ]
    whole = curve(spells)
    thin = thinned(whole)
    assert len(thin.steps) <= 200 < len(whole.steps)
    assert thin.n() == whole.n()
    for age in (0, 2000, 8000, 20_000):
        for share in (0.1, 0.5, 0.9):
            a, b = remaining(whole, age).quantile(share), remaining(thin, age).quantile(share)
            assert a is not None
            assert b is not None
            assert abs(a - b) < 700, "half a day, of ranges of many"


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0.01, 1)), min_size=1, max_size=8))
def test_sums_are_those_of_every_pair(points: list[tuple[int, float]]) -> None:
    one, other = spread(points), Spread(((0, 0.25), (7, 0.5)), beyond=0.25)
    found = both(one, other)
    assert found.total == pytest.approx(one.total * other.total)
    for time in (0, 6, 7, 20, 60):
        plain = sum(v * w for a, v in one.points for b, w in other.points if a + b <= time)
        assert found.by(time) == pytest.approx(plain)
        assert share_by(one, other, time) == pytest.approx(plain / found.total)


def a_program(chance: random.Random, *, cases: int, drift: float = 1.0) -> list[Stay]:
    """Cases that go on after an exponential time, are put on hold, sent back and declined; over 100 weeks."""
    mean = {"submission": 2.0, "validation": 6.0, "consultation": 9.0, "development": 14.0, "private_preview": 10.0}
    found = []
    for case in range(cases):
        at, phase, again = MONDAY - timedelta(days=chance.uniform(0, 700)), "submission", False
        waits = []
        pieces: list[Stay] = []
        while at < MONDAY:
            since = at
            if chance.random() < 0.2:
                hold = at + timedelta(days=chance.expovariate(1.0))
                at = hold + timedelta(days=chance.expovariate(1 / 8))
                waits.append(Wait(hold, at if at < MONDAY else None))
            days = chance.expovariate(1 / (mean[phase] * drift * (0.5 if again else 1)))
            at += timedelta(days=days)
            fate = chance.random()
            to = str(list(Phase)[Phase(phase).order + 1])
            if phase == "private_preview" and fate < 0.2:
                to, again = stage_of("development", again=True), True
            elif phase == "validation" and fate < 0.3:
                to = "ended"
            stage = stage_of(phase, again=again and to != "development.again")
            pieces.append(Stay(case, stage, since, since, at if at < MONDAY else None, to if at < MONDAY else None))
            if to in ("ended", "generally_available"):
                break
            phase = to.partition(".")[0]
        found += divided(pieces, {case: waits})
    return found


@pytest.fixture(scope="module")
def known() -> forecast.Model:
    calendar = standard("UTC")
    stays = measured(a_program(random.Random(1), cases=400), calendar)
    return model(stays, start=minutes(calendar, MONDAY - timedelta(days=730)), now=minutes(calendar, MONDAY))


def test_each_next_phase_comes_after_the_one_before(known: forecast.Model) -> None:
    for stage in ("submission", "validation", "validation.held", "development.again"):
        found = [each for each in expected(known, stage, DAY) if each.is_known]
        assert found, stage
        for each in found:
            assert each.early is not None
            assert each.middle is not None
            assert 0 <= each.early <= each.middle <= (each.late or each.farthest) <= each.farthest
            assert 0 < each.chance <= 1
        middles = [each.middle or 0 for each in found]
        assert middles == sorted(middles)
        assert [each.n for each in found] == sorted((each.n for each in found), reverse=True)


def test_a_case_on_hold_is_expected_later(known: forecast.Model) -> None:
    for stage in ("validation", "consultation", "development"):
        free, held = (expected(known, name, DAY)[0] for name in (stage, f"{stage}.held"))
        assert (held.middle or 0) > (free.middle or 0)


def test_few_cases_say_nothing(known: forecast.Model) -> None:
    (none,) = expected(known, "private_preview.again.held", DAY)
    assert none.n < FEWEST
    assert (none.early, none.middle, none.late, none.is_known) == (None, None, None, False)
    oldest = known.curves["development"].ages[-1]
    assert not expected(known, "development", oldest)[0].is_known, "nobody ever waited that long and went on"


def test_kept_and_read_again_it_says_the_same(known: forecast.Model) -> None:
    text = json.dumps(outlook.to_json(known))
    assert len(text) < 150_000
    read = outlook.from_json(json.loads(text))
    for stage in STAGES:
        for was, now in zip(expected(known, stage, 700), expected(read, stage, 700), strict=True):
            assert (was.phase, was.n) == (now.phase, now.n)
            for a, b in ((was.early, now.early), (was.middle, now.middle), (was.late, now.late)):
                assert a == b or abs((a or 0) - (b or 0)) < DAY, "rounding moves a step at most"


def back_tested(stays: list[Stay], weeks: range) -> Tried:
    calendar = standard("UTC")
    spans = [
        (minutes(calendar, MONDAY - timedelta(weeks=week, days=730)), minutes(calendar, MONDAY - timedelta(weeks=week)))
        for week in weeks
    ]
    return backtest.backtest(measured(stays, calendar), spans, now=minutes(calendar, MONDAY))


@pytest.mark.deep
def test_a_steady_program_is_forecast_well_and_one_that_slows_down_is_found_out() -> None:
    steady = calibration(back_tested(a_program(random.Random(2), cases=900), range(4, 27, 6)))
    assert steady.total.n > 200
    assert 0.7 < steady.total.inside < 0.9
    assert 0.38 < steady.total.below < 0.62
    assert sum(steady.total.deciles) == pytest.approx(1)
    fast = a_program(random.Random(2), cases=700)
    slow = [_slowed(stay) for stay in fast]
    assert calibration(back_tested(slow, range(8, 27, 6))).total.below < steady.total.below - 0.1


def _slowed(stay: Stay) -> Stay:
    """From 20 weeks ago on, nothing goes on that had not been under way."""
    cut = MONDAY - timedelta(weeks=20)
    late = stay.until is not None and stay.until > cut
    return Stay(stay.case_id, stay.stage, stay.since, stay.seen_from, None, None) if late else stay


def test_only_what_was_known_by_then_counts() -> None:
    """What happens after a Monday changes what the forecast is compared with, never the forecast."""
    calendar = standard("UTC")
    stays = measured(a_program(random.Random(4), cases=150), calendar)
    then = minutes(calendar, MONDAY - timedelta(weeks=10))
    start = then - 500 * DAY
    before = [
        stay if stay.until is None or stay.until <= then else Measured(*_open(stay))
        for stay in stays
        if stay.seen_from < then
    ]
    assert len(before) < len(stays)
    assert model(stays, start=start, now=then) == model(before, start=start, now=then)


def _open(stay: Measured) -> tuple[object, ...]:
    return (stay.case_id, stay.stage, stay.since, stay.seen_from, None, None, None)


def test_the_calibration_is_printed_with_what_it_leaves_out() -> None:
    trials = tuple(backtest.Trial("validation", Phase.CONSULTATION, rank / 100) for rank in range(100))
    found = calibration(Tried(trials, not_yet=3, otherwise=4, few=5))
    assert (found.total.inside, found.total.below) == (0.81, 0.51)
    assert found.total.deciles == (0.1,) * 10
    text = table(Tried(trials, 3, 4, 5), found)
    assert "validation to consultation" in text
    assert all(note in text for note in notes(Tried(trials, 3, 4, 5)))
    body = json.loads(json.dumps(backtest.to_json(Tried(trials, 3, 4, 5), found)))
    assert backtest.from_json(body) == (Tried((), 3, 4, 5), found)


@given(st.lists(st.tuples(st.integers(-5, 40), st.integers(1, 12), st.booleans()), max_size=5), st.booleans())
@settings(max_examples=200)
def test_a_stay_divided_by_holds_is_whole_again(holds: list[tuple[int, int, bool]], is_open: bool) -> None:
    """Minute by minute: each lies in one piece, on hold exactly where a hold stood."""
    at = lambda minute: MONDAY + timedelta(minutes=minute)  # noqa: E731
    stay = Stay(1, "validation", at(0), at(0), None if is_open else at(30), None if is_open else "consultation")
    waits = [Wait(at(a), None if endless else at(a + long)) for a, long, endless in holds]
    pieces = divided([stay], {1: waits})
    for minute in range(30):
        inside = [p for p in pieces if p.seen_from <= at(minute) and (p.until is None or at(minute) < p.until)]
        held = any(w.since <= at(minute) and (w.until is None or at(minute) < w.until) for w in waits)
        assert [p.stage for p in inside] == [f"validation{'.held' if held else ''}"]
    assert (pieces[0].seen_from, pieces[-1].until, pieces[-1].to) == (stay.since, stay.until, stay.to)
    assert all(b.since == a.until for a, b in pairwise(pieces))


def test_an_empty_history_is_no_trouble() -> None:
    nothing = model([], start=0, now=10)
    assert nothing.curves["validation"] == Curve(())
    assert not any(each.is_known for each in expected(nothing, "submission", 0))
    assert calibration(backtest.backtest([], [(0, 5)], now=10)).total.n == 0

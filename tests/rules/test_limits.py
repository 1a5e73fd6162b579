"""The token bucket stays below the published limits."""

from datetime import UTC, datetime, timedelta

import pytest

from request_tracker.rules.limits import PLANS, Bucket, drain, limits_of, take

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("kind", ["call", "source", "tests"])
def test_no_window_ever_holds_more_than_the_limit(plan: str, kind: str) -> None:
    for limit in limits_of(kind, plan=plan):
        most = limit.burst + limit.refill_per_second * limit.per_for.total_seconds()
        assert most <= limit.calls + 1e-6


def test_the_published_figures_are_kept() -> None:
    hourly = {(plan, limit.name): limit.calls for plan in PLANS for limit in PLANS[plan]}
    assert (hourly["trial", "call/hour"], hourly["paid", "call/hour"]) == (500, 20_000)
    assert (hourly["trial", "source/minute"], hourly["paid", "source/hour"]) == (25, 5_000)
    assert (hourly["trial", "tests/hour"], hourly["paid", "tests/minute"]) == (50, 250)


def test_a_source_call_counts_as_a_call_too() -> None:
    assert {limit.kind for limit in limits_of("source", plan="paid")} == {"call", "source"}
    assert {limit.kind for limit in limits_of("tests", plan="paid")} == {"call", "source", "tests"}


def test_a_call_takes_one_from_each_bucket() -> None:
    taken = take("source", {}, plan="trial", now=NOW)
    full = {limit.name: float(limit.burst) for limit in limits_of("source", plan="trial")}
    assert taken.granted
    assert {name: bucket.tokens + 1 for name, bucket in taken.buckets.items()} == full


def test_an_empty_bucket_asks_to_wait_and_takes_nothing() -> None:
    taken = take("call", {"call/hour": Bucket(0.5, NOW)}, plan="trial", now=NOW)
    assert not taken.granted
    assert taken.buckets["call/hour"].tokens == 0.5
    assert take("call", taken.buckets, plan="trial", now=NOW + taken.wait_for).granted


def test_a_simulated_hour_stays_below_the_limit() -> None:
    buckets, now, granted = {}, NOW, 0
    while now < NOW + timedelta(hours=1):
        taken = take("call", buckets, plan="trial", now=now)
        buckets = taken.buckets
        granted += taken.granted
        now += max(taken.wait_for, timedelta(seconds=1))
    assert 450 <= granted <= 500


def test_a_429_keeps_the_next_call_back_for_as_long_as_asked() -> None:
    drained = drain("call", {}, plan="paid", now=NOW, retry_after=3600)
    waiting = take("call", drained, plan="paid", now=NOW)
    assert waiting.wait_for.total_seconds() == pytest.approx(3600, abs=1)
    assert take("call", drained, plan="paid", now=NOW + timedelta(seconds=3601)).granted


def test_a_clock_that_goes_back_drains_nothing() -> None:
    taken = take("call", {"call/hour": Bucket(5, NOW)}, plan="trial", now=NOW - timedelta(minutes=5))
    assert taken.buckets["call/hour"].tokens == 4


def test_clocks_apart_fill_no_bucket_twice() -> None:
    """Two machines, half a minute apart, take turns: what they get together is what one clock would give."""
    buckets, granted = {"call/hour": Bucket(0, NOW)}, 0
    for second in range(600):
        now = NOW + timedelta(seconds=second - 30 * (second % 2))
        taken = take("call", buckets, plan="trial", now=now)
        buckets, granted = taken.buckets, granted + taken.granted
    assert granted == int(600 * limits_of("call", plan="trial")[0].refill_per_second)


def test_a_clock_that_was_an_hour_fast_stops_nobody_for_an_hour() -> None:
    wrong = Bucket(0, NOW + timedelta(hours=1))
    waiting = take("call", {"call/hour": wrong}, plan="trial", now=NOW)
    assert waiting.wait_for < timedelta(minutes=1)
    assert take("call", waiting.buckets, plan="trial", now=NOW + waiting.wait_for).granted


@pytest.mark.parametrize(("kind", "plan"), [("none", "paid"), ("call", "golden")])
def test_unknown_names_are_an_error(kind: str, plan: str) -> None:
    with pytest.raises(ValueError, match="unknown"):
        take(kind, {}, plan=plan, now=NOW)

"""The pace that all workers keep together, on both databases."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

import pytest
from at_once import at_once
from sqlalchemy import select

from request_tracker import settings
from request_tracker.rules.limits import PLANS, limits_of
from request_tracker.store.quota import QuotaBucket, SharedPace
from request_tracker.store.session import Database

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that several threads read and move."""

    def __init__(self) -> None:
        self.at = NOW
        self.lock = Lock()

    def __call__(self) -> datetime:
        with self.lock:
            return self.at

    def pass_by(self, seconds: float) -> None:
        with self.lock:
            self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_workers_together_stay_below_every_limit(own: Database, clock: Clock) -> None:
    """Four workers ask as fast as they may, with clocks seconds apart: no rolling window ever holds too many."""
    granted: list[tuple[datetime, str]] = []

    def worker(skew: float, kinds: tuple[str, ...]) -> Callable[[], None]:
        asked_at = [NOW]

        def now() -> datetime:
            asked_at.append(clock())
            return asked_at[-1] + timedelta(seconds=skew)

        pace = SharedPace(own, "trial", now)

        def run() -> None:
            for turn in range(40):
                kind = kinds[turn % len(kinds)]
                if not (wait := pace.take(kind)):
                    granted.append((asked_at[-1], kind))
                else:
                    clock.pass_by(min(wait, 10.0))

        return run

    at_once(
        worker(0, ("source",)), worker(2, ("source", "call")), worker(-2, ("tests",)), worker(0, ("source", "tests"))
    )
    counted = {"source": {"source", "tests"}, "tests": {"tests"}, "call": {"call", "source", "tests"}}
    assert len(granted) > 20
    for limit in PLANS["trial"]:
        at = sorted(when for when, kind in granted if kind in counted[limit.kind])
        windows = (sum(begin <= when < begin + limit.per_for for when in at) for begin in at)
        assert max(windows) <= limit.calls


def test_what_is_granted_at_once_is_the_burst_and_no_call_more(own: Database, clock: Clock) -> None:
    paces = [SharedPace(own, "trial", clock) for _ in range(4)]
    granted: list[float] = []
    at_once(*(lambda pace=pace: granted.extend(pace.take("source") for _ in range(4)) for pace in paces))
    burst = min(limit.burst for limit in limits_of("source", plan="trial"))
    assert (granted.count(0.0), len(granted)) == (burst, 16)
    assert all(1.0 < wait < 60.0 for wait in granted if wait)


def test_a_429_seen_by_one_holds_the_others_back(own: Database, clock: Clock) -> None:
    one, other = (SharedPace(own, "paid", clock) for _ in range(2))
    assert other.take("call") == 0.0
    one.throttled("source", 120)
    waits = [other.take(kind) for kind in ("call", "source", "tests")]
    assert waits == pytest.approx([120, 120, 120], abs=0.1)
    clock.pass_by(119)
    assert other.take("call") > 0
    clock.pass_by(1.1)
    assert [other.take(kind) for kind in ("call", "source")] == [0.0, pytest.approx(0.0, abs=1.0)]


def test_a_wait_counts_nothing_and_names_the_very_moment(own: Database, clock: Clock) -> None:
    pace = SharedPace(own, "trial", clock)
    while not (wait := pace.take("tests")):
        continue
    before = tokens(own)
    assert pace.take("tests") == wait
    assert tokens(own) == before
    clock.pass_by(wait)
    assert pace.take("tests") == 0.0


def tokens(database: Database) -> list[tuple[str, float]]:
    with database.reading() as session:
        return [(row.name, row.tokens) for row in session.scalars(select(QuotaBucket).order_by(QuotaBucket.name))]


def test_the_plan_is_one_of_the_published_ones() -> None:
    assert settings.read({}).fivetran_plan == "paid"
    assert settings.read({"REQUEST_TRACKER_FIVETRAN_PLAN": "trial"}).fivetran_plan == "trial"
    with pytest.raises(settings.Unsafe, match="one of: paid, trial"):
        settings.read({"REQUEST_TRACKER_FIVETRAN_PLAN": "golden"})

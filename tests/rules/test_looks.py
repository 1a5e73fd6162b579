"""When to look again: steady, spread, backing off, and never too late."""

from datetime import datetime, timedelta

from factories import MONDAY
from hypothesis import given
from hypothesis import strategies as some

from request_tracker.rules.looks import LONGEST, LONGEST_WAIT, Standing, next_look, wait
from request_tracker.rules.terms import StarterState

EVERY = timedelta(minutes=5)
ROWS = some.integers(1, 10**9)
INSTANTS = some.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=some.just(MONDAY.tzinfo))


def after(**standing: object) -> float:
    """Minutes until the next look, on average over many rows."""
    found = [next_look(row, MONDAY, Standing(**{"state": "connected", **standing}), EVERY) for row in range(400)]  # type: ignore[arg-type]
    return sum((each - MONDAY).total_seconds() for each in found) / 400 / 60


def test_the_pace_is_what_is_expected_of_the_connection() -> None:
    assert after(state="syncing") < 3 < after(state="connected") < 6 < after(state="created") < 10
    assert 55 < after(state="live") < 65
    assert after(state="live", syncs=True) < 3, "what runs is followed whatever the state says"


def test_a_thousand_rows_due_at_one_instant_come_back_spread() -> None:
    seconds = [(next_look(row, MONDAY, Standing("connected"), EVERY) - MONDAY).total_seconds() for row in range(1000)]
    assert min(seconds) >= 240
    assert max(seconds) <= 360
    tenths = [sum(1 for each in seconds if 240 + 12 * n <= each < 252 + 12 * n) for n in range(10)]
    assert min(tenths) > 50, tenths
    assert seconds[7] != (next_look(7, MONDAY + EVERY, Standing("connected"), EVERY) - MONDAY - EVERY).total_seconds()


@given(row=ROWS, now=INSTANTS, misses=some.integers(1, 10_000))
def test_silence_is_answered_with_longer_and_longer_pauses_up_to_a_bound(row: int, now: datetime, misses: int) -> None:
    pause = next_look(row, now, Standing("connected", misses), EVERY) - now
    assert timedelta(seconds=12) <= pause <= LONGEST
    assert timedelta(0) < wait(row, now, misses) <= LONGEST_WAIT
    if misses < 10:
        doubled = next_look(row, now, Standing("connected", misses + 2), EVERY) - now
        assert doubled > pause, "two more misses outweigh the spread"


@given(
    row=ROWS, now=INSTANTS, state=some.sampled_from(StarterState), misses=some.integers(0, 40), syncs=some.booleans(),
    ahead=some.timedeltas(timedelta(seconds=1), timedelta(days=2)), every=some.integers(1, 86_400),
)  # fmt: skip
def test_a_deadline_ahead_is_looked_at_in_time(
    row: int, now: datetime, state: StarterState, misses: int, syncs: bool, ahead: timedelta, every: int
) -> None:
    standing = Standing(state, misses, syncs, now + ahead)
    at = next_look(row, now, standing, timedelta(seconds=every))
    assert now < at <= min(now + ahead, now + LONGEST)
    assert at == next_look(row, now, standing, timedelta(seconds=every))
    past = Standing(state, misses, syncs, now - ahead)
    assert next_look(row, now, past, timedelta(seconds=every)) > now, "one that has passed hurries nothing"

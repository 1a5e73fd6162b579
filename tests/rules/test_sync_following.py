"""How a sync stands, judged by what changed since it was asked for; and reasons without secrets."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from request_tracker.rules.quoting import quoted
from request_tracker.rules.sync_following import Asked, Stand, Told, has_begun, stand

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
moments = st.none() | st.integers(0, 5).map(lambda hours: START + timedelta(hours=hours))
states = st.sampled_from(("scheduled", "syncing", "paused", "rescheduled"))


@given(moments, moments, moments, moments, states, st.booleans(), st.booleans())
def test_only_what_ended_after_the_asking_counts(
    good: datetime | None, bad: datetime | None, good_before: datetime | None, bad_before: datetime | None,
    state: str, is_historical: bool, is_cancelled: bool,
) -> None:  # fmt: skip
    asked, told = Asked(good_before, bad_before, is_cancelled), Told(state, good, bad, is_historical)
    found = stand(asked, told)
    good_is_new = good is not None and (good_before is None or good > good_before)
    bad_is_new = bad is not None and (bad_before is None or bad > bad_before)
    assert (found is Stand.SUCCEEDED) == (good_is_new and not is_historical)
    if found is Stand.FAILED:
        assert bad_is_new
        assert not good_is_new or (good is not None and bad is not None and bad > good)
    if not good_is_new and not bad_is_new:
        assert found in (Stand.RUNNING, Stand.PAUSED, Stand.RESCHEDULED, Stand.CANCELLED)
        assert (found is Stand.CANCELLED) == (is_cancelled and state == "scheduled")
    if good_is_new or bad_is_new or state in ("syncing", "rescheduled"):
        assert has_begun(asked, told)


@given(st.text(max_size=30), st.sampled_from(("api_key=", "token: ", "Bearer ", "password=", "client secret = ")))
def test_a_reason_names_no_secret(around: str, name: str) -> None:
    found = quoted(f"{around} {name}s3cr3tvalue {around}")
    assert "s3cr3tvalue" not in found
    assert "\n" not in found


def test_a_reason_stays_readable_and_short() -> None:
    assert quoted("The API key was refused:\n 401") == "The API key was refused: 401"
    assert quoted("GET https://api.example/v1/items?key=abc&x=1#y failed") == "GET https://api.example/v1/items failed"
    assert quoted("Sent eyJhbGciOiJIUzI1NiJ9eyJzdWIiOiIxMjM0 and got 500") == "Sent … and got 500"
    assert len(quoted("word " * 200)) <= 300

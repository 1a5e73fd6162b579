"""The program's history as stays, read back from what the real actions wrote, on both databases."""

from datetime import datetime, timedelta

import pytest
from factories import DECLINE, MONDAY, Cast, Counted, a_case, a_request, act, case_of, move
from sqlalchemy.orm import Session

from request_tracker.actions import hold, merge, undo
from request_tracker.rules.stays import Stay
from request_tracker.store import forecasts
from request_tracker.store.cases import Case
from request_tracker.store.forecasts import Forecast
from request_tracker.store.reading_stays import history

LONG_AGO = MONDAY - timedelta(days=30)
LONG_AFTER = MONDAY + timedelta(days=60)


def on(day: float) -> datetime:
    return MONDAY + timedelta(days=day)


def told(session: Session, case: Case, *, start: datetime = LONG_AGO, as_of: datetime = LONG_AFTER) -> list[tuple]:
    """(stage, entered, watched from, left, where to) of the case's stays, instants as days since MONDAY."""
    session.flush()
    found = [stay for stay in history(session, start, as_of) if stay.case_id == case.id]
    return [(s.stage, _day(s.since), _day(s.seen_from), _day(s.until), s.to) for s in found]


def _day(at: datetime | None) -> float | None:
    return None if at is None else (at - MONDAY) / timedelta(days=1)


def test_phases_holds_and_the_end_are_told(session: Session, cast: Cast) -> None:
    case = case_of(session, a_request(session, cast.ada))
    move(session, case, "claim", cast.specialist, now=on(1))
    held = hold.put_on(session, case, act(cast.specialist, on(2)), reason="requester_info", question="Which plan?")
    assert held is not None
    (open_one,) = told(session, case)[2:]
    assert open_one == ("validation.held", 2, 2, None, None)
    (found,) = hold.holds.open_holds(session, case.id)
    hold.lift(session, case, found, act(cast.specialist, on(4)))
    move(session, case, "decline", cast.specialist, now=on(7), **DECLINE)
    move(session, case, "appeal", cast.lead, now=on(9), new_information="A sandbox")
    assert told(session, case) == [
        ("submission", 0, 0, 1, "validation"),
        ("validation", 1, 1, 2, "validation.held"),
        ("validation.held", 2, 2, 4, "validation"),
        ("validation", 4, 4, 7, "ended"),
        ("validation", 4, 9, None, None),
    ], "an appeal finds the phase as it was: older by what had passed, but watched only from then on"


def test_what_was_undone_never_was(session: Session, cast: Cast) -> None:
    case = case_of(session, a_request(session, cast.ada))
    move(session, case, "claim", cast.specialist, now=on(1))
    undo.undo(session, case, version=case.version, act=act(cast.specialist, on(1) + timedelta(minutes=3)))
    assert told(session, case) == [("submission", 0, 0, None, None)]
    move(session, case, "discard", cast.specialist, now=on(3), reason="Nothing we could build")
    assert told(session, case) == [("submission", 0, 0, 3, "ended")]
    assert told(session, case, as_of=on(2)) == [("submission", 0, 0, None, None)]


def test_a_rework_is_a_stay_of_its_own(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="private_preview")
    move(session, case, "rework", cast.engineer, now=on(3), gaps=["Deleted records"])
    move(session, case, "open_preview", cast.engineer, now=on(5))
    assert told(session, case)[-3:] == [
        ("private_preview", 0, 0, 3, "development.again"),
        ("development.again", 3, 3, 5, "private_preview.again"),
        ("private_preview.again", 5, 5, None, None),
    ]


def test_a_merged_case_is_watched_until_then_and_again_when_it_stands_alone(session: Session, cast: Cast) -> None:
    root, child = a_case(session, cast, phase="validation"), a_case(session, cast, phase="validation")
    link = merge.merge(
        session, child, root, act(cast.specialist, on(2)), version=child.version, into_version=root.version
    )
    assert told(session, child)[-1] == ("validation", 0, 0, 2, "merged")
    merge.unmerge(session, link, act(cast.specialist, on(9)))
    move(session, child, "decline", cast.specialist, now=on(10), **DECLINE)
    assert told(session, child)[-2:] == [("validation", 0, 0, 2, "merged"), ("validation", 0, 9, 10, "ended")]
    assert told(session, root)[-1] == ("validation", 0, 0, None, None)


def test_a_withdrawal_taken_back_leaves_a_gap(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    move(session, case, "withdraw", cast.ada, now=on(2))
    move(session, case, "reinstate", cast.ada, now=on(6))
    assert told(session, case)[-2:] == [("validation", 0, 0, 2, "ended"), ("validation", 0, 6, None, None)]


def test_the_window_bounds_what_is_read(session: Session, cast: Cast) -> None:
    old = a_case(session, cast, phase="validation")
    move(session, old, "decline", cast.specialist, now=on(3), **DECLINE)
    slow = a_case(session, cast, phase="validation")
    move(session, slow, "decline", cast.specialist, now=on(12), **DECLINE)
    still = a_case(session, cast, phase="consultation")
    assert told(session, old, start=on(5)) == []
    assert told(session, slow, start=on(5)) == [("validation", 0, 5, 12, "ended")], "seen from the window on only"
    assert told(session, still, start=on(5)) == [("consultation", 0, 5, None, None)]


@pytest.mark.parametrize("more", [0, 3])
def test_any_number_of_cases_is_read_in_three_statements(session: Session, cast: Cast, more: int) -> None:
    for number in range(1 + more):
        a_case(session, cast, phase="validation", service_name=f"Service {number}")
    session.flush()
    with Counted(session) as counted:
        found = history(session, LONG_AGO, LONG_AFTER)
    assert len(counted.statements) == 3
    assert len([stay for stay in found if isinstance(stay, Stay)]) == 2 * (1 + more)


def test_only_the_newest_rows_are_kept(session: Session, cast: Cast) -> None:
    for number in range(forecasts.KEPT + 5):
        forecasts.keep(session, on(number), {"number": number}, on(number))
    assert session.query(Forecast).count() == forecasts.KEPT
    newest = forecasts.newest(session)
    assert newest is not None
    assert newest.body == {"number": forecasts.KEPT + 4}


def test_since_when_a_case_is_on_hold_comes_with_the_forecast(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    assert forecasts.newest_for(session, case.id) is None
    forecasts.keep(session, on(0), {"a": 1}, on(0))
    hold.put_on(session, case, act(cast.specialist, on(1)), reason="requester_info", question="Which plan?")
    session.flush()
    with Counted(session) as counted:
        found = forecasts.newest_for(session, case.id)
    assert found is not None
    assert (len(counted.statements), found.held_since, found.last_held) == (1, on(1), None)
    hold.lift(session, case, hold.holds.open_holds(session, case.id)[0], act(cast.specialist, on(2)))
    session.flush()
    found = forecasts.newest_for(session, case.id)
    assert found is not None
    assert (found.held_since, found.last_held) == (None, on(2))

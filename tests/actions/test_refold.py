"""The nightly look: every cached column against the events, in pieces, once a night; decided verdicts only reported."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from factories import DECLINE, MONDAY, Cast, a_case, a_request, act, case_of, move
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from request_tracker.actions import hold, merge, refold, sweep
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.rules.program import Program
from request_tracker.store import clocks
from request_tracker.store.base import FAR
from request_tracker.store.cases import Case
from request_tracker.store.clocks import Clock, ClockEventRow
from request_tracker.store.jobs import Job
from request_tracker.store.refolds import ClockDifference, Refold

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def system(now: Any, zone: str = "UTC") -> Act:
    return Act(SYSTEM, now, Program(zone=zone))


def night(session: Session, now: Any) -> Refold:
    """Begin the night's look and carry it out to its end, as the worker would."""
    assert refold.ensure(session, system(now))
    row = session.scalars(select(Refold).order_by(Refold.id.desc())).first()
    assert row is not None
    while row.finished_at is None:
        refold.settle(session, row.id, refold.look(session, row.cursor, now), system(now), after=row.cursor)
    return row


def differences(session: Session) -> list[tuple[str, str, str, bool]]:
    rows = session.scalars(select(ClockDifference).order_by(ClockDifference.id))
    return [(row.column, row.cached, row.folded, row.repaired) for row in rows]


def spoil(session: Session, clock: Clock, **values: Any) -> None:
    """Write wrong values behind everybody's back."""
    session.execute(update(Clock).where(Clock.id == clock.id).values(**values))
    session.expire(clock)


def review_of(session: Session, case: Case) -> Clock:
    found = clocks.latest(session, case.id, "review")
    assert found is not None
    return found


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_once_a_night_after_two_where_the_program_lives(session: Session, zone: str) -> None:
    begins = 2 * HOUR
    midnight = MONDAY.replace(hour=0, tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
    tries = [(begins - timedelta(seconds=1), False), (begins, True), (begins + HOUR, False), (begins + DAY, True)]
    for after, begun in tries:
        assert refold.ensure(session, system(midnight + after, zone)) is begun, after
    assert session.scalars(select(Refold.day).order_by(Refold.id)).all() == ["2026-11-02", "2026-11-03"]
    jobs = session.scalars(select(Job).where(Job.kind == "refold")).all()
    assert len(jobs) == 2


def test_time_alone_is_no_difference(session: Session, cast: Cast) -> None:
    """Running, overdue, told, paused, stopped, merged and void clocks, looked at long after anybody touched them."""
    a_case(session, cast, phase="private_preview")
    paused = a_case(session, cast, phase="validation", service_name="Umbrella")
    hold.put_on(session, paused, act(cast.specialist, MONDAY + DAY), reason="source_vendor")
    root, child = (a_case(session, cast, service_name=name) for name in ("Hooli", "Hooli Cloud"))
    merge.merge(session, child, root, act(cast.specialist), version=child.version, into_version=root.version)
    sweep.clocks_due(session, system(MONDAY + 12 * DAY))
    for days in (12, 13, 16, 400):
        row = night(session, MONDAY + timedelta(days=days))
        assert (row.differing, differences(session)) == (0, []), days
    assert row.looked_at == len(session.scalars(select(Clock)).all())
    assert not [job for job in session.scalars(select(Job)) if job.args.get("notice") == "clocks_differ"]


SPOILT: list[tuple[str, dict[str, Any]]] = [
    ("due_at", {"due_at": MONDAY + DAY}),
    ("at_risk_at", {"at_risk_at": None}),
    ("zero_us", {"zero_us": 17}),
    ("elapsed_s", {"elapsed_s": -1.0}),
    ("target_s", {"target_s": 1.0}),
    ("paused", {"paused": {"source_vendor": 3.0}}),
    ("started_at", {"started_at": MONDAY + DAY}),
    ("notice_at", {"notice_at": None}),
    ("verdict", {"verdict": "breached", "breached_at": MONDAY}),
]


@pytest.mark.parametrize(("column", "values"), SPOILT, ids=[column for column, _ in SPOILT])
def test_an_open_clock_is_put_right_and_admins_and_leads_hear_of_it_once(
    session: Session, cast: Cast, column: str, values: dict[str, Any]
) -> None:
    case = a_case(session, cast)
    clock = review_of(session, case)
    wanted = {name: getattr(clock, name) for name in (*values, "notice_at")}
    spoil(session, clock, **values)
    row = night(session, MONDAY + 2 * DAY)
    decided = column == "verdict"
    found = differences(session)
    assert column in [each[0] for each in found]
    assert {each[3] for each in found} == {not decided}
    assert row.differing == 1
    if not decided:
        grown = {"elapsed_s": 172_800.0} if column == "elapsed_s" else {}
        assert {name: getattr(clock, name) for name in wanted} == {**wanted, **grown}
    letters = [job for job in session.scalars(select(Job)) if job.args.get("notice") == "clocks_differ"]
    assert [job.args["differing"] for job in letters] == [1]
    again = night(session, MONDAY + 3 * DAY)
    assert again.differing == int(decided), "what is put right is no difference the next night"


def test_a_decided_verdict_is_reported_and_left_alone(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    move(session, case, "decline", cast.specialist, now=MONDAY + DAY, **DECLINE)
    clock = review_of(session, case)
    spoil(session, clock, verdict="breached", breached_at=MONDAY, elapsed_s=1.0)
    night(session, MONDAY + 2 * DAY)
    assert sorted(differences(session)) == [
        ("breached_at", MONDAY.isoformat(), "nothing", False),
        ("elapsed_s", "1.0", "86400.0", False),
        ("verdict", "breached", "met", False),
    ]
    assert (clock.verdict, clock.elapsed_s) == ("breached", 1.0)


def test_a_case_out_of_its_place_in_the_queue_is_put_back(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    session.execute(update(Case).where(Case.id == case.id).values(queue_at=FAR, at_risk_at=None))
    session.expire(case)
    night(session, MONDAY + DAY)
    assert [(column, repaired) for column, _, _, repaired in differences(session)] == [
        ("case.queue_at", True), ("case.at_risk_at", True),
    ]  # fmt: skip
    assert case.queue_at == MONDAY + 14 * DAY


def test_rows_from_before_are_filled_in_without_a_word(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="development")
    hold.put_on(session, case, act(cast.specialist, MONDAY + DAY), reason="source_vendor")
    (row,) = hold.holds.open_holds(session, case.id)
    hold.lift(session, case, row, act(cast.specialist, MONDAY + 2 * DAY))
    kept = {each.id: (each.zero_us, each.calendar_id, each.paused) for each in clocks.of_case(session, case.id)}
    session.execute(update(Clock).values(zero_us=None, calendar_id=None, paused={}))
    session.expire_all()
    assert night(session, MONDAY + 3 * DAY).differing == 0
    assert {each.id: (each.zero_us, each.calendar_id, each.paused) for each in clocks.of_case(session, case.id)} == kept
    assert any(paused for _, _, paused in kept.values())


def test_pieces_go_on_where_they_were_cut(session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refold, "PIECE", 2)
    for n in range(5):
        case_of(session, a_request(session, cast.ada, service_name=f"Service {n} {n * 37}"))
    last = session.scalars(select(Clock).order_by(Clock.id.desc())).first()
    assert last is not None
    spoil(session, last, target_s=1.0)
    now = MONDAY + DAY
    refold.ensure(session, system(now))
    row = session.scalars(select(Refold)).one()
    seen = refold.look(session, 0, now, limit=2)
    assert refold.settle(session, row.id, seen, system(now), after=0)
    assert not refold.settle(session, row.id, seen, system(now), after=0), "the same job, run twice"
    assert (row.looked_at, row.differing) == (2, 0)
    while row.finished_at is None:
        refold.settle(session, row.id, refold.look(session, row.cursor, now, limit=2), system(now), after=row.cursor)
    assert (row.looked_at, row.differing) == (5, 1)
    queued = session.scalars(select(Job.args).where(Job.kind == "refold").order_by(Job.id)).all()
    assert [args["after"] for args in queued][:2] == [0, seen.last]
    assert len(queued) == 3


def test_what_somebody_changes_meanwhile_is_no_difference(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    clock = review_of(session, case)
    right = clock.target_s
    spoil(session, clock, target_s=1.0)
    refold.ensure(session, system(MONDAY + DAY))
    row = session.scalars(select(Refold)).one()
    seen = refold.look(session, 0, MONDAY + DAY)
    assert seen.clocks == (clock.id,)
    spoil(session, clock, target_s=right)
    refold.settle(session, row.id, seen, system(MONDAY + DAY), after=0)
    assert differences(session) == []


def test_the_same_by_hand_repairs_nothing(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    assert list(refold.every_difference(session, MONDAY + DAY)) == []
    clock = review_of(session, case)
    spoil(session, clock, target_s=1.0)
    ((case_id, found),) = refold.every_difference(session, MONDAY + DAY)
    assert (case_id, found.column, found.cached, found.value) == (case.id, "target_s", 1.0, 864000.0)
    session.refresh(clock)
    assert clock.target_s == 1.0


def test_one_broken_event_hides_no_other_clock(session: Session, cast: Cast) -> None:
    """Of three clocks one has a start that is none; the last is wrong, and is put right all the same."""
    made = [a_case(session, cast, service_name=name) for name in ("Acme", "Umbrella", "Hooli")]
    broken, _, wrong = (review_of(session, case) for case in made)
    start = ClockEventRow.clock_id == broken.id
    session.execute(update(ClockEventRow).where(start).values(target_s=0.0))
    spoil(session, wrong, target_s=1.0)
    row = night(session, MONDAY + DAY)
    assert (row.looked_at, row.differing) == (3, 2)
    fault = "ValueError: A target is some working time, more than none."
    assert differences(session) == [("events", "nothing", fault, False), ("target_s", "1.0", "864000.0", True)]
    found = {case_id: each.column for case_id, each in refold.every_difference(session, MONDAY + DAY)}
    assert found == {made[0].id: "events"}

"""The job loop: each job once, failures tried again and given up, undone causes left alone, the dead revived."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from factories import MONDAY, Cast, a_case, a_cast, act, move
from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import undo
from request_tracker.fivetran.client import Fivetran
from request_tracker.serve import hired
from request_tracker.settings import Settings
from request_tracker.store import jobs
from request_tracker.store.jobs import Job
from request_tracker.store.session import Database
from request_tracker.work.context import Context, Later
from request_tracker.work.effects import EFFECTS, Call, unless_undone
from request_tracker.work.worker import SLOW, Worker


class Clock:
    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> Any:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def context(rolled: Database, settings: Settings, clock: Clock) -> Context:
    return Context(rolled, settings, clock, lambda: Fivetran("http://127.0.0.1:1", "k", "s"))


def put(session: Session, kind: str = "note", **more: Any) -> None:
    jobs.put(session, kind, {"n": 1}, now=MONDAY, **more)
    session.commit()


def only_job(session: Session) -> Job:
    session.expire_all()
    return session.scalars(select(Job)).one()


def test_a_job_is_done_once(session: Session, context: Context) -> None:
    seen: list[Call] = []
    put(session, unique_key="one")
    put(session, unique_key="one")
    worker = Worker(context, effects={"note": lambda _, call: seen.append(call)})
    assert worker.drain() == 1
    assert [call.args for call in seen] == [{"n": 1}]
    assert only_job(session).state == "done"


def test_a_job_waits_for_its_time(session: Session, context: Context, clock: Clock) -> None:
    put(session, run_at=MONDAY + timedelta(seconds=10))
    worker = Worker(context, effects={"note": lambda *_: None})
    assert worker.drain() == 0
    clock.now += timedelta(seconds=10)
    assert worker.drain() == 1


def test_a_failing_job_is_tried_again_later_and_shown_when_dead(
    session: Session, context: Context, clock: Clock
) -> None:
    def fail(_: Context, __: Call) -> None:
        raise OSError("the line is down")

    put(session)
    worker = Worker(context, effects={"note": fail})
    pauses = []
    for _ in range(12):
        assert worker.drain() == 1
        job = only_job(session)
        pauses.append(job.run_at - clock.now)
        clock.now = max(job.run_at, clock.now)
    assert pauses[:3] == [timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=60)]
    assert (job.state, job.last_error) == ("dead", "OSError: the line is down")
    assert jobs.retry(session, job.id, clock.now)
    session.commit()
    assert only_job(session).state == "ready"


def test_later_says_when(session: Session, context: Context, clock: Clock) -> None:
    def wait(_: Context, __: Call) -> None:
        raise Later("no access yet", seconds=300)

    put(session)
    Worker(context, effects={"note": wait}).drain()
    assert only_job(session).run_at == clock.now + timedelta(seconds=300)


def test_an_expired_lock_is_revived(session: Session, context: Context, clock: Clock) -> None:
    put(session)
    assert jobs.claim(session, "gone:1:x", clock.now)
    session.commit()
    worker = Worker(context, effects={"note": lambda *_: None})
    assert worker.drain() == 0
    clock.now += jobs.LOCK_FOR + timedelta(seconds=1)
    assert worker.drain() == 1


def test_what_computes_long_leaves_hands_for_letters(session: Session, context: Context) -> None:
    for n in range(6):
        put(session, "assess_document", unique_key=f"document {n}")
    put(session, "deliver")
    hands = hired(context)
    found = [jobs.claim(session, hand.name, MONDAY, but=hand.but) for hand in hands]
    assert [each.kind if each else "" for each in found] == ["assess_document", "assess_document", "deliver", ""]
    assert set(SLOW) <= set(EFFECTS)


def test_a_late_worker_cannot_finish_what_another_took_over(session: Session, clock: Clock) -> None:
    put(session)
    job = jobs.claim(session, "slow:1:x", clock.now)
    assert job is not None
    clock.now += jobs.LOCK_FOR + timedelta(seconds=1)
    assert jobs.claim(session, "quick:2:y", clock.now)
    jobs.finish(session, job.id, "slow:1:x", clock.now)
    assert only_job(session).state == "running"
    jobs.finish(session, job.id, "quick:2:y", clock.now)
    assert only_job(session).state == "done"


def test_what_a_killed_worker_of_this_machine_held_is_freed_at_once(session: Session, clock: Clock) -> None:
    put(session)
    jobs.claim(session, "here:4711:x", clock.now)
    assert jobs.free_orphans(session, "here", lambda pid: pid != 4711, "here:1:y") == 1
    assert only_job(session).state == "ready"
    jobs.claim(session, "here:12:x", clock.now)
    assert jobs.free_orphans(session, "here", lambda pid: True, "here:1:y") == 0
    assert jobs.free_orphans(session, "elsewhere", lambda pid: False, "elsewhere:1:y") == 0


def test_undoing_cancels_what_waits_and_stops_what_comes_too_late(
    session: Session, cast: Cast, context: Context, clock: Clock
) -> None:
    ran: list[str] = []
    case = a_case(session, cast)
    move(session, case, "claim", cast.specialist)
    waiting = session.scalars(select(Job).where(Job.state == "ready", Job.run_at > MONDAY)).all()
    assert [job.args["notice"] for job in waiting] == ["in_review"]
    undo.undo(session, case, version=case.version, act=act(cast.specialist))
    session.commit()
    assert case.phase == "submission"
    session.expire_all()
    assert [job.state for job in waiting] == ["cancelled"]
    effect = unless_undone(lambda _, call: ran.append(call.kind))
    effect(context, Call(1, "late", {}, waiting[0].event_id))
    effect(context, Call(2, "free", {}, None))
    assert ran == ["free"]


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_many_workers_share_the_jobs(kind: str, request: pytest.FixtureRequest, settings: Settings) -> None:
    """Real threads, real commits: forty jobs, four workers, each job once."""
    from concurrent.futures import ThreadPoolExecutor

    database: Database = request.getfixturevalue("fresh" if kind == "sqlite" else "fresh_postgres")
    seen: list[int] = []
    with database.transaction() as session:
        for n in range(40):
            jobs.put(session, "note", {"n": n}, now=MONDAY)
    context = Context(database, settings, lambda: MONDAY, lambda: Fivetran("http://127.0.0.1:1", "k", "s"))

    def work(_: int) -> int:
        return Worker(context, effects={"note": lambda _, call: seen.append(call.args["n"])}).drain()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 40
    assert sorted(seen) == list(range(40))


def test_two_people_move_one_case_at_once(fresh: Database) -> None:
    _race(fresh)


@pytest.mark.postgres
def test_two_people_move_one_case_at_once_on_postgresql(fresh_postgres: Database) -> None:
    _race(fresh_postgres)


def _race(database: Database) -> None:
    """Both hold the same version: one moves, the other is told it is stale."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    from request_tracker.actions.advance import Stale, advance
    from request_tracker.store.cases import Case

    with database.transaction() as session:
        cast = a_cast(session)
        case_id = a_case(session, cast).id
    start = Barrier(2)

    def go(name: str) -> str:
        start.wait()
        try:
            with database.transaction() as session:
                case = session.get_one(Case, case_id)
                fields = {"reason": "no"} if name == "discard" else {}
                advance(session, case, name, version=1, act=act(cast.specialist), fields=fields)
        except Stale:
            return "stale"
        return "moved"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(go, ("claim", "discard"))) == ["moved", "stale"]
    with database.reading() as session:
        assert session.get_one(Case, case_id).version == 2


def test_settings_never_show_their_secrets(settings: Settings) -> None:
    shown = repr(replace(settings, database_url="postgresql://ours:database-secret@db.example/x"))
    assert "database-secret" not in shown
    assert "fivetran-secret" not in shown
    assert "webhook-secret" not in shown

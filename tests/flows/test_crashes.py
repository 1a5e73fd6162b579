"""Workers killed with -9 at random instants, and every fault of the neighbour at random: one connection a case."""

import os
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from crash_yard import Yard, a_yard
from factories import a_case, a_cast
from sqlalchemy import func, select

from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.session import Database

CASES = int(os.environ.get("CRASH_CASES", "25"))
WORKERS = 3
KILLS = min(CASES, 150)
PATIENCE = 120.0 + CASES
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "latency", "seconds": 0.2, "probability": 0.1},
    {"kind": "error_before", "probability": 0.05},
    {"kind": "error_after", "method": "POST", "probability": 0.15},
    {"kind": "hang_up_before", "probability": 0.03},
    {"kind": "hang_up_after", "method": "POST", "probability": 0.15},
    {"kind": "conflict", "method": "POST", "probability": 0.05},
    {"kind": "too_many_requests", "seconds": 1, "probability": 0.005},
)


@pytest.mark.deep
@pytest.mark.parametrize("seed", [int(os.environ.get("CRASH_SEED", "1"))])
def test_whatever_is_killed_and_whatever_fails_each_case_gets_one(own: Database, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with own.transaction() as session:
        cast = a_cast(session)
        for number in range(CASES):
            a_case(session, cast, phase="consultation", service_name=f"Service {number} {chance.randrange(10**9)}")
    with a_yard(own, tmp_path, chance) as yard:
        for rule in FAULTS:
            yard.control("faults", {"path": "/v1/*", **rule})
        for _ in range(WORKERS):
            yard.start()
        end = time.monotonic() + PATIENCE
        while yard.ready() < CASES * 0.9 and yard.killed < KILLS and time.monotonic() < end:
            time.sleep(chance.uniform(0.3, 1.5))
            yard.kill_one()
        yard.control("faults", {"items": []})
        done = yard.until_ready(CASES, patience=PATIENCE)
        told = f"{yard.killed} kills; {_state(own)}; {(tmp_path / 'worker.log').read_text()[-2000:]}"
        assert done, told
        figures = f"seed {seed}: {CASES} cases, {yard.killed} workers killed, {len(_log(yard))} calls"
        sys.stdout.write(f"\n{own.engine.dialect.name}, {figures}\n")
        _all_is_well(own, yard.made())
        assert yard.killed > 0


def _all_is_well(database: Database, made: list[dict[str, Any]]) -> None:
    with database.reading() as session:
        rows = session.scalars(select(Connection).order_by(Connection.id)).all()
        cases = set(session.scalars(select(Case.id)))
        letters = Counter(session.scalars(select(Letter.unique_key).where(Letter.notice == "connect")))
        unsent = session.scalars(
            select(Letter.unique_key).where(Letter.state != "sent", Letter.notice == "connect")
        ).all()
        dead = session.scalars(select(Job.kind).where(Job.state == "dead")).all()
    assert {row.case_id for row in rows} == cases
    assert len(rows) == len(cases), "one row a case"
    assert sorted(each["id"] for each in made) == sorted(row.connection_id or "" for row in rows), "none orphaned"
    assert sorted(each["schema"] for each in made) == sorted(row.schema_name for row in rows), "each as it was meant"
    assert {each["paused"] for each in made} == {True}
    assert set(letters.values()) == {1}
    assert len(letters) == len(cases)
    assert unsent == []
    assert dead == [], "nothing was given up"


def _state(database: Database) -> list[Any]:
    waiting = select(Job.kind, Job.state, Job.last_error).where(Job.state.in_(("ready", "dead"))).limit(20)
    with database.reading() as session:
        rows = session.execute(select(Connection.state, func.count()).group_by(Connection.state)).all()
        return [*map(tuple, rows), *map(tuple, session.execute(waiting))]


def _log(yard: Yard) -> list[Any]:
    return list(httpx.get(f"{yard.emulator}/_control/log", timeout=30).json()["items"])

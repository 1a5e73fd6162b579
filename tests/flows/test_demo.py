"""The demo as people start it: it comes up, one case walks through it while its worker is killed, Ctrl-C ends it."""

import random
import sqlite3
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest
from factories import typed
from running import Running, a_demo

pytestmark = pytest.mark.deep
SPECIALIST, ENGINEER, LEAD = "specialist", "engineer", "lead"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with a_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


def _walk(demo: Running, name: str) -> str:
    """From the form to generally available, over the API and the emulator's buttons. Answers the case's number."""
    asker, spec = demo.person("requester"), demo.person(SPECIALIST)
    sent = demo.call(asker, "POST", "/requests", typed(service_name=name), status=201)
    number = sent["case"]
    demo.move(spec, number, "claim")
    demo.call(spec, "PUT", f"/cases/{number}/assessment", {"accept_all": True})
    demo.put(spec, number, "duplicates_checked")
    demo.move(spec, number, "accept", reason="A good candidate")
    demo.until(lambda: "starter_ready" in demo.case(number)["evidence"])
    demo.press("grant", demo.case(number)["connection"]["connection_id"])
    demo.until(lambda: "access_granted" in demo.case(number)["evidence"])
    demo.put(spec, number, "service_demonstrated", "use_cases_recorded", "data_requirements_recorded")
    demo.put(asker, number, "minutes_confirmed")
    demo.move(spec, number, "start_build")
    demo.put(demo.person(ENGINEER), number, "built", "tested", "documented")
    demo.move(demo.person(ENGINEER), number, "open_preview")
    demo.until(lambda: "initial_sync_finished" in demo.case(number)["evidence"])
    demo.put(asker, number, "completeness_reviewed", "requester_verified")
    demo.put(demo.person(LEAD), number, "catalogue_checked")
    demo.move(demo.person(LEAD), number, "release")
    return str(number)


def _kill_now_and_then(demo: Running, times: int, stop: threading.Event) -> None:
    chance = random.Random(4)
    for _ in range(times):
        if stop.wait(chance.uniform(0.2, 2.5)):
            return
        worker = demo.worker()
        if worker is not None:
            worker.kill()


def test_one_of_each_though_the_worker_is_killed_ten_times(demo: Running) -> None:
    stop = threading.Event()
    killer = threading.Thread(target=_kill_now_and_then, args=(demo, 10, stop))
    killer.start()
    try:
        number = _walk(demo, "Crash Test Service")
    finally:
        stop.set()
        killer.join()
    case = demo.case(number)
    assert case["outcome"] == "released"
    wanted = {"receipt", "in_review", "accepted", "connect", "minutes", "build_started", "preview_opened", "released"}
    counted = demo.until(lambda: _all_sent(demo, number, wanted))
    assert {notice: counted[notice] for notice in wanted} == dict.fromkeys(wanted, 1)
    made = _emulator_schemas(demo)
    assert made.count(case["connection"]["schema"]) == 1
    assert len(made) == len(set(made))


def _all_sent(demo: Running, number: str, wanted: set[str]) -> Counter[str] | None:
    database = sqlite3.connect(f"file:{demo.folder}/request_tracker.sqlite3?mode=ro", uri=True)
    with database:
        rows = database.execute(
            "SELECT notice FROM letter WHERE case_id = ? AND state = 'sent'", (int(number.removeprefix("LITE-")),)
        ).fetchall()
    database.close()
    counted = Counter(row[0] for row in rows)
    return counted if wanted <= set(counted) else None


def _emulator_schemas(demo: Running) -> list[str]:
    secret = (demo.folder / "fivetran_secret").read_text()
    import httpx

    answer = httpx.get(f"{demo.emulator}/v1/connections?limit=1000", auth=("demo-key", secret))
    return [each["schema"] for each in answer.json()["data"]["items"]]


def test_the_mailbox_and_the_people(demo: Running) -> None:
    roles = Counter(each["role"] for each in demo.people)
    assert set(roles) == {"requester", "specialist", "engineer", "lead", "admin", "auditor"}
    assert roles["requester"] >= 3
    letters = demo.letters()
    assert {"to", "subject", "text", "html", "message_id", "sent_at"} <= set(letters[0])
    ids = [each["message_id"] for each in letters]
    assert len(ids) == len(set(ids))


def test_every_chain_is_whole(demo: Running) -> None:
    from request_tracker.store import timeline
    from request_tracker.store.session import Database

    database = Database(f"sqlite:///{demo.folder}/request_tracker.sqlite3")
    with database.reading() as session:
        assert timeline.broken(session) == []
    database.close()


def test_ctrl_c_ends_everything(tmp_path: Path) -> None:
    with a_demo(tmp_path) as running:
        children = psutil.Process(running.process.pid).children(recursive=True)
        assert len(children) >= 3
    assert running.process.returncode == 0
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]

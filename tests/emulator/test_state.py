"""The emulator's memory: outlives a kill, stays quick when it is full, and holds under many hands."""

import signal
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from at_once import at_once

from request_tracker.emulator.state import State
from request_tracker.emulator.world import EXTENSION

WRITER = """
import sys, itertools
from pathlib import Path
from request_tracker.emulator.state import State
state = State(Path(sys.argv[1]))
for number in itertools.count():
    with state.changing():
        state.put("pair", {"id": "one", "number": number})
        state.put("pair", {"id": "two", "number": number})
    print(number, flush=True)
"""


def test_what_was_said_to_be_done_outlives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "state"
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(50)]
        process.send_signal(signal.SIGKILL)
        told += [int(line) for line in process.stdout if line.endswith("\n")]
    state = State(path)
    found = {doc["id"]: doc["number"] for doc in state.find("pair")}
    state.close()
    assert found["one"] == found["two"], "both or neither"
    assert found["one"] >= told[-1]


@pytest.mark.parametrize(
    "ask",
    [
        lambda state: state.get("connection", "x"),
        lambda state: state.find("connection", {"group_id": "g", "schema": "s"}),
        lambda state: state.find("connection", {"schema": "s"}),
        lambda state: state.count("delivery", {"webhook_id": "w"}),
        lambda state: state.first("delivery", {"webhook_id": "w"}, by="due_at"),
        lambda state: state.up_to("connection", "sync.finish_at", "2026"),
        lambda state: state.lowest("connection", "sync.finish_at"),
        lambda state: state.drop_all("delivery", {"webhook_id": "w"}),
        lambda state: state.read_log(100, most=10),
        lambda state: state.last_log(10),
    ],
)
def test_what_is_asked_all_the_time_is_looked_up_not_searched_for(ask) -> None:
    state, asked = State(None), []
    state._db.set_trace_callback(asked.append)
    ask(state)
    state._db.set_trace_callback(None)
    plans = [row[3] for query in asked for row in state._db.execute(f"EXPLAIN QUERY PLAN {query}")]
    state.close()
    assert plans
    assert [step for step in plans if step.startswith("SCAN doc") or "TEMP B-TREE" in step] == []


def test_a_file_of_an_earlier_version_is_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with sqlite3.connect(path) as old:
        old.execute("CREATE TABLE log (seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL)")
        old.execute("CREATE TABLE doc (seq INTEGER PRIMARY KEY, kind TEXT, id TEXT, body TEXT, UNIQUE (kind, id))")
        old.execute("INSERT INTO doc (kind, id, body) VALUES ('group', 'g', '{\"id\": \"g\"}')")
    old.close()
    state = State(path)
    state.write_log({"method": "GET", "path": "/v1/groups?limit=1", "status": 200})
    assert (state.get("group", "g"), len(state.read_log(path="/v1/groups"))) == ({"id": "g"}, 1)
    state.close()


def test_many_hands_lose_nothing(api) -> None:
    group = api.group()
    api("POST", "/_control/faults", {"kind": "error_after", "path": "/v1/connections", "count": 10})
    answers: list[int] = []

    def create(number: int) -> None:
        wish = {"group_id": group, "service": "cursor", "config": {"schema": f"lite_{number}"}}
        answers.append(api("POST", "/v1/connections", wish).status_code)

    at_once(*[partial(create, number) for number in range(30)])
    state = api.app.extensions[EXTENSION].state
    assert state.count("connection") == 30
    assert sorted(answers) == [201] * 20 + [503] * 10
    assert len(state.read_log(path="/v1/connections")) == 30

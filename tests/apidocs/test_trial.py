"""Trial syncs with the vendor's own SDK: what lands, what goes on, what a project may not do, what stays unknown."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from click.testing import CliRunner

from request_tracker import resources
from request_tracker.apidocs import trial
from request_tracker.apidocs.apart import read_apart
from request_tracker.apidocs.scaffold import scaffold
from request_tracker.apidocs.trial import Limits, Ran
from request_tracker.apidocs.trials import trial_env
from request_tracker.cli import main

HOME = trial.home()
SECRET = "s3cret-of-one-run"
needs_sdk = pytest.mark.skipif(
    not trial.is_set_up(HOME) and not os.environ.get("REQUIRE_ALL"),
    reason="the environment of trials is not there: run `request-tracker trial --setup`",
)
ITEMS = """
import base64
from fivetran_connector_sdk import Connector, Logging as log, Operations as op

ITEMS = [{"id": n, "name": f"item {n}", "at": f"2026-01-{n:02}T00:00:00Z", "c0": n, "sizes": [n]} for n in range(1, 26)]

def schema(configuration):
    columns = {"id": "INT", "name": "STRING", "at": "UTC_DATETIME", "c0": "LONG", "sizes": "JSON", "day": "NAIVE_DATE"}
    return [{"table": "item", "primary_key": ["id"], "columns": columns}, {"table": "empty", "primary_key": ["id"]},
            {"table": "keyless"}]

def update(configuration, state):
    log.info("signed in with " + configuration["api_key"])
    log.warning("one row was left out, " + configuration["api_key"])
    for item in ITEMS:
        if item["at"] > state.get("at", ""):
            op.upsert("item", {**item, "day": item["at"][:10], "seen_by": configuration["api_key"]})
    op.checkpoint({"at": ITEMS[-2]["at"], "note": configuration["api_key"]})
    op.upsert("keyless", {"Mixed": 1})
    op.upsert("keyless", {"mixed": "one"})
    op.update("item", {"id": 24, "name": "changed"})
    op.delete("item", {"id": 25})
    op.upsert("unforeseen", {"id": 1})
    op.warning("Some things were left out, says " + configuration["api_key"])
    pair = base64.b64encode(f"ada:{configuration['api_key']}".encode()).decode()
    op.upsert("unforeseen", {"id": 2, "header": f"Basic {pair}"})

connector = Connector(update=update, schema=schema)
"""


def a_project(folder: Path, code: str) -> Path:
    folder.mkdir()
    (folder / "connector.py").write_text(code)
    (folder / "configuration.json").write_text(json.dumps({"api_key": "<API_KEY>", "page_size": "50"}))
    return folder


def an_update(body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return (
        "from fivetran_connector_sdk import Connector, Operations as op\n\n"
        f"def update(configuration, state):\n{lines}\n\nconnector = Connector(update=update)\n"
    )


def tried(project: Path, **given: Any) -> Ran:
    usual: dict[str, Any] = {"home": HOME, "configuration": {"api_key": SECRET, "user": "ada"}}
    return trial.run(project, **{**usual, "database": project / "rows.duckdb", **given})


@needs_sdk
def test_a_sync_lands_the_next_one_goes_on_and_a_reset_starts_over(tmp_path: Path) -> None:
    project = a_project(tmp_path / "p", ITEMS)
    listening: set[str] = set()

    def look(step: str) -> None:
        if step == "Reading":
            for child in psutil.Process().children():
                ends = [one.laddr.ip for one in child.net_connections() if one.status == "LISTEN"]
                listening.update(each.removeprefix("::ffff:") for each in ends)

    first = tried(project, on_step=look)
    assert (first.state, first.sentence) == ("done", "Every table was read to its end.")
    assert asdict(first.counts) == {"upserts": 29, "updates": 1, "deletes": 1, "truncates": 0, "checkpoints": 1}
    assert {each.name: each.rows for each in first.tables} == {"item": 24, "empty": 0, "keyless": 2, "unforeseen": 2}
    assert dict(first.tables[0].columns)["at"] == "TIMESTAMP WITH TIME ZONE"
    assert first.sample["item"][0] == {
        **{"id": "1", "name": "item 1", "at": "2026-01-01 00:00:00+00", "c0": "1", "sizes": "[1]", "day": "2026-01-01"},
        "seen_by": "•••",
    }
    assert len(first.sample["item"]) == 20
    told = {each.name: " ".join(each.warnings) for each in first.tables}
    assert "does not name them: seen_by" in told["item"]
    assert "No rows arrived" in told["empty"]
    assert ("no key" in told["keyless"], "several types" in told["keyless"]) == (True, True)
    assert "does not name this table" in told["unforeseen"]
    assert listening == {"127.0.0.1"}

    second = tried(project, state=first.project_state)
    assert (second.counts.upserts, second.tables[0].upserts, second.tables[0].rows) == (5, 1, 24)
    (project / "rows.duckdb").unlink()
    over = tried(project, state=None)
    assert over.counts == first.counts

    # The key was in the configuration, the log, a warning, a row and the state: it is in nothing that is kept.
    assert first.project_state == {"at": "2026-01-24T00:00:00Z", "note": "•••"}
    assert "signed in with •••" in first.log
    assert "one row was left out, •••" in first.warnings
    assert SECRET not in json.dumps(asdict(first))
    assert {row["header"] for row in first.sample["unforeseen"]} == {None, "Basic •••"}
    assert SECRET.encode() not in (project / "rows.duckdb").read_bytes()
    assert SECRET not in "".join(map(str, project.rglob("*")))


WALLS = """
import os, socket, subprocess
places = {
    "inside": ("10.0.0.5", 443), "metadata": ("169.254.169.254", 80), "mapped": ("::ffff:127.0.0.1", 80),
    "loopback": ("127.0.0.1", 9), "other port": ("1.1.1.1", 25),
}
tries = {
    **{name: (lambda place=place: socket.create_connection(place, 1)) for name, place in places.items()},
    "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("10.0.0.5", 53)),
    "listen": lambda: socket.create_server(("0.0.0.0", 0)),
    "program": lambda: subprocess.run(["true"]),
    "fork": os.fork,
    "file": lambda: open(configuration["outside"], "w"),
    "folder": lambda: os.mkdir(configuration["outside"]),
    "link": lambda: os.symlink("/etc/passwd", configuration["outside"]),
}
for name, attempt in tries.items():
    try:
        attempt()
        said = "done"
    except BaseException as refused:
        said = type(refused).__name__
    op.upsert("tried", {"name": name, "said": said})
open("scratch.txt", "w").close()
op.upsert("tried", {"name": "environment", "said": " ".join(sorted(os.environ))})
"""


@needs_sdk
def test_what_a_project_may_not_do(tmp_path: Path) -> None:
    project, outside = a_project(tmp_path / "p", an_update(WALLS)), tmp_path / "outside"
    ran = tried(project, configuration={"outside": str(outside)})
    assert ran.state == "done", ran
    said = {row["name"]: row["said"] for row in ran.sample["tried"]}
    assert said.pop("environment") == "DO_NOT_TRACK GRPC_VERBOSITY HOME LANG NO_PROXY TMPDIR"
    assert set(said.values()) == {"NotAllowed"}, said
    assert len(said) == 12
    assert not outside.exists()


EXAMPLES = """
import http.server, threading

class ExampleSource:
    @classmethod
    def of_project(cls, folder):
        return cls()

    def start(self):
        class Quiet(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"hello")
            log_message = lambda *_: None
        server = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        return self.url

    def configuration(self):
        return {"base_url": self.url, "api_key": "example-key"}
"""
OUTWARD = """
import requests
calls = {"own": configuration["base_url"], "other": configuration["other"], "name": "http://api.example.com",
         "public": "http://1.1.1.1/"}
for name, url in calls.items():
    try:
        said = requests.get(url, timeout=2).text
    except BaseException as refused:
        said = type(refused).__name__
    op.upsert("tried", {"name": name, "said": said, "key": configuration["api_key"]})
"""


@needs_sdk
@pytest.mark.deep
def test_against_its_examples_a_project_calls_nobody_else(tmp_path: Path) -> None:
    project = a_project(tmp_path / "p", an_update(OUTWARD))
    (project / "tests").mkdir()
    (project / "tests" / "example_source.py").write_text(EXAMPLES)
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"http://127.0.0.1:{other.getsockname()[1]}"
        (project / "configuration.json").write_text(json.dumps({"api_key": "<API_KEY>", "other": address}))
        ran = tried(project, configuration=None)
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            other.accept()
    said = {row["name"]: row["said"] for row in ran.sample["tried"]}
    assert said == {"own": "hello", **dict.fromkeys(("other", "name", "public"), "NotAllowed")}, ran


FAULTS = {
    "raises": (an_update("op.upsert('a', {'id': 1})\nraise ValueError('no ' + configuration['api_key'])"), "no •••", 1),
    "cannot be read": ("import nothing_like_it", "nothing_like_it", 0),
    "no connector": ("x = 1", "holds no Connector", 0),
    "dies": (an_update("import os; os._exit(9)"), "ended without a word", 0),
    "takes long": (an_update("import time; time.sleep(60)"), "took longer than 2 seconds", 0),
    "wants memory": (an_update("x = bytearray(8 * 1024**3)"), "MemoryError", 0),
    "computes on": (an_update("while True: pass"), "computing time or memory", 0),
    "writes on": (an_update("f = open('x', 'wb')\nwhile True: f.write(b'x' * 10**7)"), "The sync ended early", 0),
}


@needs_sdk
@pytest.mark.deep
@pytest.mark.parametrize("name", FAULTS)
def test_a_project_that_fails_is_told_and_gone(name: str, tmp_path: Path) -> None:
    code, sentence, tables = FAULTS[name]
    limits = replace(Limits(), wall_seconds=2 if name == "takes long" else 60, cpu_seconds=3)
    before = set(psutil.Process().children())  # a demo of other tests may run
    ran = tried(a_project(tmp_path / "p", code), limits=limits, state={"page": 1})
    assert (ran.state, len(ran.tables)) == ("failed", tables)
    assert sentence in ran.sentence
    assert ran.project_state == {"page": 1}
    assert SECRET not in json.dumps(asdict(ran))
    assert ran.seconds < 20
    assert {each for each in psutil.Process().children() if each.status() != "zombie"} <= before


@needs_sdk
@pytest.mark.deep
def test_a_trial_stops_at_its_rows_and_when_it_is_told(tmp_path: Path) -> None:
    endless = an_update("n = 0\nwhile True:\n    n += 1\n    op.upsert('a', {'id': n})\n    op.checkpoint({'n': n})")
    project = a_project(tmp_path / "p", endless)
    cut = tried(project, limits=replace(Limits(), rows=300))
    assert (cut.state, cut.counts.upserts, cut.tables[0].rows) == ("done", 300, 300)
    assert "Stopped after 300 rows" in cut.sentence
    started = time.monotonic()
    stopped = tried(project, state={"n": 5}, is_stopped=lambda: time.monotonic() > started + 1)
    assert (stopped.state, stopped.project_state) == ("stopped", {"n": 5})


def test_without_its_environment_a_trial_says_how_to_get_it(tmp_path: Path) -> None:
    ran = tried(tmp_path, home=tmp_path / "nowhere")
    assert (ran.state, ran.sentence) == ("failed", trial.HOW_TO_GET_IT)
    environment = {"REQUEST_TRACKER_TRIAL_ENV": str(tmp_path / "nowhere")}
    done = CliRunner().invoke(main, ["trial", str(tmp_path)], env=environment)
    assert (done.exit_code, "trial --setup" in done.output) == (1, True)


def test_the_requirements_are_pinned_and_hold_nothing_else_of_the_vendor() -> None:
    lines = [line for line in trial_env.REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    vendors = {line for line in lines if "fivetran" in line}
    assert vendors == {"fivetran_connector_sdk==2.13.1", "pipreqs-fivetran==1.1.2"}


@needs_sdk
def test_the_sdk_is_the_one_whose_licence_lets_us_and_is_not_in_ours() -> None:
    (theirs,) = (HOME / "lib").glob("python*/site-packages")
    assert [each.name for each in theirs.glob("fivetran*.dist-info")] == [trial_env.SDK]
    assert list(Path(sys.prefix).glob("lib/python*/site-packages/fivetran*")) == []
    assert list(Path(sys.prefix).glob("lib/python*/site-packages/duckdb*")) == []


@pytest.mark.deep
def test_an_environment_that_cannot_be_made_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(trial.NotSetUp, match="look at the network") as told:
        trial.set_up(tmp_path / "env", lambda step: None)
    assert "trial --setup" in told.value.sentence
    assert not trial.is_set_up(tmp_path / "env")


@needs_sdk
@pytest.mark.deep
def test_the_command_goes_on_from_the_last_run(tmp_path: Path) -> None:
    project = a_project(tmp_path / "p", ITEMS)
    (tmp_path / "config.json").write_text(json.dumps({"api_key": SECRET, "user": "ada"}))
    given = ["trial", str(project), "--config", str(tmp_path / "config.json"), "--json"]
    counts = [
        json.loads(CliRunner().invoke(main, [*given, *more]).stdout)["counts"]["upserts"]
        for more in ([], [], ["--reset"])
    ]
    assert counts == [29, 5, 29]
    asked = CliRunner().invoke(main, ["trial", str(project), "--ask", "--reset"], input=f"{SECRET}\n")
    assert (asked.exit_code, SECRET in asked.output) == (0, False), asked.output
    assert "item" in asked.output
    kept = b"".join(each.read_bytes() for each in (project / ".trial").iterdir())
    assert SECRET.encode() not in kept
    unfilled = CliRunner().invoke(main, ["trial", str(project), "--config", str(project / "configuration.json")])
    assert (unfilled.exit_code, "api_key" in unfilled.output) == (1, True)


@needs_sdk
@pytest.mark.deep
def test_a_trial_dies_with_whoever_asked_for_it(tmp_path: Path) -> None:
    project = a_project(tmp_path / "p", an_update("import time; time.sleep(600)"))
    code = (
        "import sys; from pathlib import Path; from request_tracker.apidocs import trial\n"
        "trial.run(Path(sys.argv[1]), home=trial.home(), configuration={}, database=Path(sys.argv[2]),"
        " on_step=lambda step: print(step, flush=True))"
    )
    command = [sys.executable, "-c", code, str(project), str(tmp_path / "rows.duckdb")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=resources.TEMPLATES) as asker:
        assert asker.stdout
        assert any(line.strip() == "Reading" for line in asker.stdout)
        (child,) = psutil.Process(asker.pid).children()
        asker.kill()
    gone, _ = psutil.wait_procs([child], timeout=10)
    assert gone == [child]


@pytest.mark.deep
def test_the_examples_are_served_by_a_command_as_long_as_it_runs(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    analysis = read_apart(Path(__file__).with_name("playground.yaml").read_bytes(), name="playground.yaml").analysis
    assert analysis is not None
    scaffold(analysis, schema="playground").write(folder)
    command = [sys.executable, "-m", "request_tracker", "trial", str(folder), "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout
        told = json.loads(serving.stdout.readline())
        (server,) = psutil.Process(serving.pid).children()
        headers = {"Authorization": f"apiKey {told['configuration']['api_key']}"}
        statuses = [
            httpx.get(f"{told['base_url']}/auth/api_key", headers=headers, trust_env=False).status_code
            for _ in range(3)
        ]
        serving.terminate()
    assert statuses == [429, 500, 200]
    assert psutil.wait_procs([server], timeout=10)[1] == []

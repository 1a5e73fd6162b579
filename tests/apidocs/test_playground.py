"""A source that nobody here wrote, from its description to its rows: every way of paging and signing in, completely.

The package fivetran-api-playground serves 200 made-up people on this machine; playground.yaml describes it.
"""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from request_tracker.apidocs import trial
from request_tracker.apidocs.apart import read_apart
from request_tracker.apidocs.scaffold import scaffold
from request_tracker.apidocs.trial import Ran
from request_tracker.rules.assessment import judge
from request_tracker.rules.vendor_api import Analysis, PagingStyle, SignInKind

ROOT = Path(__file__).resolve().parents[2]
PLAYGROUND = ROOT / ".venv-tools" / "bin" / "playground"
DESCRIPTION = Path(__file__).with_name("playground.yaml")
PEOPLE = 200
FIRST_PEOPLE = 20

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(
        not (PLAYGROUND.exists() and trial.is_set_up(trial.home())) and not os.environ.get("REQUIRE_ALL"),
        reason="the sample source or the environment of trials is missing: run `make tools` and `make test`",
    ),
]


@dataclass(frozen=True)
class Playground:
    """The running source: its address, what it signs in, and the log of what it was asked."""

    url: str
    log: Path

    def told(self, pattern: str) -> str:
        """What it printed last under a name: its reloader starts it twice, and only the second one answers."""
        found: str = re.findall(pattern, self.log.read_text())[-1]
        return found

    @property
    def keys(self) -> dict[str, str]:
        pairs = {"basic": "Http Basic Auth", "session": "Session Token Auth Login"}
        named = {f"{short}_user": rf"{row} .*Username: (\S+) " for short, row in pairs.items()}
        secret = {f"{short}_password": rf"{row} .*Password: (\S+)" for short, row in pairs.items()}
        tokens = {"token": r"Bearer Token: (\S+)", "api_key": r"API Key: (\S+)"}
        return {name: self.told(pattern) for name, pattern in {**named, **secret, **tokens}.items()}

    def asked(self, path: str) -> list[str]:
        return re.findall(rf'"GET ({re.escape(path)}\S*) HTTP', self.log.read_text())


@contextmanager
def running(home: Path, *more: str) -> Iterator[Playground]:
    port, path = free_port(), home / "log"
    # Otherwise it asks the package index for newer versions of itself.
    (home / ".ft_api_playground").mkdir()
    (home / ".ft_api_playground" / "_last_version_check").write_text(str(int(time.time())))
    environment = {"PATH": f"{PLAYGROUND.parent}:/usr/bin:/bin", "HOME": str(home), "PYTHONUNBUFFERED": "1"}
    command = [str(PLAYGROUND), "start", "--port", str(port), *more]
    with path.open("wb") as log:
        process = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}")
        yield Playground(f"http://127.0.0.1:{port}", path)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    with running(tmp_path_factory.mktemp("playground")) as found:
        yield found


def described(paths: tuple[str, ...], schemes: tuple[str, ...], url: str) -> Analysis:
    """What the assessment finds in a part of the description: some of its paths, some of its ways to sign in."""
    tree = yaml.safe_load(DESCRIPTION.read_text())
    tree["servers"] = [{"url": url}]
    tree["paths"] = {path: tree["paths"][path] for path in paths}
    kept = {name: each for name, each in tree["components"]["securitySchemes"].items() if name in schemes}
    tree["components"]["securitySchemes"] = kept
    reading = read_apart(json.dumps(tree).encode(), name="playground.json")
    assert reading.analysis is not None, reading.sentence
    return reading.analysis


def synced(analysis: Analysis, folder: Path, keys: dict[str, str], **given: object) -> Ran:
    scaffold(analysis, schema="playground").write(folder)
    asked = json.loads((folder / "configuration.json").read_text())
    configuration = {**{name: value for name, value in asked.items() if not value.startswith("<")}, **keys}
    return trial.run(
        folder,
        home=trial.home(),
        configuration=configuration,
        database=folder / "rows.duckdb",
        this_machine=True,
        **given,  # type: ignore[arg-type]
    )


PAGED = {
    "/pagination/next_page_url": (PagingStyle.NEXT_URL, 200 // 50),
    "/pagination/page_number": (PagingStyle.PAGE, 200 // 50),
    "/pagination/offset": (PagingStyle.OFFSET, 200 // 50),
    "/pagination/keyset": (PagingStyle.CURSOR, 200 // 50),
    "/incremental/timestamp": (PagingStyle.NONE, 1),
}


@pytest.mark.parametrize("path", PAGED)
def test_every_way_of_paging_is_read_to_its_end_and_then_only_what_changed(
    path: str, playground: Playground, tmp_path: Path
) -> None:
    style, pages = PAGED[path]
    analysis = described((path,), (), playground.url)
    (table,) = analysis.tables
    assert (table.paging.style, judge(analysis).verdict.value) == (style, "possible")
    before = len(playground.asked(path))
    first = synced(analysis, tmp_path / "p", {"base_url": playground.url})
    assert (first.state, first.tables[0].rows, first.counts.upserts) == ("done", PEOPLE, PEOPLE), first
    asked = playground.asked(path)[before:]
    assert pages <= len(asked) <= pages * 5 + 1
    second = synced(analysis, tmp_path / "p", {"base_url": playground.url}, state=first.project_state)
    assert (second.state, second.tables[0].rows) == ("done", PEOPLE)
    assert 0 < second.counts.upserts <= 3
    asked = playground.asked(path)[before + len(asked) :]
    assert len(asked) == 1
    assert "since=" in asked[0]
    over = synced(analysis, tmp_path / "p", {"base_url": playground.url}, state=None)
    assert over.counts.upserts == PEOPLE


def test_a_source_with_a_rate_limit_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with running(tmp_path / "home", "--rate-limit", "--capacity", "1") as limited:
        analysis = described(("/pagination/offset",), (), limited.url)
        ran = synced(analysis, tmp_path / "p", {"base_url": limited.url})
        assert (ran.state, ran.tables[0].rows) == ("done", PEOPLE), ran


def test_a_walk_by_steps_is_configured(playground: Playground, tmp_path: Path) -> None:
    analysis = described(("/incremental/step",), (), playground.url)
    keys = {"base_url": playground.url, "start_id": "1", "end_id": str(PEOPLE)}
    ran = synced(analysis, tmp_path / "p", keys)
    assert (ran.state, ran.tables[0].rows) == ("done", PEOPLE), ran


def test_children_follow_their_parents(playground: Playground, tmp_path: Path) -> None:
    analysis = described(("/cursors/companies", "/cursors/{company_id}/departments"), (), playground.url)
    ran = synced(analysis, tmp_path / "p", {"base_url": playground.url})
    assert (ran.state, sorted(each.rows for each in ran.tables)) == ("done", [2, 8]), ran


SIGNED = {
    "none": ("/incremental/timestamp", PEOPLE, (SignInKind.NONE, SignInKind.UNDECLARED), ()),
    "basic": ("/auth/http_basic", FIRST_PEOPLE, (SignInKind.BASIC,), ("basic_user", "basic_password")),
    "bearer": ("/auth/http_bearer", FIRST_PEOPLE, (SignInKind.BEARER,), ("token",)),
    "key": ("/auth/api_key", FIRST_PEOPLE, (SignInKind.API_KEY,), ("api_key",)),
    "session": ("/auth/session_token/data", FIRST_PEOPLE, (SignInKind.SESSION,), ("session_user", "session_password")),
}


@pytest.mark.parametrize("name", SIGNED)
def test_every_way_of_signing_in_lets_all_rows_in(name: str, playground: Playground, tmp_path: Path) -> None:
    path, rows, kinds, needed = SIGNED[name]
    login = ("/auth/session_token/login",) if name == "session" else ()
    analysis = described((path, *login), () if name == "none" else (name,), playground.url)
    assert analysis.sign_in[0].kind in kinds
    folder = tmp_path / "p"
    scaffold(analysis, schema="playground").write(folder)
    asked = [key for key, value in json.loads((folder / "configuration.json").read_text()).items() if value[:1] == "<"]
    asked = [key for key in asked if key != "base_url" and needed]
    secrets = [playground.keys[each] for each in needed]
    keys = dict(zip(asked, secrets, strict=True)) | {"base_url": playground.url}
    ran = synced(analysis, folder, keys)
    assert (ran.state, ran.tables[0].rows, ran.counts.upserts) == ("done", rows, rows), ran
    assert not any(each in json.dumps(ran.project_state) or each in ran.log for each in secrets)
    if needed:
        wrong = synced(analysis, tmp_path / "q", {**keys, **dict.fromkeys(asked, "wrong")})
        assert (wrong.state, wrong.counts.upserts) == ("failed", 0)
        assert "sign" in wrong.sentence.lower()


def wait_until_it_answers(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/cursors/companies", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the sample source does not answer")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port

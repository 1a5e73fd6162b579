"""The demo as a real set of processes, and a person's way to speak to its API."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

PATIENCE = 120.0


LOOKS = [
    (1280, "light"),
    (390, "dark"),
    pytest.param(1280, "dark", marks=pytest.mark.deep),
    pytest.param(390, "light", marks=pytest.mark.deep),
]
"""Widths and colour schemes in which pages are inspected; two of the four come with the deep sweep."""

SWEPT = pytest.mark.parametrize(
    "engine",
    ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.deep, pytest.mark.swept])],
    indirect=True,
)
"""For many copies of one walk through pages, whose SQL others run on both databases: here the other comes with deep."""


@dataclass
class Running:
    """Addresses and people of a demo that is up, and its processes."""

    web: str
    emulator: str
    mailbox: str
    people: list[dict[str, Any]]
    process: subprocess.Popen[bytes]
    folder: Path

    def person(self, role: str, number: int = 0) -> dict[str, Any]:
        return [each for each in self.people if each["role"] == role][number]

    def call(self, who: dict[str, Any], method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        headers = {"Authorization": f"Bearer {who['token']}"}
        answer = httpx.request(method, f"{self.web}/api/v1{path}", json=body, headers=headers, timeout=30)
        assert answer.status_code == status, answer.text[:1500]
        return answer.json()

    def case(self, number: str) -> Any:
        return self.call(self.person("lead"), "GET", f"/cases/{number}")

    def move(self, who: dict[str, Any], number: str, name: str, **fields: Any) -> Any:
        body = {"move": name, "version": self.case(number)["version"], **fields}
        return self.call(who, "POST", f"/cases/{number}/moves", body)

    def put(self, who: dict[str, Any], number: str, *keys: str) -> None:
        for key in keys:
            body = {"key": key, "value": "yes", "note": "walked"}
            self.call(who, "POST", f"/cases/{number}/evidence", body, status=201)

    def press(self, button: str, connection: str) -> None:
        httpx.post(f"{self.emulator}/_control/{button}/{connection}", json={}, timeout=30).raise_for_status()

    def letters(self) -> list[dict[str, Any]]:
        return list(httpx.get(f"{self.web}/mailbox.json", timeout=30).json()["items"])

    def worker(self) -> psutil.Process | None:
        """The worker's process, if it runs at this moment."""
        for child in psutil.Process(self.process.pid).children():
            try:
                if "worker" in child.cmdline():
                    return child
            except psutil.Error:
                continue
        return None

    def until(self, what: Callable[[], Any], *, patience: float = PATIENCE) -> Any:
        """Wait until it is so; the answer is what made it so."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if found := what():
                return found
            time.sleep(0.1)
        raise AssertionError("what was waited for did not come about")


@contextmanager
def a_demo(folder: Path, **environment: str) -> Iterator[Running]:
    """A demo on free ports in the folder; ended as a person would, with Ctrl-C."""
    ready = folder / "ready.json"
    command = [
        sys.executable,
        "-m",
        "request_tracker",
        "demo",
        "--data",
        str(folder / "data"),
        "--ready-file",
        str(ready),
    ]
    given = {**os.environ, "REQUEST_TRACKER_UNDO_SECONDS": "1", **environment}
    log = (folder / "demo.log").open("wb")
    process = subprocess.Popen(
        [*command, "--ready-file", str(ready), "--port", str(_free_port())],
        env=given,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + PATIENCE
        while not ready.exists():
            assert process.poll() is None, (folder / "demo.log").read_text()[-3000:]
            assert time.monotonic() < end, "the demo did not come up"
            time.sleep(0.1)
        found = json.loads(ready.read_text())
        yield Running(**found, process=process, folder=folder / "data")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait(15)
        log.close()


def _free_port() -> int:
    from request_tracker.serve import free_port

    return free_port()

"""Workers to kill without a warning, and the emulator beside them: processes of their own over one database."""

import logging
import multiprocessing
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from request_tracker import serve, settings
from request_tracker.serve import free_port, wait_until_up
from request_tracker.store.connections import Connection
from request_tracker.store.letters import Letter
from request_tracker.store.session import Database

PAIR = ("crash-key", "crash-secret")
_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(
    ["request_tracker.serve", "request_tracker.work.effects", "request_tracker.work.schedule"]
)


@dataclass
class Yard:
    """Some workers and the emulator as processes of their own, over one database."""

    database: Database
    folder: Path
    emulator: str
    chance: random.Random
    workers: list[BaseProcess] = field(default_factory=list)
    killed: int = 0

    @property
    def environment(self) -> dict[str, str]:
        return {
            "REQUEST_TRACKER_DATABASE_URL": self.database.engine.url.render_as_string(hide_password=False),
            "REQUEST_TRACKER_SECRET_KEY": "k" * 40,
            "REQUEST_TRACKER_UNDO_SECONDS": "0",
            "REQUEST_TRACKER_CHECK_SECONDS": "1",
            "REQUEST_TRACKER_SETTLE_SECONDS": "2",
            "FIVETRAN_API_URL": self.emulator,
            "FIVETRAN_API_KEY": PAIR[0],
            "FIVETRAN_API_SECRET": PAIR[1],
            "FIVETRAN_WEBHOOK_SECRET": "w" * 20,
        }

    def start(self) -> None:
        """One more worker: forked from a process that has imported everything, so that killing is worth its while."""
        process = _FORKING.Process(target=_work, args=(self.environment, str(self.folder / "worker.log")), daemon=True)
        process.start()
        self.workers.append(process)

    def kill_one(self) -> None:
        """Kill one worker without a warning, and start another in its place."""
        worker = self.workers.pop(self.chance.randrange(len(self.workers)))
        worker.kill()
        worker.join()
        self.start()
        self.killed += 1

    def control(self, path: str, body: Any) -> None:
        httpx.post(f"{self.emulator}/_control/{path}", json=body, timeout=30).raise_for_status()

    def made(self) -> list[dict[str, Any]]:
        """Every connection the emulator holds, read page by page."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            query = {"limit": "1000", **cursor}
            data = httpx.get(f"{self.emulator}/v1/connections", params=query, auth=PAIR, timeout=30).json()["data"]
            found += data["items"]
            if not data.get("next_cursor"):
                return found
            cursor = {"cursor": data["next_cursor"]}

    def ready(self) -> int:
        with self.database.reading() as session:
            made = select(func.count()).select_from(Connection).where(Connection.state == "created")
            told = select(func.count()).select_from(Letter).where(Letter.notice == "connect", Letter.state == "sent")
            return min(session.scalar(made) or 0, session.scalar(told) or 0)

    def until_ready(self, wanted: int, *, patience: float) -> bool:
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.ready() >= wanted:
                return True
            time.sleep(0.2)
        return False


@contextmanager
def a_yard(database: Database, folder: Path, chance: random.Random) -> Iterator[Yard]:
    port = free_port()
    yard = Yard(database, folder, f"http://127.0.0.1:{port}", chance)
    command = [
        sys.executable,
        "-m",
        "request_tracker",
        "emulator",
        "--port",
        str(port),
        "--data",
        str(folder / "emulator"),
    ]
    with (folder / "emulator.log").open("ab") as log:
        emulator = subprocess.Popen(command, env={**os.environ, **yard.environment}, stdout=log, stderr=log)
    try:
        wait_until_up([yard.emulator])
        yield yard
    finally:
        for worker in yard.workers:
            worker.kill()
            worker.join()
        emulator.kill()
        emulator.wait()


def _work(environment: Mapping[str, str], log: str) -> None:
    logging.basicConfig(filename=log, level=logging.WARNING)
    serve.work(settings.read(environment), pace=0.2)

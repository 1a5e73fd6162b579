"""The parts as processes: the web server, the worker, a plain server for the emulator, and the demo's supervisor."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from flask import Flask
from gunicorn.app.base import BaseApplication
from werkzeug.serving import WSGIRequestHandler, make_server

from request_tracker import app as application
from request_tracker.settings import Settings
from request_tracker.store.quota import SharedPace
from request_tracker.store.session import Database
from request_tracker.work import schedule
from request_tracker.work.context import Context, over_http
from request_tracker.work.worker import SLOW, Worker, wall_clock

PATIENCE = 10.0
HANDS, SLOW_HANDS = 4, 2
"""Jobs one worker does at a time: a neighbour that is slow to answer must not keep letters waiting, nor must a heap of
documents that a stranger sent in: no more than `SLOW_HANDS` of them read at a time."""


class Web(BaseApplication):  # type: ignore[misc]
    """gunicorn with threads; each process opens the database for itself."""

    def __init__(self, settings: Settings, *, host: str, port: int, workers: int) -> None:
        self.settings = settings
        self.options = {
            "bind": f"{host}:{port}", "workers": workers, "threads": 4, "worker_class": "gthread",
            "graceful_timeout": 5, "loglevel": "warning", "control_socket_disable": True,
        }  # fmt: skip
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        return application.create_app(self.settings, Database(self.settings.database_url))


def work(settings: Settings, *, pace: float = 1.0) -> None:
    """Run a worker and the ticks until SIGTERM or SIGINT; the job in hand is finished first."""
    stop = threading.Event()
    _stop_on_signal(stop.set)
    database = Database(settings.database_url)
    pace_of_calls = SharedPace(database, settings.fivetran_plan, wall_clock)
    context = Context(database, settings, wall_clock, over_http(settings, pace_of_calls))
    scheduler = schedule.started(context, pace=pace)
    hands = [threading.Thread(target=worker.run, args=(stop,)) for worker in hired(context)]
    try:
        for hand in hands:
            hand.start()
        stop.wait()
    finally:
        for hand in hands:
            hand.join()
        scheduler.shutdown(wait=True)


def hired(context: Context) -> list[Worker]:
    """The hands of one process; some leave the slow jobs to the others."""
    return [Worker(context, but=() if n < SLOW_HANDS else SLOW) for n in range(HANDS)]


def serve_plainly(app: Flask, *, host: str, port: int) -> None:
    """A threaded server in this process, until SIGTERM or SIGINT."""
    server = make_server(host, port, app, threaded=True, request_handler=_Quiet)
    _stop_on_signal(lambda: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Say nothing: the emulator keeps a log of its own."""


def _stop_on_signal(stop: Callable[[], object]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())


@dataclass
class Supervisor:
    """Starts the demo's parts, starts again what falls over, stops them all."""

    environment: Mapping[str, str]
    parts: Mapping[str, Sequence[str]]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        for name in self.parts:
            self._start(name)

    def tend(self, stop: threading.Event) -> None:
        """Look after the parts until told to stop."""
        while not stop.wait(0.5):
            for name, process in list(self.running.items()):
                if process.poll() is not None:
                    self._start(name)

    def stop(self) -> None:
        for process in self.running.values():
            with suppress(ProcessLookupError):
                process.terminate()
        until = time.monotonic() + PATIENCE
        for process in self.running.values():
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, name: str) -> None:
        command = [sys.executable, "-m", "request_tracker", *self.parts[name]]
        self.running[name] = subprocess.Popen(command, env=dict(self.environment))


def wait_until_up(addresses: Sequence[str], *, patience: float = 60.0) -> None:
    """Until every address answers. Raises TimeoutError naming the one that does not."""
    until = time.monotonic() + patience
    for address in addresses:
        while not _answers(address):
            if time.monotonic() > until:
                raise TimeoutError(f"{address} does not answer")
            time.sleep(0.1)


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code < 500
    except httpx.TransportError:
        return False


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex((host, port)) != 0

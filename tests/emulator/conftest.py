"""An emulated account, spoken to by plain HTTP, with a receiver that notes its webhooks."""

import json
import queue
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from request_tracker.emulator.app import create_app
from request_tracker.emulator.world import EXTENSION

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
PAIR = ("the-api-key", "the-api-secret")


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


class Receiver(httpx.BaseTransport):
    """Stands where webhooks are sent to: answers `status` and keeps what came."""

    def __init__(self) -> None:
        self.status = 200
        self.came: queue.Queue[httpx.Request] = queue.Queue()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.came.put(request)
        return httpx.Response(self.status)

    def next(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.came.get(timeout=10).content)
        return body


class Api:
    """Calls with the pair; the answer's status and JSON are what tests look at."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> TestResponse:
        return self.app.test_client().open(path, method=method, json=body, **{"auth": PAIR, **more})

    def made(self, method: str, path: str, body: Any = None) -> Any:
        answer = self(method, path, body)
        assert answer.status_code in (200, 201), answer.text
        return answer.get_json().get("data")

    def group(self, name: str = "acme") -> str:
        return str(self.made("POST", "/v1/groups", {"name": name})["id"])

    def connection(self, group_id: str, schema: str = "lite_1", **more: Any) -> dict[str, Any]:
        wish = {"group_id": group_id, "service": "cursor", "config": {"schema": schema}, "run_setup_tests": False}
        created: dict[str, Any] = self.made("POST", "/v1/connections", {**wish, "paused": True, **more})
        return created


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def start(clock: Clock, receiver: Receiver) -> Iterator[Callable[..., Api]]:
    """Start an emulator with these settings; all are closed at the end."""
    apps: list[Flask] = []

    def make(**settings: Any) -> Api:
        usual = {"template_folder": TEMPLATES, "key": PAIR[0], "secret": PAIR[1], "now": clock}
        app = create_app(**{**usual, "webhook_transport": receiver, **settings})
        app.testing = True
        apps.append(app)
        return Api(app)

    yield make
    for app in apps:
        app.extensions[EXTENSION].close()


@pytest.fixture
def api(start: Callable[..., Api]) -> Api:
    return start()

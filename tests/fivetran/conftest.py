"""An emulated account and the real client against it, in one process."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from flask import Flask

from request_tracker.emulator.app import create_app
from request_tracker.emulator.world import EXTENSION, World
from request_tracker.fivetran.client import Fivetran, Group

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
KEY, SECRET = "the-api-key", "the-api-secret"


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def emulator(clock: Clock) -> Iterator[Flask]:
    receiver = httpx.MockTransport(lambda request: httpx.Response(200))
    app = create_app(template_folder=TEMPLATES, key=KEY, secret=SECRET, now=clock, webhook_transport=receiver)
    yield app
    app.extensions[EXTENSION].close()


@pytest.fixture
def account(emulator: Flask) -> World:
    world: World = emulator.extensions[EXTENSION]
    return world


@pytest.fixture
def fivetran(emulator: Flask) -> Iterator[Fivetran]:
    with Fivetran("http://emulator.test", KEY, SECRET, transport=httpx.WSGITransport(app=emulator)) as client:
        yield client


@pytest.fixture
def group(fivetran: Fivetran) -> Group:
    return fivetran.create_group("acme_warehouse")


@pytest.fixture
def answering() -> Iterator[Callable[..., Fivetran]]:
    """A client whose answers the test makes up: `answering(handler, **client_options)`."""
    made: list[Fivetran] = []

    def make(handler: Callable[[httpx.Request], httpx.Response], **options: object) -> Fivetran:
        settings = {"sleep": lambda seconds: None, **options}
        client = Fivetran("http://api.test", KEY, SECRET, transport=httpx.MockTransport(handler), **settings)  # type: ignore[arg-type]
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


class Noting:
    """A pace that notes what it is asked, and answers with the waits it was given before it grants."""

    def __init__(self, *waits: float) -> None:
        self.waits = list(waits)
        self.taken: list[str] = []
        self.told: list[tuple[str, int]] = []

    def take(self, kind: str) -> float:
        if self.waits:
            return self.waits.pop(0)
        self.taken.append(kind)
        return 0.0

    def throttled(self, kind: str, retry_after: int) -> None:
        self.told.append((kind, retry_after))


@pytest.fixture
def noting() -> type[Noting]:
    return Noting

"""Several cases, the emulator, a line to it that can be cut, and a worker, all on one clock that the test moves."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from factories import MONDAY, Cast, a_case, a_cast
from flask import Flask
from sqlalchemy import select, update

from request_tracker import resources
from request_tracker.access.wiring import Wiring
from request_tracker.app import create_app
from request_tracker.cli import provision as command
from request_tracker.emulator import app as emulated
from request_tracker.emulator.world import EXTENSION, Switches
from request_tracker.fivetran.client import Fivetran
from request_tracker.rules.people import Viewer
from request_tracker.rules.starter import GroupPolicy
from request_tracker.settings import Settings
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.jobs import Job
from request_tracker.store.knowledge import Shelf
from request_tracker.store.people import AccountGroup
from request_tracker.store.policies import GROUPS, Policy
from request_tracker.store.provision_runs import ProvisionItem
from request_tracker.store.session import Database
from request_tracker.work.context import Context
from request_tracker.work.worker import Worker

EMULATOR, PAIR = "http://emulator.example", ("key", "fivetran-secret")
MADE = ("POST", "/v1/connections")


_APPS: list[Flask] = []


class Killed(BaseException):
    """A process that is ended here and now."""


class Line(httpx.BaseTransport):
    """The line to the neighbour. `fates`: what becomes of the next requests of a kind, in order."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.fates: dict[tuple[str, str], list[str]] = {}
        self.travelling: list[httpx.Request] = []
        self.calls: list[str] = []
        self.end: type[BaseException] = Killed

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(f"{request.method} {request.url.path}")
        left = self.fates.get((request.method, request.url.path), [])
        fate = left.pop(0) if left else "ok"
        if fate == "late":
            self.travelling.append(request)
        if fate in ("late", "lost"):
            raise httpx.ReadTimeout("nothing came back")
        answer = self.inner.handle_request(request)
        answer.read()
        if fate == "lost after":
            raise httpx.ReadTimeout("nothing came back")
        if fate == "killed":
            raise self.end
        return answer

    def land(self) -> None:
        for request in self.travelling:
            self.inner.handle_request(request)
        self.travelling.clear()


@dataclass
class Many:
    """The stage; `cases` are Ada's, of Northwind."""

    database: Database
    settings: Settings
    folder: Path
    switches: Switches = field(default_factory=lambda: Switches(duplicate_schema_allowed=True))
    now: datetime = MONDAY

    def __post_init__(self) -> None:
        self.settings = replace(self.settings, fivetran_url=EMULATOR)
        self.emulator = emulated.create_app(
            template_folder=resources.TEMPLATES,
            key=PAIR[0],
            secret=PAIR[1],
            now=lambda: self.now,
            public_url=EMULATOR,
            switches=self.switches,
        )
        inner = httpx.WSGITransport(app=self.emulator)
        self.line = Line(inner)
        self.plain = Fivetran(EMULATOR, *PAIR, transport=inner)
        self.control = httpx.Client(transport=inner, base_url=EMULATOR, auth=PAIR)
        self.context = Context(
            self.database,
            self.settings,
            lambda: self.now,
            lambda: Fivetran(EMULATOR, *PAIR, transport=self.line, sleep=lambda _: None),
        )
        with self.database.transaction() as session:
            self.cast: Cast = a_cast(session)

    @cached_property
    def app(self) -> Flask:
        """The pages over this stage's database; the application is made once, for that costs more than a test."""
        if not _APPS:
            _APPS.append(create_app(self.settings, Database("sqlite://")))
        known = Shelf(resources.SEED_DATA).knowledge
        _APPS[0].extensions["request_tracker"] = Wiring(self.database, self.settings, lambda: self.now, known)
        return _APPS[0]

    def cases(self, count: int, *, who: Viewer | None = None, **changes: Any) -> list[int]:
        """Accepted cases, whose undo window is over."""
        cast = replace(self.cast, ada=who) if who else self.cast
        with self.database.transaction() as session:
            found = []
            for number in range(count):
                name = f"{['Acme', 'Blue', 'Coral', 'Delta', 'Ember'][number % 5]} {number}"
                facts = {"service_name": name, "service_url": f"https://www.service{number}.example/"}
                found.append(a_case(session, cast, phase="consultation", now=self.now, **{**facts, **changes}).id)
        self.now += timedelta(seconds=601)
        return found

    def decide(self, policy: GroupPolicy) -> None:
        with self.database.transaction() as session:
            session.add(Policy(name=GROUPS, value=policy.to_json(), by_id=self.cast.admin.id, at=self.now))

    def bind(self, name: str, who: Viewer) -> str:
        """A group made in Fivetran and bound to the account of the person."""
        group = self.plain.create_group(name).id
        with self.database.transaction() as session:
            session.add(AccountGroup(account_id=who.account_id, group_id=group, bound_at=self.now))
        return group

    def drain(self, *, most: int = 10_000) -> None:
        """What is due, done by a worker; one that is killed is followed by another."""
        try:
            Worker(self.context).drain(most=most)
        except Killed:
            with self.database.transaction() as session:
                session.execute(update(Job).where(Job.state == "running").values(state="ready", locked_until=None))
            Worker(self.context).drain(most=most)

    def pass_by(self, seconds: int, *, step: int = 3) -> None:
        until = self.now + timedelta(seconds=seconds)
        while self.now < until:
            self.drain()
            self.now += timedelta(seconds=step)

    def there(self) -> list[dict[str, Any]]:
        return list(self.control.get("/v1/connections").json()["data"]["items"])

    def names(self) -> list[str]:
        return sorted(each["schema"] for each in self.there())

    def rows(self) -> list[Connection]:
        with self.database.reading() as session:
            return list(session.scalars(select(Connection).order_by(Connection.id)))

    def items(self, run_id: int = 1) -> dict[str, tuple[str, str]]:
        with self.database.reading() as session:
            found = select(ProvisionItem).where(ProvisionItem.run_id == run_id).order_by(ProvisionItem.id)
            return {each.name: (each.state, each.sentence) for each in session.scalars(found)}

    def case(self, case_id: int) -> Case:
        with self.database.reading() as session:
            return session.get_one(Case, case_id)

    def file(self, *connections: dict[str, Any], **more: Any) -> Path:
        path = self.folder / "config.json"
        path.write_text(json.dumps({**more, "connections": connections}))
        return path

    def run(self, path: Path, *options: str) -> Result:
        """The command, its pauses passing on the stage's clock. What ends a process comes through."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(command, "context_now", lambda: self.context)
            patch.setattr(command.time, "sleep", self._slept)
            return CliRunner().invoke(command.provision, ["--config", str(path), *options])

    def writes(self) -> list[str]:
        return [each for each in self.line.calls if not each.startswith("GET ")]

    def _slept(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds + 0.1)


@contextmanager
def many(database: Database, settings: Settings, folder: Path) -> Iterator[Many]:
    made = Many(database, settings, folder)
    yield made
    made.emulator.extensions[EXTENSION].close()

"""A case with a connection at the emulator, a worker and the pages, all on one clock that the test moves."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import httpx
from factories import MONDAY, Cast, a_case, a_cast
from flask import Flask
from sqlalchemy import delete, select

from request_tracker import resources
from request_tracker.actions import sweep
from request_tracker.app import create_app
from request_tracker.emulator import app as emulated
from request_tracker.emulator.world import EXTENSION
from request_tracker.fivetran.client import Fivetran
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.settings import Settings
from request_tracker.store import connections, evidence, sync_runs
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.session import Database
from request_tracker.store.sync_runs import SyncRun
from request_tracker.store.timeline import Entry
from request_tracker.work.context import Context
from request_tracker.work.worker import Worker

EMULATOR = "http://emulator.example"
AUTH = ("key", "fivetran-secret")


@dataclass
class Synced:
    """The stage. `case` stands in `phase`; its starter connector is made and access to it granted."""

    database: Database
    settings: Settings
    emulator: Flask
    cast: Cast
    case_id: int
    now: datetime = MONDAY

    def __post_init__(self) -> None:
        self.transport = httpx.WSGITransport(app=self.emulator)
        self.context = Context(self.database, self.settings, lambda: self.now, self.api)
        self.worker = Worker(self.context)
        self.control = httpx.Client(transport=self.transport, base_url=EMULATOR)

    @cached_property
    def app(self) -> Flask:
        return create_app(self.settings, self.database, now=lambda: self.now)

    def api(self) -> Fivetran:
        return Fivetran(EMULATOR, *AUTH, transport=self.transport, sleep=lambda _: None)

    def pass_time(self, **by: float) -> None:
        self.now += timedelta(**by)
        with self.database.transaction() as session:
            sweep.connections_due(session, Act(SYSTEM, self.now, self.settings.program))
        self.worker.drain()

    def look(self) -> None:
        """As after a webhook: the connection is read now."""
        with self.database.transaction() as session:
            session.get_one(Connection, self.row().id).check_after = self.now
        self.pass_time(seconds=1)

    def row(self) -> Connection:
        with self.database.reading() as session:
            found = connections.newest(session, self.case_id)
            assert found is not None
            return found

    def case(self) -> Case:
        with self.database.reading() as session:
            return session.get_one(Case, self.case_id)

    def standing(self) -> set[str]:
        with self.database.reading() as session:
            return set(evidence.standing(session, self.case_id))

    def condition(self, kind: str = "sync") -> tuple[bool, str, str]:
        with self.database.reading() as session:
            rows = connections.conditions(session, self.row().id)
            return next((each.ok, each.reason, each.message) for each in rows if each.kind == kind)

    def runs(self) -> list[SyncRun]:
        with self.database.reading() as session:
            found = select(SyncRun).where(SyncRun.connection_row_id == self.row().id).order_by(SyncRun.id)
            return list(session.scalars(found))

    def awaited(self) -> SyncRun:
        with self.database.reading() as session:
            found = sync_runs.awaited(session, self.row().id)
            assert found is not None
            return found

    def told(self, *kinds: str) -> list[tuple[str, str]]:
        """Kind and audience of the entries of these kinds."""
        with self.database.reading() as session:
            found = select(Entry).where(Entry.case_id == self.case_id, Entry.kind.in_(kinds)).order_by(Entry.id)
            return [(each.kind, each.audience) for each in session.scalars(found)]

    def letters(self, notice: str) -> list[Letter]:
        with self.database.reading() as session:
            return list(session.scalars(select(Letter).where(Letter.notice == notice).order_by(Letter.id)))

    def jobs(self, kind: str) -> list[Job]:
        with self.database.reading() as session:
            return list(session.scalars(select(Job).where(Job.kind == kind).order_by(Job.id)))

    def play(self, what: str, **body: Any) -> None:
        path = f"/_control/{what}/{self.row().connection_id}"
        self.control.post(path, json=body or {}).raise_for_status()

    def fault(self, **rule: Any) -> None:
        self.control.post("/_control/faults", json=rule).raise_for_status()

    def switch(self, **switches: Any) -> None:
        self.control.post("/_control/switches", json=switches).raise_for_status()

    def asked(self) -> int:
        """How often Fivetran was asked to sync."""
        log = self.control.get("/_control/log", params={"method": "POST", "limit": 1000}).json()["items"]
        return sum(1 for each in log if each["path"].endswith(("/sync", "/force")))

    def last_sync_id(self) -> str:
        """Fivetran's own id of the newest sync."""
        path = f"/v1/connections/{self.row().connection_id}/sync-history"
        return str(self.control.get(path, auth=AUTH).json()["data"]["items"][0]["sync_id"])

    def deliver(self, kind: str, sync_id: str, at: datetime, **data: Any) -> None:
        """A signed webhook about a sync, as Fivetran posts it."""
        body = {
            "event": kind, "created": at.isoformat().replace("+00:00", "Z"), "connector_type": "x",
            "connector_id": self.row().connection_id, "sync_id": sync_id, "data": data,
        }  # fmt: skip
        raw = json.dumps(body).encode()
        signed = hmac.new(self.settings.webhook_secret.encode(), raw, hashlib.sha256).hexdigest()
        headers = {"X-Fivetran-Signature-256": signed}
        assert self.app.test_client().post("/webhooks/fivetran", data=raw, headers=headers).status_code == 200


@contextmanager
def a_stage(database: Database, settings: Settings, *, phase: str = "development") -> Iterator[Synced]:
    """A case in that phase whose starter connector is made and open to it. Letters about the way there are left out."""
    with database.transaction() as session:
        cast = a_cast(session)
        case_id = a_case(session, cast, phase=phase).id
        session.execute(delete(Job).where(Job.kind.not_in(("provision", "first_sync"))))
    made: list[Synced] = []
    ours = replace(settings, fivetran_url=EMULATOR)
    emulator = emulated.create_app(
        template_folder=resources.TEMPLATES, key=AUTH[0], secret=AUTH[1], now=lambda: made[0].now if made else MONDAY,
        public_url=EMULATOR,
    )  # fmt: skip
    made.append(Synced(database, ours, emulator, cast, case_id))
    made[0].switch(sync_seconds=10**7)
    made[0].pass_time(seconds=601)
    if made[0].row().sync_started_at is None:
        made[0].play("grant")
        made[0].look()
    yield made[0]
    emulator.extensions[EXTENSION].close()

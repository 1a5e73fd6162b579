"""Thousands of deliveries in any order, doubled, late, one in ten forged: what we know in the end is what is so."""

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from factories import MONDAY, a_case, a_cast
from flask import Flask
from flood import HEADER, Parcel, Receipt, Sender, Senders, a_web_process, flood, over_http, percentiles, signed
from sqlalchemy import delete, func, select

from request_tracker import resources
from request_tracker.app import create_app
from request_tracker.emulator import app as emulated
from request_tracker.emulator.world import EXTENSION, Switches
from request_tracker.fivetran.client import Fivetran
from request_tracker.settings import Settings
from request_tracker.store.connections import Connection
from request_tracker.store.jobs import Job
from request_tracker.store.session import Database
from request_tracker.store.webhook_events import WebhookEvent, WebhookRefusal
from request_tracker.work.context import Context
from request_tracker.work.effects import EFFECTS
from request_tracker.work.own_webhook import EVENTS
from request_tracker.work.worker import Worker, wall_clock

EMULATOR = "http://emulator.example"
PAIR = ("key", "fivetran-secret")
DEEDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("grant", {}), ("grant", {"passed": False}), ("break", {"reason": "taken back"}), ("start-sync", {}),
    ("finish-sync", {}), ("finish-sync", {"status": "FAILURE", "reason": "no"}), ("pause", {}),
    ("pause", {"paused": False}),
)  # fmt: skip


@dataclass
class Stage:
    """An emulator whose deliveries are caught instead of sent, connections of ours in it, and our database."""

    database: Database
    settings: Settings
    emulator: Flask
    dice: random.Random = field(default_factory=lambda: random.Random(5))
    caught: list[Parcel] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.transport = httpx.WSGITransport(app=self.emulator)
        self.http = httpx.Client(transport=self.transport, base_url=EMULATOR, auth=PAIR)

    def api(self) -> Fivetran:
        return Fivetran(EMULATOR, *PAIR, transport=self.transport, sleep=lambda _: None)

    def furnish(self, number: int) -> None:
        """So many cases, each with a connection that Fivetran knows."""
        with self.api() as api:
            group = api.create_group("flood").id
            made = [api.create_connection(group_id=group, service="github", schema=f"c{n}") for n in range(number)]
            api.create_webhook("https://us.example/", EVENTS, self.settings.webhook_secret)
        self.ids = [each.id for each in made]
        with self.database.transaction() as session:
            cast = a_cast(session)
            for each in made:
                case = a_case(session, cast, service_name=f"Service {each.schema}")
                row = Connection(
                    case_id=case.id, request_id=case.primary_request_id, account_id=cast.ada.account_id,
                    state="created", schema_name=each.schema, service="github", connection_id=each.id,
                    group_id=group, created_at=MONDAY,
                )  # fmt: skip
                session.add(row)
            session.execute(delete(Job))

    def change(self, rounds: int) -> list[Parcel]:
        """Something happens to every connection, so many times; the deliveries that tell of it."""
        self.caught.clear()
        for _ in range(rounds):
            for connection in self.ids:
                deed, wish = self.dice.choice(DEEDS)
                self.http.post(f"/_control/{deed}/{connection}", json=wish)
        world = self.emulator.extensions[EXTENSION]
        waiting = Event()
        while world.state.find("delivery"):
            waiting.wait(0.02)
        return list(self.caught)

    def catch(self, request: httpx.Request) -> httpx.Response:
        self.caught.append(Parcel(request.read(), request.headers.get(HEADER, "")))
        return httpx.Response(200)

    def forged(self, parcel: Parcel) -> Parcel:
        other = signed(parcel.body, "guessed").signature
        changed = parcel.body.replace(b"sync_end", b"sync_bad").replace(b"created", b"crested")
        return self.dice.choice(
            (Parcel(changed, parcel.signature), Parcel(parcel.body, other), Parcel(parcel.body, ""))
        )

    def differing(self) -> dict[str, Any]:
        """Connections of which we believe what is not so."""
        with self.api() as api, self.database.reading() as session:
            rows = {row.connection_id: row for row in session.scalars(select(Connection))}
            found = {}
            for name in self.ids:
                so, known = api.connection(name), rows[name]
                assert so is not None
                pair = (
                    (so.setup_state, so.sync_state, so.succeeded_at, so.failed_at),
                    (known.setup_state, known.sync_state, known.succeeded_at, known.failed_at),
                )
                if pair[0] != pair[1]:
                    found[name] = pair
        return found


@pytest.fixture(params=["fresh", pytest.param("fresh_postgres", marks=[pytest.mark.postgres, pytest.mark.deep])])
def stage(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Stage]:
    database: Database = request.getfixturevalue(request.param)
    moments = count()
    made: list[Stage] = []
    # A sync ends when a test says so: what ends by itself would be told after the last delivery was posted.
    emulator = emulated.create_app(
        template_folder=resources.TEMPLATES,
        key=PAIR[0],
        secret=PAIR[1],
        now=lambda: MONDAY + timedelta(milliseconds=next(moments)),
        switches=Switches(sync_seconds=1e9, calls_per_hour=10**9),
        webhook_transport=httpx.MockTransport(lambda request: made[0].catch(request)),
    )
    made.append(Stage(database, settings, emulator))
    yield made[0]
    emulator.extensions[EXTENSION].close()


def walk(stage: Stage, sender: Senders, *, chunks: int, rounds: int) -> list[Receipt]:
    """Things happen at Fivetran while the deliveries of what happened before come in: each twice, one in ten forged,
    some not before the next lot. A worker looks all the while. Fails unless we know in the end what is so."""
    context = Context(stage.database, stage.settings, wall_clock, stage.api)
    only_looks = {kind: effect if kind == "take_in" else lambda *_: None for kind, effect in EFFECTS.items()}
    worker, over, receipts = Worker(context, effects=only_looks), Event(), []
    looking = Thread(target=worker.run, args=(over,))
    looking.start()
    late: list[Parcel] = []
    posting: Thread | None = None
    genuine: set[bytes] = set()
    for _ in range(chunks):
        parcels = stage.change(rounds)
        genuine |= {parcel.body for parcel in parcels}
        lot = [*parcels, *parcels, *late]
        lot += [stage.forged(parcel) for parcel in stage.dice.choices(parcels, k=len(lot) // 9)]
        stage.dice.shuffle(lot)
        late = stage.dice.sample(parcels, len(parcels) // 5)
        if posting:
            posting.join()
        posting = Thread(target=lambda lot=lot: receipts.extend(flood(lot, sender)))
        posting.start()
    assert posting is not None
    posting.join()
    over.set()
    looking.join()
    worker.drain()
    _is_right(stage, receipts, genuine)
    return receipts


def _is_right(stage: Stage, receipts: list[Receipt], genuine: set[bytes]) -> None:
    assert stage.differing() == {}
    for receipt in receipts:
        fits = signed(receipt.parcel.body, stage.settings.webhook_secret).signature == receipt.parcel.signature
        assert receipt.status == (200 if fits else 401)
    with stage.database.reading() as session:
        kept = set(session.scalars(select(WebhookEvent.body)))
        untaken = session.scalar(select(func.count()).select_from(WebhookEvent).where(WebhookEvent.taken_at.is_(None)))
        looks = session.scalar(select(func.count()).select_from(Job).where(Job.kind == "take_in")) or 0
        refused = session.scalar(select(func.sum(WebhookRefusal.count))) or 0
        dead = session.scalars(select(Job.last_error).where(Job.state == "dead")).all()
    assert kept == genuine
    assert (untaken, list(dead)) == (0, [])
    assert looks < len(genuine), "one look answers for many deliveries"
    assert 0 < refused <= sum(receipt.status == 401 for receipt in receipts)


def test_three_hundred_deliveries_in_a_muddle(stage: Stage) -> None:
    stage.furnish(5)
    app = create_app(stage.settings, stage.database)

    @contextmanager
    def sender() -> Iterator[Sender]:
        client, path = app.test_client(), "/webhooks/fivetran"
        yield lambda each: client.post(path, data=each.body, headers={HEADER: each.signature}).status_code

    assert len(walk(stage, sender, chunks=2, rounds=12)) > 200


@pytest.mark.deep
def test_ten_thousand_deliveries_in_a_muddle(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """Against gunicorn with two processes. How long the answers took is printed, for it depends on the machine."""
    stage.furnish(50)
    url = stage.database.engine.url.render_as_string(hide_password=False)
    with a_web_process(stage.settings, url) as base_url:
        receipts = walk(stage, over_http(base_url), chunks=8, rounds=14)
    assert len(receipts) >= 10_000
    with capsys.disabled():
        kind = stage.database.engine.dialect.name
        figures = "p50 {:.1f} ms, p99 {:.1f} ms, longest {:.1f} ms".format(*percentiles(receipts))
        sys.stdout.write(f"\n{len(receipts)} deliveries, {kind}: {figures}\n")

"""From accept to the first sync, over the real client and the emulator: one connection, whatever goes wrong."""

import hashlib
import hmac
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from factories import MONDAY, Cast, a_case, a_cast, act, move, put
from flask import Flask
from sqlalchemy import select
from webclient import Browser

from request_tracker import resources
from request_tracker.actions import heir, sweep, withdraw
from request_tracker.app import create_app
from request_tracker.emulator import app as emulated
from request_tracker.emulator.world import EXTENSION
from request_tracker.fivetran.client import Fivetran
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.settings import Settings
from request_tracker.store import connections, evidence
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.requests import Request
from request_tracker.store.session import Database
from request_tracker.store.webhook_events import WebhookEvent
from request_tracker.work import making
from request_tracker.work.context import Context
from request_tracker.work.worker import Worker

EMULATOR = "http://emulator.example"


@dataclass
class Scene:
    """The application, a worker and the emulator, all on one clock that the test moves."""

    database: Database
    settings: Settings
    app: Flask
    emulator: Flask
    cast: Cast
    case_id: int = 0
    now: datetime = MONDAY

    def __post_init__(self) -> None:
        self.transport = httpx.WSGITransport(app=self.emulator)
        self.context = Context(self.database, self.settings, lambda: self.now, self.api)
        self.worker = Worker(self.context)
        self.control = httpx.Client(transport=self.transport, base_url=EMULATOR)

    def api(self) -> Fivetran:
        return Fivetran(EMULATOR, "key", "fivetran-secret", transport=self.transport, sleep=lambda _: None)

    def pass_time(self, **by: float) -> None:
        self.now += timedelta(**by)
        with self.database.transaction() as session:
            sweep.connections_due(session, Act(SYSTEM, self.now, self.settings.program))
        self.worker.drain()

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

    def conditions(self) -> dict[str, str]:
        with self.database.reading() as session:
            return {each.kind: each.reason for each in connections.conditions(session, self.row().id)}

    def letters(self, notice: str) -> list[Letter]:
        with self.database.reading() as session:
            return list(session.scalars(select(Letter).where(Letter.notice == notice)))

    def made(self) -> list[dict[str, Any]]:
        """Every connection the emulator holds."""
        answer = self.control.get("/v1/connections", auth=("key", "fivetran-secret"))
        return list(answer.json()["data"]["items"])

    def fault(self, **rule: Any) -> None:
        self.control.post("/_control/faults", json=rule).raise_for_status()


@pytest.fixture(params=["fresh", pytest.param("fresh_postgres", marks=[pytest.mark.postgres, pytest.mark.deep])])
def scene(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Scene]:
    """A case that was accepted a moment ago."""
    database: Database = request.getfixturevalue(request.param)
    with database.transaction() as session:
        cast = a_cast(session)
        case_id = a_case(session, cast, phase="consultation").id
    made: list[Scene] = []
    ours = replace(settings, fivetran_url=EMULATOR)
    emulator = emulated.create_app(
        template_folder=resources.TEMPLATES,
        key="key",
        secret="fivetran-secret",
        now=lambda: made[0].now if made else MONDAY,
        public_url=EMULATOR,
    )
    app = create_app(ours, database, now=lambda: made[0].now)
    made.append(Scene(database, ours, app, emulator, cast, case_id))
    yield made[0]
    emulator.extensions[EXTENSION].close()


def test_nothing_is_made_inside_the_undo_window(scene: Scene) -> None:
    scene.pass_time(seconds=599)
    assert scene.made() == []
    scene.pass_time(seconds=2)
    assert [each["schema"] for each in scene.made()] == ["lite_acme_billing_1"]
    assert scene.row().state == "created"
    assert "starter_ready" in scene.standing()
    assert len(scene.letters("connect")) == 1


def test_from_the_letter_over_the_card_to_the_first_sync(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.pass_time(seconds=601)
    monkeypatch.setattr(sys.modules["request_tracker.web.connect"], "client", lambda _: scene.api())
    browser = Browser(scene.app).sign_in(scene.cast.ada)
    letter = scene.letters("connect")[0]
    link = re.search(r"http://127\.0\.0\.1:8000(/connect/\S+)", letter.text)
    assert link, letter.text
    card = browser.get(link[1], status=303).location
    assert card.startswith(f"{EMULATOR}/connect-card/setup")
    page = scene.control.get(card.removeprefix(EMULATOR))
    hidden = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page.text))
    action = re.search(r'<form[^>]*action="([^"]+)"', page.text)
    assert action
    answer = scene.control.post(action[1].replace("&amp;", "&"), data=hidden | _grant(page.text))
    assert answer.status_code == 303, answer.text[:500]
    back = answer.headers["Location"].removeprefix("http://127.0.0.1:8000")
    shown = browser.get(back, status=303)
    assert shown.location.endswith("/requests/REQ-000001/access")
    assert "access_granted" not in scene.standing(), "the callback is only a hint"
    scene.pass_time(seconds=1)
    assert "access_granted" in scene.standing()
    assert scene.row().state == "connected"
    assert browser.get(back, status=303).location.endswith("/REQ-000001/access"), "used: says so, does nothing"
    with scene.database.transaction() as session:
        case = session.get_one(Case, scene.case_id)
        keys = ("service_demonstrated", "use_cases_recorded", "data_requirements_recorded", "minutes_confirmed")
        put(session, case, scene.cast.specialist, *keys, now=scene.now)
        move(session, case, "start_build", scene.cast.specialist, now=scene.now)
        put(session, case, scene.cast.engineer, "built", "tested", "documented", now=scene.now)
        move(session, case, "open_preview", scene.cast.engineer, now=scene.now)
    scene.pass_time(seconds=601)
    assert scene.row().state == "syncing"
    scene.pass_time(minutes=6)
    assert scene.row().state == "live"
    assert "initial_sync_finished" in scene.standing()


def _grant(text: str) -> dict[str, str]:
    button = re.search(r'<button[^>]*name="([^"]+)"[^>]*value="([^"]+)"[^>]*>\s*Grant', text)
    return {button[1]: button[2]} if button else {}


def test_somebody_elses_way_back_is_nobodys(scene: Scene) -> None:
    scene.pass_time(seconds=601)
    Browser(scene.app).sign_in(scene.cast.cleo).get("/connect/return/forged", status=404)
    Browser(scene.app).sign_in(scene.cast.cleo).get("/connect/LITE-000001", status=404)
    Browser(scene.app).sign_in(scene.cast.ben).get("/connect/LITE-000001", status=403)


def test_fivetran_down_for_a_while_is_said_and_healed(scene: Scene) -> None:
    scene.fault(kind="down")
    scene.pass_time(seconds=601)
    assert scene.row().state == "unknown"
    assert scene.conditions()["api"] == "unreachable"
    scene.control.post("/_control/faults", json={"items": []})
    scene.pass_time(seconds=61)
    assert len(scene.made()) == 1
    assert scene.conditions()["api"] == "reachable"


@pytest.mark.parametrize("kind", ["error_after", "error_before", "conflict"])
def test_a_doubtful_answer_never_makes_two(scene: Scene, kind: str) -> None:
    scene.fault(kind=kind, method="POST", path="/v1/connections", count=1)
    scene.pass_time(seconds=601)
    for _ in range(4):
        scene.pass_time(seconds=61)
    assert len(scene.made()) == 1
    assert scene.row().connection_id == scene.made()[0]["id"]
    assert len(scene.letters("connect")) == 1


def test_a_worker_killed_after_the_call_adopts_what_it_made(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: Any) -> None:
        raise SystemExit("kill -9")

    monkeypatch.setattr(making.rows, "made", killed)
    with pytest.raises(SystemExit):
        scene.pass_time(seconds=601)
    assert len(scene.made()) == 1
    assert scene.row().connection_id is None
    monkeypatch.undo()
    scene.pass_time(minutes=3)
    assert len(scene.made()) == 1
    assert scene.row().state == "created"


def test_a_deleted_connection_is_told_and_not_made_again(scene: Scene) -> None:
    scene.pass_time(seconds=601)
    scene.control.post(f"/_control/delete/{scene.row().connection_id}").raise_for_status()
    for _ in range(3):
        scene.pass_time(minutes=6)
    assert scene.row().state == "missing"
    assert scene.made() == []
    assert len(scene.letters("starter_missing")) == 1


def test_after_withdrawal_the_starter_goes_when_its_grace_is_over(scene: Scene) -> None:
    scene.pass_time(seconds=601)
    with scene.database.transaction() as session:
        request = session.get_one(Request, scene.case().primary_request_id)
        withdraw.withdraw(session, request, act(scene.cast.ada, scene.now))
    scene.pass_time(seconds=601)
    assert scene.row().grace_until is not None
    assert len(scene.made()) == 1
    scene.pass_time(days=8)
    assert scene.made() == []
    assert scene.row().state == "deleted"


def test_the_next_primary_gets_a_starter_of_their_own(scene: Scene) -> None:
    from factories import a_request

    scene.pass_time(seconds=601)
    with scene.database.transaction() as session:
        cleo = a_request(session, scene.cast.cleo, now=scene.now, join="LITE-000001").id
        request = session.get_one(Request, scene.case().primary_request_id)
        withdraw.withdraw(session, request, act(scene.cast.ada, scene.now))
    scene.pass_time(seconds=601)
    assert [each["schema"] for each in scene.made()] == ["lite_acme_billing_1"], "nothing is made while nobody leads"
    with scene.database.transaction() as session:
        heir.answer(session, session.get_one(Request, cleo), act(scene.cast.cleo, scene.now), yes=True)
    scene.pass_time(seconds=601)
    assert [each["schema"] for each in scene.made()] == ["lite_acme_billing_1", "lite_acme_billing_1_2"]
    assert len({each["group_id"] for each in scene.made()}) == 2, "each account has a group of its own"
    scene.pass_time(days=8)
    assert [each["schema"] for each in scene.made()] == ["lite_acme_billing_1_2"]
    assert scene.row().state == "created"


def _delivery(connection_id: str) -> bytes:
    body = {
        "event": "sync_end", "created": "2026-11-02T09:00:00.000Z", "connector_type": "x",
        "connector_id": connection_id, "sync_id": "1", "data": {"status": "SUCCESSFUL"},
    }  # fmt: skip
    return json.dumps(body).encode()


def test_webhooks_are_believed_only_when_signed_and_kept_once(scene: Scene) -> None:
    scene.pass_time(seconds=601)
    raw = _delivery(scene.row().connection_id or "")
    signed = hmac.new(b"webhook-secret", raw, hashlib.sha256).hexdigest()
    client = scene.app.test_client()
    for signature, status in ((None, 401), ("0" * 64, 401), (signed, 200), (signed.upper(), 200)):
        headers = {"X-Fivetran-Signature-256": signature} if signature else {}
        assert client.post("/webhooks/fivetran", data=raw, headers=headers).status_code == status
    with scene.database.reading() as session:
        assert len(session.scalars(select(WebhookEvent)).all()) == 1
        looks = session.scalars(select(Job).where(Job.kind == "take_in", Job.state == "ready")).all()
        assert len(looks) == 1
    junk = b"not json"
    signed = hmac.new(b"webhook-secret", junk, hashlib.sha256).hexdigest()
    answer = client.post("/webhooks/fivetran", data=junk, headers={"X-Fivetran-Signature-256": signed})
    assert answer.status_code == 400

"""The webhook we keep at Fivetran: one, active, with every event and the secret of now, whatever was there before."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from factories import MONDAY
from sqlalchemy import select

from request_tracker import resources
from request_tracker.actions import own_webhook as remembered
from request_tracker.emulator import app as emulated
from request_tracker.emulator.world import EXTENSION
from request_tracker.fivetran.client import Fivetran
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.settings import Settings
from request_tracker.store import webhook_events
from request_tracker.store.session import Database
from request_tracker.store.webhook_events import OurWebhook, WebhookEvent
from request_tracker.work import hearing, own_webhook
from request_tracker.work.context import Context
from request_tracker.work.own_webhook import EVENTS, ONLY_HTTPS

EMULATOR = "http://emulator.example"
US, BEFORE = "https://us.example", "https://before.example"
PAIR = ("key", "fivetran-secret")


@dataclass
class Place:
    """An emulator, our memory of it, and a receiver that answers what a test wants."""

    database: Database
    settings: Settings
    api: httpx.Client
    now: datetime = MONDAY

    def ensure(self, *, at_once: bool = False, **changes: Any) -> None:
        own_webhook.ensure_webhook(self.context(**changes), at_once=at_once)

    def context(self, **changes: Any) -> Context:
        settings = replace(self.settings, **changes)
        return Context(self.database, settings, lambda: self.now, self.client)

    def client(self) -> Fivetran:
        return Fivetran(EMULATOR, *PAIR, transport=self.api._transport, sleep=lambda _: None)

    def hooks(self) -> list[dict[str, Any]]:
        return list(self.api.get("/v1/webhooks").json()["data"]["items"])

    def calls(self) -> list[str]:
        """What was changed at Fivetran."""
        log = self.api.get("/_control/log").json()["items"]
        return [f"{each['method']} {each['path']}" for each in log if each["method"] != "GET"]

    def rows(self) -> list[OurWebhook]:
        with self.database.reading() as session:
            return webhook_events.our_webhooks(session)


@pytest.fixture
def place(fresh: Database, settings: Settings) -> Iterator[Place]:
    app = emulated.create_app(
        template_folder=resources.TEMPLATES,
        key=PAIR[0],
        secret=PAIR[1],
        now=lambda: MONDAY,
        webhook_transport=httpx.MockTransport(lambda _: httpx.Response(200)),
    )
    api = httpx.Client(transport=httpx.WSGITransport(app=app), base_url=EMULATOR, auth=PAIR)
    yield Place(fresh, replace(settings, fivetran_url=EMULATOR, base_url=US, webhook_secret="new,old"), api)
    app.extensions[EXTENSION].close()


def test_it_is_made_once_and_left_alone(place: Place) -> None:
    for _ in range(3):
        place.ensure()
    (hook,) = place.hooks()
    assert (hook["url"], hook["active"], set(hook["events"])) == (f"{US}/webhooks/fivetran", True, set(EVENTS))
    assert place.calls() == ["POST /v1/webhooks/account"]
    assert [row.webhook_id for row in place.rows()] == [hook["id"]]


@pytest.mark.parametrize(
    "was", [{"active": False}, {"events": ["sync_end"]}, {"events": [*EVENTS, "more"]}, {"url": f"{US}/elsewhere"}]
)
def test_what_others_changed_is_put_back(place: Place, was: dict[str, Any]) -> None:
    place.ensure()
    (hook,) = place.hooks()
    place.api.patch(f"/v1/webhooks/{hook['id']}", json=was).raise_for_status()
    place.ensure()
    (now,) = place.hooks()
    assert (now["url"], now["active"], set(now["events"])) == (f"{US}/webhooks/fivetran", True, set(EVENTS))


def test_a_new_secret_is_handed_over_once(place: Place) -> None:
    place.ensure()
    for _ in range(2):
        place.ensure(webhook_secret="newer,new")
    (hook,) = place.hooks()
    assert place.calls()[1:] == [f"PATCH /v1/webhooks/{hook['id']}"]


def test_after_a_move_the_webhook_of_the_old_address_goes(place: Place) -> None:
    place.ensure(base_url=BEFORE)
    stranger = {"url": "https://stranger.example/", "events": ["sync_end"], "secret": "x"}
    place.api.post("/v1/webhooks/account", json=stranger).raise_for_status()
    place.ensure()
    assert [hook["url"] for hook in place.hooks()] == ["https://stranger.example/", f"{US}/webhooks/fivetran"]
    assert [row.url for row in place.rows()] == [f"{US}/webhooks/fivetran"]


def test_of_several_with_our_address_one_is_kept(place: Place) -> None:
    """Two workers that made it at the same moment; the one that is known to us stays."""
    twin = {"url": f"{US}/webhooks/fivetran", "events": list(EVENTS), "secret": "unknown"}
    for _ in range(2):
        place.api.post("/v1/webhooks/account", json=twin).raise_for_status()
    place.ensure()
    (kept,) = place.hooks()
    assert f"PATCH /v1/webhooks/{kept['id']}" in place.calls(), "its secret is nobody's: it is given ours"
    place.api.post("/v1/webhooks/account", json=twin).raise_for_status()
    place.ensure()
    assert [hook["id"] for hook in place.hooks()] == [kept["id"]]


def test_a_plain_address_is_refused_told_and_not_asked_for_again_soon(place: Place) -> None:
    for _ in range(3):
        place.ensure(base_url="http://us.example")
        place.now += timedelta(minutes=5)
    (row,) = place.rows()
    assert (row.webhook_id, row.fault) == ("", ONLY_HTTPS)
    assert place.calls() == ["POST /v1/webhooks/account"]
    place.ensure(base_url="http://us.example", at_once=True)
    place.now += timedelta(hours=1)
    place.ensure(base_url="http://us.example")
    assert len(place.calls()) == 3
    place.ensure()
    (row,) = place.rows()
    assert (row.url, row.fault, row.retry_at) == (f"{US}/webhooks/fivetran", "", None)


def test_this_machine_is_no_address_for_the_real_fivetran(place: Place) -> None:
    place.ensure(base_url="http://127.0.0.1:8000")
    assert place.calls() == []


def test_an_admin_can_have_it_tested(place: Place) -> None:
    own_webhook.test(place.context())
    place.ensure()
    own_webhook.test(place.context())
    (row,) = place.rows()
    assert (row.test_said, row.tested_at) == ("The test delivery arrived", MONDAY)
    place.api.delete(f"/v1/webhooks/{row.webhook_id}")
    own_webhook.test(place.context())
    assert "made again" in place.rows()[0].test_said
    with place.database.transaction() as session:
        remembered.ask_for_test(session, Act(SYSTEM, MONDAY, place.settings.program))
        assert session.scalars(select(OurWebhook.fault)).all() == [""]


def test_a_look_that_got_no_answer_leaves_its_deliveries_waiting(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was told is done with only once the connection was read."""
    with place.database.transaction() as session:
        told = {"digest": "0" * 64, "kind": "sync_end", "connection_id": "plain_words", "body": b"{}"}
        session.add(WebhookEvent(natural_key="one", received_at=MONDAY, **told))
    for answered in (False, True):
        monkeypatch.setattr(hearing.looking, "take_in", lambda *_, said=answered: said)
        hearing.take_in(place.context(), "plain_words", job_id=0)
        with place.database.reading() as session:
            assert (session.scalars(select(WebhookEvent.taken_at)).one() is not None) is answered

"""What Fivetran posts: believed only when signed, kept once, in any order, and never more than a reason to look."""

import hashlib
import hmac
import itertools
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from conftest import Rolled
from factories import CLOCK, MONDAY, Cast, a_case, act
from flask import Flask
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from webclient import Browser
from werkzeug.test import TestResponse

from request_tracker.access.wiring import Wiring
from request_tracker.actions import card, deliveries
from request_tracker.settings import Settings
from request_tracker.store import jobs
from request_tracker.store.cases import case_number
from request_tracker.store.connections import CardState, Connection
from request_tracker.store.jobs import Job
from request_tracker.store.webhook_events import WebhookEvent, WebhookRefusal
from request_tracker.web.webhooks import BIGGEST, REFUSALS, Refusals

SECRET, OURS = "webhook-secret", "plain_words"
NAMES = (
    "sync_start", "sync_end", "status", "transformation_start", "dbt_run_failed", "resync_table", "never_heard_of",
)  # fmt: skip
_MOMENT = itertools.count()


def an_event(kind: str = "sync_end", connection: str | None = OURS, **more: Any) -> dict[str, Any]:
    """A body as Fivetran sends it, of a moment of its own."""
    stamp = f"2026-11-02T09:{next(_MOMENT) // 1000 % 60:02d}:00.{next(_MOMENT) % 1000:03d}Z"
    named = {} if connection is None else {"connector_id": connection}
    return {"event": kind, "created": stamp, "connector_type": "x", **named, "data": {}, **more}


def post(app: Flask, body: Any, *, secret: str = SECRET, upper: bool = False, **headers: str) -> TestResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signature = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    sent = {"X-Fivetran-Signature-256": signature.upper() if upper else signature, **headers}
    return app.test_client().post("/webhooks/fivetran", data=raw, headers=sent)


@pytest.fixture
def row(session: Session, cast: Cast) -> Connection:
    """A connection of ours, whose id is OURS."""
    case = a_case(session, cast)
    made = Connection(
        case_id=case.id, request_id=case.primary_request_id or 0, account_id=cast.ada.account_id or 0, state="created",
        schema_name="lite", service="x", connection_id=OURS, created_at=MONDAY,
    )  # fmt: skip
    session.add(made)
    session.execute(delete(Job))
    session.commit()
    return made


def looks(session: Session, *states: str) -> list[Job]:
    session.expire_all()
    chosen = Job.state.in_(states or ("ready", "running"))
    return list(session.scalars(select(Job).where(Job.kind == "take_in", chosen).order_by(Job.id)))


def stored(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(WebhookEvent)) or 0


@pytest.mark.usefixtures("row")
def test_every_genuine_event_is_kept_once_whatever_it_is(app: Flask, session: Session) -> None:
    probe = {"event": "test_event", "created": "2026-11-02T09:00:00.000Z", "group_id": "_destination_1",
             "connector_type": "_connector_type", "connector_id": "_connector_1"}  # fmt: skip
    nowhere = [an_event("dbt_run_start", None, created="2026-11-02T09:00:00.000Z", data={"n": n}) for n in (1, 2)]
    odd = [{}, {"event": 7}, {"event": "x" * 99}, {"event": "nul\x00", "connector_id": "\ud800", "created": "never"}]
    bodies = [probe, *nowhere, *odd, *(an_event(name) for name in NAMES)]
    for body in bodies:
        for upper in (True, False):
            answer = post(app, body, upper=upper, **{"Content-Type": "application/x-www-form-urlencoded"})
            assert answer.status_code == 200, (body, answer.text)
            assert answer.json == {"stored": upper}, "the second delivery of an event is none"
    assert stored(session) == len(bodies)
    assert len(looks(session)) == 1, "of our connection, and however many there were"
    raw = session.scalar(select(WebhookEvent.body).where(WebhookEvent.kind == "never_heard_of"))
    assert raw == json.dumps(bodies[-1]).encode()


def test_what_is_not_signed_is_counted_and_not_kept(app: Flask, session: Session) -> None:
    app.extensions[REFUSALS] = Refusals()
    raw = json.dumps(an_event()).encode()
    client = app.test_client()
    assert client.post("/webhooks/fivetran", data=raw).status_code == 401
    for signature in ("", "0" * 64, "é", "sha256=" + hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()):
        answer = client.post("/webhooks/fivetran", data=raw, headers={"X-Fivetran-Signature-256": signature})
        assert answer.status_code == 401
    assert post(app, b"not json", secret="other").status_code == 401, "only the genuine hears what is wrong with it"
    assert post(app, b"x" * (BIGGEST + 1)).status_code == 413
    assert post(app, b"x" * BIGGEST).status_code == 400
    assert post(app, b"[1]").status_code == 400
    assert stored(session) == 0
    count = select(func.sum(WebhookRefusal.count))
    assert session.scalar(count) == 1, "the first is written at once, the others not one by one"
    post(app, an_event())
    assert session.scalar(count) == 7
    assert {row.reason for row in session.scalars(select(WebhookRefusal))} == {"unsigned", "forged", "too_big"}


def test_while_the_secret_changes_both_are_believed(app: Flask, session: Session, settings: Settings) -> None:
    was = app.extensions["request_tracker"]
    changing = replace(settings, webhook_secret=f"brand-new, {SECRET}")
    app.extensions["request_tracker"] = Wiring(was.database, changing, was.now, was.known)
    bodies = [(secret, an_event()) for secret in ("brand-new", SECRET, f"brand-new, {SECRET}", "")]
    assert [post(app, body, secret=secret).status_code for secret, body in bodies] == [200, 200, 401, 401]
    assert stored(session) == 2


@pytest.mark.usefixtures("row")
def test_what_is_told_while_a_look_runs_asks_for_another(app: Flask, rolled: Rolled, session: Session) -> None:
    post(app, an_event("sync_start"))
    post(app, an_event("sync_end"))
    post(app, an_event("sync_end", "nobody_knows"))
    (first,) = looks(session)
    with rolled.transaction() as own:
        claimed = jobs.claim(own, "worker", MONDAY)
        assert claimed is not None
        assert claimed.id == first.id
        up_to = deliveries.begin(own, first.id, OURS)
    post(app, an_event("sync_end"))
    (running, waiting) = looks(session)
    assert (running.state, waiting.state) == ("running", "ready")
    with rolled.transaction() as own:
        deliveries.taken(own, OURS, up_to, MONDAY)
        jobs.finish(own, first.id, "worker", MONDAY)
    told = session.execute(select(WebhookEvent.connection_id, WebhookEvent.taken_at).order_by(WebhookEvent.id)).all()
    assert [at is not None for name, at in told] == [True, True, False, False]


@pytest.mark.usefixtures("row")
def test_a_thousand_events_while_fivetran_is_silent_leave_two_looks(
    app: Flask, rolled: Rolled, session: Session
) -> None:
    """Each event is a reason to look at once, each look fails: none of them piles up."""
    for _ in range(12):
        post(app, an_event())
        with rolled.transaction() as own:
            job = jobs.claim(own, "worker", CLOCK["now"])
            assert job is not None
            deliveries.begin(own, job.id, OURS)
        with rolled.transaction() as own:
            jobs.fail(own, own.get_one(Job, job.id), "worker", CLOCK["now"], "no answer")
        assert len(looks(session)) <= 2
    post(app, an_event())
    assert len(looks(session)) == 2


@pytest.mark.usefixtures("row")
def test_a_look_that_was_given_up_does_not_end_all_looks(app: Flask, session: Session) -> None:
    post(app, an_event())
    (first,) = looks(session)
    first.state = "dead"
    session.commit()
    post(app, an_event())
    assert len(looks(session, "ready")) == 1


def test_the_admin_sees_what_came_and_has_it_acted_on_again(
    app: Flask, session: Session, cast: Cast, row: Connection
) -> None:
    browser = Browser(app).sign_in(cast.admin)
    assert "Nothing came yet" in browser.get("/admin/webhooks").text
    for number in range(60):
        post(app, an_event("sync_end" if number % 2 else "<b>odd</b>", OURS if number % 3 else "nobody_knows"))
    session.execute(delete(Job))
    session.commit()
    page = browser.get("/admin/webhooks")
    assert "sync_end 30" in page.text
    assert "&lt;b&gt;odd&lt;/b&gt;" in page.text
    assert "Next page" in page.text
    assert case_number(row.case_id) in page.text
    eleventh = session.scalars(select(WebhookEvent.id).order_by(WebhookEvent.id)).all()[10]
    older = browser.get(f"/admin/webhooks?before={eleventh}&kind=sync_end")
    assert older.text.count("Act again") == 5
    assert "No delivery is like that" in browser.get("/admin/webhooks?connection=other").text
    assert "nobody_knows" not in browser.get("/admin/webhooks?known=yes").text.partition("<tbody")[2]
    browser.post("/admin/webhooks/replay", {"known": "no"}, on="/admin/webhooks")
    assert looks(session) == [], "there is nothing to look at"
    browser.post("/admin/webhooks/replay", {"known": "yes", "kind": "sync_end"}, on="/admin/webhooks")
    assert len(looks(session)) == 1
    event = session.scalars(select(WebhookEvent).where(WebhookEvent.connection_id == OURS)).first()
    assert event is not None
    browser.post(f"/admin/webhooks/{event.id}/replay", on="/admin/webhooks")
    shown = browser.get(f"/admin/webhooks/{event.id}").text
    assert "by Admin" in shown
    assert "&#34;connector_id&#34;: &#34;plain_words&#34;" in shown
    post(app, an_event("status", "elsewhere", data={"reason": "half \ud800"}))
    newest = session.scalars(select(WebhookEvent.id).order_by(WebhookEvent.id.desc())).first()
    assert "half ?" in browser.get(f"/admin/webhooks/{newest}").text
    browser.get("/admin/webhooks/999999", status=404)
    browser.post("/admin/webhooks/999999/replay", status=404, on="/admin/webhooks")
    for button in ("test", "mend"):
        browser.post(f"/admin/webhooks/{button}", on="/admin/webhooks")
    assert session.scalars(select(Job.kind).where(Job.kind.like("%webhook")).order_by(Job.kind)).all() == [
        "mend_webhook", "test_webhook",
    ]  # fmt: skip


def test_old_deliveries_and_ways_to_cards_are_forgotten_in_time(
    app: Flask, session: Session, cast: Cast, row: Connection
) -> None:
    post(app, an_event())
    who = {"connection_row_id": row.id, "person_id": cast.ada.id or 0, "digest": "x"}
    session.add(CardState(**who, created_at=MONDAY, expires_at=MONDAY))
    session.flush()
    for days, left in ((89, 1), (91, 0)):
        later = act(cast.admin, MONDAY + timedelta(days=days))
        deliveries.forget(session, later)
        card.forget(session, later)
        assert (stored(session), session.scalar(select(func.count()).select_from(CardState))) == (left, left)

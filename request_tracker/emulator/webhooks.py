"""Webhook subscriptions of the account and of groups, the probe on creation and the test call."""

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response

from request_tracker.emulator import answers
from request_tracker.emulator.accounts import group_or_404
from request_tracker.emulator.answers import MASK, ApiError, invalid, missing, page, required, stamp, success
from request_tracker.emulator.delivery import is_taken, post
from request_tracker.emulator.outbox import compact, short_stamp
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, world

webhooks = Blueprint("webhooks", __name__)

_OWN_FIELDS = ("failing_since",)


@webhooks.get("/v1/webhooks")
def list_webhooks() -> Response:
    return page([_shown(one) for one in world().state.find("webhook")])


@webhooks.post("/v1/webhooks/account")
def create_for_account() -> Response:
    return success("Account webhook has been created", _create(world(), None))


@webhooks.post("/v1/webhooks/group/<group_id>")
def create_for_group(group_id: str) -> Response:
    group_or_404(world(), group_id)
    return success("Group webhook has been created", _create(world(), group_id))


@webhooks.get("/v1/webhooks/<key>")
def get_webhook(key: str) -> Response:
    return success("Operation performed.", _shown(_found(world(), key)))


@webhooks.patch("/v1/webhooks/<key>")
def update_webhook(key: str) -> Response:
    here, wish = world(), answers.body()
    was = _found(here, key)
    webhook = {**was, **_checked(here, {**was, **wish})}
    if webhook["active"] and not was["active"]:
        _probe(here, webhook)
    with here.state.changing():
        now = _found(here, key)
        here.state.put("webhook", {**webhook, "failing_since": now.get("failing_since") if was["active"] else None})
    return success("Webhook has been updated", _shown(webhook))


@webhooks.delete("/v1/webhooks/<key>")
def delete_webhook(key: str) -> Response:
    here = world()
    _found(here, key)
    with here.state.changing():
        here.state.drop("webhook", key)
        here.state.drop_all("delivery", {"webhook_id": key})
    return success(f"Webhook with id '{key}' has been deleted")


@webhooks.post("/v1/webhooks/<key>/test")
def test_webhook(key: str) -> Response:
    here, wish = world(), answers.body()
    required(wish, "event")
    status = post(here, _found(here, key), _dummy(here, str(wish["event"])))
    data: dict[str, Any] = {
        "succeed": is_taken(status),
        "status": status or 0,
        "message": "No answer in time" if status is None else f"The receiver answered {status}",
    }
    return success("Webhook test completed successfully", data)


def _create(here: World, group_id: str | None) -> Doc:
    wish = answers.body()
    required(wish, "url", "events")
    webhook = {
        "id": here.new_id("webhook"),
        "type": "account" if group_id is None else "group",
        "group_id": group_id,
        "created_at": stamp(here.now()),
        "created_by": "plain_person",
        "failing_since": None,
        **_checked(here, wish),
    }
    if webhook["active"]:
        _probe(here, webhook)
    here.state.put("webhook", webhook)
    return _shown(webhook)


def _checked(here: World, wish: Doc) -> Doc:
    url, events = str(wish["url"]), wish["events"]
    if not _is_address(url, ("https", "http") if here.switches.webhook_allow_http else ("https",)):
        raise invalid("Field 'url' must start with https")
    if not isinstance(events, list) or not all(isinstance(event, str) for event in events):
        raise invalid("Field 'events' must be a list of event names")
    return {"url": url, "events": events, "active": bool(wish.get("active", True)), "secret": wish.get("secret")}


def _is_address(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname)


def _probe(here: World, webhook: Doc) -> None:
    status = post(here, webhook, _dummy(here, "test_event"))
    if not is_taken(status):
        said = "no answer" if status is None else f"status {status}"
        raise ApiError(400, "InvalidInput", f"Webhook URL did not accept the test event ({said})")


def _dummy(here: World, event: str) -> str:
    # The real probe has no sync_id and says group_id; receivers must live with that.
    body = {
        "event": event,
        "created": short_stamp(here.now()),
        "connector_type": "_connector_type",
        "connector_id": "_connector_1",
        "group_id": "_destination_1",
        "data": {},
    }
    return compact(body)


def _shown(webhook: Doc) -> Doc:
    seen = {name: value for name, value in webhook.items() if value is not None and name not in _OWN_FIELDS}
    return {**seen, "secret": MASK} if webhook.get("secret") else seen


def _found(here: World, key: str) -> Doc:
    webhook = here.state.get("webhook", key)
    if webhook is None:
        raise missing("Webhook", key)
    return webhook

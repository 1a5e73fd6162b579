"""How webhooks go out: signed, tried at the vendor's times, given up with the webhook after days of failure."""

import hashlib
import hmac
from datetime import datetime, timedelta

import httpx

from request_tracker.emulator.outbox import moment
from request_tracker.emulator.state import Doc
from request_tracker.emulator.syncs import finish_due, next_finish
from request_tracker.emulator.world import World

SIGNATURE_HEADER = "X-Fivetran-Signature-256"
_NOT_THE_SECRET = "somebody else's secret"


def work(world: World) -> float | None:
    """Finish the syncs that are due and have due deliveries sent; seconds until the next, None when nothing pends.

    Each webhook has a lane of its own, so a slow receiver holds up its own deliveries only.
    """
    finish_due(world)
    moments = next_finish(world)
    for webhook_id in _webhook_ids(world):
        first = _first(world, webhook_id)
        if first is None or world.sender.is_busy(webhook_id):
            continue  # The end of a lane's work wakes us again.
        if _due_at(first) > world.now():
            moments.append(_due_at(first))
        else:
            world.sender.beside(webhook_id, lambda key=webhook_id: _empty(world, key))  # type: ignore[misc]
    return (min(moments) - world.now()).total_seconds() if moments else None


def post(world: World, webhook: Doc, raw: str, *, forged: bool = False) -> int | None:
    """Post one body to a webhook's address; the status, or None when nobody answered in time."""
    headers = _headers(world, webhook, raw, forged)
    try:
        with world.http().stream(
            "POST", webhook["url"], content=raw.encode(), headers=headers, timeout=world.switches.webhook_time_out
        ) as answer:
            return answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None


def signature(raw: bytes, secret: str, *, upper_case: bool) -> str:
    digest = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return digest.upper() if upper_case else digest


def is_taken(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def _empty(world: World, webhook_id: str) -> None:
    """Send what is due for this webhook, one after the other."""
    while not world.sender.closed:
        delivery = _first(world, webhook_id)
        if delivery is None or _due_at(delivery) > world.now():
            return
        _try(world, delivery)


def _try(world: World, delivery: Doc) -> None:
    webhook = world.state.get("webhook", delivery["webhook_id"])
    if webhook is None or not webhook["active"]:
        world.state.drop("delivery", delivery["id"])
        return
    forged = bool(delivery.get("forged"))
    status = post(world, webhook, delivery["body"], forged=forged)
    with world.state.changing():
        if forged or delivery.get("once"):
            world.state.drop("delivery", delivery["id"])
        elif is_taken(status):
            world.state.drop("delivery", delivery["id"])
            _mark(world, webhook["id"], failing_since=None)
        else:
            _again(world, delivery)
            _failed(world, webhook["id"])


def _again(world: World, delivery: Doc) -> None:
    after, attempt = world.switches.webhook_retry_after, delivery["attempt"]
    if world.state.get("delivery", delivery["id"]) is None:
        return
    if attempt >= len(after):
        world.state.drop("delivery", delivery["id"])
        return
    due_at = datetime.fromisoformat(delivery["first_at"]) + timedelta(seconds=after[attempt])
    due_at = max(due_at, world.now() + timedelta(seconds=after[0] / 10))
    world.state.put("delivery", {**delivery, "attempt": attempt + 1, "due_at": moment(due_at)})


def _failed(world: World, webhook_id: str) -> None:
    """Switch the webhook off once it has failed for days without a success between."""
    webhook = world.state.get("webhook", webhook_id)
    if webhook is None:
        return
    since = webhook.get("failing_since") or moment(world.now())
    patience = timedelta(seconds=world.switches.webhook_give_up_after)
    is_over = world.now() - datetime.fromisoformat(since) >= patience
    _mark(world, webhook_id, failing_since=None if is_over else since, active=webhook["active"] and not is_over)


def _mark(world: World, webhook_id: str, **fields: object) -> None:
    webhook = world.state.get("webhook", webhook_id)
    if webhook is not None and any(webhook.get(name) != value for name, value in fields.items()):
        world.state.put("webhook", {**webhook, **fields})


def _headers(world: World, webhook: Doc, raw: str, forged: bool) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    if webhook.get("secret"):
        secret = _NOT_THE_SECRET if forged else webhook["secret"]
        headers[SIGNATURE_HEADER] = signature(raw.encode(), secret, upper_case=world.switches.upper_case_signature)
    return headers


def _webhook_ids(world: World) -> list[str]:
    return [webhook["id"] for webhook in world.state.find("webhook")]


def _first(world: World, webhook_id: str) -> Doc | None:
    return world.state.first("delivery", {"webhook_id": webhook_id}, by="due_at")


def _due_at(delivery: Doc) -> datetime:
    return datetime.fromisoformat(delivery["due_at"])

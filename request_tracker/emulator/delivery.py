"""How webhooks go out: signed, compact, tried a bounded number of times."""

import hashlib
import hmac
from datetime import datetime, timedelta

import httpx

from request_tracker.emulator.state import Doc
from request_tracker.emulator.syncs import finish_due, next_finish
from request_tracker.emulator.world import World

SIGNATURE_HEADER = "X-Fivetran-Signature-256"


def work(world: World) -> float | None:
    """Finish the syncs that are due and send what is due; seconds until the next, None when nothing is pending."""
    finish_due(world)
    for delivery in _pending(world):
        if _due_at(delivery) <= world.now():
            _try(world, delivery)
    moments = [_due_at(delivery) for delivery in _pending(world)] + next_finish(world)
    return (min(moments) - world.now()).total_seconds() if moments else None


def post(world: World, webhook: Doc, raw: str) -> int | None:
    """Post one body to a webhook's address; the status, or None when nobody answered in time."""
    try:
        with httpx.Client(
            transport=world.webhook_transport, timeout=world.switches.webhook_time_out, trust_env=False
        ) as http:
            answer = http.post(webhook["url"], content=raw.encode(), headers=_headers(world, webhook, raw))
    except (httpx.HTTPError, httpx.InvalidURL):
        return None
    return answer.status_code


def signature(raw: bytes, secret: str, *, upper_case: bool) -> str:
    digest = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return digest.upper() if upper_case else digest


def _try(world: World, delivery: Doc) -> None:
    webhook = world.state.get("webhook", delivery["webhook_id"])
    status = post(world, webhook, delivery["body"]) if webhook and webhook["active"] else 200
    if status is not None and 200 <= status < 300:
        world.state.drop("delivery", delivery["id"])
    else:
        _again(world, delivery)


def _again(world: World, delivery: Doc) -> None:
    waits, attempt = world.switches.webhook_retry_after, delivery["attempt"]
    with world.state.changing():
        if world.state.get("delivery", delivery["id"]) is None:
            return
        if attempt >= len(waits):
            world.state.drop("delivery", delivery["id"])
            return
        due_at = world.now() + timedelta(seconds=waits[attempt])
        world.state.put("delivery", {**delivery, "attempt": attempt + 1, "due_at": due_at.isoformat()})


def _headers(world: World, webhook: Doc, raw: str) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    if webhook.get("secret"):
        upper_case = world.switches.upper_case_signature
        headers[SIGNATURE_HEADER] = signature(raw.encode(), webhook["secret"], upper_case=upper_case)
    return headers


def _pending(world: World) -> list[Doc]:
    return world.state.find("delivery")


def _due_at(delivery: Doc) -> datetime:
    return datetime.fromisoformat(delivery["due_at"])

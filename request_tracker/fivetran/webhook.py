"""Fivetran's webhook deliveries: is it genuine, and what does it say."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from request_tracker.fivetran.fields import instant

SIGNATURE_HEADER = "X-Fivetran-Signature-256"
_LONGEST_KEY = 200


@dataclass(frozen=True)
class Event:
    """One delivery. A hint only: read the connection and believe that.

    `created` is aware UTC or None when unreadable; `natural_key` is equal for deliveries of the same event.
    """

    event: str
    created: datetime | None
    connector_id: str | None
    sync_id: str | None
    group_id: str | None
    data: Mapping[str, Any]
    natural_key: str


def verify(raw: bytes, signature: str | None, secret: str) -> bool:
    """Is `signature` the hex HMAC-SHA256 of the raw body? Either letter case; compared in constant time."""
    if not signature or not secret:
        return False
    wanted = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), signature.strip().lower().encode("utf-8", "replace"))


def read(raw: bytes) -> Event:
    """Read a delivery's body; unknown kinds and missing fields are fine. ValueError unless a JSON object."""
    body = _object(raw)
    created = _text(body, "created")
    named = {
        "event": _text(body, "event") or "",
        "connector_id": _text(body, "connector_id", "connection_id"),
        "sync_id": _text(body, "sync_id"),
    }
    data = body.get("data")
    return Event(
        event=named["event"] or "",
        created=instant(body, "created"),
        connector_id=named["connector_id"],
        sync_id=named["sync_id"],
        group_id=_text(body, "destination_group_id", "group_id"),
        data=data if isinstance(data, dict) else {},
        natural_key=_natural_key((*named.values(), created), raw),
    )


def _natural_key(parts: tuple[str | None, ...], raw: bytes) -> str:
    event, _connector, _sync, created = parts
    key = "|".join(part or "-" for part in parts)
    if event and created and len(key) <= _LONGEST_KEY:
        return key
    return "sha256:" + hashlib.sha256(raw).hexdigest()


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError("the webhook's body is not JSON") from error
    if not isinstance(body, dict):
        raise ValueError("the webhook's body is not a JSON object")
    return body


def _text(body: Mapping[str, Any], *names: str) -> str | None:
    found = (body.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), None)

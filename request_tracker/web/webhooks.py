"""What Fivetran posts to us: believed only when signed, kept once, answered fast."""

import hashlib

from flask import Blueprint, abort
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import sync
from request_tracker.fivetran import webhook

webhooks = Blueprint("webhooks", __name__)


@webhooks.post("/webhooks/fivetran")
def fivetran() -> ResponseReturnValue:
    raw = http.get_data()
    secret = wiring.settings().webhook_secret
    if not secret or not webhook.verify(raw, http.headers.get(webhook.SIGNATURE_HEADER), secret):
        abort(401, "The signature does not fit the body")
    try:
        event = webhook.read(raw)
    except ValueError as fault:
        abort(400, str(fault))
    with wiring.transaction() as session:
        new = sync.store_delivery(
            session,
            natural_key=event.natural_key,
            digest=hashlib.sha256(raw).hexdigest(),
            kind=event.event,
            connection_id=event.connector_id or "",
            body=raw,
            now=wiring.now(),
        )
    return {"stored": new}

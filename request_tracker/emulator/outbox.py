"""What goes out when something happens: the body as the vendor writes it, to whom, and what faults make of it."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from request_tracker.emulator.state import Doc

if TYPE_CHECKING:
    from request_tracker.emulator.world import World

_OTHER_DATA: dict[str, Any] = {"null": None, "text": "as it comes", "list": [{"kind": "other"}]}
_BROKEN: tuple[Callable[[str], str], ...] = (
    lambda raw: raw[: len(raw) // 2],
    lambda raw: f"[{raw}]",
    lambda raw: "null",
    lambda raw: "",
    lambda raw: json.dumps({name: [value] for name, value in json.loads(raw).items()}),
)


def tell(here: "World", event: str, connection: Doc, data: Doc, sync_id: str | None) -> None:
    """Put one delivery in the post for each active webhook that asked for this event."""
    raw = compact(_body(here, event, connection, data, sync_id))
    for webhook in here.state.find("webhook"):
        if _wants(webhook, event, connection["group_id"]):
            post(here, webhook, event, raw)


def shout(here: "World", event: str, body: Doc) -> int:
    """Put this body in the post for every active webhook, whatever it asked for; the number of webhooks."""
    webhooks = [webhook for webhook in here.state.find("webhook") if webhook["active"]]
    for webhook in webhooks:
        post(here, webhook, event, compact(body))
    return len(webhooks)


def free_body(here: "World", event: str, connection: Doc | None, data: Any, group_id: str | None) -> Doc:
    """The body of an event that nobody has described: that of a connection, or of a transformation without one."""
    if connection is not None:
        return {**_body(here, event, connection, {}, None), "data": data}
    fields = {"event": event, "created": short_stamp(here.now()), "destination_group_id": group_id, "data": data}
    return {name: value for name, value in fields.items() if value is not None}


def post(here: "World", webhook: Doc, event: str, raw: str) -> None:
    parcels: list[Doc] = [{"body": raw, "wait": 0.0}]
    for rule in here.faults.strike("event", "*", event):
        parcels = _CHANGES[rule["kind"]](here, rule, parcels, raw)
    for parcel in parcels:
        _put(here, webhook, parcel)
    here.sender.wake()


def moment(instant: datetime) -> str:
    """As instants of the queue are kept: their order as words is their order in time."""
    return instant.isoformat(timespec="microseconds")


def short_stamp(instant: datetime) -> str:
    """As webhooks write instants: UTC with milliseconds."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def compact(doc: Doc) -> str:
    return json.dumps(doc, separators=(",", ":"))


def _put(here: "World", webhook: Doc, parcel: Doc) -> None:
    now, wait = here.now(), parcel.pop("wait")
    delivery = {"id": uuid.uuid4().hex, "webhook_id": webhook["id"], "attempt": 0, "first_at": moment(now), **parcel}
    here.state.put("delivery", {**delivery, "due_at": moment(now + timedelta(seconds=wait))})


def _lost(here: "World", rule: Doc, parcels: list[Doc], raw: str) -> list[Doc]:
    return []


def _doubled(here: "World", rule: Doc, parcels: list[Doc], raw: str) -> list[Doc]:
    return [*parcels, *(dict(parcel) for parcel in parcels)]


def _late(here: "World", rule: Doc, parcels: list[Doc], raw: str) -> list[Doc]:
    return [{**parcel, "wait": parcel["wait"] + rule["seconds"]} for parcel in parcels]


def _overtaken(here: "World", rule: Doc, parcels: list[Doc], raw: str) -> list[Doc]:
    return [{**parcel, "wait": parcel["wait"] + here.faults.chance() * rule["seconds"]} for parcel in parcels]


def _with_a_forgery(here: "World", rule: Doc, parcels: list[Doc], raw: str) -> list[Doc]:
    true = json.loads(raw)
    good = true["event"] in ("sync_end", "connection_successful")
    claim = {"event": "delete_connector"} if good else {"event": "sync_end", "data": {"status": "SUCCESSFUL"}}
    return [{"body": compact({**true, **claim}), "wait": 0.0, "forged": True}, *parcels]


def _with_a_broken_one(here: "World", rule: Doc, parcels: list[Doc], raw: str) -> list[Doc]:
    breaking = _BROKEN[int(here.faults.chance() * len(_BROKEN))]
    return [{"body": breaking(raw), "wait": 0.0, "once": True}, *parcels]


_CHANGES: dict[str, Callable[["World", Doc, list[Doc], str], list[Doc]]] = {
    "lost_webhook": _lost,
    "duplicated_webhook": _doubled,
    "late_webhook": _late,
    "reordered_webhook": _overtaken,
    "forged_webhook": _with_a_forgery,
    "malformed_webhook": _with_a_broken_one,
}


def _body(here: "World", event: str, connection: Doc, data: Doc, sync_id: str | None) -> Doc:
    # The order of the keys is that of a recorded delivery.
    fields = {
        "event": event,
        "created": short_stamp(here.now()),
        "connector_type": connection["service"],
        "connector_id": connection["id"],
        "connector_name": connection["schema"],
        "sync_id": sync_id,
        here.switches.webhook_group_key: connection["group_id"],
    }
    body = {name: value for name, value in fields.items() if value is not None}
    return {**body, **_data(here, event, data)}


def _data(here: "World", event: str, data: Doc) -> Doc:
    """What no source describes is what a switch says."""
    wanted = here.switches.webhook_other_data
    if event == "sync_end" or wanted == "object":
        return {"data": data}
    return {} if wanted == "absent" else {"data": _OTHER_DATA[wanted]}


def _wants(webhook: Doc, event: str, group_id: str) -> bool:
    return bool(webhook["active"]) and event in webhook["events"] and webhook.get("group_id") in (None, group_id)

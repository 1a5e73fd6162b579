"""What is kept of each sync of a connection, and how the sync history shows it."""

from datetime import datetime

from request_tracker.emulator.answers import stamp
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World

_KEPT = 200
_STATUSES = {
    "SUCCESSFUL": "COMPLETED",
    "FAILURE": "FAILURE",
    "FAILURE_WITH_TASK": "FAILURE",
    "RESCHEDULED": "RESCHEDULED",
    "CANCELED": "CANCELED",
}
_RUNNING = "INCOMPLETE"


def begun(here: World, connection: Doc) -> None:
    """Note the sync that runs now. Call inside `state.changing()`."""
    _put(here, connection["id"], _fresh(here, connection["sync"]["id"]))


def ended(here: World, connection: Doc, sync_id: str, outcome: str, reason: str, rows: dict[str, int]) -> None:
    """Note how it ended; one that nobody saw starting is noted as well. Call inside `state.changing()`."""
    known = {one["sync_id"]: one for one in _kept(here, connection["id"])}
    record = known.get(sync_id) or _fresh(here, sync_id)
    end = {"end": stamp(here.now()), "status": _STATUSES[outcome], "reason": reason or None}
    _put(here, connection["id"], {**record, **end, "schema": connection["schema"], "rows": rows})


def between(here: World, key: str, start_at: datetime, end_at: datetime) -> list[Doc]:
    """The history as shown: syncs that began in this time, newest first."""
    kept = [one for one in _kept(here, key) if start_at <= datetime.fromisoformat(one["start"]) <= end_at]
    return [_shown(here, one) for one in reversed(kept)]


def _fresh(here: World, sync_id: str) -> Doc:
    return {"sync_id": sync_id, "start": stamp(here.now()), "end": None, "status": _RUNNING, "reason": None}


def _kept(here: World, key: str) -> list[Doc]:
    found = here.state.get("sync_records", key)
    return list(found["items"]) if found else []


def _put(here: World, key: str, record: Doc) -> None:
    others = [one for one in _kept(here, key) if one["sync_id"] != record["sync_id"]]
    here.state.put("sync_records", {"id": key, "items": [*others, record][-_KEPT:]})


def _shown(here: World, record: Doc) -> Doc:
    seen = {name: record[name] for name in ("sync_id", "start", "end", "status", "reason")}
    return {**seen, "stages": _stages(here, record)}


def _stages(here: World, record: Doc) -> list[Doc]:
    # The shape of stages is documented nowhere: rows are told here because nothing else could tell them, or not at all.
    if not here.switches.sync_history_tells_rows or not record.get("rows"):
        return []
    tables = [{"schema": record["schema"], "table": name, "rows": rows} for name, rows in record["rows"].items()]
    return [{"name": "load", "start": record["start"], "end": record["end"], "tables": tables}]

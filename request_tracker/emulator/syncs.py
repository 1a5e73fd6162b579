"""How a sync starts and ends, by call, by control or by itself."""

import uuid
from datetime import datetime, timedelta

from request_tracker.emulator import schema_docs, source, sync_records
from request_tracker.emulator.answers import invalid, stamp
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World

_GOOD = "SUCCESSFUL"
_FINISH_AT = "sync.finish_at"
_STATUSES = (_GOOD, "FAILURE", "FAILURE_WITH_TASK", "RESCHEDULED", "CANCELED")


def start(world: World, connection: Doc, *, force: bool = False, historical: bool = False) -> Doc:
    """Begin a sync unless one runs already; `force` cancels that one first. 400 when set-up is not finished."""
    status = connection["status"]
    if status["setup_state"] != "connected":
        raise invalid(
            f"Connection with id '{connection['id']}' can't be synced: "
            f"its setup_state is '{status['setup_state']}', finish the setup first"
        )
    if connection["sync"] and not force:
        return connection
    if connection["sync"]:
        connection = finish(world, connection, "CANCELED")
    connection["sync"] = {"id": str(uuid.uuid4()), "finish_at": _finish_at(world)}
    connection["status"]["sync_state"] = "syncing"
    connection["status"]["is_historical_sync"] |= historical
    world.state.put("connection", connection)
    sync_records.begun(world, connection)
    world.emit("sync_start", connection, {}, connection["sync"]["id"])
    world.sender.wake()
    return connection


def finish(world: World, connection: Doc, outcome: str = _GOOD, reason: str = "") -> Doc:
    """End the running sync (or one that nobody saw starting) as `outcome`, a status of the sync_end event."""
    if outcome not in _STATUSES:
        raise invalid(f"Unknown status '{outcome}', use one of {', '.join(_STATUSES)}")
    sync_id = (connection["sync"] or {"id": str(uuid.uuid4())})["id"]
    connection["sync"] = None
    _mark(connection, outcome, reason, world.now())
    world.state.put("connection", connection)
    sync_records.ended(world, connection, sync_id, outcome, reason, _brought(world, connection, outcome))
    world.emit("sync_end", connection, _end_data(outcome, reason), sync_id)
    return connection


def finish_due(world: World) -> None:
    """End every sync whose time has come. Called by the thread and before each answer, so reading is never late."""
    now = world.now().isoformat()
    first = world.state.lowest("connection", _FINISH_AT)
    if first is None or first > now:
        return
    with world.state.changing():
        for connection in world.state.up_to("connection", _FINISH_AT, now):
            finish(world, connection)


def next_finish(world: World) -> list[datetime]:
    """When the next running sync ends by itself; empty when none runs."""
    first = world.state.lowest("connection", _FINISH_AT)
    return [] if first is None else [datetime.fromisoformat(first)]


def idle_state(connection: Doc) -> str:
    return "paused" if connection["paused"] else "scheduled"


def _brought(world: World, connection: Doc, outcome: str) -> dict[str, int]:
    """The rows by table that came with a good sync, which also takes in what is new in the source."""
    if outcome != _GOOD:
        return {}
    config = schema_docs.load(world, connection)
    return source.grow(world, connection, schema_docs.synced_tables(world, connection, config))


def _mark(connection: Doc, outcome: str, reason: str, now: datetime) -> None:
    status = connection["status"]
    status["sync_state"] = "rescheduled" if outcome == "RESCHEDULED" else idle_state(connection)
    status.pop("rescheduled_for", None)
    if outcome == "RESCHEDULED":
        status["rescheduled_for"] = stamp(now + timedelta(hours=1))
    if outcome == _GOOD:
        connection["succeeded_at"] = stamp(now)
        status["is_historical_sync"] = False
    if outcome.startswith("FAILURE"):
        connection["failed_at"] = stamp(now)
    if outcome == "FAILURE_WITH_TASK":
        status["setup_state"] = "broken"
        status["tasks"] = [{"code": "reconnect", "message": reason or "Reconnect", "details": None}]


def _end_data(outcome: str, reason: str) -> Doc:
    task = {"taskType": "reconnect"} if outcome == "FAILURE_WITH_TASK" else {}
    why = {"reason": reason or "The emulator was told to fail this sync"} if outcome.startswith("FAILURE") else {}
    return {"status": outcome, **why, **task}


def _finish_at(world: World) -> str:
    return (world.now() + timedelta(seconds=world.switches.sync_seconds)).isoformat()

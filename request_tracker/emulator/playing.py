"""The side door's buttons: play the person, the source, and whoever else has a hand in the account."""

from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response as AnyResponse

from request_tracker.emulator import outbox, source, syncs
from request_tracker.emulator.answers import invalid, required, success
from request_tracker.emulator.cards import grant
from request_tracker.emulator.connections import connection_or_404, remove
from request_tracker.emulator.metadata import set_type
from request_tracker.emulator.side_door import done, wished
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, world

playing = Blueprint("playing", __name__)

_NEVER_DRIFTS = ("id", "sync", "tests")


@playing.post("/_control/grant/<key>")
def grant_access(key: str) -> AnyResponse:
    """`{"passed": false}` plays setup tests that fail, `{"failing": title}` says which one."""
    here, wish = world(), wished()
    passed = wish.get("passed", True) in (True, "true") and not wish.get("failing")
    with here.state.changing():
        connection = grant(here, connection_or_404(here, key), passed=passed, failing=str(wish.get("failing") or ""))
    return done(connection)


@playing.post("/_control/start-sync/<key>")
def start_sync(key: str) -> AnyResponse:
    here = world()
    with here.state.changing():
        connection = syncs.start(here, connection_or_404(here, key))
    return done(connection)


@playing.post("/_control/finish-sync/<key>")
def finish_sync(key: str) -> AnyResponse:
    """`{"status": "FAILURE", "reason": "..."}` ends it badly, `{"rows": {table: number}}` says what the tables hold
    afterwards. A sync is started first when none runs."""
    here, wish = world(), wished()
    outcome, reason = str(wish.get("status") or "SUCCESSFUL"), str(wish.get("reason") or "")
    with here.state.changing():
        connection = syncs.start(here, connection_or_404(here, key))
        if "rows" in wish:
            source.set_rows(here, connection, _rows(wish["rows"]))
        connection = syncs.finish(here, connection, outcome, reason)
    return done(connection)


@playing.post("/_control/rows/<key>")
def set_rows(key: str) -> AnyResponse:
    """`{table: number}`: so many rows the tables hold at the source; the next sync brings what is lacking."""
    here, rows = world(), _rows(wished())
    with here.state.changing():
        connection = connection_or_404(here, key)
        source.set_rows(here, connection, rows)
    return done(connection)


@playing.post("/_control/grow/<key>")
def grow(key: str) -> AnyResponse:
    """`{"tables": [names]}` appear in the source; a table that is there already gains a column."""
    here, wish = world(), wished()
    tables = wish.get("tables") or ["appeared_later"]
    names = tables.split(",") if isinstance(tables, str) else tables
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise invalid("Field 'tables' must be a list of names")
    with here.state.changing():
        connection = connection_or_404(here, key)
        source.discover(here, connection, [name.strip() for name in names])
    return done(connection)


@playing.post("/_control/pause/<key>")
def pause(key: str) -> AnyResponse:
    """Somebody presses pause in the dashboard; `{"paused": false}` has it go on."""
    here, wish = world(), wished()
    with here.state.changing():
        connection = connection_or_404(here, key)
        connection["paused"] = wish.get("paused", True) in (True, "true")
        if not connection["sync"]:
            connection["status"]["sync_state"] = syncs.idle_state(connection)
        here.state.put("connection", connection)
        here.emit("pause_connector" if connection["paused"] else "resume_connector", connection, {})
    return done(connection)


@playing.post("/_control/break/<key>")
def break_setup(key: str) -> AnyResponse:
    """The source takes access back: the set-up is broken, with a task `{"reason": in words}`."""
    here, wish = world(), wished()
    task = {"code": "reconnect", "message": str(wish.get("reason") or "Access was taken back"), "details": None}
    with here.state.changing():
        connection = connection_or_404(here, key)
        connection["status"].update(setup_state="broken", tasks=[task])
        here.state.put("connection", connection)
        here.emit("connection_failure", connection, {})
    return done(connection)


@playing.post("/_control/drift/<key>")
def drift(key: str) -> AnyResponse:
    """`{field: value}` is changed behind everybody's back, without a webhook; `status.paused` names a field inside."""
    here, wish = world(), wished()
    with here.state.changing():
        connection = connection_or_404(here, key)
        for name, value in wish.items():
            _change(connection, name, value)
        here.state.put("connection", connection)
    return done(connection)


@playing.post("/_control/delete/<key>")
def delete(key: str) -> AnyResponse:
    """Somebody deletes it in the dashboard."""
    here = world()
    connection = connection_or_404(here, key)
    remove(here, connection)
    return done(connection)


@playing.post("/_control/webhook")
def send_webhook() -> AnyResponse:
    """`{event, connection?, group?, data?}`: every active webhook gets this event, whether it asked for it or not;
    `{event, body}` sends that body as it stands."""
    here, wish = world(), wished()
    required(wish, "event")
    with here.state.changing():
        body = _body(here, wish)
        number = outbox.shout(here, str(wish["event"]), body)
    return success(f"Put in the post for {number} webhook{'' if number == 1 else 's'}", body)


@playing.post("/_control/connector-types")
def set_connector_type() -> AnyResponse:
    wish = wished()
    required(wish, "id")
    return success("Success", set_type(world(), wish))


def _body(here: World, wish: Doc) -> Doc:
    if isinstance(wish.get("body"), dict):
        return dict(wish["body"])
    key = wish.get("connection")
    connection = connection_or_404(here, str(key)) if key else None
    return outbox.free_body(here, str(wish["event"]), connection, wish.get("data", {}), wish.get("group"))


def _rows(wish: Any) -> dict[str, int]:
    if not isinstance(wish, dict) or not all(type(number) is int and number >= 0 for number in wish.values()):
        raise invalid("Rows must be given as {table: number}")
    return {str(name): number for name, number in wish.items()}


def _change(connection: Doc, name: str, value: Any) -> None:
    *places, last = name.split(".")
    inner: Any = connection
    for place in places:
        inner = inner.get(place) if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or (not places and (last not in inner or last in _NEVER_DRIFTS)):
        raise invalid(f"A connection has no field '{name}' that could be changed")
    inner[last] = value

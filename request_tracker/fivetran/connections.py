"""Calls about a connection's life: look up, make, change, delete, card, syncs, setup tests."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from request_tracker.fivetran.calls import PAGE, Calls, present, secrets_in, under
from request_tracker.fivetran.errors import NotFound, Refused, Unreachable
from request_tracker.fivetran.exchange import Ask
from request_tracker.fivetran.replies import Card, Connection, SyncRecord

CONNECTIONS = "/v1/connections"
_LONGEST_HISTORY = timedelta(days=7)
_MISSING = frozenset({403, 404, 405})


class ConnectionCalls(Calls):
    def connections(self, group_id: str, schema: str | None = None) -> tuple[Connection, ...]:
        """The group's connections without Fivetran's own platform connection; `schema` is an exact filter."""
        params = present({"group_id": group_id, "schema": schema})
        items = self._wire.pages(Ask("GET", CONNECTIONS, params={**PAGE, **params}, version_2=True))
        return tuple(one for one in map(Connection.of, items) if not one.is_platform)

    def find_connection(self, group_id: str, schema: str) -> Connection | None:
        """The connection of this name in this group: ask before creating and after every doubtful answer."""
        found = self.connections(group_id, schema)
        return next((one for one in found if one.schema == schema and one.group_id == group_id), None)

    def connection(self, connection_id: str) -> Connection | None:
        """None when there is no such connection (any more)."""
        return self._get(under(CONNECTIONS, connection_id), Connection.of, version_2=True)

    def create_connection(
        self,
        *,
        group_id: str,
        service: str,
        schema: str,
        paused: bool = True,
        sync_frequency: int = 360,
        schedule_type: str = "auto",
        daily_sync_time: str | None = None,
        redirect_uri: str | None = None,
        config: Mapping[str, Any] | None = None,
        destination_schema_names: str = "FIVETRAN_NAMING",
    ) -> Connection:
        """Create without credentials and without setup tests. `sync_frequency` in minutes.

        With `redirect_uri` the answer carries a `card`. On `Conflict` or a doubtful `Unreachable`: find_connection.
        """
        body = {
            "group_id": group_id,
            "service": service,
            "config": {**(config or {}), "schema": schema},
            "paused": paused,
            "run_setup_tests": False,
            "sync_frequency": sync_frequency,
            "schedule_type": schedule_type,
            "destination_schema_names": destination_schema_names,
            "daily_sync_time": daily_sync_time,
            "connect_card_config": _card_config(redirect_uri) if redirect_uri is not None else None,
        }
        hidden = (*_hidden(redirect_uri), *secrets_in(config))
        ask = Ask("POST", CONNECTIONS, body=present(body), version_2=True, hidden=hidden)
        return Connection.of(self._wire.send(ask))

    def update_connection(self, connection_id: str, **fields: Any) -> Connection:
        """PATCH with the vendor's field names; setup tests run only when `run_setup_tests=True` is given."""
        body = {"run_setup_tests": False, **fields}
        kind = "tests" if body["run_setup_tests"] else "call"
        hidden = secrets_in((fields.get("config"), fields.get("auth")))
        path = under(CONNECTIONS, connection_id)
        return Connection.of(self._wire.send(Ask("PATCH", path, kind, body=body, version_2=True, hidden=hidden)))

    def delete_connection(self, connection_id: str) -> bool:
        """True when it was deleted by this call, False when it was gone already."""
        return self._delete(under(CONNECTIONS, connection_id), version_2=True)

    def mint_card(self, connection_id: str, redirect_uri: str) -> Card:
        """A fresh Connect Card, good for one day. Put our own single-use state into `redirect_uri`.

        Unreachable where the answer holds no address that a browser may be sent to.
        """
        body = {"connect_card_config": _card_config(redirect_uri)}
        path = under(CONNECTIONS, connection_id, "connect-card")
        card = Card.of(self._wire.send(Ask("POST", path, body=body, version_2=True, hidden=_hidden(redirect_uri))))
        if not card.leads_somewhere:
            raise Unreachable("the answer holds no card", doubtful=True)
        return card

    def run_tests(self, connection_id: str) -> Connection:
        """Run the setup tests now (may take minutes); the answer carries `setup_tests`."""
        ask = Ask("POST", under(CONNECTIONS, connection_id, "test"), "tests", body={}, version_2=True)
        return Connection.of(self._wire.send(ask))

    # Syncs

    def start_sync(self, connection_id: str, force: bool = False) -> None:
        """Ask for a sync. Without `force` a running one is left alone; its end is learnt by reading or webhook."""
        path = under(CONNECTIONS, connection_id, "sync")
        self._wire.send(Ask("POST", path, "source", body={"force": force}, version_2=True))

    def resync(self, connection_id: str, scope: Mapping[str, Iterable[str]] | None = None) -> None:
        """Sync history anew: all of it, or the tables named by schema. `Conflict` while a sync cannot be ended."""
        body = {} if scope is None else {"scope": {schema: sorted(set(tables)) for schema, tables in scope.items()}}
        path = under(CONNECTIONS, connection_id, "resync")
        self._wire.send(Ask("POST", path, "source", body=body, version_2=True))

    def sync_history(self, connection_id: str, start_at: datetime, end_at: datetime) -> tuple[SyncRecord, ...] | None:
        """The syncs of that time. None where the account does not have this call; it is newer than the others."""
        path, found = under(CONNECTIONS, connection_id, "sync-history"), []
        try:
            for begin, end in _weeks(start_at, end_at):
                params = {**PAGE, "start_time": _stamp(begin), "end_time": _stamp(end)}
                found += [SyncRecord.of(item) for item in self._wire.pages(Ask("GET", path, params=params))]
        except NotFound:
            raise
        except Refused as fault:
            if fault.status in _MISSING:
                return None
            raise
        return tuple({record.sync_id: record for record in found}.values())


def _card_config(redirect_uri: str) -> dict[str, Any]:
    return {"redirect_uri": redirect_uri, "hide_setup_guide": False}


def _hidden(redirect_uri: str | None) -> tuple[str, ...]:
    # The state in it is a secret of ours; the vendor may quote the whole or its last part.
    return (
        () if redirect_uri is None else (redirect_uri, *secrets_in(redirect_uri.replace("=", "/").rsplit("/", 1)[-1]))
    )


def _weeks(start_at: datetime, end_at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The span in pieces of at most seven days, which is the most that one call may ask for."""
    while start_at < end_at:
        upto = min(start_at + _LONGEST_HISTORY, end_at)
        yield start_at, upto
        start_at = upto


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

"""The Fivetran REST API as typed methods. Vendor's names stay on the wire; ours are in `replies`."""

import base64
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self
from urllib.parse import quote

import httpx

from request_tracker.fivetran.errors import (
    AuthFailed,
    Conflict,
    FivetranError,
    NotFound,
    Refused,
    Throttled,
    Unreachable,
)
from request_tracker.fivetran.replies import (
    Account,
    Card,
    Connection,
    ConnectorType,
    Group,
    Webhook,
    WebhookTest,
)
from request_tracker.fivetran.wire import TIME_OUTS, Ask, Wire

__all__ = [
    "Account",
    "AuthFailed",
    "Card",
    "Conflict",
    "Connection",
    "ConnectorType",
    "Fivetran",
    "FivetranError",
    "Group",
    "NotFound",
    "Refused",
    "Throttled",
    "Unreachable",
    "Webhook",
    "WebhookTest",
]

_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})
_PAGE = {"limit": 1000}


class Fivetran:
    """A client for one account. All methods raise `FivetranError` kinds.

    `base_url` has no `/v1` at its end. `pace(kind)` is called before each call goes out, kind "call", "source" or
    "tests"; it may wait or raise. `time_outs` are seconds by kind.
    A GET is repeated at most twice; nothing else is ever repeated.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        secret: str,
        *,
        transport: httpx.BaseTransport | None = None,
        pace: Callable[[str], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        time_outs: Mapping[str, float] = TIME_OUTS,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        # Redirects are not followed: the credentials belong to one host. A proxy is never asked for this machine.
        self._http = httpx.Client(
            base_url=self._base_url,
            auth=httpx.BasicAuth(key, secret),
            transport=transport,
            follow_redirects=False,
            trust_env=httpx.URL(self._base_url).host not in _THIS_MACHINE,
        )
        pair = base64.b64encode(f"{key}:{secret}".encode()).decode()
        self._wire = Wire(
            self._http, hidden=(pair, secret, key), pace=pace or (lambda kind: None), sleep=sleep, time_outs=time_outs
        )

    def __repr__(self) -> str:
        return f"Fivetran({self._base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # Account and groups

    def account(self) -> Account:
        """Who the key belongs to: the cheapest check of credentials."""
        return Account.of(self._wire.send(Ask("GET", "/v1/account/info")))

    def groups(self) -> tuple[Group, ...]:
        return tuple(Group.of(item) for item in self._wire.pages(Ask("GET", "/v1/groups", params=_PAGE)))

    def create_group(self, name: str) -> Group:
        """`name`: letters, digits and underscore, not starting with a digit. Names are not known to be unique."""
        return Group.of(self._wire.send(Ask("POST", "/v1/groups", body={"name": name})))

    # Connections

    def connections(self, group_id: str, schema: str | None = None) -> tuple[Connection, ...]:
        """The group's connections without Fivetran's own platform connection; `schema` is an exact filter."""
        params = {"group_id": group_id, **_PAGE} | ({"schema": schema} if schema is not None else {})
        items = self._wire.pages(Ask("GET", "/v1/connections", params=params, version_2=True))
        return tuple(one for one in map(Connection.of, items) if not one.is_platform)

    def find_connection(self, group_id: str, schema: str) -> Connection | None:
        """The connection of this name in this group: ask before creating and after every doubtful answer."""
        found = self.connections(group_id, schema)
        return next((one for one in found if one.schema == schema and one.group_id == group_id), None)

    def connection(self, connection_id: str) -> Connection | None:
        """None when there is no such connection (any more)."""
        try:
            return Connection.of(self._wire.send(Ask("GET", _path(connection_id), version_2=True)))
        except NotFound:
            return None

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
            "connect_card_config": _card_config(redirect_uri),
        }
        body = {name: value for name, value in body.items() if value is not None}
        return Connection.of(self._wire.send(Ask("POST", "/v1/connections", body=body, version_2=True)))

    def update_connection(self, connection_id: str, **fields: Any) -> Connection:
        """PATCH with the vendor's field names; setup tests run only when `run_setup_tests=True` is given."""
        body = {"run_setup_tests": False, **fields}
        kind = "tests" if body["run_setup_tests"] else "call"
        return Connection.of(self._wire.send(Ask("PATCH", _path(connection_id), kind, body=body, version_2=True)))

    def delete_connection(self, connection_id: str) -> bool:
        """True when it was deleted by this call, False when it was gone already."""
        return self._delete(Ask("DELETE", _path(connection_id), version_2=True))

    def mint_card(self, connection_id: str, redirect_uri: str) -> Card:
        """A fresh Connect Card, good for one day. Put our own single-use state into `redirect_uri`."""
        body = {"connect_card_config": _card_config(redirect_uri)}
        return Card.of(self._wire.send(Ask("POST", _path(connection_id, "connect-card"), body=body, version_2=True)))

    def start_sync(self, connection_id: str, force: bool = False) -> None:
        """Ask for a sync. Without `force` a running one is left alone; its end is learnt by reading or webhook."""
        body = {"force": force}
        self._wire.send(Ask("POST", _path(connection_id, "sync"), "source", body=body, version_2=True))

    def run_tests(self, connection_id: str) -> Connection:
        """Run the setup tests now (may take minutes); the answer carries `setup_tests`."""
        ask = Ask("POST", _path(connection_id, "test"), "tests", body={}, version_2=True)
        return Connection.of(self._wire.send(ask))

    # Catalogue

    def connector_types(self) -> tuple[ConnectorType, ...]:
        items = self._wire.pages(Ask("GET", "/v1/metadata/connector-types", params=_PAGE))
        return tuple(ConnectorType.of(item) for item in items)

    # Webhooks

    def webhooks(self) -> tuple[Webhook, ...]:
        return tuple(Webhook.of(item) for item in self._wire.pages(Ask("GET", "/v1/webhooks", params=_PAGE)))

    def create_webhook(
        self, url: str, events: Iterable[str], secret: str, active: bool = True, group_id: str | None = None
    ) -> Webhook:
        """For the account, or for one group. Fivetran posts to `url` at once unless `active` is False."""
        path = "/v1/webhooks/account" if group_id is None else f"/v1/webhooks/group/{quote(group_id, safe='')}"
        body = {"url": url, "events": list(events), "secret": secret, "active": active}
        return Webhook.of(self._wire.send(Ask("POST", path, body=body, hidden=(secret,))))

    def test_webhook(self, webhook_id: str, event: str = "sync_end") -> WebhookTest:
        """Have Fivetran send a dummy delivery and say how the receiver answered."""
        ask = Ask("POST", f"/v1/webhooks/{quote(webhook_id, safe='')}/test", body={"event": event})
        return WebhookTest.of(self._wire.send(ask))

    def reactivate_webhook(self, webhook_id: str) -> Webhook:
        """Switch a webhook on again after Fivetran gave up on it (three days of failures)."""
        ask = Ask("PATCH", f"/v1/webhooks/{quote(webhook_id, safe='')}", body={"active": True})
        return Webhook.of(self._wire.send(ask))

    def delete_webhook(self, webhook_id: str) -> bool:
        """True when it was deleted by this call, False when it was gone already."""
        return self._delete(Ask("DELETE", f"/v1/webhooks/{quote(webhook_id, safe='')}"))

    def _delete(self, ask: Ask) -> bool:
        try:
            self._wire.send(ask)
        except NotFound:
            return False
        return True


def _path(connection_id: str, action: str = "") -> str:
    base = f"/v1/connections/{quote(connection_id, safe='')}"
    return f"{base}/{action}" if action else base


def _card_config(redirect_uri: str | None) -> dict[str, Any] | None:
    return None if redirect_uri is None else {"redirect_uri": redirect_uri, "hide_setup_guide": False}

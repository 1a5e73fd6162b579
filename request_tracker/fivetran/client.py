"""The Fivetran REST API as typed methods: the one door. Vendor's names stay on the wire; ours are in the replies."""

import base64
import random
import time
from collections.abc import Callable, Mapping
from typing import Self

import httpx

from request_tracker.fivetran.account import AccountCalls
from request_tracker.fivetran.account_replies import (
    Account,
    ConnectorType,
    Destination,
    Group,
    Package,
    Role,
    User,
    Webhook,
    WebhookTest,
)
from request_tracker.fivetran.connections import ConnectionCalls
from request_tracker.fivetran.errors import (
    AuthFailed,
    Conflict,
    FivetranError,
    Forbidden,
    NotFound,
    Refused,
    Throttled,
    Unreachable,
)
from request_tracker.fivetran.hooks import WebhookCalls
from request_tracker.fivetran.packages import PackageCalls
from request_tracker.fivetran.replies import Card, Connection, Remark, SetupTest, SyncRecord, TableRows
from request_tracker.fivetran.schema_replies import ColumnSetting, Schemas, TableSetting
from request_tracker.fivetran.schemas import SchemaCalls
from request_tracker.fivetran.wire import TIME_OUTS, Pace, Unpaced, Wire

__all__ = [
    "Account",
    "AuthFailed",
    "Card",
    "ColumnSetting",
    "Conflict",
    "Connection",
    "ConnectorType",
    "Destination",
    "Fivetran",
    "FivetranError",
    "Forbidden",
    "Group",
    "NotFound",
    "Pace",
    "Package",
    "Refused",
    "Remark",
    "Role",
    "Schemas",
    "SetupTest",
    "SyncRecord",
    "TableRows",
    "TableSetting",
    "Throttled",
    "Unreachable",
    "User",
    "Webhook",
    "WebhookTest",
]

_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})


class Fivetran(AccountCalls, ConnectionCalls, SchemaCalls, WebhookCalls, PackageCalls):
    """A client for one account, for one thread. All methods raise `FivetranError` kinds.

    `base_url` has no `/v1` at its end. `pace` is asked before each call goes out. `time_outs` are seconds for a whole
    exchange, by kind: "call", "source", "tests". `sleep` and `jitter` (0..1) make the pauses between tries.
    A GET is repeated at most twice; nothing else is ever repeated.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        secret: str,
        *,
        transport: httpx.BaseTransport | None = None,
        pace: Pace | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        time_outs: Mapping[str, float] = TIME_OUTS,
    ) -> None:
        # What stands before an @ in an address would be logged with it; the pair has its own place.
        self._base_url = str(httpx.URL(base_url.rstrip("/")).copy_with(username="", password=""))
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
            self._http,
            hidden=(pair, secret, key),
            pace=pace or Unpaced(),
            sleep=sleep,
            jitter=jitter,
            time_outs=time_outs,
        )

    def __repr__(self) -> str:
        return f"Fivetran({self._base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

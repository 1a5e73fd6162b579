"""What stands in for the SDK's operations and for HTTP answers."""

import copy
import io
import json
from collections.abc import Mapping
from typing import Any

import requests


class Recorder:
    """Keeps what a sync writes: the rows of each table by key, all operations in order, the last state saved."""

    def __init__(self, keys: Mapping[str, list[str]], *, fail_after: int | None = None) -> None:
        self.keys, self.fail_after = keys, fail_after
        self.operations: list[tuple[str, str]] = []
        self.rows: dict[str, dict[str, dict[str, Any]]] = {}
        self.states: list[dict[str, Any]] = []

    def upsert(self, table: str, data: dict[str, Any]) -> None:
        self.operations.append(("upsert", table))
        self.rows.setdefault(table, {})[self._key(table, data)] = dict(data)

    def delete(self, table: str, keys: dict[str, Any]) -> None:
        self.operations.append(("delete", table))
        self.rows.setdefault(table, {}).pop(self._key(table, keys), None)

    def truncate(self, table: str) -> None:
        self.operations.append(("truncate", table))
        self.rows[table] = {}

    def checkpoint(self, state: dict[str, Any]) -> None:
        self.operations.append(("checkpoint", ""))
        self.states.append(copy.deepcopy(state))
        if self.fail_after is not None and len(self.states) > self.fail_after:
            raise Interrupted

    def count(self, operation: str) -> int:
        return sum(name == operation for name, _ in self.operations)

    def _key(self, table: str, row: Mapping[str, Any]) -> str:
        return json.dumps([row.get(column) for column in self.keys[table]], default=str)


class Interrupted(RuntimeError):
    """The sync was cut short."""


def answer(status: int = 200, body: Any = None, **headers: str) -> requests.Response:
    """An HTTP answer as requests makes them, its body JSON or bytes; names of headers have underscores for hyphens."""
    made = requests.Response()
    made.status_code = status
    text = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    made.raw = io.BytesIO(text)
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made

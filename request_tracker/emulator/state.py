"""What the emulator remembers: documents by kind and id, in SQLite, one lock, written on every change."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Doc = dict[str, Any]

LOG_KEPT = 100_000
"""So many calls are kept in the log, the latest."""
_SWEEP_EVERY = 1000


def _field(name: str) -> str:
    return f"json_extract(body, '$.{name}')"


_INDEXES = {
    "doc_place": ("group_id", "schema"),
    "doc_schema": ("schema",),
    "doc_sync": ("status.sync_state",),
    "doc_finish": ("sync.finish_at",),
    "doc_queue": ("webhook_id", "due_at"),
}
_TABLES = (
    """CREATE TABLE IF NOT EXISTS doc (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
        UNIQUE (kind, id))""",
    """CREATE TABLE IF NOT EXISTS call (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL,
        body TEXT NOT NULL)""",
    "DROP TABLE IF EXISTS log",  # as files of earlier versions have it
    *(
        f"CREATE INDEX IF NOT EXISTS {name} ON doc (kind, {', '.join(map(_field, fields))})"
        for name, fields in _INDEXES.items()
    ),
)


class State:
    """Thread safe. Documents come and go as fresh dicts, so nobody shares a mutable one. `path` None: memory.

    Names of fields are dotted paths into the document and never come from outside.
    """

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        # A killed process loses nothing this way; only a power cut could, which does not matter here.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        for table in _TABLES:
            self._db.execute(table)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """All or nothing, one thread at a time; may be nested. Never make a network call inside."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._leave("ROLLBACK")
                raise
            self._leave("COMMIT")

    def put(self, kind: str, doc: Doc) -> Doc:
        """Write the document under its `id`; keeps its place in the order when it was there already."""
        with self._lock:
            self._db.execute(
                "INSERT INTO doc (kind, id, body) VALUES (?, ?, ?) "
                "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                (kind, doc["id"], json.dumps(doc)),
            )
        return doc

    def get(self, kind: str, key: str) -> Doc | None:
        found = self._docs("kind = ? AND id = ?", (kind, key))
        return found[0] if found else None

    def find(self, kind: str, fields: Mapping[str, str] | None = None) -> list[Doc]:
        """All documents of a kind whose fields have these values, oldest first."""
        return self._docs(f"{_where(fields)} ORDER BY seq", (kind, *(fields or {}).values()))

    def newest(self, kind: str, most: int, text: str = "") -> list[Doc]:
        """The latest `most` documents whose id or schema contains the text, newest first."""
        where = f"kind = ? AND (instr(id, ?) OR instr(coalesce({_field('schema')}, ''), ?))"
        return self._docs(f"{where} ORDER BY seq DESC LIMIT ?", (kind, text, text, most))

    def count(self, kind: str, fields: Mapping[str, str] | None = None) -> int:
        query = f"SELECT count(*) FROM doc WHERE {_where(fields)}"
        return int(self._rows(query, (kind, *(fields or {}).values()))[0][0])

    def first(self, kind: str, fields: Mapping[str, str], by: str) -> Doc | None:
        """The one of these documents with the lowest `by`, the oldest of equals."""
        found = self._docs(f"{_where(fields)} ORDER BY {_field(by)}, seq LIMIT 1", (kind, *fields.values()))
        return found[0] if found else None

    def up_to(self, kind: str, field: str, most: str) -> list[Doc]:
        """Documents of a kind whose field is there and not above `most`, lowest first."""
        return self._docs(f"kind = ? AND {_field(field)} <= ? ORDER BY {_field(field)}, seq", (kind, most))

    def lowest(self, kind: str, field: str) -> str | None:
        """The lowest value of a field in a kind of documents."""
        query = f"SELECT {_field(field)} FROM doc WHERE kind = ? AND {_field(field)} > '' ORDER BY 1 LIMIT 1"
        found = self._rows(query, (kind,))
        return str(found[0][0]) if found else None

    def drop(self, kind: str, key: str) -> bool:
        with self._lock:
            return self._db.execute("DELETE FROM doc WHERE kind = ? AND id = ?", (kind, key)).rowcount > 0

    def drop_all(self, kind: str, fields: Mapping[str, str] | None = None) -> None:
        with self._lock:
            self._db.execute(f"DELETE FROM doc WHERE {_where(fields)}", (kind, *(fields or {}).values()))

    def write_log(self, entry: Doc) -> None:
        """Keep a call: `method`, `path`, `status` and what else is known of it."""
        told = (entry["method"], entry["path"].partition("?")[0], entry["status"], json.dumps(entry))
        with self._lock:
            done = self._db.execute("INSERT INTO call (method, path, status, body) VALUES (?, ?, ?, ?)", told)
            if (done.lastrowid or 0) % _SWEEP_EVERY == 0:
                self._db.execute("DELETE FROM call WHERE seq <= ?", ((done.lastrowid or 0) - LOG_KEPT,))

    def read_log(
        self,
        after: int = 0,
        *,
        method: str | None = None,
        path: str | None = None,
        statuses: tuple[int, int] | None = None,
        most: int = LOG_KEPT,
    ) -> list[Doc]:
        """Calls, oldest first, each with its number `seq`: those after number `after` of this method, whose path
        fits the shell pattern, with a status from..to; at most `most`."""
        wanted = [("seq > ?", after), ("method = ?", method), ("path GLOB ?", path)]
        wanted += [("status >= ?", statuses[0]), ("status <= ?", statuses[1])] if statuses else []
        asked = [(condition, value) for condition, value in wanted if value is not None]
        where = " AND ".join(condition for condition, _ in asked)
        query = f"SELECT seq, body FROM call WHERE {where} ORDER BY seq LIMIT ?"
        return _numbered(self._rows(query, (*(value for _, value in asked), most)))

    def last_log(self, most: int) -> list[Doc]:
        """The latest calls, newest first."""
        return _numbered(self._rows("SELECT seq, body FROM call ORDER BY seq DESC LIMIT ?", (most,)))

    def clear(self) -> None:
        with self.changing():
            self._db.execute("DELETE FROM doc")
            self._db.execute("DELETE FROM call")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _leave(self, verb: str) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._db.execute(verb)

    def _docs(self, rest: str, values: tuple[Any, ...]) -> list[Doc]:
        return [json.loads(row[0]) for row in self._rows(f"SELECT body FROM doc WHERE {rest}", values)]

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(query, values).fetchall()


def _where(fields: Mapping[str, str] | None) -> str:
    return " AND ".join(["kind = ?", *(f"{_field(name)} = ?" for name in fields or {})])


def _numbered(rows: list[tuple[Any, ...]]) -> list[Doc]:
    return [{"seq": seq, **json.loads(body)} for seq, body in rows]

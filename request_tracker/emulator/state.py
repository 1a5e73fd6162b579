"""What the emulator remembers: documents by kind and id, in SQLite, one lock, written on every change."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Doc = dict[str, Any]

_TABLES = (
    """CREATE TABLE IF NOT EXISTS doc (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
        UNIQUE (kind, id))""",
    """CREATE INDEX IF NOT EXISTS doc_place ON doc
        (kind, json_extract(body, '$.group_id'), json_extract(body, '$.schema'))""",
    """CREATE INDEX IF NOT EXISTS doc_sync ON doc (kind, json_extract(body, '$.status.sync_state'))""",
    "CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL)",
)


class State:
    """Thread safe. Documents come and go as fresh dicts, so nobody shares a mutable one. `path` None: memory."""

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
        rows = self._read("SELECT body FROM doc WHERE kind = ? AND id = ?", (kind, key))
        return rows[0] if rows else None

    def find(self, kind: str, fields: Mapping[str, str] | None = None) -> list[Doc]:
        """All documents of a kind whose fields (dotted paths, never from outside) have these values, oldest first."""
        fields = fields or {}
        where = "".join(f" AND json_extract(body, '$.{name}') = ?" for name in fields)
        return self._read(f"SELECT body FROM doc WHERE kind = ?{where} ORDER BY seq", (kind, *fields.values()))

    def drop(self, kind: str, key: str) -> bool:
        with self._lock:
            return self._db.execute("DELETE FROM doc WHERE kind = ? AND id = ?", (kind, key)).rowcount > 0

    def write_log(self, entry: Doc) -> None:
        with self._lock:
            self._db.execute("INSERT INTO log (body) VALUES (?)", (json.dumps(entry),))

    def read_log(self, after: int = 0) -> list[Doc]:
        """Log entries, oldest first, each with its number `seq`; only those after number `after`."""
        with self._lock:
            rows = self._db.execute("SELECT seq, body FROM log WHERE seq > ? ORDER BY seq", (after,)).fetchall()
        return [{"seq": seq, **json.loads(body)} for seq, body in rows]

    def clear(self) -> None:
        with self.changing():
            self._db.execute("DELETE FROM doc")
            self._db.execute("DELETE FROM log")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _leave(self, verb: str) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._db.execute(verb)

    def _read(self, query: str, values: tuple[str, ...]) -> list[Doc]:
        with self._lock:
            rows = self._db.execute(query, values).fetchall()
        return [json.loads(row[0]) for row in rows]

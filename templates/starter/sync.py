"""One sync: lists are walked page by page, each record's own lists beneath it, and progress is saved with every page.

The state holds, by table: `cursor` (how far it was read) or `tokens` (the same, list by list), `known` (digests of the
parents whose list was once read to its end, so that a new parent's list is read in full), `first_seen`; and `round`:
where an interrupted sync goes on. It holds no secret and no row. `calls.py` says which requests a list takes,
`changes.py` what is asked for, `records.py` what a row is.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

import changes
import paging
import records
from calls import Call, Caller
from settings import setting

Table = Mapping[str, Any]
KNOWN = 10_000
"""So many parents are remembered a table; the lists of further ones are read in full every time."""
FIRST_SEEN = 5_000
"""So many rows' first-seen times are remembered a table; larger tables go without."""
UNSAVED = 1_000
"""So many rows at most are written between two checkpoints, where the lists beneath many records are short."""
RECENT = 5_000
"""So many of the newest rows a table are remembered while the rest is read; further ones are written twice."""


class Operations(Protocol):
    """What the SDK offers to write with."""

    def upsert(self, table: str, data: dict[str, Any]) -> Any: ...

    def delete(self, table: str, keys: dict[str, Any]) -> Any: ...

    def truncate(self, table: str) -> Any: ...

    def checkpoint(self, state: dict[str, Any]) -> Any: ...


class Sync:
    """`now` and `tell` are handed in; `op` is the SDK's Operations, or what stands in for it in tests."""

    def __init__(
        self,
        data: Mapping[str, Any],
        configuration: Mapping[str, Any],
        state: dict[str, Any],
        *,
        client: Any,
        op: Operations,
        tell: Callable[[str], None] = print,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self.tables: list[Table] = data["tables"]
        self.state, self.op, self.tell, self.now = state, op, tell, now
        self.by_name = {table["name"]: table for table in self.tables}
        self.caller = Caller(self.by_name, configuration, client, tell)
        self.recent_for = _days(setting(configuration, "recent_days_first"))
        self.memory: dict[str, Any] = state.setdefault("tables", {})
        self.round: dict[str, Any] = state.setdefault("round", {"done": [], "recent": {}})
        self.resumed: list[dict[str, Any]] = []
        self.told: dict[tuple[str, str], int] = {}
        self.known = {name: frozenset(held.get("known", ())) for name, held in self.memory.items()}
        self.recent = {name: set(written) for name, written in self.round["recent"].items()}
        self.unsaved = 0

    def run(self) -> None:
        """Newest first where there is a big history, then everything; each list that is done is not done again."""
        roots = [table for table in self.tables if not table["under"]]
        for stage, chosen in (("recent", [table for table in roots if self._has_recent(table)]), ("all", roots)):
            for table in chosen:
                self._root(table, stage)
        del self.state["round"]
        self._save()
        for (name, what), count in self.told.items():
            self.tell(f"{name}: {what} ({count} times)")

    def _has_recent(self, table: Table) -> bool:
        """Whether its first sync begins with the newest rows: it can be asked for them, and they show their time."""
        if table["has_children"] or not changes.is_asked(table) or changes.is_token(table) or not self.recent_for:
            return False
        return bool(table["change"]["field"]) and table["name"] not in self.memory

    def _root(self, table: Table, stage: str) -> None:
        mark = f"{stage}:{table['name']}"
        if mark in self.round["done"]:
            return
        walk = self.round.get("walk")
        if walk is None or walk["mark"] != mark:
            walk = self.round["walk"] = {"mark": mark, "began": self.now().isoformat(), "frames": [], "tables": {}}
        self.walk, self.stage, self.resumed = walk, stage, [dict(frame) for frame in walk["frames"]]
        self._list(table, {}, 0)
        if stage == "all":
            self._finish(table)
        self.round["done"].append(mark)
        del self.round["walk"]
        self._save()

    def _recent_from(self) -> str:
        began = records.moment(self.walk["began"]) or self.now()
        return (began - self.recent_for).isoformat()

    def _list(self, table: Table, bound: Mapping[str, Any], depth: int) -> None:
        """All that a list takes: one request and its pages, or one for each constant, setting or further parent.

        It goes on where it was only if all calls up to there are the very same ones: a parent that has gone meanwhile,
        or another setting, would leave the position of one list to another.
        """
        here = self.resumed.pop(0) if self.resumed and self.resumed[0]["table"] == table["name"] else None
        if here is None:
            self.resumed.clear()
        told = ""
        for number, call in enumerate(self.caller.calls(table, bound)):
            told = records.digest([told, call.digest], 12)
            if here is not None and number < here["call"]:
                continue
            frame = {"table": table["name"], "call": number, "calls": told, "position": {}, "done": 0}
            if here is not None:
                if here["calls"] != told:
                    break
                frame, here = {**frame, **here}, None
            self._pages(table, call, depth, frame)
        if here is not None:
            self.resumed.clear()
            self._list(table, bound, depth)

    def _pages(self, table: Table, call: Call, depth: int, frame: dict[str, Any]) -> None:
        frames = self.walk["frames"] = [*self.walk["frames"][:depth], frame]
        cursor, done, is_cut = self._cursor(table, call), int(frame["done"]), False
        for page in self.caller.pages(table, call, cursor, frame["position"]):
            self._deliver(table, call, page, cursor)
            frame["position"] = self.caller.saved(page.position)
            done = self._done(table, page, frame, done)
            for number, record in enumerate(page.records if table["has_children"] else ()):
                if number >= done:
                    frame["done"], frame["record"] = number, _told_by(table, record)
                    self._children(table, record, call, depth)
                    del frames[depth + 1 :]
                    self.walk["frames"] = frames
            self.resumed.clear()
            frame["done"], done, is_cut = 0, 0, page.is_cut
            if page.following is not None:
                frame["position"] = self.caller.saved(page.following)
            if page.following is not None or self.unsaved >= UNSAVED:
                self._save()
        self._came_to_end(table, call, is_cut)

    def _done(self, table: Table, page: paging.Page, frame: Mapping[str, Any], done: int) -> int:
        """How many of a page's records were walked before: none where another record stands at that place by now."""
        record = page.records[done] if table["has_children"] and done < len(page.records) else None
        if "record" in frame and record is not None and _told_by(table, record) == frame["record"]:
            return done
        self.resumed.clear()
        return 0

    def _children(self, table: Table, record: Any, call: Call, depth: int) -> None:
        """The lists beneath one record, in order; an interrupted one goes on where it was."""
        children = [other for other in self.tables if other["under"] == table["name"]]
        names = [child["name"] for child in children]
        first = names.index(self.resumed[0]["table"]) if self.resumed and self.resumed[0]["table"] in names else 0
        for child in children[first:]:
            self._list(child, {**call.bound, table["name"]: record}, depth + 1)

    def _deliver(self, table: Table, call: Call, page: paging.Page, cursor: str) -> None:
        self._begin(table)
        self._note_token(table, call, page.body)
        if not table["delivered"]:
            return
        skips = self._cursor(table, call, is_asked=False) if not changes.is_asked(table) else ""
        for record in page.records:
            at = changes.changed_at(table, record)
            self._memo(table)["newest"] = changes.newest(self._memo(table).get("newest", ""), at)
            if not changes.is_unchanged(at, skips) and not self._was_recent(table, call, record):
                self._write(table, call, record)

    def _write(self, table: Table, call: Call, record: Any) -> None:
        name, self.unsaved = table["name"], self.unsaved + 1
        row = records.row(
            table, record, call.columns, lambda column: self._count(name, f"a value does not fit {column}")
        )
        if row is None:
            self._count(name, "a record without its key was left out")
        elif table["key"] and records.is_gone(table, record):
            self.op.delete(name, {column: row[column] for column in table["key"]})
        else:
            if table["first_seen"]:
                row[records.FIRST_SEEN] = self._first_seen(table, row)
            self.op.upsert(name, row)

    def _begin(self, table: Table) -> None:
        """Before the first row of a table that is read anew: all rows are marked as gone, those still there come back.
        Not before the source has answered, so that a sync that fails at once empties nothing."""
        memo = self._memo(table)
        if memo.get("begun") or not table["delivered"]:
            return
        memo["begun"] = True
        if changes.is_read_anew(table) and table["name"] in self.memory and self.stage == "all":
            self.op.truncate(table["name"])

    def _first_seen(self, table: Table, row: Mapping[str, Any]) -> str | None:
        """When the row was first seen by this connector; None in a table too large to remember each row of."""
        memo = self._memo(table)
        seen, old = memo.setdefault("seen", {}), self.memory.get(table["name"], {}).get("first_seen", {})
        key = records.digest([row.get(column) for column in table["key"] or (records.ROW_HASH,)], 12)
        if key not in seen and len(seen) >= FIRST_SEEN:
            self._count(table["name"], "a row's first-seen time is not remembered, as the table is large")
            return None
        began = records.moment(self.walk["began"]) or self.now()
        seen[key] = old.get(key, seen.get(key, int(began.timestamp())))
        return datetime.fromtimestamp(seen[key], timezone.utc).isoformat(timespec="microseconds")

    def _cursor(self, table: Table, call: Call, *, is_asked: bool = True) -> str:
        """What the source is asked from, or what is skipped: "" for a list that was never read to its end."""
        if self.stage == "recent":
            return self._recent_from()
        if is_asked and not changes.is_asked(table):
            return ""
        if changes.is_token(table):
            return str(self.memory.get(table["name"], {}).get("tokens", {}).get(call.digest, ""))
        is_known = call.digest in self.known.get(table["name"], ())
        return str(self.memory[table["name"]].get("cursor", "")) if is_known else ""

    def _was_recent(self, table: Table, call: Call, record: Any) -> bool:
        """Whether the first stage of this sync has written this very version of the row; in that stage it notes it."""
        name = table["name"]
        if self.stage != "recent" and name not in self.recent:
            return False
        told, written = records.digest([record, call.columns], 12), self.recent.setdefault(name, set())
        if told in written or self.stage == "all":
            return told in written
        if len(written) < RECENT:
            written.add(told)
            self.round["recent"].setdefault(name, []).append(told)
        return False

    def _note_token(self, table: Table, call: Call, body: Any) -> None:
        """Each list has a token of its own, given with its last page."""
        if changes.is_token(table) and table["change"]["token_path"]:
            tokens = self._memo(table).setdefault("tokens", {})
            token = records.value_at(body, table["change"]["token_path"])
            if isinstance(token, str | int) and (call.digest in tokens or len(tokens) < KNOWN):
                tokens[call.digest] = str(token)

    def _came_to_end(self, table: Table, call: Call, is_cut: bool) -> None:
        """A list whose parent was refused was not read: it is read in full when it answers again."""
        memo = self._memo(table)
        if call.digest in self.caller.refused:
            memo.get("tokens", {}).pop(call.digest, None)
        elif is_cut:
            memo["cut"] = True
            self._count(table["name"], f"a list was not read to its end, as it has more than {paging.MAX_PAGES} pages")
        elif len(memo.setdefault("read", [])) < KNOWN:
            memo["read"].append(call.digest)

    def _finish(self, root: Table) -> None:
        """Moves the cursors of a list that was read to its end, and of all beneath it."""
        for table in self._tree(root):
            self._begin(table)
            memo, held = self._memo(table), self.memory.setdefault(table["name"], {})
            if memo.get("cut"):
                continue
            held["known"] = memo.get("read", [])
            if "seen" in memo:
                held["first_seen"] = memo["seen"]
            if changes.is_token(table):
                held["tokens"] = memo.get("tokens", {})
            elif not changes.is_read_anew(table):
                held["cursor"] = changes.moved(memo.get("newest", ""), self.walk["began"])

    def _tree(self, root: Table) -> list[Table]:
        found = [root]
        for table in found:
            found += [other for other in self.tables if other["under"] == table["name"]]
        return found

    def _memo(self, table: Table) -> dict[str, Any]:
        memo: dict[str, Any] = self.walk["tables"].setdefault(table["name"], {})
        return memo

    def _save(self) -> None:
        self.unsaved = 0
        self.op.checkpoint(self.state)

    def _count(self, name: str, what: str) -> None:
        self.told[name, what] = self.told.get((name, what), 0) + 1


def _told_by(table: Table, record: Any) -> str:
    """What tells a record from the others of its list."""
    key = records.value_at(record, table["key_source"]) if table["key_source"] else None
    return records.digest(record if key is None else key, 12)


def _days(text: str) -> timedelta:
    return timedelta(days=min(int(text), 36_500)) if text.isdigit() else timedelta()

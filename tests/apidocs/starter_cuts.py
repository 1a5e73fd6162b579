# ruff: noqa: PT009, PT027 - run by unittest, as pytest is not where projects run
"""A sync that dies at any checkpoint, against a source in memory with pages of every style. Run by test_scaffold inside
a project made of starter_analysis, beside starter_scenarios."""

import copy
import os
import random
import re
import unittest
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import sync as module
from client import Answer, SourceError
from sync import Sync
from tables import DATA
from tests.fakes import Interrupted, Recorder

NOW = datetime(2026, 4, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
CONFIGURATION = {"accountId": "7", "account_id": "7,8", "recent_days_first": "30"}
KEYS = {table["name"]: table["key"] or ["_row_hash"] for table in DATA["tables"]}
TABLES = {table["name"]: table for table in DATA["tables"]}
PATTERNS = {name: re.compile(re.sub(r"\{[^}]*\}", "([^/]+)", table["path"])) for name, table in TABLES.items()}
SIZE = 2
SEEDS = int(os.environ.get("STARTER_SEEDS", "1"))
EVERY = 15 if SEEDS == 1 else 1
"""The deep sweep cuts at every checkpoint of several sources; every fifteenth of one is enough for each change."""


class Paged:
    """Lists by path, two records a page, the next page told by the last record's key or by a number: as each table's
    style has it. A list beneath a parent that is not there is refused; a filter by time is honoured."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.lists: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.forbidden: set[str] = set()
        for name in ("events", "logs", "rates", "budgets", "prices", "untyped", "graphql", "ratings"):
            self.lists[f"/{name}"] = self.rows(name, 5)
        self.lists |= {f"/accounts/{n}/people": self.rows(f"person{n}", 5) for n in (7, 8)}
        self.grow("/companies", "c", 5)

    def rows(self, name: str, most: int) -> list[dict[str, Any]]:
        return [self.row(f"{name}-{n:03}") for n in range(self.chance.randint(0, most))]

    def row(self, key: str, at: datetime | None = None) -> dict[str, Any]:
        at = at or NOW - timedelta(hours=self.chance.randint(1, 2_000))
        return {"id": key, "name": "n", "updated_at": at.isoformat(), "amount": self.chance.randint(0, 9_999)}

    def grow(self, path: str, name: str, most: int) -> None:
        """A list of parents and all beneath them: companies, projects, tasks, comments."""
        self.lists[path] = self.rows(name, most)
        for each in self.lists[path]:
            self.beneath(path, each["id"])

    def beneath(self, path: str, key: str) -> None:
        if path == "/companies":
            self.grow(f"/companies/{key}/projects", f"{key}p", 3)
        elif path.endswith("/projects"):
            self.grow(f"/projects/{key}/tasks", f"{key}t", 3)
        elif path.endswith("/tasks"):
            self.lists[f"{path}/{key}/comments"] = self.rows(f"{key}k", 5)

    def remove(self, path: str, at: int) -> None:
        """A record and the lists beneath it."""
        key = self.lists[path].pop(at)["id"]
        self.lists = {other: rows for other, rows in self.lists.items() if f"/{key}" not in other}

    def ask(self, path: str, *, params: Any = None, headers: Any = None, body: Any = None) -> Answer:
        parts = urlsplit(path)
        given = {**dict(parse_qsl(parts.query)), **(params or {}), **(body or {}).get("variables", {})}
        self.asked.append((parts.path, {name: str(value) for name, value in given.items()}))
        if parts.path not in self.lists or parts.path in self.forbidden:
            raise SourceError("not there", 404)
        name = next(name for name, pattern in PATTERNS.items() if pattern.fullmatch(parts.path))
        return self.page(TABLES[name], parts.path, self.filtered(TABLES[name], self.lists[parts.path], given), given)

    def filtered(self, table: dict[str, Any], rows: list[dict[str, Any]], given: dict[str, Any]) -> list[Any]:
        since = given.get(table["change"]["filter"] or "-", "")
        if table["change"]["format"] == "token" or not since:
            return [] if since == "token" else rows
        bound = since[:19] if "-" in since else datetime.fromtimestamp(int(since), UTC).isoformat()[:19]
        return [row for row in rows if row["updated_at"][:19] >= bound]

    def page(self, table: dict[str, Any], path: str, rows: list[dict[str, Any]], given: dict[str, Any]) -> Answer:
        style, param = table["paging"]["style"], table["paging"]["param"] or "after"
        at = given.get(param)
        if style == "page":
            start = (int(at) - 1) * SIZE
        elif style == "offset":
            start = int(at)
        elif style in ("none", "unclear"):
            start = 0
        else:
            start = sum(row["id"] <= at for row in rows) if at else 0
        shown = rows[start : start + (SIZE if style not in ("none", "unclear") else 99)]
        is_more = len(rows) > start + len(shown)
        last = shown[-1]["id"] if shown else ""
        link = f"{path}?" + "&".join(f"{name}={value}" for name, value in {**given, "after": last}.items())
        return self.answer(table, shown, last if is_more else None, link if is_more else "", len(rows))

    def answer(self, table: dict[str, Any], shown: list[Any], last: str | None, link: str, total: int) -> Answer:
        body: Any = {"items": shown, "has_more": last is not None, "total": total, "meta": {"next": last}}
        body |= {"data": shown, "links": {"next": link}}
        if table["name"] == "projects":
            return Answer(shown, "", link)
        if table["name"] in ("events", "logs"):
            body["data"] = {"events": shown}
        if table["name"] == "budgets":
            body["data"] = {"budgets": shown, "server_knowledge": "token"}
        if table["name"] == "nodes":
            body["data"] = {"nodes": {"nodes": shown, "pageInfo": {"endCursor": last, "hasNextPage": last is not None}}}
        return Answer(body, "", "")

    def kept(self, url: str) -> str:
        return url


def run(source: Paged, state: dict[str, Any], op: Recorder, now: datetime = NOW) -> Recorder:
    Sync(DATA, CONFIGURATION, state, client=source, op=op, tell=lambda _: None, now=lambda: now).run()
    return op


def held(op: Recorder) -> dict[str, set[str]]:
    return {name: set(rows) for name, rows in op.rows.items() if rows}


def rewritten(table: dict[str, Any]) -> bool:
    return not table["change"]["field"] and (table["has_children"] or not table["change"]["filter"])


class Cuts(unittest.TestCase):
    def setUp(self) -> None:
        unsaved, module.UNSAVED = module.UNSAVED, 1
        self.addCleanup(setattr, module, "UNSAVED", unsaved)

    def each_cut(self, make: Callable[[], tuple[Paged, dict[str, Any], Recorder]], now: datetime) -> int:
        """Cuts a sync at each of its checkpoints and goes on: the rows and the state are those of one that was never
        cut. Returns how many cuts there were."""
        source, state, whole = make()
        before = len(whole.states)
        run(source, state, whole, now)
        saves = len(whole.states) - before
        for cut in range(0, saves - 1, EVERY):
            source, begun, op = make()
            op.fail_after = before + cut
            self.assertRaises(Interrupted, run, source, begun, op, now)
            op.fail_after, resumed = None, copy.deepcopy(op.states[-1])
            run(source, resumed, op, now)
            self.assertEqual((held(op), resumed), (held(whole), state), cut)
        return saves

    def test_a_first_sync(self) -> None:
        cuts = [self.each_cut(lambda seed=seed: (Paged(seed), {}, Recorder(KEYS)), NOW) for seed in range(SEEDS)]
        self.assertGreater(max(cuts), 20)

    def test_a_later_sync_with_changes_on_many_pages(self) -> None:
        def make(seed: int) -> tuple[Paged, dict[str, Any], Recorder]:
            source, state, op = Paged(seed), dict[str, Any](), Recorder(KEYS)
            run(source, state, op)
            for path, rows in list(source.lists.items()):
                rows += [source.row(f"z{path}-{n}".replace("/", "-"), LATER) for n in range(3)]
                for row in rows[-3:]:
                    source.beneath(path, row["id"])
            return source, state, op

        for seed in range(SEEDS):
            self.assertGreater(self.each_cut(lambda seed=seed: make(seed), LATER), 20)

    def test_a_source_that_changes_between_the_cut_and_going_on(self) -> None:
        """Parents vanish. After the sync is over, and once more, all that is at the source is at the destination."""
        tried = 0
        for seed in range(SEEDS):
            saves = len(run(Paged(seed), {}, Recorder(KEYS)).states)
            for cut in range(0, saves - 1, -(-EVERY // 5)):
                source, op, chance = Paged(seed), Recorder(KEYS, fail_after=cut), random.Random(cut)
                self.assertRaises(Interrupted, run, source, {}, op)
                for path in ("/companies", *[path for path in source.lists if path.endswith("/projects")]):
                    if source.lists.get(path) and chance.random() < 0.6:
                        source.remove(path, 0)
                        tried += 1
                op.fail_after, state = None, copy.deepcopy(op.states[-1])
                run(source, state, op, NOW + timedelta(hours=1))
                self.check(source, op, (seed, cut), is_whole=False)
                run(source, state, op, NOW + timedelta(hours=2))
                self.check(source, op, (seed, cut), is_whole=True)
        self.assertGreater(tried, 2)

    def test_another_setting_between_the_cut_and_going_on(self) -> None:
        """Where the list of one setting was is no place in the list of another."""
        source, op = Paged(0), Recorder(KEYS)
        source.lists |= {f"/accounts/{n}/people": [source.row(f"{n}-{m}") for m in range(5)] for n in (7, 8)}
        given = {**CONFIGURATION, "account_id": "7"}
        Sync(DATA, given, {}, client=source, op=op, tell=lambda _: None, now=lambda: NOW).run()
        walks = [(state, state.get("round", {}).get("walk", {})) for state in op.states]
        cut = next(
            state
            for state, walk in walks
            if walk.get("mark") == "all:people" and walk["frames"][0]["call"] == 1 and walk["frames"][0]["position"]
        )
        source.asked.clear()
        given["account_id"] = "8"
        Sync(DATA, given, copy.deepcopy(cut), client=source, op=op, tell=lambda _: None, now=lambda: NOW).run()
        asked = [given for path, given in source.asked if path == "/accounts/8/people"]
        first = [given["status"] for given in asked if "starting_after" not in given]
        self.assertEqual(first, ["open", "closed"])

    def test_a_record_that_goes_before_the_one_it_was_at(self) -> None:
        """The lists beneath the record it was at are read to their end, though it stands at another place now."""
        source, op = Paged(0), Recorder(KEYS)
        source.lists["/companies"] = [source.row(f"q{n}") for n in range(3)]
        source.lists |= {f"/companies/q{n}/projects": [source.row(f"q{n}p{m}") for m in range(3)] for n in range(3)}
        run(source, {}, op)
        walks = [(state, state.get("round", {}).get("walk", {}).get("frames", [{}])) for state in op.states]
        cut = next(state for state, frames in walks if len(frames) > 1 and frames[0].get("done") == 1)
        source.remove("/companies", 0)
        rest = run(source, copy.deepcopy(cut), Recorder(KEYS))
        found = {row["id"] for row in rest.rows["projects"].values()}
        self.assertLessEqual({f"q{n}p{m}" for n in (1, 2) for m in range(3)}, found)

    def check(self, source: Paged, op: Recorder, told: Any, *, is_whole: bool) -> None:
        for name in ("companies", "projects", "tasks", "comments", "events", "people"):
            paths = [path for path in source.lists if PATTERNS[name].fullmatch(path)]
            there = {row["id"] for path in paths for row in source.lists[path]}
            found = {row["id"] for row in op.rows.get(name, {}).values()}
            self.assertLessEqual(there, found, (told, name))
            if is_whole and rewritten(TABLES[name]):
                self.assertEqual(there, found, (told, name))


class Refused(unittest.TestCase):
    def test_a_list_that_was_refused_is_read_in_full_when_it_answers_again(self) -> None:
        """A parent's list that answered 403 or 404 was not read: no cursor may stand for it."""
        source, state, op = Paged(1), dict[str, Any](), Recorder(KEYS)
        path = next(path for path, rows in source.lists.items() if path.endswith("/tasks") and rows)
        there = {row["id"] for row in source.lists[path]}
        source.forbidden = {path}
        run(source, state, op)
        self.assertFalse(there & {row["id"] for row in op.rows["tasks"].values()})
        source.forbidden = set()
        run(source, state, op, LATER)
        self.assertLessEqual(there, {row["id"] for row in op.rows["tasks"].values()})


class ManyPagesOfChanges(unittest.TestCase):
    """What changed takes more than one page: the filter is asked for again with each, unless an address is followed."""

    def asked(self, path: str) -> list[dict[str, str]]:
        source, state, op = Paged(3), dict[str, Any](), Recorder(KEYS)
        run(source, state, op)
        new = [source.row(f"z{n}", LATER) for n in range(7)]
        source.lists[path] += new
        source.asked.clear()
        run(source, state, op, LATER)
        name = next(name for name, pattern in PATTERNS.items() if pattern.fullmatch(path))
        self.assertLessEqual({row["id"] for row in new}, {row["id"] for row in op.rows[name].values()})
        return [given for asked, given in source.asked if asked == path]

    def test_each_page_of_a_cursor_repeats_the_filter(self) -> None:
        asked = self.asked("/accounts/7/people")
        self.assertGreaterEqual(len(asked), 4)
        self.assertEqual(len({given["updated_since"] for given in asked}), 1)

    def test_each_page_of_an_address_is_asked_as_it_is(self) -> None:
        asked = self.asked("/logs")
        self.assertGreaterEqual(len(asked), 4)
        self.assertEqual([sorted(given) for given in asked[1:]], [["after", "since"]] * (len(asked) - 1))


if __name__ == "__main__":
    unittest.main()

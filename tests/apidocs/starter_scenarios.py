# ruff: noqa: PT009, PT027 - run by unittest, as pytest is not where projects run
"""What a starter project's sync does over time, against a source in memory. Run by test_scaffold inside a project made
of starter_analysis: its own modules are on the path, the SDK is not needed."""

import copy
import unittest
from datetime import UTC, datetime, timedelta
from typing import Any

import paging
from client import Answer, SourceError
from sync import Sync
from tables import DATA
from tests.fakes import Interrupted, Recorder

NOW = datetime(2026, 4, 1, tzinfo=UTC)
CONFIGURATION = {"accountId": "7", "account_id": "7", "recent_days_first": "30"}
KEYS = {table["name"]: table["key"] or ["_row_hash"] for table in DATA["tables"]}


def row(key: str, days_ago: int = 100, **more: Any) -> dict[str, Any]:
    return {"id": key, "updated_at": (NOW - timedelta(days=days_ago)).isoformat(), **more}


class Source:
    """Lists by path; `asked` keeps (path, parameters). A filter by time is honoured, as by a real source."""

    def __init__(self, **lists: list[dict[str, Any]]) -> None:
        self.lists: dict[str, Any] = {f"/{name}": rows for name, rows in lists.items()}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.broken: set[str] = set()

    def ask(self, path: str, *, params: Any = None, headers: Any = None, body: Any = None) -> Answer:
        given = dict(params or {})
        self.asked.append((path, given))
        if path in self.broken:
            raise SourceError("broken", 500)
        rows = self.lists.get(path, [])
        if "updated_since" in given:
            rows = [each for each in rows if each["updated_at"][:19] >= given["updated_since"][:19]]
        found = {"data": rows, "items": rows, "has_more": False}
        if path == "/budgets":
            return Answer({"data": {"budgets": rows, "server_knowledge": 7 + len(self.asked)}}, path)
        if path in ("/events", "/logs"):
            return Answer({"data": {"events": rows}}, path)
        return Answer(rows if path.endswith("/projects") else found, path)

    def kept(self, url: str) -> str:
        return url


def sync(source: Source, state: dict[str, Any], *, now: datetime = NOW, **more: Any) -> Recorder:
    op = Recorder(KEYS, **more)
    Sync(DATA, CONFIGURATION, state, client=source, op=op, tell=lambda _: None, now=lambda: now).run()
    return op


def written(op: Recorder, table: str) -> list[str]:
    return [each["id"] for each in op.rows.get(table, {}).values()]


class Changes(unittest.TestCase):
    people = "/accounts/7/people"

    def a_source(self, *rows: dict[str, Any]) -> Source:
        source = Source()
        source.lists[self.people] = list(rows)
        return source

    def since(self, source: Source) -> list[str]:
        return [given.get("updated_since", "") for path, given in source.asked if path == self.people]

    def test_the_first_sync_brings_the_newest_rows_first_and_writes_none_twice(self) -> None:
        source = self.a_source(row("old", 400), row("new", 3))
        op = sync(source, {})
        # Twice each: the status is asked for with both of its values.
        self.assertEqual(self.since(source), ["2026-03-01T23:55:00Z"] * 2 + [""] * 2)
        self.assertEqual(written(op, "people"), ["new", "old"])
        self.assertEqual(op.operations.count(("upsert", "people")), 4)

    def test_the_next_sync_asks_from_the_newest_change_on(self) -> None:
        source, state = self.a_source(row("a", 40), row("b", 3)), {}
        sync(source, state)
        source.asked.clear()
        later = sync(source, state)
        self.assertEqual(self.since(source), ["2026-03-28T23:55:00Z"] * 2)
        self.assertEqual(written(later, "people"), ["b"])

    def test_a_time_in_the_future_does_not_carry_the_cursor_away(self) -> None:
        source, state = self.a_source(row("a", -4_000)), {}
        sync(source, state)
        source.asked.clear()
        sync(source, state)
        self.assertEqual(self.since(source), ["2026-03-31T23:55:00Z"] * 2)

    def test_what_the_source_says_is_deleted_is_deleted(self) -> None:
        source, state = self.a_source(row("a", 3)), {}
        sync(source, state)
        source.lists[self.people] = [row("a", 1, deleted=True)]
        self.assertIn(("delete", "people"), sync(source, state).operations)

    def test_tokens_go_back_as_they_came(self) -> None:
        source, state = Source(budgets=[row("a")]), {}
        sync(source, state)
        token = next(n for n, (path, _) in enumerate(source.asked, 8) if path == "/budgets")
        source.asked.clear()
        sync(source, state)
        self.assertIn(("/budgets", {"knowledge": str(token)}), source.asked)

    def test_another_setting_is_another_list_and_is_read_in_full(self) -> None:
        source, state = self.a_source(row("a", 3)), {}
        sync(source, state)
        source.asked.clear()
        source.lists["/accounts/8/people"] = [row("z", 300)]
        op = Recorder(KEYS)
        moved = {**CONFIGURATION, "account_id": "8"}
        Sync(DATA, moved, state, client=source, op=op, tell=lambda _: None, now=lambda: NOW).run()
        self.assertEqual(written(op, "people"), ["z"])


class AskedFor(unittest.TestCase):
    def test_what_was_asked_for_tells_rows_apart(self) -> None:
        """The same record comes again for each value: the value is a column, and part of the key."""
        op = sync(Source(rates=[row("a")]), {})
        self.assertEqual(sorted((each["unit"], each["id"]) for each in op.rows["rates"].values()),
                         [("day", "a"), ("hour", "a")])  # fmt: skip

    def test_what_passes_is_a_column_and_no_key(self) -> None:
        """A record that is closed now must not stay beside itself as open."""
        source = Source()
        source.lists["/accounts/7/people"] = [row("a", 3)]
        op = sync(source, {})
        self.assertEqual([(each["id"], each["status"]) for each in op.rows["people"].values()], [("a", "closed")])


class Replaced(unittest.TestCase):
    def test_rows_gone_at_the_source_go_and_the_first_sync_empties_nothing(self) -> None:
        source, state = Source(untyped=[row("a"), row("b")]), {}
        self.assertEqual(sync(source, state).count("truncate"), 0)
        source.lists["/untyped"] = []
        second = sync(source, state)
        self.assertEqual(second.operations.count(("truncate", "untyped")), 1)
        self.assertEqual(second.rows["untyped"], {})

    def test_nothing_is_emptied_before_the_source_has_answered(self) -> None:
        source, state = Source(untyped=[row("a")]), {}
        sync(source, state)
        source.broken = {"/untyped"}
        op = Recorder(KEYS)
        broken = Sync(DATA, CONFIGURATION, state, client=source, op=op, tell=lambda _: None, now=lambda: NOW)
        self.assertRaises(SourceError, broken.run)
        self.assertNotIn(("truncate", "untyped"), op.operations)

    def test_first_seen_times_stay_until_a_row_goes(self) -> None:
        source, state = Source(prices=[{"amount": 1}]), {}
        first = sync(source, state)
        source.lists["/prices"].append({"amount": 2})
        second = sync(source, state, now=NOW + timedelta(days=1))
        times = sorted(each["_first_seen"][:10] for each in second.rows["prices"].values())
        self.assertEqual([each["_first_seen"][:10] for each in first.rows["prices"].values()], ["2026-04-01"])
        self.assertEqual(times, ["2026-04-01", "2026-04-02"])


class Beneath(unittest.TestCase):
    def a_source(self) -> Source:
        source = Source(companies=[row("c1"), row("c2")])
        source.lists["/companies/c1/projects"] = [row("p1")]
        source.lists["/companies/c2/projects"] = [row("p2")]
        source.lists["/projects/p1/tasks"] = [row("t1", 50)]
        source.lists["/projects/p2/tasks"] = [row("t2", 50)]
        source.lists["/projects/p1/tasks/t1/comments"] = [row("k1")]
        return source

    def test_parents_keys_are_columns(self) -> None:
        op = sync(self.a_source(), {})
        (task,) = [each for each in op.rows["tasks"].values() if each["id"] == "t1"]
        (comment,) = op.rows["comments"].values()
        self.assertEqual((task["project_id"], comment["project_id"], comment["task_id"]), ("p1", "p1", "t1"))

    def test_what_is_unchanged_is_skipped_but_a_new_parents_list_is_read_in_full(self) -> None:
        source, state = self.a_source(), {}
        sync(source, state)
        source.lists["/companies"].append(row("c3", 500))
        source.lists["/companies/c3/projects"] = [row("p3")]
        source.lists["/projects/p3/tasks"] = [row("t3", 500)]
        source.lists["/projects/p1/tasks"].append(row("t4", 0))
        later = sync(source, state, now=NOW + timedelta(hours=1))
        # c1 and c2 are as new as any seen, so they come once more; t1 and t2 likewise.
        self.assertEqual(set(written(later, "tasks")), {"t1", "t2", "t3", "t4"})
        last = sync(source, state, now=NOW + timedelta(hours=2))
        self.assertEqual(written(last, "tasks"), ["t4"])

    def test_a_parent_that_has_just_gone_is_passed_over(self) -> None:
        class Forgetful(Source):
            def ask(self, path: str, **given: Any) -> Answer:
                if path == "/companies/c1/projects":
                    raise SourceError("gone", 404)
                return super().ask(path, **given)

        source = Forgetful()
        source.lists = self.a_source().lists
        self.assertEqual(written(sync(source, {}), "projects"), ["p2"])

    def test_a_cut_at_every_checkpoint_misses_nothing(self) -> None:
        import sync as module

        module.UNSAVED = 1
        whole = sync(self.a_source(), {})
        self.assertGreater(len(whole.states), 6)
        for cut in range(len(whole.states) - 1):
            begun = Recorder(KEYS, fail_after=cut)
            first = Sync(
                DATA, CONFIGURATION, {}, client=self.a_source(), op=begun, tell=lambda _: None, now=lambda: NOW
            )
            self.assertRaises(Interrupted, first.run)
            source = self.a_source()
            rest = sync(source, copy.deepcopy(begun.states[-1]))
            for name, rows in whole.rows.items():
                self.assertEqual(set(begun.rows.get(name, {})) | set(rest.rows.get(name, {})), set(rows), (cut, name))

    def test_a_resumed_walk_does_not_ask_again_for_what_is_done(self) -> None:
        import sync as module

        module.UNSAVED = 1
        op = Recorder(KEYS, fail_after=1_000)
        state: dict[str, Any] = {}
        source = self.a_source()
        sync(source, state)
        frames = [
            saved
            for saved in self.states_of(op)
            if saved.get("round", {}).get("walk", {}).get("frames", [{}])[0].get("done") == 1
        ]
        resumed = self.a_source()
        sync(resumed, copy.deepcopy(frames[-1]))
        self.assertNotIn("/companies/c1/projects", [path for path, _ in resumed.asked])
        self.assertIn("/companies/c2/projects", [path for path, _ in resumed.asked])

    def states_of(self, op: Recorder) -> list[dict[str, Any]]:
        Sync(DATA, CONFIGURATION, {}, client=self.a_source(), op=op, tell=lambda _: None, now=lambda: NOW).run()
        return op.states


class FilterAlone(unittest.TestCase):
    def test_a_token_that_wants_no_filter_beside_it_gets_none(self) -> None:
        class Particular(Source):
            def ask(self, path: str, *, params: Any = None, **given: Any) -> Answer:
                if "starting_after" in (params or {}) and "updated_since" in params:
                    raise SourceError("only one of the two", 400)
                found = super().ask(path, params=params, **given)
                pages = {None: [row("a", 3)], "a": [row("b", 2)]}
                rows = pages.get((params or {}).get("starting_after"), []) if path.endswith("/people") else found.body
                return Answer({"data": rows, "has_more": True} if path.endswith("/people") else rows, path)

        self.assertEqual(set(written(sync(Particular(), {}), "people")), {"a", "b"})
        self.assertEqual(paging.MAX_PAGES, 10_000)


if __name__ == "__main__":
    unittest.main()

"""Whole syncs of this project's own tables, against a source on this machine that serves the document's examples."""

import copy
import functools
import json
import re
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import changes
import connector
import records
from client import Client, SourceError
from settings import Misconfigured
from sync import Sync
from tables import DATA
from tests.example_source import ExampleSource
from tests.fakes import Interrupted, Recorder

FOLDER = Path(__file__).resolve().parents[1]
DEFINED = {table["table"]: table for table in connector.schema({})}
KEYS = {name: table["primary_key"] for name, table in DEFINED.items()}
KINDS = set(records.FITTING) - {"DECIMAL"}
CUTS = 6


class Syncs(unittest.TestCase):
    def setUp(self) -> None:
        self.source = ExampleSource.of_project(FOLDER)
        self.source.start()
        self.addCleanup(self.source.stop)
        self.told: list[str] = []

    def sync(self, state: dict[str, Any], fail_after: int | None = None, **configuration: str) -> Recorder:
        op = Recorder(KEYS, fail_after=fail_after)
        given = {**self.source.configuration(), **configuration}
        with Client(DATA, given, tell=self.told.append, sleep=lambda _: None) as client:
            Sync(DATA, given, state, client=client, op=op, tell=self.told.append).run()
        return op

    def test_every_table_with_an_example_gets_rows(self) -> None:
        op = self.sync({})
        examples = json.loads((FOLDER / "tests" / "examples.json").read_text(encoding="utf-8"))
        empty = [name for name in examples if name in KEYS and not op.rows.get(name)]
        self.assertEqual(empty, [], self.told)
        self.assertEqual(op.operations[-1], ("checkpoint", ""))
        self.assertEqual(set(op.states[-1]), {"tables"})
        self.assertEqual(op.count("truncate"), 0)

    def test_columns_are_those_of_the_schema(self) -> None:
        op = self.sync({})
        for table in DATA["tables"]:
            for row in op.rows.get(table["name"], {}).values():
                unknown = set() if table["is_open"] else set(row) - set(DEFINED[table["name"]]["columns"])
                self.assertEqual(unknown, set(), table["name"])
                self.assertTrue(all(row[column] is not None for column in KEYS[table["name"]]))

    def test_the_second_sync_reads_on(self) -> None:
        state: dict[str, Any] = {}
        first, second = self.sync(state), self.sync(state)
        for table in DATA["tables"]:
            name = table["name"]
            if not table["delivered"]:
                continue
            truncated, written = ("truncate", name) in second.operations, second.rows.get(name, {})
            self.assertEqual(truncated, changes.is_read_anew(table), name)
            if truncated:
                self.assertEqual(set(written), set(first.rows.get(name, {})), name)
            else:
                self.assertLessEqual(len(written), len(first.rows.get(name, {})), name)

    def test_first_seen_times_stay(self) -> None:
        state: dict[str, Any] = {}
        first, second = self.sync(state), self.sync(state)
        for table in DATA["tables"]:
            for key, row in second.rows.get(table["name"], {}).items() if table["first_seen"] else ():
                self.assertEqual(row[records.FIRST_SEEN], first.rows[table["name"]][key][records.FIRST_SEEN])

    def test_a_sync_that_is_cut_short_goes_on_and_misses_nothing(self) -> None:
        with mock.patch("sync.UNSAVED", 2):
            whole = self.sync({})
            saves = len(whole.states) - 1
            for cut in sorted({round(saves * part / CUTS) for part in range(CUTS)}):
                with self.subTest(cut=cut):
                    begun = Recorder(KEYS, fail_after=cut)
                    given = self.source.configuration()
                    with Client(DATA, given, tell=self.told.append, sleep=lambda _: None) as client:
                        sync = Sync(DATA, given, {}, client=client, op=begun, tell=self.told.append)
                        if saves:
                            self.assertRaises(Interrupted, sync.run)
                    rest = self.sync(copy.deepcopy(begun.states[-1]) if begun.states else {})
                    for name, rows in whole.rows.items():
                        found = set(begun.rows.get(name, {})) | set(rest.rows.get(name, {}))
                        self.assertEqual(found, set(rows), name)

    def test_the_state_and_what_is_told_hold_no_secret(self) -> None:
        state: dict[str, Any] = {}
        op = self.sync(state)
        given = {
            name: value for name, value in self.source.configuration().items() if name in DATA["sign_in"]["settings"]
        }
        given.pop("token_url", None)
        for value in given.values():
            self.assertNotIn(value, json.dumps(op.states) + "".join(self.told) + "".join(self.source.log))

    def test_wrong_secrets_empty_nothing(self) -> None:
        state: dict[str, Any] = {}
        self.sync(state)
        wrong = {name: "wrong" for name in DATA["sign_in"]["settings"] if name != "token_url"}
        if not wrong:
            self.skipTest("this source asks for no sign-in")
        op = Recorder(KEYS)
        with Client(
            DATA, {**self.source.configuration(), **wrong}, tell=self.told.append, sleep=lambda _: None
        ) as client:
            sync = Sync(
                DATA, {**self.source.configuration(), **wrong}, state, client=client, op=op, tell=self.told.append
            )
            with self.assertRaises((SourceError, Misconfigured)):
                sync.run()
        self.assertEqual(op.operations, [])

    def test_the_connector_itself(self) -> None:
        op, patient = Recorder(KEYS), functools.partial(Client, sleep=lambda _: None)
        with (
            mock.patch.object(connector, "op", op),
            mock.patch.object(connector, "log", mock.Mock()),
            mock.patch.object(connector, "Client", patient),
        ):
            connector.update(self.source.configuration(), {})
        self.assertEqual(op.operations[-1], ("checkpoint", ""))


class Structure(unittest.TestCase):
    def test_names_and_types_are_valid(self) -> None:
        self.assertEqual(len(DEFINED), len([table for table in DATA["tables"] if table["delivered"]]))
        for name, table in DEFINED.items():
            self.assertRegex(name, r"^[a-z][a-z0-9_]{0,59}$")
            self.assertTrue(set(KEYS[name]) <= set(table["columns"]), name)
            for column, kind in table["columns"].items():
                self.assertTrue(
                    re.fullmatch(r"[a-z][a-z0-9_]{0,59}", column) or column in (records.ROW_HASH, records.FIRST_SEEN)
                )
                self.assertTrue(isinstance(kind, dict) or kind in KINDS, kind)

    def test_parents_stand_before_their_children(self) -> None:
        seen: set[str] = set()
        for table in DATA["tables"]:
            self.assertTrue({parent["table"] for parent in table["parents"]} <= seen, table["name"])
            seen.add(table["name"])

    def test_the_configuration_holds_placeholders(self) -> None:
        given = json.loads((FOLDER / "configuration.json").read_text(encoding="utf-8"))
        self.assertTrue(all(isinstance(value, str) for value in given.values()))
        asked = {asked["setting"] for table in DATA["tables"] for asked in table["configured"]}
        self.assertTrue({"base_url", *DATA["sign_in"]["settings"], *asked} <= set(given))


if __name__ == "__main__":
    unittest.main()

"""Values, keys and times, as sources write them."""

import unittest
from typing import Any

import changes
import records

CHANGE = {
    "kind": "both",
    "filter": "since",
    "place": "query",
    "format": "iso",
    "template": "",
    "token_path": "",
    "field": "at",
}
TABLE = {
    "name": "things",
    "key": ["parent_id", "id"],
    "columns": {"parent_id": ["", "LONG"], "id": ["attributes.id", "STRING"], "amount": ["amount", "DECIMAL"]},
    "is_open": False,
    "deletes": "gone",
    "first_seen": False,
    "has_children": False,
    "change": CHANGE,
}


class Values(unittest.TestCase):
    def test_each_type_fits_or_is_left_out(self) -> None:
        cases: list[tuple[str, Any, Any]] = [
            ("BOOLEAN", "true", True),
            ("BOOLEAN", "maybe", None),
            ("INT", 2**31, None),
            ("INT", "17", 17),
            ("LONG", 2**62, 2**62),
            ("LONG", 1.5, None),
            ("LONG", 3.0, 3),
            ("LONG", "1e999999999", None),
            ("LONG", "1e-999999999", None),
            ("LONG", 10**400, None),
            ("LONG", float("inf"), None),
            ("DECIMAL", 1.10, "1.1"),
            ("DECIMAL", "NaN", None),
            ("DOUBLE", "2.5", 2.5),
            ("STRING", {"a": 1}, '{"a": 1}'),
            ("STRING", 7, "7"),
            ("JSON", [1, None], [1, None]),
            ("BINARY", "aGk=", b"hi"),
            ("BINARY", "not base64!", None),
            ("NAIVE_DATE", "2026-03-04T05:06:07Z", "2026-03-04"),
            ("NAIVE_DATETIME", "2026-03-04T05:06:07", "2026-03-04T05:06:07.000000"),
            ("UTC_DATETIME", "2026-03-04T05:06:07.5+02:00", "2026-03-04T03:06:07.500000+00:00"),
            ("UTC_DATETIME", "not a time", None),
        ]
        for kind, value, wanted in cases:
            with self.subTest(kind=kind, value=value):
                misfits: list[str] = []
                table = {**TABLE, "key": ["x"], "columns": {"x": ["x", kind], "y": ["y", "STRING"]}}
                made = records.row({**table, "key": []}, {"x": value}, {}, misfits.append)
                assert made is not None
                self.assertEqual((made["x"], misfits), (wanted, ["x"] if wanted is None else []))

    def test_times_in_all_the_ways_of_writing(self) -> None:
        wanted = "2026-08-18T10:00:00+00:00"
        for value in (
            "2026-08-18T10:00:00Z",
            "2026-08-18 12:00:00+0200",
            "20260818T100000Z",
            "Tue, 18 Aug 2026 10:00:00 +0000",
            1_787_047_200,
            1_787_047_200_000,
            "1787047200",
            "/Date(1787047200000+0000)/",
        ):
            with self.subTest(value):
                at = records.moment(value)
                self.assertEqual(at.isoformat() if at else None, wanted)
        never: tuple[Any, ...] = ("", "soon", None, True, float("inf"), "9999-99-99", [], "0" * 5000)
        for no_time in never:
            with self.subTest(no_time):
                self.assertIsNone(records.moment(no_time))

    def test_parents_keys_come_in_and_a_missing_key_leaves_the_row_out(self) -> None:
        made = records.row(TABLE, {"attributes": {"id": 5}}, {"parent_id": 9}, print)
        self.assertEqual(made, {"parent_id": 9, "id": "5", "amount": None})
        self.assertIsNone(records.row(TABLE, {"amount": 1}, {"parent_id": 9}, print))

    def test_rows_without_key_get_a_hash_that_stays(self) -> None:
        table = {**TABLE, "key": []}
        one, same = ({"attributes": {"id": 1}, "amount": 2}, {"amount": 2, "attributes": {"id": 1}})
        hashes = [records.row(table, record, {"parent_id": 9}, print) for record in (one, same, {"amount": 3})]
        assert all(hashes)
        self.assertEqual(len({row[records.ROW_HASH] for row in hashes if row}), 2)

    def test_what_the_document_does_not_name_is_delivered_under_a_clean_name(self) -> None:
        table = {**TABLE, "key": [], "columns": {}, "is_open": True}
        made = records.row(table, {"firstName": "Ada", "2nd": 1, "_fivetran_x": 2, "none": None}, {}, print)
        assert made is not None
        self.assertEqual(set(made) - {records.ROW_HASH}, {"first_name", "c_2nd", "c_fivetran_x"})

    def test_gone_by_truth_value_or_time(self) -> None:
        given = (True, "2026-01-01", 1, False, None, "", "false", 0)
        self.assertEqual([records.is_gone(TABLE, {"gone": value}) for value in given], [True] * 3 + [False] * 5)


class Asking(unittest.TestCase):
    def test_the_cursor_is_written_as_the_source_wants_it(self) -> None:
        cursor, wanted = (
            "2026-08-18T10:00:00+00:00",
            {
                "iso": "2026-08-18T09:55:00Z",
                "date": "2026-08-18",
                "unix": "1787046900",
                "unix_ms": "1787046900000",
            },
        )
        for form, text in wanted.items():
            self.assertEqual(
                changes.asking({**TABLE, "change": {**CHANGE, "format": form}}, cursor), ({"since": text}, {})
            )
        expression = {**CHANGE, "format": "expression", "template": "updated>{since}"}
        self.assertEqual(
            changes.asking({**TABLE, "change": expression}, cursor)[0], {"since": "updated>2026-08-18T09:55:00Z"}
        )
        header = {**CHANGE, "filter": "If-Modified-Since", "place": "header"}
        found = changes.asking({**TABLE, "change": header}, cursor)
        self.assertEqual(found, ({}, {"If-Modified-Since": "Tue, 18 Aug 2026 09:55:00 GMT"}))
        token = {**CHANGE, "format": "token"}
        self.assertEqual(changes.asking({**TABLE, "change": token}, "77"), ({"since": "77"}, {}))
        self.assertEqual(changes.asking(TABLE, ""), ({}, {}))

    def test_a_cursor_of_the_year_one_is_no_trouble(self) -> None:
        never = "0001-01-01T00:00:00+00:00"
        self.assertEqual(changes.asking(TABLE, never)[0], {"since": "0001-01-01T00:00:00Z"})
        self.assertFalse(changes.is_unchanged(records.moment(never), never))

    def test_the_cursor_never_passes_the_moment_reading_began(self) -> None:
        began = "2026-08-18T10:00:00+00:00"
        self.assertEqual(changes.moved("2026-08-18T09:00:00+00:00", began), "2026-08-18T09:00:00+00:00")
        self.assertEqual(changes.moved("9999-01-01T00:00:00+00:00", began), began)
        self.assertEqual(changes.moved("", began), began)


if __name__ == "__main__":
    unittest.main()

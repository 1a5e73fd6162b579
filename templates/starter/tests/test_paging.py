"""Every way of paging comes to its end, with every record once, and goes on from where it was."""

import unittest
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import paging
from client import Answer, SourceError

EMPTY = {"param": "", "token_path": "", "more_path": "", "total_path": "", "size_param": "", "size": None, "first": 1}
RECORDS = [{"id": number} for number in range(1, 8)]
SIZE = 3
URL = "https://api.example.com/v1/things"


def a_table(style: str, **changed: Any) -> dict[str, Any]:
    return {"data_path": "data", "key_source": "id", "paging": {**EMPTY, "style": style, **changed}}


def served(table: dict[str, Any], told: Callable[[int, int], dict[str, Any]]) -> Callable[[paging.Position], Answer]:
    """A source that answers with `told(start, end)` beside the records, and a Link header where the style is that."""

    def ask(position: paging.Position) -> Answer:
        asked = paging.params_of(table["paging"], position)
        if "url" in position:
            asked = dict(parse_qsl(urlsplit(position["url"]).query))
        start = begins(table, asked)
        end = start + SIZE
        link = f"{URL}?start={end}" if end < len(RECORDS) and table["paging"]["style"] == "link_header" else ""
        return Answer({"data": RECORDS[start:end], **told(start, end)}, URL, link)

    return ask


def begins(table: dict[str, Any], asked: dict[str, str]) -> int:
    given = asked.get(table["paging"]["param"]) or asked.get("start")
    if given is None:
        return 0
    return (int(given) - table["paging"]["first"]) * SIZE if table["paging"]["style"] == "page" else int(given)


def next_of(end: int) -> int | None:
    return end if end < len(RECORDS) else None


CASES: dict[str, tuple[dict[str, Any], Callable[[int, int], dict[str, Any]]]] = {
    "page": (a_table("page", param="page"), lambda start, end: {}),
    "page from nought": (a_table("page", param="page", first=0), lambda start, end: {}),
    "page with total": (a_table("page", param="page", total_path="total"), lambda start, end: {"total": 7}),
    "page with pages": (a_table("page", param="page", total_path="total_pages"), lambda start, end: {"total_pages": 3}),
    "page with more": (a_table("page", param="page", more_path="more"), lambda start, end: {"more": end < 7}),
    "offset": (a_table("offset", param="skip"), lambda start, end: {}),
    "cursor": (
        a_table("cursor", param="after", token_path="meta.next"),
        lambda start, end: {"meta": {"next": str(end) if end < 7 else None}},
    ),
    "cursor in an address": (
        a_table("cursor", param="after", token_path="next"),
        lambda start, end: {"next": f"{URL}?after={end}" if end < 7 else None},
    ),
    "cursor is the last key": (
        a_table("cursor", param="after", more_path="has_more"),
        lambda start, end: {"has_more": end < 7},
    ),
    "next_url": (
        a_table("next_url", token_path="links.next"),
        lambda start, end: {"links": {"next": f"{URL}?start={end}" if end < 7 else None}},
    ),
    "next_url relative": (
        a_table("next_url", token_path="next"),
        lambda start, end: {"next": f"?start={end}" if end < 7 else ""},
    ),
    "next_url as object": (
        a_table("next_url", token_path="next"),
        lambda start, end: {"next": {"href": f"{URL}?start={end}"} if end < 7 else None},
    ),
    "link_header": (a_table("link_header"), lambda start, end: {}),
}


class Styles(unittest.TestCase):
    def test_all_records_come_once(self) -> None:
        for name, (table, told) in CASES.items():
            with self.subTest(name):
                found = [record for page in paging.pages(served(table, told), table, {}) for record in page.records]
                self.assertEqual(found, RECORDS)

    def test_each_goes_on_where_it_was(self) -> None:
        for name, (table, told) in CASES.items():
            with self.subTest(name):
                first = next(iter(paging.pages(served(table, told), table, {})))
                assert first.following is not None
                rest = paging.pages(served(table, told), table, first.following)
                self.assertEqual([record for page in rest for record in page.records], RECORDS[SIZE:])

    def test_one_page_where_the_way_on_is_unknown(self) -> None:
        for style in ("none", "unclear"):
            table = a_table(style, size_param="limit", size=50)
            found = list(paging.pages(served(table, lambda start, end: {}), table, {}))
            self.assertEqual([page.following for page in found], [None])
            self.assertEqual(paging.params_of(table["paging"], {}), {"limit": "50"})


class Ends(unittest.TestCase):
    def test_a_token_that_repeats_ends_the_list(self) -> None:
        table, pages = a_table("cursor", param="after", token_path="next"), iter(range(100))
        found = list(paging.pages(lambda _: Answer({"data": [next(pages)], "next": "same"}, URL), table, {}))
        self.assertEqual([page.records for page in found], [[0], [1]])

    def test_a_page_that_repeats_ends_the_list(self) -> None:
        table = a_table("page", param="page")
        found = list(paging.pages(lambda _: Answer({"data": [{"id": 1}]}, URL), table, {}))
        self.assertEqual(len(found), 1)

    def test_a_list_without_end_is_cut(self) -> None:
        table, pages = a_table("page", param="page"), iter(range(10**9))
        limit, paging.MAX_PAGES = paging.MAX_PAGES, 5
        try:
            found = list(paging.pages(lambda _: Answer({"data": [next(pages)]}, URL), table, {}))
        finally:
            paging.MAX_PAGES = limit
        self.assertEqual([page.is_cut for page in found], [False] * 4 + [True])

    def test_empty_pages_in_the_middle_of_a_list_lose_nothing(self) -> None:
        table, asked = a_table("cursor", param="after", token_path="next"), list[int]()

        def ask(_: paging.Position) -> Answer:
            asked.append(len(asked))
            records = {1: ["one"], 5: ["five"]}.get(len(asked), [])
            return Answer({"data": records, "next": len(asked)}, URL)

        found = list(paging.pages(ask, table, {}))
        self.assertEqual([record for page in found for record in page.records], ["one", "five"])
        self.assertEqual(len(asked), 5 + paging.EMPTY_PAGES + 1, "a source that never says no more is left in the end")

    def test_a_total_that_is_none_is_not_believed(self) -> None:
        for style, total in (("page", 0), ("page", -1), ("offset", 0)):
            table = a_table(style, param="at", total_path="total")
            found = paging.pages(served(table, lambda start, end, total=total: {"total": total}), table, {})  # type: ignore[misc]
            self.assertEqual([record for page in found for record in page.records], RECORDS)

    def test_a_refusal_that_looks_like_an_answer_is_no_empty_list(self) -> None:
        bodies: list[tuple[str, Any]] = [
            ("data", {"error": {"message": "slow down"}}),
            ("data.items", {"errors": [{"message": "THROTTLED"}], "data": None}),
            ("data", [{"id": 1}]),
            ("data", "maintenance"),
            ("", {"error": "closed"}),
        ]
        for path, body in bodies:
            table = {**a_table("none"), "data_path": path}
            with self.subTest(body), self.assertRaises(SourceError):
                list(paging.pages(lambda _, body=body: Answer(body, URL), table, {}))  # type: ignore[misc]
        for path, body in (("data", {"errors": [{}], "data": [{"id": 1}]}), ("", {"id": 1, "error": "late"})):
            table = {**a_table("none"), "data_path": path}
            found = list(paging.pages(lambda _, body=body: Answer(body, URL), table, {}))  # type: ignore[misc]
            self.assertEqual(len(found[0].records), 1)

    def test_a_position_the_source_has_forgotten_begins_again(self) -> None:
        table, told = CASES["cursor"]
        source = served(table, told)

        def ask(position: paging.Position) -> Answer:
            if position.get("token") == "old":
                raise SourceError("expired", 410)
            return source(position)

        found = [record for page in paging.pages(ask, table, {"token": "old"}) for record in page.records]
        self.assertEqual(found, RECORDS)


if __name__ == "__main__":
    unittest.main()

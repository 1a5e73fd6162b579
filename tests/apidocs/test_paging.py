"""Paging: the style to implement and all there is evidence for, with parameter, token, size and start."""

from typing import Any

import pytest
from apidocs.documents import body, described, get, query

from request_tracker.apidocs.measuring.paging import paging
from request_tracker.rules.vendor_api import Paging, PagingStyle

URI = {"type": "string", "format": "uri"}
SHOWN = {"type": "string", "example": "https://api.example.org/2"}
INT = {"type": "integer"}
FLAG = {"type": "boolean"}


def told(schema: Any, *parameters: Any, data_path: str = "data", **more: Any) -> Paging:
    description = described({"/invoices": get(schema, *parameters, **more)})
    return paging(description.operations[0], description.schemas, data_path)


def number(name: str, **schema: Any) -> dict[str, Any]:
    return query(name, type="integer", **schema)


STYLES = [
    ("nothing at all", body(data=list), [], ["none"]),
    ("only a size", body(data=list), [number("limit")], ["none"]),
    ("page", body(data=list), [number("page"), number("per_page")], ["page"]),
    ("page[number]", body(data=list), [number("page[number]"), number("page[size]")], ["page"]),
    ("offset", body(data=list), [number("offset"), number("limit")], ["offset"]),
    ("offset of OData", body(data=list), [number("$skip"), number("$top")], ["offset"]),
    ("opaque offset", body(data=list, offset=str), [query("offset"), number("limit")], ["cursor"]),
    ("opaque start", body(data=list), [query("start")], ["cursor"]),
    ("a start that is a date", body(data=list), [query("start", format="date-time")], ["none"]),
    ("a span of time", body(data=list), [query("from"), query("to")], ["none"]),
    ("a span in seconds", body(data=list), [number("from"), number("to")], ["none"]),
    ("from with a size", body(data=list), [number("from"), number("size")], ["offset"]),
    ("after that is a date", body(data=list), [query("after", format="date")], ["none"]),
    ("after", body(data=list), [query("after"), query("before")], ["cursor"]),
    ("page[cursor]", body(data=list), [query("page[cursor]")], ["cursor"]),
    ("address", body(data=list, next=URI), [number("page")], ["next_url", "page"]),
    ("address by its name", body(data=list, next_page_uri=str), [], ["next_url"]),
    ("address of OData", body(data=list, **{"@odata.nextLink": str}), [], ["next_url"]),
    ("address in links", body(data=list, links=body(next=str)), [], ["next_url"]),
    ("address as a link", body(data=list, _links=body(next=body(href=str))), [], ["next_url"]),
    ("address by example", body(data=list, paging=body(next=SHOWN)), [], ["next_url"]),
    ("next that is a number", body(data=list, next=INT), [], ["none"]),
    ("next that is a token", body(data=list, next=str), [query("cursor")], ["cursor"]),
    ("another's address", body(data=list, previous=URI, self=URI), [], ["none"]),
    ("all of them", body(data=list, next_url=str), [query("cursor"), number("page"), number("offset")],
     ["next_url", "cursor", "page", "offset"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "parameters", "expected"), [case[1:] for case in STYLES], ids=[case[0] for case in STYLES]
)
def test_styles_come_from_the_request_and_the_answer_in_the_order_that_is_safest_to_implement(
    schema, parameters, expected
):
    assert list(told(schema, *parameters).styles) == expected


def test_a_page_size_alone_is_unclear_and_nothing_is_none():
    assert told(body(data=list), number("limit")).style is PagingStyle.UNCLEAR
    assert told(body(data=list)).style is PagingStyle.NONE


def test_the_link_header_counts_whatever_its_case():
    answer = {
        "description": "OK",
        "headers": {"link": {}},
        "content": {"application/json": {"schema": body(data=list)}},
    }
    assert told(body(data=list), responses={"200": answer}).styles == ("link_header",)


TOKENS = [
    ("next_<parameter>", body(list=list, next_offset=str), query("offset"), "list", "next_offset"),
    ("cursors.after", body(data=list, cursors=body(before=str, after=str)), query("after"), "data", "cursors.after"),
    ("below the next page", body(data=list, pages=body(next=body(starting_after=str))), query("starting_after"), "data",
     "pages.next.starting_after"),
    ("next_page_token", body(items=list, nextPageToken=str), query("pageToken"), "items", "nextPageToken"),
    ("end of a page", body(data=list, page_info=body(end_cursor=str)), query("cursor"), "data", "page_info.end_cursor"),
    ("beside the records", body(data=body(items=list, cursor=str)), query("cursor"), "data.items", "data.cursor"),
    ("the last record's key", body(data=list, has_more=FLAG), query("starting_after"), "data", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "parameter", "data_path", "path"), [case[1:] for case in TOKENS], ids=[case[0] for case in TOKENS]
)
def test_a_cursor_names_its_parameter_and_where_the_answer_holds_the_next_token(schema, parameter, data_path, path):
    found = told(schema, parameter, data_path=data_path)
    assert (found.style, found.param, found.token_path) == (PagingStyle.CURSOR, parameter["name"], path)


def test_forward_goes_before_backward_and_a_cursor_nothing_answers_with_gives_way_to_pages():
    assert told(body(data=list), query("ending_before"), query("starting_after")).param == "starting_after"
    found = told(body(data=list), query("since_id"), number("page"))
    assert (found.style, found.param, found.styles) == (PagingStyle.PAGE, "page", ("cursor", "page"))


def test_size_start_total_and_more_are_told_as_far_as_the_document_does():
    schema = body(data=list, meta=body(total_count=INT, has_more=FLAG))
    limit = {**number("limit", default=10), "description": "How many, between 1 and 250."}
    found = told(schema, number("page", minimum=0), limit)
    assert (found.size_param, found.size, found.first) == ("limit", 250, 0)
    assert (found.total_path, found.more_path) == ("meta.total_count", "meta.has_more")
    assert told(schema, number("page"), number("pageSize", maximum=50_000)).size == 1000
    assert told(schema, number("page"), number("maxRecords"), number("pageSize")).size_param == "pageSize"
    assert [told(schema, number("offset")).first, told(schema, number("startIndex", default=1)).first] == [0, 1]


def test_the_properties_of_an_object_are_asked_with_in_brackets():
    page = {"name": "page", "in": "query", "style": "deepObject", "schema": body(number=int, size=int)}
    found = told(body(data=list), page)
    assert (found.style, found.param, found.size_param) == (PagingStyle.PAGE, "page[number]", "page[size]")


def test_evidence_points_into_the_document():
    found = told(body(data=list, next=URI), number("limit"))
    assert [pointer.split("/")[-1] for pointer in found.pointers] == ["200", "0"]


def test_wrong_numbers_say_nothing():
    for wrong in (float("inf"), float("nan"), -1, 10**5000, True, "ten", [], {}):
        found = told(body(data=list), number("page", minimum=wrong), number("limit", maximum=wrong, default=wrong))
        assert (found.style, found.first, found.size) == (PagingStyle.PAGE, 1, None)

"""Documents of other manners than those the rules were made with: what is called, keyed and supplied in each."""

from typing import Any

import pytest
from apidocs import hostile
from apidocs.documents import analysed, array, body, document, get, query

from request_tracker.apidocs.load import Loaded, load
from request_tracker.apidocs.measure import analyse
from request_tracker.rules.assessment import judge
from request_tracker.rules.terms import Criterion
from request_tracker.rules.vendor_api import Parent, Table

TRUTH = {"type": "boolean"}


def tables(paths: dict[str, Any], **more: Any) -> dict[str, Table]:
    return {table.path: table for table in analysed(paths, **more).tables}


def test_a_record_is_known_by_what_its_path_calls_it() -> None:
    """With the table's name in front, in every spelling; never by what it does not hold."""
    one, other = body(symbol=str, name=str), body(a_code=str, code=str, name=str)
    found = tables({
        "/systems": get(array(one)), "/systems/{systemSymbol}": get(one), "/accounts": get(array(other)),
        "/accounts/{ACCOUNT_code}": get(other), "/systems/{systemSymbol}/points": get(array(body(x=int, y=int, z=str))),
        "/systems/{systemSymbol}/points/{pointKind}": get(one), "/flows": get(array(body(slug=str, n=str, m=str))),
        "/flows/{flow_slug}/runs": get(array(body(number=int, n=str, o=str))), "/flows/{f}/runs/{number}": get(one),
    })  # fmt: skip
    assert {table.name: table.key for table in found.values()} == {
        "systems": ("symbol",), "accounts": ("code",), "system_points": (), "flows": ("slug",),
        "flow_runs": ("flow_slug", "number"),
    }  # fmt: skip
    assert found["/systems/{systemSymbol}/points"].parents[0].source == "symbol"


def test_what_a_record_keeps_in_an_object_of_its_own_is_its_key() -> None:
    pod = body(metadata=body(name=str, uid=str), spec=body(), status=body(conditions=list))
    found = tables({
        "/api/v1/pods": get(body(items=array({"$ref": "#/components/schemas/Pod"}), metadata=body())),
        "/api/v1/pods/{name}/status": get({"$ref": "#/components/schemas/Pod"}),
        "/api/v1/pods/{name}/logs": get(array(body(line=str, at=str, pod=str))),
    }, components={"schemas": {"Pod": pod}})  # fmt: skip
    assert set(found) == {"/api/v1/pods", "/api/v1/pods/{name}/logs"}, "one record is no list of its conditions"
    assert found["/api/v1/pods"].key == ("metadata_uid",)
    assert found["/api/v1/pods/{name}/logs"].parents == (Parent("pods", "name", "metadata.name", "pod_name"),)


def test_lists_below_lists_are_called_after_both() -> None:
    rows = ("/Numbers", "/Numbers/Local.json", "/Usage/Records", "/Usage/Records/AllTime", "/Usage/Records/Exports")
    calls = ("/pet/findByTags", "/listInvoices", "/getAllOrders", "/v3/{name}/views:query", "/old/user/{id}")
    made = {path: get(array(body(id=str, n=str, **{f"f{at}": str}))) for at, path in enumerate((*rows, *calls))}
    assert [table.name for table in tables(made).values()] == [
        "numbers", "number_local", "usage_records", "usage_record_all_time", "exports",
        "pet_find_by_tags", "invoices", "orders", "views", "old_user",
    ]  # fmt: skip


def test_the_living_list_has_the_plain_name() -> None:
    record = body(id=str, name=str)
    found = tables({"/spaces": get(array(record), deprecated=True), "/v1/spaces": get(array(record))})
    assert (found["/v1/spaces"].name, found["/spaces"].name) == ("spaces", "spaces_2")


def test_only_what_is_reached_by_walking_less_stands_for_a_list() -> None:
    member = array(body(id=str, role=str, since=str))
    found = tables({
        "/users": get(array(body(id=str, a=str, b=str))), "/teams": get(array(body(id=str, c=str, d=str))),
        "/users/{userId}/groups": get(member), "/teams/{teamId}/groups": get(member),
        "/v2/teams/{teamId}/groups": get(member), "/teams/{teamId}/calls/maps": get(member),
        "/teams/{teamId}/logins/maps": get(member), "/v1beta1/things": get(array()), "/net/v1/things": get(array()),
    })  # fmt: skip
    assert {"/users/{userId}/groups", "/teams/{teamId}/groups", "/net/v1/things"} <= set(found)
    assert found["/teams/{teamId}/groups"].alternatives == ("/v2/teams/{teamId}/groups",)
    assert {"/teams/{teamId}/calls/maps", "/teams/{teamId}/logins/maps"} <= set(found), "other lists of one parent"
    assert found["/net/v1/things"].alternatives == ("/v1beta1/things",), "what is out stands for the preview"


def test_calls_by_name_supply_one_another() -> None:
    """users.list and listInvoices are lists; what an answer calls its list supplies a parameter of that name."""
    found = tables({
        "/conversations.list": get(body(ok=TRUTH, channels=array(body(id=str, topic=str)), next_cursor=str)),
        "/conversations.members": get(body(ok=TRUTH, members=list), query("channel", required=True)),
        "/listInvoices": get(array(body(invoiceId=str, due=str, n=str)), query("fromIndex", type="integer")),
        "/invoice/getLines": get(array(body(no=str, due=str, m=str)), query("invoiceId", required=True)),
    })  # fmt: skip
    assert found["/conversations.members"].parents == (Parent("conversations", "channel", "id", "channel", "query"),)
    assert [parent.source for parent in found["/invoice/getLines"].parents] == ["invoiceId"]
    assert (found["/listInvoices"].paging.style.value, found["/listInvoices"].paging.param) == ("offset", "fromIndex")


def test_a_closed_list_of_elements_is_walked() -> None:
    status = {**query("status", required=True), "schema": array({"type": "string", "enum": ["sold", "kept"]})}
    found = tables({"/pet/findByStatus": get(array(), status)})["/pet/findByStatus"]
    assert (dict(found.constants), found.configured) == ({"status": ("sold", "kept")}, ())


@pytest.mark.parametrize("near", ["Updated>", "Updated>=", "updated[gte]", "updatedAfter"])
def test_of_several_filters_the_near_end_of_the_span_is_asked(near: str) -> None:
    asked = [query(name, format="date-time") for name in ("Updated", "Updated<", "updated[lt]", near)]
    change = tables({"/calls": get(array(), *asked)})["/calls"].change
    assert (change.filter, change.filters) == (near, ("Updated", near))


def test_a_key_in_the_header_authorization_is_asked_about() -> None:
    scheme = {"type": "apiKey", "in": "header", "name": "authorization"}
    judged = judge(analysed({"/as": get(array())}, components={"securitySchemes": {"k": scheme}}))
    told = next(each for each in judged.criteria if each.criterion is Criterion.AUTHENTICATION)
    assert "ask the vendor" in told.reason


def test_very_wide_records_are_bounded_and_say_so() -> None:
    wide = {f"f{number}": {"type": "string"} for number in range(1_500)}
    analysis = analyse(Loaded("openapi3.0", document({"/as": get(array({"type": "object", "properties": wide}))})))
    assert len(analysis.tables[0].columns) == 1_000
    assert "the first 1,000 are columns" in analysis.tables[0].warnings[-1]


@pytest.mark.deep
@pytest.mark.parametrize("case", hostile.COSTLY)
def test_what_is_big_is_measured(case: str) -> None:
    assert len(analyse(load(hostile.COSTLY[case]())).tables) >= 300

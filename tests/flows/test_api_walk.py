"""One case from submission to generally available, through the JSON API alone."""

from typing import Any

import pytest
from factories import Cast, typed
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from request_tracker.store import people, timeline, tokens
from request_tracker.store.people import Person

CRITERIA = (
    "documentation", "size", "nesting", "structure", "custom_data", "authentication", "incremental", "use_case",
)  # fmt: skip


class Api:
    """Speaks as one person."""

    def __init__(self, client: FlaskClient, secret: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {secret}"}

    def call(self, method: str, path: str, body: Any = None, *, status: int = 200, **headers: str) -> Any:
        answer = self.client.open(f"/api/v1{path}", method=method, json=body, headers={**self.headers, **headers})
        assert answer.status_code == status, answer.get_data(as_text=True)[:1500]
        return answer.get_json()


@pytest.fixture
def apis(app: Flask, session: Session, cast: Cast) -> dict[str, Api]:
    names = ("ada", "ben", "cleo", "specialist", "engineer", "lead", "admin", "auditor")
    made = {}
    for name in names:
        person = session.get_one(Person, getattr(cast, name).id)
        made[name] = tokens.issue(session, person.id, "all", app.extensions["request_tracker"].now())
    session.commit()
    return {name: Api(app.test_client(), secret) for name, secret in made.items()}


def _move(api: Api, number: str, name: str, **fields: Any) -> Any:
    version = api.call("GET", f"/cases/{number}")["version"]
    return api.call("POST", f"/cases/{number}/moves", {"move": name, "version": version, **fields})


def _evidence(api: Api, number: str, *keys: str) -> None:
    for key in keys:
        api.call("POST", f"/cases/{number}/evidence", {"key": key, "value": "yes", "note": "seen"}, status=201)


def test_from_submission_to_generally_available(apis: dict[str, Api], session: Session) -> None:
    sent = apis["ada"].call("POST", "/requests", typed(), status=201)
    assert sent["phase"] == "submission"
    assert sent["promised_at"] == "2026-11-16T09:00:00Z", "ten working days are two weeks"
    number = sent["case"]
    spec, engineer, lead = apis["specialist"], apis["engineer"], apis["lead"]

    assert _move(spec, number, "claim")["assignee"] == "Specialist"
    version = spec.call("GET", f"/cases/{number}")["version"]
    refused = spec.call("POST", f"/cases/{number}/moves", {"move": "accept", "version": version}, status=409)
    assert {b["key"] for b in refused["blockers"]} == {"duplicates_checked", "assessment", "reason"}

    held = spec.call(
        "POST", f"/cases/{number}/holds", {"reason": "requester_info", "question": "Which plan?"}, status=201
    )
    hold_id = held["holds"][0]["id"]
    assert {c["state"] for c in held["clocks"]} == {"paused"}
    answered = apis["ada"].call("POST", f"/cases/{number}/holds/{hold_id}/answer", {"body": "The big one"})
    assert answered["clocks"][0]["state"] == "running"

    judged = {name: {"verdict": "great", "note": "read"} for name in CRITERIA}
    spec.call("PUT", f"/cases/{number}/assessment", {"criteria": judged})
    _evidence(spec, number, "duplicates_checked")
    accepted = _move(spec, number, "accept", reason="A good candidate")
    assert accepted["phase"] == "consultation"
    assert next(c for c in accepted["clocks"] if c["name"] == "review")["verdict"] == "met"

    _evidence(spec, number, "starter_ready", "access_granted", "service_demonstrated", "use_cases_recorded")
    _evidence(spec, number, "data_requirements_recorded")
    apis["ada"].call("POST", f"/cases/{number}/evidence", {"key": "minutes_confirmed", "value": True}, status=201)
    assert _move(spec, number, "start_build")["phase"] == "development"
    _evidence(engineer, number, "built", "tested", "documented")
    assert _move(engineer, number, "open_preview")["phase"] == "private_preview"
    _evidence(spec, number, "initial_sync_finished")
    _evidence(apis["ada"], number, "completeness_reviewed", "requester_verified")
    _evidence(lead, number, "catalogue_checked")
    released = _move(lead, number, "release")
    assert (released["phase"], released["outcome"]) == ("generally_available", "released")
    assert all(c["state"] in ("stopped", "cancelled") for c in released["clocks"])
    session.expire_all()
    assert timeline.broken(session) == []
    told = apis["auditor"].call("GET", f"/cases/{number}/timeline")["items"]
    assert told[0]["sentence"] == "Release: released"


def test_the_same_call_twice_with_one_key(apis: dict[str, Api]) -> None:
    key = {"Idempotency-Key": "k1"}
    first = apis["ada"].call("POST", "/requests", typed(), status=201, **key)
    assert apis["ada"].call("POST", "/requests", typed(), status=201, **key) == first
    apis["ada"].call("POST", "/requests", typed(service_name="Other"), status=409, **key)
    body, other = {"body": "Any news?"}, {"Idempotency-Key": "k2"}
    for _ in range(2):
        apis["ada"].call("POST", f"/cases/{first['case']}/comments", body, status=201, **other)
    told = apis["ada"].call("GET", f"/cases/{first['case']}/timeline")["items"]
    assert [entry["kind"] for entry in told].count("comment") == 1
    apis["ada"].call("POST", f"/cases/{first['case']}/comments", {"body": "Else"}, status=409, **other)


def test_another_account_reads_nothing_of_it(apis: dict[str, Api]) -> None:
    number = apis["ada"].call("POST", "/requests", typed(), status=201)["case"]
    apis["cleo"].call("GET", f"/cases/{number}", status=404)
    apis["cleo"].call("GET", f"/cases/{number}/timeline", status=404)
    joined = apis["cleo"].call("POST", "/requests", typed(join=number, use_case="Ours"), status=201)
    assert joined["case"] == number
    seen = apis["cleo"].call("GET", f"/cases/{number}")
    assert seen["supporters"] == {"persons": 2, "accounts": 2}
    assert seen["requests"] == [joined["number"]]
    assert (seen["primary"], seen["evidence"], seen["holds"], seen["connection"]) == (None, {}, [], None)
    assert "Ada" not in str(apis["cleo"].call("GET", f"/cases/{number}/timeline"))


def test_bad_bodies_name_their_fields(apis: dict[str, Api]) -> None:
    answer = apis["ada"].call("POST", "/requests", {}, status=422)
    fields = {error["field"] for error in answer["errors"]}
    assert fields == {"service_name", "service_url", "api_docs_url", "use_case", "data_needed", "terms_accepted"}
    answer = apis["ada"].call("POST", "/requests", typed(service_url="javascript:alert(1)"), status=422)
    assert [error["field"] for error in answer["errors"]] == ["service_url"]
    apis["ada"].call("POST", "/requests", typed(use_case="x" * 1_000_000), status=422)
    apis["ada"].call("POST", "/requests", ["no object"], status=422)
    apis["ada"].call("GET", "/cases?due=soon", status=422)
    apis["ada"].call("GET", "/cases?cursor=%00", status=400)
    for cursor in ("junk", "WyIyMDI2LTEyLTAzVDEwOjQ1OjAwIiwgMV0x", "WyI5OTk5LTEyLTMxVDIzOjU5OjU5LTIzOjU5IiwgMV0"):
        apis["ada"].call("GET", f"/cases?cursor={cursor}", status=422)
    apis["ada"].call("GET", "/cases/nonsense", status=404)


def test_an_upload_that_is_too_big(apis: dict[str, Api], app: Flask) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1000
    apis["ada"].call("POST", "/requests", typed(use_case="x" * 2000), status=413)


def test_scopes_and_roles(apis: dict[str, Api], app: Flask, session: Session, cast: Cast) -> None:
    person = people.by_email(session, cast.ada.email)
    assert person is not None
    narrow = Api(app.test_client(), tokens.issue(session, person.id, "read", app.extensions["request_tracker"].now()))
    session.commit()
    narrow.call("GET", "/cases")
    narrow.call("POST", "/requests", typed(), status=403)
    apis["auditor"].call("POST", "/requests", typed(), status=403)
    apis["specialist"].call("POST", "/requests", typed(), status=403)
    for_ada = apis["specialist"].call("POST", "/requests", typed(on_behalf_of=cast.ada.email), status=201)
    assert apis["ada"].call("GET", f"/requests/{for_ada['number']}")["person"] == "Ada"
    Api(app.test_client(), "rt_wrong").call("GET", "/cases", status=401)


def test_a_stale_version_is_told_with_the_new_one(apis: dict[str, Api]) -> None:
    number = apis["ada"].call("POST", "/requests", typed(), status=201)["case"]
    body = {"move": "claim", "version": 1}
    apis["specialist"].call("POST", f"/cases/{number}/moves", body)
    answer = apis["specialist"].call("POST", f"/cases/{number}/moves", body, status=409)
    assert (answer["title"], answer["current_version"]) == ("stale", 2)


def test_undo_and_merge_over_the_api(apis: dict[str, Api]) -> None:
    spec = apis["specialist"]
    one = apis["ada"].call("POST", "/requests", typed(), status=201)["case"]
    two = apis["cleo"].call("POST", "/requests", typed(service_name="Acme Billing Inc"), status=201)
    assert two["suggestions"][0]["case"] == one
    _move(spec, one, "claim")
    assert spec.call("POST", f"/cases/{one}/undo", {})["phase"] == "submission"
    shown = spec.call("GET", f"/cases/{two['case']}/merges/preview?into={one}")
    assert shown["allowed"]
    assert shown["supporters"]["after"] == {"persons": 2, "accounts": 2}
    body = {"into": one, "version": shown["version"], "into_version": shown["into_version"]}
    stale = spec.call("POST", f"/cases/{two['case']}/merges", {**body, "into_version": 99}, status=409)
    assert (stale["title"], stale["preview"]["into_version"]) == ("stale", shown["into_version"])
    itself = spec.call("POST", f"/cases/{one}/merges", {**body, "version": shown["into_version"]}, status=409)
    assert (itself["blockers"][0]["key"], itself["preview"]["allowed"]) == ("tree", False)
    link = spec.call("POST", f"/cases/{two['case']}/merges", body, status=201)
    assert spec.call("GET", f"/cases/{one}")["supporters"] == {"persons": 2, "accounts": 2}
    assert apis["cleo"].call("GET", f"/cases/{two['case']}")["root"] == one
    spec.call("DELETE", f"/merges/{link['id']}")
    assert spec.call("GET", f"/cases/{one}")["supporters"] == {"persons": 1, "accounts": 1}
    spec.call("DELETE", f"/merges/{link['id']}", status=409)


def test_a_supporter_takes_the_lead_after_a_yes(apis: dict[str, Api]) -> None:
    first = apis["ada"].call("POST", "/requests", typed(), status=201)
    other = apis["cleo"].call("POST", "/requests", typed(join=first["case"]), status=201)
    apis["ada"].call("POST", f"/requests/{first['number']}/withdrawal")
    path = f"/requests/{other['number']}/primary"
    apis["specialist"].call("POST", path, {"answer": "yes"}, status=403)
    apis["cleo"].call("POST", path, {"answer": "perhaps"}, status=422)
    apis["cleo"].call("POST", path, {"answer": "yes"})
    assert apis["specialist"].call("GET", f"/cases/{first['case']}")["primary"] == other["number"]
    apis["cleo"].call("POST", path, {"answer": "yes"}, status=422)


def test_a_specialist_asks_again_or_chooses_over_the_api(apis: dict[str, Api]) -> None:
    spec = apis["specialist"]
    first = apis["ada"].call("POST", "/requests", typed(), status=201)
    other = apis["cleo"].call("POST", "/requests", typed(join=first["case"]), status=201)
    apis["ada"].call("POST", f"/requests/{first['number']}/withdrawal")
    apis["cleo"].call("POST", f"/requests/{other['number']}/primary", {"answer": "no"})
    path, version = f"/cases/{first['case']}/primary", spec.call("GET", f"/cases/{first['case']}")["version"]
    again = spec.call("POST", path, {"version": version})
    assert again["primary"] is None
    body = {"version": again["version"], "request": other["number"]}
    spec.call("POST", path, body, status=422)
    assert spec.call("POST", path, {**body, "consent": "By phone"})["primary"] == other["number"]


def test_a_refusal_is_called_what_it_is(apis: dict[str, Api]) -> None:
    spec = apis["specialist"]
    one, two = (apis[name].call("POST", "/requests", typed(), status=201) for name in ("ada", "cleo"))
    body = {"into": one["case"], "version": 1, "into_version": 1}
    link = spec.call("POST", f"/cases/{two['case']}/merges", body, status=201)
    moved = {"move": "claim", "version": spec.call("GET", f"/cases/{two['case']}")["version"]}
    corrected = {"version": moved["version"], "service_name": "Acme Invoices"}
    for method, path, sent in (("POST", "moves", moved), ("PUT", "service", corrected)):
        refused = spec.call(method, f"/cases/{two['case']}/{path}", sent, status=409)
        assert refused["title"] == "This case was merged"
    spec.call("DELETE", f"/merges/{link['id']}")
    versions = {"version": 1, "into_version": 1}
    gone = spec.call("POST", f"/merges/{link['id']}/swap", versions, status=409)
    assert gone["title"] == "This merge was taken back already"
    other = apis["ben"].call("POST", "/requests", typed(join=one["case"]), status=201)
    apis["ada"].call("POST", f"/requests/{one['number']}/withdrawal")
    unled = spec.call("POST", f"/cases/{one['case']}/comments", {"body": "Hello?"}, status=409)
    assert unled["title"] == "Nobody leads this case"
    apis["ben"].call("POST", f"/requests/{other['number']}/primary", {"answer": "yes"})
    version = spec.call("GET", f"/cases/{one['case']}")["version"]
    led = spec.call("POST", f"/cases/{one['case']}/primary", {"version": version}, status=409)
    assert led["title"] == "Nobody is looked for to lead this case"


def test_consent_that_is_named_is_not_empty(apis: dict[str, Api], session: Session, cast: Cast) -> None:
    spec = apis["specialist"]
    asked = typed(on_behalf_of=cast.ada.email)
    for empty in ("", "   "):
        fault = spec.call("POST", "/requests", {**asked, "consent": empty}, status=422)["errors"]
        assert [each["field"] for each in fault] == ["consent"]
    number = spec.call("POST", "/requests", asked, status=201)["case"]
    told = spec.call("GET", f"/cases/{number}/timeline")["items"][-1]
    assert told["words"] == {"Consent": "stated through the API by Specialist"}


def test_several_merges_and_a_swap_over_the_api(apis: dict[str, Api]) -> None:
    spec, names = apis["specialist"], ("ada", "ben", "cleo")
    one, two, three = (apis[name].call("POST", "/requests", typed(), status=201)["case"] for name in names)
    rows = [{"number": number, "version": 1} for number in (two, three)]
    bad = {"children": [*rows[:1], {"number": three, "version": 9}, {"number": one, "version": 1}], "into_version": 1}
    refused = spec.call("POST", f"/cases/{one}/merges/bulk", bad, status=409)["rows"]
    assert [(row["number"], sorted(row)) for row in refused] == [
        (three, ["number", "stale"]), (one, ["blockers", "number"]),
    ]  # fmt: skip
    strange = {"children": [*rows, {"number": "x", "version": 1}, {"number": "LITE-999999", "version": 1}]}
    unknown = spec.call("POST", f"/cases/{one}/merges/bulk", {**strange, "into_version": 1}, status=404)
    assert [row["number"] for row in unknown["rows"]] == ["x", "LITE-999999"]
    assert unknown["rows"][0]["blockers"][0]["reason"].startswith("'x' is no case number")
    for children, message in (
        (rows * 26, "At most 50 at once: 52 were sent"),
        ([], "At least 1 is needed: 0 were sent"),
    ):
        body = {"children": children, "into_version": 1}
        fault = spec.call("POST", f"/cases/{one}/merges/bulk", body, status=422)["errors"]
        assert fault == [{"field": "children", "message": message}]
    made = spec.call("POST", f"/cases/{one}/merges/bulk", {"children": rows, "into_version": 1}, status=201)
    assert [(row["child"], row["root"]) for row in made] == [(two, one), (three, one)]
    assert len(spec.call("DELETE", f"/merges/{made[0]['id']}/together")) == 2
    version = {number: spec.call("GET", f"/cases/{number}")["version"] for number in (one, two)}
    body = {"into": one, "version": version[two], "into_version": version[one]}
    link = spec.call("POST", f"/cases/{two}/merges", body, status=201)
    stale = spec.call("POST", f"/merges/{link['id']}/swap", {"version": 1, "into_version": 1}, status=409)
    fresh = stale["preview"]
    assert (fresh["child"], fresh["root"], fresh["allowed"]) == (one, two, True)
    body = {"version": fresh["into_version"], "into_version": fresh["version"]}
    turned = spec.call("POST", f"/merges/{link['id']}/swap", body, status=201)
    assert (turned["child"], turned["root"]) == (one, two)
    spec.call("POST", f"/cases/{two}/undo", {})
    assert spec.call("GET", f"/cases/{two}")["root"] == one


def test_a_case_is_corrected_and_a_supporter_thinks_again_over_the_api(apis: dict[str, Api]) -> None:
    sent = apis["ada"].call("POST", "/requests", typed(), status=201)
    body = {"version": 1, "service_name": "Acme Invoices"}
    path = f"/cases/{sent['case']}/service"
    apis["ada"].call("PUT", path, body, status=403)
    assert apis["specialist"].call("PUT", path, body)["service_name"] == "Acme Invoices"
    assert apis["specialist"].call("PUT", path, body, status=409)["title"] == "stale"
    wrong = apis["specialist"].call("PUT", path, {"version": 2, "service_url": "acme"}, status=422)
    assert wrong["errors"][0]["field"] == "service_url"
    would = f"/requests/{sent['number']}/would-preview"
    assert apis["ada"].call("PUT", would, {"would": True})["would_preview"] is True
    apis["cleo"].call("PUT", would, {"would": True}, status=404)


def test_a_specialist_joins_a_requester_who_agreed_over_the_api(apis: dict[str, Api], cast: Cast) -> None:
    first = apis["ada"].call("POST", "/requests", typed(), status=201)
    body = typed(join=first["case"], on_behalf_of=cast.cleo.email, consent="By mail on 2 November")
    joined = apis["specialist"].call("POST", "/requests", body, status=201)
    told = apis["cleo"].call("GET", f"/cases/{first['case']}/timeline")["items"]
    assert {"Consent": "By mail on 2 November"} in [row["words"] for row in told]
    assert apis["cleo"].call("GET", f"/requests/{joined['number']}")["kind"] == "joined"
    bare = apis["specialist"].call("POST", "/requests", typed(on_behalf_of=cast.ben.email), status=201)
    words = apis["ben"].call("GET", f"/cases/{bare['case']}/timeline")["items"]
    assert "stated through the API by Specialist" in str(words)


def test_withdrawing_asks_the_supporter_and_the_last_one_ends_the_case(apis: dict[str, Api]) -> None:
    first = apis["ada"].call("POST", "/requests", typed(), status=201)
    other = apis["cleo"].call("POST", "/requests", typed(join=first["case"]), status=201)
    gone = apis["ada"].call("POST", f"/requests/{first['number']}/withdrawal")
    assert gone["withdrawn_at"]
    assert apis["ada"].call("POST", f"/requests/{first['number']}/withdrawal")["withdrawn_at"] == gone["withdrawn_at"]
    case = apis["specialist"].call("GET", f"/cases/{first['case']}")
    assert (case["outcome"], case["primary"]) == (None, None)
    apis["cleo"].call("POST", f"/requests/{other['number']}/withdrawal")
    assert apis["specialist"].call("GET", f"/cases/{first['case']}")["outcome"] == "withdrawn"
    back = apis["cleo"].call("DELETE", f"/requests/{other['number']}/withdrawal")
    assert (back["phase"], back["outcome"], back["withdrawn_at"]) == ("submission", None, None)

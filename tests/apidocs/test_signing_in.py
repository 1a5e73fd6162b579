"""Signing in: declared ways, what the document betrays, sessions, and what a person must do for it."""

from typing import Any

import pytest
from apidocs.documents import array, body, described, get

from request_tracker.apidocs.describing.operations import Description
from request_tracker.apidocs.measuring.signing_in import classes, vendor, ways
from request_tracker.rules.vendor_api import SignIn, SignInKind

KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
BASIC = {"type": "http", "scheme": "Basic"}
BEARER = {"type": "http", "scheme": "bearer"}


def oauth(*flows: str) -> dict[str, Any]:
    shape = {"tokenUrl": "https://id.example.org/token", "scopes": {"read": "Read"}}
    return {"type": "oauth2", "flows": dict.fromkeys(flows, shape)}


def keyed(description: str = "") -> dict[str, Any]:
    return {"type": "apiKey", "in": "header", "name": "Authorization", "description": description}


def header(name: str, *, required: bool = True, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "schema": {"type": "string"}, **more}


def declared(*schemes: Any, paths: Any = None, **more: Any) -> Description:
    named = {f"way{number}": scheme for number, scheme in enumerate(schemes)}
    more = {"components": {"securitySchemes": named}, **more} if schemes else more
    return described(paths or {"/invoices": get(array())}, **more)


def judged(description: Description) -> tuple[list[str], tuple[str, ...], str]:
    found = ways(description)
    return [str(way.kind) for way in found], classes(description), vendor(description, found)


DECLARED = [
    ([KEY], ["api_key"], ("api_key",), "static"),
    ([BASIC], ["basic"], ("basic",), "static"),
    ([BEARER], ["bearer"], ("bearer",), "static"),
    ([{"type": "http", "scheme": "digest"}], ["other"], ("other",), "static"),
    ([{"type": "mutualTLS"}], ["certificate"], ("certificate",), "static"),
    ([oauth("authorizationCode")], ["oauth2"], ("oauth2",), "oauth2"),
    ([{"type": "openIdConnect", "openIdConnectUrl": "https://x.io"}], ["oauth2"], ("oauth2",), "oauth2"),
    ([{**oauth("password"), "description": "Or use a personal access token."}], ["oauth2"], ("oauth2",), "static"),
    ([oauth("implicit")], ["bearer", "oauth2"], ("oauth2",), "static"),
    ([oauth("password"), BASIC, KEY], ["api_key", "basic", "oauth2"], ("api_key", "basic", "oauth2"), "static"),
    ([keyed("An OAuth 2.0 access token")], ["api_key"], ("api_key",), "oauth2"),
    ([keyed("Your API key")], ["api_key"], ("api_key",), "static"),
    ([], ["undeclared"], ("none",), "undeclared"),
    (["nonsense", {"type": 7}, {}], ["other"], ("other",), "undeclared"),
]  # fmt: skip


@pytest.mark.parametrize(("schemes", "kinds", "named", "asked"), DECLARED)
def test_the_easiest_way_comes_first_and_decides(schemes, kinds, named, asked):
    assert judged(declared(*schemes)) == (kinds, named, asked)


def test_nothing_declared_is_never_public_unless_the_document_says_so():
    assert judged(declared(security=[])) == (["none"], ("none",), "none")
    text = {"info": {"title": "x", "description": "Send your API key with each call."}}
    assert judged(declared(**text)) == (["undeclared"], ("none",), "static")


def test_a_required_header_named_like_a_key_betrays_it():
    for name, required, kind in (("Api-Key", True, "api_key"), ("X-Auth-Token", True, "api_key"),
                                 ("Api-Key", False, "undeclared"), ("X-Tenant", True, "undeclared")):  # fmt: skip
        found = declared(paths={"/invoices": get(array(), header(name, required=required))})
        assert judged(found)[:2] == ([kind], ("none",))
    bearer = header("Authorization", required=False, description="Bearer <token>")
    assert judged(declared(paths={"/invoices": get(array(), bearer)})) == (["bearer"], ("none",), "static")


def test_what_no_read_accepts_does_not_count():
    read = get(array(), security=[{"way0": ["read"]}])
    login = {"post": {"security": [{"way1": []}], "responses": {"200": {}}}}
    found = declared(oauth("authorizationCode"), BASIC, paths={"/invoices": read, "/oauth/token": login})
    assert judged(found) == (["oauth2"], ("basic", "oauth2"), "oauth2")


def test_a_key_names_its_place_and_what_stands_before_it():
    placed = {**KEY, "in": "query", "name": "api_key"}
    for scheme, expected in (
        (placed, ("api_key", "query", "")),
        (keyed("Prefix your token with 'Bearer ', e.g. 'Bearer abc'"), ("Authorization", "header", "Bearer ")),
        (keyed("Token <key>"), ("Authorization", "header", "Token ")),
        (keyed(), ("Authorization", "header", "")),
    ):
        way = ways(declared(scheme))[0]
        assert (way.name, way.place, way.prefix) == expected
    injected = ways(declared({**KEY, "name": "X-Key\r\nHost: evil"}))
    assert (injected[0].kind, injected[0].name) == (SignInKind.OTHER, "")


def test_oauth_names_flows_token_address_and_scopes():
    way = ways(declared(oauth("clientCredentials", "authorizationCode")))[0]
    assert way.flows == ("client_credentials", "authorization_code")
    assert (way.token_url, way.scopes) == ("https://id.example.org/token", ("read",))


def login(schema: Any, asked: Any) -> dict[str, Any]:
    answers = {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}}
    return {"post": {"requestBody": {"content": {"application/json": {"schema": asked}}}, "responses": answers}}


def test_a_login_that_answers_with_a_token_is_a_session():
    asked = {**body(user=str, password=str, remember=str), "required": ["user", "password"]}
    paths = {"/invoices": get(array()), "/sessions": login(body(data=body(token=str, user=str)), asked)}
    found = declared(paths=paths)
    assert ways(found) == (
        SignIn(SignInKind.SESSION, login_path="/sessions", login_fields=("user", "password"), token_path="data.token",
               pointers=("/paths/~1sessions/post",)),
    )  # fmt: skip
    assert vendor(found, ways(found)) == "static"
    no_token, no_secret = login(body(user=str), asked), login(body(token=str), body(user=str))
    for other in (no_token, no_secret):
        assert judged(declared(paths={"/login": other}))[0] == ["undeclared"]


APP = {"type": "apiKey", "in": "header", "name": "X-App"}


def placed(found: tuple[SignIn, ...]) -> list[tuple[str, ...]]:
    return [tuple(part.name or str(part.kind) for part in (way, *way.also)) for way in found]


def test_schemes_that_are_never_asked_for_alone_go_together():
    both, either = [{"way0": [], "way1": []}], [{"way0": []}, {"way1": []}]
    assert placed(ways(declared(KEY, APP, security=both))) == [("X-Key", "X-App")]
    assert placed(ways(declared(KEY, APP, security=either))) == [("X-Key",), ("X-App",)]
    assert placed(ways(declared(KEY, APP))) == [("X-Key",), ("X-App",)]
    assert placed(ways(declared(KEY, APP, security=[*both, {"way0": []}]))) == [("X-Key",), ("X-App", "X-Key")]
    assert placed(ways(declared(KEY, BASIC, security=both))) == [("X-Key", "basic")]
    assert judged(declared(KEY, oauth("clientCredentials"), security=both))[2] == "static"


@pytest.mark.parametrize(
    ("scheme", "said", "parameter", "wanted"),
    [
        ({**BEARER, "description": "The token of POST /sessions"}, "", None, ("Authorization", "Bearer ")),
        (None, "Send it as `Authorization: Token <token>`.", None, ("Authorization", "Token ")),
        (None, "Send the token in the header `X-Auth-Token`.", None, ("X-Auth-Token", "")),
        (None, "Sign in.", header("X-Access-Token"), ("X-Access-Token", "")),
        (None, "Sign in.", None, ("", "")),
        (keyed("Answered by POST /sessions"), "", None, ("Authorization", "")),
    ],
)
def test_a_session_goes_where_the_document_says(scheme: Any, said: str, parameter: Any, wanted: tuple[str, str]):
    operation = login(body(token=str), body(user=str, password=str))
    operation["post"]["description"] = said
    read = get(array(), *([parameter] if parameter else []))
    found = ways(declared(*([scheme] if scheme else []), paths={"/invoices": read, "/sessions": operation}))
    assert [(str(way.kind), way.name, way.prefix) for way in found] == [("session", *wanted)]

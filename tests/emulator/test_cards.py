"""The walk of a person with a Connect Card, and the emulator's own pages."""

import re
from urllib.parse import parse_qs, urlsplit

import html5lib
import pytest

from request_tracker.emulator.world import EXTENSION, Switches

BACK = "https://tracker.example/back?state=s1"


def mint(api, key: str) -> str:
    config = {"connect_card_config": {"redirect_uri": BACK}}
    uri: str = api.made("POST", f"/v1/connections/{key}/connect-card", config)["connect_card"]["uri"]
    return uri


def local(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.path}?{parts.query}"


def press(api, uri: str, choice: str, **form: str):
    page = api.app.test_client().get(local(uri)).text
    token = re.search(r'name="form_token" value="([^"]+)"', page).group(1)
    action = re.search(r'action="([^"]+)"', page).group(1).replace("&amp;", "&")
    return api.app.test_client().post(action, data={"form_token": token, "choice": choice, **form})


@pytest.fixture
def key(api) -> str:
    return str(api.connection(api.group())["id"])


def test_from_minting_to_a_connected_connection(api, key) -> None:
    uri = mint(api, key)
    answer = press(api, uri, "grant")
    assert (answer.status_code, answer.headers["Location"]) == (303, BACK)
    status = api.made("GET", f"/v1/connections/{key}")["status"]
    assert (status["setup_state"], status["sync_state"], status["is_historical_sync"]) == ("connected", "paused", True)


def test_the_address_carries_way_back_and_token(api, key) -> None:
    data = api.made("POST", f"/v1/connections/{key}/connect-card", {"connect_card_config": {"redirect_uri": BACK}})
    query = parse_qs(urlsplit(data["connect_card"]["uri"]).query)
    assert query == {
        "redirect_uri": [BACK],
        "auth": [data["connect_card"]["token"]],
        "hide_setup_guide": ["false"],
    }
    assert data["connector_id"] == key


def test_a_public_address_can_be_set(start) -> None:
    api = start(public_url="https://fivetran.example/")
    uri = mint(api, api.connection(api.group())["id"])
    assert uri.startswith("https://fivetran.example/connect-card/setup?")


def test_failing_the_tests_keeps_the_person_on_the_page(api, key) -> None:
    uri = mint(api, key)
    failed = press(api, uri, "fail")
    assert failed.status_code == 200
    assert 'role="alert"' in failed.text
    assert api.made("GET", f"/v1/connections/{key}")["status"]["setup_state"] == "incomplete"
    assert press(api, uri, "grant").status_code == 303


def test_a_form_from_elsewhere_grants_nothing(api, key) -> None:
    uri = mint(api, key)
    assert press(api, uri, "grant", form_token="guessed").status_code == 400
    assert api.made("GET", f"/v1/connections/{key}")["status"]["setup_state"] == "incomplete"


def test_used_expired_unknown_and_orphaned_cards_are_explained(api, key, clock) -> None:
    used, late, orphan = mint(api, key), mint(api, key), mint(api, api.connection(api.group("b"), "lite_2")["id"])
    press(api, used, "grant")
    orphaned = next(one["id"] for one in api.made("GET", "/v1/connections?schema=lite_2")["items"])
    api("DELETE", f"/v1/connections/{orphaned}")
    told = [api.app.test_client().get(local(uri)) for uri in (used, orphan, "/connect-card/setup?auth=nothing")]
    assert [answer.status_code for answer in told] == [410, 410, 404]
    clock.pass_by(hours=23, minutes=59)
    assert api.app.test_client().get(local(late)).status_code == 200
    clock.pass_by(minutes=1)
    gone = api.app.test_client().get(local(late))
    assert gone.status_code == 410
    assert "one day" in gone.text
    assert api.app.test_client().post(local(late), data={"choice": "grant"}).status_code == 410


def test_something_can_be_added_on_the_way_back(start) -> None:
    api = start(switches=Switches(callback_query="id=abc"))
    uri = mint(api, api.connection(api.group())["id"])
    assert press(api, uri, "grant").headers["Location"] == f"{BACK}&id=abc"


def test_the_cards_address_is_neither_cached_nor_passed_on(api, key) -> None:
    headers = api.app.test_client().get(local(mint(api, key))).headers
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_connection_that_was_connected_becomes_broken(api, key) -> None:
    api("POST", f"/_control/grant/{key}")
    broken = api("POST", f"/_control/grant/{key}", {"passed": False}).get_json()["data"]
    assert broken["status"]["setup_state"] == "broken"


def outcomes_of(api, key: str) -> list[tuple[str, str]]:
    return [(each["title"], each["status"]) for each in api.made("GET", f"/v1/connections/{key}")["setup_tests"]]


def test_the_page_says_which_setup_test_failed_and_why_at_every_try(api, key) -> None:
    uri = mint(api, key)
    first = press(api, uri, "grant", failing="Permissions").text
    assert outcomes_of(api, key) == [("Host", "PASSED"), ("Authorisation", "PASSED"), ("Permissions", "FAILED")]
    assert "the right to read objects is lacking" in first
    assert "Tried 1 time." in first
    second = press(api, uri, "grant", api_key="Wrong").text
    assert outcomes_of(api, key) == [("Host", "PASSED"), ("Authorisation", "FAILED"), ("Permissions", "SKIPPED")]
    assert "The source refused the API key (401)" in second
    assert "Tried 2 times." in second
    assert press(api, uri, "grant", api_key="right").status_code == 303
    assert {status for _, status in outcomes_of(api, key)} == {"PASSED"}


def test_nothing_that_is_typed_is_kept(api, key) -> None:
    uri = mint(api, key)
    page = press(api, uri, "fail", api_key="k-4711").text
    kept = [row[0] for row in api.app.extensions[EXTENSION].state._rows("SELECT body FROM doc", ())]
    assert "k-4711" not in page + "".join(kept) + api("GET", "/_control/log").text


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({"service": "postgres"}, ["host", "port", "database", "user", "password"]),
        ({}, ["subdomain", "api_key"]),
        ({"config": {"schema": "lite_9", "auth": "oauth2"}}, []),
        ({"service": "salesforce"}, []),
    ],
)
def test_what_is_asked_for_depends_on_the_service(api, more: dict[str, object], asked: list[str]) -> None:
    made = api.connection(api.group("other"), "lite_9", **more)
    page = api.app.test_client().get(local(mint(api, made["id"]))).text
    names = re.findall(r'<input id="(\w+)"', page)
    assert names == asked
    assert ("Sign in at" in page) is not bool(asked)


def test_access_by_consent_at_the_source(start) -> None:
    api = start(switches=Switches(card_flavour="oauth2"))
    key = api.connection(api.group())["id"]
    uri = mint(api, key)
    sent = press(api, uri, "sign_in").headers["Location"]
    assert sent.startswith("/connect-card/consent?auth=")
    denied = press(api, f"http://localhost{sent}", "deny")
    assert "access_denied" in denied.text
    assert outcomes_of(api, key)[1] == ("Authorisation", "FAILED")
    assert press(api, f"http://localhost{sent}", "grant").headers["Location"] == BACK
    assert api.made("GET", f"/v1/connections/{key}")["status"]["setup_state"] == "connected"
    assert api.app.test_client().get(sent).status_code == 410


def test_cancelling_connects_nothing_and_leaves_the_card_good(api, key) -> None:
    uri = mint(api, key)
    cancelled = press(api, uri, "cancel")
    assert "2026-11-21 09:00 UTC" in cancelled.text
    assert api.made("GET", f"/v1/connections/{key}")["status"]["setup_state"] == "incomplete"
    assert press(api, uri, "grant").status_code == 303


def test_slow_setup_tests_take_their_time_on_the_card_too(api, key) -> None:
    slept: list[float] = []
    api.app.extensions[EXTENSION].sleep = slept.append
    api("POST", "/_control/faults", {"kind": "slow_setup_tests", "seconds": 90})
    uri = mint(api, key)
    press(api, uri, "cancel")
    assert slept == []
    press(api, uri, "grant")
    assert slept == [90.0]


def test_every_page_is_sound_html_with_one_heading(api, key) -> None:
    api("POST", "/_control/faults", {"kind": "latency", "path": "/nowhere"})
    api.made("POST", "/v1/webhooks/account", {"url": "https://r.example/", "events": ["sync_end"]})
    card = local(mint(api, key))
    consent = card.replace("/setup", "/consent")
    paths = ("/", "/?q=nothing", "/_control/faults", "/_control/switches", card, consent, "/connect-card/setup?auth=x")
    for path in paths:
        page = api.app.test_client().get(path, headers={"Accept": "text/html"}).text
        tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)
        ids = [node.get("id") for node in tree.iter() if node.get("id")]
        labelled = {node.get("for") for node in tree.iter("label")}
        fields = [node.get("id") for node in tree.iter() if node.tag in ("input", "select")]
        assert len(list(tree.iter("h1"))) == 1, path
        assert len(ids) == len(set(ids)), path
        assert {field for field in fields if field} <= labelled, path


def test_the_overviews_buttons_do_what_they_say(api, key) -> None:
    browser = {"Accept": "text/html"}
    client = api.app.test_client()
    page = client.get("/").text
    assert f'action="/_control/grant/{key}"' in page
    assert f'action="/_control/start-sync/{key}"' not in page
    answer = client.post(f"/_control/grant/{key}", headers=browser)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert f'action="/_control/start-sync/{key}"' in client.get("/").text
    client.post("/_control/reset", headers=browser)
    assert key not in client.get("/").text

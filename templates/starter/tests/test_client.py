"""Signing in, waiting, trying again, and what is refused; no request leaves this process."""

import base64
import unittest
from collections.abc import Mapping
from typing import Any
from unittest import mock

import requests

from client import TRIES, Client, SourceError
from settings import Misconfigured
from tests.fakes import answer

BASE = "https://api.example.com/v1"
WAY = {"kind": "none", "place": "header", "name": "Authorization", "prefix": "", "scopes": []}


class Wire:
    """Answers in turn, and keeps what was sent."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.sent = list(answers), list[requests.PreparedRequest]()

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        self.sent.append(request)
        given = self.answers.pop(0)
        if isinstance(given, Exception):
            raise given
        assert isinstance(given, requests.Response)
        given.request, given.url = request, str(request.url)
        return given


class Talk:
    """A client over a wire; `slept` holds how long it waited."""

    def __init__(self, wire: Wire, way: Mapping[str, Any] | None = None, **configuration: str) -> None:
        self.wire, self.slept = wire, list[float]()
        data = {"sign_in": {**WAY, **(way or {})}}
        given = {"base_url": BASE, **configuration}
        self.client = Client(data, given, tell=self.tell, sleep=self.slept.append, now=lambda: 1_000_000_000.0)
        self.told = list[str]()

    def tell(self, sentence: str) -> None:
        self.told.append(sentence)

    def ask(self, path: str = "things", **given: Any) -> Any:
        with mock.patch.object(requests.Session, "get_adapter", return_value=self.wire):
            return self.client.ask(path, **given).body


class TryingAgain(unittest.TestCase):
    def test_waits_as_long_as_the_source_asks(self) -> None:
        later = "Sun, 09 Sep 2001 01:47:10 GMT"
        wire = Wire(answer(429, Retry_After="7"), answer(503, Retry_After=later), answer(200, {"ok": 1}))
        talk = Talk(wire)
        self.assertEqual(talk.ask(), {"ok": 1})
        self.assertEqual(talk.slept, [7.0, 30.0])

    def test_waits_longer_each_time_where_it_does_not_ask(self) -> None:
        talk = Talk(Wire(answer(500), requests.ConnectionError(), requests.Timeout(), answer(200, [])))
        talk.ask()
        self.assertEqual([0.5 * 2**n <= wait <= 2**n for n, wait in enumerate(talk.slept)], [True] * 3)

    def test_odd_waits_are_no_waits(self) -> None:
        odd = [{"Retry-After": each} for each in ("\u00b2", "-5", "Thu, 01 Jan 1970 00:00:00 GMT")]
        for headers in odd:
            talk = Talk(Wire(answer(429, **headers), answer(200, [])))
            talk.ask()
            self.assertLessEqual(talk.slept[0], 1.0)
        for reset in ("9" * 400, "9" * 5000, "\u00b2"):
            talk = Talk(Wire(answer(200, [], X_RateLimit_Remaining="0", X_RateLimit_Reset=reset)))
            talk.ask()
            self.assertEqual(talk.slept, [])

    def test_gives_up(self) -> None:
        for last in (answer(500), requests.ConnectionError()):
            talk = Talk(Wire(*[last] * TRIES))
            with self.assertRaises(SourceError):
                talk.ask()
            self.assertEqual(len(talk.wire.sent), TRIES)

    def test_heeds_a_rate_limit_that_is_used_up(self) -> None:
        talk = Talk(Wire(answer(200, [], X_RateLimit_Remaining="0", X_RateLimit_Reset="1000000012")))
        talk.ask()
        self.assertEqual(talk.slept, [12.0])

    def test_does_not_try_again_what_will_not_change(self) -> None:
        talk = Talk(Wire(answer(404)))
        with self.assertRaises(SourceError) as refused:
            talk.ask()
        self.assertEqual((refused.exception.status, len(talk.wire.sent)), (404, 1))


class SigningIn(unittest.TestCase):
    def sent(self, way: Mapping[str, Any], **configuration: str) -> requests.PreparedRequest:
        talk = Talk(Wire(answer(200, [])), way, **configuration)
        talk.ask()
        return talk.wire.sent[0]

    def test_by_key(self) -> None:
        header = self.sent({"kind": "api_key", "name": "X-Key"}, api_key="k-1")
        query = self.sent({"kind": "api_key", "name": "key", "place": "query"}, api_key="k-1")
        cookie = self.sent({"kind": "api_key", "name": "sid", "place": "cookie"}, api_key="k-1")
        worded = self.sent({"kind": "api_key", "prefix": "Token "}, api_key="k-1")
        self.assertEqual(header.headers["X-Key"], "k-1")
        self.assertEqual(str(query.url), f"{BASE}/things?key=k-1")
        self.assertEqual(cookie.headers["Cookie"], "sid=k-1")
        self.assertEqual(worded.headers["Authorization"], "Token k-1")

    def test_by_token_and_by_user(self) -> None:
        pair = base64.b64encode(b"u:p").decode()
        self.assertEqual(self.sent({"kind": "bearer"}, token="t-1").headers["Authorization"], "Bearer t-1")
        self.assertEqual(
            self.sent({"kind": "basic"}, username="u", password="p").headers["Authorization"], f"Basic {pair}"
        )
        self.assertNotIn("Authorization", self.sent({"kind": "undeclared"}).headers)

    def test_by_session_which_is_renewed_once(self) -> None:
        way = {
            "kind": "session",
            "login_path": "/login",
            "login_fields": {"user": "login_user"},
            "token_path": "data.t",
        }
        tokens = (
            answer(200, {"data": {"t": "one"}}),
            answer(401),
            answer(200, {"data": {"t": "two"}}),
            answer(200, []),
        )
        talk = Talk(Wire(*tokens), way, login_user="u")
        talk.ask()
        self.assertEqual(
            [request.headers.get("Authorization") for request in talk.wire.sent], [None, "one", None, "two"]
        )
        self.assertEqual(talk.wire.sent[0].body, b'{"user": "u"}')

    def test_by_oauth(self) -> None:
        way = {"kind": "oauth2", "scopes": ["read"]}
        given = {"client_id": "c", "client_secret": "s", "token_url": "https://login.example.com/token"}
        for refresh, grant in (
            ("r", "grant_type=refresh_token&refresh_token=r"),
            ("", "grant_type=client_credentials&scope=read"),
        ):
            talk = Talk(Wire(answer(200, {"access_token": "a"}), answer(200, [])), way, **given, refresh_token=refresh)
            talk.ask()
            self.assertEqual(talk.wire.sent[0].body, f"{grant}&client_id=c&client_secret=s")
            self.assertEqual(talk.wire.sent[1].headers["Authorization"], "Bearer a")

    def test_a_refused_sign_in_is_said_without_the_secret(self) -> None:
        talk = Talk(Wire(answer(401)), {"kind": "api_key", "name": "key", "place": "query"}, api_key="k-secret")
        with self.assertRaises(SourceError) as refused:
            talk.ask()
        self.assertIn("sign-in was refused", str(refused.exception))
        self.assertNotIn("k-secret", str(refused.exception) + "".join(talk.told))

    def test_placeholders_are_not_values(self) -> None:
        with self.assertRaises(Misconfigured):
            Talk(Wire(), {"kind": "api_key", "name": "X-Key"}, api_key="<API_KEY>")


class Addresses(unittest.TestCase):
    def test_only_the_configured_source_is_asked(self) -> None:
        talk = Talk(Wire())
        for url in (
            "https://evil.example/x",
            "//evil.example/x",
            "https://api.example.com@evil.example/x",
            "https://[x/",
        ):
            with self.subTest(url), self.assertRaises(SourceError):
                talk.ask(url)
        self.assertEqual(talk.wire.sent, [])

    def test_a_redirect_to_another_host_is_refused(self) -> None:
        talk = Talk(Wire(answer(302, Location="https://evil.example/x")), {"kind": "bearer"}, token="t-1")
        with self.assertRaises(SourceError):
            talk.ask()
        self.assertEqual(len(talk.wire.sent), 1)

    def test_a_redirect_on_the_source_is_followed(self) -> None:
        talk = Talk(Wire(answer(301, Location="/v2/things"), answer(200, [1])))
        self.assertEqual(talk.ask(), [1])
        self.assertEqual(str(talk.wire.sent[1].url), "https://api.example.com/v2/things")

    def test_the_state_never_holds_the_key(self) -> None:
        talk = Talk(Wire(), {"kind": "api_key", "name": "key", "place": "query"}, api_key="k-1")
        self.assertEqual(talk.client.kept(f"{BASE}/things?page=2&key=k-1"), f"{BASE}/things?page=2")

    def test_secrets_go_over_https(self) -> None:
        for url in (
            "http://api.example.com",
            "ftp://api.example.com",
            "https://user:pw@api.example.com",
            "",
            "<BASE_URL>",
        ):
            with self.subTest(url), self.assertRaises(Misconfigured):
                Client({"sign_in": WAY}, {"base_url": url})


class Answers(unittest.TestCase):
    def test_what_is_no_json_is_said(self) -> None:
        with self.assertRaises(SourceError):
            Talk(Wire(answer(200, b"<html>"))).ask()

    def test_what_nothing_can_store_is_replaced_and_the_rest_stays(self) -> None:
        written = rb"""["\ud800 a", "\ud83d\ude00", "\\ud800", "\udc00\ud800", "\n\u00e9"]"""
        found = Talk(Wire(answer(200, written))).ask()
        self.assertEqual(found, ["\ufffd a", "\U0001f600", r"\ud800", "\ufffd\ufffd", "\n\u00e9"])

    def test_what_is_nested_without_end_is_said(self) -> None:
        with self.assertRaises(SourceError):
            Talk(Wire(answer(200, b"[" * 100_000 + b"]" * 100_000))).ask()

    def test_an_address_that_is_none_is_said(self) -> None:
        for place in ("http://[::1", "http://api.example.com:x/", "file:///etc/passwd"):
            with self.subTest(place), self.assertRaises(SourceError):
                Talk(Wire(answer(302, Location=place))).ask()

    def test_nothing_is_nothing(self) -> None:
        self.assertIsNone(Talk(Wire(answer(304))).ask())

    def test_too_long_an_answer_is_refused(self) -> None:
        with mock.patch("client.BIGGEST_ANSWER", 10), self.assertRaises(SourceError):
            Talk(Wire(answer(200, ["x" * 50]))).ask()


if __name__ == "__main__":
    unittest.main()

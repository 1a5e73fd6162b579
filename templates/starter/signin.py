"""Signing in: a key, a bearer token, user and password, a session, or OAuth 2.0. Tokens live in memory only."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from requests.auth import AuthBase

from settings import Misconfigured, required, setting

FetchToken = Callable[[str, Mapping[str, str], Mapping[str, str], bool], Any]
"""(address, headers, fields, whether they go as JSON) -> the JSON answer."""


class SignIn(AuthBase):
    """Adds to each request what signs in. As it is always given, requests never looks for a .netrc file."""

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        return prepared

    def renew(self) -> bool:
        """Whether a refused request is worth another try with a fresh token."""
        return False

    def without(self, url: str) -> str:
        """The address without what signs in."""
        return url


class Unsigned(SignIn):
    """No sign-in at all."""


class Placed(SignIn):
    """A secret in a header, a query parameter or a cookie."""

    def __init__(self, place: str, name: str, value: str) -> None:
        if any(sign in name + value for sign in "\r\n"):
            raise Misconfigured("A header must not hold line ends: check configuration.json")
        self.place, self.name, self.value = place, name, value

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.place == "query":
            prepared.prepare_url(self.without(str(prepared.url)), {self.name: self.value})
        elif self.place == "cookie":
            others = [part for part in str(prepared.headers.get("Cookie", "")).split("; ") if part]
            kept = [part for part in others if not part.startswith(f"{self.name}=")]
            prepared.headers["Cookie"] = "; ".join([*kept, f"{self.name}={self.value}"])
        else:
            prepared.headers[self.name] = self.value
        return prepared

    def without(self, url: str) -> str:
        if self.place != "query":
            return url
        parts = urlsplit(url)
        kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != self.name]
        return parts._replace(query=urlencode(kept)).geturl()


class Fetched(SignIn):
    """A secret that has to be fetched first, and again when the source refuses it."""

    def __init__(self, fetch: Callable[[], str], place: str, name: str, prefix: str) -> None:
        self._fetch, self.place, self.name, self.prefix = fetch, place, name, prefix
        self._placed: Placed | None = None

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._placed is None:
            self._placed = Placed(self.place, self.name, _worded(self.prefix, self._fetch()))
        return self._placed(prepared)

    def renew(self) -> bool:
        self._placed = None
        return True

    def without(self, url: str) -> str:
        return Placed(self.place, self.name, "").without(url)


class Together(SignIn):
    """Several that are sent with each request."""

    def __init__(self, parts: Sequence[SignIn]) -> None:
        self._parts = parts

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        for part in self._parts:
            prepared = part(prepared)
        return prepared

    def renew(self) -> bool:
        renewed = [part.renew() for part in self._parts]
        return any(renewed)

    def without(self, url: str) -> str:
        for part in self._parts:
            url = part.without(url)
        return url


def of(way: Mapping[str, Any], configuration: Mapping[str, Any], fetch: FetchToken) -> SignIn:
    """The sign-in that tables.py names, with the secrets of the configuration. Raises Misconfigured."""
    parts = [KINDS[part["kind"]](part, configuration, fetch) for part in (way, *way.get("also", ()))]
    return Together(parts) if len(parts) > 1 else parts[0]


def _nothing(way: Mapping[str, Any], configuration: Mapping[str, Any], fetch: FetchToken) -> SignIn:
    return Unsigned()


def _key(way: Mapping[str, Any], configuration: Mapping[str, Any], fetch: FetchToken) -> SignIn:
    key = required(configuration, way.get("setting") or "api_key")
    return Placed(way["place"], way["name"], _worded(way["prefix"], key))


def _bearer(way: Mapping[str, Any], configuration: Mapping[str, Any], fetch: FetchToken) -> SignIn:
    return Placed("header", "Authorization", _worded(way["prefix"] or "Bearer", required(configuration, "token")))


def _undeclared(way: Mapping[str, Any], configuration: Mapping[str, Any], fetch: FetchToken) -> SignIn:
    """The document does not say how to sign in: a bearer token where there is one, else nothing."""
    return _bearer(way, configuration, fetch) if setting(configuration, "token") else Unsigned()


def _basic(way: Mapping[str, Any], configuration: Mapping[str, Any], fetch: FetchToken) -> SignIn:
    """A password may be empty: some sources take a key as the user's name."""
    pair = f"{required(configuration, 'username')}:{setting(configuration, 'password')}"
    return Placed("header", "Authorization", "Basic " + base64.b64encode(pair.encode()).decode())


def _session(way: Mapping[str, Any], configuration: Mapping[str, Any], fetch: FetchToken) -> SignIn:
    fields = {field: required(configuration, name) for field, name in way["login_fields"].items()}

    def log_in() -> str:
        return _token(fetch(way["login_path"], {}, fields, True), way["token_path"])

    return Fetched(log_in, way["place"], way["name"], way["prefix"])


def _oauth(way: Mapping[str, Any], configuration: Mapping[str, Any], fetch: FetchToken) -> SignIn:
    """With a refresh token its grant, without one the client's own credentials. A refresh token the source replaces is
    kept for this sync only: what is saved in the state must hold no secret."""
    client = {name: setting(configuration, name) for name in ("client_id", "client_secret")}
    url, refresh = required(configuration, "token_url"), setting(configuration, "refresh_token")
    required(configuration, "client_id")
    latest = {"refresh_token": refresh}

    def fetch_token() -> str:
        grant = {"grant_type": "refresh_token", **latest} if refresh else {"grant_type": "client_credentials"}
        if way["scopes"] and not refresh:
            grant["scope"] = " ".join(way["scopes"])
        answer = fetch(url, {}, {**grant, **client}, False)
        if refresh and isinstance(answer, dict) and isinstance(answer.get("refresh_token"), str):
            latest["refresh_token"] = answer["refresh_token"]
        return _token(answer, "access_token")

    return Fetched(fetch_token, "header", "Authorization", "Bearer")


def _token(answer: Any, path: str) -> str:
    for name in path.split("."):
        answer = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(answer, str) or not answer:
        raise Misconfigured("The sign-in was answered without a token: check configuration.json")
    return answer


def _worded(prefix: str, secret: str) -> str:
    return f"{prefix.strip()} {secret}".strip() if prefix.strip() else secret


KINDS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any], FetchToken], SignIn]] = {
    "none": _nothing,
    "undeclared": _undeclared,
    "api_key": _key,
    "bearer": _bearer,
    "basic": _basic,
    "session": _session,
    "oauth2": _oauth,
}

"""The way a starter project signs in: the easiest of the document's that can be done unattended, and its settings."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from request_tracker.apidocs.starter.scaffold_names import fit
from request_tracker.rules.vendor_api import SignIn, SignInKind

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_PREFIX = re.compile(r"[\x20-\x7e]{0,40}")
_WRITES = re.compile(r"writ|modif|delet|creat|updat|manag|admin|upload|control|edit|publish|send", re.I)
"""Scopes that a connector, which only reads, does not ask for."""
_ADDRESS = re.compile(r"https://[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]{1,500}")
SETTINGS: Mapping[SignInKind, tuple[str, ...]] = {
    SignInKind.API_KEY: ("api_key",),
    SignInKind.BEARER: ("token",),
    SignInKind.BASIC: ("username", "password"),
    SignInKind.OAUTH2: ("client_id", "client_secret", "refresh_token", "token_url"),
    SignInKind.SESSION: (),
    SignInKind.NONE: (),
    SignInKind.UNDECLARED: ("token",),
}
"""What configuration.json asks for. CERTIFICATE and OTHER are not here: nothing can be made of them."""
OPTIONAL: Mapping[SignInKind, frozenset[str]] = {
    SignInKind.BASIC: frozenset({"password"}),
    SignInKind.OAUTH2: frozenset({"refresh_token"}),
    SignInKind.UNDECLARED: frozenset({"token"}),
}
"""Settings that a project may be given empty, as its signin.py does without them."""
_NAMED = frozenset((SignInKind.API_KEY, SignInKind.SESSION))
_HELD = ("header", "authorization")
WORDS: Mapping[SignInKind, str] = {
    SignInKind.API_KEY: "an API key",
    SignInKind.BEARER: "a bearer token",
    SignInKind.BASIC: "user and password",
    SignInKind.SESSION: "a session: a login answers with a token, which is fetched again when it expires",
    SignInKind.OAUTH2: "OAuth 2.0: a refresh token, or client credentials where refresh_token is left empty",
    SignInKind.NONE: "nothing: the document says that no sign-in is needed",
    SignInKind.UNDECLARED: "nothing the document tells of: a bearer token is sent where one is filled in",
    SignInKind.CERTIFICATE: "a client certificate",
    SignInKind.OTHER: "a way of its own",
}


@dataclass(frozen=True)
class Signing:
    """`way`: for tables.py; `placeholders`: for configuration.json; `kind`, `also` (what is sent together with it) and
    `others`: for the README."""

    kind: SignInKind
    way: dict[str, Any]
    placeholders: dict[str, str]
    others: tuple[SignInKind, ...] = ()
    also: tuple[SignInKind, ...] = ()

    @property
    def optional(self) -> frozenset[str]:
        """The settings that some sources want left empty."""
        return frozenset[str]().union(*(OPTIONAL.get(kind, ()) for kind in (self.kind, *self.also)))

    @property
    def scopes(self) -> list[str]:
        """Those that an app has to be given so that this project may read."""
        return [scope for part in (self.way, *self.way["also"]) for scope in part["scopes"]]

    @property
    def words(self) -> str:
        return " and, together with it, ".join(WORDS[kind] for kind in (self.kind, *self.also))


def signing(ways: Sequence[SignIn]) -> Signing | None:
    """The first way that can be done; None where the document asks for what cannot (a certificate, for one)."""
    fit_ones = [way for way in ways if _is_fit(way)]
    if ways and not fit_ones:
        return None
    chosen = fit_ones[0] if fit_ones else SignIn(SignInKind.UNDECLARED)
    parts = [chosen, *chosen.also]
    made, placeholders = [], dict[str, str]()
    for part in parts:
        fields = _fields(part)
        key = _key_setting(part, parts, placeholders)
        names = [*([key] if key else SETTINGS[part.kind]), *fields.values()]
        made.append(_way(part, fields, names, key))
        placeholders |= _placeholders(part, names)
    others = tuple(dict.fromkeys(way.kind for way in ways if way.kind not in {part.kind for part in parts}))
    whole = {**made[0], "settings": list(placeholders), "also": made[1:]}
    return Signing(chosen.kind, whole, placeholders, others, tuple(part.kind for part in chosen.also))


def _is_fit(way: SignIn) -> bool:
    """Whether it can be done unattended, with all that must be sent beside it: not where two need the same header or
    the same settings."""
    parts = (way, *way.also)
    if not all(part.kind in SETTINGS and _is_sound(part) for part in parts):
        return False
    places = [(part.place, part.name.lower()) if part.kind in _NAMED and part.name else _HELD for part in parts]
    kinds = [part.kind for part in parts if part.kind is not SignInKind.API_KEY]
    return len(set(places)) == len(places) and len(set(kinds)) == len(kinds)


def _key_setting(part: SignIn, parts: Sequence[SignIn], taken: Mapping[str, str]) -> str:
    """What configuration.json calls a key: `api_key`, or by the names they are sent under where there are several."""
    if part.kind is not SignInKind.API_KEY:
        return ""
    keys = [each for each in parts if each.kind is SignInKind.API_KEY]
    return "api_key" if len(keys) == 1 else fit(part.name, ["base_url", "recent_days_first", *taken])


def _way(chosen: SignIn, fields: dict[str, str], settings: list[str], key: str) -> dict[str, Any]:
    place = chosen.place if chosen.place in ("header", "query", "cookie") else "header"
    prefix = chosen.prefix.strip() if _PREFIX.fullmatch(chosen.prefix) else ""
    is_named = bool(chosen.name) and chosen.kind in _NAMED
    return {
        "kind": str(chosen.kind),
        "settings": settings,
        "setting": key,
        "place": place,
        "name": chosen.name if is_named else "Authorization",
        "prefix": "Bearer" if chosen.kind is SignInKind.SESSION and not is_named and not prefix else prefix,
        "scopes": [scope[:200] for scope in chosen.scopes[:50] if not _WRITES.search(scope)],
        "login_path": "/" + chosen.login_path[:2_000].lstrip("/") if chosen.login_path else "",
        "login_fields": fields,
        "token_path": chosen.token_path[:500] or "token",
    }


def _is_sound(way: SignIn) -> bool:
    """No name that could smuggle a line into a header, and a login where there must be one."""
    if way.kind is SignInKind.API_KEY:
        return bool(way.name) and (way.place == "query" or bool(_HEADER.fullmatch(way.name)))
    return way.kind is not SignInKind.SESSION or bool(way.login_path and way.login_fields)


def _fields(way: SignIn) -> dict[str, str]:
    """The login's fields and what configuration.json calls each."""
    fields: dict[str, str] = {}
    for field in way.login_fields[:20] if way.kind is SignInKind.SESSION else ():
        fields.setdefault(field[:200], fit(f"login_{field}", ["base_url", *fields.values()]))
    return fields


def _placeholders(way: SignIn, names: list[str]) -> dict[str, str]:
    found = {name: f"<{name.upper()}>" for name in names}
    if "token_url" in found and _ADDRESS.fullmatch(way.token_url):
        found["token_url"] = way.token_url
    return found

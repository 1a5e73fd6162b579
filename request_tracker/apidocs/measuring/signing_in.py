"""How one signs in to the API: what the document declares, what it betrays, and what a person must do for it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from request_tracker.apidocs.describing.operations import Description, Operation
from request_tracker.apidocs.describing.schemas import escaped
from request_tracker.apidocs.describing.words import words
from request_tracker.apidocs.measuring import logins
from request_tracker.apidocs.measuring.schemes import PLACES, betrayed, declared, root
from request_tracker.rules.vendor_api import SignIn, SignInKind

EASE = (
    SignInKind.API_KEY, SignInKind.BEARER, SignInKind.BASIC, SignInKind.SESSION, SignInKind.OAUTH2,
    SignInKind.CERTIFICATE, SignInKind.OTHER, SignInKind.NONE, SignInKind.UNDECLARED,
)  # fmt: skip
"""The easiest way first: it decides."""

STATIC = frozenset({SignInKind.API_KEY, SignInKind.BEARER, SignInKind.BASIC, SignInKind.SESSION})
"""A fixed key, token or user and password is all a person needs."""

_CLASSES = {kind: str(kind) for kind in EASE} | {SignInKind.UNDECLARED: "none", SignInKind.SESSION: "api_key"}
_PERSONAL = re.compile(
    r"personal[- ](access|api)[- ]?(token|key)|\bapi[- ]?(key|token)s?\b|private app|static token|access key|"
    r"developer token|(generate|create)[a-z ]{0,20} (an? )?(api |access )?(token|key)",
    re.I,
)
_OAUTH = re.compile(r"\boauth", re.I)


def ways(description: Description) -> tuple[SignIn, ...]:
    """The ways to sign in that the reads accept, the easiest first; never empty: UNDECLARED where nothing is said (keys
    may be needed all the same), NONE only where the document says that nothing is asked for."""
    named = {name: declared(name, node, description) for name, node in _usable(description).items()}
    named = {name: way for name, way in named.items() if way.kind is not SignInKind.NONE}
    found = _together(named, _asked(description))
    sessions = list(logins.sessions(description))
    if not found:
        found = [*betrayed(description)][:1]
        sessions = [_placed(way, found) for way in sessions]
        found = [way for way in found if not any(_is_same_place(way, each) for each in sessions)]
    found += [_pasted(way) for way in found if way.flows == ("implicit",)]
    found = [_of_login(way, sessions, description) for way in found]
    found += [way for way in sessions if not any(each.kind in STATIC for each in found)]
    return tuple(sorted(dict.fromkeys(found), key=_ease)) or (_nothing(description),)


def classes(description: Description) -> tuple[str, ...]:
    """The classes of the schemes that are declared, whatever else the document betrays: api_key, basic, bearer, oauth2,
    certificate, other; ("none",) without a declaration."""
    known = (declared(name, node, description) for name, node in _mappings(description.schemes).items())
    return tuple(sorted({_CLASSES[way.kind] for way in known})) or ("none",)


def vendor(description: Description, found: tuple[SignIn, ...]) -> str:
    """What the easiest way asks of a person: static (a fixed key, token or user and password), oauth2, none or
    undeclared. A document with OAuth alone, or nothing, is static when its words speak of keys to be made by hand; so
    are digests and certificates."""
    kinds = {way.kind for way in found}
    if kinds & STATIC and not _is_oauth_in_disguise(description, found):
        return "static"
    if kinds <= {SignInKind.NONE}:
        return "none"
    if _PERSONAL.search(_said(description, in_operations=kinds <= {SignInKind.UNDECLARED})):
        return "static"
    if SignInKind.OAUTH2 in kinds or kinds & STATIC:
        return "oauth2"
    is_fixed = any(way.kind is SignInKind.CERTIFICATE or way.name for way in found)
    return "static" if is_fixed else "undeclared"


def _together(named: Mapping[str, SignIn], asked: Sequence[frozenset[str]]) -> list[SignIn]:
    """The ways, each with those that must be sent beside it: schemes that are never asked for alone."""
    found: list[SignIn] = []
    done: set[str] = set()
    for name in sorted(named, key=lambda each: _ease(named[each])):
        needs = [need for need in asked if name in need]
        beside = min(needs, key=len, default=frozenset({name})) - {name}
        if name not in done:
            others = tuple(named[other] for other in named if other in beside)
            found.append(replace(named[name], also=others) if others else named[name])
            done |= {name, *(other for other in beside if not _is_alone(other, asked))}
    return found


def _is_alone(name: str, asked: Sequence[frozenset[str]]) -> bool:
    return frozenset({name}) in asked


def _placed(session: SignIn, found: Sequence[SignIn]) -> SignIn:
    """A session without a place of its own goes where the reads ask for a key."""
    if session.name or not found or "token" not in {*words(found[0].name), "token" if found[0].prefix else ""}:
        return session
    return replace(session, name=found[0].name, place=found[0].place, prefix=found[0].prefix)


def _is_same_place(way: SignIn, session: SignIn) -> bool:
    return (way.name, way.place) == (session.name, session.place)


def _pasted(way: SignIn) -> SignIn:
    """The implicit flow alone has no address to fetch or renew a token at, so no server signs in that way: what is left
    is a token that a person makes and pastes."""
    return SignIn(SignInKind.BEARER, pointers=way.pointers)


def _of_login(way: SignIn, sessions: list[SignIn], description: Description) -> SignIn:
    """A key or token that the document says to fetch at a login of its own: a session, placed as the key is."""
    is_fetched = way.kind in (SignInKind.API_KEY, SignInKind.BEARER)
    schemes = _mappings(description.schemes).items() if is_fetched else ()
    said = {f"{root(description)}/{escaped(name)}": str(node.get("description", "")) for name, node in schemes}
    text = next((said[pointer][:2000] for pointer in way.pointers if pointer in said), "")
    login = next((each for each in sessions if each.login_path in text), None) if text else None
    if login is None:
        return way
    if way.kind is SignInKind.BEARER:
        return replace(login, name="Authorization", place="header", prefix="Bearer ", also=way.also)
    return replace(login, name=way.name, place=way.place, prefix=way.prefix, also=way.also)


def _ease(way: SignIn) -> tuple[int, int]:
    return EASE.index(way.kind), PLACES.index(way.place) if way.place in PLACES else 0


def _mappings(schemes: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {name: node for name, node in list(schemes.items())[:100] if isinstance(node, Mapping)}


def _usable(description: Description) -> dict[str, Mapping[str, Any]]:
    """The schemes that some read accepts; all that are declared where no read names one."""
    schemes = _mappings(description.schemes)
    named = {name for need in _asked(description) for name in need}
    return {name: node for name, node in schemes.items() if name in named} or schemes


def _asked(description: Description) -> list[frozenset[str]]:
    """What the reads ask for: schemes that are sent together, one set for each choice, each set once."""
    found: dict[frozenset[str], None] = {}
    for operation in description.operations:
        if operation.method == "get":
            asked = description.security if operation.security is None else operation.security
            found |= {frozenset(map(str, need)): None for need in asked[:100] if isinstance(need, Mapping)}
    return [need for need in list(found)[:1_000] if need]


def _nothing(description: Description) -> SignIn:
    says_none = description.document.get("security") == [] or any(
        str(node.get("type", "")).lower() == "noauth" for node in _mappings(description.schemes).values()
    )
    return SignIn(SignInKind.NONE if says_none else SignInKind.UNDECLARED)


def _is_oauth_in_disguise(description: Description, found: tuple[SignIn, ...]) -> bool:
    """All that is static is a key in the header Authorization that the document's words call an OAuth token."""
    static = [way for way in found if way.kind in STATIC]
    if any(way.kind is not SignInKind.API_KEY or way.name.lower() != "authorization" for way in static):
        return False
    text = _said(description, in_operations=False)
    return bool(_OAUTH.search(text)) and not _PERSONAL.search(text)


def _said(description: Description, *, in_operations: bool) -> str:
    """What the document says of itself and of its ways to sign in; also of its operations."""
    texts = [description.summary[:20_000]]
    texts += [str(node.get("description", ""))[:5000] for node in _mappings(description.schemes).values()]
    tags = description.document.get("tags")
    texts += (
        [str(tag.get("description", ""))[:2000] for tag in tags[:200] if isinstance(tag, Mapping)]
        if isinstance(tags, list)
        else []
    )
    if in_operations:
        texts += [_of_operation(operation) for operation in description.operations[:2000]]
    return " ".join(texts)


def _of_operation(operation: Operation) -> str:
    return operation.description[:2000]

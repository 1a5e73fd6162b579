"""How one signs in to the API: what the document declares, what it betrays, and what a person must do for it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from request_tracker.apidocs.describing.operations import Description, Operation, Parameter
from request_tracker.apidocs.describing.schemas import escaped
from request_tracker.apidocs.describing.words import plain, words
from request_tracker.apidocs.measuring import logins
from request_tracker.rules.vendor_api import SignIn, SignInKind

EASE = (
    SignInKind.API_KEY, SignInKind.BEARER, SignInKind.BASIC, SignInKind.SESSION, SignInKind.OAUTH2,
    SignInKind.CERTIFICATE, SignInKind.OTHER, SignInKind.NONE, SignInKind.UNDECLARED,
)  # fmt: skip
"""The easiest way first: it decides."""

STATIC = frozenset({SignInKind.API_KEY, SignInKind.BEARER, SignInKind.BASIC, SignInKind.SESSION})
"""A fixed key, token or user and password is all a person needs."""

_CLASSES = {kind: str(kind) for kind in EASE} | {SignInKind.UNDECLARED: "none", SignInKind.SESSION: "api_key"}
_FLOWS = {
    "accesscode": "authorization_code",
    "authorizationcode": "authorization_code",
    "application": "client_credentials",
    "clientcredentials": "client_credentials",
}
_PLACES = ("header", "query", "cookie")
_HTTP = {"basic": SignInKind.BASIC, "bearer": SignInKind.BEARER}
_TYPES = {
    "basic": SignInKind.BASIC, "bearer": SignInKind.BEARER, "apikey": SignInKind.API_KEY, "oauth2": SignInKind.OAUTH2,
    "openidconnect": SignInKind.OAUTH2, "mutualtls": SignInKind.CERTIFICATE, "noauth": SignInKind.NONE,
}  # fmt: skip
_KEY_NAMES = re.compile(r"(x[-_])?((api|app|access|auth|secret|private)[-_]?)?(key|token)|authorization|apikey", re.I)
_FIT = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
"""What a header may be called; parameters and cookies keep to it too."""

_PERSONAL = re.compile(
    r"personal[- ](access|api)[- ]?(token|key)|\bapi[- ]?(key|token)s?\b|private app|static token|access key|"
    r"developer token|(generate|create)[a-z ]{0,20} (an? )?(api |access )?(token|key)",
    re.I,
)
_OAUTH = re.compile(r"\boauth", re.I)


def ways(description: Description) -> tuple[SignIn, ...]:
    """The ways to sign in that the reads accept, the easiest first; never empty: UNDECLARED where nothing is said (keys
    may be needed all the same), NONE only where the document says that nothing is asked for."""
    named = {name: _declared(name, node, description) for name, node in _usable(description).items()}
    named = {name: way for name, way in named.items() if way.kind is not SignInKind.NONE}
    found = _together(named, _asked(description))
    sessions = list(logins.sessions(description))
    if not found:
        found = [*_betrayed(description)][:1]
        sessions = [_placed(way, found) for way in sessions]
        found = [way for way in found if not any(_is_same_place(way, each) for each in sessions)]
    found += [_pasted(way) for way in found if way.flows == ("implicit",)]
    found = [_of_login(way, sessions, description) for way in found]
    found += [way for way in sessions if not any(each.kind in STATIC for each in found)]
    return tuple(sorted(dict.fromkeys(found), key=_ease)) or (_nothing(description),)


def classes(description: Description, found: tuple[SignIn, ...]) -> tuple[str, ...]:
    """The classes of the schemes that are declared, whatever else the document betrays: api_key, basic, bearer, oauth2,
    certificate, other; ("none",) without a declaration."""
    declared = [_declared(name, node, description) for name, node in _mappings(description.schemes).items()]
    named = sorted({_CLASSES[way.kind] for way in declared})
    return tuple(named) or ("none",)


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
    said = {f"{_root(description)}/{escaped(name)}": str(node.get("description", "")) for name, node in schemes}
    text = next((said[pointer][:2000] for pointer in way.pointers if pointer in said), "")
    login = next((each for each in sessions if each.login_path in text), None) if text else None
    if login is None:
        return way
    if way.kind is SignInKind.BEARER:
        return replace(login, name="Authorization", place="header", prefix="Bearer ", also=way.also)
    return replace(login, name=way.name, place=way.place, prefix=way.prefix, also=way.also)


def _ease(way: SignIn) -> tuple[int, int]:
    return EASE.index(way.kind), _PLACES.index(way.place) if way.place in _PLACES else 0


def _mappings(schemes: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {name: node for name, node in list(schemes.items())[:100] if isinstance(node, Mapping)}


def _usable(description: Description) -> dict[str, Mapping[str, Any]]:
    """The schemes that some read accepts; all that are declared where no read names one."""
    declared = _mappings(description.schemes)
    named = {name for need in _asked(description) for name in need}
    return {name: node for name, node in declared.items() if name in named} or declared


def _asked(description: Description) -> list[frozenset[str]]:
    """What the reads ask for: schemes that are sent together, one set for each choice, each set once."""
    found: dict[frozenset[str], None] = {}
    for operation in description.operations:
        if operation.method == "get":
            asked = description.security if operation.security is None else operation.security
            found |= {frozenset(map(str, need)): None for need in asked[:100] if isinstance(need, Mapping)}
    return [need for need in list(found)[:1_000] if need]


def _declared(name: str, node: Mapping[str, Any], description: Description) -> SignIn:
    node = description.schemas.resolve(node) or node
    kind = str(node.get("type", "")).lower()
    pointers = ("/auth",) if description.kind.startswith("postman") else (f"{_root(description)}/{escaped(name)}",)
    if kind == "http":
        scheme = str(node.get("scheme", "")).lower()
        way = _HTTP.get(scheme, SignInKind.OTHER)
        return SignIn(way, plain(scheme, 40) if way is SignInKind.OTHER else "", pointers=pointers)
    way = _TYPES.get(kind, SignInKind.OTHER)
    if way is SignInKind.API_KEY:
        return _key(node, pointers)
    return _oauth(node, pointers) if way is SignInKind.OAUTH2 else SignIn(way, pointers=pointers)


def _root(description: Description) -> str:
    if description.kind.startswith("openapi2"):
        return "/securityDefinitions"
    return "/components/securitySchemes"


def _key(node: Mapping[str, Any], pointers: tuple[str, ...]) -> SignIn:
    place = str(node.get("in", "")).lower()
    name = plain(node.get("name"), 100)
    prefix = logins.prefix(str(node.get("description", ""))[:2000]) if name.lower() == "authorization" else ""
    if not _FIT.fullmatch(name):
        return SignIn(SignInKind.OTHER, pointers=pointers)
    return SignIn(SignInKind.API_KEY, name, place if place in _PLACES else "header", prefix, pointers=pointers)


def _oauth(node: Mapping[str, Any], pointers: tuple[str, ...]) -> SignIn:
    flows = node.get("flows")
    named = flows if isinstance(flows, Mapping) else {str(node["flow"]): node} if node.get("flow") else {}
    inner = [flow for flow in named.values() if isinstance(flow, Mapping)]
    names = [_FLOWS.get(str(name).lower(), plain(str(name).lower(), 40)) for name in named]
    if "openid" in str(node.get("type", "")).lower():
        names = ["openid"]
    addresses = [flow["tokenUrl"] for flow in inner if isinstance(flow.get("tokenUrl"), str)]
    scopes = [scope for flow in inner if isinstance(flow.get("scopes"), Mapping) for scope in flow["scopes"]]
    return SignIn(
        SignInKind.OAUTH2,
        flows=tuple(names[:10]),
        token_url=plain(addresses[0], 500) if addresses else "",
        scopes=tuple(dict.fromkeys(plain(scope, 200) for scope in scopes if isinstance(scope, str)))[:100],
        pointers=pointers,
    )


def _betrayed(description: Description) -> Iterator[SignIn]:
    """Header and query parameters named like a key, those of the header first."""
    asked = [parameter for operation in description.operations for parameter in operation.parameters]
    for place in ("header", "query"):
        for parameter in asked:
            if parameter.place == place and _is_key(parameter):
                yield _of_parameter(parameter)


def _is_key(parameter: Parameter) -> bool:
    if not _KEY_NAMES.fullmatch(parameter.name) or parameter.type not in ("string", ""):
        return False
    bare = words(parameter.name) in (("key",), ("token",))
    return (parameter.is_required or parameter.name.lower() == "authorization") and (
        parameter.place == "header" or not bare
    )


def _of_parameter(parameter: Parameter) -> SignIn:
    pointers = (parameter.pointer,) if parameter.pointer else ()
    if parameter.name.lower() != "authorization":
        return SignIn(SignInKind.API_KEY, plain(parameter.name, 100), parameter.place, pointers=pointers)
    prefix = logins.prefix(
        f"{parameter.description[:1000]} {parameter.example or ''} {parameter.default or ''} "[:2000]
    )
    kind = {"Bearer ": SignInKind.BEARER, "Basic ": SignInKind.BASIC}.get(prefix, SignInKind.API_KEY)
    return SignIn(kind, "Authorization", "header", prefix, pointers=pointers)


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

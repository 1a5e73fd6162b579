"""One scheme of a document, as a way to sign in: what it declares, or what the name of a parameter betrays."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from request_tracker.apidocs.describing.operations import Description, Parameter
from request_tracker.apidocs.describing.schemas import escaped
from request_tracker.apidocs.describing.words import plain, words
from request_tracker.apidocs.measuring import logins
from request_tracker.rules.vendor_api import SignIn, SignInKind

_FLOWS = {
    "accesscode": "authorization_code",
    "authorizationcode": "authorization_code",
    "application": "client_credentials",
    "clientcredentials": "client_credentials",
}
PLACES = ("header", "query", "cookie")
_HTTP = {"basic": SignInKind.BASIC, "bearer": SignInKind.BEARER}
_TYPES = {
    "basic": SignInKind.BASIC, "bearer": SignInKind.BEARER, "apikey": SignInKind.API_KEY, "oauth2": SignInKind.OAUTH2,
    "openidconnect": SignInKind.OAUTH2, "mutualtls": SignInKind.CERTIFICATE, "noauth": SignInKind.NONE,
}  # fmt: skip
_KEY_NAMES = re.compile(r"(x[-_])?((api|app|access|auth|secret|private)[-_]?)?(key|token)|authorization|apikey", re.I)
_FIT = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
"""What a header may be called; parameters and cookies keep to it too."""


def declared(name: str, node: Mapping[str, Any], description: Description) -> SignIn:
    node = description.schemas.resolve(node) or node
    kind = str(node.get("type", "")).lower()
    pointers = ("/auth",) if description.kind.startswith("postman") else (f"{root(description)}/{escaped(name)}",)
    if kind == "http":
        scheme = str(node.get("scheme", "")).lower()
        way = _HTTP.get(scheme, SignInKind.OTHER)
        return SignIn(way, plain(scheme, 40) if way is SignInKind.OTHER else "", pointers=pointers)
    way = _TYPES.get(kind, SignInKind.OTHER)
    if way is SignInKind.API_KEY:
        return _key(node, pointers)
    return _oauth(node, pointers) if way is SignInKind.OAUTH2 else SignIn(way, pointers=pointers)


def root(description: Description) -> str:
    if description.kind.startswith("openapi2"):
        return "/securityDefinitions"
    return "/components/securitySchemes"


def _key(node: Mapping[str, Any], pointers: tuple[str, ...]) -> SignIn:
    place = str(node.get("in", "")).lower()
    name = plain(node.get("name"), 100)
    prefix = logins.prefix(str(node.get("description", ""))[:2000]) if name.lower() == "authorization" else ""
    if not _FIT.fullmatch(name):
        return SignIn(SignInKind.OTHER, pointers=pointers)
    return SignIn(SignInKind.API_KEY, name, place if place in PLACES else "header", prefix, pointers=pointers)


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


def betrayed(description: Description) -> Iterator[SignIn]:
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

"""The sign-in blocks of a Postman collection in the words of OpenAPI, without the values they hold."""

from collections.abc import Mapping
from typing import Any

_PLAIN: dict[str, dict[str, Any]] = {
    "basic": {"type": "http", "scheme": "basic"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "jwt": {"type": "http", "scheme": "bearer"},
    "digest": {"type": "http", "scheme": "digest"},
    "noauth": {"type": "noauth"},
}


Security = tuple[Mapping[str, Any], ...]
"""What a block asks for, as OpenAPI writes it; () where it says that nothing is."""


def asked(block: Any, schemes: dict[str, Mapping[str, Any]]) -> Security | None:
    """The block read and its scheme added to `schemes`; None where there is none and the outer one holds."""
    kind = str(block.get("type") or "").lower() if isinstance(block, Mapping) else ""
    if not kind:
        return None
    node = _PLAIN.get(kind) or _other(kind, _settings(block.get(kind) or block.get(str(block.get("type")))))
    name = kind[:40]
    while schemes.get(name, node) != node and len(name) < 60:
        name += "+"
    schemes[name] = node
    return () if kind == "noauth" else ({name: []},)


def _settings(listed: Any) -> dict[str, str]:
    """2.1 has a list of keys and values, 2.0 a mapping."""
    if isinstance(listed, list):
        listed = {each["key"]: each.get("value") for each in listed[:50] if isinstance(each, Mapping) and "key" in each}
    if not isinstance(listed, Mapping):
        return {}
    return {str(name): value for name, value in listed.items() if isinstance(value, str)}


def _other(kind: str, settings: Mapping[str, str]) -> dict[str, Any]:
    if kind == "apikey":
        place = settings.get("in", "header")
        return {
            "type": "apiKey",
            "in": place if place in ("header", "query") else "header",
            "name": settings.get("key", ""),
        }
    if kind != "oauth2":
        return {"type": kind[:40]}
    grant = settings.get("grant_type", "authorization_code").removesuffix("_with_pkce")
    scopes = {scope: "" for scope in settings.get("scope", "").split()[:100] if "{{" not in scope}
    address = settings.get("accessTokenUrl", "")
    known = {} if "{{" in address else {"tokenUrl": address}
    return {"type": "oauth2", "flows": {grant: {**known, "scopes": scopes}}}

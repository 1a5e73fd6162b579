"""The addresses of a Postman collection: :name and {{name}} in the path are parameters, ahead of it is the host."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LONGEST = 2000
_VARIABLE = re.compile(r"\{\{\s*([^{}]{1,100}?)\s*\}\}")
_NAMED = re.compile(r"(?<![A-Za-z0-9]):([A-Za-z_][A-Za-z0-9_-]{0,99})")


@dataclass(frozen=True)
class Address:
    """`path` with {name} for parameters; `query`: (name, value, description) of each that may be asked with."""

    path: str
    params: tuple[str, ...] = ()
    query: tuple[tuple[str, str, str], ...] = ()
    base: str = ""
    described: Mapping[str, str] = field(default_factory=dict)


def address(url: Any, variables: Mapping[str, str]) -> Address:
    """The address of a request, an object or a text; "/" for what is neither."""
    node: Mapping[str, Any] = url if isinstance(url, Mapping) else {"raw": url}
    raw = node["raw"][:LONGEST] if isinstance(node.get("raw"), str) else ""
    ahead, path = _parts(node, raw)
    path = _resolved_prefix(path, variables)
    path = _NAMED.sub(r"{\1}", _VARIABLE.sub(r"{\1}", path))[:LONGEST]
    path = "/" + path.strip("/")
    return Address(
        path,
        tuple(dict.fromkeys(re.findall(r"\{([^{}]+)\}", path)))[:100],
        tuple(_query(node, raw)),
        _base(ahead, variables),
        _described(node.get("variable")),
    )


def _parts(node: Mapping[str, Any], raw: str) -> tuple[str, str]:
    """The host as it is written, and the path that follows."""
    host, path = node.get("host"), node.get("path")
    if host is None and path is None:
        found = re.match(r"(?:[a-z]+://)?([^/?#]*)([^?#]*)", raw)
        scheme = raw[: raw.index("://") + 3] if "://" in raw[:10] else ""
        return (scheme + found[1], found[2]) if found else ("", "")
    named = ".".join(map(str, host)) if isinstance(host, list) else str(host or "")
    protocol = node.get("protocol")
    return (f"{protocol}://{named}" if isinstance(protocol, str) and named else named), _joined(path)


def _joined(path: Any) -> str:
    if not isinstance(path, list):
        return f"/{str(path or '').strip('/')}"
    return "".join(f"/{each.get('value', '') if isinstance(each, Mapping) else each}" for each in path[:100])


def _resolved_prefix(path: str, variables: Mapping[str, str]) -> str:
    """{{version}} at the beginning of a path is known to be v2: no parameter then."""
    found = re.match(r"/\{\{\s*([^{}]{1,100}?)\s*\}\}", path)
    value = variables.get(found[1], "") if found else ""
    known = re.fullmatch(r"/?(v?[0-9][0-9.]{0,10}|v[0-9][a-z0-9.]{0,10}|api)/?", value)
    return f"/{known[1]}{path[found.end() :]}" if found and known else path


def _base(ahead: str, variables: Mapping[str, str]) -> str:
    """The base address, its variables looked up one level."""
    filled = _VARIABLE.sub(lambda found: variables.get(found[1]) or found[0], ahead)[:LONGEST]
    if filled and "://" not in filled and not filled.startswith("{{"):
        filled = f"https://{filled}"
    return filled.rstrip("/")


def _query(node: Mapping[str, Any], raw: str) -> list[tuple[str, str, str]]:
    listed = node.get("query")
    if not isinstance(listed, list):
        pairs = raw.partition("?")[2].split("#")[0].split("&")
        listed = [dict(zip(("key", "value"), pair.partition("=")[::2], strict=True)) for pair in pairs if pair]
    found: dict[str, tuple[str, str, str]] = {}
    for each in listed[:100]:
        if isinstance(each, Mapping) and isinstance(each.get("key"), str) and each["key"]:
            text = each.get("description")
            text = text.get("content") if isinstance(text, Mapping) else text
            said = text[:2000] if isinstance(text, str) else ""
            found.setdefault(each["key"], (each["key"][:200], str(each.get("value") or "")[:200], said))
    return list(found.values())


def _described(listed: Any) -> dict[str, str]:
    found = [each for each in listed[:100] if isinstance(each, Mapping)] if isinstance(listed, list) else []
    return {
        str(each.get("key")): each["description"][:500] for each in found if isinstance(each.get("description"), str)
    }

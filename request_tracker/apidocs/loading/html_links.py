"""The machine-readable documents that a page of documentation points at, found by what viewers of such pages use."""

import html
import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from request_tracker.rules.vendor_api import Note

_LOOKED_AT = 3_000_000
_MOST = 20
_LONGEST = 2000
_VALUE = r"""(?:["']([^"'<>\s]{1,2000})["']|([^"'<>\s=]{1,2000}))"""
_NAMED = re.compile(
    r"""\b(?:spec-?url|data-url|data-spec(?:-url)?|api-?description-?url|apiDescriptionUrl|specUrl|openapi-?url"""
    r"""|definition-?url|swagger-?url|rapidoc-spec)["']?\s{0,20}[=:]\s{0,20}""" + _VALUE,
    re.IGNORECASE,
)
"""Attributes and settings that hold nothing but the address of a document, as the usual viewers have them."""
_CALLED = re.compile(r"""\b(?:Redoc\.init|SwaggerParser\.\w+|createApiReference)\(\s{0,20}["']([^"'<>\s]{1,2000})""")
_SERVICE = re.compile(
    r"""<link\b(?=[^<>]{0,1000}\b(?:rel=["']?service-desc|type=["']?application/(?:vnd\.oai\.)?openapi))"""
    r"""[^<>]{0,1000}?\bhref=""" + _VALUE,
    re.IGNORECASE,
)
"""RFC 8631: the link of a service to its own description."""
_SETTING = re.compile(r"""\burl["']?\s{0,20}:\s{0,20}["']([^"'<>\s]{1,2000})["']""", re.IGNORECASE)
_QUOTED = re.compile(r"""["']([^"'<>\s]{5,500})["']|\bhref=([^"'<>\s]{5,500})""")
_TELLING = re.compile(
    r"(?:open-?api|swagger|api[-_]?docs?|postman|collection|schema|spec)[^/?#]{0,80}\.(?:json|ya?ml|graphqls?)(?:[?#]|$)"
    r"|/v\d/api-docs(?:[/?#]|$)|/(?:openapi|swagger)/[^?#]{0,200}\.(?:json|ya?ml)(?:[?#]|$)|/openapi(?:[?#]|$)"
    r"|\.graphqls?(?:[?#]|$)",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(r"\.(?:json|ya?ml|graphqls?)(?:[?#]|$)|/api-docs|openapi|swagger", re.IGNORECASE)
_ASSET = re.compile(
    r"\.(?:js|mjs|css|png|svg|jpe?g|gif|ico|woff2?|map|html?|webmanifest)(?:[?#]|$)|manifest\.json|package\.json",
    re.IGNORECASE,
)
_BASE = re.compile(r"<base\b[^<>]{0,500}\bhref=" + _VALUE, re.IGNORECASE)
_ANYTHING = re.compile("")
_PLACES = (
    (_NAMED, _ANYTHING), (_CALLED, _ANYTHING), (_SERVICE, _ANYTHING), (_SETTING, _DOCUMENT), (_QUOTED, _TELLING)
)  # fmt: skip
"""Where addresses stand, the surest first, and what they must look like there."""
_SCHEMES = ("http", "https")


def found(page: str, *, base: str = "") -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """The addresses of the documents a page points at, absolute, the likeliest first; `base`: the page's own address.

    What is relative while the page's address is not known is told in a note instead.
    """
    seen = page[:_LOOKED_AT].replace("\\/", "/").replace("\\u002F", "/")
    base = _base(seen, base)
    written = list(dict.fromkeys(_written(seen)))
    links = dict.fromkeys(link for each in written if (link := _absolute(each, base)))
    lost = [each for each in written if _is_relative(each)] if not base else []
    return tuple(links)[:_MOST], tuple(_told(each) for each in lost[:3])


def _written(page: str) -> Iterator[str]:
    for pattern, wanted in _PLACES:
        for match in pattern.finditer(page):
            address = html.unescape(next(filter(None, match.groups()), ""))
            if 0 < len(address) <= _LONGEST and not _ASSET.search(address) and wanted.search(address):
                yield address


def _base(page: str, address: str) -> str:
    own = address if address.startswith(("http://", "https://")) else ""
    match = _BASE.search(page)
    said = html.unescape(match[1] or match[2] or "") if match else ""
    return _absolute(said, own) or own


def _absolute(address: str, base: str) -> str:
    """The address as http or https, without its fragment; empty where it is neither, or broken."""
    try:
        whole = urljoin(base, address)
        parts = urlsplit(whole)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme.lower() not in _SCHEMES or not host or len(whole) > _LONGEST:
        return ""
    return whole.partition("#")[0]


def _is_relative(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc and bool(parts.path)


def _told(address: str) -> Note:
    return Note(f"The page points at {address[:200]}: give the page's own address, so that it can be fetched")

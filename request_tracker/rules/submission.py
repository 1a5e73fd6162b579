"""Submission: what a form, an API call, an import or a seed row hands in, normalised and checked once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from request_tracker.rules.strangers import plain
from request_tracker.rules.terms import AuthKind

LONG = 20_000
SHORT = 200
ADDRESS = 2_000


@dataclass(frozen=True)
class Submission:
    service_name: str
    service_url: str
    api_docs_url: str
    use_case: str
    data_needed: str
    terms_accepted: bool
    auth_kind: str = AuthKind.UNKNOWN
    sandbox: str = "unknown"
    endpoint_count: int | None = None
    custom_fields: str = ""
    group_id: str = ""
    fivetran_role: str = ""
    also_tell: str = ""
    has_document: bool = False
    would_preview: bool = False


@dataclass(frozen=True)
class FieldError:
    field: str
    message: str


class Incomplete(ValueError):
    """The submission lacks something; `errors` names each field with a sentence for the person."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors


REQUIRED = {
    "service_name": "Enter the name of the service",
    "service_url": "Enter the address of the service's website",
    "use_case": "Tell us what you want to do with the data",
    "data_needed": "Tell us which data you need from the service",
}
LIMITS = {
    "service_name": SHORT,
    "service_url": ADDRESS,
    "api_docs_url": ADDRESS,
    "use_case": LONG,
    "data_needed": LONG,
    "custom_fields": LONG,
    "group_id": SHORT,
    "fivetran_role": SHORT,
    "also_tell": ADDRESS,
}
DOCUMENTS = (
    ".json", ".yaml", ".yml", ".graphql", ".gql", ".graphqls", ".txt", ".md", ".html", ".htm", ".xml", ".pdf",
)  # fmt: skip
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but line break and tab, halves of surrogates, and what turns the direction in which all that
follows is read: no page and no database takes them all."""
SANDBOX = ("yes", "no", "unknown")


def read(raw: Mapping[str, Any], *, has_document: bool = False) -> Submission:
    """What was typed, trimmed and checked. Raises Incomplete with every error at once."""
    texts = {name: _text(raw.get(name)) for name in LIMITS}
    errors = (*_missing(texts), *_too_long(texts), *_addresses(texts), *_choices(raw, texts, has_document))
    if errors:
        raise Incomplete(_first_per_field(errors))
    return Submission(
        **texts,
        terms_accepted=True,
        auth_kind=_text(raw.get("auth_kind")) or AuthKind.UNKNOWN,
        sandbox=_sandbox(raw.get("sandbox")),
        endpoint_count=_count(raw.get("endpoint_count")),
        has_document=has_document,
        would_preview=_yes(raw.get("would_preview")),
    )


def file_name(given: str) -> str:
    """What a file is called, without the folders of whoever had it and what steers the reading; empty for nothing."""
    return plain(given.replace("\\", "/").rsplit("/", 1)[-1][-200:])


def is_document(filename: str) -> bool:
    """Whether the name is one of an API document; a name without an ending is taken as text."""
    _, dot, ending = filename.lower().rpartition(".")
    return not dot or f".{ending}" in DOCUMENTS


def web_address(text: str) -> bool:
    """True for an absolute http or https address with a host and without a name or password in it."""
    if any(mark.isspace() or ord(mark) < 32 for mark in text):
        return False
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    fit = parts.scheme in ("http", "https") and bool(host) and "%" not in (host or "")
    return fit and "@" not in parts.netloc and bool((host or "").strip("."))


def _missing(texts: dict[str, str]) -> tuple[FieldError, ...]:
    return tuple(FieldError(name, message) for name, message in REQUIRED.items() if not texts[name])


def _too_long(texts: dict[str, str]) -> tuple[FieldError, ...]:
    return tuple(
        FieldError(name, f"Shorten this to {limit:,} characters or fewer: it has {len(texts[name]):,}")
        for name, limit in LIMITS.items()
        if len(texts[name]) > limit
    )


def _addresses(texts: dict[str, str]) -> tuple[FieldError, ...]:
    return tuple(
        FieldError(name, "Enter a full web address that starts with https:// or http://")
        for name in ("service_url", "api_docs_url")
        if texts[name] and not web_address(texts[name])
    )


def _choices(raw: Mapping[str, Any], texts: dict[str, str], has_document: bool) -> tuple[FieldError, ...]:
    found = []
    if not texts["api_docs_url"] and not has_document:
        found.append(FieldError("api_docs_url", "Enter the address of the API documentation, or upload a document"))
    if _text(raw.get("auth_kind")) not in ("", *AuthKind):
        found.append(FieldError("auth_kind", f"Choose one of: {', '.join(AuthKind)}"))
    if not _yes(raw.get("terms_accepted")):
        found.append(FieldError("terms_accepted", "Accept the terms of the program to send a request"))
    if not _countable(raw.get("endpoint_count")):
        found.append(FieldError("endpoint_count", "Enter a whole number between 0 and 100,000, or leave it empty"))
    return tuple(found)


def _first_per_field(errors: tuple[FieldError, ...]) -> tuple[FieldError, ...]:
    seen: dict[str, FieldError] = {}
    for error in errors:
        seen.setdefault(error.field, error)
    return tuple(seen.values())


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return ""
    return UNSEEN.sub("", str(value).replace("\r\n", "\n")).strip()


def _yes(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() in ("y", "yes", "true", "on", "1"))


def _sandbox(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _text(value) if _text(value) in SANDBOX else "unknown"


def _countable(value: Any) -> bool:
    text = _text(value)
    return not text or (text.isascii() and text.isdigit() and len(text) < 7 and int(text) <= 100_000)


def _count(value: Any) -> int | None:
    text = _text(value)
    return int(text) if text else None

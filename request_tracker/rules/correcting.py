"""What a specialist puts right about a case: the service's name and its two addresses, checked as a submission is."""

from collections.abc import Mapping
from typing import Any

from request_tracker.rules.submission import LIMITS, REQUIRED, FieldError, Incomplete, web_address

FIELDS = ("service_name", "service_url", "api_docs_url")
ADDRESSES = ("service_url", "api_docs_url")
NO_DOCS = "Enter the address of the API documentation: no document was sent with this case"


def read(raw: Mapping[str, Any], *, has_document: bool) -> dict[str, str]:
    """The three fields, trimmed and checked. Raises Incomplete with every error at once, one a field."""
    texts = {name: str(raw.get(name) or "").replace("\x00", "").strip() for name in FIELDS}
    faults = [FieldError(name, fault) for name in FIELDS if (fault := _fault(name, texts[name], has_document))]
    if faults:
        raise Incomplete(tuple(faults))
    return texts


def _fault(name: str, text: str, has_document: bool) -> str:
    if not text:
        return REQUIRED.get(name, "" if has_document else NO_DOCS)
    if len(text) > LIMITS[name]:
        return f"Shorten this to {LIMITS[name]:,} characters or fewer: it has {len(text):,}"
    if name in ADDRESSES and not web_address(text):
        return "Enter a full web address that starts with https:// or http://"
    return ""

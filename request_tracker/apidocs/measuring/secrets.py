"""What looks like a way in to somebody's account stays out of what is kept of a document.

People send collections out of their own client, with the tokens they work with in them.
"""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "(hidden)"
_SECRET = re.compile(
    r"token|secret|passw|pwd|authorization|cookie|credential|signature|session|private"
    r"|(?:api|access|auth|subscription)[-_ ]?key",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(r"(?:urls?|uris?|path|ids?|type|format|expires|_at|_in|name)\Z", re.IGNORECASE)
_SAID = frozenset({"value", "example", "default", "x-example", "enum", "const"})
_USER = re.compile(r"(?<=://)[^/@\s?#]*@")
_QUERY = re.compile(r"(?<=[?&])([^=&#\s]{1,100})=[^&#\s]*")
_BEARER = re.compile(r"\b(Bearer|Basic|Token)\s+[^\s\"',]{6,}", re.IGNORECASE)
_PLACES = frozenset({"key", "in"})
"""What Postman calls the name of an API key, and where it goes."""


def is_secret(name: str) -> bool:
    """Whether what bears this name may be a secret: access_token, X-Api-Key, password; not tokenUrl, session_id."""
    return bool(_SECRET.search(name[:200])) and not _NO_SECRET.search(name[:200])


def hides(holder: Mapping[Any, Any], name: str) -> bool:
    """Whether what `holder` has under `name` may be a secret, by that name or by what the holder says it is."""
    if name == "body" or (name == "raw" and "mode" in holder) or is_secret(name):
        return True
    if name == "value" and "key" in holder:
        return holder["key"] not in _PLACES
    return name in _SAID and is_secret(str(holder.get("name", "")))


def without_secrets(text: str) -> str:
    """A text without what an address or a header in it would give away."""
    return _BEARER.sub(r"\1 " + HIDDEN, _QUERY.sub(r"\1=…", without_login(text)))


def without_login(address: str) -> str:
    """https://user:password@host → https://host."""
    return _USER.sub("", address)


def masked(rows: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """Example records with texts that may be secrets hidden, each still unlike the others."""
    return tuple({name: _masked(name, value, place) for name, value in row.items()} for place, row in enumerate(rows))


def _masked(name: str, value: Any, place: int) -> Any:
    """Records are small and no deeper than a document may be."""
    if isinstance(value, str) and is_secret(name):
        return f"hidden-{place + 1}"
    if isinstance(value, list):
        return [_masked(name, each, place) for each in value]
    return {key: _masked(key, each, place) for key, each in value.items()} if isinstance(value, dict) else value

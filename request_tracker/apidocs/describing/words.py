"""The words of names in a document: split, in the singular, cleaned of what must not reach a page."""

import re
from functools import lru_cache
from typing import Any

from request_tracker.rules import strangers
from request_tracker.rules.plurals import singular

HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
BREAK = re.compile(r"[^A-Za-z0-9]+")
VERSION = re.compile(r"v?\d+(?:[.-]\d+)*(?:(?:alpha|beta|rc|preview|p)\d*)?")
LONGEST = 400

CALLS = frozenset({"get", "list", "fetch", "all"})
"""First words of a segment that call for what comes behind them."""


@lru_cache(maxsize=60_000)
def words(name: str) -> tuple[str, ...]:
    """retentionPolicy_ID → retention, policy, id: lower case, split at humps and at all but letters and digits."""
    return tuple(word.lower() for word in BREAK.split(HUMP.sub(" ", name[:LONGEST])) if word)


@lru_cache(maxsize=60_000)
def stem(name: str) -> tuple[str, ...]:
    """The words of a name with the last one in the singular."""
    found = words(name)
    return (*found[:-1], singular(found[-1])) if found else ()


def is_plural(name: str) -> bool:
    """The last word of a name is a plural."""
    found = words(name)
    return bool(found) and singular(found[-1]) != found[-1]


def is_listing(name: str) -> bool:
    """A plural, or a name such as conversations.list."""
    found = words(name)
    return is_plural(name) or (len(found) > 1 and found[-1] == "list")


def uncalled(name: str) -> str:
    """users.list → users, reports:query → reports, getAllUsers → Users: what is called, not that it is."""
    text = name.split(":")[0].removesuffix(".list") or name
    found = words(text)
    at = next((at for at, word in enumerate(found) if word not in CALLS), 0)
    return "_".join(found[at:]) if at and is_plural(text) else text


def is_version(segment: str) -> bool:
    """A segment such as v1, v2.1, 2024 or v1beta1."""
    return VERSION.fullmatch(segment.lower()) is not None


def plain(text: Any, longest: int = 300) -> str:
    """A text of the document in one line without control and bidirectional characters, cut at `longest`."""
    if not isinstance(text, str | int | float) or isinstance(text, bool):
        return ""
    return strangers.plain(text, longest)

"""Webhooks out: which events there are, who wants which, and what a message may say: ids, never typed text."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from request_tracker.rules.evidence import EVIDENCE
from request_tracker.rules.phases import BY_NAME, CLOCKS
from request_tracker.rules.telling import SENTENCES
from request_tracker.rules.terms import Criterion, HoldReason, Outcome, Phase, Verdict

PING = "test.ping"
"""The kind of a message that an admin sends to try an address; nobody has to choose it."""
QUIET = frozenset({"comment.internal", "undo", "merge.in", "unmerge.out"})
"""Never told: internal notes; undoing, which takes back what was not told yet; the other case's view of a merge."""
MOST_PATTERNS = 50
LONGEST_URL = 2000
LONGEST_SAID = 300


@dataclass(frozen=True)
class Group:
    """Events that belong together, to be chosen at once. `patterns` as in `wants`."""

    key: str
    words: str
    patterns: tuple[str, ...]


GROUPS = (
    Group("moves", "A case moves from phase to phase", ("move.*",)),
    Group("requesters", "Requests come, go and change hands",
          ("submit", "join", "left", "returned", "promoted", "vacant*", "primary.*", "preview.*", "corrected")),
    Group("merging", "Cases are combined or taken apart", ("merge", "swap", "unmerge", "dismissed*")),
    Group("questions", "Questions, answers and comments", ("hold.*", "comment")),
    Group("work", "Evidence, assessment and who works on it",
          ("evidence*", "assessment", "assigned", "slots", "meeting.*", "minutes.*", "document*", "reminder",
           "tables.reviewed")),
    Group("connector", "The starter connector and its tables",
          ("starter.*", "access.*", "tables.*", "schedule.*", "role.*", "trial*")),
    Group("syncs", "Syncs", ("sync.*",)),
    Group("promises", "Promises at risk, broken or moved", ("clock.*", "promise.*")),
)  # fmt: skip


@dataclass(frozen=True)
class Matter:
    """The case of an event, as it is when the event is told."""

    number: str
    service_name: str
    phase: str
    outcome: str | None


@dataclass(frozen=True)
class Event:
    """`message_id` is equal at every attempt and replay. `data`: of the timeline entry, not yet sifted."""

    message_id: str
    kind: str
    at: datetime
    audience: str
    data: Mapping[str, Any]


def kinds() -> tuple[str, ...]:
    """Every kind that can be told, in alphabetical order."""
    return tuple(sorted({*SENTENCES, *(f"move.{name}" for name in BY_NAME)} - QUIET))


def wants(patterns: Iterable[str], kind: str) -> bool:
    """Whether one of the patterns fits the kind: by name, or up to its `*` at the end."""
    if kind in QUIET:
        return False
    return any(kind.startswith(each[:-1]) if each.endswith("*") else kind == each for each in patterns)


def unknown(patterns: Iterable[str]) -> tuple[str, ...]:
    """Those that fit no kind there is."""
    return tuple(each for each in patterns if not any(wants((each,), kind) for kind in kinds()))


def body_of(event: Event, matter: Matter | None) -> str:
    """The message: compact JSON, whose bytes are signed as they are."""
    told: dict[str, Any] = {
        "id": event.message_id,
        "type": event.kind,
        "created_at": event.at.isoformat(),
        "audience": event.audience,
    }
    if matter is not None:
        told["case"] = {
            "number": matter.number,
            "service_name": matter.service_name,
            "phase": matter.phase,
            "outcome": matter.outcome,
        }
    return json.dumps({**told, "data": sifted(event.data)}, ensure_ascii=False, separators=(",", ":"))


def sifted(data: Mapping[str, Any]) -> dict[str, Any]:
    """What of an entry's data may leave the house: numbers, instants, case numbers and words of our closed lists.

    Whatever a person may have typed (a name, an alias, a schema named after a service) is none of these.
    """
    found: dict[str, Any] = {}
    for name, value in data.items():
        if _NAME.fullmatch(name) and (kept := _kept(name, value)) is not _NOT_KEPT:
            found[name] = kept
    return found


def fault_of(url: str, *, this_machine: bool) -> str:
    """What is wrong with an address to post to, as a sentence; empty when nothing is. Names are judged when called."""
    try:
        parts, port = urlsplit(url), urlsplit(url).port
        host = parts.hostname or ""
    except ValueError:
        return "Enter an address like https://example.com/hooks"
    if port == 0 or not host or _ODD.search(url) or not url.isascii() or len(url) > LONGEST_URL:
        return f"Enter an address like https://example.com/hooks, of at most {LONGEST_URL} plain characters"
    if parts.username is not None or parts.password is not None:
        return "Take the name and the password out of the address: messages are signed instead"
    if parts.fragment:
        return "Take the part after # out of the address: it is never sent"
    if this_machine and _is_here(host) and parts.scheme in ("http", "https"):
        return ""
    if parts.scheme != "https":
        return "Use an address that begins with https://"
    return "Use an address that the internet can reach, not one of this machine" if _is_here(host) else ""


def said_of(answer: bytes) -> str:
    """The beginning of what a receiver answered, without control characters."""
    text = answer.decode("utf-8", "replace")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:LONGEST_SAID]


def _kept(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        fits = value in _VOCABULARY or _PLAIN.fullmatch(value) or (name == "connection" and _ID.fullmatch(value))
        return value if fits else _NOT_KEPT
    if isinstance(value, Mapping):
        return sifted(value)
    if isinstance(value, list | tuple):
        return [kept for each in value if (kept := _kept(name, each)) is not _NOT_KEPT]
    return _NOT_KEPT


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or host.endswith(".localhost") or ip_address(host).is_loopback
    except ValueError:
        return False


_NOT_KEPT = object()
_ODD = re.compile(r"[\s\x00-\x1f\x7f\\<>\"]")
_NAME = re.compile(r"[a-z0-9_]{1,40}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,60}")
_PLAIN = re.compile(
    r"LITE-\d{6,9}|REQ-\d{6,9}|\d\d:\d\d|\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?"
)
_VOCABULARY = frozenset(
    {
        *Phase, *Outcome, *HoldReason, *Criterion, *Verdict, *CLOCKS, *EVIDENCE,
        *(value for kind in EVIDENCE.values() for value in kind.values),
        *(f"move.{name}" for name in BY_NAME), *SENTENCES,
        "yes", "different", "related", "observation", "person", "auto", "manual", "paused", "rescheduled",
        "BLOCK_ALL", "ALLOW_COLUMNS", "ALLOW_ALL", "service_name", "service_url", "api_docs_url",
    }
)  # fmt: skip

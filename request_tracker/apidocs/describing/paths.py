"""Paths of operations taken apart: fixed segments, groups of parameters, shapes to compare by."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from request_tracker.apidocs.describing.words import is_version, stem, words

PARAMETER = re.compile(r"\{([^{}]*)\}")
ENDINGS = (".json", ".xml", ".csv")
UNSAID = frozenset({"api", "rest", "json"})


@dataclass(frozen=True)
class Segment:
    """One part of a path: its text, and the names of the parameters in it (none: it is fixed)."""

    text: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Parameters directly behind one another. `before`: the segments ahead of them, as `shape` writes them; `words`:
    those of the fixed segment ahead, its last word in the singular."""

    names: tuple[str, ...]
    before: tuple[str, ...]
    words: tuple[str, ...]


def climbs(path: str) -> bool:
    """A part of the path is . or .., in whatever spelling: whoever calls it ends up somewhere else."""
    return any(unquote(part) in (".", "..") for part in path.split("?")[0].split("/"))


@lru_cache(maxsize=40_000)
def segments(path: str) -> tuple[Segment, ...]:
    """The parts of a path without its query, /orders/{id}.json → orders, {id}."""
    texts = (part for text in path.split("?")[0].split("#")[0].split("/") for part in _keyed(text))
    return tuple(Segment(_without_ending(text), tuple(PARAMETER.findall(text))) for text in texts if text)


def ends_in_parameter(path: str) -> bool:
    """The last segment is a parameter."""
    parts = segments(path)
    return bool(parts) and bool(parts[-1].names)


@lru_cache(maxsize=40_000)
def last_fixed(path: str) -> str:
    """The last segment that is no parameter, "" without one."""
    return next((part.text for part in reversed(segments(path)) if not part.names), "")


def fixed(path: str) -> tuple[str, ...]:
    """The fixed segments, versions and `api` left out."""
    return tuple(part.text for part in segments(path) if not part.names and not _is_unsaid(part.text))


@lru_cache(maxsize=40_000)
def shape(path: str) -> tuple[str, ...]:
    """The path to compare by: fixed segments in the singular, {} for a parameter; `api`, versions and endings left
    out."""
    return tuple(_shown(part) for part in segments(path) if part.names or not _is_unsaid(part.text))


def groups(path: str) -> tuple[Group, ...]:
    """The groups of parameters of a path, from left to right."""
    found: list[Group] = []
    names: list[str] = []
    before: list[str] = []
    ahead: tuple[str, ...] = ()
    for part in (*segments(path), Segment("")):
        if part.names:
            names += part.names
            continue
        if names:
            found.append(Group(tuple(names), tuple(before), ahead))
            before += ["{}"] * len(names)
            names = []
        if not _is_unsaid(part.text):
            before.append(_shown(part))
        ahead = stem(part.text)
    return tuple(found)


def _keyed(text: str) -> tuple[str, ...]:
    """OData writes the key behind its list: Orders({key}) → Orders, ({key})."""
    name, opened, rest = text.partition("(")
    return (name, opened + rest) if name and "{" in rest and "{" not in name else (text,)


def _shown(part: Segment) -> str:
    return "{}" if part.names else "_".join(stem(part.text))


@lru_cache(maxsize=60_000)
def _is_unsaid(text: str) -> bool:
    return is_version(text) or "_".join(words(text)) in UNSAID


def _without_ending(text: str) -> str:
    return next((text[: -len(ending)] for ending in ENDINGS if text.endswith(ending) and text != ending), text)

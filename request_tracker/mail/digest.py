"""Letters that waited become one: grouped by the number their reader knows, each with what it says in short."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

SHOWN = 200
GIST = 320
_GREETING = re.compile(r"\ADear [^\n]*,\n+")
_NOT_THE_GIST = re.compile(r"\n+(?:This letter was written by By Request|Questions\? Write them|-- *\n).*\Z", re.DOTALL)


@dataclass(frozen=True)
class Item:
    """One letter that waited: what it was about, what it says in short, when it was written (aware UTC)."""

    number: str
    page: str
    subject: str
    gist: str
    at: datetime


@dataclass(frozen=True)
class Group:
    """What waited about one number, newest last."""

    number: str
    page: str
    items: tuple[Item, ...]


def grouped(items: Iterable[Item]) -> tuple[Group, ...]:
    """By number; the group something happened in first comes first."""
    in_order = sorted(items, key=lambda item: item.at)
    first: dict[str, datetime] = {}
    for item in in_order:
        first.setdefault(item.number, item.at)
    sets = groupby(sorted(in_order, key=lambda item: (first[item.number], item.number)), lambda item: item.number)
    return tuple(_group(number, tuple(found)) for number, found in sets)


def gist(text: str) -> str:
    """The first sentences of a letter's plain version, without its greeting and its frame: one line, shortened between
    words. Where they only announce somebody's words ("Ada wrote:") those follow."""
    body = _NOT_THE_GIST.sub("\n", _GREETING.sub("", text))
    paragraphs = [_flat(each) for each in re.split(r"\n{2,}", body)]
    said = [each for each in paragraphs if each]
    short = " ".join(said[:2]) if said and said[0].endswith(":") else (said or [""])[0]
    return short if len(short) <= GIST else short[: GIST - 1].rpartition(" ")[0].rstrip(",;:. ") + " …"


def _group(number: str, items: Sequence[Item]) -> Group:
    return Group(number, items[0].page, tuple(items))


def _flat(paragraph: str) -> str:
    """Without the marks of quotations and lists."""
    return " ".join(re.sub(r"^(?:>|- ) ?", "", line).strip() for line in paragraph.splitlines()).strip()

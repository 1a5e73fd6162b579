"""The pages of one list: where a page begins, what it holds, where the next one begins.

A position is a small dictionary that is saved in the state: {} is the first page, the others name a token, page, offset
or address. A list ends when a page is empty (where the source itself names the next one: when EMPTY_PAGES in a row
are), when a page or its next position repeats, and at a limit of pages.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from client import Answer, SourceError, joined
from records import value_at

MAX_PAGES = 10_000
EMPTY_PAGES = 10
"""Sources that sift a page after reading it answer with empty ones in the middle of a list."""
FORGOTTEN = frozenset((400, 404, 410, 422))
"""How sources answer a position that they no longer know."""
Position = dict[str, Any]
Ask = Callable[[Position], Answer]


@dataclass(frozen=True)
class Page:
    """`following` is None on the last page; `is_cut` when there may be more, but the limit of pages is reached."""

    position: Position
    records: list[Any]
    following: Position | None
    body: Any = None
    is_cut: bool = False


def pages(ask: Ask, table: Mapping[str, Any], start: Position) -> Iterator[Page]:
    """The pages from `start` on; from the beginning where the source does not know that position any more."""
    position, seen, before, count, empty = dict(start), set[str](), "", 0, 0
    while True:
        answer, position = _asked(ask, position, is_resumed=bool(start) and count == 0)
        _must_be_a_list(answer, table)
        found, count = records_in(answer.body, table["data_path"]), count + 1
        empty = 0 if found else empty + 1
        digest = _digest(found)
        if found and digest == before:
            return
        following = _following(table, position, answer, found)
        if following is not None and (_digest(following) in seen or empty > EMPTY_PAGES):
            following = None
        yield Page(position, found, following, answer.body, is_cut=following is not None and count >= MAX_PAGES)
        if following is None or count >= MAX_PAGES:
            return
        seen.add(_digest(following))
        position, before = following, digest


def records_in(body: Any, data_path: str) -> list[Any]:
    """The records of an answer: [] where there are none, one where there is an object in place of a list."""
    found = body if data_path in ("", "$") else value_at(body, data_path)
    if found is None:
        return []
    return list(found) if isinstance(found, list) else [found]


def _must_be_a_list(answer: Answer, table: Mapping[str, Any]) -> None:
    """A refusal with status 200, as GraphQL has them, must not look like an empty list: all rows would be taken for
    gone, and what was not read for read. Raises SourceError."""
    body, path = answer.body, table["data_path"]
    is_bare, key = path in ("", "$"), table["key_source"]
    if body is None or (is_bare and not isinstance(body, Mapping)):
        return
    where = urlsplit(answer.url).path[:200]
    if not isinstance(body, Mapping):
        raise SourceError(f"{where} answered in another shape than tables.py says: there is no {path[:100]}")
    found = (value_at(body, key) if key else body) if is_bare else value_at(body, path)
    if found is None and (body.get("error") or body.get("errors")):
        raise SourceError(f"{where} answered with an error in place of records")


def params_of(paging: Mapping[str, Any], position: Position) -> dict[str, str]:
    """The query parameters that ask for the page at a position (an address is asked for as it is)."""
    if "url" in position:
        return {}
    asked = {}
    if paging["size_param"] and paging["size"]:
        asked[paging["size_param"]] = str(paging["size"])
    if paging["style"] == "page":
        asked[paging["param"]] = str(position.get("page", paging["first"]))
    elif paging["style"] == "offset":
        asked[paging["param"]] = str(position.get("offset", 0))
    elif "token" in position:
        asked[paging["param"]] = str(position["token"])
    return {name: value for name, value in asked.items() if name}


def _asked(ask: Ask, position: Position, is_resumed: bool) -> tuple[Answer, Position]:
    try:
        return ask(position), position
    except SourceError as refusal:
        if not is_resumed or refusal.status not in FORGOTTEN:
            raise
    return ask({}), {}


def _following(table: Mapping[str, Any], position: Position, answer: Answer, found: list[Any]) -> Position | None:
    paging = table["paging"]
    style = STYLES.get(paging["style"])
    is_counted = paging["style"] in ("page", "offset")
    if style is None or (is_counted and not found) or _says_no_more(paging, answer.body):
        return None
    return style(table, position, answer, found)


def _says_no_more(paging: Mapping[str, Any], body: Any) -> bool:
    more = value_at(body, paging["more_path"]) if paging["more_path"] else None
    return more is False or more == 0 or (isinstance(more, str) and more.lower() in ("false", "no", "0"))


def _by_page(table: Mapping[str, Any], position: Position, answer: Answer, found: list[Any]) -> Position | None:
    read = position.get("read", 0) + len(found)
    page = position.get("page", table["paging"]["first"])
    if _is_all(table["paging"], answer.body, read, page):
        return None
    return {"page": page + 1, "read": read}


def _by_offset(table: Mapping[str, Any], position: Position, answer: Answer, found: list[Any]) -> Position | None:
    offset = position.get("offset", 0) + len(found)
    return None if _is_all(table["paging"], answer.body, offset, 0) else {"offset": offset}


def _by_cursor(table: Mapping[str, Any], position: Position, answer: Answer, found: list[Any]) -> Position | None:
    """The token of the answer; where there is none in it, the key of the last record (`starting_after`)."""
    paging = table["paging"]
    if paging["token_path"]:
        token = value_at(answer.body, paging["token_path"])
    else:
        token = value_at(found[-1], table["key_source"]) if table["key_source"] and found else None
    if isinstance(token, str) and token.startswith(("http://", "https://", "/", "?")):
        asked = parse_qs(urlsplit(token).query).get(paging["param"], [])
        token = asked[0] if asked else token
    if not isinstance(token, str | int) or isinstance(token, bool) or token in ("", 0):
        return None
    return {"token": token}


def _by_url(table: Mapping[str, Any], position: Position, answer: Answer, found: list[Any]) -> Position | None:
    """An address, whole or relative to the one asked; a bare token goes into the parameter, if there is one."""
    path = table["paging"]["token_path"]
    link = value_at(answer.body, path) if path else answer.next_link
    if isinstance(link, dict):
        link = link.get("href") or link.get("url")
    if not isinstance(link, str) or not link:
        return None
    if "/" not in link and "?" not in link:
        return {"token": link} if table["paging"]["param"] else None
    return {"url": joined(answer.url, link)}


def _by_link(table: Mapping[str, Any], position: Position, answer: Answer, found: list[Any]) -> Position | None:
    return {"url": joined(answer.url, answer.next_link)} if answer.next_link else None


def _is_all(paging: Mapping[str, Any], body: Any, read: int, page: int) -> bool:
    """Whether the answer's total is reached. A mere `count` may be the page's own, so only a total is believed."""
    path = paging["total_path"]
    total = value_at(body, path) if "total" in path.lower() else None
    # Some write 0 or -1 for "not counted", beside the records.
    if not isinstance(total, int) or isinstance(total, bool) or total <= 0:
        return False
    if "page" in path.lower():
        return bool(page >= total + paging["first"] - 1)
    return read >= total


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


STYLES: Mapping[str, Callable[[Mapping[str, Any], Position, Answer, list[Any]], Position | None]] = {
    "page": _by_page,
    "offset": _by_offset,
    "cursor": _by_cursor,
    "next_url": _by_url,
    "link_header": _by_link,
}
"""The other styles, `none` and `unclear`, have one page."""

"""How a list goes on after its first page: all the evidence in an operation, and the one style to implement."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from request_tracker.apidocs.describing.operations import Operation, Parameter
from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.describing.words import words
from request_tracker.apidocs.measuring import paging_words as known
from request_tracker.apidocs.measuring.envelopes import Leaf, leaves
from request_tracker.rules.vendor_api import Paging, PagingStyle

ORDER = (PagingStyle.NEXT_URL, PagingStyle.CURSOR, PagingStyle.LINK_HEADER, PagingStyle.PAGE, PagingStyle.OFFSET)
"""The safest to implement first."""

LARGEST = 1000
"""Rows asked for at once at most, whatever a document allows."""

NUMERIC = ("integer", "number", "")


@dataclass(frozen=True)
class _Asked:
    """A query parameter as it is asked with (`page[number]` for a property of an object called page)."""

    name: str
    words: tuple[str, ...]
    type: str
    format: str
    text: str
    schema: Any
    default: Any
    pointer: str


def paging(operation: Operation, schemas: Schemas, data_path: str) -> Paging:
    """How the list that `operation` answers with at `data_path` is paged. `styles`: all there is evidence for,
    ("none",) where there is none (also when only a page size can be asked for: `style` UNCLEAR). A cursor
    without `token_path` takes the key of the last record."""
    asked = _asked(operation, schemas)
    found = leaves(operation.answer, data_path, schemas)
    by_style = {PagingStyle.CURSOR: _cursor(asked), PagingStyle.PAGE: _page(asked), PagingStyle.OFFSET: _offset(asked)}
    address = _next_address(found)
    evidence = [style for style in ORDER if by_style.get(style) or _is_told(style, operation, address)]
    token = _token(found, by_style[PagingStyle.CURSOR])
    return _paging(operation, schemas, found, _chosen(evidence, token), evidence, by_style, address, token, asked)


def _is_told(style: PagingStyle, operation: Operation, address: str) -> bool:
    if style is PagingStyle.NEXT_URL:
        return bool(address)
    headers = operation.answer.headers if operation.answer else ()
    return style is PagingStyle.LINK_HEADER and any(str(header).lower() == "link" for header in headers)


def _chosen(evidence: Sequence[PagingStyle], token: str) -> PagingStyle:
    """The first, unless it is a cursor nothing answers with while another style needs no such guess."""
    others = [style for style in evidence if style is not PagingStyle.CURSOR]
    if evidence[:1] == [PagingStyle.CURSOR] and not token and others:
        return others[0]
    return evidence[0] if evidence else PagingStyle.NONE


def _paging(
    operation: Operation,
    schemas: Schemas,
    found: Sequence[Leaf],
    style: PagingStyle,
    evidence: Sequence[PagingStyle],
    by_style: dict[PagingStyle, _Asked | None],
    address: str,
    token: str,
    asked: Sequence[_Asked],
) -> Paging:
    sizes = [each for each in asked if each.words in known.SIZES and each.type in NUMERIC]
    sized = next(iter(sorted(sizes, key=lambda each: "page" not in each.words)), None)
    asks = by_style.get(style)
    paths = {PagingStyle.NEXT_URL: address, PagingStyle.CURSOR: token}
    return Paging(
        style=PagingStyle.UNCLEAR if style is PagingStyle.NONE and sized else style,
        styles=tuple(str(each) for each in evidence) or (str(PagingStyle.NONE),),
        param=asks.name if asks else "",
        token_path=paths.get(style, ""),
        more_path=_path(found, lambda leaf: leaf.words in known.MORE and leaf.kind in ("boolean", "")),
        total_path=_path(found, lambda leaf: leaf.words in known.TOTALS and leaf.kind in NUMERIC),
        size_param=sized.name if sized else "",
        size=_size(sized, schemas),
        first=_first(asks, style, schemas),
        pointers=_pointers(operation, style, asks, sized),
    )


def _path(found: Iterable[Leaf], is_it: Any) -> str:
    return next((leaf.path for leaf in found if is_it(leaf)), "")


def _pointers(operation: Operation, style: PagingStyle, *asked: _Asked | None) -> tuple[str, ...]:
    told = style in (PagingStyle.NEXT_URL, PagingStyle.LINK_HEADER) and operation.answer
    pointers = [each.pointer for each in asked if each and each.pointer]
    return tuple(dict.fromkeys([*([operation.answer.pointer] if told and operation.answer else []), *pointers]))


def _asked(operation: Operation, schemas: Schemas) -> tuple[_Asked, ...]:
    return tuple(each for parameter in operation.placed("query") for each in _expanded(parameter, schemas))


def _expanded(parameter: Parameter, schemas: Schemas) -> Iterable[_Asked]:
    """A parameter, or the properties of one that is an object (style deepObject), the usual spelling of page[size]."""
    inner = schemas.properties(parameter.schema) if parameter.type == "object" else {}
    text = parameter.description[:1000].lower()
    if not inner:
        yield _Asked(
            parameter.name, words(parameter.name), parameter.type, parameter.format.lower(), text, parameter.schema,
            parameter.default, parameter.pointer,
        )  # fmt: skip
    for name, node in list(inner.items())[:50]:
        full, form = f"{parameter.name}[{name}]", str(schemas.said(node, "format") or "").lower()
        default = schemas.said(node, "default")
        yield _Asked(full, words(full), schemas.kind(node), form, text, node, default, parameter.pointer)


def _cursor(asked: Sequence[_Asked]) -> _Asked | None:
    """The parameter that takes a token, the ones that go forward first; an opaque offset, start or skip too."""
    named = [each for each in asked if each.words in known.CURSORS and not _is_time(each, asked)]
    opaque = [each for each in asked if each.words in known.OPAQUE and each.type == "string"]
    rest = [each for each in opaque if not _is_time(each, asked)]
    pages = [each for each in asked if each.words in known.PAGES and each.type == "string" and _TOKEN.search(each.text)]
    return next(iter([*sorted(named, key=_goes_back), *rest, *pages]), None)


def _goes_back(each: _Asked) -> bool:
    return bool({"before", "max", "until"} & set(each.words))


def _page(asked: Sequence[_Asked]) -> _Asked | None:
    named = [each for each in asked if each.words in known.PAGES and each.type in (*NUMERIC, "string")]
    return next((each for each in named if each.type != "string" or not _TOKEN.search(each.text)), None)


def _offset(asked: Sequence[_Asked]) -> _Asked | None:
    named = [each for each in asked if each.words in known.OFFSETS and each.type in NUMERIC]
    return next((each for each in named if not _is_time(each, asked)), None)


def _is_time(each: _Asked, asked: Sequence[_Asked]) -> bool:
    """A start, from, after or before that is a date: its format or text says so, or it opens a span of time."""
    if each.format in known.TIME_FORMATS or (each.words in known.OFTEN_TIMES and _TIME.search(each.text)):
        return True
    others = {other.words for other in asked}
    spanned = any((end,) in others for start, end in known.SPANS if each.words == (start,))
    return spanned and not (each.type in ("integer", "number") and others & (known.SIZES | known.PAGES))


_TIME = re.compile(
    r"\b(dates?|time ?stamps?|datetime|unix|epoch|iso.?8601|rfc ?3339|yyyy|(start|end|event|utc|local) ?time)\b"
)
_TOKEN = re.compile(r"\b(cursor|token|opaque|continuation|previous response)\b")
_ADDRESS = re.compile(r"\b(urls?|uris?|link|hyperlink|href|address|endpoint)\b")


def _next_address(found: Sequence[Leaf]) -> str:
    """Where the answer holds the address of the next page, "" without one."""
    return _path(found, lambda leaf: _is_next(leaf) and leaf.kind in ("string", "") and _is_address(leaf))


def _is_next(leaf: Leaf) -> bool:
    said = leaf.words[1:] if leaf.words[:1] == ("odata",) else leaf.words
    if leaf.words in known.HREFS:
        return leaf.above[-1:] == ("next",) or leaf.above[-2:] == ("next", "page")
    return said in known.NEXT and not (said == ("next",) and leaf.above[-1:] == ("cursors",))


def _is_address(leaf: Leaf) -> bool:
    named = {"url", "uri", "link", "href"} & set(leaf.words) or {"link", "links"} & set(leaf.above)
    example = leaf.example if isinstance(leaf.example, str) else ""
    return bool(
        named or leaf.format in known.ADDRESS_FORMATS or _ADDRESS.search(leaf.text) or _LINK.match(example[:200])
    )


_LINK = re.compile(r"https?://|/[A-Za-z]")


def _token(found: Sequence[Leaf], cursor: _Asked | None) -> str:
    """Where the answer holds the token for the next page: called next_<parameter>, like a next token, or like the
    parameter itself; "" where the key of the last record serves."""
    if cursor is None:
        return ""
    plain = [leaf for leaf in found if leaf.kind in ("string", *NUMERIC) and not _looks_back(leaf)]
    own = cursor.words[-1:] if cursor.words[:1] == ("page",) and len(cursor.words) > 1 else cursor.words
    tests = (
        lambda leaf: leaf.words in (("next", *cursor.words), ("next", *own)),
        lambda leaf: leaf.words in known.NEXT_TOKENS,
        lambda leaf: leaf.words in (cursor.words, own) and leaf.words not in known.OPAQUE,
        lambda leaf: leaf.words in known.TOKENS or (leaf.words in known.CURSORS and "next" in leaf.above),
        lambda leaf: leaf.words == ("next",) and not _is_address(leaf),
    )
    return next((path for path in (_path(plain, test) for test in tests) if path), "")


def _looks_back(leaf: Leaf) -> bool:
    return bool({"prev", "previous", "before", "self", "first", "last"} & {*leaf.words, *leaf.above[-1:]})


def _size(sized: _Asked | None, schemas: Schemas) -> int | None:
    """The most that may be asked for at once where the document says so, else its default."""
    if sized is None:
        return None
    told = re.search(r"(?:max(?:imum)?|up to|between 1 and|1 ?[-\u2013] ?)\D{0,30}?(\d{1,6})\b", sized.text)
    sizes = (schemas.said(sized.schema, "maximum"), int(told[1]) if told else None, sized.default)
    whole = (int(each) for each in sizes if _is_number(each) and 1 <= each < 10**9)
    return min(next(whole, 0), LARGEST) or None


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _first(asks: _Asked | None, style: PagingStyle, schemas: Schemas) -> int:
    """The number of the first page (1 unless the document says 0) or the first offset (0 unless it says 1)."""
    usual = 0 if style is PagingStyle.OFFSET else 1
    if asks is None or style not in (PagingStyle.PAGE, PagingStyle.OFFSET):
        return 1
    said = (asks.default, schemas.said(asks.schema, "minimum"))
    number = next((int(each) for each in said if each in (0, 1) and not isinstance(each, bool)), None)
    if number is None and re.search(
        r"zero[- ]based|0[- ]based|(starts?|begins?)( at| with| from)? (0|zero)\b", asks.text
    ):
        return 0
    return usual if number is None else number

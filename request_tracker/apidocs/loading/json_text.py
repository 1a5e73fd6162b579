"""JSON to a plain tree: numbers that cannot be kept stay text, keys given twice are told."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from request_tracker.apidocs.loading import bounds, refusals
from request_tracker.apidocs.loading.refusals import Unreadable
from request_tracker.rules.vendor_api import Note

_LONGEST_NUMBER = 20
_LEAST, _MOST = -(2**63), 2**64 - 1
_MOST_TOLD = 20
_HALVES = r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
_CONTROLS = (
    r"\\(?:[bf]|u(?:00(?:0[0-8bceBCEfF]|1[0-9a-fA-F]|7[fF]|[89][0-9a-fA-F])"
    r"|200[eEfF]|202[a-eA-E]|206[6-9]|[fF][eE][fF]{2}|[fF]{3}[eEfF]))"
)
"""Controls and marks that turn the direction of writing: no database or page is to have them."""
_HALF = re.compile(rf"\\\\|{_HALVES}")
_ESCAPED = re.compile(rf"\\\\|{_HALVES}|{_CONTROLS}")
_MAY_BE_ESCAPED = re.compile(rf"{_HALVES}|{_CONTROLS}")


class NotJson(ValueError):
    """The text is no JSON; the message says where it stops being it."""


class _Twice(NamedTuple):
    where: dict[str, Any]
    key: str


def parse(text: str) -> tuple[Any, tuple[Note, ...]]:
    """The tree, bounded, and a note for each key given twice. Raises NotJson, or Unreadable where it is too much."""
    twice: list[_Twice] = []

    def as_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs) and len(twice) < _MOST_TOLD:
            twice.append(_Twice(made, _repeated(key for key, _ in pairs)))
        return made

    decoder = json.JSONDecoder(
        object_pairs_hook=as_dict, parse_int=whole, parse_float=broken, parse_constant=str, strict=False
    )
    try:
        tree = decoder.decode(_without_controls(text))
    except json.JSONDecodeError as fault:
        raise NotJson(f"in line {fault.lineno}, column {fault.colno}") from None
    except RecursionError:
        raise Unreadable(refusals.TOO_DEEP) from None
    bounds.check(tree)
    return tree, tuple(_told(tree, twice))


def whole(digits: str) -> int | str:
    """A whole number that 64 bits hold; longer ones stay text (Python refuses to read more than 4,300 digits)."""
    if len(digits) > _LONGEST_NUMBER + 1:
        return digits
    number = int(digits)
    return number if _LEAST <= number <= _MOST else digits


def broken(digits: str) -> float | str:
    """A number with a fraction; text where it is too large for one."""
    number = float(digits)
    return number if math.isfinite(number) else digits


def joined(text: str) -> str:
    r"""The text with `\ud83d\ude00` as the one character it is, and U+FFFD for halves (`\ud800`) that stand alone."""
    return _HALF.sub(_character, text) if "\\ud" in text or "\\uD" in text else text


def _without_controls(text: str) -> str:
    return _ESCAPED.sub(_character, text) if _MAY_BE_ESCAPED.search(text) else text


def _character(found: re.Match[str]) -> str:
    if found[0] == "\\\\":
        return found[0]
    if not found[1]:
        return "\ufffd"
    return chr(0x10000 + ((int(found[1], 16) - 0xD800) << 10) + (int(found[2], 16) - 0xDC00))


def _repeated(keys: Iterable[str]) -> str:
    seen: set[str] = set()
    return next(key for key in keys if key in seen or seen.add(key))  # type: ignore[func-returns-value]


def _told(tree: Any, twice: list[_Twice]) -> Iterable[Note]:
    wanted = {id(each.where): each.key for each in twice}
    places = [("", tree)] if wanted else []
    while places and wanted:
        pointer, node = places.pop()
        key = wanted.pop(id(node), None)
        if key is not None:
            yield note_twice(key, pointer)
        inside = node.items() if isinstance(node, dict) else enumerate(node)
        places.extend((step(pointer, k), each) for k, each in inside if isinstance(each, dict | list))


def note_twice(key: str, pointer: str) -> Note:
    return Note(f"“{key[:80]}” is given twice at the same place: the last one counts", step(pointer, key))


def step(pointer: str, key: object) -> str:
    """The JSON pointer one step further (RFC 6901), cut where a key is beyond reason."""
    return f"{pointer}/{str(key)[:200].replace('~', '~0').replace('/', '~1')}"[:2000]

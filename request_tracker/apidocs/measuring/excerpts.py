"""What stands at a place of a document, in a few lines: so that a reader checks a figure without opening the file."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from request_tracker.apidocs.describing.schemas import unescaped
from request_tracker.apidocs.measuring.secrets import HIDDEN, hides, without_secrets

MOST_LINES = 14
LONGEST = 100
LEVELS = 3


def excerpts(tree: Mapping[str, Any], pointers: Iterable[str]) -> dict[str, str]:
    """Up to fourteen lines a JSON pointer, in the manner of YAML, without secrets; pointers that lead nowhere are left
    out."""
    found = ((pointer, _at(tree, pointer)) for pointer in dict.fromkeys(pointers))
    return {pointer: _outline(node) for pointer, node in found if node is not None}


def _at(node: Any, pointer: str) -> Any:
    for word in map(unescaped, pointer.split("/")[1:]):
        if isinstance(node, Mapping):
            node = HIDDEN if word in node and hides(node, word) else node.get(word)
        elif isinstance(node, list) and word.isdecimal() and int(word) < len(node):
            node = node[int(word)]
        else:
            return None
    return node


def _outline(node: Any) -> str:
    """Lines are made one at a time and few are taken: a tree may be endless by its aliases."""
    lines: list[str] = []
    for line in _lines(node, 0):
        if len(lines) == MOST_LINES:
            return "\n".join([*lines, "…"])
        lines.append(line if len(line) <= LONGEST else f"{line[:LONGEST]}…")
    return "\n".join(lines)


def _lines(node: Any, level: int) -> Iterator[str]:
    if isinstance(node, Mapping):
        for name, below in node.items():
            yield from _under(f"{name}:", HIDDEN if hides(node, name) else below, level)
    elif isinstance(node, list):
        for below in node:
            yield from _item(below, level)
    else:
        yield _plain(node)


def _under(start: str, below: Any, level: int) -> Iterator[str]:
    indent = "  " * level
    if not isinstance(below, Mapping | list):
        yield f"{indent}{start} {_plain(below)}"
    elif not below or level + 1 == LEVELS:
        yield f"{indent}{start} {'…' if below else 'nothing'}"
    else:
        yield f"{indent}{start}"
        yield from _lines(below, level + 1)


def _item(below: Any, level: int) -> Iterator[str]:
    """An item of a list: its first line beside the dash."""
    if not isinstance(below, Mapping) or not below or level + 1 == LEVELS:
        yield from _under("-", below, level)
        return
    for index, line in enumerate(_lines(below, level + 1)):
        yield line if index else f"{'  ' * level}- {line.lstrip()}"


def _plain(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return without_secrets(" ".join(text[: 5 * LONGEST].split()))

"""How big and how deep a document may be, counted without recursion before anything else walks it."""

from typing import Any

from request_tracker.apidocs.loading import refusals
from request_tracker.apidocs.loading.refusals import Unreadable

MOST_BYTES = 20_000_000
MOST_NODES = 2_000_000
DEEPEST = 200


def check(tree: Any) -> None:
    """Raises Unreadable where a tree without shared parts is too deep or too big. Goes level by level: O(nodes)."""
    level, depth, nodes = [tree], 0, 1
    while level:
        depth += 1
        inside = [each for node in level for each in _inside(node)]
        nodes += len(inside)
        check_depth(depth)
        check_nodes(nodes)
        level = [each for each in inside if isinstance(each, dict | list)]


def check_depth(depth: int) -> None:
    if depth > DEEPEST:
        raise Unreadable(refusals.TOO_DEEP)


def check_nodes(nodes: int) -> None:
    if nodes > MOST_NODES:
        raise Unreadable(refusals.TOO_MANY)


def _inside(node: Any) -> Any:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()

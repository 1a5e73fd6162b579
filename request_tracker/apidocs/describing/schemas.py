"""The schemas of a document, asked one at a time: nothing is inlined, no reference leaves the document.

A node is a raw mapping of the document (or anything else, for documents are wrong in every way: then it says nothing).
All answers are remembered by the node's identity, so loops and references that fan out cost each node once.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

Answered = TypeVar("Answered")

LEVELS = 8
"""How deep allOf, oneOf and anyOf are followed."""

HOPS = 50
"""How many references in a row are followed."""

PARTS = 1_000
"""How many members of allOf, oneOf and anyOf are looked at for one schema."""

UNIONS = ("allOf", "oneOf", "anyOf")


class Schemas:
    """Answers questions about the schemas of one document (`tree`: the whole document, or {} for none)."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._tree = tree
        self._targets: dict[str, Any] = {}
        self._pointers: dict[int, tuple[Any, str]] = {}
        self._parts: dict[int, tuple[Any, tuple[Mapping[str, Any], ...]]] = {}
        self._properties: dict[int, tuple[Any, Mapping[str, Any]]] = {}
        self._kinds: dict[int, tuple[Any, str]] = {}
        self._answers: dict[tuple[str, int], tuple[Any, Any]] = {}

    def resolve(self, node: Any) -> Mapping[str, Any]:
        """The node behind a chain of references, the node itself without one; {} for loops, outside and dangling
        references and for what is no mapping. Nodes below it stay unresolved."""
        for _ in range(HOPS):
            if not isinstance(node, dict | Mapping):
                return {}
            reference = node.get("$ref")
            if not isinstance(reference, str):
                return node
            node = self.target(reference)
        return {}

    def target(self, reference: str) -> Any:
        """What a reference such as #/components/schemas/Invoice points at in this document; None for nothing."""
        if reference not in self._targets:
            found = self._look_up(reference) if reference.startswith("#") else None
            self._targets[reference] = found
            if isinstance(found, Mapping):
                self._pointers.setdefault(id(found), (found, reference[1:]))
        return self._targets[reference]

    def name(self, node: Any) -> str:
        """The name of the schema a node refers to or is (the last word of its reference), "" where unknown."""
        if isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
            return unescaped(str(node["$ref"]).rsplit("/", 1)[-1])
        return unescaped(self.pointer(node).rsplit("/", 1)[-1])

    def pointer(self, node: Any) -> str:
        """The JSON pointer of a node that was reached through a reference, "" where unknown."""
        known = self._pointers.get(id(node))
        return known[1] if known else ""

    def parts(self, node: Any) -> tuple[Mapping[str, Any], ...]:
        """The node, resolved, and everything it is made of by allOf, oneOf and anyOf, outermost first, each once."""
        known = self._parts.get(id(node))
        if known is None:
            whole = self.resolve(node)
            known = self._parts.get(id(whole)) or (whole, tuple(self._walked(whole)))
            self._parts[id(whole)] = known
            self._parts[id(node)] = (node, known[1])
        return known[1]

    def kind(self, node: Any) -> str:
        """array, object, string, integer, number, boolean, file or "" when nothing says so; null is passed over."""
        known = self._kinds.get(id(node))
        if known is None:
            known = (node, next((kind for kind in map(_own_kind, self.parts(node)) if kind), ""))
            self._kinds[id(node)] = known
        return known[1]

    def properties(self, node: Any) -> Mapping[str, Any]:
        """The properties of an object, flattened over its parts, by name: raw nodes, the first one of a name wins
        unless it says nothing."""
        known = self._properties.get(id(node))
        if known is None:
            whole = self.resolve(node)
            known = self._properties.get(id(whole)) or (whole, self._gathered(whole))
            self._properties[id(whole)] = known
            self._properties[id(node)] = (node, known[1])
        return known[1]

    def items(self, node: Any) -> Any:
        """The raw node of an array's elements; None for what is no array, {} for an array of anything."""
        arrays = [part for part in self.parts(node) if _own_kind(part) == "array"]
        return next((_element(part) for part in arrays if _element(part)), {}) if arrays else None

    def is_free_form(self, node: Any) -> bool:
        """An object without properties, or with additionalProperties other than false."""
        return self.kind(node) == "object" and (not self.properties(node) or self.is_map(node))

    def is_map(self, node: Any) -> bool:
        """An object that says it takes further properties (additionalProperties other than false)."""
        return any(part.get("additionalProperties", False) is not False for part in self.parts(node))

    def required(self, node: Any) -> frozenset[str]:
        """The names of the properties an object must have."""
        named = (part.get("required") for part in self.parts(node))
        return frozenset(name for names in named if isinstance(names, list) for name in names if isinstance(name, str))

    def said(self, node: Any, key: str) -> Any:
        """The first value of a keyword (format, description, enum, example, default …) on the node or one of its
        parts, None without one. What stands beside a reference counts first."""
        if isinstance(node, Mapping) and node.get(key) is not None:
            return node[key]
        return next((part[key] for part in self.parts(node) if part.get(key) is not None), None)

    def once(self, question: str, node: Any, answer: Callable[[], Answered]) -> Answered:
        """The answer to a question about a node, asked only once: many lists may hold the same wide records."""
        known = self._answers.get((question, id(node)))
        if known is None:
            known = (node, answer())
            self._answers[question, id(node)] = known
        said: Answered = known[1]
        return said

    def at(self, node: Any, path: str) -> Any:
        """The raw node below an object by a path with dots between names, None where there is none. "$": the node."""
        for name in () if path in ("", "$") else path.split("."):
            node = self.properties(node).get(name)
        return node

    def _walked(self, node: Any) -> Iterator[Mapping[str, Any]]:
        seen: set[int] = set()
        level: list[Any] = [node]
        looked_at = 0
        for _ in range(LEVELS + 1):
            below: list[Any] = []
            for part in map(self.resolve, level[: PARTS - looked_at]):
                if part and id(part) not in seen:
                    seen.add(id(part))
                    yield part
                    if len(below) < PARTS:
                        below += [member for union in UNIONS for member in _listed(part.get(union))]
            looked_at += len(level)
            if looked_at >= PARTS:
                return
            level = below

    def _gathered(self, node: Any) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for part in self.parts(node):
            own = part.get("properties")
            for name, below in own.items() if isinstance(own, Mapping) else ():
                if not found.get(name):
                    found[name] = below if isinstance(below, Mapping) else {}
        return found

    def _look_up(self, reference: str) -> Any:
        node: Any = self._tree
        for word in reference[1:].split("/")[1:]:
            node = _step(node, unescaped(word))
        return node


def unescaped(word: str) -> str:
    """A word of a JSON pointer as the name it stands for (also where it was written for an address)."""
    for escaped, plain in (("%7B", "{"), ("%7D", "}"), ("%20", " "), ("%24", "$"), ("~1", "/"), ("~0", "~")):
        word = word.replace(escaped, plain)
    return word


def escaped(name: str) -> str:
    """A name as a word of a JSON pointer."""
    return str(name).replace("~", "~0").replace("/", "~1")


def _own_kind(part: Mapping[str, Any]) -> str:
    types = part.get("type")
    for kind in types if isinstance(types, list) else [types]:
        if isinstance(kind, str) and kind != "null":
            return kind
    return _implied(part)


def _implied(part: Mapping[str, Any]) -> str:
    if isinstance(part.get("properties"), Mapping) or "additionalProperties" in part:
        return "object"
    if "items" in part:
        return "array"
    values = part.get("enum")
    return "string" if isinstance(values, list) and values and isinstance(values[0], str) else ""


def _element(part: Mapping[str, Any]) -> Any:
    element = part.get("items")
    if not element and isinstance(part.get("prefixItems"), list):
        element = part["prefixItems"]
    return (element[0] if element else {}) if isinstance(element, list) else element


def _listed(members: Any) -> list[Any]:
    return members if isinstance(members, list) else []


def _step(node: Any, word: str) -> Any:
    if isinstance(node, Mapping):
        return node.get(word)
    if isinstance(node, list) and word.isascii() and word.isdigit() and len(word) < 7:
        return node[int(word)] if int(word) < len(node) else None
    return None

"""The types of a GraphQL schema in one small shape, out of SDL or introspection; what is no plain name is left out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError, language
from graphql.language import ast

NAME = re.compile(r"[A-Za-z][_0-9A-Za-z]{0,99}")
"""A name of GraphQL without the leading underscores of its own machinery, of a sensible length."""

TOKENS = 1_000_000
TYPES = 20_000
FIELDS = 2_000
WRAPS = 8
"""How many times a type may be wrapped as a list or as required."""


class NotGraphQL(Exception):
    """The text is no GraphQL schema; the message says where it stops making sense."""


@dataclass(frozen=True)
class Type:
    """A reference to a type: `written` as a schema writes it ([ID!]!), `name` without its wrappings."""

    name: str
    written: str
    is_list: bool = False
    is_required: bool = False


@dataclass(frozen=True)
class Argument:
    """`has_default`: it may be left out though its type is required."""

    name: str
    type: Type
    has_default: bool = False
    description: str = ""

    @property
    def is_needed(self) -> bool:
        return self.type.is_required and not self.has_default


@dataclass(frozen=True)
class Field:
    name: str
    type: Type
    arguments: tuple[Argument, ...] = ()
    description: str = ""
    is_deprecated: bool = False


@dataclass
class Graph:
    """`objects` by name, each with its fields by name; `plain`: scalars and enums that the schema defines."""

    query: str = "Query"
    mutation: str = "Mutation"
    objects: dict[str, dict[str, Field]] = field(default_factory=dict)
    plain: set[str] = field(default_factory=set)


def from_sdl(text: str) -> Graph:
    """Raises NotGraphQL, and RecursionError for what is nested too deep."""
    try:
        document = language.parse(text, no_location=True, max_tokens=TOKENS)
    except GraphQLError as fault:
        where = fault.locations[0].line if fault.locations else 0
        raise NotGraphQL(f"in line {where}" if where else "somewhere") from None
    graph = Graph()
    for node in document.definitions:
        if isinstance(node, ast.SchemaDefinitionNode | ast.SchemaExtensionNode):
            _take_roots(graph, {each.operation.value: each.type.name.value for each in node.operation_types or ()})
        elif isinstance(node, ast.ScalarTypeDefinitionNode | ast.EnumTypeDefinitionNode):
            graph.plain.add(node.name.value)
        elif isinstance(node, _OBJECTS) and len(graph.objects) < TYPES:
            _add(graph, node.name.value, (_of_ast(each) for each in node.fields or ()))
    return graph


_OBJECTS = (
    ast.ObjectTypeDefinitionNode, ast.ObjectTypeExtensionNode,
    ast.InterfaceTypeDefinitionNode, ast.InterfaceTypeExtensionNode,
)  # fmt: skip


def from_introspection(tree: Any) -> Graph:
    """The answer to an introspection query, from `__schema` on; places of a wrong type are left out."""
    tree = _mapping(tree)
    schema = _mapping(tree.get("__schema") or _mapping(tree.get("data")).get("__schema"))
    graph = Graph()
    _take_roots(graph, {kind: str(_mapping(schema.get(f"{kind}Type")).get("name")) for kind in ("query", "mutation")})
    for node in map(_mapping, _listed(schema.get("types"))[:TYPES]):
        name, kind = str(node.get("name")), node.get("kind")
        if kind in ("SCALAR", "ENUM"):
            graph.plain.add(name)
        elif kind in ("OBJECT", "INTERFACE"):
            _add(graph, name, (_of_answer(_mapping(each)) for each in _listed(node.get("fields"))))
    return graph


def _take_roots(graph: Graph, roots: Mapping[str, str]) -> None:
    graph.query = roots.get("query") or graph.query
    graph.mutation = roots.get("mutation") or graph.mutation


def _add(graph: Graph, name: str, fields: Iterator[Field | None]) -> None:
    known = graph.objects.setdefault(name, {}) if NAME.fullmatch(name) else {}
    for found in fields:
        if found is not None and len(known) < FIELDS:
            known.setdefault(found.name, found)


def _of_ast(node: ast.FieldDefinitionNode) -> Field | None:
    if not NAME.fullmatch(node.name.value):
        return None
    return Field(
        node.name.value,
        _type_of_ast(node.type),
        tuple(_argument_of_ast(each) for each in node.arguments or () if NAME.fullmatch(each.name.value)),
        node.description.value[:2000] if node.description else "",
        any(each.name.value == "deprecated" for each in node.directives or ()),
    )


def _argument_of_ast(node: ast.InputValueDefinitionNode) -> Argument:
    text = node.description.value[:2000] if node.description else ""
    return Argument(node.name.value, _type_of_ast(node.type), node.default_value is not None, text)


def _type_of_ast(node: Any) -> Type:
    wraps: list[str] = []
    while isinstance(node, ast.NonNullTypeNode | ast.ListTypeNode) and len(wraps) < WRAPS:
        wraps.append("NON_NULL" if isinstance(node, ast.NonNullTypeNode) else "LIST")
        node = node.type
    return _wrapped(node.name.value if isinstance(node, ast.NamedTypeNode) else "", wraps)


def _of_answer(node: Mapping[str, Any]) -> Field | None:
    name = str(node.get("name") or "")
    if not NAME.fullmatch(name):
        return None
    arguments = [_mapping(each) for each in _listed(node.get("args"))[:100]]
    return Field(
        name,
        _type_of_answer(node.get("type")),
        tuple(_argument_of_answer(each) for each in arguments if NAME.fullmatch(str(each.get("name") or ""))),
        str(node.get("description") or "")[:2000],
        node.get("isDeprecated") is True,
    )


def _argument_of_answer(node: Mapping[str, Any]) -> Argument:
    text = str(node.get("description") or "")[:2000]
    return Argument(
        str(node.get("name") or ""), _type_of_answer(node.get("type")), node.get("defaultValue") is not None, text
    )


def _type_of_answer(node: Any) -> Type:
    wraps: list[str] = []
    node = _mapping(node)
    while node.get("kind") in ("NON_NULL", "LIST") and len(wraps) < WRAPS:
        wraps.append(str(node["kind"]))
        node = _mapping(node.get("ofType"))
    return _wrapped(str(node.get("name") or ""), wraps)


def _wrapped(name: str, wraps: list[str]) -> Type:
    """`wraps`: from the outside in. A name that is none of GraphQL's makes a type that is nowhere."""
    written = name = name if NAME.fullmatch(name) else ""
    for wrap in reversed(wraps):
        written = f"{written}!" if wrap == "NON_NULL" else f"[{written}]"
    return Type(name, written, "LIST" in wraps, wraps[:1] == ["NON_NULL"])


def _mapping(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, Mapping) else {}


def _listed(node: Any) -> list[Any]:
    return node if isinstance(node, list) else []

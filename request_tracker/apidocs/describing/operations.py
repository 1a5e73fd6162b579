"""One shape for what a document describes, whatever its format: operations with parameters and an answer.

`openapi` and `postman` make a Description out of a loaded document; `collected`, `nesting`, `paging`, `changes` and the
others read it. Schemas stay the raw nodes of the document: ask `Schemas` about them, never the nodes themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.rules.vendor_api import Note

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""What makes an operation of a path, in lower case."""

Node = Mapping[str, Any]
"""A mapping of the document: any of its values may be of any type."""

NOTHING: Node = MappingProxyType({})


@dataclass(frozen=True)
class Parameter:
    """`place`: path, query, header, cookie, or body and formData of 2.0. `type` and `format` as the schema says ("" if
    it does not); of an array the type is "array". `values`: the closed list (enum, or one const), as text. `default`
    and `example` are JSON values or None. `schema` is the raw node (2.0: the parameter itself)."""

    name: str
    place: str
    is_required: bool = False
    type: str = ""
    format: str = ""
    description: str = ""
    values: tuple[str, ...] = ()
    default: Any = None
    example: Any = None
    is_deprecated: bool = False
    schema: Node = field(default_factory=lambda: NOTHING)
    pointer: str = ""


@dataclass(frozen=True)
class Answer:
    """The success response: the first there is of 200, 2XX, 201, 202, 203, 206, default. `schema`: the raw node, None
    without one. `example`: the first example as a JSON value (a JSON text inside a string is read), None without one.
    `is_json`: it has a JSON media type, or none is named; a file (PDF, CSV, image) is not."""

    status: str
    media_type: str = ""
    schema: Node | None = None
    example: Any = None
    headers: tuple[str, ...] = ()
    description: str = ""
    is_json: bool = True
    is_inferred: bool = False
    """There was no schema: `schema` was made from the example (`inferred.schema_of`)."""
    pointer: str = ""


@dataclass(frozen=True)
class Operation:
    """A path and a method (lower case). `answer` is None when no success response is described (`statuses` are all
    that are). `body_schema`: the raw node of the request body, `body_example` likewise. `security`: as written at the
    operation, None when it says nothing (the document's own holds). `raw`: the node itself."""

    path: str
    method: str
    id: str = ""
    summary: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    is_deprecated: bool = False
    parameters: tuple[Parameter, ...] = ()
    answer: Answer | None = None
    statuses: tuple[str, ...] = ()
    body_schema: Node | None = None
    body_example: Any = None
    security: tuple[Node, ...] | None = None
    callbacks: int = 0
    is_outside: bool = False
    """The operation is a reference to another file, so nothing is known of it."""
    raw: Node = field(default_factory=lambda: NOTHING)
    pointer: str = ""

    def placed(self, place: str) -> tuple[Parameter, ...]:
        """The parameters in that place (path, query, header, cookie), in the document's order."""
        return tuple(parameter for parameter in self.parameters if parameter.place == place)


@dataclass(frozen=True)
class Description:
    """A document read. `kind` as in Analysis. `schemes`: declared ways to sign in by name, raw (securitySchemes,
    securityDefinitions; a Postman auth block as {"type": ..., ...}); `security`: what the document asks for by default.
    `external_refs`: references to other files or addresses, never followed; `dangling_refs`: those to nothing."""

    kind: str
    title: str = ""
    version: str = ""
    summary: str = ""
    base_urls: tuple[str, ...] = ()
    schemes: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))
    security: tuple[Node, ...] = ()
    operations: tuple[Operation, ...] = ()
    schemas: Schemas = field(default_factory=lambda: Schemas({}))
    webhooks: int = 0
    callbacks: int = 0
    webhook_paths: int = 0
    external_refs: int = 0
    dangling_refs: int = 0
    document: Node = field(default_factory=lambda: NOTHING)
    warnings: tuple[Note, ...] = ()

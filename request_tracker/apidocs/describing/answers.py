"""Parameters and success responses as the document has them, for OpenAPI 2.0 and 3.x."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from request_tracker.apidocs.describing.inferred import schema_of
from request_tracker.apidocs.describing.operations import NOTHING, Answer, Node, Parameter
from request_tracker.apidocs.describing.schemas import Schemas, escaped
from request_tracker.apidocs.describing.words import plain

SUCCESSES = ("200", "2XX", "201", "202", "203", "206", "default")
MOST_VALUES = 200
LONGEST_JSON = 200_000
LONGEST_NAME = 300


def parameter(node: Any, schemas: Schemas, pointer: str) -> Parameter | None:
    """A parameter of a path or an operation, None when it has no name or no place."""
    found = schemas.resolve(node)
    name, place = found.get("name"), found.get("in")
    if not isinstance(name, str) or not isinstance(place, str) or not is_usable(name):
        return None
    schema = _schema_of_parameter(found, schemas)
    return Parameter(
        name=name,
        place=place,
        is_required=found.get("required") is True or place == "path",
        type=schemas.kind(schema),
        format=_text(schemas.said(schema, "format")),
        description=plain(found.get("description") or schemas.said(schema, "description"), 1_000),
        values=_values(schema, schemas),
        default=schemas.said(schema, "default"),
        example=_first(found.get("example"), _example_among(found.get("examples"), schemas), schemas, schema),
        is_deprecated=found.get("deprecated") is True,
        schema=schema,
        pointer=schemas.pointer(found) or pointer,
    )


def answer(responses: Any, schemas: Schemas, pointer: str, produces: Sequence[str] = ()) -> Answer | None:
    """The success response of an operation; `produces`: the media types 2.0 names for it."""
    named = _by_status(schemas.resolve(responses))
    status = next((status for status in SUCCESSES if status in named), "")
    found = schemas.resolve(named.get(status))
    if not found:
        return Answer(status=status, pointer=f"{pointer}/{status}") if status and status != "default" else None
    headers = schemas.resolve(found.get("headers"))
    said = {
        "status": status,
        "headers": tuple(str(name) for name in headers),
        "description": plain(found.get("description")),
        "pointer": schemas.pointer(found) or f"{pointer}/{escaped(status)}",
    }
    content = found.get("content")
    return _of_content(content, schemas, said) if content is not None else _of_2(found, schemas, said, produces)


def body(node: Any, schemas: Schemas) -> tuple[Node | None, Any]:
    """The schema and the example of a 3.x request body."""
    content = schemas.resolve(schemas.resolve(node).get("content"))
    for _, media in sorted(content.items(), key=lambda item: not is_json(str(item[0]))):
        found = schemas.resolve(media)
        return _mapping(found.get("schema")), _media_example(found, schemas)
    return None, None


def is_usable(name: str) -> bool:
    """A name that can be sent and shown: not empty, not endless, without controls and marks that turn the writing."""
    return bool(name.strip()) and len(name) <= LONGEST_NAME and name.isprintable()


def is_json(media_type: str) -> bool:
    """application/json, a +json type, or one that leaves it open (also what is no media type at all)."""
    kind = media_type.split(";")[0].strip().lower()
    return "/" not in kind or kind in {"*/*", "application/*"} or kind.endswith(("/json", "+json", "-json"))


def _of_content(content: Any, schemas: Schemas, said: dict[str, Any]) -> Answer:
    kinds = schemas.resolve(content)
    ranked = sorted(kinds.items(), key=lambda item: (not is_json(str(item[0])), not _has_schema(item[1], schemas)))
    if not ranked:
        return Answer(**said)
    media_type, media = str(ranked[0][0]), schemas.resolve(ranked[0][1])
    return _with_schema(media.get("schema"), _media_example(media, schemas), media_type, schemas, said)


def _of_2(found: Node, schemas: Schemas, said: dict[str, Any], produces: Sequence[str]) -> Answer:
    examples = schemas.resolve(found.get("examples"))
    named = next((value for kind, value in examples.items() if is_json(str(kind))), None)
    media_type = next((kind for kind in produces if is_json(kind)), produces[0] if produces else "")
    return _with_schema(found.get("schema"), read_json(named), media_type, schemas, said)


def _with_schema(schema: Any, example: Any, media_type: str, schemas: Schemas, said: dict[str, Any]) -> Answer:
    node = _mapping(schema)
    is_empty = node is None or not (node if "$ref" in node else schemas.resolve(node))
    is_inferred = is_empty and isinstance(example, Mapping | list)
    return Answer(
        **said,
        media_type=media_type,
        schema=schema_of(example) if is_inferred else node,
        example=example,
        is_json=is_json(media_type) and schemas.kind(node) != "file",
        is_inferred=is_inferred,
    )


def _schema_of_parameter(found: Node, schemas: Schemas) -> Node:
    schema = _mapping(found.get("schema"))
    if schema is not None:
        return schema
    content = schemas.resolve(found.get("content"))
    media = next((schemas.resolve(media) for media in content.values()), NOTHING)
    return _mapping(media.get("schema")) or (found if "type" in found else NOTHING)


def _values(schema: Node, schemas: Schemas) -> tuple[str, ...]:
    values = schemas.said(schema, "enum")
    if values is None and schemas.kind(schema) == "array":
        values = schemas.said(schemas.items(schema), "enum")
    if not isinstance(values, list):
        const = schemas.said(schema, "const")
        values = [] if const is None else [const]
    written = [_written(value) for value in values[:MOST_VALUES] if isinstance(value, str | int | float)]
    return tuple(value for value in written if len(value) <= LONGEST_NAME and value.isprintable())


def _written(value: str | int | float) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _first(own: Any, among: Any, schemas: Schemas, schema: Node) -> Any:
    if own is not None:
        return own
    if among is not None:
        return among
    examples = schemas.said(schema, "examples")
    return examples[0] if isinstance(examples, list) and examples else schemas.said(schema, "example")


def _media_example(media: Node, schemas: Schemas) -> Any:
    if media.get("example") is not None:
        return read_json(media["example"])
    return read_json(_example_among(media.get("examples"), schemas))


def _example_among(examples: Any, schemas: Schemas) -> Any:
    return next(_values_of(examples, schemas), None)


def _values_of(examples: Any, schemas: Schemas) -> Iterator[Any]:
    """3.x examples are a mapping of {value: …}; 3.1 schemas have plain lists."""
    if isinstance(examples, list):
        yield from examples[:1]
    for named in schemas.resolve(examples).values():
        value = schemas.resolve(named).get("value")
        if value is not None:
            yield value


def read_json(example: Any) -> Any:
    """An example as a JSON value: a text that holds JSON is read, anything else stays what it is."""
    if not isinstance(example, str) or example.lstrip()[:1] not in ("{", "[") or len(example) > LONGEST_JSON:
        return example
    try:
        return json.loads(example)
    except (ValueError, RecursionError):
        return example


def _by_status(responses: Node) -> dict[str, Any]:
    return {status if status == "default" else status.upper(): found for status, found in _items(responses)}


def _items(mapping: Node) -> Iterator[tuple[str, Any]]:
    return ((str(name), value) for name, value in mapping.items())


def _has_schema(media: Any, schemas: Schemas) -> bool:
    return bool(schemas.resolve(media).get("schema"))


def _mapping(node: Any) -> Node | None:
    return node if isinstance(node, Mapping) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""

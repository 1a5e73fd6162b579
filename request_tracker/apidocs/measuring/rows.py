"""The lists of a document with all that was found out about each of them, in one place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from request_tracker.apidocs.describing.operations import Description, Operation
from request_tracker.apidocs.describing.paths import groups, last_fixed, segments, shape
from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.describing.words import stem, words
from request_tracker.apidocs.measuring import changes, custom, paging, records
from request_tracker.apidocs.measuring.collected import Listed
from request_tracker.apidocs.measuring.nesting import Nest
from request_tracker.apidocs.measuring.records import Record
from request_tracker.rules.vendor_api import Change, ChangeKind, Collection, Paging

UPDATES = (ChangeKind.BOTH, ChangeKind.FILTER, ChangeKind.FIELD)
NAMED_COLUMNS = 3
INNER_KEYS = ("id", "uuid", "gid", "sid", "key")
KEEPERS = frozenset({("metadata",), ("meta",), ("sys",)})
"""Objects in which a record may keep what it is known by."""
KEPT_KEYS = ("id", "uid", "uuid")


@dataclass(frozen=True)
class Row:
    """One list. `record` is None when the document does not show one; `key`: the source of its own key, "" without."""

    listed: Listed
    nest: Nest
    record: Record | None
    paging: Paging
    change: Change
    key: str = ""
    is_open: bool = False
    has_custom_fields: bool = False
    is_wholly_custom: bool = False

    @property
    def path(self) -> str:
        return self.listed.path

    @property
    def operation(self) -> Operation:
        return self.listed.operation

    @property
    def is_typed(self) -> bool:
        return self.listed.is_typed and self.record is not None and self.record.is_typed

    @property
    def is_named(self) -> bool:
        """At least three columns have names."""
        return self.record is not None and len(self.record.fields) >= NAMED_COLUMNS

    @property
    def filters(self) -> tuple[str, ...]:
        return self.change.filters if self.change.kind in UPDATES else ()

    @property
    def fields(self) -> tuple[str, ...]:
        return self.change.fields if self.change.kind in UPDATES else ()


def rows(
    description: Description,
    found: Sequence[Listed],
    nests: Mapping[str, Nest],
    on_step: Callable[[str], None] | None = None,
) -> tuple[Row, ...]:
    """A row for each list, in the document's order."""
    details = _details(description)
    made = []
    for number, listed in enumerate(found, 1):
        if on_step and number % 50 == 0:
            on_step(f"{number} of {len(found)} lists")
        made.append(_row(description, listed, nests[listed.path], details.get(shape(listed.path), "")))
    return tuple(made)


def collection(row: Row) -> Collection:
    """The row as it is shown and scored."""
    return Collection(
        path=row.path,
        depth=row.nest.depth,
        parents=row.nest.parents,
        config_params=row.nest.config_params,
        data_path=row.listed.data_path,
        pagination=row.paging.styles,
        update_filter=row.filters,
        update_fields=row.fields,
        pointer=row.operation.pointer,
    )


def _row(description: Description, listed: Listed, nest: Nest, detail: str) -> Row:
    schemas, operation = description.schemas, listed.operation
    name = last_fixed(listed.path)
    found = records.record(operation.answer, listed.data_path, schemas, table=name)
    known = found if found is not None and found.is_typed else None
    return Row(
        listed=listed,
        nest=nest,
        record=found,
        paging=paging.paging(operation, schemas, listed.data_path),
        change=changes.change(operation, schemas, found, data_path=listed.data_path),
        key=records.key(found, schemas, table=name, detail=detail) or _inner_key(found, schemas, name, nest),
        is_open=_holds(custom.is_open, known, schemas),
        has_custom_fields=_holds(custom.has_custom_fields, known, schemas),
        is_wholly_custom=_holds(custom.is_wholly_custom, known, schemas),
    )


def _holds(question: Callable[[Record, Schemas], bool], known: Record | None, schemas: Schemas) -> bool:
    return known is not None and schemas.once(question.__name__, known.fields, lambda: question(known, schemas))


def below(found: Record, source: str, schemas: Schemas) -> Any:
    """The raw node of a field that lies in an object of the record."""
    return schemas.at(found.node, source)


def _inner_key(found: Record | None, schemas: Schemas, name: str, nest: Nest) -> str:
    """Records that only hold what they are about: {added_at, album: {id, …}} of albums → album.id. Not beneath a
    parent: there the same one may stand twice (a song in a playlist). What {metadata: {uid, …}, …} is known by is its
    own everywhere."""
    for source, node in found.fields.items() if found else ():
        if words(source) in KEEPERS and schemas.kind(node) == "object":
            kept = schemas.properties(node)
            return next((f"{source}.{key}" for key in KEPT_KEYS if key in kept), "")
    for source, node in found.fields.items() if found and not nest.supplied else ():
        if words(source.rsplit(".", 1)[-1]) == stem(name) and schemas.kind(node) == "object":
            inner = schemas.properties(node)
            return next((f"{source}.{key}" for key in INNER_KEYS if key in inner), "")
    return ""


def _details(description: Description) -> dict[tuple[str, ...], str]:
    """The parameter of the path to one record, by the shape of its list's path: /invoices → number. Where no operation
    reads one record, what stands directly behind the list's path tells: /projects/{slug}/runs."""
    found: dict[tuple[str, ...], str] = {}
    for operation in description.operations:
        parts = segments(operation.path)
        if operation.method == "get" and parts and len(parts[-1].names) == 1:
            found.setdefault(shape(operation.path)[:-1], parts[-1].names[0])
    for group in (group for operation in description.operations for group in groups(operation.path)):
        if len(group.names) == 1:
            found.setdefault(group.before, group.names[0])
    return found

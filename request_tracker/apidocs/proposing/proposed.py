"""Tables proposed for the lists of a document: names, parents, keys, columns, paging and changes of each."""

import re
from collections.abc import Mapping, Sequence

from request_tracker.apidocs.describing.column_names import snake, unlike
from request_tracker.apidocs.describing.operations import Description, Parameter
from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.describing.words import plain, words
from request_tracker.apidocs.measuring import changes, records
from request_tracker.apidocs.measuring.evidence import is_shown
from request_tracker.apidocs.measuring.list_words import is_paging
from request_tracker.apidocs.measuring.needs import signs_in
from request_tracker.apidocs.measuring.rows import Row, below
from request_tracker.apidocs.proposing.alternatives import Choice, chosen
from request_tracker.apidocs.proposing.parents import Linked, linked
from request_tracker.apidocs.proposing.table_names import names
from request_tracker.rules.vendor_api import Column, Configured, Parent, Table

HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
NO_HEADERS = frozenset({"accept", "authorization", "content-type", "cookie", "host", "content-length", "user-agent"})
_SORTING = frozenset({"order", "sort", "ordering", "sorting", "orderby", "sortby", "direction"})
_PASSING = frozenset({
    "status", "state", "archived", "deleted", "trashed", "active", "enabled", "open", "closed", "completed", "hidden",
    "visibility", "published", "resolved", "filter",
})  # fmt: skip
MANY_ASKED = 2
MANY_VALUES = 50
MOST_TABLES = 2_000
"""So many tables are proposed, the shallowest first (so that no parent is missing); all lists are counted."""
MOST_ALTERNATIVES = 50
MOST_COLUMNS = 100_000
"""Columns of all tables together; where there are more, each table has its equal part of them."""


def tables(description: Description, rows: Sequence[Row], scope: str) -> tuple[Table, ...]:
    """The tables in the document's order. Deprecated ones are there and say so; nobody has to choose them."""
    choice = chosen(rows)
    named = names(choice.rows, scope)
    by_path = {row.path: row for row in rows}
    stands = {path: named[table] for path, table in choice.stands_for.items()}
    shallowest = sorted(choice.rows, key=lambda row: row.nest.depth)[:MOST_TABLES]
    proposer = _Proposer(description.schemas, choice, by_path, named, stands, words(scope), _widest(shallowest))
    kept = {row.path for row in shallowest}
    return tuple(proposer.table(row) for row in choice.rows if row.path in kept)


def _widest(rows: Sequence[Row]) -> int:
    """How many columns a table may have."""
    wanted = sum(len(row.record.fields) for row in rows if row.record)
    return records.COLUMNS if wanted <= MOST_COLUMNS else max(20, MOST_COLUMNS // len(rows))


class _Proposer:
    def __init__(
        self,
        schemas: Schemas,
        choice: Choice,
        by_path: Mapping[str, Row],
        named: Mapping[str, str],
        stands: Mapping[str, str],
        scope: tuple[str, ...],
        widest: int,
    ) -> None:
        self._schemas = schemas
        self._choice = choice
        self._by_path = by_path
        self._named = named
        self._stands = stands
        self._scope = scope
        self._widest = widest

    def table(self, row: Row) -> Table:
        above = linked(row, self._by_path, self._stands, self._schemas)
        operation = row.operation
        columns = self._columns(row, above.parents)
        constants = _constants(row)
        told = _constant_columns(constants, row, [*columns, *above.parents])
        return Table(
            name=self._named[row.path],
            path=operation.path,
            data_path=row.listed.data_path,
            columns=columns,
            key=_key(row, columns, above.parents, told),
            parents=above.parents,
            depth=row.nest.depth,
            configured=self._configured(row),
            constants=constants,
            constant_columns=told,
            headers=_headers(row),
            paging=row.paging,
            change=row.change,
            deletes=changes.deletes(row.record, self._schemas),
            is_typed=row.is_typed,
            is_custom=row.is_wholly_custom,
            is_deprecated=operation.is_deprecated,
            alternatives=self._choice.others[row.path][:MOST_ALTERNATIVES],
            summary=operation.summary or plain(operation.description),
            tags=operation.tags,
            warnings=tuple(self._warnings(row, above, columns)),
            pointers=_pointers(row),
        )

    def _columns(self, row: Row, parents: Sequence[Parent]) -> tuple[Column, ...]:
        """Fields that only repeat a parent's key are left to the parent."""
        above = {parent.column for parent in parents}
        found = records.columns(row.record, self._schemas, first=row.key)[: self._widest]
        kept = tuple(column for column in found if column.name not in above)
        return (*self._inner_key(row, kept, above), *kept)

    def _inner_key(self, row: Row, kept: Sequence[Column], above: set[str]) -> tuple[Column, ...]:
        """A key that lies in an object of the record becomes a column of its own: album.id → album_id."""
        if not row.key or row.record is None or any(column.source == row.key for column in kept):
            return ()
        if row.key in row.record.fields:
            return ()
        name = unlike(snake(row.key.replace(".", "_")), {*above, *(column.name for column in kept)})
        return (Column(name, row.key, records.column_kind(below(row.record, row.key, self._schemas), self._schemas)),)

    def _configured(self, row: Row) -> tuple[Configured, ...]:
        known = {(each.place, each.name): each for each in row.operation.parameters}
        asked = [(need.place, name) for need in row.nest.asked for name in need.names]
        mine = {row.change.filter, *row.change.filters, row.paging.param, row.paging.size_param}
        wanted = [(place, name) for place, name in asked if place == "path" or name not in mine]
        wanted += [("header", each.name) for each in _needed_headers(row) if not _value(each)]
        return tuple(
            Configured(name, place, _example(known.get((place, name))), words(name) == self._scope)
            for place, name in dict.fromkeys(wanted)
        )

    def _warnings(self, row: Row, above: Linked, columns: Sequence[Column]) -> list[str]:
        asked = [need for need in row.nest.asked if need.place == "path"]
        old = [each.provider for each in row.nest.supplied if self._is_old(each.provider)]
        told = (
            (row.operation.is_deprecated, "The document marks this list as deprecated."),
            (not row.is_typed, "The document does not show its records: columns come with the first sync."),
            (row.is_typed and not row.key and bool(columns), "No key was found: rows are told apart by all they hold."),
            (bool(above.guessed), f"No field of the parent fits {_listed(above.guessed)}: its id is taken."),
            (
                row.record is not None and len(row.record.fields) >= self._widest,
                f"Its records have very many fields: the first {self._widest:,} are columns.",
            ),
            (len(asked) >= MANY_ASKED, "Several parameters have to be given by hand: a search may supply them."),
            (bool(old), "It is reached through a list that is marked as deprecated."),
            (
                any(len(values) > MANY_VALUES for values in row.nest.constants.values()),
                "It is asked for once for each of many constant values.",
            ),
        )
        return [sentence for holds, sentence in told if holds]

    def _is_old(self, path: str) -> bool:
        return self._by_path[self._choice.stands_for[path]].operation.is_deprecated


def _key(row: Row, columns: Sequence[Column], parents: Sequence[Parent], told: Mapping[str, str]) -> tuple[str, ...]:
    """The parents' keys first: an id may be unique only beneath its parent. Then what was asked for, where the same
    record comes again with another answer; not what a record is found by only as long as it lasts (its status)."""
    own = next((column.name for column in columns if column.source == row.key), "") if row.key else ""
    asked = [column for name, column in told.items() if not _PASSING & set(words(name))]
    return (*(parent.column for parent in parents), *asked, own) if own else ()


def _constants(row: Row) -> dict[str, tuple[str, ...]]:
    """An order of the rows is asked for once: the others answer with the same rows."""
    found = {**row.nest.constants, **_defaults(row)}
    return {name: values[:1] if _SORTING & set(words(name)) else values for name, values in found.items()}


def _constant_columns(
    constants: Mapping[str, tuple[str, ...]], row: Row, held: Sequence[Column | Parent]
) -> dict[str, str]:
    """What each answer was asked for, where the record does not hold it itself."""
    fields = {words(source.rsplit(".", 1)[-1]) for source in row.record.fields} if row.record else set()
    taken = [each.name if isinstance(each, Column) else each.column for each in held]
    found: dict[str, str] = {}
    for name, values in constants.items():
        if len(values) > 1 and words(name) not in fields:
            found[name] = unlike(snake(name), [*taken, *found.values()])
    return found


def _pointers(row: Row) -> tuple[str, ...]:
    answer = row.operation.answer
    return tuple(filter(is_shown, (row.operation.pointer, answer.pointer if answer else "")))


def _defaults(row: Row) -> dict[str, tuple[str, ...]]:
    """Required query parameters that have a default are asked with it."""
    found = (each for each in row.operation.placed("query") if each.is_required and each.default is not None)
    plain_ones = (each for each in found if not is_paging(each.name) and isinstance(each.default, str | int | float))
    worded = {each.name: _worded(each.default) for each in plain_ones}
    return {name: (value,) for name, value in worded.items() if value.isprintable()}


def _needed_headers(row: Row) -> list[Parameter]:
    found = (each for each in row.operation.placed("header") if each.is_required and HEADER.fullmatch(each.name))
    return [each for each in found if each.name.lower() not in NO_HEADERS and not signs_in(each.name)]


def _headers(row: Row) -> dict[str, str]:
    """Required headers whose value the document gives (a version of the API)."""
    return {each.name: _value(each) for each in _needed_headers(row) if _value(each)}


def _value(parameter: Parameter) -> str:
    closed = parameter.values[0] if len(parameter.values) == 1 else None
    value = parameter.default if parameter.default is not None else closed
    value = parameter.example if value is None and "version" in words(parameter.name) else value
    text = _worded(value) if isinstance(value, str | int | float) else ""
    return text if text.isascii() and text.isprintable() and len(text) <= 200 else ""


def _worded(value: str | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)[:500]


def _example(parameter: Parameter | None) -> str:
    return plain(parameter.example, 100) if parameter else ""


def _listed(found: Sequence[str]) -> str:
    return ", ".join(plain(name, 60) for name in found[:3])

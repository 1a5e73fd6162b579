"""What changed since the last sync: parameters that ask for it, fields that tell it, records that say they are gone."""

import re
from collections.abc import Sequence
from typing import Any

from request_tracker.apidocs.describing.operations import Operation, Parameter
from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.describing.words import stem, words
from request_tracker.apidocs.measuring.change_formats import TOKENS, is_token, written
from request_tracker.apidocs.measuring.envelopes import leaves
from request_tracker.apidocs.measuring.records import Record
from request_tracker.rules.vendor_api import Change, ChangeKind

_CHANGED = frozenset({"updated", "modified", "changed", "update", "modification", "lastmodified", "modify"})
_ASKS = frozenset({*_CHANGED, "since", "updatedsince", "modifiedsince", "changedsince"})
_ENDS = frozenset({"before", "until", "to", "end", "max", "lt", "lte", "le"})
_NO_FILTERS = frozenset(
    {"by", "sort", "order", "orderby", "sortby", "include", "expand", "fields", "id", "ids", "user"}
)
_GENERAL = frozenset(
    {("filter",), ("filters",), ("q",), ("query",), ("where",), ("search",), ("begin", "time"), ("start", "time")}
    | {("start",), ("from",), ("start", "date"), ("begin", "date"), ("starting",), ("after",)}
)
_CREATED = frozenset(
    {"created", "create", "creation", "createdat", "occurred", "timestamp", "start", "from", "begin", "after"}
)
_APPENDED = frozenset({"event", "log", "audit", "history", "activity"})
_BESIDE = frozenset({"last", "record", "system", "server", "row", "entity", "object", "z"})
_NEAR = frozenset({"since", "after", "from", "start", "min", "gt", "gte", "ge"})
_TIMELIKE = frozenset({"at", "on", "time", "date", "datetime", "utc", "timestamp", "ts", "when", "gmt", "unix", "ms"})
_ACTORS = frozenset({"by", "user", "id", "email", "name", "ip", "fields", "count", "reason", "type", "author"})
_DELETED = (
    ("deleted", "at"),
    ("date", "deleted"),
    ("deleted", "on"),
    ("deleted", "time"),
    ("is", "deleted"),
    ("deleted",),
)
_REMOVED = (("removed", "at"), ("is", "removed"), ("removed",))


def change(operation: Operation, schemas: Schemas, found: Record | None, *, data_path: str = "$") -> Change:
    """How what changed in a list can be read. A creation filter counts only for events and logs. `fields` are sources
    in the record; a compact list whose record lacks the field has none, whatever the detail holds."""
    filters = [each for each in _asked(operation) if _asks_for_changes(each)]
    fields = _change_fields(found, schemas, _last_words(operation.path))
    kind = _kind(bool(filters), bool(fields))
    if kind is ChangeKind.NONE and _is_appended(operation.path):
        filters, fields = [each for each in _asked(operation) if _asks_since(each)], _creation_fields(found, schemas)
        kind = ChangeKind.APPEND if filters else ChangeKind.NONE
    if kind is ChangeKind.NONE:
        return Change()
    return _change(operation, schemas, kind, filters, fields, data_path)


def is_change_filter(name: str) -> bool:
    """The name of a parameter asks for what changed since."""
    named = set(words(name))
    return bool(named & _ASKS) and not named & (_NO_FILTERS | _ENDS) and bool(named & (_TIMELIKE | {"since", "after"}))


def is_change_field(name: str) -> bool:
    """The name of a field tells when its record changed."""
    named = set(words(name))
    return bool(named & _CHANGED) and named <= _CHANGED | _TIMELIKE | _BESIDE


def deletes(found: Record | None, schemas: Schemas) -> str:
    """How the record says that it is gone: "field:<source>" of a truth value or time, "" where it does not."""
    return schemas.once("deletes", found.fields, lambda: _deletes(found, schemas)) if found else ""


def _deletes(found: Record, schemas: Schemas) -> str:
    named = {words(_short(source)): source for source in reversed(list(found.fields))}
    telling = (named[name] for name in (*_DELETED, *_REMOVED) if name in named)
    kinds = ("boolean", "string", "integer", "")
    return next((f"field:{source}" for source in telling if schemas.kind(found.fields[source]) in kinds), "")


def _kind(is_filtered: bool, is_told: bool) -> ChangeKind:
    if is_filtered:
        return ChangeKind.BOTH if is_told else ChangeKind.FILTER
    return ChangeKind.FIELD if is_told else ChangeKind.NONE


def _change(
    operation: Operation,
    schemas: Schemas,
    kind: ChangeKind,
    filters: Sequence[Parameter],
    fields: Sequence[str],
    data_path: str,
) -> Change:
    asks = min(filters, key=_preference, default=None)
    name = _name(asks, schemas) if asks else ""
    form, template = written(asks, fields) if asks else ("iso", "")
    return Change(
        kind=kind,
        filter=name,
        place=asks.place if asks else "query",
        format=form,
        template=template,
        token_path=_token_path(operation, schemas, asks, data_path) if asks and form == "token" else "",
        field=fields[0] if fields else "",
        filters=tuple(each.name for each in filters),
        fields=tuple(fields),
        pointers=tuple(each.pointer for each in filters if each.pointer)
        or ((operation.answer.pointer,) if operation.answer and operation.answer.pointer else ()),
    )


def _asked(operation: Operation) -> list[Parameter]:
    return [each for each in operation.parameters if each.place in ("query", "header") and not _is_end(each)]


def _is_end(each: Parameter) -> bool:
    """The far end of a span of time: what was changed before."""
    return bool(_ENDS & set(words(each.name)[-1:])) or each.name.endswith(("<", "<="))


def _asks_for_changes(each: Parameter) -> bool:
    named = words(each.name)
    if each.place == "header":
        return named == ("if", "modified", "since")
    if is_token(named):
        return True
    if set(named) & _NO_FILTERS or each.type == "boolean" or _only_sorts(each):
        return False
    return bool(set(named) & _ASKS) or (
        named in _GENERAL and bool(_NAMES_CHANGE.search(each.description[:2000].lower()))
    )


_NAMES_CHANGE = re.compile(
    r"\b((updated?|modified)[_ ]?(at|on|time|date|since)|last[_ -]?(updated|modified|changed)|"
    r"date[_ ](updated|modified)|lastmodified|(updated|modified|changed) (after|since))\b"
)


def _only_sorts(each: Parameter) -> bool:
    """A closed list of names of fields: sorting or grouping, no time."""
    return bool(each.values) and not any(character.isdigit() for value in each.values for character in value)


def _asks_since(each: Parameter) -> bool:
    """A filter by creation, or the near end of a span of time."""
    named = set(words(each.name))
    text = each.description[:1000].lower()
    is_time = each.format in ("date", "date-time", "unix-time") or bool(named & _TIMELIKE) or bool(_TIME.search(text))
    return bool(named & _CREATED) and is_time and not named & _NO_FILTERS and each.type != "boolean"


_TIME = re.compile(r"\b(dates?|time ?stamps?|datetime|unix|epoch|iso.?8601|rfc ?3339|time)\b")


def _is_appended(path: str) -> bool:
    return bool(_APPENDED & set(_last_words(path)[-1:]))


def _last_words(path: str) -> tuple[str, ...]:
    """The words of a path's last fixed segment, in the singular: what its records are."""
    fixed = [segment for segment in path[:2000].split("/") if segment and "{" not in segment]
    return stem(fixed[-1].removesuffix(".json")) if fixed else ()


def _change_fields(found: Record | None, schemas: Schemas, table: Sequence[str]) -> list[str]:
    """Fields that hold the time of the last change, the plainest name first; not those of a part of the record, such
    as its status or password."""
    known = _CHANGED | _TIMELIKE | _BESIDE | {*table}
    return _times(found, schemas, lambda named: bool(set(named) & _CHANGED) and set(named) <= known)


def _creation_fields(found: Record | None, schemas: Schemas) -> list[str]:
    return _times(found, schemas, lambda named: bool(set(named) & {"created", "occurred", "timestamp", "time", "date"}))


def _times(found: Record | None, schemas: Schemas, is_it: Any) -> list[str]:
    sources = [
        source
        for source, node in (found.fields.items() if found else ())
        if is_it(words(_short(source))) and _is_time(source, node, schemas)
    ]
    return sorted(sources, key=lambda source: len(words(_short(source))))


def _is_time(source: str, node: Any, schemas: Schemas) -> bool:
    named = set(words(_short(source)))
    if schemas.kind(node) not in ("string", "integer", "number", "") or named & _ACTORS:
        return False
    form = str(schemas.said(node, "format") or "").lower()
    return form.startswith(("date", "unix", "timestamp")) or bool(named & _TIMELIKE) or named <= {*_CHANGED, "last"}


def _short(source: str) -> str:
    return source.rsplit(".", 1)[-1]


def _preference(each: Parameter) -> tuple[int, bool, int]:
    """A plain time of change before a delta token, a token before `since` alone, a header last; what names the near
    end of a span (DateUpdated>, updated_at[gte]) before what may mean the very moment."""
    named = words(each.name)
    order = 4 if each.place == "header" else 1 if is_token(named) else 0 if set(named) & _CHANGED else 2
    is_open = not each.name.endswith((">", ">=")) and not _NEAR & set(named)
    return (3 if named in _GENERAL else order, is_open, len(named))


def _name(asks: Parameter, schemas: Schemas) -> str:
    """The parameter, or the property of an object parameter that means since: date_modified[gt]."""
    inner = schemas.properties(asks.schema) if asks.type == "object" else {}
    since = next((name for name in ("gte", "gt", "since", "from", "after", "start", "ge", "min") if name in inner), "")
    return f"{asks.name}[{since}]" if since else asks.name


def _token_path(operation: Operation, schemas: Schemas, asks: Parameter, data_path: str) -> str:
    """Where the answer holds the delta token for the next sync: a field called as the parameter, or alike."""
    named = words(asks.name)
    ends = {named, named[1:], ("next", *named), *(token for token in TOKENS if token)}
    known = leaves(operation.answer, data_path, schemas)
    same = (leaf.path for leaf in known if leaf.words in ends or leaf.words == ("server", "knowledge"))
    return next(same, next((leaf.path for leaf in known if is_token(leaf.words)), ""))

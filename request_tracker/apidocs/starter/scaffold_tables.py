"""Analysis → the literal structure of a starter project's tables.py: which lists are read, how, beneath which."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from request_tracker.apidocs.starter.scaffold_names import fit, setting_name
from request_tracker.rules.strangers import plain
from request_tracker.rules.vendor_api import ChangeKind, Column, ColumnKind, Configured, PagingStyle, Parent, Table

LONGEST = 2_000
MOST_COLUMNS = 1_000
_NAMED = re.compile(r"\{([^{}]{1,200})\}")
_LINE_END = re.compile(r"[\r\n\0]")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_ASKING = frozenset((ChangeKind.BOTH, ChangeKind.FILTER, ChangeKind.APPEND))
CREATED = re.compile(r"creat|insert|added|registered|joined|occurred|time|date", re.I)
TIMES = frozenset((ColumnKind.DATE, ColumnKind.NAIVE_DATETIME, ColumnKind.UTC_DATETIME))


def rows(chosen: Sequence[Table], delivered: Iterable[str], taken_settings: Iterable[str]) -> list[dict[str, Any]]:
    """The tables in an order where each stands behind those it hangs under. `chosen` holds all parents."""
    ordered = _ordered(chosen)
    names = called(chosen)
    known = {table.name: table for table in ordered}
    under = {table.name: _under(table, known) for table in ordered}
    wanted, settings = frozenset(delivered), _Settings(taken_settings)
    made = [_row(table, known, names, under, settings) for table in ordered]
    for table, row in zip(ordered, made, strict=True):
        row["delivered"] = table.name in wanted
        row["has_children"] = table.name in under.values()
        row["first_seen"] = row["delivered"] and _is_timeless(table, row)
    return made


def called(chosen: Sequence[Table]) -> dict[str, str]:
    """What the project calls each table."""
    names: dict[str, str] = {}
    for table in _ordered(chosen):
        names[table.name] = fit(table.name, names.values(), "list")
    return names


def closed(tables: Sequence[Table], wanted: Iterable[str]) -> list[Table]:
    """The tables that are wanted and all that must be walked for them, in the document's order."""
    known = {table.name: table for table in tables}
    found, left = set[str](), [name for name in wanted if name in known]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [parent.table for parent in known[name].parents if parent.table in known]
    return [table for table in tables if table.name in found]


class _Settings:
    """What configuration.json calls the parameters a person has to give: the same name for the same parameter."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._names: dict[str, str] = {}

    def name(self, param: str, path: str) -> str:
        wanted = setting_name(param, path)
        if wanted not in self._names:
            self._names[wanted] = fit(wanted, self._taken)
            self._taken.add(self._names[wanted])
        return self._names[wanted]


def _ordered(tables: Sequence[Table]) -> list[Table]:
    """Parents before children; a table in a circle of parents is left without those that close it (see _parents)."""
    known = {table.name: table for table in tables}
    done: dict[str, Table] = {}
    left = list(tables)
    while left:
        ready = [table for table in left if all(p.table in done or p.table not in known for p in table.parents)]
        for table in ready or left[:1]:
            done.setdefault(table.name, table)
        left = [table for table in left if table.name not in done]
    return list(done.values())


def _parents(table: Table, known: Mapping[str, Table]) -> list[Parent]:
    """The parents that are there and stand before the table: what closes a circle is dropped, and asked for instead."""
    order = list(known)
    before = set(order[: order.index(table.name)])
    return [parent for parent in table.parents if parent.table in before and parent.place in ("path", "query")]


def _above(name: str, known: Mapping[str, Table]) -> set[str]:
    """All lists that must be walked before a table."""
    found, left = set[str](), [name]
    while left:
        for parent in _parents(known[left.pop()], known):
            if parent.table not in found:
                found.add(parent.table)
                left.append(parent.table)
    return found


def _under(table: Table, known: Mapping[str, Table]) -> str:
    """The parent beneath whose records the table is read: the one that is walked last. Others are bound with it, or
    walked anew for each of its records."""
    parents = [parent.table for parent in _parents(table, known)]
    return max(parents, key=lambda name: len(_above(name, known)), default="")


def _row(
    table: Table, known: Mapping[str, Table], names: Mapping[str, str], under: Mapping[str, str], settings: _Settings
) -> dict[str, Any]:
    path = _path(table.path)
    parents = _parents(table, known)
    columns, named = _columns(table, parents, known)
    key = list(dict.fromkeys(named[name] for name in table.key if name in named))
    own = [columns[name][0] for name in key if columns[name][0]]
    return {
        "name": names[table.name],
        "method": "post" if table.method.lower() == "post" else "get",
        "path": path,
        "body": table.body[:20_000] if table.method.lower() == "post" else "",
        "data_path": _text(table.data_path) or "$",
        "key": key,
        "key_source": own[-1] if own else "",
        "columns": columns,
        "is_open": not table.columns,
        "under": names.get(under[table.name], ""),
        "parents": [_parent(parent, names, named) for parent in parents],
        "configured": _configured(table, path, parents, settings),
        "constants": _constants(table),
        "constant_columns": {
            _text(name): named[each] for name, each in table.constant_columns.items() if each in named
        },
        "headers": _headers(table.headers),
        "paging": _paging(table),
        "change": _change(table),
        "deletes": _text(table.deletes.removeprefix("field:")) if table.deletes.startswith("field:") else "",
    }


def _columns(
    table: Table, parents: Sequence[Parent], known: Mapping[str, Table]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """(columns as name: [source, type], what each of the analysis's names became). Parents' keys come first, then the
    values asked for; both have no source, as no record holds them."""
    columns: dict[str, list[str]] = {}
    named: dict[str, str] = {}
    proposed = {column.name: column for column in table.columns[:MOST_COLUMNS]}
    for parent in parents:
        if parent.column not in named:
            kind = _kind_of(parent, proposed, known)
            named[parent.column] = fit(parent.column, columns)
            columns[named[parent.column]] = ["", str(kind)]
    for name in dict.fromkeys(table.constant_columns.values()):
        if name not in named:
            named[name] = fit(name, columns)
            columns[named[name]] = ["", str(ColumnKind.STRING)]
    for column in proposed.values():
        if column.name not in named:
            named[column.name] = fit(column.name, columns)
            columns[named[column.name]] = [_text(column.source), str(column.kind)]
    for name in table.key:
        if name not in named:
            named[name] = fit(name, columns)
            columns[named[name]] = [_text(name), str(ColumnKind.STRING)]
    return columns, named


def _kind_of(parent: Parent, proposed: Mapping[str, Column], known: Mapping[str, Table]) -> ColumnKind:
    if parent.column in proposed:
        return proposed[parent.column].kind
    held = (column.kind for column in known[parent.table].columns if column.source == parent.source)
    return next(held, ColumnKind.STRING)


def _parent(parent: Parent, names: Mapping[str, str], named: Mapping[str, str]) -> dict[str, str]:
    return {
        "table": names[parent.table],
        "param": _text(parent.param),
        "place": parent.place,
        "source": _text(parent.source) or "$",
        "column": named[parent.column],
    }


def _configured(table: Table, path: str, parents: Sequence[Parent], settings: _Settings) -> list[dict[str, str]]:
    """What a person has to give: what the analysis says, and each name in the path that nothing else supplies."""
    supplied = {_text(parent.param) for parent in parents} | {_text(name) for name in table.constants}
    asked = {_text(each.param): each for each in table.configured if _text(each.param) not in supplied}
    for name in _NAMED.findall(path):
        if name not in supplied:
            asked.setdefault(name, Configured(name))
    for parent in table.parents:
        name = _text(parent.param)
        if name not in supplied:
            asked.setdefault(name, Configured(name, parent.place))
    return [
        {
            "param": name,
            "place": each.place if each.place in ("path", "query", "header") else "query",
            "setting": settings.name(name, path),
            "example": plain(each.example, 100),
        }
        for name, each in asked.items()
        if each.place != "header" or _HEADER.fullmatch(name)
    ]


def _constants(table: Table) -> dict[str, list[str]]:
    return {_text(name): [_text(value) for value in values[:100]] for name, values in table.constants.items() if values}


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that are fit to be sent: a line end in a name or a value could smuggle in another one."""
    fit_ones = {name: value for name, value in headers.items() if _HEADER.fullmatch(name) and value.isascii()}
    return {name: value[:500] for name, value in fit_ones.items() if not _LINE_END.search(value)}


def _paging(table: Table) -> dict[str, Any]:
    paging = table.paging
    size = paging.size if paging.size is not None and 0 < paging.size <= 10_000 else None
    style = paging.style
    needs_param = style in (PagingStyle.CURSOR, PagingStyle.PAGE, PagingStyle.OFFSET)
    return {
        "style": str(PagingStyle.NONE if needs_param and not paging.param else style),
        "param": _text(paging.param),
        "token_path": _text(paging.token_path),
        "more_path": _text(paging.more_path),
        "total_path": _text(paging.total_path),
        "size_param": _text(paging.size_param),
        "size": size,
        "first": paging.first if paging.first in (0, 1) else 1,
    }


def _change(table: Table) -> dict[str, str]:
    change = table.change
    asks = change.kind in _ASKING and bool(change.filter)
    is_fit = change.place == "query" or bool(_HEADER.fullmatch(change.filter))
    return {
        "kind": str(change.kind),
        "filter": _text(change.filter) if asks and is_fit else "",
        "place": "header" if change.place == "header" else "query",
        "format": change.format if change.format in ("date", "unix", "unix_ms", "token", "expression") else "iso",
        "template": _text(change.template),
        "token_path": _text(change.token_path),
        "field": _text(change.field),
    }


def _is_timeless(table: Table, row: Mapping[str, Any]) -> bool:
    """Whether nothing in the record tells when it came to be or changed."""
    if table.change.kind is not ChangeKind.NONE or row["change"]["field"]:
        return False
    return not any(column.kind in TIMES and CREATED.search(column.name) for column in table.columns)


def _path(path: str) -> str:
    """The path, one slash first; a host in it would be another source's."""
    plain = _LINE_END.sub("", path)[:LONGEST]
    return "/" + re.sub(r"^[a-z][a-z0-9+.-]*://[^/]*", "", plain, flags=re.I).lstrip("/")


def _text(text: str) -> str:
    return str(text)[:LONGEST]

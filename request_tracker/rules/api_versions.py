"""Two versions of an API document compared: tables come, gone and changed, sign-in, figures; each as a sentence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from request_tracker.rules.assessment_words import number, percent, shown
from request_tracker.rules.vendor_api import Analysis, Column, Figures, SignIn, Table

NAMED = 5


@dataclass(frozen=True)
class TableChange:
    """A table that both versions have. `table` is its name in the newer one; each sentence tells one difference."""

    table: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class FigureChange:
    """A figure that differs, as words: "None" of the document is "not known"."""

    name: str
    label: str
    before: str
    after: str

    @property
    def sentence(self) -> str:
        return f"{self.label}: {self.before} before, {self.after} now."


@dataclass(frozen=True)
class Comparison:
    """What is new in the second document against the first; `added` and `gone` are names of tables."""

    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changed: tuple[TableChange, ...] = ()
    sign_in: tuple[str, ...] = ()
    figures: tuple[FigureChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.gone or self.changed or self.sign_in or self.figures)

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it, what breaks a connector first."""
        return (
            *(f"Table {shown(each)} is gone." for each in self.gone),
            *(f"Table {shown(each.table)}: {sentence}" for each in self.changed for sentence in each.sentences),
            *self.sign_in,
            *(f"Table {shown(each)} is new." for each in self.added),
            *(each.sentence for each in self.figures),
        )


def compare(old: Analysis, new: Analysis) -> Comparison:
    """What changed from `old` to `new`. A table is the same by its name, else by how it is read (method and path)."""
    pairs = _pairs(old.tables, new.tables)
    kept = {before.name for before, _ in pairs}, {after.name for _, after in pairs}
    changes = (TableChange(after.name, _differences(before, after)) for before, after in pairs)
    return Comparison(
        added=tuple(each.name for each in new.tables if each.name not in kept[1]),
        gone=tuple(each.name for each in old.tables if each.name not in kept[0]),
        changed=tuple(each for each in changes if each.sentences),
        sign_in=_sign_in(old, new),
        figures=_figures(old.figures, new.figures),
    )


def _pairs(old: tuple[Table, ...], new: tuple[Table, ...]) -> list[tuple[Table, Table]]:
    by_name = {each.name: each for each in old}
    pairs = [(by_name[each.name], each) for each in new if each.name in by_name]
    met = {each.name for each, _ in pairs}
    # The first of several on one path, whichever way it is compared.
    by_path = {(each.method, each.path): each for each in reversed(old) if each.name not in met}
    renamed = [(by_path.pop((each.method, each.path), None), each) for each in new if each.name not in met]
    return [*pairs, *((before, after) for before, after in renamed if before is not None)]


def _differences(before: Table, after: Table) -> tuple[str, ...]:
    said = (
        f"its {label} changed from {told(before)} to {told(after)}."
        for label, told in TOLD.items()
        if told(before) != told(after)
    )
    return (*said, *_columns(before.columns, after.columns))


def _columns(before: tuple[Column, ...], after: tuple[Column, ...]) -> tuple[str, ...]:
    was, now = {each.name: each for each in before}, {each.name: each for each in after}
    retyped = [f"{name} ({was[name].kind} → {now[name].kind})" for name in now if _retyped(was.get(name), now[name])]
    groups = (
        ("column", "is gone", "are gone", [name for name in was if name not in now]),
        ("column", "is new", "are new", [name for name in now if name not in was]),
        ("column", "has another type", "have another type", retyped),
    )
    return tuple(
        f"{number(len(names), noun)} {one if len(names) == 1 else many}: {_named(names)}."
        for noun, one, many, names in groups
        if names
    )


def _retyped(before: Column | None, after: Column) -> bool:
    return before is not None and before.kind != after.kind


def _named(names: list[str]) -> str:
    few = ", ".join(shown(each) for each in names[:NAMED])
    return f"{few} and {len(names) - NAMED:,} more" if len(names) > NAMED else few


def _parents(table: Table) -> str:
    return ", ".join(sorted(f"{shown(each.table)} (by {shown(each.param)})" for each in table.parents)) or "none"


def _paging(table: Table) -> str:
    return table.paging.style + (f" (by {shown(table.paging.param)})" if table.paging.param else "")


def _cursor(table: Table) -> str:
    by = [shown(each) for each in (table.change.filter, table.change.field) if each]
    return table.change.kind + (f" (by {', '.join(by)})" if by else "")


TOLD: Mapping[str, Callable[[Table], str]] = {
    "name": lambda table: shown(table.name),
    "path": lambda table: f"{table.method.upper()} {shown(table.path, 200)}",
    "place in the answer": lambda table: shown(table.data_path),
    "key": lambda table: ", ".join(shown(each) for each in table.key) or "none",
    "parents": _parents,
    "paging": _paging,
    "way of telling changes": _cursor,
    "way of telling deletes": lambda table: shown(table.deletes) or "none",
    "standing": lambda table: "deprecated" if table.is_deprecated else "current",
}
"""What of a table a connector depends on, as words."""


def _sign_in(old: Analysis, new: Analysis) -> tuple[str, ...]:
    was, now = [_way(each) for each in old.sign_in], [_way(each) for each in new.sign_in]
    gone = (f"Signing in by {each} is gone." for each in dict.fromkeys(was) if each not in now)
    added = (f"Signing in by {each} is new." for each in dict.fromkeys(now) if each not in was)
    return (*gone, *added)


def _way(each: SignIn) -> str:
    place = f" in the {shown(each.place)} {shown(each.name)}" if each.place and each.name else ""
    flows = f" ({', '.join(shown(flow) for flow in each.flows)})" if each.flows else ""
    return f"{each.kind.replace('_', ' ')}{place}{flows}"


def _figures(old: Figures, new: Figures) -> tuple[FigureChange, ...]:
    rows = ((name, label, _told(getattr(old, name)), _told(getattr(new, name))) for name, label in LABELS.items())
    return tuple(FigureChange(*row) for row in rows if row[2] != row[3])


def _told(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return percent(value)
    return f"{value:,}" if isinstance(value, int) else shown(str(value))


LABELS = {
    "operations": "Operations",
    "get_operations": "Reads",
    "deprecated_operations": "Deprecated operations",
    "get_with_schema": "Reads that say what they answer",
    "collection_endpoints": "Lists of records",
    "nesting_max": "Deepest nesting",
    "nesting_max_without_scope": "Deepest nesting without the scope",
    "auth_vendor": "Sign-in",
    "incremental_param_endpoints": "Lists with a filter for changes",
    "incremental_field_endpoints": "Lists with a time of change",
    "open_schema_share": "Lists with a free-form object",
    "custom_field_share": "Lists with custom fields",
    "fully_custom_share": "Wholly custom lists",
    "customer_defines_tables": "Tables defined by the end user",
    "webhooks_documented": "Webhooks",
    "external_refs": "References to other files",
}
"""The figures that are worth telling, and what people call them."""

"""The completeness review as a checklist: each table complete, with a gap, or with a gap left for a later phase."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from request_tracker.rules.terms import Role

REVIEWERS = frozenset({Role.SPECIALIST, Role.ENGINEER, Role.LEAD})


class Finding(StrEnum):
    COMPLETE = "complete"
    GAP = "gap"
    LATER = "later"

    @property
    def words(self) -> str:
        return FINDING_WORDS[self]


FINDING_WORDS = {
    Finding.COMPLETE: "Complete",
    Finding.GAP: "Has a gap: back to the build",
    Finding.LATER: "Gap left for a later phase",
}


ABSENT = "Expected by the chosen tables, not arrived"
LEFT_OUT = "Expected by the chosen tables, left out in Fivetran"


@dataclass(frozen=True)
class SeenTable:
    """A table as Fivetran last told it; `hashed`: the columns whose content is hashed."""

    schema: str
    name: str
    enabled: bool = True
    hashed: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True)
class Item:
    """A table of the checklist. `verdict` empty: not reviewed in this preview; `last_…`: in the one before.

    `chosen`: it is one of the tables chosen from the proposal; `absent` says, of such a one, that it is not there.
    """

    table: SeenTable
    verdict: str = ""
    note: str = ""
    who: str = ""
    at: datetime | None = None
    last_verdict: str = ""
    last_note: str = ""
    chosen: bool = False
    absent: str = ""


@dataclass(frozen=True)
class Checklist:
    """`new`: tables that came up since the review was recorded."""

    items: tuple[Item, ...]
    new: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return len(self.items)

    @property
    def reviewed(self) -> int:
        return sum(1 for each in self.items if each.verdict)

    @property
    def gaps(self) -> tuple[Item, ...]:
        return self._of(Finding.GAP)

    @property
    def later(self) -> tuple[Item, ...]:
        return self._of(Finding.LATER)

    @property
    def absent(self) -> tuple[Item, ...]:
        """Expected by the chosen tables, and not there."""
        return tuple(each for each in self.items if each.absent)

    @property
    def is_done(self) -> bool:
        """Every table reviewed, and none has to go back to the build."""
        return self.total > 0 and self.reviewed == self.total and not self.gaps

    @property
    def missing(self) -> str:
        """What stands in the way of recording the review, a sentence; empty where nothing does."""
        if all(each.absent for each in self.items):
            return "Fivetran has not told any tables yet: read them first"
        if self.reviewed < self.total:
            return f"{self.total - self.reviewed} of {_tables(self.total)} not reviewed yet"
        if self.gaps:
            return f"{_tables(len(self.gaps))} with a gap: send the case back to development, or leave it for later"
        return ""

    @property
    def summary(self) -> str:
        later = f", {len(self.later)} with a gap for later" if self.later else ""
        return f"{self.total - len(self.later)} of {_tables(self.total)} complete{later}"

    def _of(self, verdict: Finding) -> tuple[Item, ...]:
        return tuple(each for each in self.items if each.verdict == verdict)


def told(items: Iterable[Item]) -> list[str]:
    """`acme.invoices: credit notes are missing`, one a table: gaps for the build, later ones for the portal."""
    return [f"{each.table.label}: {each.note}" if each.note else each.table.label for each in items]


def tables_of(body: Mapping[str, Any]) -> tuple[SeenTable, ...]:
    """The tables of a schema configuration as it is kept, by schema and name; odd parts are left out."""
    found = []
    for schema, part in sorted(_named(body.get("schemas"))):
        for name, table in sorted(_named(part.get("tables"))):
            columns = sorted(_named(table.get("columns")))
            hashed = tuple(column for column, each in columns if each.get("hashed") is True)
            enabled = part.get("enabled") is not False and table.get("enabled") is True
            found.append(SeenTable(schema, name, enabled, hashed))
    return tuple(found)


def enabled(tables: Sequence[SeenTable]) -> tuple[SeenTable, ...]:
    return tuple(each for each in tables if each.enabled)


def expect(tables: Sequence[SeenTable], chosen: Iterable[str], schema: str) -> tuple[tuple[SeenTable, bool, str], ...]:
    """What is to be reviewed: every enabled table, then each chosen one that is not among them. With each, whether it
    was chosen, and what is so of one that is not there. `schema` is where a table is expected that nobody has seen."""
    wanted = {name: _alike(name) for name in sorted(set(chosen), key=str.casefold)}
    out = {_flat(each.name): each for each in tables if not each.enabled}
    there = {_flat(each.name) for each in enabled(tables)}
    named = frozenset[str]().union(*wanted.values())
    missing = [(name, alike) for name, alike in wanted.items() if not alike & there]
    left = [(name, next((out[each] for each in alike if each in out), None)) for name, alike in missing]
    return (
        *((each, _flat(each.name) in named, "") for each in enabled(tables)),
        *((seen or SeenTable(schema, name, False), True, LEFT_OUT if seen else ABSENT) for name, seen in left),
    )


def _flat(name: str) -> str:
    """Letters and digits alone: destinations spell one name in several ways."""
    return "".join(each for each in name.casefold() if each.isalnum())


def _alike(name: str) -> frozenset[str]:
    """How a chosen table may be called where it arrives: a starter project adds a word to names that SQL reserves."""
    flat = _flat(name)
    return frozenset((flat, f"{flat}list"))


def _named(part: Any) -> list[tuple[str, Mapping[str, Any]]]:
    if not isinstance(part, Mapping):
        return []
    return [(str(name), each) for name, each in part.items() if isinstance(each, Mapping)]


def _tables(count: int) -> str:
    return f"{count} table{'' if count == 1 else 's'}"

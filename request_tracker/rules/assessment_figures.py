"""What is counted over the tables that are judged: those chosen for the use case, or all that are proposed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from request_tracker.rules.rubric import RUBRIC, Rubric
from request_tracker.rules.vendor_api import Analysis, ChangeKind, PagingStyle, SignInKind, Table

CHANGING = (ChangeKind.BOTH, ChangeKind.FILTER, ChangeKind.FIELD)
ASKED = (ChangeKind.BOTH, ChangeKind.FILTER)
UNPAGED = (PagingStyle.NONE, PagingStyle.UNCLEAR)
HARD = (SignInKind.CERTIFICATE, SignInKind.OTHER)


@dataclass(frozen=True)
class Subject:
    """What is judged. `chosen` is empty unless tables were chosen that the document has."""

    analysis: Analysis
    chosen: frozenset[str] = frozenset()
    rubric: Rubric = RUBRIC

    @cached_property
    def proposed(self) -> tuple[Table, ...]:
        """Deprecated tables are proposed to nobody, unless there is nothing else."""
        live = tuple(each for each in self.analysis.tables if not each.is_deprecated)
        return live or self.analysis.tables

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        if not self.chosen:
            return self.proposed
        return tuple(each for each in self.analysis.tables if each.name in self.chosen)

    @property
    def count(self) -> int:
        return len(self.tables)

    @property
    def size(self) -> int:
        """The number judged: choosing few tables of many does not make an API a small one."""
        if not self.chosen:
            return self.count
        return max(self.count, min(len(self.proposed), self.rubric.ideal()[0]))

    @cached_property
    def depths(self) -> Mapping[str, int]:
        """Lists to walk first, by table; a parameter that is one value a connection (the scope) is not walked."""
        return {each.name: max(0, each.depth - bool(self._above(each) & self.scopes)) for each in self.tables}

    @cached_property
    def scopes(self) -> frozenset[str]:
        """The lists that the scope parameter would walk."""
        param = self.analysis.figures.scope_param
        if not param:
            return frozenset()
        return frozenset(each.table for table in self.analysis.tables for each in table.parents if each.param == param)

    @property
    def deepest(self) -> int:
        return max(self.depths.values(), default=0)

    def within(self, levels: int) -> int:
        return sum(depth <= levels for depth in self.depths.values())

    @cached_property
    def longest(self) -> tuple[str, ...]:
        """The names from the first list down to the deepest table."""
        if not self.tables:
            return ()
        last = max(self.tables, key=lambda each: (self.depths[each.name], each.depth))
        return self._chain(last)

    @property
    def named(self) -> int:
        return sum(_own_columns(each) >= self.rubric.named_columns for each in self.tables)

    @property
    def paged(self) -> int:
        return sum(each.paging.style not in UNPAGED for each in self.tables)

    @property
    def typed(self) -> int:
        return sum(each.is_typed for each in self.tables)

    @property
    def changing(self) -> int:
        return self._of(CHANGING)

    @property
    def asked(self) -> int:
        return self._of(ASKED)

    @property
    def growing(self) -> int:
        return self._of((ChangeKind.APPEND,))

    @property
    def sign_in(self) -> str:
        """A key of Rubric.sign_in."""
        ways = self.analysis.sign_in
        if ways and all(each.kind in HARD for each in ways):
            return "other"
        vendor = self.analysis.figures.auth_vendor
        return vendor if vendor in self.rubric.sign_in else "undeclared"

    def share(self, part: int) -> float:
        return part / self.count if self.count else 0.0

    def _of(self, kinds: Iterable[ChangeKind]) -> int:
        return sum(each.change.kind in tuple(kinds) for each in self.tables)

    @cached_property
    def _by_name(self) -> Mapping[str, Table]:
        return {each.name: each for each in self.analysis.tables}

    def _above(self, table: Table) -> set[str]:
        """Every list walked before this one; a loop ends where it began."""
        seen: set[str] = set()
        waiting = [each.table for each in table.parents]
        while waiting:
            name = waiting.pop()
            if name not in seen and name in self._by_name:
                seen.add(name)
                waiting.extend(each.table for each in self._by_name[name].parents)
        return seen

    def _chain(self, table: Table) -> tuple[str, ...]:
        names = [table.name]
        while above := [each for each in self._parents(table) if each.name not in names]:
            table = max(above, key=lambda each: each.depth)
            names.append(table.name)
        return tuple(reversed(names))

    def _parents(self, table: Table) -> list[Table]:
        return [self._by_name[each.table] for each in table.parents if each.table in self._by_name]


def _own_columns(table: Table) -> int:
    """Columns of the record itself: those a child carries from its parents say nothing about its answers."""
    carried = {each.column for each in table.parents}
    return sum(each.name not in carried for each in table.columns)

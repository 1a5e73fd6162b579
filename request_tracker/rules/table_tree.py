"""Proposed tables as a tree: children below their parents, what has to be walked for a choice, and its picture."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from request_tracker.rules.strangers import plain
from request_tracker.rules.vendor_api import Table

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, EDGE = 216, 26, 32, 8, 4
LABEL = 25
"""Characters of a box's label: what fits into its width."""
MOST_BOXES, DEEPEST, MOST_WALKED = 60, 8, 64
_FOLDS = tuple((deep, most) for deep in (DEEPEST, 2, 1, 0) for most in (40, 12, 6, 3, 1, 0))
"""How deep the picture goes, and how many tables without children one parent may show in it: tried in this order until
it is small enough."""


@dataclass(frozen=True)
class Branch:
    """A table where it stands in the tree. `parent`: the one it stands below (empty at the top), `walks`: every table
    that is read before it can be, the outermost first; `below`: how many tables stand below it."""

    table: Table
    level: int = 0
    parent: str = ""
    walks: tuple[str, ...] = ()
    below: int = 0

    @property
    def name(self) -> str:
        return self.table.name


class Look(StrEnum):
    """How a box is drawn. FOLDED stands for several tables."""

    CHOSEN = "chosen"
    WALKED = "walked"
    OPEN = "open"
    FOLDED = "folded"


@dataclass(frozen=True)
class Twig:
    """A box to be drawn; `name` is empty for one that stands for several tables."""

    name: str
    label: str
    level: int
    look: Look


@dataclass(frozen=True)
class Box:
    """Where a twig stands; x and y of its upper left corner, in the units of the picture."""

    twig: Twig
    x: int
    y: int
    width: int = BOX_WIDTH
    height: int = BOX_HEIGHT

    @property
    def middle(self) -> int:
        return self.y + self.height // 2


@dataclass(frozen=True)
class Line:
    """From the right edge of a parent to the left edge of its child: across to `bend`, down, and across again."""

    x1: int
    y1: int
    bend: int
    x2: int
    y2: int

    @property
    def path(self) -> str:
        return f"M{self.x1} {self.y1}H{self.bend}V{self.y2}H{self.x2}"


@dataclass(frozen=True)
class Picture:
    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def arrange(tables: Sequence[Table]) -> tuple[Branch, ...]:
    """Every table once, by name among its siblings, each below the parent that is walked last."""
    known = {table.name: table for table in tables}
    parents = {name: _nearest(table, known) for name, table in known.items()}
    children: dict[str, list[str]] = {}
    for name in sorted(known, key=str.casefold):
        children.setdefault(parents[name], []).append(name)
    found: list[Branch] = []
    waiting = [(name, 0) for name in reversed(children.get("", ()))]
    while waiting:
        name, level = waiting.pop()
        walks = tuple(sorted(ancestors(known, [name]), key=lambda each: (known[each].depth, each)))
        found.append(Branch(known[name], level, parents[name], walks))
        waiting += [(each, level + 1) for each in reversed(children.get(name, ()))]
    return _counted(found)


def ancestors(tables: Mapping[str, Table], names: Iterable[str]) -> frozenset[str]:
    """What has to be read on the way to these tables; they themselves only where another of them needs them.

    A chain longer than any real one is cut, so that no document makes it long to find.
    """
    wanted, found = list(names), set[str]()
    most = MOST_WALKED * max(1, len(wanted))
    while wanted and len(found) < most:
        table = tables.get(wanted.pop())
        for parent in table.parents if table else ():
            if parent.table in tables and parent.table not in found:
                found.add(parent.table)
                wanted.append(parent.table)
    return frozenset(found)


def picture(branches: Sequence[Branch], chosen: Collection[str]) -> Picture:
    """The tree from left to right: a child stands right of its parent, the first in the same row, no two overlap."""
    boxes, lines, above = [], [], list[Box]()
    row = 0
    for before, twig in pairwise((None, *folded(branches, chosen))):
        row += before is not None and twig is not None and twig.level <= before.level
        if twig is None:
            continue
        box = Box(twig, EDGE + twig.level * (BOX_WIDTH + GAP_X), EDGE + row * (BOX_HEIGHT + GAP_Y))
        above = [*above[: twig.level], box]
        boxes.append(box)
        if twig.level:
            lines.append(_line(above[-2], box))
    width = max((box.x + box.width for box in boxes), default=0) + EDGE
    height = max((box.y + box.height for box in boxes), default=0) + EDGE
    return Picture(width, height, tuple(boxes), tuple(lines))


def folded(branches: Sequence[Branch], chosen: Collection[str]) -> tuple[Twig, ...]:
    """What is drawn. Of many tables only the chosen ones and their parents; of many of these, some without children."""
    shallow = [each for each in branches if each.level <= DEEPEST]
    walked = {name for each in branches if each.name in chosen for name in each.walks}
    if len(shallow) > MOST_BOXES and any(each.name in chosen for each in shallow):
        shallow = _standing([each for each in shallow if each.name in chosen or each.name in walked])
    if len(shallow) <= MOST_BOXES:
        return tuple(_twig(each, chosen, walked) for each in _cut(shallow, DEEPEST))
    tries = (_fewer(_cut(shallow, deep), most, chosen, walked) for deep, most in _FOLDS)
    return next(tuple(twigs) for twigs in tries if len(twigs) <= MOST_BOXES)


def _nearest(table: Table, known: Mapping[str, Table]) -> str:
    """The deepest parent, the last named of several. One that is not less deep is none: nothing is below itself."""
    found = [known[each.table] for each in table.parents if each.table in known]
    fit = [(each.depth, place, each.name) for place, each in enumerate(found) if each.depth < table.depth]
    return max(fit)[2] if fit else ""


def _counted(found: Sequence[Branch]) -> tuple[Branch, ...]:
    below = dict.fromkeys((each.name for each in found), 0)
    for each in reversed(found):
        if each.parent:
            below[each.parent] += 1 + below[each.name]
    return tuple(replace(each, below=below[each.name]) for each in found)


def _standing(branches: Sequence[Branch]) -> list[Branch]:
    """The branches with the levels they have among themselves: a parent that is left out leaves no gap."""
    levels: dict[str, int] = {}
    for each in branches:
        levels[each.name] = levels[each.parent] + 1 if each.parent in levels else 0
    return [replace(each, level=levels[each.name]) for each in branches]


def _cut(branches: Sequence[Branch], deep: int) -> list[Branch]:
    """The tree down to a level. What stands below the last one is told by a number beside its name: `below` stays."""
    return [each if each.level == deep else replace(each, below=0) for each in branches if each.level <= deep]


def _fewer(branches: Sequence[Branch], most: int, chosen: Collection[str], walked: Collection[str]) -> list[Twig]:
    """At most so many tables without children below one parent, the chosen ones first; the others as one box."""
    inner = {each.parent for each in branches}
    leaves: dict[str, list[Branch]] = {}
    for each in branches:
        if each.name not in inner:
            leaves.setdefault(each.parent, []).append(each)
    kept = {
        each.name
        for rows in leaves.values()
        for each in sorted(rows, key=lambda row: (row.name not in chosen, not row.below))[
            : most if len(rows) > most + 1 else None
        ]
    }
    last = {rows[-1].name: len(rows) - sum(row.name in kept for row in rows) for rows in leaves.values()}
    twigs = []
    for each in branches:
        if each.name in inner or each.name in kept:
            twigs.append(_twig(each, chosen, walked))
        if last.get(each.name):
            twigs.append(_more(last[each.name], each.level))
    return twigs


def _twig(branch: Branch, chosen: Collection[str], walked: Collection[str]) -> Twig:
    look = Look.CHOSEN if branch.name in chosen else Look.WALKED if branch.name in walked else Look.OPEN
    below = f" +{branch.below}" if branch.below else ""
    return Twig(branch.name, plain(branch.name, LABEL - len(below)) + below, branch.level, look)


def _more(count: int, level: int) -> Twig:
    return Twig("", f"{count} more table{'' if count == 1 else 's'}", level, Look.FOLDED)


def _line(parent: Box, child: Box) -> Line:
    return Line(parent.x + parent.width, parent.middle, child.x - GAP_X // 2, child.x, child.middle)

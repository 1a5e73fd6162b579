"""Which lists must be walked before another one can be asked for, and how deep that goes.

Every group of parameters of a path, and every required query parameter that names a record, is supplied by a list of
the same document, by a closed list of values, or by the person who sets up the connector.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import heappop, heappush

from request_tracker.apidocs.describing.paths import segments
from request_tracker.apidocs.describing.words import words
from request_tracker.apidocs.measuring.collected import Listed
from request_tracker.apidocs.measuring.needs import Need, needs_of
from request_tracker.apidocs.measuring.providers import Providers

SCOPES = frozenset({
    "account", "workspace", "organization", "organisation", "org", "company", "tenant", "environment", "env",
    "enterprise", "business", "realm", "space", "instance", "subdomain", "portal",
})  # fmt: skip
"""What a connection is for as a whole: normally one fixed value."""

SCOPE_SHARE = 0.5
SCOPE_LEAST = 4
DEEPEST = 25
"""No list that takes so many others to reach supplies a further one."""


@dataclass(frozen=True)
class Supplied:
    """A group of parameters and the path of the list that supplies it."""

    need: Need
    provider: str


@dataclass(frozen=True)
class Nest:
    """What must be known before a list can be asked for. `ancestors`: paths of all lists to walk first, directly or
    indirectly. `asked`: what the person has to give; `constants`: parameters with a closed list of values."""

    path: str
    supplied: tuple[Supplied, ...] = ()
    asked: tuple[Need, ...] = ()
    constants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ancestors: frozenset[str] = frozenset()

    @property
    def depth(self) -> int:
        return len(self.ancestors)

    @cached_property
    def parents(self) -> tuple[str, ...]:
        return tuple(sorted({each.provider for each in self.supplied}))

    @cached_property
    def config_params(self) -> tuple[str, ...]:
        """The path parameters that no list supplies."""
        return tuple(name for need in self.asked if need.place == "path" for name in need.names)


def nests(found: Sequence[Listed], *, fixed: str = "", credentials: Iterable[str] = ()) -> dict[str, Nest]:
    """For every list, by its path, what must be walked first. `fixed`: a parameter that counts as given by the person
    (the scope); `credentials`: names of query parameters that sign in."""
    needs = {each.path: needs_of(each, frozenset(credentials)) for each in found}
    return _Solver(Providers(found, needs), needs, words(fixed)).solved()


def scope(found: Sequence[Listed]) -> str:
    """The first path parameter of at least half the lists, when it names an account, workspace and the like."""
    counts: dict[tuple[str, ...], int] = {}
    written: dict[tuple[str, ...], str] = {}
    for each in found:
        name = next((name for part in segments(each.path) for name in part.names), "")
        counts[words(name)] = counts.get(words(name), 0) + 1
        written.setdefault(words(name), name)
    fitting = [named for named, count in counts.items() if SCOPES & set(named) and count >= SCOPE_LEAST]
    best = max(fitting, key=lambda named: counts[named], default=None)
    return written[best] if best is not None and counts[best] >= SCOPE_SHARE * len(found) else ""


def histogram(solved: Mapping[str, Nest]) -> dict[str, int]:
    """How many lists there are of each depth, by the depth as text, shallowest first."""
    depths = sorted(nest.depth for nest in solved.values())
    return {str(depth): depths.count(depth) for depth in sorted(set(depths))}


def deepest(solved: Mapping[str, Nest]) -> int:
    """The greatest depth, 0 without any list."""
    return max((nest.depth for nest in solved.values()), default=0)


class _Solver:
    """Settles the shallowest lists first, so that of several providers the one with the fewest parents is known. Each
    list is looked at again only when one that may supply it is settled."""

    def __init__(self, providers: Providers, needs: Mapping[str, tuple[Need, ...]], fixed: tuple[str, ...]) -> None:
        self._providers = providers
        self._needs = needs
        self._fixed = fixed
        self._settled: dict[str, Nest] = {}
        self._choices = {path: {need: self._candidates(path, need) for need in needs[path]} for path in needs}
        self._open = {path: sum(map(bool, choices.values())) for path, choices in self._choices.items()}
        self._ready: list[tuple[int, int, str]] = []
        self._waiting: defaultdict[str, list[tuple[str, Need]]] = defaultdict(list)
        self._begun: set[tuple[str, Need]] = set()
        self._numbers = {path: number for number, path in enumerate(needs)}

    def solved(self) -> dict[str, Nest]:
        for path, choices in self._choices.items():
            for need, candidates in choices.items():
                for candidate in candidates:
                    self._waiting[candidate].append((path, need))
            self._push(path)
        knots = iter(sorted(self._needs, key=lambda path: (len(segments(path)), len(path), path)))
        while len(self._settled) < len(self._needs):
            self._settle(heappop(self._ready)[2] if self._ready else next(knots))
        return {path: self._settled[path] for path in self._needs}

    def _settle(self, path: str) -> None:
        """Of lists that wait for one another the shortest path is settled first: what is not known is asked for."""
        if path in self._settled:
            return
        self._settled[path] = self._nest(path)
        for waiting, need in self._waiting[path]:
            if (waiting, need) not in self._begun:
                self._begun.add((waiting, need))
                self._open[waiting] -= 1
                self._push(waiting)

    def _push(self, path: str) -> None:
        if not self._open[path] and path not in self._settled:
            heappush(self._ready, (self._nest(path).depth, self._numbers[path], path))

    def _candidates(self, path: str, need: Need) -> tuple[str, ...]:
        is_given = bool(need.values) or any(words(name) == self._fixed for name in need.names if self._fixed)
        return () if is_given else self._providers.of(path, need)

    def _rank(self, path: str) -> tuple[int, bool, int, int, int]:
        nest, is_deprecated = self._settled[path], self._providers.is_deprecated(path)
        return (nest.depth, is_deprecated, len(nest.config_params), len(segments(path)), len(path))

    def _provider(self, candidates: Iterable[str]) -> str | None:
        known = (path for path in candidates if path in self._settled and self._settled[path].depth < DEEPEST)
        return min(known, key=self._rank, default=None)

    def _nest(self, path: str) -> Nest:
        needs = self._needs[path]
        found = {need: self._provider(candidates) for need, candidates in self._choices[path].items()}
        chosen = {need: provider for need, provider in found.items() if provider is not None}
        above = (self._settled[provider] for provider in chosen.values())
        return Nest(
            path,
            tuple(Supplied(need, chosen[need]) for need in needs if need in chosen),
            tuple(need for need in needs if need not in chosen and not need.values),
            {name: need.values for need in needs if need.values for name in need.names},
            frozenset(chosen.values()).union(*(nest.ancestors for nest in above)),
        )

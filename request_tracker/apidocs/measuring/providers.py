"""Which lists of a document may supply a parameter: by the path ahead of it, else by its name."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice

from request_tracker.apidocs.describing.paths import ends_in_parameter, fixed, segments, shape
from request_tracker.apidocs.describing.words import is_plural, stem, uncalled
from request_tracker.apidocs.measuring.collected import Listed
from request_tracker.apidocs.measuring.list_words import LISTS
from request_tracker.apidocs.measuring.needs import Need, naming_words
from request_tracker.rules.plurals import singular

MOST_CANDIDATES = 40
"""How many lists of one name are looked at, those with the fewest parameters first."""

TAIL = "list"
"""/projects/list supplies what /projects would."""


class Providers:
    """The lists of one document by their shapes and names."""

    def __init__(self, found: Sequence[Listed], needs: Mapping[str, tuple[Need, ...]]) -> None:
        self._deprecated = {each.path for each in found if each.operation.is_deprecated}
        self._by_shape: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        self._by_name: defaultdict[str, list[str]] = defaultdict(list)
        self._by_data: defaultdict[str, list[str]] = defaultdict(list)
        for each in sorted(found, key=lambda each: (len(needs[each.path]), len(segments(each.path)), len(each.path))):
            self._add(each.path)
            self._add_data(each)

    def of(self, path: str, need: Need) -> tuple[str, ...]:
        """The lists that may supply a need of a list, never itself or one below it; () when none does."""
        below = path.rstrip("/") + "/"
        names = _names(need)
        held = (self._by_data.get(name, []) for name in names[:1])
        for candidates in (self._ahead(need), *(self._by_name.get(name, []) for name in names), *held):
            others = (each for each in candidates if each != path and not each.startswith(below))
            fitting = tuple(islice(others, MOST_CANDIDATES))
            if fitting:
                return fitting
        return ()

    def is_deprecated(self, path: str) -> bool:
        return path in self._deprecated

    def _add(self, path: str) -> None:
        self._by_shape[shape(path)].append(path)
        if ends_in_parameter(path):
            return
        ends = [stem(uncalled(segment)) for segment in fixed(path)]
        if len(ends) > 1 and ends[-1] == (TAIL,):
            ends.pop()
        for name in {"".join(ends[-1]), "".join(word for end in ends[-2:] for word in end)} if ends else ():
            self._by_name[name].append(path)

    def _ahead(self, need: Need) -> list[str]:
        if need.place != "path" or not need.before:
            return []
        return self._by_shape.get(need.before, []) + self._by_shape.get((*need.before, TAIL), [])

    def _add_data(self, listed: Listed) -> None:
        """/conversations.list answers with `channels`: it supplies a channel where nothing is called so."""
        name = listed.data_path.rsplit(".", 1)[-1]
        if name.lower() not in LISTS and is_plural(name):
            self._by_data["".join(stem(name))].append(listed.path)


def _names(need: Need) -> list[str]:
    """What a list that supplies a need may be called, squeezed, the likeliest first."""
    said = [found for name in reversed(need.names) for found in naming_words(name)]
    if need.place == "path" and not said:
        return ["".join(need.ahead)] if need.ahead else []
    whole = ["".join((*found[:-1], singular(found[-1]))) for found in said]
    last = [singular(found[-1]) for found in said] if need.is_naming else []
    return list(dict.fromkeys((*whole, *last)))

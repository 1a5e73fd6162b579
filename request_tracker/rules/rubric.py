"""The rubric an API document is judged by: points, bands and thresholds, shared by the verdict and the fit hints."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from request_tracker.rules.terms import Criterion

_POINTS = {
    Criterion.DOCUMENTATION: 20,
    Criterion.SIZE: 20,
    Criterion.NESTING: 20,
    Criterion.STRUCTURE: 15,
    Criterion.CUSTOM_DATA: 10,
    Criterion.AUTHENTICATION: 10,
    Criterion.INCREMENTAL: 5,
    Criterion.USE_CASE: 0,
}
_SIZES = ((0, 0), (2, 5), (4, 12), (60, 20), (120, 16), (250, 11))
_SIGN_IN = {"static": 10, "undeclared": 7, "none": 7, "oauth2": 4, "other": 4}


@dataclass(frozen=True)
class Rubric:
    """Defaults of the assessment facts, section 8. Shares are between 0 and 1, sizes count tables."""

    points: Mapping[Criterion, int] = field(default_factory=lambda: MappingProxyType(_POINTS))
    great_from: int = 80
    possible_from: int = 50
    great_share: float = 0.8
    """From this share of its points on a criterion by itself is great; from the next on it is possible."""
    possible_share: float = 0.4
    parses: int = 6
    answers: int = 8
    described: int = 3
    described_share: float = 0.7
    declared: int = 3
    around: int = 40
    """The ideal number of endpoints of the program's candidate criteria."""
    sizes: tuple[tuple[int, int], ...] = _SIZES
    """(at most so many tables, points); `beyond` are the points above the last."""
    beyond: int = 7
    fewest: int = 5
    most: int = 120
    levels: int = 2
    deep: int = 3
    nesting_points: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({2: 20, 3: 18}))
    """Points by the deepest table; `nesting_beyond` above."""
    nesting_beyond: int = 14
    deep_share: float = 0.1
    named_columns: int = 3
    named_share: float = 0.7
    typed_share: float = 0.4
    custom_weight: float = 0.3
    custom_share: float = 0.8
    sign_in: Mapping[str, int] = field(default_factory=lambda: MappingProxyType(_SIGN_IN))
    pointers: int = 5

    def size_points(self, tables: int) -> int:
        return next((points for most, points in self.sizes if tables <= most), self.beyond)

    def ideal(self) -> tuple[int, int]:
        """From and up to how many tables all points are given."""
        best = max(points for _, points in self.sizes)
        index = next(index for index, (_, points) in enumerate(self.sizes) if points == best)
        return self.sizes[index - 1][0] + 1 if index else 1, self.sizes[index][0]

    def depth_points(self, deepest: int) -> int:
        return next(
            (points for most, points in sorted(self.nesting_points.items()) if deepest <= most), self.nesting_beyond
        )


RUBRIC = Rubric()

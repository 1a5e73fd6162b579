"""What training and measuring decided about matching: coefficients, bands, and how good they were found to be."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

Z = 1.96
"""Of the normal distribution, for an interval that holds 95 times in 100."""
KINDS_OF_FIGURE = {"on": str, "when": str, "services": int, "records": int, "pairs": int}


@dataclass(frozen=True)
class Bands:
    """From which score on a pair is merged by itself, and from which on it is shown to a person."""

    merge: float
    suggest: float


@dataclass(frozen=True)
class Measured:
    """Figures on labelled pairs, shares from 0 to 1. `auto_*`: the best candidate, where the band says merge.

    `novel`: the share of entries without any true match that it would merge; `on`: what was measured and how, in words;
    `when`: the ISO date.
    """

    auto_precision: float
    auto_share: float
    novel: float
    f1: float
    slice_f1: float
    average_precision: float
    recall_at_5: float
    services: int
    records: int
    pairs: int
    on: str
    when: str

    @property
    def decisions(self) -> int:
        """How many of the entries were decided without a person."""
        return round(self.auto_share * self.records)

    @property
    def at_most_wrong(self) -> float:
        """The upper end of the 95 % interval of the share of wrong decisions (Wilson): none seen is not none."""
        n, wrong = max(1, self.decisions), 1 - self.auto_precision
        middle, spread = wrong + Z * Z / (2 * n), Z * math.sqrt(wrong * (1 - wrong) / n + Z * Z / (4 * n * n))
        return min(1.0, (middle + spread) / (1 + Z * Z / n))


@dataclass(frozen=True)
class Tuning:
    """`fixed`: names of the weights that were set by hand; `measured`: None where nobody measured."""

    weights: Mapping[str, float]
    bands: Bands
    fixed: frozenset[str] = frozenset()
    measured: Measured | None = None


def read_tuning(raw: object) -> Tuning:
    """The tuning of a decoded JSON document; ValueError says in words which part is wrong."""
    root = _part(raw, "the document")
    weights = MappingProxyType(
        {name: _number(value, name) for name, value in _part(root.get("weights"), "weights").items()}
    )
    fixed = root.get("fixed", [])
    if not weights:
        raise ValueError("weights is empty")
    if not isinstance(fixed, list) or not set(map(str, fixed)) <= set(weights):
        raise ValueError("fixed must be a list of names of weights")
    measured = root.get("measured")
    return Tuning(weights, _bands(root), frozenset(map(str, fixed)), None if measured is None else _measured(measured))


def _bands(root: Mapping[str, Any]) -> Bands:
    raw = _part(root.get("bands"), "bands")
    bands = Bands(**{one.name: _number(raw.get(one.name), f"bands.{one.name}") for one in fields(Bands)})
    if not 0 < bands.suggest <= bands.merge < 1:
        raise ValueError("bands must keep 0 < suggest <= merge < 1")
    return bands


def _measured(raw: object) -> Measured:
    part = _part(raw, "measured")
    return Measured(**{one.name: _figure(part, one.name) for one in fields(Measured)})


def _figure(part: Mapping[str, Any], name: str) -> Any:
    kind = KINDS_OF_FIGURE.get(name)
    if kind is None:
        return _number(part.get(name), f"measured.{name}")
    if not isinstance(part.get(name), kind):
        raise ValueError(f"measured.{name} is missing")
    return part[name]


def _part(raw: object, name: str) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise ValueError(f"{name} must be an object")
    return raw


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} must be a number")
    return float(value)

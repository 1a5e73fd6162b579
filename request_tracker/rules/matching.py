"""Do two entries mean the same service? Score, decision and the reasons in words; aliases and shared hosts come in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar

from request_tracker.rules.entries import Entry, Knowledge, Prepared, keys, prepare, trigrams
from request_tracker.rules.likeness import Counter, Likeness, look, measures, weigh
from request_tracker.rules.match_reasons import reasons_for
from request_tracker.rules.names import is_telling

__all__ = [
    "BANDS", "Bands", "Counter", "Decision", "Entry", "Knowledge", "Match", "Prepared",
    "compare", "keys", "prepare", "rank", "trigrams",
]  # fmt: skip

Decision = Literal["merge", "suggest", "new"]
K = TypeVar("K")


@dataclass(frozen=True)
class Bands:
    """From which score on a pair is merged by itself, and from which on it is shown to a person."""

    merge: float = 0.95
    suggest: float = 0.3


BANDS = Bands()


@dataclass(frozen=True)
class Match:
    """The answer for one pair: score 0 to 1, what to do, and why, in phrases for people."""

    score: float
    decision: Decision
    reasons: tuple[str, ...]


def _one(_: str) -> int:
    return 1


def compare(
    a: Prepared,
    b: Prepared,
    *,
    names_on_domain: Counter = _one,
    names_with_word: Counter = _one,
    bands: Bands = BANDS,
) -> Match:
    """Compare two entries; the order does not matter.

    names_on_domain and names_with_word tell how many different names are known on a domain or contain a word.
    """
    seen = look(a, b, names_on_domain)
    score = weigh(measures(seen, names_with_word))
    certain = may_merge(seen)
    if not certain:
        score *= bands.merge
    return Match(round(score, 6), _decide(score, certain, bands), reasons_for(seen))


def may_merge(seen: Likeness) -> bool:
    """True where no doubt of kind remains: one key, no contradicting domain, no family."""
    if seen.conflict or seen.family:
        return False
    if seen.shared_domains:
        return seen.same_key or (seen.name_is_label and not seen.both_named)
    return seen.same_key and is_telling(seen.a.words) and is_telling(seen.b.words)


def rank(
    query: Prepared,
    candidates: Iterable[tuple[K, Prepared]],
    *,
    limit: int = 5,
    keep_all: bool = False,
    names_on_domain: Counter = _one,
    names_with_word: Counter = _one,
) -> list[tuple[K, Match]]:
    """The candidates best first, at most limit; those that are no match at all are left out unless keep_all."""
    found = [
        (key, compare(query, other, names_on_domain=names_on_domain, names_with_word=names_with_word))
        for key, other in candidates
    ]
    kept = [pair for pair in found if keep_all or pair[1].decision != "new"]
    return sorted(kept, key=lambda pair: (-pair[1].score, str(pair[0])))[:limit]


def _decide(score: float, certain: bool, bands: Bands) -> Decision:
    if certain and score >= bands.merge:
        return "merge"
    return "suggest" if score >= bands.suggest else "new"

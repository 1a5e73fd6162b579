"""Do two entries mean the same service? Score, decision and the reasons in words; knowledge and tuning come in."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from request_tracker.rules.entries import AliasFact, Entry, Knowledge, Prepared, keys, prepare, trigrams
from request_tracker.rules.likeness import Counter, Likeness, look
from request_tracker.rules.match_reasons import reasons_for
from request_tracker.rules.measures import measures, weigh
from request_tracker.rules.names import is_telling
from request_tracker.rules.tuning import Bands, Measured, Tuning

__all__ = [
    "AliasFact", "Bands", "Counter", "Decision", "Entry", "Knowledge", "Match", "Measured", "Prepared", "Tuning",
    "compare", "keys", "prepare", "rank", "trigrams",
]  # fmt: skip

Decision = Literal["merge", "suggest", "new"]
K = TypeVar("K")


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
    tuning: Tuning,
) -> Match:
    """Compare two entries; the order does not matter.

    names_on_domain and names_with_word tell how many different names are known on a domain or contain a word.
    """
    seen = look(a, b, names_on_domain)
    score = _score(seen, names_with_word, tuning)
    certain = may_merge(seen)
    if not certain:
        score = short_of(tuning.bands.merge, score)
    return Match(round(score, 6), _decide(score, certain, tuning.bands), reasons_for(seen))


def may_merge(seen: Likeness) -> bool:
    """True where no doubt of kind remains: one key, no contradicting domain, no family."""
    if seen.conflict or seen.family:
        return False
    if seen.same_address:
        return True
    if seen.same_domain:
        return seen.same_key or (seen.name_is_label and not seen.both_named)
    return seen.same_key and is_telling(seen.a.words) and is_telling(seen.b.words)


def short_of(merge: float, score: float) -> float:
    """The score of a pair that must not merge: its upper end is pressed together below the band, the order stays."""
    bend = 2 * merge - 1
    return score if score <= bend else min(merge - 0.0001, merge - (1 - score) / 2)


def rank(
    query: Prepared,
    candidates: Iterable[tuple[K, Prepared]],
    *,
    limit: int = 5,
    keep_all: bool = False,
    names_on_domain: Counter = _one,
    names_with_word: Counter = _one,
    tuning: Tuning,
) -> list[tuple[K, Match]]:
    """The candidates best first, at most limit; those that are no match at all are left out unless keep_all."""
    found = [
        (key, compare(query, other, names_on_domain=names_on_domain, names_with_word=names_with_word, tuning=tuning))
        for key, other in candidates
    ]
    kept = [pair for pair in found if keep_all or pair[1].decision != "new"]
    return sorted(kept, key=lambda pair: (-pair[1].score, str(pair[0])))[:limit]


def _score(seen: Likeness, names_with_word: Counter, tuning: Tuning) -> float:
    """The weighed measures; to know that two names are one never lowers what they say without it."""
    score = weigh(measures(seen, names_with_word), tuning.weights)
    if not seen.same_alias:
        return score
    return max(score, weigh(measures(replace(seen, same_alias=False), names_with_word), tuning.weights))


def _decide(score: float, certain: bool, bands: Bands) -> Decision:
    if certain and score >= bands.merge:
        return "merge"
    return "suggest" if score >= bands.suggest else "new"

"""How good scores are: average precision, best F1, what a ranking finds, and whether a score is a probability."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from tests.benchmarks.matching_data import Labelled

Scored = Sequence[tuple[float, bool]]
Ranking = Mapping[str, Sequence[tuple[str, float]]]
EASY = {"random", "same_name_same_domain", "same_name_domain_missing"}


@dataclass(frozen=True)
class PairFigures:
    """Figures over labelled pairs; the slice leaves out random pairs and matches of equal names."""

    f1: float
    average_precision: float
    slice_f1: float


@dataclass(frozen=True)
class RankFigures:
    """Figures over every entry asked against all others; `auto_*` where the best candidate would be merged."""

    recall_at_5: float
    auto_precision: float
    auto_share: float
    novel: float
    auto: int
    wrong: int


def pair_figures(data: Labelled, scores: Sequence[float]) -> PairFigures:
    """`scores`: one for each pair of the data, in their order."""
    every = [(score, pair.same) for score, pair in zip(scores, data.pairs, strict=True)]
    hard = [one for one, pair in zip(every, data.pairs, strict=True) if pair.kind not in EASY]
    return PairFigures(best_f1(every)[0], average_precision(every), best_f1(hard)[0])


def average_precision(scored: Scored) -> float:
    """The area under precision over recall; equal scores count as one step."""
    matches = sum(same for _, same in scored)
    area = before = 0.0
    for _, true, taken in _steps(scored):
        recall = true / matches
        area += (recall - before) * true / taken
        before = recall
    return area


def best_f1(scored: Scored) -> tuple[float, float]:
    """The best F1 any threshold above 0 gives, and that threshold."""
    matches = sum(same for _, same in scored)
    found = [(2 * true / (taken + matches), score) for score, true, taken in _steps(scored) if score > 0]
    return max(found, key=lambda one: one[0], default=(0.0, 0.0))


def rank_figures(data: Labelled, ranking: Ranking, merges: Callable[[str, str, float], bool]) -> RankFigures:
    """`merges` tells whether the best candidate (query, candidate, score) would be merged by itself."""
    members = data.members()
    findable = found = novel = auto = right = on_novel = 0
    for query, ranked in ranking.items():
        others = [(one, score) for one, score in ranked if data.comparable(query, one)]
        sure = [one for one, _ in others if not data.doubtful(query, one)]
        new = data.is_novel(query, members)
        novel += new
        findable += not new
        found += any(data.same(query, one) for one in sure[:5])
        if others and merges(query, *others[0]) and not data.doubtful(query, others[0][0]):
            auto += 1
            right += data.same(query, others[0][0])
            on_novel += new
    return RankFigures(
        recall_at_5=found / max(1, findable),
        auto_precision=right / auto if auto else 0.0,
        auto_share=auto / max(1, len(ranking)),
        novel=on_novel / max(1, novel),
        auto=auto,
        wrong=auto - right,
    )


def calibration(scored: Scored, edges: Sequence[float]) -> Iterator[tuple[float, float, int, float, float]]:
    """For each bin (from, to): how many pairs, their mean score, and the share of them that are matches."""
    for low, high in pairwise(edges):
        inside = [(score, same) for score, same in scored if low <= score < high or score == high == edges[-1]]
        if inside:
            yield low, high, len(inside), _mean(score for score, _ in inside), _mean(same for _, same in inside)


def _steps(scored: Scored) -> Iterator[tuple[float, int, int]]:
    """From the highest score down: the score, how many matches and how many pairs reach it."""
    true = taken = 0
    for score, level in groupby(sorted(scored, key=lambda one: -one[0]), key=lambda one: one[0]):
        labels = [same for _, same in level]
        true, taken = true + sum(labels), taken + len(labels)
        yield score, true, taken


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)

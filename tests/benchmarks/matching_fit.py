"""Training of the coefficients: logistic regression over the measures of labelled pairs, with cross-validation."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from request_tracker.rules.likeness import look
from request_tracker.rules.matching import may_merge, short_of
from request_tracker.rules.measures import BOTH_NAMED, NAME_MISSING, measures
from request_tracker.store.matchbook import Matchbook
from tests.benchmarks.matching_data import Labelled, Pair

NAMES = (*BOTH_NAMED, *NAME_MISSING)
COLUMN = {name: at for at, name in enumerate(NAMES)}
# Set by hand: facts, whatever a small sample says of them, and what no sample of ours can teach: an address without a
# name on a domain with n names means each of them with a chance of about one in n. Pairs in which they speak train
# nothing else.
FIXED = {
    "known alias": 5.2,
    "same page of a shared host": 1.0,
    "no name: same page": 3.0,
    "no name: same address": 5.0,
    "no name: names on the domain": -0.7,
}
STRENGTH = 1.0
WEIGHT_OF = {"random": 0.3}
NAMELESS_WEIGHT = 0.5

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Measures:
    """One row a pair: its measures, and whether the rules allow it to merge at all."""

    rows: Matrix
    certain: NDArray[np.bool_]


def measured(book: Matchbook, pairs: Iterable[tuple[str, str]]) -> Measures:
    """The measures of pairs of the book."""
    rows, certain = [], []
    for left, right in pairs:
        seen = look(book.prepared(left), book.prepared(right), book.names_on_domain)
        row = [0.0] * len(NAMES)
        for name, value in measures(seen, book.names_with_word).items():
            row[COLUMN[name]] = value
        rows.append(row)
        certain.append(may_merge(seen))
    return Measures(np.array(rows).reshape(len(rows), len(NAMES)), np.array(certain, dtype=bool))


@dataclass(frozen=True)
class Lesson:
    """What a model learns from: measures, answers, how much each counts, and the folds of the two entries."""

    rows: Matrix
    same: NDArray[np.bool_]
    counts: Matrix
    left: NDArray[np.int_]
    right: NDArray[np.int_]

    def without(self, fold: int) -> "Lesson":
        """What is left when nothing of one fold may be seen."""
        kept = (self.left != fold) & (self.right != fold)
        return Lesson(self.rows[kept], self.same[kept], self.counts[kept], self.left[kept], self.right[kept])


def lesson(data: Labelled, book: Matchbook, fold_of: Mapping[str, int]) -> Lesson:
    """Labelled pairs, and for entries without a name what the look-up finds: few labelled pairs are hard for them."""
    extra = list(_nameless(data, book))
    pairs = [*data.pairs, *extra]
    rows = measured(book, ((pair.left, pair.right) for pair in pairs)).rows
    counts = [WEIGHT_OF.get(pair.kind, 1.0) for pair in data.pairs] + [NAMELESS_WEIGHT] * len(extra)
    left, right = ([fold_of[one] for one in ends] for ends in zip(*((p.left, p.right) for p in pairs), strict=True))
    free = ~rows[:, [COLUMN[name] for name in FIXED]].any(axis=1)
    same = np.array([pair.same for pair in pairs])
    return Lesson(rows[free], same[free], np.array(counts)[free], np.array(left)[free], np.array(right)[free])


def train(learnt: Lesson) -> Matrix:
    """The weight of each measure; those set by hand are as they are."""
    model = LogisticRegression(C=STRENGTH, fit_intercept=False, max_iter=5000)
    nothing = np.zeros((1, len(NAMES)))
    nothing[0, COLUMN["no name: base"]] = 1
    rows, same = np.vstack([learnt.rows, nothing]), np.append(learnt.same, False)
    model.fit(rows, same, np.append(learnt.counts, 150))
    weights: Matrix = model.coef_[0].copy()
    for name, weight in FIXED.items():
        weights[COLUMN[name]] = weight
    return weights


def rounded(weights: Matrix) -> Matrix:
    """Two digits are plenty, and keep the file readable."""
    return np.round(weights, 2)


def scores(found: Measures, weights: Matrix, merge: float) -> list[float]:
    """The score of each row as the rules would give it."""
    totals = np.clip(found.rows @ weights, -60, 60)
    plain = 1 / (1 + np.exp(-totals))
    return [float(one) if sure else short_of(merge, float(one)) for one, sure in zip(plain, found.certain, strict=True)]


def crossed(
    data: Labelled, found: Measures, models: Sequence[Matrix], fold_of: Mapping[str, int], merge: float
) -> list[float]:
    """The score of each labelled pair by the models that saw neither entry; of two folds the mean of both."""
    by_model = [scores(found, model, merge) for model in models]
    return [
        (by_model[fold_of[pair.left]][at] + by_model[fold_of[pair.right]][at]) / 2 for at, pair in enumerate(data.pairs)
    ]


def _nameless(data: Labelled, book: Matchbook) -> Iterable[Pair]:
    """What the look-up finds for entries without a name, unless nobody can tell."""
    for query in book:
        prepared = book.prepared(query)
        for other in [] if prepared.name_key else book.candidates(prepared):
            if data.comparable(query, other) and not data.doubtful(query, other):
                yield Pair(query, other, data.same(query, other), "found")

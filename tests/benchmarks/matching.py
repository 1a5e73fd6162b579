"""Matching on labelled entries: trains the coefficients, writes them, prints our figures beside published ones.

    python -m tests.benchmarks.matching --data FOLDER [--write]

Five-fold cross-validation that parts no family of services; no score of that row comes from a model that saw either
entry. The shipped weights are trained on everything. Same data, same figures.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from request_tracker import resources
from request_tracker.rules.matching import Bands, Knowledge, Measured, Tuning
from request_tracker.store.keys import TUNING, load_knowledge
from request_tracker.store.matchbook import Matchbook
from tests.benchmarks import matching_data as labelled
from tests.benchmarks import matching_figures as figures
from tests.benchmarks import matching_fit as fitting

BANDS = Bands(merge=0.95, suggest=0.3)
EDGES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
WORST = 12
# Published for these methods on entries of the same make, but on another split than the one measured here. In turn:
# F1, average precision, slice F1, recall@5, precision and share of what would merge by itself, novel entries merged.
PUBLISHED = {
    "same registrable domain, not a shared host": (0.542, 0.683, 0.454, 0.581, None, None, None),
    "rapidfuzz WRatio on raw names": (0.877, 0.937, 0.614, 0.915, 0.992, 0.62, 0.006),
    "simple domain + name rule": (0.869, 0.957, 0.670, 0.976, 0.978, 0.68, 0.048),
    "trigram cosine + domain + family penalty": (0.927, 0.982, 0.802, 0.987, 0.971, 0.78, 0.069),
    "splink 5, unsupervised": (0.888, 0.944, 0.661, 0.971, 0.994, 0.41, 0.008),
    "logistic regression, 20 features": (0.928, 0.984, 0.845, 0.988, 0.984, 0.76, 0.045),
    "boosted trees": (0.908, 0.983, 0.831, 0.985, 0.992, 0.72, 0.013),
    "boosted trees + sentence embedding": (0.935, 0.990, 0.881, 0.989, 0.991, 0.75, 0.016),
    "logistic regression + complete list of renames": (0.985, 0.996, 0.967, 0.994, 0.999, 0.77, 0.003),
}
HEAD = ("method", "F1", "AP", "slice F1", "recall@5", "auto precision", "@ share", "novel")


@dataclass(frozen=True)
class Run:
    """One way to score: the figures, and the score of each labelled pair."""

    pairs: figures.PairFigures
    ranks: figures.RankFigures
    scores: Sequence[float]

    def row(self) -> tuple[float, ...]:
        pairs, ranks = self.pairs, self.ranks
        auto = (ranks.auto_precision, ranks.auto_share, ranks.novel)
        return (pairs.f1, pairs.average_precision, pairs.slice_f1, ranks.recall_at_5, *auto)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print, and with --write put the coefficients into the seed data."""
    chosen = _arguments(arguments)
    try:
        data = labelled.load(chosen.data)
    except labelled.Missing as fault:
        raise SystemExit(str(fault)) from fault
    knowledge = load_knowledge(chosen.seeds, Tuning({}, BANDS))
    crossed, whole, tuning = measure(data, knowledge)
    blind, _, _ = measure(data, replace(knowledge, aliases={}, facts={}))
    ours = {"cross-validated": crossed, "in sample": whole, "no aliases, cross-validated": blind}
    _print_table({f"ours, {how}": run for how, run in ours.items()})
    _print_calibration(data, crossed)
    _print_worst(data, crossed)
    if chosen.write:
        write(chosen.seeds / TUNING, tuning)


def measure(data: labelled.Labelled, knowledge: Knowledge) -> tuple[Run, Run, Tuning]:
    """Cross-validated, in sample, and the tuning to ship: trained on everything, measured by cross-validation."""
    book, fold_of = labelled.book_of(data, knowledge), labelled.folds(data)
    lesson = fitting.lesson(data, book, fold_of)
    models = [fitting.train(lesson.without(fold)) for fold in range(labelled.FOLDS)]
    final = fitting.rounded(fitting.train(lesson))
    found = fitting.measured(book, [(pair.left, pair.right) for pair in data.pairs])
    crossed = _run(data, book, fitting.crossed(data, found, models, fold_of, BANDS.merge), models, fold_of)
    whole = _run(data, book, fitting.scores(found, final, BANDS.merge), [final], dict.fromkeys(fold_of, 0))
    weights = dict(zip(fitting.NAMES, map(float, final), strict=True))
    return crossed, whole, Tuning(weights, BANDS, frozenset(fitting.FIXED), _measured(data, crossed))


def write(path: Path, tuning: Tuning) -> None:
    """The tuning as JSON, one weight a line."""
    measured = asdict(tuning.measured) if tuning.measured else None
    shown = {name: round(one, 4) if isinstance(one, float) else one for name, one in (measured or {}).items()}
    body = {
        "bands": asdict(tuning.bands),
        "fixed": sorted(tuning.fixed),
        "measured": shown or None,
        "weights": dict(tuning.weights),
    }
    path.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    print(f"\nWritten: {path}")


def _run(
    data: labelled.Labelled,
    book: Matchbook,
    scores: Sequence[float],
    models: Sequence[fitting.Matrix],
    fold_of: Mapping[str, int],
) -> Run:
    ranking = {query: _ranked(book, query, models[fold_of[query]]) for query in data.entries}
    ranks = figures.rank_figures(data, ranking, lambda _, __, score: score >= BANDS.merge)
    return Run(figures.pair_figures(data, scores), ranks, scores)


def _ranked(book: Matchbook, query: str, model: fitting.Matrix) -> list[tuple[str, float]]:
    others = [one for one in book.candidates(book.prepared(query)) if one != query]
    found = fitting.scores(fitting.measured(book, ((query, one) for one in others)), model, BANDS.merge)
    return sorted(zip(others, found, strict=True), key=lambda one: (-one[1], one[0]))


def _measured(data: labelled.Labelled, run: Run) -> Measured:
    services = len(set(data.services.values()))
    return Measured(
        auto_precision=run.ranks.auto_precision,
        auto_share=run.ranks.auto_share,
        novel=run.ranks.novel,
        f1=run.pairs.f1,
        slice_f1=run.pairs.slice_f1,
        average_precision=run.pairs.average_precision,
        recall_at_5=run.ranks.recall_at_5,
        services=services,
        records=len(data.entries),
        pairs=len(data.pairs),
        on=f"{len(data.pairs):,} labelled pairs of {len(data.entries):,} entries, cross-validated by service",
        when=datetime.now(UTC).date().isoformat(),
    )


def _print_table(runs: Mapping[str, Run]) -> None:
    print("Published figures (another split of the same make), then ours:\n")
    print(_line(HEAD))
    for method, row in PUBLISHED.items():
        print(_line((method, *map(_three, row))))
    for method, run in runs.items():
        print(_line((method, *map(_three, run.row()))))
    for method, run in runs.items():
        print(f"{method}: {run.ranks.wrong} of {run.ranks.auto} automatic merges wrong")


def _print_calibration(data: labelled.Labelled, run: Run) -> None:
    print("\nIs a score a probability? Cross-validated, labelled pairs:\n")
    print(_line(("score", "pairs", "mean score", "true matches")))
    scored = [(score, pair.same) for score, pair in zip(run.scores, data.pairs, strict=True)]
    for low, high, count, mean, share in figures.calibration(scored, EDGES):
        print(_line((f"{low:.2f} to {high:.2f}", str(count), _three(mean), _three(share))))


def _print_worst(data: labelled.Labelled, run: Run) -> None:
    print("\nFurthest from the label, cross-validated, one pair of services each:\n")
    shown: set[frozenset[str]] = set()
    for score, pair in sorted(zip(run.scores, data.pairs, strict=True), key=lambda one: -abs(one[0] - one[1].same)):
        services = frozenset((data.services[pair.left], data.services[pair.right]))
        if services not in shown and len(shown) < WORST:
            shown.add(services)
            label = "same" if pair.same else "different"
            print(f"{score:.3f}  {label}  {_told(data, pair.left)} | {_told(data, pair.right)}")


def _told(data: labelled.Labelled, entry_id: str) -> str:
    entry = data.entries[entry_id]
    return f"{entry.name or 'no name'} <{entry.url or entry.docs_url or 'no address'}>"


def _three(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _line(cells: Sequence[str]) -> str:
    return f"{cells[0]:48}" + "".join(f"{cell:>15}" for cell in cells[1:])


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train and measure matching on labelled entries.")
    parser.add_argument("--data", type=Path, required=True, help="folder with the labelled CSV files")
    parser.add_argument("--seeds", type=Path, default=resources.SEED_DATA, help="folder with aliases and hosts")
    parser.add_argument("--write", action="store_true", help=f"put the coefficients into {TUNING} of the seed data")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()

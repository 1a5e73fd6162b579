"""The yardstick of matching: each figure on a case small enough to count by hand."""

from pathlib import Path

import pytest

from request_tracker.rules.matching import Entry
from tests.benchmarks.matching_data import Labelled, Missing, Pair, folds, load
from tests.benchmarks.matching_figures import average_precision, best_f1, calibration, pair_figures, rank_figures

FILES = {
    "records.csv": "record_id,service_name,service_url,api_docs_url,origin_id\na,Acme,,,\nb,,https://acme.com,,a\n",
    "services.csv": "record_id,service_id\na,s1\nb,s1\n",
    "pairs.csv": "left_id,right_id,label,kind\na,b,1,url_only\na,b,unsure,url_only\n",
    "unsure_services.csv": "service_a,service_b\ns1,s2\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def labelled(
    services: dict[str, str], pairs: tuple[Pair, ...] = (), unsure: tuple[tuple[str, str], ...] = ()
) -> Labelled:
    return Labelled(
        entries={one: Entry(one) for one in services},
        services=services,
        origins={one: one.rstrip("'") for one in services},
        pairs=pairs,
        unsure=frozenset(map(frozenset, unsure)),
    )


def test_average_precision_takes_equal_scores_as_one_step() -> None:
    assert average_precision([(0.9, True), (0.8, False), (0.7, True)]) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert average_precision([(0.9, False), (0.9, True)]) == pytest.approx(0.5)


def test_best_f1_and_its_threshold() -> None:
    assert best_f1([(0.9, True), (0.8, True), (0.7, False), (0.6, True)]) == (pytest.approx(6 / 7), 0.6)
    assert best_f1([(0.0, True)]) == (0.0, 0.0), "a score of nothing finds nothing"


def test_the_slice_leaves_out_what_is_easy() -> None:
    pairs = (
        Pair("a", "b", True, "same_name_same_domain"),
        Pair("a", "c", True, "url_only"),
        Pair("b", "c", False, "random"),
    )
    found = pair_figures(labelled({"a": "1", "b": "1", "c": "1"}, pairs), [0.9, 0.5, 0.7])
    assert (found.f1, found.slice_f1) == (pytest.approx(0.8), pytest.approx(1.0))


def test_a_ranking_is_judged_without_own_copies_and_doubtful_services() -> None:
    data = labelled({"a": "1", "a'": "1", "b": "1", "c": "2", "d": "3"}, unsure=(("1", "3"),))
    ranking = {
        "a": [("a'", 0.99), ("b", 0.97)],
        "b": [("d", 0.99), ("a", 0.96)],
        "c": [("a", 0.96)],
        "d": [],
    }
    found = rank_figures(data, ranking, lambda _, __, score: score >= 0.95)
    assert found.recall_at_5 == 1.0
    assert (found.auto, found.wrong, found.auto_share) == (2, 1, 0.5)
    assert found.auto_precision == 0.5
    assert found.novel == 0.5


def test_calibration_counts_each_pair_once() -> None:
    bins = list(calibration([(0.0, False), (0.5, True), (0.5, False), (1.0, True)], (0.0, 0.5, 1.0)))
    assert bins == [(0.0, 0.5, 1, 0.0, 0.0), (0.5, 1.0, 3, pytest.approx(2 / 3), pytest.approx(2 / 3))]


def test_the_files_are_read(folder: Path) -> None:
    data = load(folder)
    assert data.entries["b"] == Entry("", "https://acme.com", "")
    assert data.pairs == (Pair("a", "b", True, "url_only"),)
    assert not data.comparable("a", "b"), "one was made from the other"


@pytest.mark.parametrize("name", FILES)
def test_missing_data_is_told_with_files_and_columns(folder: Path, name: str) -> None:
    (folder / name).write_text("nothing\nof use\n", encoding="utf-8")
    with pytest.raises(Missing, match=r"pairs\.csv \(left_id, right_id, label, kind\)"):
        load(folder)
    (folder / name).unlink()
    with pytest.raises(Missing, match="No labelled data in"):
        load(folder)


def test_a_family_is_never_parted() -> None:
    services = {f"r{number}": f"s{number}" for number in range(40)}
    pairs = tuple(Pair(f"r{number}", f"r{number + 1}", False, "same_domain") for number in range(0, 40, 2))
    found = folds(labelled(services, pairs))
    assert all(found[pair.left] == found[pair.right] for pair in pairs)
    assert set(found.values()) == set(range(5))

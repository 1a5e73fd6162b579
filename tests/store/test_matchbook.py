"""The index of entries: finds by key and by likeness, never itself, and writes the two forms of the command."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from request_tracker import resources
from request_tracker.rules.matching import AliasFact, Entry, Knowledge
from request_tracker.store.keys import TUNING, load_knowledge, load_tuning, registrable
from request_tracker.store.matchbook import Matchbook, match_pairs, match_top

TUNED = load_tuning(resources.SEED_DATA)
BARE = Knowledge({}, frozenset({"readme.io"}), registrable, tuning=TUNED)
RECORDS = """record_id,service_name,service_url,api_docs_url,note
r1,Acme,https://acme.com,,x
r2,acme (OAuth),,https://docs.acme.com/api,
r3,Zebra Billing,https://zebra.example,,
r4,,https://www.acme.com,,
"""


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    (tmp_path / "aliases.csv").write_text(
        "canonical,alias,kind,source\n"
        "Brevo,Sendinblue,rename,brand news\n"
        "brevo.com,sendinblue.com,old domain,brand news\n"
        "Acme,acme.io,domain,site\n"
        "Acme,www.acmehq.com,second domain,site\n"
        "Acme,not a domain,second domain,site\n",
        encoding="utf-8",
    )
    (tmp_path / "families.csv").write_text(
        "family,domain,source\nBig Company,www.big.com,site\nBig Company,big.net,site\nNowhere,localhost,site\n",
        encoding="utf-8",
    )
    (tmp_path / TUNING).write_bytes((resources.SEED_DATA / TUNING).read_bytes())
    (tmp_path / "shared_hosts.csv").write_text("host,kind\nreadme.io,documentation\n,\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "records.csv"
    path.write_text(RECORDS, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("docs.acme.co.uk", "acme.co.uk"),
        ("localhost", ""),
        ("127.0.0.1", ""),
        ("co.uk", ""),
        ("", ""),
        ("a.de", "a.de"),
    ],
)
def test_registrable_domain(host: str, domain: str) -> None:
    assert registrable(host) == domain


def test_knowledge_comes_from_the_files_of_a_folder(seeds: Path) -> None:
    known = load_knowledge(seeds)
    assert known.shared_hosts == {"readme.io"}
    assert known.aliases == {
        "sendinblue": "brevo",
        "sendinblue.com": "brevo.com",
        "acme.io": "acme",
        "acmehq.com": "acme",
    }
    assert known.facts["acmehq.com"] == AliasFact("www.acmehq.com", "Acme", "second domain")
    assert known.families == {"big.com": "bigcompany", "big.net": "bigcompany"}
    assert known.umbrellas == {"bigcompany"}
    assert known.tuning == TUNED


def test_knowledge_without_lists_is_empty(tmp_path: Path) -> None:
    known = load_knowledge(tmp_path, TUNED)
    assert (dict(known.aliases), known.shared_hosts, dict(known.families)) == ({}, frozenset(), {})


def test_a_missing_tuning_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"matching\.json cannot be read"):
        load_knowledge(tmp_path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("{", "Expecting property name"),
        ("[]", "the document must be an object"),
        ({"weights": {}}, "weights is empty"),
        ({"weights": {"base": "much"}}, "base must be a number"),
        ({"weights": {"base": True}}, "base must be a number"),
        ({"weights": {"base": 1, "astrology": 1}, "fixed": []}, "missing or unknown: astrology, company before"),
        ({"fixed": ["astrology"]}, "fixed must be a list of names of weights"),
        ({"bands": {"merge": 0.9}}, "bands.suggest must be a number"),
        ({"bands": {"merge": 0.3, "suggest": 0.9}}, "bands must keep"),
        ({"measured": {"auto_precision": 1}}, "measured.auto_share must be a number"),
        ({"measured": []}, "measured must be an object"),
    ],
)
def test_a_broken_tuning_is_told_in_words(change: object, sentence: str, tmp_path: Path) -> None:
    good = json.loads((resources.SEED_DATA / TUNING).read_text(encoding="utf-8"))
    text = json.dumps({**good, **change}) if isinstance(change, dict) else str(change)
    (tmp_path / TUNING).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"matching\.json cannot be used: .*{re.escape(sentence)}"):
        load_tuning(tmp_path)


def test_the_shipped_tuning_was_measured() -> None:
    assert TUNED.measured is not None
    assert TUNED.measured.auto_precision >= 0.993
    assert TUNED.measured.auto_share >= 0.7
    assert TUNED.measured.novel <= 0.01
    assert TUNED.fixed <= set(TUNED.weights)


def test_a_rare_word_never_speaks_for_a_pair() -> None:
    """The look-up in the database counts words only for pairs that are a match with every word common."""
    assert TUNED.weights["rarity of words left"] <= 0


def test_an_alias_finds_the_old_name(seeds: Path) -> None:
    book = Matchbook(load_knowledge(seeds))
    book.add("old", Entry("Sendinblue"))
    found = book.rank(Entry("Brevo", "https://www.brevo.com"))
    assert [(one, match.decision) for one, match in found] == [("old", "merge")]


def test_spellings_are_found_by_their_rarest_trigrams() -> None:
    book = Matchbook(BARE)
    for number in range(500):
        book.add(f"other{number}", Entry(f"Common Service {number}"))
    book.add("right", Entry("Zephyranthes"))
    assert book.rank(Entry("Zephyrantes"))[0][0] == "right"


def test_a_family_is_counted_by_different_names() -> None:
    book = Matchbook(BARE)
    for number, name in enumerate(["Acme Ads", "acme_ads", "Acme Docs", "Acme Mail"]):
        book.add(str(number), Entry(name, "https://acme.com"))
    assert book.names_on_domain("acme.com") == 3
    assert book.names_with_word("acme") == 3
    assert book.compare("0", "1").decision == "merge"
    assert "two products of one family: only suggested" in book.compare("0", "2").reasons


def test_an_id_is_given_once() -> None:
    book = Matchbook(BARE)
    book.add("a", Entry("Acme"))
    with pytest.raises(ValueError, match="already an entry 'a'"):
        book.add("a", Entry("Other"))


def test_pairs_are_written_as_csv(records: Path, tmp_path: Path) -> None:
    pairs, out = tmp_path / "pairs.csv", io.StringIO()
    pairs.write_text("left_id,right_id,label\nr1,r2,1\nr1,r3,0\n", encoding="utf-8")
    match_pairs(records, pairs, out, knowledge=BARE)
    assert out.getvalue().startswith("left_id,right_id,score,decision,reasons\n")
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert [(row["left_id"], row["right_id"], row["decision"]) for row in rows] == [
        ("r1", "r2", "merge"),
        ("r1", "r3", "new"),
    ]
    assert float(rows[0]["score"]) > 0.95 > float(rows[1]["score"])
    assert rows[0]["reasons"] == "same name, written differently; same website domain (acme.com)"


def test_an_unknown_record_in_a_pair_is_an_error(records: Path, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("left_id,right_id\nr1,r9\n", encoding="utf-8")
    with pytest.raises(KeyError, match="r9"):
        match_pairs(records, pairs, io.StringIO(), knowledge=BARE)


def test_each_record_is_ranked_against_the_others(records: Path) -> None:
    out = io.StringIO()
    match_top(records, 2, out, knowledge=BARE)
    lines = {line["id"]: line for line in map(json.loads, out.getvalue().splitlines())}
    assert set(lines) == {"r1", "r2", "r3", "r4"}
    assert {found for found, _ in lines["r1"]["candidates"]} == {"r2", "r4"}
    assert lines["r1"]["decision"] == "merge"
    assert lines["r3"] == {"id": "r3", "decision": "new", "candidates": []}
    assert all(one not in [found for found, _ in line["candidates"]] for one, line in lines.items())
    scores = [score for _, score in lines["r4"]["candidates"]]
    assert scores == sorted(scores, reverse=True)


@given(
    st.lists(st.builds(Entry, st.text(max_size=20), st.text(max_size=20)), max_size=8), st.text("abcdefgh", min_size=3)
)
@settings(deadline=None, max_examples=50)
def test_an_entry_of_the_same_words_is_found(others: list[Entry], name: str) -> None:
    book = Matchbook(BARE)
    for number, other in enumerate(others):
        book.add(str(number), other)
    book.add("same", Entry(f"brand{name}", f"https://brand{name}.com"))
    found = book.rank(Entry(f"brand{name}", f"https://brand{name}.com"))
    assert found[0][0] == "same"
    assert found[0][1].decision == "merge"

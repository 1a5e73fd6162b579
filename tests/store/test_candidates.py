"""Looking for duplicates in the database: the same answers as in memory, quickly, and only what may be shown."""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from factories import MONDAY, Cast, Counted
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from request_tracker import resources
from request_tracker.rules.matching import Entry, Knowledge, prepare
from request_tracker.rules.terms import Outcome, Phase
from request_tracker.store import candidates, lookup, schema
from request_tracker.store.cases import Case
from request_tracker.store.catalogue import CatalogueEntry, MatchKey
from request_tracker.store.dismissals import DismissedPair
from request_tracker.store.keys import load_knowledge, read_rows
from request_tracker.store.matchbook import Matchbook
from request_tracker.store.session import Database
from tests.benchmarks import suggestions
from tests.benchmarks.crowd import Crowd, slipped

BARE = replace(
    load_knowledge(resources.SEED_DATA),
    aliases={"sendinblue": "brevo", "sendinblue.com": "brevo.com"},
    facts={},
    shared_hosts=frozenset({"readme.io"}),
    families=frozenset(),
    umbrellas=frozenset(),
)
CATALOGUE = list(islice(read_rows(resources.SEED_DATA / "catalogue.csv"), 250))
ODD = (
    "", " ", "?", "\0", "a\0b", "\ud800", "\u202eemca", "😀", "😀😀 \U0001f469\u200d\U0001f469", "山田", "\u13aacme",
    "\uff21cme", "x" * 10_000, "' OR 1=1 --", "http://localhost", "https://[::1]/", "https://127.0.0.1:80/x",
    "javascript:alert(1)", "https://xn--mnchen-3ya.de", "https://acme.readme.io/\0", "https://readme.io/\ud800/x",
    "a.b", "%", "_", ":most", "*", "* *", "https://" + "a" * 300 + ".com", "ß" * 300,
)  # fmt: skip


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge(resources.SEED_DATA)


def put(
    session: Session,
    cast: Cast,
    name: str,
    url: str = "",
    docs_url: str = "",
    *,
    known: Knowledge = BARE,
    **standing: object,
) -> Case:
    """A case that stands in the database with its keys, and nothing else of it."""
    given = {"phase": Phase.VALIDATION, "outcome": None, "ended_at": standing.get("outcome") and MONDAY, **standing}
    case = Case(
        service_name=name, service_url=url, api_docs_url=docs_url, account_id=cast.ada.account_id, opened_at=MONDAY,
        phase_at=MONDAY, touched_at=MONDAY, queue_at=MONDAY, **given,
    )  # fmt: skip
    session.add(case)
    session.flush()
    case.root_id = case.merged_into_id or case.id
    session.flush()
    candidates.index_case(session, case, known)
    return case


def merged(session: Session, cast: Cast, root: Case, name: str, url: str = "") -> Case:
    return put(session, cast, name, url, outcome=Outcome.MERGED, merged_into_id=root.id)


def listed(session: Session, row: dict[str, str], known: Knowledge) -> CatalogueEntry:
    entry = CatalogueEntry(
        name=row["name"], service=row["service"], domain=row["domain"], docs_url=row["docs_url"], updated_at=MONDAY
    )
    session.add(entry)
    session.flush()
    candidates.index_catalogue(session, entry, known)
    return entry


def found(session: Session, entry: Entry, known: Knowledge = BARE, **asked: int) -> list[str]:
    return [each.number for each in candidates.suggest(session, entry, known, **asked)]


def dismiss(session: Session, cast: Cast, one: Case, other: Case) -> None:
    left, right = sorted((one.id, other.id))
    pair = DismissedPair(left_id=left, right_id=right, kind="different", by_id=cast.specialist.id, at=MONDAY)
    session.add(pair)
    session.flush()


def test_the_database_and_the_book_say_the_same(session: Session, cast: Cast, knowledge: Knowledge) -> None:
    """Scores and decisions of the first five are equal, whoever is asked: families and rare words are counted alike."""
    book = Matchbook(knowledge)
    crowd = [row.entry for row in Crowd(350, [row["name"] for row in CATALOGUE], knowledge).rows()]
    for entry in crowd:
        case = put(session, cast, entry.name, entry.url, entry.docs_url, known=knowledge)
        book.add(case.number, entry)
    for row in CATALOGUE:
        listed(session, row, knowledge)
        url = f"https://{row['domain']}/" if row["domain"] else ""
        book.add(row["service"], Entry(row["name"], url, row["docs_url"]))
    chance = random.Random(3)
    asked = [*chance.sample(crowd, 60), *(Entry(row["name"], f"https://{row['domain']}") for row in CATALOGUE[::5])]
    asked += [
        Entry(slipped(entry.name, chance), entry.url) for entry in chance.sample(crowd, 40) if len(entry.name) > 3
    ]
    asked += [Entry("", entry.url, entry.docs_url) for entry in chance.sample(crowd, 40)]
    seen = 0
    for entry in asked:
        here = [(each.score, each.decision, each.reasons) for each in candidates.suggest(session, entry, knowledge)]
        there = [(match.score, match.decision, match.reasons) for _, match in book.rank(entry, 5)]
        assert sorted(here) == sorted(there), entry
        seen += len(here)
    assert seen > 200


def test_a_family_is_known_by_its_names(session: Session, cast: Cast) -> None:
    """As long as two names live on a domain they may be one; from the third on they are a family."""
    put(session, cast, "Acme Docs", "https://acme.com")
    before = candidates.suggest(session, Entry("Acme Doc Cloud", "https://acme.com"), BARE)
    put(session, cast, "Acme Ads", "https://acme.com")
    put(session, cast, "Acme Mail", "https://acme.com")
    after = candidates.suggest(session, Entry("Acme Doc Cloud", "https://acme.com"), BARE)
    assert "two products of one family: only suggested" not in before[0].reasons
    assert "two products of one family: only suggested" in after[0].reasons
    assert after[0].score < before[0].score


def test_names_are_counted_once_and_so_far(session: Session, cast: Cast) -> None:
    for name in ("Acme Ads", "acme_ads", "Acme Mail"):
        put(session, cast, name, "https://acme.com")
    for number in range(lookup.MOST_NAMES + 3):
        put(session, cast, f"Zeta plus{number}", "https://zeta.com")
    asked = prepare(Entry("X", "https://acme.com", "https://zeta.com"), BARE)
    assert lookup.shared(session, asked).names_on_domain == {"acme.com": 2, "zeta.com": lookup.MOST_NAMES}
    assert lookup.names_with(session, ["acme", "ads", "unknown"]) == {"acme": 2, "ads": 1, "unknown": 0}


@pytest.mark.parametrize(
    "typed",
    [
        Entry("Sendinblu"), Entry("Sendinbleu"), Entry("Sendinblue Marketing"), Entry("SENDIN BLUE"), Entry("Brevo"),
        Entry("", "https://www.brevo.com"), Entry("", "https://app.sendinblue.com"), Entry("sendinblue.com"),
    ],
    ids=str,
)  # fmt: skip
def test_what_people_write_finds_it(session: Session, cast: Cast, typed: Entry) -> None:
    for number in range(60):
        put(session, cast, f"Send In {number}", f"https://sender{number}.com")
    case = put(session, cast, "Sendinblue", "https://sendinblue.com")
    assert found(session, typed)[:1] == [case.number]


def test_a_page_of_a_shared_host_is_found_and_the_host_is_not(session: Session, cast: Cast) -> None:
    case = put(session, cast, "Acme", "", "https://acme.readme.io/docs")
    put(session, cast, "Zebra", "", "https://zebra.readme.io/docs")
    assert found(session, Entry("", "", "https://acme.readme.io/reference/x")) == [case.number]
    assert found(session, Entry("", "", "https://readme.io/")) == []


def test_what_was_merged_leads_to_its_root(session: Session, cast: Cast) -> None:
    """Found by the child's name, scored by it, shown with the root's card, once."""
    root = put(session, cast, "Brevity Mailer", "https://brevity.com")
    child = merged(session, cast, root, "Zappelin", "https://zappelin.com")
    for entry in (Entry("Zappelin"), Entry("", "https://zappelin.com")):
        [only] = candidates.suggest(session, entry, BARE)
        assert (only.number, only.service_name) == (root.number, "Brevity Mailer")
    assert found(session, Entry("Zappelin Brevity Mailer", "https://brevity.com")) == [root.number]
    assert found(session, Entry("Zappelin"), beside=child.id) == []
    assert found(session, Entry("Zappelin"), beside=root.id) == []


def test_a_popular_service_hides_no_other(session: Session, cast: Cast) -> None:
    """More requests merged into one root than are compared: the look-alike beside it is seen too."""
    root = put(session, cast, "Acme Billing", "https://acmebilling.com")
    other = put(session, cast, "Acme Billings", "https://acmebillings.com")
    for _ in range(2 * candidates.FEW):
        merged(session, cast, root, "Acme Billing", "https://acmebilling.com")
    assert set(found(session, Entry("Acme Billing"))) == {root.number, other.number}


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_what_answers_the_wish_is_shown(session: Session, cast: Cast, outcome: Outcome) -> None:
    if outcome is Outcome.MERGED:
        return
    phase = Phase.GENERALLY_AVAILABLE if outcome is Outcome.RELEASED else Phase.VALIDATION
    case = put(session, cast, "Acme", "https://acme.com", outcome=outcome, phase=phase)
    shown = found(session, Entry("Acme", "https://acme.com"))
    assert shown == ([case.number] if outcome in (Outcome.RELEASED, Outcome.NOT_A_CANDIDATE) else [])


def test_a_sunset_connector_is_no_answer(session: Session, cast: Cast) -> None:
    entry = listed(session, {"name": "Acme", "service": "acme", "domain": "acme.com", "docs_url": ""}, BARE)
    assert found(session, Entry("Acme")) == ["acme"]
    entry.service_status = "sunset"
    assert found(session, Entry("Acme")) == []


def test_a_dismissed_pair_stays_so_after_a_merge(session: Session, cast: Cast) -> None:
    """What was called different is left out with the whole tree it becomes part of, seen from any case of either."""
    case, other = put(session, cast, "Acme"), put(session, cast, "Acme Inc")
    assert found(session, Entry("Acme"), beside=case.id) == [other.number]
    dismiss(session, cast, case, other)
    assert found(session, Entry("Acme"), beside=case.id) == []
    root = put(session, cast, "Zebra")
    other.merged_into_id = other.root_id = root.id
    other.outcome, other.ended_at = Outcome.MERGED, MONDAY
    assert found(session, Entry("Acme"), beside=case.id) == []
    assert found(session, Entry("Zebra"), beside=case.id) == []
    for beside in (root, other):
        assert found(session, Entry("Acme"), beside=beside.id) == []
    assert found(session, Entry("Zebra")) == [root.number]
    assert candidates.best_pairs(session, root, BARE) == []


def test_best_pairs_see_the_whole_tree_from_both_sides(session: Session, cast: Cast) -> None:
    listed(session, {"name": "Zappelin", "service": "zappelin", "domain": "", "docs_url": ""}, BARE)
    root = put(session, cast, "Brevity Mailer", "https://brevity.com")
    child = merged(session, cast, root, "Zappelin", "https://zappelin.com")
    other = put(session, cast, "Zappelin", "https://zappelin.com")
    far = put(session, cast, "Quite Another")
    [(number, match)] = candidates.best_pairs(session, root, BARE)
    assert (number, match.decision) == (other.id, "merge")
    assert candidates.best_pairs(session, child, BARE) == [(number, match)]
    assert candidates.best_pairs(session, other, BARE) == [(root.id, match)]
    assert candidates.best_pairs(session, far, BARE) == []


@pytest.mark.parametrize("which", ["root", "child"])
def test_a_dismissed_pair_is_none_from_either_side(session: Session, cast: Cast, which: str) -> None:
    """Also where the root was called different and only what is merged into it looks the same."""
    root = put(session, cast, "Brevity Mailer", "https://brevity.com")
    child = merged(session, cast, root, "Zappelin", "https://zappelin.com")
    other = put(session, cast, "Zappelin", "https://zappelin.com")
    assert candidates.best_pairs(session, other, BARE)
    dismiss(session, cast, other, {"root": root, "child": child}[which])
    assert candidates.best_pairs(session, other, BARE) == []
    assert candidates.best_pairs(session, root, BARE) == []
    assert found(session, Entry("Zappelin"), beside=child.id) == []


def test_best_pairs_are_limited_and_in_order(session: Session, cast: Cast) -> None:
    case = put(session, cast, "Acme Billing", "https://acme.com")
    names = ("Acme Billing", "Acme Biling", "ACME billing API", "Acme", "Billing Acme")
    others = [put(session, cast, name, "https://acme.com") for name in names]
    pairs = candidates.best_pairs(session, case, BARE)
    assert {number for number, _ in pairs} <= {other.id for other in others}
    assert [match.score for _, match in pairs] == sorted((match.score for _, match in pairs), reverse=True)
    assert candidates.best_pairs(session, case, BARE, limit=2) == pairs[:2]


def test_keys_follow_a_correction(session: Session, cast: Cast) -> None:
    case = put(session, cast, "Acme", "https://acme.com")
    case.service_name, case.service_url = "Zebra", "https://zebra.com"
    candidates.index_case(session, case, BARE)
    assert found(session, Entry("Zebra")) == [case.number]
    assert found(session, Entry("Acme", "https://acme.com")) == []
    before = set(session.scalars(select(MatchKey.id).where(MatchKey.case_id == case.id)))
    candidates.index_case(session, case, BARE)
    assert set(session.scalars(select(MatchKey.id).where(MatchKey.case_id == case.id))) == before
    rows = session.execute(
        select(MatchKey.kind, MatchKey.value, MatchKey.name).where(MatchKey.case_id == case.id)
    ).all()
    assert len(rows) == len(set(rows))


def test_affected_gives_all_who_carry_a_key_page_by_page(session: Session, cast: Cast) -> None:
    wanted = [put(session, cast, "Acme").id for _ in range(5)] + [put(session, cast, "X", "https://acme.com").id]
    put(session, cast, "Zebra")
    entry = listed(session, {"name": "Acme", "service": "acme", "domain": "", "docs_url": ""}, BARE)
    asked = [("name", "acme"), ("domain", "acme.com"), ("label", "acme")]
    first = candidates.affected(session, asked, limit=4)
    assert first == (wanted[:4], [entry.id])
    second = candidates.affected(session, asked, after_case=first[0][-1], after_catalogue=entry.id, limit=4)
    assert second == (wanted[4:], [])
    assert candidates.affected(session, asked, after_case=wanted[-1], after_catalogue=entry.id) == ([], [])
    assert candidates.affected(session, []) == ([], [])


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_texts_are_no_error(session: Session, cast: Cast, odd: str) -> None:
    put(session, cast, "Acme", "https://acme.com")
    if rows := candidates.key_rows(prepare(Entry(odd, odd, odd), BARE), case_id=1):
        session.execute(insert(MatchKey), rows)
    for entry in (Entry(odd), Entry("", odd), Entry("", "", odd), Entry(odd, odd, odd)):
        candidates.suggest(session, entry, BARE)


def test_a_piece_that_many_share_says_nothing(session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that begin otherwise are found by their pieces, as long as few have them."""
    for number in range(4):
        put(session, cast, f"Acmebilling{number}")
    monkeypatch.setattr(lookup, "EACH", 5)
    assert len(lookup.shared(session, prepare(Entry("Zzmebilling"), BARE)).weights) == 4
    monkeypatch.setattr(lookup, "EACH", 4)
    assert lookup.shared(session, prepare(Entry("Zzmebilling"), BARE)).weights == {}


def test_a_look_up_is_a_few_statements_whatever_it_finds(session: Session, cast: Cast) -> None:
    for number in range(60):
        put(session, cast, f"Acme Billing {number % 12}", f"https://acme{number % 12}.com", "https://acme.readme.io")
    with Counted(session) as counted:
        assert len(found(session, Entry("Acme Billing", "https://acme1.com", "https://acme.readme.io"))) == 5
    assert len(counted.statements) <= 4


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory, knowledge: Knowledge) -> Iterator[tuple[Database, Crowd]]:
    """Twenty thousand entries and what is hidden among them."""
    folder: Path = tmp_path_factory.mktemp("crowd")
    database = Database(f"sqlite:///{folder / 'crowd.sqlite3'}")
    schema.migrate(database, resources.MIGRATIONS)
    crowd = Crowd(20_000, [row["name"] for row in CATALOGUE], knowledge)
    suggestions.fill(database, crowd, knowledge)
    yield database, crowd
    database.close()


@pytest.mark.deep
def test_what_is_hidden_in_a_crowd_is_found(crowd: tuple[Database, Crowd], knowledge: Knowledge) -> None:
    """Typing errors, glued names, aliases, old domains, pages on shared hosts: compared, whatever the score then is."""
    database, made = crowd
    missed: list[str] = []
    with database.reading() as session:
        for needle in made.needles:
            best = lookup.shared(session, prepare(needle.typed, knowledge)).weights
            nearest = sorted(best, key=lambda owner: -best[owner])[: candidates.FEW]
            if needle.place not in nearest:
                missed.append(f"{needle.kind}: {needle.typed.name}")
    assert len(made.needles) > 300
    assert len(missed) <= 3, missed


@pytest.mark.deep
def test_no_look_up_in_a_crowd_scans(crowd: tuple[Database, Crowd], knowledge: Knowledge) -> None:
    """Every table is reached through an index, asked for by value."""
    database, made = crowd
    with database.reading() as session:
        with Counted(session) as counted:
            for needle in made.needles[:20]:
                candidates.suggest(session, needle.typed, knowledge)
        plans = {
            line[3]
            for statement, parameters in dict(counted.statements).items()
            for line in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        }
    scanned = {
        line
        for line in plans
        if line.startswith("SCAN") and any(name in line for name in ("found", "root", "catalogue", "match_key"))
    }
    assert not scanned
    assert any("COVERING INDEX ix_match_key_value" in line for line in plans)

"""What matching knows is kept by an admin: checked, logged, indexed afterwards; a policy may merge by itself."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from conftest import Rolled
from factories import MONDAY, Cast, a_case, a_cast, a_request, act, case_of, move
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from request_tracker import resources
from request_tracker.actions import automatic, dismiss, import_aliases, knowledge, merge, offers, scoring, undo
from request_tracker.actions.import_aliases import NotAll
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit
from request_tracker.rules import alias_files
from request_tracker.rules.alias_files import Unreadable
from request_tracker.rules.claims import Leads, alias_fault, alias_keys, alias_read
from request_tracker.rules.entries import Knowledge
from request_tracker.rules.people import SYSTEM, Act, Viewer
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.program import Program
from request_tracker.rules.telling import sentence
from request_tracker.settings import Settings
from request_tracker.store import candidates, policies, reading_knowledge
from request_tracker.store.aliases import SUBJECTS, Alias, KnowledgeChange, facts_of, newest_change
from request_tracker.store.cases import Case
from request_tracker.store.catalogue import CatalogueEntry, MatchKey
from request_tracker.store.jobs import Job
from request_tracker.store.knowledge import Shelf
from request_tracker.store.merges import Merge
from request_tracker.store.pairs import DuplicatePair
from request_tracker.store.session import Database
from request_tracker.store.timeline import Entry
from request_tracker.work import reindexing
from request_tracker.work.context import Context
from request_tracker.work.effects import EFFECTS
from request_tracker.work.worker import Worker

BREVO = {"canonical": "Brevo", "alias": "Sendinblue", "kind": "rename", "source": "vendor announcement 2023"}
HOST = {"host": "pages.example.com", "kind": "documentation"}
FAMILY = {"name": "Globex", "domain": "globex.com", "source": "vendor site"}
TYPED = {"alias": BREVO, "shared_host": HOST, "family": FAMILY}
ELSEWHERE = {"service_url": "https://sendinblue.com/", "api_docs_url": "https://developers.sendinblue.com/"}
PRESENT = {"service_url": "https://brevo.com/", "api_docs_url": "https://developers.brevo.com/"}

Known = Callable[[], Knowledge]


@pytest.fixture
def known(session: Session) -> Known:
    """What is known at this moment of the test."""
    return lambda: Shelf(resources.SEED_DATA).knowledge(session)


@pytest.fixture
def add(session: Session, cast: Cast, known: Known) -> Callable[..., int]:
    def added(subject: str = "alias", **changes: str) -> int:
        return knowledge.add(session, subject, {**TYPED[subject], **changes}, act(cast.admin), known()).row_id

    return added


@pytest.fixture
def context(rolled: Rolled, settings: Settings) -> Context:
    def nobody() -> Any:
        raise AssertionError("nobody calls the neighbour")

    return Context(rolled, settings, lambda: MONDAY, nobody, Shelf(resources.SEED_DATA).knowledge)


Opened = Callable[..., Case]


@pytest.fixture
def opened(session: Session, cast: Cast, known: Known) -> Opened:
    """A case of Ada's (or of who asks), found by matching as one opened on a page is."""

    def make(who: Viewer | None = None, **changes: Any) -> Case:
        asked = case_of(session, a_request(session, who, **changes)) if who else a_case(session, cast, **changes)
        candidates.index_case(session, asked, known())
        return asked

    return make


def drain(context: Context, *kinds: str) -> None:
    """Do the jobs of these kinds and leave the others, an hour after the present and while the next are due."""
    effects = {kind: (effect if kind in kinds else lambda *_: None) for kind, effect in EFFECTS.items()}
    for minutes in range(60, 70):
        late = MONDAY + timedelta(minutes=minutes)
        Worker(replace(context, now=lambda late=late: late), effects=effects).drain()


def seen(session: Session, row_id: int, subject: str = "alias") -> int:
    return newest_change(session, subject, row_id)


# What can be claimed


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"canonical": " "}, "canonical", "today"),
        ({"alias": ""}, "alias", "Enter the other name"),
        ({"source": ""}, "source", "where this is known from"),
        ({"alias": "x" * 201}, "alias", "200 characters"),
        ({"kind": "nickname"}, "kind", "Choose the kind"),
        ({"alias": "BREVO (API)", "canonical": "Brevo API"}, "alias", "are the same"),
        ({"alias": "Data"}, "alias", "too general"),
        ({"canonical": "API"}, "canonical", "too general"),
        ({"kind": "old_domain"}, "alias", "is no domain"),
        ({"kind": "old_domain", "alias": "http://localhost"}, "alias", "is no domain"),
        ({"kind": "old_domain", "alias": "co.uk"}, "alias", "public ending"),
        ({"kind": "second_domain", "alias": "10.0.0.1"}, "alias", "public ending"),
        ({"kind": "second_domain", "alias": "brevo.readme.io"}, "alias", "shared host"),
        ({"kind": "second_domain", "alias": "api.sendinblue.com"}, "alias", "lies under sendinblue.com"),
        ({"kind": "old_domain", "alias": "globex.com"}, "alias", "Many products share"),
        ({"kind": "old_domain", "alias": "brevo.com", "canonical": "https://www.brevo.com/"}, "alias", "are the same"),
        ({"alias": "Globex"}, "alias", "company with many products"),
        ({"canonical": "Globex"}, "canonical", "company with many products"),
    ],
)
def test_what_cannot_be_remembered_says_why(
    session: Session, add: Callable[..., int], changes: dict[str, str], field: str, words: str
) -> None:
    add("shared_host", host="readme.io")
    add("family")
    with pytest.raises(Unfit, match=words) as caught:
        add(**changes)
    assert caught.value.field == field
    assert session.scalar(select(func.count()).select_from(Alias)) == 0


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"alias": "Send In Blue"}, "alias", "known already"),
        ({"canonical": "Mailjet"}, "alias", "leads to “Brevo” already"),
        ({"alias": "Brevo", "canonical": "Sendinblue"}, "canonical", "ring"),
        ({"alias": "SIB", "canonical": "sendinblue"}, "canonical", "enter “Brevo” as today's name"),
        ({"alias": "Brevo", "canonical": "Novus"}, "alias", "correct that one to lead to “Novus” first"),
    ],
)
def test_an_alias_leads_straight_to_one_name(
    add: Callable[..., int], changes: dict[str, str], field: str, words: str
) -> None:
    add()
    with pytest.raises(Unfit, match=words) as caught:
        add(**changes)
    assert caught.value.field == field


def test_an_address_given_for_a_domain_is_read(session: Session, add: Callable[..., int]) -> None:
    row = session.get_one(Alias, add(alias="https://www.Sendinblue.com/pricing?x=1", kind="old_domain"))
    assert row.alias == "sendinblue.com"
    row = session.get_one(Alias, add(alias="sib.com", canonical="https://brevo.com/", kind="old_domain"))
    assert row.canonical == "brevo.com"


@pytest.mark.parametrize(
    ("subject", "changes", "field", "words"),
    [
        ("shared_host", {"host": ""}, "host", "Enter the host"),
        ("shared_host", {"host": "localhost"}, "host", "no host name"),
        ("shared_host", {"host": "com.au"}, "host", "public ending"),
        ("shared_host", {"host": "sendinblue.com"}, "host", "retire that alias first"),
        ("family", {"name": ""}, "name", "name of the company"),
        ("family", {"name": "The API"}, "name", "too general"),
        ("family", {"name": "Sendinblue"}, "name", "another name of"),
        ("family", {"domain": "shop.globex.com"}, "domain", "lies under"),
        ("family", {"domain": "hosted.example.com"}, "domain", "shared host"),
    ],
)
def test_hosts_and_families_are_checked_too(
    add: Callable[..., int], subject: str, changes: dict[str, str], field: str, words: str
) -> None:
    add()
    add(alias="sendinblue.com", kind="old_domain")
    add("shared_host", host="hosted.example.com")
    with pytest.raises(Unfit, match=words) as caught:
        add(subject, **changes)
    assert caught.value.field == field


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(["rename", "old_domain", "x"]))
def test_any_text_is_judged_without_an_error(canonical: str, alias: str, kind: str) -> None:
    known = _known()
    facts = alias_read({"canonical": canonical, "alias": alias, "kind": kind, "source": "s"}, known.registrable)
    if alias_fault(facts, Leads(), known) is None:
        left, right = alias_keys(facts, known.registrable)
        assert left
        assert right
        assert left != right


_KEPT: list[Knowledge] = []


def _known() -> Knowledge:
    from request_tracker.store.keys import load_knowledge

    if not _KEPT:
        _KEPT.append(load_knowledge(resources.SEED_DATA))
    return _KEPT[0]


# Changing


@pytest.mark.parametrize("subject", SUBJECTS)
def test_each_change_is_logged_with_before_and_after(
    session: Session, cast: Cast, known: Known, add: Callable[..., int], subject: str
) -> None:
    field = {"alias": "source", "shared_host": "kind", "family": "source"}[subject]
    row_id = add(subject)
    corrected = {**TYPED[subject], field: "help_centre"}
    who = act(cast.admin)
    knowledge.correct(session, subject, row_id, corrected, who, known(), seen=seen(session, row_id, subject))
    knowledge.retire(session, subject, row_id, who, seen=seen(session, row_id, subject))
    knowledge.restore(session, subject, row_id, who, known(), seen=seen(session, row_id, subject))
    log = session.scalars(select(KnowledgeChange).order_by(KnowledgeChange.id)).all()
    told = [(row.act, row.before, row.after) for row in log]
    assert told == [
        ("added", None, TYPED[subject]),
        ("corrected", TYPED[subject], corrected),
        ("retired", corrected, None),
        ("restored", None, corrected),
    ]
    assert {(row.by_id, row.at, row.row_id, row.subject) for row in log} == {(cast.admin.id, MONDAY, row_id, subject)}
    jobs = session.scalars(select(Job).where(Job.kind == "reindex").order_by(Job.id)).all()
    assert [job.args for job in jobs] == [{"change_id": row.id} for row in log]


def test_a_retired_alias_leads_nowhere_and_a_restored_one_does_again(
    session: Session, cast: Cast, known: Known, add: Callable[..., int]
) -> None:
    row_id = add()
    assert known().aliases["sendinblue"] == "brevo"
    knowledge.retire(session, "alias", row_id, act(cast.admin), seen=seen(session, row_id))
    assert "sendinblue" not in known().aliases
    with pytest.raises(Unfit, match="restore that row"):
        add()
    add(canonical="Mailjet")
    with pytest.raises(Unfit, match="leads to “Mailjet” already"):
        knowledge.restore(session, "alias", row_id, act(cast.admin), known(), seen=seen(session, row_id))


def test_the_same_said_twice_is_said_once(session: Session, cast: Cast, known: Known, add: Callable[..., int]) -> None:
    row_id = add()
    assert add() == row_id
    first = seen(session, row_id)
    knowledge.correct(session, "alias", row_id, BREVO, act(cast.admin), known(), seen=first)
    knowledge.retire(session, "alias", row_id, act(cast.admin), seen=first)
    assert not knowledge.retire(session, "alias", row_id, act(cast.admin), seen=first).changed
    assert session.scalar(select(func.count()).select_from(KnowledgeChange)) == 2


def test_a_change_made_meanwhile_is_not_overwritten(
    session: Session, cast: Cast, known: Known, add: Callable[..., int]
) -> None:
    row_id = add()
    old = seen(session, row_id)
    knowledge.correct(session, "alias", row_id, {**BREVO, "source": "one"}, act(cast.admin), known(), seen=old)
    with pytest.raises(Overtaken):
        knowledge.correct(session, "alias", row_id, {**BREVO, "source": "two"}, act(cast.admin), known(), seen=old)
    with pytest.raises(Overtaken):
        knowledge.retire(session, "alias", row_id, act(cast.admin), seen=old)
    assert session.get_one(Alias, row_id).source == "one"


def test_a_retired_row_is_not_corrected(session: Session, cast: Cast, known: Known, add: Callable[..., int]) -> None:
    row_id = add()
    knowledge.retire(session, "alias", row_id, act(cast.admin), seen=seen(session, row_id))
    changed = {**BREVO, "source": "other"}
    with pytest.raises(Unfit, match="restore it first"):
        knowledge.correct(session, "alias", row_id, changed, act(cast.admin), known(), seen=seen(session, row_id))


@pytest.mark.parametrize("name", ["ada", "specialist", "engineer", "lead", "auditor"])
def test_only_an_admin_changes_what_is_known(session: Session, cast: Cast, known: Known, name: str) -> None:
    who = act(getattr(cast, name))
    with pytest.raises(NotAllowed):
        knowledge.add(session, "alias", BREVO, who, known())
    with pytest.raises(NotAllowed):
        import_aliases.add_all(session, [BREVO], who, known())
    with pytest.raises(NotAllowed):
        knowledge.index_anew(session, who)


@pytest.mark.postgres
def test_two_admins_at_once_make_no_ring(fresh_postgres: Database) -> None:
    with fresh_postgres.transaction() as session:
        cast = a_cast(session)
    start, shelf = Barrier(2), Shelf(resources.SEED_DATA)

    def one(facts: dict[str, str]) -> str:
        start.wait()
        try:
            with fresh_postgres.transaction() as session:
                knowledge.add(session, "alias", facts, act(cast.admin), shelf.knowledge(session))
        except (Unfit, IntegrityError) as fault:
            return type(fault).__name__
        return "stored"

    both = [BREVO, {**BREVO, "canonical": "Sendinblue", "alias": "Brevo"}]
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, both)) == ["Unfit", "stored"]


# Files


def test_a_file_is_taken_whole_or_not_at_all(session: Session, cast: Cast, known: Known) -> None:
    rows = [BREVO, {**BREVO, "alias": "SIB"}, {**BREVO, "alias": "API"}, {**BREVO, "canonical": "SIB", "alias": "XY"}]
    with pytest.raises(NotAll) as caught:
        import_aliases.add_all(session, rows, act(cast.admin), known())
    assert [fault.field for fault in caught.value.faults] == ["3", "4"]
    assert session.scalar(select(func.count()).select_from(Alias)) == 0
    rows = [*rows[:2], {**BREVO, "alias": "send in blue"}, BREVO]
    assert import_aliases.add_all(session, rows, act(cast.admin), known()) == (2, 2)
    assert import_aliases.add_all(session, rows, act(cast.admin), known()) == (0, 4)
    log = session.scalars(select(KnowledgeChange).order_by(KnowledgeChange.id)).all()
    assert [row.after["alias"] for row in log if row.after] == ["Sendinblue", "SIB"]
    (job,) = session.scalars(select(Job).where(Job.kind == "reindex")).all()
    assert job.args == {"first_id": log[0].id, "change_id": log[1].id}


def test_a_file_survives_the_round_trip_and_runs_no_formula() -> None:
    odd = {**BREVO, "alias": '=1+1, "cmd"', "source": "@x\nline"}
    rows = [BREVO, odd, {**BREVO, "alias": "-7", "canonical": "+x"}]
    text = alias_files.written(rows)
    assert "'=1+1" in text
    assert "'@x" in text
    assert "'+x" in text
    for written in (text.encode(), b"\xef\xbb\xbf" + text.encode()):
        assert [row.facts for row in alias_files.read(written)] == rows


def test_rows_keep_their_number_and_any_spreadsheet_is_read() -> None:
    data = b"Alias;CANONICAL; Kind ;source\n\nSIB;Brevo;rename;s\n;;;\nSendinblue;Brevo;rename;a, b\n"
    rows = alias_files.read(data)
    assert [(row.number, row.facts["alias"], row.facts["source"]) for row in rows] == [
        (2, "SIB", "s"), (4, "Sendinblue", "a, b"),
    ]  # fmt: skip
    assert alias_files.read(data.replace(b",", b"").replace(b";", b"\t"))[0].facts["canonical"] == "Brevo"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "first line"),
        (b"canonical,alias\nA,B\n", "missing kind, source"),
        (b"canonical,alias,kind,source\n", "no rows"),
        (b"canonical,alias,kind,source\n,,,\n", "no rows"),
        (b"\xff\xfe\x00", "UTF-8"),
        ("canonical,alias,kind,source\nA,B,rename,s\n".encode("utf-16-le"), "UTF-8"),
        (b'canonical,alias,kind,source\n"A,B', "no sound CSV"),
        (b"canonical,alias,kind,source\n" + b"A,B,rename,s\n" * 5001, "5,001 rows"),
        (b"x" * 1_000_001, "larger than 1 MB"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(data: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        alias_files.read(data)


# Indexing afterwards


def keys_of(session: Session, case: Case, kind: str = "name") -> set[str]:
    return set(session.scalars(select(MatchKey.value).where(MatchKey.case_id == case.id, MatchKey.kind == kind)))


def scored(session: Session) -> list[int]:
    rows = session.scalars(select(Job).where(Job.kind == "score", Job.unique_key.like("score:knowledge:%")))
    return sorted(row.args["case_id"] for row in rows)


def test_a_new_alias_brings_two_cases_together_and_retiring_it_parts_them(
    session: Session, cast: Cast, known: Known, add: Callable[..., int], context: Context, opened: Opened
) -> None:
    old = opened(service_name="Sendinblue", **ELSEWHERE)
    new = opened(cast.cleo, service_name="Brevo", **PRESENT)
    other = case_of(
        session, a_request(session, cast.cleo, service_name="Zephyr Payroll", service_url="https://z.example/")
    )
    session.commit()
    assert "brevo" not in keys_of(session, old)
    row_id = add()
    session.commit()
    drain(context, "reindex", "score")
    assert {"sendinblue", "brevo"} <= keys_of(session, old)
    assert scored(session) == sorted([old.id, new.id])
    (pair,) = session.scalars(select(DuplicatePair)).all()
    assert {pair.left_id, pair.right_id} == {old.id, new.id}
    assert other.id not in scored(session)
    knowledge.retire(session, "alias", row_id, act(cast.admin), seen=seen(session, row_id))
    session.commit()
    drain(context, "reindex", "score")
    assert "brevo" not in keys_of(session, old)


def test_a_shared_host_and_an_old_domain_move_keys(
    session: Session, cast: Cast, add: Callable[..., int], context: Context, opened: Opened
) -> None:
    urls = {"service_url": "https://acme.pages.example.com/", "api_docs_url": "https://acme.pages.example.com/api"}
    under = opened(service_name="Acme", **urls)
    moved = opened(service_name="Whatever", **ELSEWHERE)
    session.commit()
    assert keys_of(session, under, "domain") == {"example.com"}
    add("shared_host")
    add(alias="sendinblue.com", canonical="brevo.com", kind="old_domain")
    session.commit()
    drain(context, "reindex")
    assert keys_of(session, under, "domain") == set()
    assert keys_of(session, under, "page") == {"acme.pages.example.com"}
    assert keys_of(session, moved, "domain") == {"brevo.com"}


def test_catalogue_entries_are_indexed_too(session: Session, add: Callable[..., int], context: Context) -> None:
    entry = CatalogueEntry(name="Sendinblue", service="sendinblue", domain="", updated_at=MONDAY)
    session.add(entry)
    session.flush()
    candidates.index_catalogue(session, entry, context.known(session))
    add()
    session.commit()
    drain(context, "reindex")
    found = session.scalars(select(MatchKey.value).where(MatchKey.catalogue_id == entry.id, MatchKey.kind == "name"))
    assert "brevo" in set(found)


def test_indexing_goes_in_batches_and_twice_does_no_harm(
    session: Session,
    cast: Cast,
    add: Callable[..., int],
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    opened: Opened,
) -> None:
    monkeypatch.setattr(reindexing, "BATCH", 2)
    made = [opened(service_name="Sendinblue", **ELSEWHERE) for _ in range(5)]
    add()
    session.commit()
    drain(context, "reindex")
    steps = [job.args for job in session.scalars(select(Job).where(Job.kind == "reindex").order_by(Job.id))]
    assert [(each.get("part"), each.get("after")) for each in steps] == [
        (None, None), ("cases", 0), ("cases", made[1].id), ("cases", made[3].id),
    ]  # fmt: skip
    assert all("brevo" in keys_of(session, case) for case in made)
    assert scored(session) == [case.id for case in made]
    before = session.scalar(select(func.count()).select_from(MatchKey))
    for args in steps:
        reindexing.reindex(context, args)
    assert session.scalar(select(func.count()).select_from(MatchKey)) == before
    assert scored(session) == [case.id for case in made]


def test_only_live_roots_are_scored(
    session: Session, cast: Cast, add: Callable[..., int], context: Context, opened: Opened
) -> None:
    root = opened(service_name="Brevo", **PRESENT)
    child = opened(cast.cleo, service_name="Sendinblue", **ELSEWHERE)
    merge.merge(session, child, root, act(cast.lead), version=child.version, into_version=root.version)
    ended = opened(cast.cleo, service_name="Sendinblue", **ELSEWHERE)
    move(session, ended, "discard", cast.specialist, reason="A test")
    add()
    session.commit()
    drain(context, "reindex")
    assert "brevo" in keys_of(session, ended)
    assert scored(session) == [root.id]


def test_everything_is_indexed_anew_once_at_a_time(
    session: Session, cast: Cast, context: Context, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    monkeypatch.setattr(reindexing, "BATCH", 2)
    made = [opened(service_name=f"Service {word}") for word in ("Alpha", "Bravo", "Charlie")]
    for case in made:
        session.execute(MatchKey.__table__.delete().where(MatchKey.case_id == case.id))
    assert knowledge.index_anew(session, act(cast.admin))
    assert not knowledge.index_anew(session, act(cast.admin))
    session.commit()
    drain(context, "reindex_all")
    assert all(keys_of(session, case) for case in made)
    assert scored(session) == [case.id for case in made]
    assert session.scalars(select(Job.state).where(Job.kind == "reindex_all")).unique().all() == ["done"]
    assert knowledge.index_anew(session, act(cast.admin, MONDAY + timedelta(hours=2)))


@pytest.mark.postgres
def test_two_workers_with_the_same_batch_write_each_key_once(fresh_postgres: Database, settings: Settings) -> None:
    shelf, start = Shelf(resources.SEED_DATA), Barrier(2)
    with fresh_postgres.transaction() as session:
        cast = a_cast(session)
        for _ in range(20):
            candidates.index_case(session, a_case(session, cast, service_name="Sendinblue"), shelf.knowledge(session))
        knowledge.add(session, "alias", BREVO, act(cast.admin), shelf.knowledge(session))
    nobody: Any = None
    context = Context(fresh_postgres, settings, lambda: MONDAY, nobody, shelf.knowledge)

    def one(_: int) -> None:
        start.wait()
        reindexing.reindex(context, {"change_id": 1, "part": "cases", "after": 0})

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(2)))
    with fresh_postgres.reading() as session:
        keys = session.execute(select(MatchKey.case_id, MatchKey.kind, MatchKey.value, MatchKey.name)).all()
        assert len(keys) == len(set(keys))
        assert sum(key.kind == "name" and key.value == "brevo" for key in keys) == 20
        assert len(scored(session)) == 20


# What a merge teaches


@pytest.fixture
def merged(session: Session, cast: Cast, opened: Opened) -> Merge:
    root = opened(service_name="Brevo", **PRESENT)
    child = opened(cast.cleo, service_name="Sendinblue", **ELSEWHERE)
    return merge.merge(session, child, root, act(cast.specialist), version=child.version, into_version=root.version)


def test_a_merge_of_two_names_offers_to_remember_them(
    session: Session, cast: Cast, known: Known, merged: Merge
) -> None:
    root = session.get_one(Case, merged.into_id)
    (offer,) = reading_knowledge.offers(session, root, known())
    assert (offer.alias, offer.canonical, offer.merge_id) == ("Sendinblue", "Brevo", merged.id)
    offers.remember(session, root, merged.id, "rename", act(cast.specialist), known())
    row = session.scalars(select(Alias)).one()
    assert (row.canonical, row.alias, row.kind) == ("Brevo", "Sendinblue", "rename")
    assert row.source == f"confirmed by Specialist at the merge of {session.get_one(Case, merged.child_id).number}"
    assert session.scalars(select(KnowledgeChange.by_id)).one() == cast.specialist.id
    assert reading_knowledge.offers(session, root, known()) == ()
    with pytest.raises(Unfit, match="nothing to remember"):
        offers.remember(session, root, merged.id, "rename", act(cast.specialist), known())


@pytest.fixture
def remembered(session: Session, cast: Cast, known: Known, merged: Merge) -> Alias:
    root = session.get_one(Case, merged.into_id)
    offers.remember(session, root, merged.id, "rename", act(cast.specialist), known())
    return session.scalars(select(Alias)).one()


def told_of_the_root(session: Session, link: Merge) -> str:
    last = select(Entry).where(Entry.case_id == link.into_id, Entry.kind == "unmerge.out").order_by(Entry.id.desc())
    entry = session.scalars(last).first()
    assert entry is not None
    return sentence(entry.kind, entry.data)


@pytest.mark.parametrize("how", ["unmerged", "undone"])
def test_what_was_remembered_at_a_merge_goes_with_it(
    session: Session, cast: Cast, known: Known, merged: Merge, remembered: Alias, how: str
) -> None:
    child = session.get_one(Case, merged.child_id)
    if how == "undone":
        undo.undo(session, child, version=child.version, act=act(cast.specialist))
    else:
        merge.unmerge(session, merged, act(cast.lead))
    assert remembered.retired_at == MONDAY
    last = session.scalars(select(KnowledgeChange).order_by(KnowledgeChange.id.desc())).first()
    assert last is not None
    assert (last.act, last.row_id, last.before) == ("retired", remembered.id, facts_of("alias", remembered))
    assert last.by_id == (cast.lead if how == "unmerged" else cast.specialist).id
    assert {"change_id": last.id} in [job.args for job in session.scalars(select(Job).where(Job.kind == "reindex"))]
    assert "“Sendinblue” is no longer remembered as another name of “Brevo”" in told_of_the_root(session, merged)
    assert "sendinblue" not in known().aliases


def test_what_was_corrected_since_stays(
    session: Session, cast: Cast, known: Known, merged: Merge, remembered: Alias
) -> None:
    better = {**facts_of("alias", remembered), "source": "the vendor says so"}
    admin, newest = act(cast.admin), seen(session, remembered.id)
    knowledge.correct(session, "alias", remembered.id, better, admin, known(), seen=newest)
    merge.unmerge(session, merged, act(cast.lead))
    assert remembered.retired_at is None
    assert told_of_the_root(session, merged) == "A merged case was taken out again"


def test_a_swap_keeps_what_was_remembered_until_that_is_unmerged(
    session: Session, cast: Cast, merged: Merge, remembered: Alias
) -> None:
    child, root = (session.get_one(Case, each) for each in (merged.child_id, merged.into_id))
    new = merge.swap(session, merged, act(cast.lead), version=child.version, into_version=root.version)
    assert remembered.retired_at is None
    merge.unmerge(session, new, act(cast.lead))
    assert remembered.retired_at == MONDAY


def test_a_declined_offer_stays_declined_for_these_names(
    session: Session, cast: Cast, known: Known, merged: Merge, opened: Opened
) -> None:
    root = session.get_one(Case, merged.into_id)
    offers.decline(session, root, merged.id, act(cast.lead), known())
    assert reading_knowledge.offers(session, root, known()) == ()
    other = opened(cast.cleo, service_name="SendInBlue API", **ELSEWHERE)
    merge.merge(session, other, root, act(cast.lead), version=other.version, into_version=root.version)
    assert reading_knowledge.offers(session, root, known()) == ()


def test_an_offer_turns_round_where_only_that_can_be_stored(
    session: Session, cast: Cast, known: Known, merged: Merge, add: Callable[..., int]
) -> None:
    root = session.get_one(Case, merged.into_id)
    add(canonical="Sendinblue", alias="SIB")
    (offer,) = reading_knowledge.offers(session, root, known())
    assert (offer.alias, offer.canonical) == ("Brevo", "Sendinblue")


def test_nothing_is_offered_where_nothing_can_be_learnt(
    session: Session, cast: Cast, known: Known, merged: Merge, add: Callable[..., int]
) -> None:
    root = session.get_one(Case, merged.into_id)
    child = session.get_one(Case, merged.child_id)
    add(canonical="Mailjet", alias="Sendinblue")
    add(canonical="Mailgun", alias="Brevo")
    assert reading_knowledge.offers(session, root, known()) == ()
    merge.unmerge(session, merged, act(cast.lead))
    child.service_name = "Something else"
    assert reading_knowledge.offers(session, root, known()) == ()


def test_what_an_admin_retired_is_not_offered_again(
    session: Session, cast: Cast, known: Known, merged: Merge, add: Callable[..., int]
) -> None:
    root, row_id = session.get_one(Case, merged.into_id), add()
    knowledge.retire(session, "alias", row_id, act(cast.admin), seen=seen(session, row_id))
    assert reading_knowledge.offers(session, root, known()) == ()


def test_only_specialists_answer_offers(session: Session, cast: Cast, known: Known, merged: Merge) -> None:
    root = session.get_one(Case, merged.into_id)
    for name in ("ada", "engineer", "admin", "auditor"):
        with pytest.raises(NotAllowed):
            offers.remember(session, root, merged.id, "rename", act(getattr(cast, name)), known())
        with pytest.raises(NotAllowed):
            offers.decline(session, root, merged.id, act(getattr(cast, name)), known())
    with pytest.raises(Unfit, match="Choose one of"):
        offers.remember(session, root, merged.id, "old_domain", act(cast.lead), known())


# Automatic merging


SYSTEM_ACT = Act(SYSTEM, MONDAY, Program())


Alike = tuple[Case, Case]


@pytest.fixture
def alike(cast: Cast, opened: Opened) -> Alike:
    """Two cases of one name and one domain, by two accounts; the first is the older."""
    return opened(), opened(cast.cleo)


def score(session: Session, case: Case, known: Known) -> None:
    assert scoring.score(session, case, known(), SYSTEM_ACT) == 1


def switch_on(session: Session, who: Viewer, known: Known, from_score: float = 0.95) -> None:
    standing = policies.automatic_merge(session)
    automatic.decide(session, True, from_score, "It was measured", act(who), known(), seen=standing.id)


def test_off_by_default_nothing_happens(session: Session, cast: Cast, known: Known, alike: Alike) -> None:
    _, second = alike
    score(session, second, known)
    assert not policies.automatic_merge(session).on
    assert automatic.consider(session, second, SYSTEM_ACT, known()) is None
    (waiting,) = automatic.dry_run(session, automatic.least(known()))
    assert waiting.obstacle == ""


def test_switched_on_it_merges_and_the_letter_waits(
    session: Session, cast: Cast, known: Known, context: Context, alike: Alike
) -> None:
    first, second = alike
    switch_on(session, cast.lead, known)
    score(session, second, known)
    link = automatic.consider(session, second, SYSTEM_ACT, known())
    assert link is not None
    assert (link.child_id, link.into_id, link.automatic, link.merged_by_id) == (second.id, first.id, True, cast.lead.id)
    letter = session.scalars(select(Job).where(Job.kind == "notify", Job.event_id == link.event_id)).one()
    assert letter.run_at == MONDAY + Program().undo_for
    assert automatic.consider(session, first, SYSTEM_ACT, known()) is None


@pytest.mark.parametrize("how", ["unmerged", "undone"])
def test_what_was_taken_apart_is_never_merged_again(
    session: Session, cast: Cast, known: Known, alike: Alike, how: str
) -> None:
    _, second = alike
    switch_on(session, cast.admin, known)
    score(session, second, known)
    link = automatic.consider(session, second, SYSTEM_ACT, known())
    assert link is not None
    if how == "undone":
        undo.undo(session, second, version=second.version, act=act(cast.specialist))
        letter = session.scalars(select(Job).where(Job.kind == "notify", Job.event_id == link.event_id)).one()
        assert letter.state == "cancelled"
    else:
        merge.unmerge(session, link, act(cast.specialist))
    score(session, second, known)
    assert automatic.consider(session, second, SYSTEM_ACT, known()) is None
    (waiting,) = automatic.dry_run(session, automatic.least(known()))
    assert "taken apart" in waiting.obstacle


def test_what_a_specialist_called_different_is_left_alone(
    session: Session, cast: Cast, known: Known, alike: Alike
) -> None:
    first, second = alike
    switch_on(session, cast.lead, known)
    dismiss.dismiss(session, first, second, act(cast.specialist))
    session.execute(delete(DuplicatePair))
    session.add(
        DuplicatePair(left_id=first.id, right_id=second.id, score=0.99, decision="merge", reasons=[], scored_at=MONDAY)
    )
    session.flush()
    assert automatic.consider(session, second, SYSTEM_ACT, known()) is None
    (waiting,) = automatic.dry_run(session, automatic.least(known()))
    assert "not the same" in waiting.obstacle


def test_two_cases_past_validation_are_left_to_people(
    session: Session, cast: Cast, known: Known, opened: Opened
) -> None:
    opened(phase="consultation")
    second = opened(phase="consultation", now=MONDAY + timedelta(hours=1))
    switch_on(session, cast.lead, known)
    score(session, second, known)
    assert automatic.consider(session, second, SYSTEM_ACT, known()) is None
    (waiting,) = automatic.dry_run(session, automatic.least(known()))
    assert "past validation" in waiting.obstacle


def test_a_threshold_above_the_pair_leaves_it(session: Session, cast: Cast, known: Known, alike: Alike) -> None:
    _, second = alike
    switch_on(session, cast.lead, known, from_score=1.0)
    score(session, second, known)
    best = session.scalars(select(DuplicatePair.score)).one()
    assert best < 1
    assert automatic.consider(session, second, SYSTEM_ACT, known()) is None


@pytest.mark.parametrize(
    ("from_score", "reason", "field"), [(0.5, "why", "from_score"), (1.01, "why", "from_score"), (0.97, " ", "reason")]
)
def test_a_decision_needs_a_reason_and_a_measured_threshold(
    session: Session, cast: Cast, known: Known, from_score: float, reason: str, field: str
) -> None:
    with pytest.raises(Unfit) as caught:
        automatic.decide(session, True, from_score, reason, act(cast.lead), known(), seen=0)
    assert caught.value.field == field


def test_decisions_are_kept_and_not_overtaken(session: Session, cast: Cast, known: Known) -> None:
    switch_on(session, cast.lead, known)
    first = policies.automatic_merge(session)
    again = automatic.decide(session, True, 0.95, "It was measured", act(cast.lead), known(), seen=0)
    assert again.id == first.id
    with pytest.raises(Overtaken):
        automatic.decide(session, False, 0.95, "Too bold", act(cast.admin), known(), seen=0)
    automatic.decide(session, False, 0.95, "Too bold", act(cast.admin), known(), seen=first.id)
    assert not policies.automatic_merge(session).on
    assert len(policies.decisions(session, policies.AUTOMATIC_MERGE)) == 2
    for name in ("specialist", "engineer", "ada", "auditor"):
        with pytest.raises(NotAllowed):
            automatic.decide(session, True, 0.95, "Why", act(getattr(cast, name)), known(), seen=first.id)


def test_the_score_job_merges_through_the_worker_when_it_is_on(
    session: Session, cast: Cast, known: Known, context: Context, alike: Alike
) -> None:
    first, second = alike
    session.commit()
    drain(context, "score")
    assert session.scalars(select(Merge)).all() == []
    switch_on(session, cast.lead, known)
    entry = session.scalars(select(Job).where(Job.kind == "score")).first()
    assert entry is not None, "opening a case queues its comparison"
    EFFECTS["score"](context, type("Call", (), {"args": {"case_id": second.id}, "event_id": None})())
    session.expire_all()
    link = session.scalars(select(Merge)).one()
    assert (link.child_id, link.into_id, link.automatic) == (second.id, first.id, True)

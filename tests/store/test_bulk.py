"""The synthetic program: consistent with the rules, with itself, and the same for the same seed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner
from factories import act
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from request_tracker import resources
from request_tracker.actions import clock, submit
from request_tracker.cli import main
from request_tracker.rules import submission
from request_tracker.rules.calendar import standard
from request_tracker.rules.matching import Entry, Knowledge, prepare
from request_tracker.rules.people import SYSTEM
from request_tracker.rules.phases import BY_NAME, CLOCKS
from request_tracker.rules.program import Program
from request_tracker.rules.terms import HoldReason, Outcome, Phase, Role
from request_tracker.store import (
    candidates,
    cases,
    clocks,
    connections,
    evidence,
    people,
    reading_case,
    reading_timeline,
    schema,
    timeline,
)
from request_tracker.store.base import FAR
from request_tracker.store.bulk import Known, bulk
from request_tracker.store.cases import Case
from request_tracker.store.catalogue import MatchKey
from request_tracker.store.clocks import CalendarVersion, Clock, ClockEventRow
from request_tracker.store.holds import Hold
from request_tracker.store.keys import load_knowledge
from request_tracker.store.merges import Merge
from request_tracker.store.people import Account, Person
from request_tracker.store.requests import Request
from request_tracker.store.session import Database
from request_tracker.store.timeline import Entry as TimelineEntry

NOW = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)
CASES = 900


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge(resources.SEED_DATA)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, knowledge: Knowledge) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('bulk') / 'bulk.sqlite3'}")
    schema.migrate(database, resources.MIGRATIONS)
    with database.transaction() as session:
        fill(session, knowledge)
    yield database
    database.close()


@pytest.fixture
def program(filled: Database) -> Iterator[Session]:
    """A session on a database that holds a synthetic program; what the test changes is not kept."""
    with filled.reading() as session:
        yield session


def fill(session: Session, knowledge: Knowledge, n: int = CASES, seed: int = 7) -> list[int]:
    session.add(CalendarVersion(body=standard("Europe/Berlin").to_json(), created_at=NOW))
    session.flush()
    told = list(bulk(session, n, Known(knowledge, Program(), NOW), random_seed=seed))
    session.flush()
    return told


def test_every_chain_is_whole(program: Session) -> None:
    assert timeline.broken(program) == []
    assert program.scalar(select(func.count()).select_from(TimelineEntry)) > 5 * CASES


def test_every_clock_is_what_its_events_say(program: Session) -> None:
    columns = ("state", "started_at", "stopped_at", "due_at", "at_risk_at", "urgent_at", "target_s", "elapsed_s",
               "verdict", "breached_at", "notice_at")  # fmt: skip
    rows = list(program.scalars(select(Clock)))
    before = {row.id: [getattr(row, name) for name in columns] for row in rows}
    changed = [row.id for row in rows if clock.refold(program, row, NOW)]
    assert changed == []
    assert {row.id: [getattr(row, name) for name in columns] for row in rows} == before


def test_the_queue_knows_the_first_promise_of_each_tree(program: Session) -> None:
    roots = list(program.scalars(select(Case).where(Case.merged_into_id.is_(None))))
    before = {case.id: (case.queue_at, case.at_risk_at) for case in roots}
    for case in roots:
        clock.refresh(program, case)
    assert {case.id: (case.queue_at, case.at_risk_at) for case in roots} == before
    assert any(case.queue_at < NOW for case in roots)
    assert any(NOW < case.queue_at < FAR for case in roots)


def test_all_that_a_program_knows_occurs(program: Session) -> None:
    live = set(program.scalars(select(Case.phase).where(Case.outcome.is_(None))))
    assert live == set(Phase) - {Phase.GENERALLY_AVAILABLE}
    assert set(program.scalars(select(Case.outcome).where(Case.outcome.isnot(None)))) == set(Outcome)
    assert set(program.scalars(select(Clock.name))) == set(CLOCKS)
    assert set(program.scalars(select(Clock.verdict))) == {None, "met", "breached"}
    assert set(program.scalars(select(Hold.reason))) == set(HoldReason)
    assert program.scalar(select(func.count()).select_from(Hold).where(Hold.ended_at.is_(None)))
    assert set(program.scalars(select(Request.kind))) == {"opened", "joined"}


def test_the_numbers_are_those_asked_for(session: Session, knowledge: Knowledge) -> None:
    told = fill(session, knowledge, n=137)
    assert told[-1] == session.scalar(select(func.count()).select_from(Case)) == 137
    assert session.scalar(select(func.count()).select_from(Account)) == 6
    few = list(bulk(session, 3, Known(knowledge, Program(), NOW)))
    assert few == [3]
    assert session.scalar(select(func.count()).select_from(Account)) == 11
    assert session.scalar(select(func.count()).select_from(Case)) == 140


def test_what_was_merged_hangs_below_its_root(program: Session) -> None:
    links = list(program.scalars(select(Merge)))
    assert len(links) > 10
    for link in links:
        child, root = program.get_one(Case, link.child_id), program.get_one(Case, link.into_id)
        assert (child.merged_into_id, child.root_id, child.outcome) == (root.id, root.id, Outcome.MERGED)
        assert root.root_id == root.id
        assert link.merged_at >= max(child.opened_at, root.opened_at)
        assert link.snapshot["phase"] == child.phase
        open_clocks = [row for row in clocks.of_case(program, child.id) if row.state in clock.OPEN]
        assert not open_clocks or root.phase in (Phase.SUBMISSION, Phase.VALIDATION)


def test_every_move_is_one_of_the_table(program: Session) -> None:
    moved = program.scalars(select(TimelineEntry).where(TimelineEntry.kind.like("move.%"))).all()
    for entry in moved:
        move = BY_NAME[entry.kind.removeprefix("move.")]
        before, after = entry.data["before"], entry.data["after"]
        assert before["phase"] in move.sources, entry.kind
        assert before["outcome"] == move.after
        assert move.to in (after["phase"], after["outcome"])
        assert program.get_one(Person, entry.actor_id).role in move.by
    assert {entry.kind for entry in moved} > {"move.rework", "move.decline_late", "move.withdraw", "move.close"}


def test_a_case_stands_where_its_last_move_put_it(program: Session) -> None:
    moved = select(TimelineEntry).where(TimelineEntry.kind.like("move.%")).order_by(TimelineEntry.id)
    last = {entry.case_id: entry.data["after"] for entry in program.scalars(moved)}
    for case in program.scalars(select(Case).where(Case.id.in_(last), Case.merged_into_id.is_(None))):
        after = last[case.id]
        assert (case.phase, case.outcome, case.assignee_id) == (after["phase"], after["outcome"], after["assignee_id"])
        assert case.phase_at.isoformat() == after["phase_at"]


def test_what_a_phase_needs_is_there(program: Session) -> None:
    accepted = (Phase.CONSULTATION, Phase.DEVELOPMENT, Phase.PRIVATE_PREVIEW, Phase.GENERALLY_AVAILABLE)
    for case in program.scalars(select(Case).where(Case.phase.in_(accepted))):
        standing = evidence.standing(program, case.id)
        assert connections.newest(program, case.id) is not None
        assert "duplicates_checked" in standing
        assert (Phase(case.phase) is Phase.CONSULTATION) or "minutes_confirmed" in standing
        assert (Phase(case.phase) is not Phase.GENERALLY_AVAILABLE) or "requester_verified" in standing


def test_nothing_happens_in_the_future_or_before_its_case(program: Session) -> None:
    for column in (TimelineEntry.at, ClockEventRow.effective_at, Request.created_at, Case.touched_at, Hold.since):
        assert program.scalar(select(func.max(column))) <= NOW
    early = select(func.count()).select_from(TimelineEntry).join(Case, Case.id == TimelineEntry.case_id)
    assert program.scalar(early.where(TimelineEntry.at < Case.opened_at)) == 0


def test_keys_are_those_the_index_would_write(program: Session, knowledge: Knowledge) -> None:
    for case in program.scalars(select(Case).limit(40)):
        found = program.execute(select(MatchKey.kind, MatchKey.value).where(MatchKey.case_id == case.id))
        rows = {(row.kind, row.value) for row in found}
        entry = Entry(case.service_name, case.service_url, case.api_docs_url)
        wanted = candidates.key_rows(prepare(entry, knowledge), case_id=case.id)
        assert rows == {(row["kind"], row["value"]) for row in wanted}


def test_a_misspelt_name_is_found(program: Session, knowledge: Knowledge) -> None:
    wanted = program.scalars(select(Case).where(Case.outcome.is_(None), func.length(Case.service_name) > 12)).first()
    assert wanted is not None
    misspelt = Entry(wanted.service_name[:-2] + wanted.service_name[-1])
    assert wanted.number in [each.number for each in candidates.suggest(program, misspelt, knowledge, limit=20)]


def test_names_differ_but_for_a_few(program: Session) -> None:
    names = list(program.scalars(select(Case.service_name)))
    assert len(set(names)) > 0.95 * len(names)


def test_both_databases_take_the_rows_and_go_on(session: Session, knowledge: Knowledge) -> None:
    """The ids written by hand leave the database ready to hand out its own."""
    fill(session, knowledge, n=120)
    assert timeline.broken(session) == []
    assert [row.id for row in session.scalars(select(Clock)) if clock.refold(session, row, NOW)] == []
    for case in session.scalars(select(Case).where(Case.id % 9 == 0)):
        reading_case.view(session, case, act(SYSTEM, NOW))
        reading_timeline.timeline_of(session, case, SYSTEM)
    person = session.scalars(select(Person).where(Person.role == Role.REQUESTER)).first()
    assert person is not None
    typed = {
        "service_name": "Acme Billing", "service_url": "https://acme-billing.io/", "use_case": "Invoices.",
        "api_docs_url": "https://docs.acme-billing.io/", "data_needed": "Invoices.", "terms_accepted": True,
    }  # fmt: skip
    sent = submit.submit(session, submission.read(typed), act(people.viewer_of(person), NOW), knowledge=knowledge)
    assert cases.by_number(session, f"LITE-{sent.case_id:06d}").primary_request_id == sent.id


def test_the_same_seed_gives_the_same_rows(fresh: Database, knowledge: Knowledge) -> None:
    def heads(seed: int) -> list[Any]:
        with fresh.reading() as session:
            fill(session, knowledge, n=60, seed=seed)
            found = session.execute(select(Case.id, Case.chain_head).order_by(Case.id)).all()
            session.rollback()
            return [tuple(row) for row in found]

    first = heads(3)
    assert heads(3) == first
    assert heads(4) != first


@pytest.mark.filterwarnings("ignore:The Result.tuples")
def test_the_command_fills_a_database(fresh: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUEST_TRACKER_DATABASE_URL", str(fresh.engine.url))
    done = CliRunner().invoke(main, ["seed", "--cases", "20", "--random-seed", "5"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    with fresh.reading() as session:
        assert session.scalar(text('SELECT count(*) FROM "case"')) == 20
    listed = CliRunner().invoke(main, ["people", "list", "--json"], catch_exceptions=False)
    assert {row["role"] for row in json.loads(listed.output)} == {"requester", "specialist", "engineer", "lead"}

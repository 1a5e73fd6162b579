"""Migrations make the schema the models describe, and its CHECKs hold what the rules allow."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from factories import MONDAY, Cast, a_case
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from request_tracker import resources
from request_tracker.rules.terms import Outcome, Phase
from request_tracker.store import schema
from request_tracker.store.cases import Case
from request_tracker.store.session import Database


def test_models_and_migrations_agree(engine: Engine) -> None:
    with engine.connect() as connection:
        compared = MigrationContext.configure(connection, opts={"include_object": not_the_engines_own})
        assert compare_metadata(compared, schema.metadata) == []


def not_the_engines_own(_thing: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:
    """The full-text index is no table of ours: SQLite keeps shadow tables by it, PostgreSQL one without a model."""
    return not (kind == "table" and reflected and (name or "").startswith("search_fts"))


def test_checks_are_migrated_too(engine: Engine) -> None:
    """Autogenerate does not see CHECKs: compare them by name."""
    looked_at = inspect(engine)
    for table in schema.metadata.sorted_tables:
        wanted = {str(each.name) for each in table.constraints if type(each).__name__ == "CheckConstraint"}
        assert {each["name"] for each in looked_at.get_check_constraints(table.name)} == wanted


def test_migrating_twice_changes_nothing(fresh: Database) -> None:
    assert schema.is_current(fresh, resources.MIGRATIONS)
    schema.migrate(fresh, resources.MIGRATIONS)
    assert schema.is_current(fresh, resources.MIGRATIONS)


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_can_be_stored(session: Session, cast: Cast, phase: Phase) -> None:
    assert a_case(session, cast, phase=phase.value).phase == phase


@pytest.mark.parametrize(
    "broken",
    [
        "phase = 'nowhere'",
        "outcome = 'withdrawn'",
        "outcome = 'merged', ended_at = opened_at",
        "merged_into_id = id, outcome = 'merged', ended_at = opened_at",
        "phase = 'generally_available'",
        "version = 0",
    ],
)
def test_columns_are_tied_to_states(session: Session, cast: Cast, broken: str) -> None:
    case = a_case(session, cast)
    session.flush()
    with pytest.raises(IntegrityError):
        session.execute(text(f'UPDATE "case" SET {broken} WHERE id = :id'), {"id": case.id})


def test_naive_instants_are_refused(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    case.opened_at = MONDAY.replace(tzinfo=None)
    with pytest.raises(Exception, match="naive"):
        session.flush()


def test_instants_come_back_as_utc(session: Session, cast: Cast) -> None:
    number = a_case(session, cast).id
    session.flush()
    session.expire_all()
    case = session.get_one(Case, number)
    assert case.opened_at == MONDAY
    assert case.opened_at.utcoffset() is not None
    assert Outcome.MERGED.words == "merged"

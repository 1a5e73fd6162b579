"""The checklist of a case's completeness review, from what Fivetran told and what people found."""

from dataclasses import replace

from sqlalchemy.orm import Session

from request_tracker.rules.completeness import Checklist, Item, SeenTable, expect, tables_of
from request_tracker.rules.terms import Phase
from request_tracker.store import connections, evidence, reading_proposal, schema_choices, table_reviews
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.table_reviews import TableReview

KEY = "completeness_reviewed"


def checklist(session: Session, case: Case) -> Checklist:
    """The enabled tables of the live connection, each with what was found in this preview and in the one before; and
    those chosen from the proposal that have not arrived."""
    row = connections.live(session, case.id)
    if row is None:
        return Checklist(())
    found = {(each.table_schema, each.table_name): (each, who) for each, who in _reviews(session, row)}
    items = tuple(
        replace(_item(case, table, found.get((table.schema, table.name))), chosen=is_chosen, absent=absent)
        for table, is_chosen, absent in _expected(session, case, row)
    )
    recorded = KEY in evidence.standing(session, case.id)
    new = tuple(each.table.label for each in items if not each.verdict) if recorded else ()
    # The requester may say that the data is complete without a checklist: then no table is new.
    return Checklist(items, new if any(each.verdict for each in items) else ())


def _expected(session: Session, case: Case, row: Connection) -> tuple[tuple[SeenTable, bool, str], ...]:
    """Each table to be reviewed, whether it was chosen, and what is so of a chosen one that is not there."""
    return expect(seen(session, row), reading_proposal.expected(session, case.id), row.schema_name)


def places(session: Session, case: Case, row: Connection) -> set[tuple[str, str]]:
    """Schema and name of each table that is to be reviewed."""
    return {(table.schema, table.name) for table, _, _ in _expected(session, case, row)}


def seen(session: Session, row: Connection) -> tuple[SeenTable, ...]:
    """The tables as Fivetran last told them; empty where it never was asked."""
    kept = schema_choices.kept_seen(session, row.id)
    return tables_of(kept.body) if kept is not None else ()


def is_current(case: Case, review: TableReview) -> bool:
    """Whether it was found in the preview that goes on now, or in the one that led to the release."""
    return case.phase == Phase.GENERALLY_AVAILABLE or (
        case.phase == Phase.PRIVATE_PREVIEW and review.at >= case.phase_at
    )


def _reviews(session: Session, row: Connection) -> list[tuple[TableReview, str]]:
    return list(table_reviews.of_connection(session, row.id))


def _item(case: Case, table: SeenTable, found: tuple[TableReview, str] | None) -> Item:
    if found is None:
        return Item(table)
    review, who = found
    if not is_current(case, review):
        return Item(table, last_verdict=review.verdict, last_note=review.note)
    return Item(table, review.verdict, review.note, who, review.at, review.last_verdict, review.last_note)

"""The completeness review: people say of each table what they found; all of it together becomes evidence."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from request_tracker.actions import evidence, record, tables
from request_tracker.actions.evidence import Fact
from request_tracker.actions.rooted import must_be_root
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.rules import completeness
from request_tracker.rules.completeness import REVIEWERS, Finding
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Phase
from request_tracker.store import connections, reading_completeness, table_reviews
from request_tracker.store import evidence as facts
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.reading_completeness import KEY
from request_tracker.store.table_reviews import TableReview
from request_tracker.store.timeline import Entry

MOST_NOTE = 1000


@dataclass(frozen=True)
class Found:
    """What somebody found out about one table; `verdict`: complete, gap or later."""

    schema: str
    table: str
    verdict: str
    note: str = ""


def decide(session: Session, case: Case, found: Iterable[Found], act: Act) -> Entry | None:
    """Keep what was found; the last to say counts. None where nothing is new. Raises Unfit or NotAllowed.

    A gap found after the review was recorded takes the record back: it says what is not so.
    """
    row = _open(session, case, act)
    known = reading_completeness.places(session, case, row)
    checked = [_checked(each, known, f"tables.{place}") for place, each in enumerate(found)]
    changed = [each for each in checked if _keep(session, case, row, each, act)]
    if not changed:
        return None
    session.flush()
    state = reading_completeness.checklist(session, case)
    data = {"reviewed": state.reviewed, "of": state.total, "gaps": len(state.gaps), "later": len(state.later)}
    entry = record.entry(session, case, act, "tables.reviewed", data=data, audience="staff")
    if any(each.verdict == Finding.GAP for each in changed):
        evidence.lose(session, case, KEY, act, reason="A gap was found in a table")
    return entry


def conclude(session: Session, case: Case, act: Act) -> Entry:
    """Every table is reviewed and none has an open gap: the review is recorded. Raises Unfit or NotAllowed."""
    _open(session, case, act)
    state = reading_completeness.checklist(session, case)
    if state.missing:
        raise Unfit("tables", state.missing)
    later = "; ".join(completeness.told(state.later))
    note = f"Left for a later phase: {later}"[:MOST_NOTE] if later else ""
    return evidence.put(session, case, Fact(KEY, state.summary, note), act)


def read_tables(session: Session, case: Case, act: Act) -> None:
    """Ask Fivetran anew which tables there are. Raises Unfit or NotAllowed."""
    tables.read_again(session, _open(session, case, act, preview=False), act)


def weigh(session: Session, row: Connection, case: Case, act: Act) -> None:
    """A recorded review stands for the tables and the build that were reviewed, not for others."""
    recorded = facts.standing(session, case.id).get(KEY)
    if recorded is None:
        return
    rebuilt = case.phase == Phase.PRIVATE_PREVIEW and recorded.at < case.phase_at
    if row.tables_wanted_at is not None and row.tables_wanted_at > recorded.at:
        evidence.lose(session, case, KEY, act, reason="Which tables are wanted was changed after the review")
    elif rebuilt and table_reviews.of_connection(session, row.id):
        evidence.lose(session, case, KEY, act, reason="It was built anew after the review: review it once more")


def _open(session: Session, case: Case, act: Act, *, preview: bool = True) -> Connection:
    must_be_root(case)
    if act.who.role not in REVIEWERS:
        raise NotAllowed("Only a specialist, an engineer or a lead may review the tables")
    if case.outcome is not None:
        raise Unfit("tables", f"This case has ended ({case.outcome.replace('_', ' ')}): nothing more is reviewed")
    row = connections.live(session, case.id)
    if row is None or row.connection_id is None:
        raise Unfit("tables", "There is no connection whose tables could be reviewed")
    if preview and case.phase != Phase.PRIVATE_PREVIEW:
        raise Unfit("tables", "Tables are reviewed in private preview: open it first")
    return row


def _checked(found: Found, known: set[tuple[str, str]], field: str) -> Found:
    if (found.schema, found.table) not in known:
        raise Unfit(field, f"There is no table to review called {found.schema[:60]}.{found.table[:60]}")
    if found.verdict not in list(Finding):
        raise Unfit(f"{field}.verdict", f"Choose one of: {', '.join(Finding)}")
    short_enough(f"{field}.note", found.note, most=MOST_NOTE)
    if found.verdict != Finding.COMPLETE and not found.note.strip():
        raise Unfit(f"{field}.note", f"{found.table}: say what is missing, for those who build it")
    return Found(found.schema, found.table, found.verdict, found.note.strip())


def _keep(session: Session, case: Case, row: Connection, found: Found, act: Act) -> bool:
    """Write it down; False where it stands so already."""
    assert act.who.id is not None, "the system reviews nothing"
    review = table_reviews.one(session, row.id, found.schema, found.table)
    if review is None:
        review = TableReview(
            case_id=case.id, connection_row_id=row.id, table_schema=found.schema, table_name=found.table
        )
        session.add(review)
    elif reading_completeness.is_current(case, review):
        if (review.verdict, review.note) == (found.verdict, found.note):
            return False
    else:
        review.last_verdict, review.last_note = review.verdict, review.note
    review.verdict, review.note, review.by_id, review.at = found.verdict, found.note, act.who.id, act.now
    return True

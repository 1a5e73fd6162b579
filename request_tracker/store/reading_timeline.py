"""What happened on a case and what was said, as far as the viewer may read it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from request_tracker.rules.people import Viewer
from request_tracker.rules.telling import sentence, words
from request_tracker.rules.terms import Phase, Role
from request_tracker.store.case_rows import CommentRow, TimelineRow
from request_tracker.store.cases import Case
from request_tracker.store.holds import Comment
from request_tracker.store.people import Person
from request_tracker.store.timeline import Entry, EntryText, is_own

_ENTRIES = (
    select(Entry, EntryText.body, Person)
    .outerjoin(EntryText, EntryText.entry_id == Entry.id)
    .outerjoin(Person, Person.id == Entry.actor_id)
)
_OF_CASE = _ENTRIES.where(Entry.case_id == bindparam("case_id")).order_by(Entry.seq.desc())


def timeline_of(session: Session, case: Case, viewer: Viewer) -> tuple[TimelineRow, ...]:
    """The entries the viewer may read, newest first."""
    return tuple(_told(row, viewer) for row in _all_of(session, case.id) if _may_read(row[0], viewer))


def _all_of(session: Session, case_id: int) -> Sequence[Any]:
    """Entry, words and actor of everything that happened, newest first."""
    return session.execute(_OF_CASE, {"case_id": case_id}).all()


def entries_by_id(session: Session, ids: Collection[int], viewer: Viewer) -> dict[int, TimelineRow]:
    """Those of these entries that the viewer may read, of whatever case."""
    rows = session.execute(_ENTRIES.where(Entry.id.in_(ids))).all()
    return {row[0].id: _told(row, viewer) for row in rows if _may_read(row[0], viewer)}


def written_since(session: Session, case_id: int, seen: int, kinds: Collection[str]) -> list[dict[str, Any]]:
    """The data of the case's entries of these kinds that came after the entry `seen`; no words, so for no eyes."""
    found = select(Entry.data).where(Entry.case_id == case_id, Entry.id > seen, Entry.kind.in_(kinds))
    return list(session.scalars(found))


def told_and_entered(
    session: Session, case: Case, viewer: Viewer
) -> tuple[tuple[TimelineRow, ...], dict[Phase, datetime]]:
    """What the viewer may read, newest first, and when the case entered each phase, from one statement."""
    rows = _all_of(session, case.id)
    moves = [(row[0].data, row[0].at) for row in reversed(rows) if row[0].kind.startswith("move.")]
    return tuple(_told(row, viewer) for row in rows if _may_read(row[0], viewer)), _entered(case, moves)


def comments_of(session: Session, case: Case, viewer: Viewer) -> tuple[CommentRow, ...]:
    found = (
        select(Comment.at, Person.name, Comment.internal, Comment.body)
        .join(Person, Person.id == Comment.author_id)
        .where(Comment.case_id == case.id)
        .order_by(Comment.id)
    )
    if not viewer.is_staff:
        found = found.where(Comment.account_id == viewer.account_id, Comment.internal.is_(False))
    return tuple(CommentRow(*row) for row in session.execute(found).all())


def entered(session: Session, case: Case) -> dict[Phase, datetime]:
    """When the case entered each phase it has been in (the last time it did)."""
    moves = select(Entry.data, Entry.at).where(Entry.case_id == case.id, Entry.kind.like("move.%")).order_by(Entry.seq)
    return _entered(case, session.execute(moves).all())


def _entered(case: Case, moves: Iterable[Any]) -> dict[Phase, datetime]:
    times = {Phase.SUBMISSION: case.opened_at}
    for data, at in moves:
        if data["before"]["phase"] != data["after"]["phase"]:
            times[Phase(data["after"]["phase"])] = at
    return {phase: at for phase, at in times.items() if phase.order <= Phase(case.phase).order}


def _may_read(entry: Entry, viewer: Viewer) -> bool:
    if viewer.is_staff or entry.audience == "public":
        return True
    return entry.audience == "account" and entry.account_id == viewer.account_id


def _told(row: Any, viewer: Viewer) -> TimelineRow:
    entry, body, person = row
    own = viewer.is_staff or is_own(entry, viewer.account_id)
    return TimelineRow(
        id=entry.id,
        at=entry.at,
        who=_who(person, viewer),
        kind=entry.kind,
        sentence=sentence(entry.kind, entry.data),
        words=words(body) if own else (),
        internal=entry.audience == "staff",
    )


def _who(person: Person | None, viewer: Viewer) -> str:
    """The name of who acted; people of other customers have none."""
    if person is None:
        return "request_tracker"
    known = viewer.is_staff or person.role != Role.REQUESTER or person.account_id == viewer.account_id
    return person.name if known else "another requester"

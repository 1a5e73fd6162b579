"""One pair of cases as staff look at it: how alike they were found, or who decided what about them meanwhile."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.rules.people import Viewer
from request_tracker.rules.terms import Outcome
from request_tracker.store import cases, dismissals, pairs, reading_case
from request_tracker.store.cases import Case, NoSuchCase, case_number
from request_tracker.store.merges import Merge
from request_tracker.store.people import Person
from request_tracker.store.reading_places import Place


@dataclass(frozen=True)
class Found:
    """The comparison that put the pair into the inbox."""

    place: Place
    score: float
    decision: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Gone:
    """Why there is nothing to decide about a pair any more.

    `sentence` says what happened, by `who` (empty: nobody in particular) `at` (None: not known). `kind` is merged,
    different, related or ended. `now`: the two cases that lead theirs now, where those are others.
    """

    kind: str
    sentence: str
    who: str = ""
    at: datetime | None = None
    now: tuple[str, str] | None = None


def both(session: Session, left: str, right: str, viewer: Viewer) -> tuple[Case, Case]:
    """The two cases, the older number first. Raises NoSuchCase."""
    found = {case.id: case for case in (reading_case.case_for(session, number, viewer) for number in (left, right))}
    if len(found) == 1:
        raise NoSuchCase("A case is no pair with itself: name two cases")
    first, second = (found[case_id] for case_id in sorted(found))
    return first, second


def scored(session: Session, left: Case, right: Case) -> Found | None:
    """How alike the two were found; None until they were compared."""
    row = pairs.between(session, left.id, right.id)
    return Found(Place(row.score, row.id), row.score, row.decision, tuple(row.reasons)) if row else None


def gone(session: Session, left: Case, right: Case) -> Gone | None:
    """What became of the pair, or None while it can be decided."""
    return _merged(session, left, right) or _dismissed(session, left, right) or _ended(left, right)


def _merged(session: Session, left: Case, right: Case) -> Gone | None:
    child = next((case for case in (left, right) if case.merged_into_id is not None), None)
    if child is None:
        return None
    who, at = _by(session, child)
    sentence = f"{child.number} was merged into {case_number(child.merged_into_id or 0)}"
    roots = [cases.root_of(session, case) for case in (left, right)]
    now = None if roots[0].id == roots[1].id else (roots[0].number, roots[1].number)
    return Gone("merged", sentence, who, at, now)


def _by(session: Session, child: Case) -> tuple[str, datetime | None]:
    standing = (
        select(Merge.automatic, Person.name, Merge.merged_at)
        .join(Person, Person.id == Merge.merged_by_id)
        .where(Merge.child_id == child.id, Merge.unmerged_at.is_(None))
    )
    row = session.execute(standing).first()
    if row is None:
        return "", None
    return ("the policy for automatic merging" if row.automatic else row.name), row.merged_at


def _dismissed(session: Session, left: Case, right: Case) -> Gone | None:
    row = dismissals.between(session, left.id, right.id)
    if row is None:
        return None
    words = "not the same" if row.kind == "different" else "related, but not the same"
    sentence = f"{left.number} and {right.number} were called {words}"
    return Gone(row.kind, sentence, session.get_one(Person, row.by_id).name, row.at)


def _ended(left: Case, right: Case) -> Gone | None:
    if pairs.possible(left, right):
        return None
    over = [case for case in (left, right) if case.outcome is not None]
    told = " and ".join(f"{case.number} has ended ({Outcome(case.outcome or '').words})" for case in over)
    return Gone("ended", told or "These two cannot be merged in either direction")

"""An admin adds, corrects, retires and restores what matching knows; each change is logged and indexed afterwards."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions.unfit import Unfit
from request_tracker.rules import claims
from request_tracker.rules.claims import Fault, Leads
from request_tracker.rules.entries import Knowledge
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import jobs
from request_tracker.store.aliases import (
    SUBJECTS,
    Alias,
    Family,
    KnowledgeChange,
    KnowledgeRow,
    SharedHost,
    confirmed_at,
    facts_of,
    leads,
    newest_change,
    one_writer,
    row_of,
)
from request_tracker.store.jobs import Job

MAY_CHANGE = (Role.ADMIN,)
UNDER_WAY = ("ready", "running")
Typed = Mapping[str, str]


class Done(NamedTuple):
    """The row, and whether anything changed: the same said twice is said once."""

    row_id: int
    changed: bool


class Overtaken(Exception):
    """Somebody changed the row after it was looked at."""


def add(session: Session, subject: str, typed: Typed, act: Act, known: Knowledge) -> Done:
    """Remember a new row. Raises NotAllowed, Unfit. What is known in these very words already is left as it is."""
    must_be_admin(act)
    one_writer(session)
    facts = read(subject, typed, known)
    same = _same(session, subject, facts)
    if same is not None and same.retired_at is None and facts_of(subject, same) == facts:
        return Done(same.id, False)
    return Done(_add(session, subject, facts, act, known, leads(session, known.registrable)), True)


def correct(
    session: Session, subject: str, row_id: int, typed: Typed, act: Act, known: Knowledge, *, seen: int
) -> Done:
    """Change a row in use. `seen`: its newest change as the person saw it. Raises NotAllowed, Unfit, Overtaken."""
    row = _tochange_of(session, subject, row_id, act)
    before, facts = facts_of(subject, row), read(subject, typed, known)
    if facts == before:
        return Done(row.id, False)
    _must_be_seen(session, subject, row, seen)
    if row.retired_at is not None:
        raise Unfit(_own_field(subject), "This was retired: restore it first")
    _must_stand(subject, facts, leads(session, known.registrable, beside=_alias_id(row)), known)
    _must_be_new(session, subject, facts, but=row)
    for name, value in facts.items():
        setattr(row, name, value)
    _log(session, subject, row, "corrected", act, before=before, after=facts)
    return Done(row.id, True)


def retire(session: Session, subject: str, row_id: int, act: Act, *, seen: int) -> Done:
    """Take a row out of use without losing it. Raises NotAllowed, Overtaken."""
    row = _tochange_of(session, subject, row_id, act)
    if row.retired_at is not None:
        return Done(row.id, False)
    _must_be_seen(session, subject, row, seen)
    row.retired_at = act.now
    _log(session, subject, row, "retired", act, before=facts_of(subject, row))
    return Done(row.id, True)


def restore(session: Session, subject: str, row_id: int, act: Act, known: Knowledge, *, seen: int) -> Done:
    """Put a retired row into use again, if it still fits beside the others. Raises NotAllowed, Unfit, Overtaken."""
    row = _tochange_of(session, subject, row_id, act)
    if row.retired_at is None:
        return Done(row.id, False)
    _must_be_seen(session, subject, row, seen)
    facts = facts_of(subject, row)
    _must_stand(subject, facts, leads(session, known.registrable), known)
    row.retired_at = None
    _log(session, subject, row, "restored", act, after=facts)
    return Done(row.id, True)


def believe(session: Session, facts: Typed, act: Act, known: Knowledge, *, merge_id: int) -> Done:
    """Remember an alias that a specialist confirmed at a merge; the caller has looked who acts. Raises Unfit."""
    one_writer(session)
    read = claims.alias_read(facts, known.registrable)
    row_id = _add(session, "alias", read, act, known, leads(session, known.registrable), merge_id=merge_id)
    return Done(row_id, True)


def forget(session: Session, merge_ids: Collection[int], act: Act) -> list[Alias]:
    """Retire what was confirmed at these merges, which were taken back; the caller has looked who acts.

    What an admin corrected, retired or restored since is the admin's word and stays. Answers the aliases retired.
    """
    if not confirmed_at(session, merge_ids):
        return []
    one_writer(session)
    found = [each for each in confirmed_at(session, merge_ids) if _is_untouched(session, each)]
    return [_retired(session, each.row_id or 0, act) for each in found]


def fault_of(
    session: Session, subject: str, typed: Typed, known: Knowledge, *, row_id: int | None = None
) -> Unfit | None:
    """What stands against these words, before anything is stored; None where they can be taken."""
    facts = read(subject, typed, known)
    row = row_of(session, subject, row_id) if row_id else None
    try:
        _must_stand(subject, facts, leads(session, known.registrable, beside=_alias_id(row)), known)
        _must_be_new(session, subject, facts, but=row)
    except Unfit as fault:
        return fault
    return None


def index_anew(session: Session, act: Act) -> bool:
    """Queue the indexing of everything, as is useful after an upgrade. False where it is under way already."""
    must_be_admin(act)
    one_writer(session)
    if session.scalar(select(Job.id).where(Job.kind == "reindex_all", Job.state.in_(UNDER_WAY)).limit(1)):
        return False
    stamp = f"{act.now:%Y%m%dT%H%M%S}"
    return jobs.put(session, "reindex_all", {"stamp": stamp}, now=act.now, unique_key=f"reindex_all:{stamp}")


def must_be_admin(act: Act) -> None:
    """Raises NotAllowed."""
    if act.who.role not in MAY_CHANGE:
        raise NotAllowed("Only an admin may change what matching knows")


def _is_untouched(session: Session, change: KnowledgeChange) -> bool:
    return newest_change(session, change.subject, change.row_id or 0) == change.id


def _retired(session: Session, row_id: int, act: Act) -> Alias:
    row = row_of(session, "alias", row_id)
    assert isinstance(row, Alias), "it is a row of that subject"
    row.retired_at = act.now
    _log(session, "alias", row, "retired", act, before=facts_of("alias", row))
    return row


def _tochange_of(session: Session, subject: str, row_id: int, act: Act) -> KnowledgeRow:
    must_be_admin(act)
    one_writer(session)
    return row_of(session, subject, row_id)


def _must_be_seen(session: Session, subject: str, row: KnowledgeRow, seen: int) -> None:
    if newest_change(session, subject, row.id) != seen:
        raise Overtaken("Somebody changed this after you opened it: look at it as it is now")


def read(subject: str, typed: Typed, known: Knowledge) -> dict[str, str]:
    """What was typed, as it would be stored."""
    if subject == "alias":
        return claims.alias_read(typed, known.registrable)
    return claims.host_read(typed) if subject == "shared_host" else claims.family_read(typed)


def _must_stand(subject: str, facts: Typed, found: Leads, known: Knowledge) -> None:
    check = {"alias": claims.alias_fault, "shared_host": claims.host_fault, "family": claims.family_fault}[subject]
    fault = check(facts, found, known)
    if fault:
        raise Unfit(*fault)


def _add(
    session: Session, subject: str, facts: Typed, act: Act, known: Knowledge, found: Leads,
    *, merge_id: int | None = None,
) -> int:  # fmt: skip
    _must_be_new(session, subject, facts)
    _must_stand(subject, facts, found, known)
    row: KnowledgeRow = SUBJECTS[subject][0](**facts, added_at=act.now)
    session.add(row)
    session.flush()
    _log(session, subject, row, "added", act, after=facts, merge_id=merge_id)
    return row.id


def _must_be_new(session: Session, subject: str, facts: Typed, *, but: KnowledgeRow | None = None) -> None:
    same = _same(session, subject, facts)
    if same is None or same is but:
        return
    fault = retired_fault(same) or Fault("", "This is known already")
    raise Unfit(_own_field(subject), fault.message)


def retired_fault(row: KnowledgeRow | None) -> Fault | None:
    """Why a row that was retired cannot simply be added again."""
    if row is None or row.retired_at is None:
        return None
    return Fault("alias", f"This was retired on {row.retired_at:%-d %b %Y}: restore that row instead of adding it anew")


def _own_field(subject: str) -> str:
    return {"alias": "alias", "shared_host": "host", "family": "domain"}[subject]


def _same(session: Session, subject: str, facts: Typed) -> KnowledgeRow | None:
    """The row, in use or retired, that the unique index would take for the same."""
    if subject == "alias":
        wanted = select(Alias).where(Alias.canonical == facts["canonical"], Alias.alias == facts["alias"])
        return session.scalar(wanted)
    if subject == "shared_host":
        return session.scalar(select(SharedHost).where(SharedHost.host == facts["host"]))
    return session.scalar(select(Family).where(Family.name == facts["name"], Family.domain == facts["domain"]))


def _alias_id(row: KnowledgeRow | None) -> int | None:
    return row.id if isinstance(row, Alias) else None


def _log(
    session: Session, subject: str, row: KnowledgeRow, verb: str, act: Act,
    *, before: Typed | None = None, after: Typed | None = None, merge_id: int | None = None,
) -> None:  # fmt: skip
    change = change_of(subject, row.id, verb, act, before, after)
    change.merge_id = merge_id
    session.add(change)
    session.flush()
    jobs.put(session, "reindex", {"change_id": change.id}, now=act.now, unique_key=f"reindex:{change.id}:0")


def change_of(
    subject: str, row_id: int, verb: str, act: Act, before: Typed | None, after: Typed | None
) -> KnowledgeChange:
    return KnowledgeChange(
        subject=subject, row_id=row_id, act=verb, by_id=act.who.id, at=act.now,
        before=dict(before) if before else None, after=dict(after) if after else None,
    )  # fmt: skip

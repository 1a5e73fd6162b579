"""Many aliases at once, as from a file: all of them are remembered, or none."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions.knowledge import Typed, change_of, must_be_admin, retired_fault
from request_tracker.rules import claims
from request_tracker.rules.claims import Fault, Leads
from request_tracker.rules.entries import Knowledge
from request_tracker.rules.people import Act
from request_tracker.store import jobs
from request_tracker.store.aliases import Alias, facts_of, leads, one_writer


class NotAll(Exception):
    """Many rows are taken together or not at all; `faults` has each that cannot be, named by its row, 1 the first."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} rows cannot be taken")
        self.faults = faults


def add_all(session: Session, rows: Iterable[Typed], act: Act, known: Knowledge) -> tuple[int, int]:
    """Many aliases, all or none: how many were new, and how many were known already. Raises NotAllowed, NotAll."""
    must_be_admin(act)
    one_writer(session)
    found = leads(session, known.registrable)
    faults: list[Fault] = []
    new: list[Alias] = []
    total = 0
    kept = {(row.canonical, row.alias): row for row in session.scalars(select(Alias))}
    for total, typed in enumerate(rows, start=1):  # the last number is the count
        facts = claims.alias_read(typed, known.registrable)
        same = kept.get((facts["canonical"], facts["alias"]))
        is_known = same is not None or _leads_there(facts, found, known)
        fault = retired_fault(same) or (None if is_known else claims.alias_fault(facts, found, known))
        if fault:
            faults.append(Fault(str(total), fault.message))
        elif not is_known:
            row = kept[facts["canonical"], facts["alias"]] = Alias(**facts, added_at=act.now)
            new.append(row)
            found.add(facts, known.registrable)
    if faults:
        raise NotAll(faults)
    _log_all(session, new, act)
    return len(new), total - len(new)


def _leads_there(facts: Typed, found: Leads, known: Knowledge) -> bool:
    """Whether the alias leads there already, perhaps written differently."""
    if facts["kind"] not in claims.KINDS:
        return False
    alias_key, canonical_key = claims.alias_keys(facts, known.registrable)
    lead = found.by_alias.get(alias_key)
    return lead is not None and lead.canonical_key == canonical_key


def _log_all(session: Session, rows: list[Alias], act: Act) -> None:
    """One line in the log for each row, one job for all."""
    session.add_all(rows)
    session.flush()
    changes = [change_of("alias", row.id, "added", act, None, facts_of("alias", row)) for row in rows]
    session.add_all(changes)
    session.flush()
    if changes:
        ids = [change.id for change in changes]
        last, args = max(ids), {"first_id": min(ids), "change_id": max(ids)}
        jobs.put(session, "reindex", args, now=act.now, unique_key=f"reindex:{last}:0")

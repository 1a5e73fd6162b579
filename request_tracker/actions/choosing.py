"""A person chooses which of the proposed tables a case needs; the choice goes where it matters."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from request_tracker.actions import evidence, measured, record
from request_tracker.actions.evidence import Fact
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.rooted import must_be_root
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.strangers import plain
from request_tracker.rules.terms import Role
from request_tracker.store import chosen_tables, reading_proposal
from request_tracker.store.cases import Case
from request_tracker.store.chosen_tables import ChosenTable
from request_tracker.store.reading_proposal import Proposal
from request_tracker.store.timeline import Entry

MAY_CHOOSE = (Role.SPECIALIST, Role.ENGINEER, Role.LEAD)
KEY = "data_requirements_recorded"
NEWER = "Somebody chose tables, or a newer document was read, after you opened this: look at it as it is now"
NO_DOCUMENT = "No API document of this case was read: add one first, its tables are proposed then"
MOST_NAMED, LONGEST = 50, 200


@dataclass(frozen=True)
class Picked:
    """What a person says of proposed tables, by name; of those that are not named nothing changes. A table chosen once
    and not proposed any more can only be let go.

    `seen`: the stamp of what they looked at, empty to skip the check.
    """

    tables: Mapping[str, bool]
    seen: str = ""


def choose(session: Session, case: Case, picked: Picked, act: Act) -> Entry | None:
    """Keep what is needed; None where nothing changes. Raises NotAllowed, Refused, Unfit, Overtaken."""
    proposal = _open(session, case, act)
    changed = {name: is_wanted for name, is_wanted in picked.tables.items() if proposal.decided.get(name) != is_wanted}
    if not changed:
        return None
    if picked.seen and picked.seen != proposal.stamp:
        raise Overtaken(NEWER)
    let_go = {name for name in proposal.gone if changed.get(name) is False}
    strangers = sorted(name for name in changed.keys() - let_go if name not in proposal.tables or len(name) > LONGEST)
    if strangers:
        raise Unfit("tables", f"The document proposes no table {plain(strangers[0], 80)}: choose from its list")
    _write(session, case, proposal, changed, act)
    wanted = {**dict.fromkeys(proposal.chosen, True), **changed}
    chosen = frozenset(name for name in wanted if wanted[name])
    data = {"chosen": len(chosen), "of": len(proposal.branches)}
    words = {"tables": _names(chosen)} if chosen else None
    entry = record.entry(session, case, act, "tables.needed", data=data, words=words, audience="staff")
    measured.judge_again(session, case, act)
    return entry


def take(session: Session, case: Case, act: Act, *, seen: str = "") -> Entry:
    """The chosen tables are the data that is needed: recorded as evidence. Raises as `choose` does."""
    proposal = _open(session, case, act)
    if seen and seen != proposal.stamp:
        raise Overtaken(NEWER)
    if not proposal.chosen:
        raise Unfit("tables", "Choose at least one table first")
    count = len(proposal.chosen)
    note = f"{count} table{'' if count == 1 else 's'} chosen: {_names(proposal.chosen)}"
    return evidence.put(session, case, Fact(KEY, note=note), act)


def _open(session: Session, case: Case, act: Act) -> Proposal:
    if act.who.role not in MAY_CHOOSE:
        raise NotAllowed("Only a specialist, an engineer or a lead chooses which tables are needed")
    must_be_root(case)
    if case.outcome is not None:
        raise Unfit("tables", "This case has ended: there is nothing left to choose")
    found = reading_proposal.proposal(session, case)
    if found is None:
        raise Unfit("tables", NO_DOCUMENT)
    return found


def _write(session: Session, case: Case, proposal: Proposal, changed: Mapping[str, bool], act: Act) -> None:
    """A table of another name at the same path, from an earlier version of the document, is the same table."""
    rows = chosen_tables.of_case(session, case.id)
    known = chosen_tables.matched(rows, {table.name: table.path for table in proposal.tables.values()})
    for name in sorted(changed):
        row = known.get(name) or rows.get(name) or ChosenTable(case_id=case.id, account_id=case.account_id)
        row.is_wanted = changed[name]
        if name in proposal.tables:
            row.name, row.path = name, proposal.tables[name].path
        row.by_id, row.at = act.who.id or 0, act.now
        session.add(row)
    session.flush()


def _names(tables: frozenset[str]) -> str:
    """`customers, invoices and 3 more`: what a person reads, bounded."""
    names = sorted(tables)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(plain(name, 60) for name in names[:MOST_NAMED]) + more

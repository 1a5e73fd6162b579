"""Rows turned into what the rules look at."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from request_tracker.rules.calendar import add_working, days
from request_tracker.rules.evidence import MINUTES
from request_tracker.rules.facts import CaseFacts
from request_tracker.rules.people import Act
from request_tracker.rules.terms import Criterion, HoldReason, Outcome, Phase, StarterState
from request_tracker.store import assessments, clocks, connections, evidence, heirs, holds, reading_proposal, requests
from request_tracker.store.cases import Case
from request_tracker.store.evidence import Evidence
from request_tracker.store.people import Account, Person
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry


def facts_of(session: Session, case: Case, act: Act, fields: Mapping[str, Any] | None = None) -> CaseFacts:
    """Everything a guard may ask about the case (a root), as of `act.now`."""
    standing = evidence.standing(session, case.id)
    people, accounts = _beside_primary(session, case)
    starter = connections.live(session, case.id)
    proposed, chosen = _proposed(session, case, standing)
    return CaseFacts(
        phase=Phase(case.phase),
        role=act.who.role,
        outcome=Outcome(case.outcome) if case.outcome else None,
        evidence=frozenset(standing),
        open_criteria=_open_criteria(session, case.id),
        supporting_accounts=accounts,
        live_supporters=people,
        starter=StarterState(starter.state) if starter else StarterState.NONE,
        silence=_is_silent(session, standing, act),
        reminders=reminders(session, case.id),
        has_questions=any(HoldReason(hold.reason).on_requester for hold in holds.open_holds(session, case.id)),
        proposed_tables=proposed,
        chosen_tables=chosen,
        vacancy=vacancy(session, case),
        ended_for=act.now - case.ended_at if case.ended_at else None,
        lead_decides_from=act.program.lead_decides_from,
        reminders_before_waiver=act.program.reminders_before_waiver,
        appeal_for=act.program.appeal_for,
        reinstate_for=act.program.reinstate_for,
        fields=fields or {},
    )


def vacancy(session: Session, case: Case) -> str:
    """Who is asked to lead the case and until when, as a sentence for staff; empty where somebody leads it."""
    if case.primary_request_id is not None or case.outcome is not None:
        return ""
    ask = heirs.open_ask(session, case.id)
    if ask is None:
        return "Nobody leads this case, and nobody is asked to: choose somebody, or ask again"
    request = session.get_one(Request, ask.request_id)
    person, account = session.get_one(Person, request.person_id), session.get_one(Account, request.account_id)
    until = f"{ask.expires_at:%-d %b %Y, %H:%M} UTC"
    return f"Nobody leads this case: {person.name} at {account.name} is asked to, until {until}"


def supporters(session: Session, root_id: int) -> tuple[int, int]:
    """Distinct persons and distinct accounts with a live request in the tree, the primary's included."""
    row = session.execute(
        select(func.count(Request.person_id.distinct()), func.count(Request.account_id.distinct()))
        .join(Case, Case.id == Request.case_id)
        .where(Case.root_id == root_id, Request.withdrawn_at.is_(None))
    ).one()
    return int(row[0]), int(row[1])


def supporting_accounts(session: Session, root_ids: Collection[int]) -> dict[int, int]:
    """Distinct accounts with a live request in each of these trees, by root; trees without one are left out."""
    rows = session.execute(
        select(Case.root_id, func.count(Request.account_id.distinct()))
        .join(Request, Request.case_id == Case.id)
        .where(Case.root_id.in_(root_ids), Request.withdrawn_at.is_(None))
        .group_by(Case.root_id)
    )
    return {row[0]: row[1] for row in rows if row[0] is not None}


def _proposed(session: Session, case: Case, standing: Mapping[str, Evidence]) -> tuple[int, int]:
    """How many tables are proposed and chosen; asked for only while it matters to a guard."""
    if case.phase != Phase.CONSULTATION or "data_requirements_recorded" in standing:
        return 0, 0
    found = reading_proposal.brief(session, case.id)
    return (found.proposed, len(found.chosen)) if found else (0, 0)


def _beside_primary(session: Session, case: Case) -> tuple[int, int]:
    primary = requests.primary_of(session, case)
    others = requests.of_tree(session, case.root_id or case.id, live_only=True)
    if primary is None:
        return len({each.person_id for each in others}), len({each.account_id for each in others})
    people = {each.person_id for each in others} - {primary.person_id}
    return len(people), len({each.account_id for each in others} - {primary.account_id})


def _open_criteria(session: Session, case_id: int) -> tuple[Criterion, ...]:
    decided = {key for key, row in assessments.of_case(session, case_id).items() if row.verdict is not None}
    return tuple(criterion for criterion in Criterion if criterion not in decided)


def _is_silent(session: Session, standing: Mapping[str, Evidence], act: Act) -> bool:
    since = minutes_at(standing)
    if since is None:
        return False
    calendar = clocks.newest_calendar(session).calendar
    return act.now >= add_working(calendar, since, days(calendar, act.program.silence_days))


def minutes_at(standing: Mapping[str, Evidence]) -> datetime | None:
    """When the last of the consultation's three records was made, or None while one is missing."""
    if any(key not in standing for key in MINUTES):
        return None
    return max(standing[key].at for key in MINUTES)


_REMINDERS = (
    select(func.count()).select_from(Entry).where(Entry.case_id == bindparam("case_id"), Entry.kind == "reminder")
)


def reminders(session: Session, case_id: int) -> int:
    """How often the requester was reminded to verify."""
    return int(session.scalar(_REMINDERS, {"case_id": case_id}) or 0)

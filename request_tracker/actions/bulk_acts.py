"""The acts that can be done to many cases: what their form must hold, the single act, and what takes it back."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from request_tracker.actions import assign, hold, undo
from request_tracker.actions.advance import advance
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.rules import absence_words, bulk_words
from request_tracker.rules.people import Act
from request_tracker.rules.phases import BY_NAME
from request_tracker.rules.process import NotAllowed, filled
from request_tracker.rules.reply_words import fill
from request_tracker.rules.terms import HoldReason, Role
from request_tracker.store import absences, holds, requests
from request_tracker.store.bulk_runs import BulkRow
from request_tracker.store.cases import Case
from request_tracker.store.people import Person
from request_tracker.store.requests import request_number
from request_tracker.store.timeline import Entry

# What a form must hold


def _checked_assign(session: Session, args: Mapping[str, Any], act: Act) -> dict[str, Any]:
    person_id = args.get("person_id")
    if person_id is None:
        return {"person_id": None, "name": "nobody"}
    person = session.get(Person, person_id)
    if person is None or not person.active or person.role not in assign.ASSIGNABLE:
        raise Unfit("assignee", "Choose a specialist, an engineer or a lead from the list")
    away = absences.away_now(session, act.now).get(person.id)
    if away is not None and not args.get("meant"):
        raise assign.Absent("assignee", absence_words.ask_again(person.name, away.last_day, away.stand_in))
    return {"person_id": person.id, "name": person.name}


def _checked_hold(session: Session, args: Mapping[str, Any], act: Act) -> dict[str, Any]:
    reason, question = str(args.get("reason", "")), str(args.get("question", ""))
    until = args.get("expected_until")
    if reason not in list(HoldReason):
        raise Unfit("reason", "Choose what the cases wait for")
    if HoldReason(reason) is HoldReason.PROGRAM_HOLD and act.who.role is not Role.LEAD:
        raise NotAllowed("Only a lead may hold a case for program reasons")
    if HoldReason(reason).on_requester and not question.strip():
        raise Unfit("question", "Write the question the requesters should answer")
    short_enough("question", question)
    if until is not None and until <= act.now:
        raise Unfit("expected_until", "Name a day that is not over, or none")
    return {"reason": reason, "question": question, "expected_until": until.isoformat() if until else ""}


def _checked_decline(session: Session, args: Mapping[str, Any], act: Act) -> dict[str, Any]:
    fields = BY_NAME["decline"].fields
    for field in fields:
        if not filled(field, args.get(field.name)):
            raise Unfit(field.name, field.missing)
        short_enough(field.name, str(args[field.name]))
    return {field.name: args[field.name] for field in fields}


CHECKS: dict[str, Callable[[Session, Mapping[str, Any], Act], dict[str, Any]]] = {
    "assign": _checked_assign,
    "hold": _checked_hold,
    "lift": lambda session, args, act: {},
    "decline": _checked_decline,
}

# What is done to a case


def _assign(session: Session, case: Case, args: Mapping[str, Any], act: Act) -> Entry:
    return assign.assign(session, case, args["person_id"], version=case.version, act=act, sure=True)


def _hold(session: Session, case: Case, args: Mapping[str, Any], act: Act) -> Entry:
    until = datetime.fromisoformat(args["expected_until"]) if args["expected_until"] else None
    reason, question = args["reason"], fill(args["question"], _blanks(session, case))
    return hold.put_on(session, case, act, reason=reason, question=question, expected_until=until)


def _lift(session: Session, case: Case, args: Mapping[str, Any], act: Act) -> Entry:
    open_ones = holds.open_holds(session, case.id)
    if not open_ones:
        raise Unfit("cases", bulk_words.NOBODY_WAITED_FOR)
    return [hold.lift(session, case, each, act) for each in open_ones][-1]


def _decline(session: Session, case: Case, args: Mapping[str, Any], act: Act) -> Entry:
    told = {**args, "explanation": fill(args["explanation"], _blanks(session, case))}
    return advance(session, case, "decline", version=case.version, act=act, fields=told)


def _blanks(session: Session, case: Case) -> dict[str, str]:
    """What a case puts into the blanks of the words that all are told."""
    primary = requests.primary_of(session, case)
    who = session.get(Person, primary.person_id) if primary is not None else None
    number = request_number(primary.id) if primary is not None else ""
    return {"service": case.service_name, "requester": who.name if who else "", "number": number}


ACTS: dict[str, Callable[[Session, Case, Mapping[str, Any], Act], Entry]] = {
    "assign": _assign,
    "hold": _hold,
    "lift": _lift,
    "decline": _decline,
}

# What takes it back; False where it cannot be


def _give_back(session: Session, case: Case, row: BulkRow, act: Act) -> bool:
    entry = session.get_one(Entry, row.entry_id)
    if case.assignee_id != entry.data["after"] or case.version != row.version + 1:
        return False
    assign.assign(session, case, entry.data["before"], version=case.version, act=act, sure=True)
    return True


def _end_wait(session: Session, case: Case, row: BulkRow, act: Act) -> bool:
    """Only a wait that nobody was written to about."""
    for each in holds.open_holds(session, case.id):
        if each.event_id == row.entry_id and not HoldReason(each.reason).on_requester:
            hold.lift(session, case, each, act)
            return True
    return False


def _take_back(session: Session, case: Case, row: BulkRow, act: Act) -> bool:
    last = undo.last_undoable(session, case, act)
    if last is None or last.id != row.entry_id:
        return False
    undo.undo(session, case, version=case.version, act=act)
    return True


UNDOES: dict[str, Callable[[Session, Case, BulkRow, Act], bool]] = {
    "assign": _give_back,
    "hold": _end_wait,
    "decline": _take_back,
}
"""Acts that can be taken back; ending a wait is not one of them."""

"""The one function that makes a move, and the one place that writes phase and outcome (merge and undo use it too)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from request_tracker.actions import clock, documents, evidence, heir, hold, record, scoring
from request_tracker.actions.clock import Cause
from request_tracker.actions.rooted import must_be_root
from request_tracker.actions.unfit import short_enough
from request_tracker.actions.versions import Stale as Stale
from request_tracker.actions.versions import fresh
from request_tracker.actions.versions import touch as touch
from request_tracker.rules import process
from request_tracker.rules.people import Act
from request_tracker.rules.phases import HOLD_MOVES, PHASE_CLOCKS, Move
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import HoldReason, Outcome, Phase, Role
from request_tracker.store import cases, connections, holds, requests
from request_tracker.store.cases import Case
from request_tracker.store.facts import facts_of
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry

LOST = "Access was lost"
"""Why the evidence of access no longer stands after lose_access."""


def advance(
    session: Session, case: Case, name: str, *, version: int, act: Act, fields: Mapping[str, Any] | None = None
) -> Entry:
    """Make the move, or raise Stale, NotAllowed, NoSuchMove or Refused (with every unmet condition).

    Writes the case, the timeline entry, clock events and jobs; the caller's transaction holds them together.
    """
    typed = process.typed(name, fields or {})
    (case,) = cases.locked(session, case.id)
    must_be_root(case)
    for field, words in typed.items():
        short_enough(field, words if isinstance(words, str) else str(words))
    fresh(case, version)
    facts = facts_of(session, case, act, typed)
    move = process.choose(facts, act.who.role, name)
    _is_own(session, case, move, act)
    if name in HOLD_MOVES:
        return _hold(session, case, name, act, typed)
    return _make(session, case, move, process.target(move, facts), act, typed)


def place(
    case: Case, phase: Phase, outcome: Outcome | None, now: datetime, *, ended_at: datetime | None = None
) -> None:
    """Put the case where it belongs now; the only writer of phase and outcome. Counts the version up."""
    if Phase(case.phase) is not phase:
        case.phase_at = now
    case.phase = phase
    case.outcome = outcome
    case.ended_at = (ended_at or now) if outcome else None
    touch(case, now)


def snapshot(case: Case) -> dict[str, Any]:
    """What an undo has to put back, as plain values."""
    return {
        "phase": case.phase,
        "outcome": case.outcome,
        "assignee_id": case.assignee_id,
        "phase_at": case.phase_at.isoformat(),
        "ended_at": case.ended_at.isoformat() if case.ended_at else None,
    }


def _make(
    session: Session, case: Case, move: Move, goal: tuple[Phase, Outcome | None], act: Act, typed: dict[str, Any]
) -> Entry:
    before = snapshot(case)
    place(case, *goal, act.now)
    back = _beside(session, case, move, act, ended_at=before["ended_at"])
    entry = record.entry(
        session,
        case,
        act,
        f"move.{move.name}",
        data={"before": before, "after": snapshot(case), **_criterion(move, typed), **back},
        words={field.name: typed[field.name] for field in move.fields if typed.get(field.name)},
    )
    _run_clocks(session, case, move, Cause(act, entry.id))
    for effect in move.then:
        _queue(session, case, effect, act, entry)
    if move.name == "claim":
        documents.when_claimed(session, case, act)
    if case.outcome != before["outcome"]:
        scoring.later(session, case, act, entry)
    if case.outcome is not None:
        heir.drop(session, case, act)
    heir.fill(session, case, act)
    session.flush()
    return entry


def _criterion(move: Move, typed: Mapping[str, Any]) -> dict[str, Any]:
    """The one field of a closed list may stand in the chain; everything else a person typed is text."""
    asked = any(field.kind == "criterion" for field in move.fields)
    return {"criterion": typed["criterion"]} if asked else {}


def _beside(session: Session, case: Case, move: Move, act: Act, *, ended_at: str | None) -> dict[str, Any]:
    """What a few moves change beside phase and outcome; answers what an undo has to know of it."""
    primary = requests.primary_of(session, case)
    if move.name == "claim":
        case.assignee_id = act.who.id
    elif move.name == "withdraw" and primary is not None:
        primary.withdrawn_at = act.now
    elif move.name == "reinstate" and primary is not None:
        primary.withdrawn_at = None
        _keep_starter(session, case)
    elif move.name == "reinstate":
        return {"returned": _last_to_leave(session, case, ended_at)}
    elif move.name == "lose_access":
        evidence.lose(session, case, "access_granted", act, reason=LOST)
    return {}


def _last_to_leave(session: Session, case: Case, ended_at: str | None) -> list[int]:
    """A case without a primary ended as its last supporter left: they are back with it."""
    tree = requests.of_tree(session, case.root_id or case.id)
    back = [each for each in tree if each.withdrawn_at and each.withdrawn_at.isoformat() == ended_at]
    for each in back:
        each.withdrawn_at = None
    session.flush()
    return [each.id for each in back]


def _keep_starter(session: Session, case: Case) -> None:
    """The primary's starter connector stays after all if it is still in its grace period."""
    newest = connections.newest(session, case.id)
    if newest is not None and newest.deleted_at is None and newest.request_id == case.primary_request_id:
        newest.grace_until = None


def _run_clocks(session: Session, case: Case, move: Move, cause: Cause) -> None:
    for name in move.stops:
        clock.stop(session, case, name, cause)
    if move.cancels:
        clock.cancel(session, case, move.cancels, cause)
    for name in move.pauses:
        clock.pause(session, case, HoldReason.REQUESTER_ACCESS, cause, only=(name,))
    for name in move.starts:
        if name not in evidence.standing_keys(session, case):
            clock.start(session, case, name, cause, target=move.target)
    if move.after is Outcome.WITHDRAWN:
        for name in PHASE_CLOCKS.get(Phase(case.phase), ()):
            clock.start(session, case, name, cause)
        evidence.start_first_sync(session, case, cause)
    if case.outcome is not None:
        hold.end_all(session, case, cause)
        clock.cancel(session, case, (), cause)


def _queue(session: Session, case: Case, effect: str, act: Act, entry: Entry) -> None:
    if effect.startswith("mail."):
        record.notify(session, effect.removeprefix("mail."), case, act, entry)
    else:
        record.later(session, effect, {"case_id": case.id}, act, entry)


def _hold(session: Session, case: Case, name: str, act: Act, typed: dict[str, Any]) -> Entry:
    if name == "ask":
        return hold.put_on(
            session, case, act, reason=str(typed.get("reason") or HoldReason.REQUESTER_INFO), question=typed["question"]
        )
    open_ones = [each for each in holds.open_holds(session, case.id) if HoldReason(each.reason).on_requester]
    return hold.answer(session, case, open_ones[0], act, body=typed["body"])


def _is_own(session: Session, case: Case, move: Move, act: Act) -> None:
    """A requester moves only the case they are the primary of, or one that ended as they left it."""
    if act.who.role is not Role.REQUESTER:
        return
    primary = requests.primary_of(session, case)
    if primary is not None and primary.person_id == act.who.id:
        return
    tree = requests.of_tree(session, case.root_id or case.id)
    mine = [each for each in tree if each.person_id == act.who.id and ended_with(case, each)]
    if move.name != "reinstate" or not mine:
        raise NotAllowed(f"{move.label}: only the primary requester of this case may do this")


def ended_with(case: Case, request: Request) -> bool:
    """Whether the case ended because this request was withdrawn: the primary's, or the last where nobody led."""
    if case.primary_request_id is not None:
        return case.primary_request_id == request.id
    return request.withdrawn_at is not None and request.withdrawn_at == case.ended_at

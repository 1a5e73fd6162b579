"""The consultation meeting's life: times offered, one booked, moved, cancelled, held or missed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from request_tracker.actions import clock, hold, record
from request_tracker.actions.clock import Cause
from request_tracker.actions.rooted import must_be_led, must_be_root
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.rules import meeting_times, meetings
from request_tracker.rules.meetings import MOST_TIMES, MeetingState, NotNow, Step
from request_tracker.rules.people import Act
from request_tracker.rules.phases import Blocker
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.strangers import plain
from request_tracker.rules.terms import HoldReason, Phase
from request_tracker.store import meetings as kept
from request_tracker.store import requests
from request_tracker.store.cases import Case
from request_tracker.store.meetings import Meeting
from request_tracker.store.timeline import Entry

LONGEST_PLACE = 500
CHANGED = "This meeting changed while you looked at it: read how it stands now, and send it again if it still fits"
TAKEN = "This time was taken by another meeting in between: choose another one"
GONE = "This time is not offered any more: choose one of those that are"


@dataclass(frozen=True)
class Plan:
    """What somebody wants of a meeting; None leaves as it is. `turn`: of the meeting they looked at, if they say so.

    `place`: a link to a call, a phone number or a room.
    """

    at: datetime | None = None
    minutes: int | None = None
    place: str | None = None
    words: str = ""
    turn: int | None = None


def offer(session: Session, case: Case, act: Act, times: Sequence[datetime], plan: Plan) -> Meeting:
    """Offer times to the primary requester, instead of those offered before; the promise to offer some is kept.

    Raises NotAllowed, Refused, Unfit (at1 … at6, minutes, place).
    """
    found = kept.open_of(session, case.id)
    _step(session, case, found, act, "offer", plan)
    must_be_led(case)
    _check_times(times, act.now, at_least_one=True)
    minutes, place = _shape(plan)
    meeting = found or _fresh(session, case, act)
    meeting.minutes, meeting.place, meeting.host_id, meeting.offered_at = minutes, place, _who(act), act.now
    meeting.asked = ""
    session.add(meeting)
    session.flush()
    kept.put_slots(session, meeting, times, "staff")
    kept.put_slots(session, meeting, (), "requester")
    entry = tell(session, case, meeting, act, "slots", {"slots": [at.isoformat() for at in sorted(set(times))]})
    clock.stop(session, case, "consult_offer", Cause(act, entry.id))
    record.notify(session, "slots", case, act, entry)
    return meeting


def book(session: Session, case: Case, meeting: Meeting, act: Act, plan: Plan) -> Meeting:
    """Settle on a time: the requester on one that is offered, staff on any. Raises NotAllowed, Refused, Unfit (at)."""
    step = _step(session, case, meeting, act, "book", plan)
    if plan.at is None:
        raise Unfit("at", "Choose one of the times")
    offered = {slot.starts_at for slot in kept.slots_of(session, meeting.id) if slot.side == "staff"}
    if not act.who.is_staff and plan.at not in offered:
        raise Refused("meeting", (Blocker("meeting", GONE, "times"),))
    _check_times([plan.at], act.now)
    _free(session, meeting, act, plan.at, meeting.minutes)
    meeting.starts_at, meeting.booked_at, meeting.booked_by_id, meeting.asked = plan.at, act.now, act.who.id, ""
    settle(session, case, meeting, act, step, "meeting.booked")
    _end_wait(session, case, act)
    return meeting


def propose(session: Session, case: Case, meeting: Meeting, act: Act, times: Sequence[datetime], plan: Plan) -> Meeting:
    """The requester says what suits them instead: times, words, or both. What is booked stays until staff move it."""
    _step(session, case, meeting, act, "propose", plan)
    _check_times(times, act.now)
    short_enough("words", plan.words)
    if not times and not plan.words.strip():
        raise Unfit("at1", "Write a time that suits you, or say in words when you can meet")
    kept.put_slots(session, meeting, times, "requester")
    meeting.asked = plan.words.strip()
    data = {"slots": [at.isoformat() for at in sorted(set(times))]}
    entry = tell(session, case, meeting, act, "meeting.asked", data, {"comment": meeting.asked})
    _notify(session, case, meeting, act, entry, "meeting_asked")
    _end_wait(session, case, act)
    return meeting


def move(session: Session, case: Case, meeting: Meeting, act: Act, plan: Plan) -> Meeting:
    """Another time, length or place for what is booked; both are told, and so are their calendars."""
    step = _step(session, case, meeting, act, "move", plan)
    minutes, place = _shape(plan, meeting)
    before, at = meeting.starts_at, plan.at or meeting.starts_at
    assert before is not None, "a booked meeting has its time"
    assert at is not None, "it keeps the one it has"
    if (at, minutes, place) == (before, meeting.minutes, meeting.place):
        raise Unfit("at", "Change the time, the length or the place")
    if at != before:
        _check_times([at], act.now)
    _free(session, meeting, act, at, minutes)
    meeting.starts_at, meeting.minutes, meeting.place, meeting.asked = at, minutes, place, ""
    kept.put_slots(session, meeting, (), "requester")
    kind = "meeting.moved" if at != before else "meeting.changed"
    settle(session, case, meeting, act, step, kind, {"before": before.isoformat()}, {"reason": plan.words.strip()})
    return meeting


def cancel(session: Session, case: Case, meeting: Meeting, act: Act, plan: Plan) -> Meeting:
    """Nobody meets. What was booked leaves both calendars."""
    step = _step(session, case, meeting, act, "cancel", plan)
    short_enough("words", plan.words)
    settle(session, case, meeting, act, step, "meeting.cancelled", {}, {"reason": plan.words.strip()})
    return meeting


def over(session: Session, case: Case, meeting: Meeting, act: Act, name: str, plan: Plan) -> Meeting:
    """It was held ("held"), or nobody came ("no_show"): new times can be offered then."""
    step = _step(session, case, meeting, act, name, plan)
    settle(session, case, meeting, act, step, "meeting.held" if name == "held" else "meeting.missed")
    return meeting


def _step(session: Session, case: Case, meeting: Meeting | None, act: Act, name: str, plan: Plan) -> Step:
    """The row of the table, or Refused with what stands in the way."""
    must_be_root(case)
    try:
        step = meetings.choose(
            name,
            MeetingState(meeting.state) if meeting else None,
            act.who.role,
            has_begun=meeting is not None and meeting.starts_at is not None and meeting.starts_at <= act.now,
        )
    except NotNow as fault:
        raise Refused("meeting", (Blocker("meeting", str(fault), _part(act)),)) from fault
    if case.outcome is not None or Phase(case.phase) is not Phase.CONSULTATION:
        reason = "Meetings belong to the consultation: this case is not in it"
        raise Refused("meeting", (Blocker("meeting", reason, "moves"),))
    if meeting is not None and not act.who.is_staff and act.who.id != meeting.guest_id:
        raise NotAllowed("Only the primary requester of this case may do this")
    if plan.turn is not None and plan.turn != (meeting.turn if meeting else 0):
        raise Refused("meeting", (Blocker("meeting", CHANGED, _part(act)),))
    return step


def _part(act: Act) -> str:
    return "consultation" if act.who.is_staff else "times"


def _check_times(times: Sequence[datetime], now: datetime, *, at_least_one: bool = False) -> None:
    if at_least_one and not times:
        raise Unfit("at1", "Offer at least one time")
    if len(set(times)) > MOST_TIMES:
        raise Unfit(f"at{MOST_TIMES}", f"Choose {MOST_TIMES} times at most")
    for number, at in enumerate(times, start=1):
        if fault := meeting_times.fault_of(at, now):
            raise Unfit("at" if len(times) == 1 and not at_least_one else f"at{number}", fault)


def _shape(plan: Plan, now: Meeting | None = None) -> tuple[int, str]:
    """Length and place as they shall be. Raises Unfit."""
    minutes = plan.minutes if plan.minutes is not None else (now.minutes if now else 60)
    place = plain(plan.place, LONGEST_PLACE + 1) if plan.place is not None else (now.place if now else "")
    if not 5 <= minutes <= 480:
        raise Unfit("minutes", "Choose between 5 minutes and 8 hours")
    if not place:
        raise Unfit("place", "Write where you meet: a link to the call, or a phone number")
    short_enough("place", place, most=LONGEST_PLACE)
    short_enough("words", plan.words)
    return minutes, place


def _fresh(session: Session, case: Case, act: Act) -> Meeting:
    primary = requests.primary_of(session, case)
    assert primary is not None, "somebody leads the case"
    return Meeting(
        case_id=case.id,
        account_id=primary.account_id,
        request_id=primary.id,
        guest_id=primary.person_id,
        uid=str(uuid4()),
        state=MeetingState.OFFERED,
        sequence=0,
        turn=0,
    )


def _free(session: Session, meeting: Meeting, act: Act, at: datetime, minutes: int) -> None:
    """Raises Refused where the host meets somebody else then."""
    kept.lock_host(session, meeting.host_id)
    if kept.busy(session, meeting.host_id, at, at + timedelta(minutes=minutes), but=meeting.id):
        raise Refused("meeting", (Blocker("meeting", TAKEN, _part(act)),))


def settle(
    session: Session,
    case: Case,
    meeting: Meeting,
    act: Act,
    step: Step,
    kind: str,
    data: Mapping[str, Any] | None = None,
    words: Mapping[str, str] | None = None,
) -> None:
    """Write the new state, its entry, and the letters that calendars learn from."""
    meeting.state = step.after
    meeting.sequence += step.told
    if not step.after.is_open:
        meeting.ended_at, meeting.ended_by_id = act.now, act.who.id
    entry = tell(session, case, meeting, act, kind, data or {}, words)
    if step.name in ("book", "move", "cancel"):
        meeting.event_id = entry.id
        _notify(session, case, meeting, act, entry, NOTICE_OF[step.name])
    session.flush()


NOTICE_OF = {"book": "meeting_booked", "move": "meeting_moved", "cancel": "meeting_cancelled"}


def tell(
    session: Session,
    case: Case,
    meeting: Meeting,
    act: Act,
    kind: str,
    data: Mapping[str, Any],
    words: Mapping[str, str] | None = None,
) -> Entry:
    """The entry of a step, for the guest's account; every step is a turn of the meeting."""
    meeting.turn += 1
    session.flush()
    at = {"at": meeting.starts_at.isoformat()} if meeting.starts_at else {}
    known = {"meeting": meeting.id, "sequence": meeting.sequence, "host": meeting.host_id, **at}
    said = {name: text for name, text in (words or {}).items() if text}
    return record.entry(
        session, case, act, kind,
        data={**known, **data}, words=said or None, audience="account", account_id=meeting.account_id,
    )  # fmt: skip


def _notify(session: Session, case: Case, meeting: Meeting, act: Act, entry: Entry, notice: str) -> None:
    record.notify(session, notice, case, act, entry, request_id=meeting.request_id)


def _end_wait(session: Session, case: Case, act: Act) -> None:
    """What the requester does themselves ends the wait for a new time."""
    if not act.who.is_staff:
        hold.done(session, case, HoldReason.REQUESTER_RESCHEDULE, "meeting", act)


def _who(act: Act) -> int:
    assert act.who.id is not None, "a person offers times"
    return act.who.id

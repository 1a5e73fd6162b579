"""Meetings over the API: read, offer times, and the steps of the table."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from flask import Response, jsonify
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import meetings
from request_tracker.actions.meetings import Plan
from request_tracker.actions.unfit import Unfit
from request_tracker.api import api
from request_tracker.api.keyed import keyed
from request_tracker.api.schemas import read_body
from request_tracker.rules.meetings import NAMES, MeetingState, allowed
from request_tracker.store import meetings as kept
from request_tracker.store import reading_case
from request_tracker.store.cases import Case
from request_tracker.store.meetings import Meeting, NoSuchMeeting

Json = dict[str, Any]


@api.get("/cases/<number>/meetings")
def read_meetings(number: str) -> Response:
    with wiring.reading() as session:
        return jsonify(_list(session, reading_case.case_for(session, number, wiring.viewer())))


@api.post("/cases/<number>/meetings")
def offer_meeting(number: str) -> Response:
    body = read_body("MeetingOffer")
    with wiring.transaction() as session:
        case = reading_case.case_for(session, number, wiring.viewer(), lock=True)

        def done() -> Json:
            times = [_instant("times", each) for each in body["times"]]
            with _fields_of_the_body():
                meetings.offer(session, case, wiring.act(), times, _plan(body))
            return _list(session, case)

        return keyed(session, done, status=201)


@api.post("/cases/<number>/meetings/<int(max=2147483647):meeting_id>/<step>")
def step_meeting(number: str, meeting_id: int, step: str) -> Response:
    body = read_body("MeetingStep")
    with wiring.transaction() as session:
        case = reading_case.case_for(session, number, wiring.viewer(), lock=True)
        found = kept.by_id(session, case.id, meeting_id)
        if not _may_read(found):
            raise NoSuchMeeting("This case has no such meeting")

        def done() -> Json:
            with _fields_of_the_body():
                _make(session, case, found, step, body)
            return _list(session, case)

        return keyed(session, done, status=200)


@contextmanager
def _fields_of_the_body() -> Iterator[None]:
    """Pages have a field for each time, at1 to at6; here they are items of `times`."""
    try:
        yield
    except Unfit as fault:
        number = re.fullmatch(r"at(\d)", fault.field)
        raise Unfit(f"times.{int(number[1]) - 1}" if number else fault.field, fault.message) from fault


def _make(session: Session, case: Case, found: Meeting, step: str, body: Json) -> object:
    act, plan = wiring.act(), _plan(body)
    if step == "propose":
        times = [_instant("times", each) for each in body.get("times") or ()]
        return meetings.propose(session, case, found, act, times, plan)
    if step in ("held", "no_show"):
        return meetings.over(session, case, found, act, step, plan)
    steps = {"book": meetings.book, "move": meetings.move, "cancel": meetings.cancel}
    if step not in steps:
        raise Unfit("step", f"Choose one of: {', '.join(name for name in NAMES if name != 'offer')}")
    return steps[step](session, case, found, act, plan)


def _plan(body: Json) -> Plan:
    at = body.get("at")
    return Plan(
        _instant("at", at) if at else None,
        body.get("minutes"),
        body.get("place"),
        body.get("words") or "",
        body.get("turn"),
    )


def _instant(field: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as fault:
        raise Unfit(field, "Write an instant such as 2026-12-01T13:30:00Z") from fault
    if found.tzinfo is None:
        raise Unfit(field, "Name the time zone, for example 2026-12-01T13:30:00Z")
    if not 2000 < found.year < 2200:
        raise Unfit(field, "Name a year between 2000 and 2200")
    return found


def _may_read(found: Meeting) -> bool:
    viewer = wiring.viewer()
    return viewer.is_staff or viewer.account_id == found.account_id


def _list(session: Session, case: Case) -> Json:
    return {"items": [_shape(session, row) for row in kept.of_case(session, case.id) if _may_read(row)]}


def _shape(session: Session, row: Meeting) -> Json:
    viewer, now = wiring.viewer(), wiring.now()
    state, begun = MeetingState(row.state), row.starts_at is not None and row.starts_at <= now
    slots = kept.slots_of(session, row.id) if state.is_open else []
    takes_part = viewer.is_staff or viewer.id == row.guest_id
    return {
        "id": row.id,
        "state": row.state,
        "uid": row.uid,
        "sequence": row.sequence,
        "turn": row.turn,
        "starts_at": row.starts_at.isoformat() if row.starts_at else None,
        "minutes": row.minutes,
        "place": row.place,
        "offered": [slot.starts_at.isoformat() for slot in slots if slot.side == "staff"],
        "proposed": [slot.starts_at.isoformat() for slot in slots if slot.side == "requester"],
        "asked": row.asked,
        "steps": list(allowed(state, viewer.role, has_begun=begun)) if takes_part else [],
    }

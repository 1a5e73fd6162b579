"""Meetings as time goes by: the letter of the day before, and what becomes of those whose case went elsewhere."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from request_tracker.actions import meetings
from request_tracker.rules.meetings import STEPS, MeetingState
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.rules.terms import Phase
from request_tracker.store import cases, evidence, jobs
from request_tracker.store import meetings as kept
from request_tracker.store.cases import Case
from request_tracker.store.meetings import Meeting
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry

REMIND_BEFORE = timedelta(hours=24)


def end_stranded(session: Session, act: Act) -> int:
    """Meetings of cases that ended, were merged, went back or changed hands are over, once that cannot be undone any
    more; calendars are told of those still to come. Answers how many. Twice: what is over is not found again."""
    return sum(_end_one(session, meeting_id, act) for meeting_id in kept.stranded(session))


def remind(session: Session, act: Act) -> int:
    """One letter the day before. Twice: one a booking or move. Answers how many are new."""
    return sum(
        jobs.put(
            session,
            "notify",
            {"notice": "meeting_tomorrow", "case_id": row.case_id, "request_id": row.request_id},
            now=act.now,
            unique_key=f"meeting_tomorrow:{row.event_id}",
            event_id=row.event_id,
        )
        for row in kept.to_remind(session, act.now, REMIND_BEFORE)
    )


def still_so(session: Session, notice: str, entry: Entry, now: datetime) -> bool:
    """Whether what a letter about a meeting would tell is so still: not once it was moved or cancelled since; and
    nobody is reminded of what has begun, however late the worker comes to it."""
    meeting = session.get(Meeting, entry.data.get("meeting") or 0)
    if meeting is None or meeting.sequence != entry.data.get("sequence"):
        return False
    if notice == "meeting_tomorrow" and (meeting.starts_at is None or meeting.starts_at <= now):
        return False
    return meeting.state == (MeetingState.CANCELLED if notice == "meeting_cancelled" else MeetingState.BOOKED)


def _end_one(session: Session, meeting_id: int, act: Act) -> bool:
    meeting = session.get_one(Meeting, meeting_id)
    (case,) = cases.locked(session, meeting.case_id)
    session.refresh(meeting)
    if not MeetingState(meeting.state).is_open or act.now < _since(session, case, meeting) + act.program.undo_for:
        return False
    by_us = Act(SYSTEM, act.now, act.program)
    was_booked, ahead = meeting.state == MeetingState.BOOKED, meeting.starts_at is None or meeting.starts_at > act.now
    shown = was_booked and not ahead and "service_demonstrated" in evidence.standing(session, case.id)
    name, kind = ("held", "meeting.held") if shown else ("cancel", "meeting.cancelled")
    step = next(each for each in STEPS if each.name == name and each.before == meeting.state)
    if was_booked and ahead:
        meetings.settle(session, case, meeting, by_us, step, kind)
        return True
    meeting.state, meeting.ended_at = step.after, act.now
    meetings.tell(session, case, meeting, by_us, kind, {})
    session.flush()
    return True


def _since(session: Session, case: Case, meeting: Meeting) -> datetime:
    """Since when the case is no longer where its meeting was agreed."""
    if case.ended_at is not None:
        return case.ended_at
    if Phase(case.phase) is not Phase.CONSULTATION:
        return case.phase_at
    request = session.get(Request, meeting.request_id)
    left = request.withdrawn_at if request is not None else None
    return left or case.touched_at

"""The weekly report is ensured: whoever looks after Monday 08:00 queues it, once for each lead and week."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from request_tracker.rules.program import Program
from request_tracker.rules.report import last_week
from request_tracker.rules.terms import Role
from request_tracker.store import jobs, people

SENT_FROM = time(8)
"""Local time of the Monday after the week."""


def ensure(session: Session, now: datetime, program: Program) -> int:
    """Queue the report on the week that ended last, for every active lead who has none yet. Answers how many are new.

    Before Monday 08:00 in the program's zone there is nothing to do. A worker that was away then makes up for it.
    """
    week = last_week(now, program.zone)
    if now < datetime.combine(week.back(-1).monday, SENT_FROM, tzinfo=ZoneInfo(program.zone)):
        return 0
    leads = people.with_role(session, Role.LEAD)
    return sum(_queue(session, str(week), lead.id, now) for lead in leads)


def _queue(session: Session, week: str, person_id: int, now: datetime) -> bool:
    args = {"week": week, "person_id": person_id}
    return jobs.put(session, "mail_report", args, now=now, unique_key=f"report:{week}:{person_id}")

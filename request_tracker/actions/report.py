"""The weekly report is ensured and filed: whoever looks after Monday 08:00 queues it, once a reader and week."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from request_tracker.rules.program import Program
from request_tracker.rules.report import Week, last_week, to_json
from request_tracker.store import jobs
from request_tracker.store.base import insertion
from request_tracker.store.reading_readers import addresses, readers
from request_tracker.store.reading_weeks import Edition, computed
from request_tracker.store.reading_weeks import filed as kept
from request_tracker.store.reports import StoredReport

SENT_FROM = time(8)
"""Local time of the Monday after the week."""


def ensure(session: Session, now: datetime, program: Program) -> int:
    """Queue the report on the week that ended last, for every reader who has none yet. Answers how many are new.

    Before Monday 08:00 in the program's zone there is nothing to do. A worker that was away then makes up for it.
    Who subscribes later begins with the next Monday.
    """
    week = last_week(now, program.zone)
    due = sent_from(week, program.zone)
    if now < due:
        return 0
    wanted = _wanted(session, week, due)
    return sum(jobs.put(session, "mail_report", args, now=now, unique_key=key) for key, args in wanted)


def sent_from(week: Week, zone: str) -> datetime:
    """When the report on the week goes out: the Monday after it, 08:00."""
    return datetime.combine(week.back(-1).monday, SENT_FROM, tzinfo=ZoneInfo(zone))


def key_of(week: Week | str, *, person_id: int | None = None, address: str = "") -> str:
    """What makes 'once' true, for the job and for the letter: one report a week for a person, or for an address."""
    to = person_id if person_id is not None else hashlib.sha256(address.encode()).hexdigest()[:32]
    return f"report:{week}:{to}"


def filed(session: Session, week: Week, zone: str, now: datetime) -> Edition:
    """The report on a week that is over, as it is kept for good: made and stored by whoever asks first.

    Two at the same time make the same report; one of them is stored, and both answer with that.
    """
    if found := kept(session, week):
        return found
    made = computed(session, week, zone, now)
    keep(session, made, now)
    found = kept(session, week)
    assert found is not None, "it was stored just now, by us or by somebody else"
    return found


def keep(session: Session, made: Edition, now: datetime) -> None:
    """Store the report on a week that is over, unless somebody was quicker."""
    assert made.report.is_final, "a report is filed when its week is over"
    row = {
        "week": str(made.report.week),
        "as_of": made.report.as_of,
        "body": to_json(made.report, made.changes),
        "created_at": now,
    }
    session.execute(insertion(session, StoredReport).values(row).on_conflict_do_nothing(index_elements=["week"]))


def _wanted(session: Session, week: Week, due: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    for person in readers(session, due):
        yield key_of(week, person_id=person.id), {"week": str(week), "person_id": person.id}
    for row in addresses(session, due):
        yield key_of(week, address=row.address or ""), {"week": str(week), "subscription_id": row.id}

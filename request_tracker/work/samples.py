"""Sample letters: every notice as a reader would get it, to look at and to send oneself."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from request_tracker import links
from request_tracker.mail.compose import Composed, compose
from request_tracker.mail.digest import Item, grouped
from request_tracker.rules.notices import NOTICES, Audience, Notice
from request_tracker.rules.people import Act
from request_tracker.rules.report import CaseFact, ClockFact, MoveFact, Week, WeeklyReport, summarise
from request_tracker.rules.report_changes import changes_of
from request_tracker.rules.report_words import said_at
from request_tracker.settings import Settings
from request_tracker.store import letters
from request_tracker.store.people import Person
from request_tracker.store.reading_weeks import Edition
from request_tracker.store.recipients import Recipient
from request_tracker.work import post, report_mail
from request_tracker.work.post import Envelope
from request_tracker.work.sample_values import AT, DAY, READERS, TOKEN, View, values

__all__ = ["READERS", "SHOWN", "View", "readers_of", "sample", "send_sample"]
_TO_CUSTOMERS = frozenset({Audience.PRIMARY, Audience.EVERYBODY, Audience.SUBMITTER, Audience.GUEST})
_TO_MANY = frozenset({Audience.EVERYBODY, Audience.SUBMITTER})
SHOWN = {"report_link": Notice("report_link", (), "The weekly report as a link", at_once=True), **NOTICES}
"""Every notice, and the letter to people outside, who choose nothing here."""


def readers_of(notice: Notice) -> tuple[str, ...]:
    """Which of READERS can get it. A digest and what has an address of its own go by what their readers are."""
    to_customers, to_many = _TO_CUSTOMERS & set(notice.audience), _TO_MANY & set(notice.audience)
    found = {
        "requester": bool(to_customers),
        "supporter": bool(to_many),
        "staff": bool(set(notice.audience) - to_customers),
    }
    return tuple(name for name in READERS if found[name]) or ("requester", "staff")


def sample(name: str, view: View) -> Composed:
    """The notice as this reader would get it. Raises KeyError for an unknown one."""
    notice = SHOWN[name]
    own = _OF_THEIR_OWN.get(name)
    return own(view) if own else compose(notice.template, values(notice, view))


def send_sample(session: Session, job_id: int, args: Mapping[str, Any], act: Act, settings: Settings) -> bool:
    """Write a sample to whoever asked for it: {notice, reader, zone, person_id}. Twice: its key is the job's."""
    person, key = session.get_one(Person, args["person_id"]), f"sample:{job_id}"
    if not person.active or letters.by_key(session, key) is not None:
        return False
    found = sample(args["notice"], View(args["reader"], args["zone"], settings.base_url))
    marked = Composed(f"[Sample] {found.subject}", found.text, found.html)
    to = Recipient(person.id, person.name, person.email, person.zone, None, None, "")
    return post.write(session, Envelope(key, "sample", to), marked, settings=settings, now=act.now)


def _digest(view: View) -> Composed:
    told = [
        (view.number, "Your request is in review", "Sam Specialist has taken up your request and reviews it now.", 0.2),
        (view.number, "A new comment: Acme Billing", "Thank you. We plan the preview for May.", 0.7),
        (
            "REQ-000160",
            "Your request is in review",
            "Kim Specialist has taken up your request and reviews it now.",
            0.5,
        ),
    ]
    items = [
        Item(number, links.request_page(view.base_url, number), subject, gist, AT - DAY + ago * DAY)
        for number, subject, gist, ago in told
    ]
    context = {
        "title": NOTICES["digest"].title,
        "name": "Robin Staff" if view.is_staff else "Ada Example",
        "zone": view.zone,
        "at": AT,
        "groups": grouped(items),
        "count": len(items),
        "more": 0,
        "topic": "How your requests move on”, “Comments and answers",
        "because": "",
        "letter_settings": links.letter_settings(view.base_url),
        "unsubscribe": links.unsubscribe(view.base_url, TOKEN),
    }
    return compose("digest", context)


def _weekly_report(view: View) -> Composed:
    report = _report(Week(2026, 12), view.zone)
    found = Edition(report, changes_of(report, _report(Week(2026, 11), view.zone), {}))
    return report_mail.compose(found, view.base_url, unsubscribe=links.unsubscribe(view.base_url, TOKEN))


def _report(week: Week, zone: str) -> WeeklyReport:
    """One promise kept, one broken, one open, in the week before AT and a little before that."""
    start, end = week.bounds(zone)
    clocks = [
        _clock("LITE-000031", 7, start - 10 * DAY, stopped_at=start + 1 * DAY, verdict="met", state="stopped"),
        _clock("LITE-000035", 13, start - 12 * DAY, breached_at=start + 2 * DAY, verdict="breached"),
        _clock("LITE-000042", 4, start + 1 * DAY),
    ]
    cases = [CaseFact(each.case, each.service_name, start - 9 * DAY, "validation", None) for each in clocks]
    moves = [MoveFact("LITE-000042", "claim", "submission", "validation", start + 2 * DAY, start + 1 * DAY)]
    return summarise(week, zone, end, clocks, cases, moves)


def _clock(case: str, days: int, started_at: datetime, **more: Any) -> ClockFact:
    """A review of ten working days, of which `days` have elapsed."""
    plain: dict[str, Any] = {
        "case": case, "service_name": "Acme Billing", "name": "review", "cycle": 1, "state": "running",
        "started_at": started_at, "stopped_at": None, "due_at": started_at + 14 * DAY, "at_risk_at": None,
        "target_s": 10 * DAY.total_seconds(), "elapsed_s": days * DAY.total_seconds(), "verdict": None,
        "breached_at": None, "assignee": "Sam Specialist", "account": "Northwind",
    }  # fmt: skip
    return ClockFact(**{**plain, **more})


def _report_link(view: View) -> Composed:
    context = {
        "name": "Board Member",
        "by": "Lee Lead",
        "week": "2026-W12",
        "until": said_at(AT + 30 * DAY, view.zone),
        "page": links.shared_report(view.base_url, TOKEN),
        "unsubscribe": links.report_stop(view.base_url, TOKEN),
    }
    return report_mail.composed("report_link", context)


_OF_THEIR_OWN: dict[str, Callable[[View], Composed]] = {
    "digest": _digest,
    "weekly_report": _weekly_report,
    "report_link": _report_link,
}

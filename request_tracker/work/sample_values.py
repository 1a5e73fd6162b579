"""Made-up values for sample letters, of the shape particulars.told gives; a test compares the two."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from request_tracker import links
from request_tracker.rules import card_words
from request_tracker.rules.notices import Notice
from request_tracker.rules.terms import Criterion, HoldReason, Phase
from request_tracker.work.inviting import Told
from request_tracker.work.particulars import NO_WORDS, Moved, Promise

AT = datetime(2026, 3, 24, 9, 30, tzinfo=UTC)
"""A Tuesday; the clocks change in Europe on the Sunday after it, so a zone shows in the dates."""
DAY = timedelta(days=1)
READERS = {"requester": "The requester", "supporter": "A merged supporter", "staff": "Staff"}
MEETING = frozenset(
    {"slots", "meeting_booked", "meeting_moved", "meeting_cancelled", "meeting_tomorrow", "meeting_asked"}
)
"""Notices about a meeting."""
TOKEN = "sample"
"""Stands for the signed part of a link: whoever presses one in a sample changes nothing."""


@dataclass(frozen=True)
class View:
    """Who reads the sample: one of READERS; in which zone; where its links lead."""

    reader: str
    zone: str
    base_url: str

    @property
    def is_staff(self) -> bool:
        return self.reader == "staff"

    @property
    def number(self) -> str:
        return {"requester": "REQ-000142", "supporter": "REQ-000157", "staff": "LITE-000042"}[self.reader]

    @property
    def page(self) -> str:
        page_of = links.case_page if self.is_staff else links.request_page
        return page_of(self.base_url, self.number)


def values(notice: Notice, view: View) -> dict[str, Any]:
    """Every name a mail template may use, as particulars.told has them; a test compares the two."""
    return {
        **_about_case(notice, view),
        **_about_dates(notice),
        **_about_reader(notice, view),
        **_footing(notice, view),
    }


def _about_case(notice: Notice, view: View) -> dict[str, Any]:
    waits = notice.name in ("question", "wait_over")
    return {
        "title": notice.title,
        "service": "Acme Billing",
        "root_service": "Acme Billing",
        "phase": Phase.VALIDATION.words,
        "ends_case": False,
        "has_ended": False,
        "outcome": "",
        "waits_for": HoldReason.REQUESTER_INFO.words if waits else "",
        "specialist": "Sam Specialist",
        "persons": 5,
        "accounts": 3,
        "connect_link": links.connect(view.base_url, "LITE-000042"),
        "access_needs": card_words.API_KEY,
        "slots": [AT + 7 * DAY, AT + 8 * DAY + timedelta(hours=2)] if notice.name in MEETING else [],
        "meeting": _meeting(view) if notice.name in MEETING else None,
        "differing": 2,
        "clocks_page": links.clocks(view.base_url),
        "waiting": 4,
        "since": AT - timedelta(minutes=12),
        "fivetran_page": links.fivetran(view.base_url),
        "queue_page": links.queue(view.base_url),
        "hook_page": links.hook(view.base_url, 7),
        "hook_gone": False,
    }


def _meeting(view: View) -> Told:
    at, place = AT + 8 * DAY + timedelta(hours=2), "https://call.example/acme"
    return Told(at, at - DAY, 60, place, True, "Sam Specialist", "Europe/Berlin", "Ada Example", view.zone)


def _about_dates(notice: Notice) -> dict[str, Any]:
    is_broken = notice.name == "breach"
    return {
        "at": AT,
        "promise": Promise("First verdict", AT + 14 * DAY, False),
        "clock": Promise("First verdict", AT - 2 * DAY if is_broken else AT + 2 * DAY, is_broken),
        "appeal_until": AT + 180 * DAY,
        "return_until": AT + 30 * DAY,
        "grace_days": 14,
        "silence_days": 5,
        "until": AT + 5 * DAY,
        "moved": Moved("First verdict", AT + 10 * DAY, AT + 14 * DAY, False)
        if notice.name == "promise_moved"
        else None,
    }


def _about_reader(notice: Notice, view: View) -> dict[str, Any]:
    declines = notice.name in ("declined", "declined_late")
    return {
        "name": "Robin Staff" if view.is_staff else "Ada Example",
        "zone": view.zone,
        "number": view.number,
        "is_staff": view.is_staff,
        "is_primary": view.reader == "requester",
        "page": view.page,
        "words": {**NO_WORDS, **_words(notice, view)},
        "criterion": Criterion.DOCUMENTATION.words if declines else "",
        "later_tables": ("acme.refunds: partial refunds are missing",)
        if notice.name == "released" and view.reader != "supporter"
        else (),
        "minutes": ("Use cases: invoices beside sales figures", "Data requirements: invoices, customers, payments")
        if view.reader == "requester"
        else (),
        "actor": "Sam Specialist" if notice.name in ("reply", "on_behalf") else "Ada Example",
        "about_number": "REQ-000142" if view.is_staff else view.number,
        "joined": notice.name == "joined",
        "would_preview": view.reader == "supporter",
        "withdrawal": "" if view.is_staff else links.withdrawal_page(view.base_url, view.number),
        "account": "Northwind" if view.is_staff else "",
    }


def _footing(notice: Notice, view: View) -> dict[str, str]:
    return {
        "topic": notice.topic.words if notice.topic else "",
        "because": notice.because,
        "letter_settings": links.letter_settings(view.base_url),
        "unsubscribe": links.unsubscribe(view.base_url, TOKEN) if notice.topic else "",
    }


_DECLINED: Mapping[str, Any] = {
    "criterion": Criterion.DOCUMENTATION.value,
    "explanation": "The documentation describes eight of about forty endpoints.",
    "alternatives": ("Fivetran's Connector SDK", "A scheduled file export to storage"),
}
_SAID: Mapping[str, Mapping[str, Any]] = {
    "question": {"question": "Which plan of Acme Billing do you use?\nDoes it include the API?"},
    "answered": {"answer": "We are on the Business plan, which includes the API."},
    "comment": {"comment": "Our quarter ends in June: it would help to see invoices by then."},
    "reply": {"comment": "Thank you. We plan the preview for May."},
    "accepted": {"reason": "A documented API with cursors; five people of three accounts ask for it."},
    "access_lost": {"reason": "The credentials were refused since Sunday (401)."},
    "declined": _DECLINED,
    "declined_late": {**_DECLINED, "findings": "Invoices can only be read one by one, at most 60 an hour."},
    "rescoped": {"reason": "The vendor replaced the API we had reviewed."},
    "rework": {"gaps": ("Credit notes are missing", "Amounts before 2024 lack a currency")},
    "reopened": {"new_information": "The vendor published a new API in March."},
    "closed": {"reason": "The service is shut down at the end of the year."},
    "sync_failed": {"reason": "The service answered with 429 for an hour"},
    "meeting_moved": {"reason": "The demonstration room is taken that day."},
    "meeting_cancelled": {"reason": "We have seen what we need by now."},
    "meeting_asked": {"comment": "That week we close the books; any day after it is fine."},
    "minutes_wrong": {"comment": "Refunds are missing among the data we need."},
    "on_behalf": {"consent": "Agreed on the phone on 20 March."},
}
_TO_EVERYBODY = frozenset({"declined", "declined_late", "rescoped", "rework", "closed"})
"""What staff wrote to all. Other words stay with the account they belong to, so a merged supporter reads none."""


def _words(notice: Notice, view: View) -> Mapping[str, Any]:
    may_read = view.reader != "supporter" or notice.name in _TO_EVERYBODY
    return _SAID.get(notice.name, {}) if may_read else {}

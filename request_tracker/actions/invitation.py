"""A meeting as calendars read it: iCalendar (RFC 5545), sent by mail (RFC 5546, 6047) or taken from a page.

Times stand in UTC. An event that happens once needs no time zone of its own: an instant in UTC is read alike by every
calendar and shown in its owner's zone, while a VTIMEZONE may clash with the names and rules that a calendar knows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr

from icalendar import Calendar, Event, vCalAddress, vText
from sqlalchemy.orm import Session

from request_tracker import links
from request_tracker.rules.meetings import MeetingState
from request_tracker.rules.strangers import plain
from request_tracker.rules.submission import web_address
from request_tracker.store.cases import Case, case_number
from request_tracker.store.meetings import Meeting
from request_tracker.store.people import Person
from request_tracker.store.requests import Request, request_number

PRODUCT = "-//request_tracker//consultation//EN"
REQUEST, CANCEL, PUBLISH = "REQUEST", "CANCEL", "PUBLISH"
"""What a mail asks of a calendar, and what a file that somebody takes does: the last names nobody else."""


@dataclass(frozen=True)
class Sender:
    """`mail_from`: as letters are from, with or without a name. `base_url`: where our pages are."""

    mail_from: str
    base_url: str


def media_type(method: str) -> str:
    return f"text/calendar; method={method}; charset=utf-8"


def method_of(meeting: Meeting) -> str:
    """What a letter about the meeting asks of calendars now."""
    return CANCEL if meeting.state == MeetingState.CANCELLED else REQUEST


def text(session: Session, meeting: Meeting, sender: Sender, *, method: str, at: datetime, to_staff: bool) -> bytes:
    """The calendar object of a meeting that has a time. `at`: when it was last changed (DTSTAMP): the same meeting at
    the same sequence is the same text, however often it is written. `to_staff`: which of our pages it leads to."""
    assert meeting.starts_at is not None, "only a booked meeting stands in a calendar"
    found = Calendar()
    for name, value in (("prodid", PRODUCT), ("version", "2.0"), ("calscale", "GREGORIAN"), ("method", method)):
        found.add(name, value)
    event = _event(session, meeting, sender, at=at, to_staff=to_staff)
    event.add("status", "CANCELLED" if meeting.state == MeetingState.CANCELLED else "CONFIRMED")
    if method != PUBLISH:
        _people(session, event, meeting)
    found.add_component(event)
    return bytes(found.to_ical())


def _event(session: Session, meeting: Meeting, sender: Sender, *, at: datetime, to_staff: bool) -> Event:
    case = session.get_one(Case, meeting.case_id)
    page = _page(meeting, sender.base_url, to_staff=to_staff)
    name, address = parseaddr(sender.mail_from)
    service = plain(session.get_one(Request, meeting.request_id).service_name if not to_staff else case.service_name)
    start = meeting.starts_at
    assert start is not None, "asked for above"
    event = Event()
    event.add("uid", meeting.uid)
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", at.replace(microsecond=0))
    event.add("dtstart", start)
    event.add("dtend", start + timedelta(minutes=meeting.minutes))
    event.add("summary", f"Meeting about {service} ({request_number(meeting.request_id)})")
    event.add("description", f"{_where(meeting.place)}\n\nMove or cancel it here: {page}")
    event.add("location", meeting.place)
    event.add("url", page)
    event.add("organizer", _address(address, plain(name) or "By Request"))
    event.add("transp", "OPAQUE")
    return event


def _where(place: str) -> str:
    return f"Join the call: {place}" if web_address(place) else f"Where: {place}"


def _page(meeting: Meeting, base_url: str, *, to_staff: bool) -> str:
    if to_staff:
        return f"{links.case_page(base_url, case_number(meeting.case_id))}#consultation"
    return f"{links.request_page(base_url, request_number(meeting.request_id))}#times"


def _people(session: Session, event: Event, meeting: Meeting) -> None:
    """Both take part. We read no answers from calendars (our pages take them), so none is asked for; who chose the
    time has accepted it."""
    for person_id in (meeting.guest_id, meeting.host_id):
        person = session.get_one(Person, person_id)
        said = person_id in (meeting.booked_by_id, meeting.host_id)
        who = _address(person.email, plain(person.name))
        who.params["role"] = vText("REQ-PARTICIPANT")
        who.params["partstat"] = vText("ACCEPTED" if said else "NEEDS-ACTION")
        who.params["rsvp"] = vText("FALSE")
        event.add("attendee", who)


def _address(email: str, name: str) -> vCalAddress:
    found = vCalAddress(f"mailto:{email}")
    found.params["cn"] = vText(name.replace('"', "'"))
    return found

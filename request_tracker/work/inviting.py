"""Letters about meetings: what they tell of it, and the invitation that goes with them."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from request_tracker.actions import invitation
from request_tracker.actions.invitation import Sender
from request_tracker.rules.submission import web_address
from request_tracker.settings import Settings
from request_tracker.store.meetings import Meeting
from request_tracker.store.people import Person
from request_tracker.store.recipients import Recipient
from request_tracker.store.timeline import Entry

INVITING = frozenset({"meeting_booked", "meeting_moved", "meeting_cancelled"})
"""Notices that calendars learn from."""


@dataclass(frozen=True)
class Told:
    """A meeting in a letter. `at` and `before_at`: the time as of the entry, and the one before it was moved.

    `host_zone` and `guest_zone`: whichever is not the reader's stands beside it.
    """

    at: datetime | None
    before_at: datetime | None
    minutes: int
    place: str
    is_link: bool
    host: str
    host_zone: str
    guest: str
    guest_zone: str


def told(session: Session, entry: Entry | None) -> Told | None:
    """What an entry about a meeting says of it; None for every other."""
    meeting = session.get(Meeting, entry.data.get("meeting") or 0) if entry is not None else None
    if entry is None or meeting is None:
        return None
    host, guest = session.get_one(Person, meeting.host_id), session.get_one(Person, meeting.guest_id)
    at, before_at = (datetime.fromisoformat(entry.data[key]) if key in entry.data else None for key in ("at", "before"))
    return Told(
        at,
        before_at if before_at != at else None,
        meeting.minutes,
        meeting.place,
        web_address(meeting.place),
        host.name,
        host.zone,
        guest.name,
        guest.zone,
    )


def attached(
    session: Session, notice: str, entry: Entry | None, to: Recipient, settings: Settings
) -> list[Mapping[str, str]]:
    """The invitation as an attachment, kept with the letter: tried again, it is the same. Nothing where the notice is
    about no calendar, or nothing was booked yet."""
    if notice not in INVITING or entry is None:
        return []
    meeting = session.get(Meeting, entry.data.get("meeting") or 0)
    if meeting is None or meeting.starts_at is None:
        return []
    method, sender = invitation.method_of(meeting), Sender(settings.mail_from, settings.base_url)
    body = invitation.text(session, meeting, sender, method=method, at=entry.at, to_staff=to.is_staff)
    name = "cancelled.ics" if method == invitation.CANCEL else "invitation.ics"
    content = base64.b64encode(body).decode("ascii")
    return [{"filename": name, "media_type": invitation.media_type(method), "content": content}]

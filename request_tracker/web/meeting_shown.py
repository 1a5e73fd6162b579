"""Meetings as pages show them: each time in the reader's zone and beside it in the other person's."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.rules import meeting_times
from request_tracker.rules import meetings as table
from request_tracker.rules.meetings import MeetingState
from request_tracker.rules.submission import web_address
from request_tracker.rules.zones import zone_or_utc
from request_tracker.store import meetings
from request_tracker.store.meetings import Meeting
from request_tracker.store.people import Person


@dataclass(frozen=True)
class Time:
    """`weekday` in the reader's zone; `beside`: the same instant in the other zone, empty where their clocks agree;
    `value`: as a form sends it back. `taken`: its host meets somebody else then."""

    at: datetime
    weekday: str
    beside: str
    value: str
    taken: bool = False


@dataclass(frozen=True)
class MeetingShown:
    """`other`: whom the reader meets, by name, and `zone` where they are. `can`: steps open to the reader now.

    `proposed` and `asked`: what the requester wants instead, times and words.
    """

    id: int
    turn: int
    state: MeetingState
    time: Time | None
    has_begun: bool
    minutes: int
    place: str
    is_link: bool
    host: str
    guest: str
    other: str
    zone: str
    offered: tuple[Time, ...]
    proposed: tuple[Time, ...]
    asked: str
    can: tuple[str, ...]

    @property
    def is_answered(self) -> bool:
        """Whether the requester said that none of what is offered suits them."""
        return bool(self.proposed or self.asked)


def time_of(at: datetime, zone: str, *, taken: bool = False) -> Time:
    """`zone`: the other person's."""
    here = at.astimezone(zone_or_utc(wiring.viewer().zone))
    return Time(at, f"{here:%a}", beside(at, zone), at.isoformat(), taken)


def beside(at: datetime, zone: str) -> str:
    """`08:30 EST`, with the day where it is another; empty where both clocks show the same."""
    viewer = wiring.viewer()
    return meeting_times.beside(at, zone, viewer.zone, viewer.locale)


def shown(session: Session, meeting: Meeting) -> MeetingShown:
    """As the viewer reads it; the caller has made sure that it is theirs to read."""
    viewer, now = wiring.viewer(), wiring.now()
    host, guest = session.get_one(Person, meeting.host_id), session.get_one(Person, meeting.guest_id)
    other = guest if viewer.is_staff else host
    state = MeetingState(meeting.state)
    slots = meetings.slots_of(session, meeting.id) if state.is_open else []
    offered = [slot.starts_at for slot in slots if slot.side == "staff" and slot.starts_at > now]
    begun = meeting.starts_at is not None and meeting.starts_at <= now
    takes_part = viewer.is_staff or viewer.id == guest.id
    return MeetingShown(
        id=meeting.id,
        turn=meeting.turn,
        state=state,
        time=time_of(meeting.starts_at, other.zone) if meeting.starts_at else None,
        has_begun=begun,
        minutes=meeting.minutes,
        place=meeting.place,
        is_link=web_address(meeting.place),
        host=host.name,
        guest=guest.name,
        other=other.name,
        zone=other.zone,
        offered=_times(session, meeting, offered, other.zone) if state is MeetingState.OFFERED else (),
        proposed=tuple(time_of(slot.starts_at, other.zone) for slot in slots if slot.side == "requester"),
        asked=meeting.asked,
        can=table.allowed(state, viewer.role, has_begun=begun) if takes_part else (),
    )


def _times(session: Session, meeting: Meeting, offered: Iterable[datetime], zone: str) -> tuple[Time, ...]:
    """The offered times, with those marked that another meeting of the host has taken since."""
    times = sorted(offered)
    if not times:
        return ()
    length = timedelta(minutes=meeting.minutes)
    busy = meetings.busy(session, meeting.host_id, times[0], times[-1] + length, but=meeting.id)
    taken = [(at, at + timedelta(minutes=minutes)) for at, minutes in busy]
    return tuple(time_of(at, zone, taken=any(begin < at + length and at < end for begin, end in taken)) for at in times)

"""The forms about a meeting on the case page: offering times, moving, cancelling, and the minutes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from flask import url_for
from sqlalchemy.orm import Session

from request_tracker.access import policy, wiring
from request_tracker.actions import minutes as noting
from request_tracker.rules import meeting_times, meetings
from request_tracker.rules.evidence import MINUTES
from request_tracker.rules.meeting_times import BadTime
from request_tracker.rules.meetings import LENGTHS, MOST_TIMES, MeetingState
from request_tracker.rules.terms import Phase
from request_tracker.rules.zones import zone_or_utc
from request_tracker.store import clocks, requests
from request_tracker.store import meetings as kept
from request_tracker.store.case_rows import CaseView, TimelineRow
from request_tracker.store.cases import Case
from request_tracker.store.people import Person
from request_tracker.web.case_forms import Attempt, CaseForm, FormField, a_field
from request_tracker.web.meeting_shown import MeetingShown, beside, shown

OFFER, MOVE, CANCEL, NOTES = "meeting-offer", "meeting-move", "meeting-cancel", "minutes"
LENGTH_CHOICES = tuple((str(each), f"{each} minutes") for each in LENGTHS)


@dataclass(frozen=True)
class Desk:
    """The consultation's meeting on the case page. `now`: the one that is open; `last`: the newest that is over.

    `missed`: how often nobody came; `asks_to_wait`: often enough to wait for the requester. `zone`: the requester's;
    `guest`: their name. `wrong`: what the requester said of the minutes, while that is not put right.
    """

    now: MeetingShown | None
    last: MeetingShown | None
    guest: str
    zone: str
    missed: int
    asks_to_wait: bool
    wrong: str
    offer: CaseForm | None
    move: CaseForm | None
    cancel: CaseForm | None
    notes: CaseForm | None

    @property
    def forms(self) -> Iterator[CaseForm]:
        return (form for form in (self.offer, self.move, self.cancel, self.notes) if form is not None)


def desk(
    session: Session, case: Case, view: CaseView, attempt: Attempt, timeline: tuple[TimelineRow, ...]
) -> Desk | None:
    """None before the consultation, and after it where nobody ever met."""
    if view.phase.order < Phase.CONSULTATION.order:
        return None
    rows = kept.of_case(session, case.id)
    now = next((shown(session, row) for row in rows if MeetingState(row.state).is_open), None)
    last = next((shown(session, row) for row in rows if not MeetingState(row.state).is_open), None)
    works = _works(view)
    if not rows and not works:
        return None
    guest = _guest(session, case)
    missed = sum(row.state == MeetingState.NO_SHOW for row in rows)
    can = now.can if now else meetings.allowed(None, wiring.viewer().role)
    met = any(row.state == MeetingState.HELD for row in rows)
    writer = _Writer(session, view, attempt, now, guest, met)
    waits = any(row.reason == "requester_reschedule" for row in view.open_holds)
    return Desk(
        now=now,
        last=last,
        guest=guest.name if guest else "",
        zone=guest.zone if guest else "UTC",
        missed=missed,
        asks_to_wait=works and missed >= meetings.HOLD_AFTER and now is None and not waits,
        wrong=_wrong(view, timeline) if works else "",
        offer=writer.offer() if works and "offer" in can and guest else None,
        move=writer.move() if works and "move" in can else None,
        cancel=writer.cancel() if works and "cancel" in can else None,
        notes=writer.notes() if works and guest else None,
    )


def _works(view: CaseView) -> bool:
    """Whether the viewer can do something about meetings of this case now."""
    live = view.phase is Phase.CONSULTATION and view.outcome is None and not view.is_merged
    return live and policy.may("meetings.offer", wiring.viewer().role)


def _guest(session: Session, case: Case) -> Person | None:
    primary = requests.primary_of(session, case)
    return session.get_one(Person, primary.person_id) if primary else None


def _wrong(view: CaseView, timeline: tuple[TimelineRow, ...]) -> str:
    """What the requester found wrong, while one of the records that it took down is missing."""
    standing = {row.key for row in view.evidence}
    said = next((row for row in timeline if row.kind == "minutes.objected"), None)
    if said is None or set(MINUTES) <= standing:
        return ""
    return next((text for _, text in said.words), "")


@dataclass(frozen=True)
class _Writer:
    """What the staff's forms are made of."""

    session: Session
    view: CaseView
    attempt: Attempt
    now: MeetingShown | None
    guest: Person | None
    met: bool

    def offer(self) -> CaseForm:
        first = [meeting_times.typed(at, self._zone) for at in self._suggested()] if self.now is None else []
        known = [*first, *[""] * (MOST_TIMES - len(first))]
        times = tuple(
            self._time(OFFER, f"at{number}", f"Time {number}", text) for number, text in enumerate(known, start=1)
        )
        return CaseForm(
            id=OFFER,
            action=url_for("meetings.offer", number=self.view.number),
            button="Offer these times",
            fields=(*times, *self._shape(OFFER)),
            hidden=self._turn(),
            open=(self.now is None and not self.is_shown) or self.attempt.form_id == OFFER,
        )

    def move(self) -> CaseForm:
        at = meeting_times.typed(self.now.time.at, self._zone) if self.now and self.now.time else ""
        return CaseForm(
            id=MOVE,
            action=self._step("move"),
            button="Move it, or change its length or place",
            fields=(self._time(MOVE, "at", "Time", at), *self._shape(MOVE), self._words(MOVE)),
            hidden=self._turn(),
            open=self.attempt.form_id == MOVE,
        )

    def cancel(self) -> CaseForm:
        booked = self.now is not None and self.now.state is MeetingState.BOOKED
        return CaseForm(
            id=CANCEL,
            action=self._step("cancel"),
            button="Cancel the meeting" if booked else "Take these times back",
            fields=(self._words(CANCEL),),
            hidden=self._turn(),
            danger=True,
            open=self.attempt.form_id == CANCEL,
        )

    def notes(self) -> CaseForm:
        standing = {row.key: row.note for row in self.view.evidence}
        shown_then, access = noting.split(standing.get(MINUTES[0], ""))
        known = {"access": access, "shown": shown_then, "use_cases": standing.get(MINUTES[1], ""),
                 "data": standing.get(MINUTES[2], "")}  # fmt: skip
        fields = tuple(
            a_field(
                self.attempt, NOTES, name, label, kind="area", hint=hint, data=known[name], required=name != "access"
            )
            for name, label, hint in NOTED
        )  # fmt: skip
        begun = self.now is not None and self.now.state is MeetingState.BOOKED and self.now.has_begun
        return CaseForm(
            id=NOTES,
            action=url_for("meetings.minutes", number=self.view.number),
            button="Correct the minutes" if set(MINUTES) <= set(standing) else "Write the minutes",
            fields=fields,
            hint="The requester gets them by mail and confirms them, or says what is not right."
            + (" The meeting is noted as held." if begun else ""),
            open=self.attempt.form_id == NOTES or begun or self.is_shown,
        )

    @property
    def is_shown(self) -> bool:
        """Whether they met, and what came out of it is not (or no longer) all written down."""
        standing = {row.key for row in self.view.evidence}
        return (self.met or MINUTES[0] in standing) and not set(MINUTES) <= standing

    @property
    def _zone(self) -> str:
        return wiring.viewer().zone

    def _step(self, name: str) -> str:
        assert self.now is not None, "there is a meeting to act on"
        return url_for("meetings.step", number=self.view.number, meeting_id=self.now.id, name=name)

    def _turn(self) -> tuple[tuple[str, str], ...]:
        return (("turn", str(self.now.turn if self.now else 0)),)

    def _time(self, form_id: str, name: str, label: str, data: str) -> FormField:
        found = a_field(self.attempt, form_id, name, label, kind="datetime-local", data=data)
        return _with_both(found, self.guest)

    def _shape(self, form_id: str) -> tuple[FormField, FormField]:
        minutes, place = (str(self.now.minutes), self.now.place) if self.now else ("60", self._usual_place())
        length = (
            LENGTH_CHOICES if minutes in dict(LENGTH_CHOICES) else (*LENGTH_CHOICES, (minutes, f"{minutes} minutes"))
        )
        about = "A link to the call, or a phone number."
        return (
            a_field(self.attempt, form_id, "minutes", "Length", kind="select", choices=length, data=minutes),
            a_field(self.attempt, form_id, "place", "Where", hint=about, data=place),
        )

    def _usual_place(self) -> str:
        """Where they met the last one they invited: many have one room for all calls."""
        return kept.last_place(self.session, wiring.viewer().id or 0)

    def _words(self, form_id: str) -> FormField:
        return a_field(self.attempt, form_id, "words", "Say why", kind="area", required=False,
                       hint="The requester reads it by mail.")  # fmt: skip

    def _suggested(self) -> tuple[datetime, ...]:
        if self.guest is None:
            return ()
        viewer, now = wiring.viewer(), wiring.now()
        calendar = clocks.newest_calendar(self.session).calendar
        today = now.astimezone(zone_or_utc(viewer.zone)).date()
        away = kept.away_days(self.session, viewer.id or 0, today)
        return meeting_times.suggestions(calendar, now, viewer.zone, self.guest.zone, away=away)


NOTED = (
    ("access", "Access", "How it will be granted, or what was shown of it."),
    ("shown", "What was shown", "The service as they use it."),
    ("use_cases", "Use cases", "What they do with the data."),
    ("data", "Data needed", "Tables, fields, how far back."),
)
"""The three things of a consultation; the second and the first are one record."""


def _with_both(found: FormField, guest: Person | None) -> FormField:
    """A typed time says below itself when that is for the other person."""
    if guest is None or not found.data:
        return found
    try:
        at = meeting_times.instant(found.data, wiring.viewer().zone)
    except BadTime:
        return found
    told, here = beside(at, guest.zone), at.astimezone(zone_or_utc(wiring.viewer().zone))
    hint = f"{here:%A}, {told} for {guest.name}" if told else f"{here:%A}, the same for {guest.name}"
    return replace(found, hint=hint)

"""The requester's side of a meeting: choosing a time, naming others, calling it off, and objecting to the minutes."""

from dataclasses import dataclass, replace

from flask import request as http
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.rules.evidence import EVIDENCE, MINUTES
from request_tracker.rules.meetings import MeetingState
from request_tracker.rules.terms import Phase
from request_tracker.store import meetings as kept
from request_tracker.store.cases import Case
from request_tracker.web.case_forms import Flags, FormField, Label
from request_tracker.web.meeting_shown import MeetingShown, shown
from request_tracker.web.request_forms import Attempt

TIMES, OTHER, CALL_OFF, OBJECT = "times", "other-times", "call-off", "minutes-wrong"
"""Where on the page, and with which form, something was not taken."""
OWN_TIMES = 3
"""Times that a requester can write down at once."""


@dataclass(frozen=True)
class Choice:
    """The meeting that is offered or booked, and the fields of what the reader may send about it. `mine`: it is asked
    of them. `picked`: one of the offered times each."""

    meeting: MeetingShown
    mine: bool
    picked: FormField
    others: tuple[FormField, ...]
    why: FormField

    @property
    def asks(self) -> bool:
        """Whether a time is to be chosen now: one that has not passed, and that nobody else took."""
        is_asked = self.meeting.state is MeetingState.OFFERED and not self.meeting.is_answered
        return is_asked and bool(self.picked.choices)

    @property
    def is_open(self) -> bool:
        return any(field.errors for field in self.others)

    @property
    def all_fields(self) -> tuple[FormField, ...]:
        return (self.picked, *self.others, self.why)


def choice(session: Session, case: Case, attempt: Attempt, *, mine: bool) -> Choice | None:
    """What the primary's account reads of the meeting that is offered or booked; None where there is none."""
    found = kept.open_of(session, case.id) if case.phase == Phase.CONSULTATION else None
    viewer = wiring.viewer()
    if found is None or not (viewer.is_staff or viewer.account_id == found.account_id):
        return None
    meeting = shown(session, found)
    times = tuple(
        _own(f"{OTHER}-at{number}", f"at{number}", f"Time {number}", attempt, kind="datetime-local")
        for number in range(1, OWN_TIMES + 1)
    )
    words = _own(f"{OTHER}-words", "words", "Or say it in words", attempt)
    why = _own(f"{CALL_OFF}-words", "words", "Say why", attempt)
    return Choice(meeting, mine, _picked(meeting, attempt), (*times, words), why)


def _picked(meeting: MeetingShown, attempt: Attempt) -> FormField:
    """The offered times as one choice; what is wrong with the meeting as a whole is said here too."""
    free = [time for time in meeting.offered if not time.taken]
    return FormField(
        id=TIMES,
        name="at",
        label=Label("Which time suits you?"),
        data=http.form.get("at") if attempt.field_id == TIMES else None,
        errors=(attempt.message,) if attempt.field_id == TIMES else (),
        choices=tuple((time.value, time.beside) for time in free),
    )


def _own(field_id: str, name: str, label: str, attempt: Attempt, *, kind: str = "area") -> FormField:
    """A field of the form that was sent holds what was typed; of every other form it is empty."""
    form = field_id.rpartition("-")[0]
    return FormField(
        id=field_id,
        name=name,
        label=Label(label),
        kind=kind,
        data=http.form.get(name, "") if attempt.field_id.startswith(f"{form}-") else "",
        errors=(attempt.message,) if attempt.field_id == field_id else (),
        flags=Flags(name != "words" or field_id == f"{OTHER}-words"),
    )


@dataclass(frozen=True)
class Objection:
    """The form in which a requester says that the minutes are not right."""

    parts: FormField
    words: FormField

    @property
    def is_open(self) -> bool:
        return bool(self.parts.errors or self.words.errors)


def objection(attempt: Attempt) -> Objection:
    sent = attempt.field_id.startswith(OBJECT)
    ticked = http.form.getlist("parts") if sent else []
    parts = FormField(
        id=f"{OBJECT}-parts",
        name="parts",
        label=Label("What is not right?"),
        data=ticked,  # type: ignore[arg-type]
        errors=(attempt.message,) if attempt.field_id == f"{OBJECT}-parts" else (),
        choices=tuple((key, EVIDENCE[key].label) for key in MINUTES),
    )
    words = _own(f"{OBJECT}-words", "words", "How should it read?", attempt)
    return Objection(parts, replace(words, flags=Flags(True)))

"""What may be done with a consultation meeting, by whom and when: one table; pages, API and actions read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role


class MeetingState(StrEnum):
    OFFERED = "offered"
    BOOKED = "booked"
    HELD = "held"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        return self in (MeetingState.OFFERED, MeetingState.BOOKED)

    @property
    def words(self) -> str:
        return STATE_WORDS[self]


STATE_WORDS = {
    MeetingState.OFFERED: "times offered",
    MeetingState.BOOKED: "booked",
    MeetingState.HELD: "held",
    MeetingState.NO_SHOW: "nobody came",
    MeetingState.CANCELLED: "cancelled",
}
OFFERED, BOOKED = MeetingState.OFFERED, MeetingState.BOOKED
STAFF = frozenset({Role.SPECIALIST, Role.LEAD})
GUEST = frozenset({Role.REQUESTER})
MOST_TIMES = 6
LENGTHS = (15, 30, 45, 60, 90, 120)
"""Minutes to choose from."""
HOLD_AFTER = 2
"""No-shows after which waiting for the requester is suggested."""


@dataclass(frozen=True)
class Step:
    """`before` None: there is no open meeting. `told`: calendars must learn of it, so SEQUENCE counts up.

    `when`: "begun" only once its time has come, "ahead" only before; empty at any time.
    """

    name: str
    before: MeetingState | None
    after: MeetingState
    by: frozenset[Role]
    told: bool = False
    when: str = ""


STEPS = (
    Step("offer", None, OFFERED, STAFF),
    Step("offer", OFFERED, OFFERED, STAFF),
    Step("propose", OFFERED, OFFERED, GUEST),
    Step("book", OFFERED, BOOKED, STAFF | GUEST),
    Step("propose", BOOKED, BOOKED, GUEST, when="ahead"),
    Step("move", BOOKED, BOOKED, STAFF, told=True),
    Step("cancel", OFFERED, MeetingState.CANCELLED, STAFF),
    Step("cancel", BOOKED, MeetingState.CANCELLED, STAFF, told=True),
    Step("cancel", BOOKED, MeetingState.CANCELLED, GUEST, told=True, when="ahead"),
    Step("held", BOOKED, MeetingState.HELD, STAFF, when="begun"),
    Step("no_show", BOOKED, MeetingState.NO_SHOW, STAFF, when="begun"),
)
NAMES = tuple(dict.fromkeys(step.name for step in STEPS))
LABELS = {
    "offer": "Offer times",
    "propose": "Propose other times",
    "book": "Book a time",
    "move": "Move or change the meeting",
    "cancel": "Cancel the meeting",
    "held": "Note that it took place",
    "no_show": "Note that nobody came",
}


class NotNow(Exception):
    """The meeting is not where this can be done; the message says what to do instead."""


def choose(name: str, state: MeetingState | None, role: Role, *, has_begun: bool = False) -> Step:
    """The row for this step. `has_begun`: the time it is booked for has come. Raises NotAllowed, NotNow."""
    rows = [step for step in STEPS if step.name == name]
    if not any(role in step.by for step in rows):
        raise NotAllowed(f"{LABELS.get(name, name)}: {_who(rows)} may do this")
    fits = [step for step in rows if role in step.by and step.before == (state if state and state.is_open else None)]
    if not fits:
        raise NotNow(_elsewhere(state))
    now = [step for step in fits if _is_time(step, has_begun=has_begun)]
    if not now:
        raise NotNow(TOO_LATE if fits[0].when == "ahead" else TOO_EARLY)
    return now[0]


def allowed(state: MeetingState | None, role: Role, *, has_begun: bool = False) -> tuple[str, ...]:
    """The steps open to the role now, in the order of the table."""
    return tuple(dict.fromkeys(_open(state, role, has_begun=has_begun)))


TOO_LATE = "The time of this meeting has come: write a comment instead"
TOO_EARLY = "The time of this meeting has not come yet: note it afterwards"


def _open(state: MeetingState | None, role: Role, *, has_begun: bool) -> Iterator[str]:
    at = state if state and state.is_open else None
    for step in STEPS:
        if step.before == at and role in step.by and _is_time(step, has_begun=has_begun):
            yield step.name


def _is_time(step: Step, *, has_begun: bool) -> bool:
    return not step.when or (step.when == "begun") == has_begun


def _elsewhere(state: MeetingState | None) -> str:
    """What stands in the way, and what to do."""
    if state is MeetingState.BOOKED:
        return "A meeting is booked already: move it or cancel it first"
    if state is MeetingState.OFFERED:
        return "Nothing is booked yet: choose one of the offered times first"
    if state is None:
        return "No meeting times are offered: a specialist offers some first"
    return f"This meeting is over ({state.words}): a specialist offers new times first"


def _who(rows: list[Step]) -> str:
    roles = {role for step in rows for role in step.by}
    if not roles:
        return "nobody"
    return "only the requester" if roles == GUEST else "only a specialist or a lead"

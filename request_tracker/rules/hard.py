"""Hard cases: those a rule leaves to a lead, or that nobody else will move. Why each group is hard, what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from request_tracker.rules.calendar import Calendar, days, working_between

STUCK_DAYS = 20
"""Working days without any change after which a case counts as stuck."""
TWICE = 2
FARTHEST = 400
"""Calendar days: a calendar of days off alone still ends."""


@dataclass(frozen=True)
class Group:
    """`anchor` is where on the case page it is decided; `do`: the move whose form is opened there; `since`: what the
    instant of a row is. `detail` says of a row's number what it counts."""

    key: str
    title: str
    why: str
    what: str
    anchor: str
    link: str
    since: str
    do: str = ""
    detail: Callable[[int], str] = lambda _: ""


GROUPS = (
    Group(
        "declines", "Many wait for it: only a lead may decline",
        "So many other accounts support these cases that a specialist may accept, but not decline them.",
        "Read the assessment. If it is no candidate, decline it yourself; otherwise leave it with the specialist.",
        "move-decline", "Decide", "First promise due", "decline",
        lambda n: f"{n} other accounts support it",
    ),
    Group(
        "appeals", "Opened again on appeal",
        "A verdict was given, then somebody brought something new. Whoever declined it should not judge it alone.",
        "Read what is new in the history, then see that it is judged afresh.",
        "assessment", "Judge it", "Opened again",
    ),
    Group(
        "late_declines", "May have to be declined after all",
        "A criterion was found to be poor after the case had been accepted. Only a lead may decline this late.",
        "Talk to the engineer and the specialist. Decline with what was found, or say in a note why it goes on.",
        "move-decline_late", "Decide", "In this phase since", "decline_late",
        lambda n: f"{'1 criterion is' if n == 1 else f'{n} criteria are'} poor since it was accepted",
    ),
    Group(
        "program_holds", "Waits for a decision of the program",
        "Only a lead puts a case on this hold, and only somebody of the program ends it. Its promises stand still.",
        "Decide what it waits for and end the wait, or close the case.",
        "holds", "End the wait", "Waits since",
    ),
    Group(
        "no_leader", "Nobody leads it",
        "The primary requester left, and nobody has taken over yet. Nobody can grant access or confirm anything.",
        "Choose a supporter, ask them again, or close the case if nobody wants it.",
        "supporters", "Choose somebody", "Last change",
    ),
    Group(
        "waivers", "The requester does not verify",
        "The first sync is done and the requester was reminded as often as we do, without an answer.",
        "Release it with a waiver that says why, or call them once more.",
        "move-release", "Release with a waiver", "In preview since", "release",
        lambda n: f"{n} reminders without an answer",
    ),
    Group(
        "reworks", "Sent back to the build again and again",
        "The preview found gaps more than once. Another round will not help if nobody agrees on what complete means.",
        "Look at the gaps together. Leave some for a later phase, or decide to end it.",
        "preview", "See the gaps", "In this phase since", "",
        lambda n: f"sent back {n} times",
    ),
    Group(
        "broken_twice", "Promises broken more than once",
        "The requester was let down twice on the same case.",
        "Write to the requester yourself, and give the case to somebody who has room.",
        "people", "Give it to somebody", "First promise due", "",
        lambda n: f"{n} promises broken",
    ),
    Group(
        "stuck", "Nothing has happened for a month",
        f"No change of any kind for {STUCK_DAYS} working days. Often it is nobody's, or waits for somebody who left.",
        "Ask whoever has it what is missing. Assign it, ask the requester, or close it.",
        "moves", "Move it on", "Last change",
    ),
    Group(
        "connections", "The starter connector is missing or failed",
        "It was deleted at Fivetran, or could not be made however often we tried. The case cannot go on without it.",
        "See what Fivetran said, put it right, and have it provisioned again.",
        "connection", "See what happened", "In this phase since",
    ),
)  # fmt: skip
BY_KEY = {group.key: group for group in GROUPS}


def stuck_before(calendar: Calendar, now: datetime) -> datetime:
    """What was last changed before this instant has stood still for STUCK_DAYS working days or more, to the day."""
    wanted = days(calendar, STUCK_DAYS)
    back = (timedelta(days=each) for each in range(STUCK_DAYS, FARTHEST))
    enough = (now - each for each in back if working_between(calendar, now - each, now) >= wanted)
    return next(enough, now - timedelta(days=FARTHEST))

"""What is asked of a requester, in words: what to do, why, until when, and what the button says; by task."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from request_tracker.rules.calendar import Calendar, day_length, working_between
from request_tracker.rules.tasks import ACCESS, CONFIRM, LEAD, QUESTION, REVIEW, TIMES, VERIFY, WANTED, WORDS


@dataclass(frozen=True)
class TaskWords:
    """`until` stands before a date, where there is one."""

    what: str
    why: str
    button: str
    until: str = "Please do it by"


DAY = timedelta(days=1)
NO_DATE = "No date is set: as soon as you can."
TASKS = {
    QUESTION: TaskWords(
        "Answer our question", "We go on, and our promise runs on, once we know.", "Answer", "Please by"
    ),
    TIMES: TaskWords(
        "Choose a meeting time", "In the meeting you show us the service.", "Choose a time", "Please by"
    ),
    WANTED: TaskWords(
        "Say whether you still want it", "Fivetran no longer has the starter connector: was it on purpose?", "Tell us"
    ),
    ACCESS: TaskWords(
        "Grant access", "You let the connector in on Fivetran's own page: we never see a credential.", "Grant access"
    ),
    CONFIRM: TaskWords(
        "Confirm the minutes", "We build what stands there.", "Read the minutes",
        "Without a word from you we go on after",
    ),
    REVIEW: TaskWords("Review the data", "Only you can tell whether all of it is there.", "Review"),
    VERIFY: TaskWords("Verify the connector", "With your yes it is released.", "Verify"),
    LEAD: TaskWords(
        "Say whether you take the lead", "The main contact has left, and somebody has to speak for it.", "Decide",
        "Please by",
    ),
}  # fmt: skip


def of(task: str) -> TaskWords:
    return TASKS.get(task) or TaskWords(WORDS.get(task, task.capitalize()), "", "Open it")


PROMISED = {
    "review": ("We answer by", "We promised an answer by"),
    "build": ("The private preview opens by", "We promised the private preview by"),
    "first_sync": ("The first sync starts by", "We promised the start of the first sync by"),
}
"""What a clock promises, while it is kept and once it is broken."""


def days_left(calendar: Calendar, now: datetime, due_at: datetime) -> str:
    """`8 working days left`; `less than a working day left`; empty once it is due."""
    if due_at <= now:
        return ""
    day = day_length(calendar)
    left = round(working_between(calendar, now, due_at) / day, 6) if day else 0
    if left < 1:
        return "less than a working day left"
    return "1 working day left" if int(left) == 1 else f"{int(left):,} working days left"


def weeks_words(early_for: timedelta, late_for: timedelta) -> str:
    """Two spans as people say them: `6 to 8 weeks`, `2 to 5 days`, `about 3 weeks`."""
    days = max(1, round(early_for / DAY)), max(1, round(late_for / DAY))
    unit, least, most = ("week", round(days[0] / 7), round(days[1] / 7)) if days[1] >= 14 else ("day", *days)
    least = max(1, least)
    if least >= most:
        return f"about {most} {unit}{'' if most == 1 else 's'}"
    return f"{least} to {most} {unit}s"


def asked_words(accounts: int, *, own: bool) -> str:
    """How many want it, told to somebody whose account is among them or not."""
    if accounts == 0:
        return "Nobody asks for it now."
    others = accounts - 1 if own else accounts
    if not own:
        return "1 account asks for this." if others == 1 else f"{others:,} accounts ask for this."
    if others < 1:
        return "Only your account asks for this so far."
    return f"Your account and {'one other' if others == 1 else f'{others:,} others'} ask for this."

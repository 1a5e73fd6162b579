"""Working time in words: in working days, or in hours where a clock counted by days of several lengths."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from request_tracker.rules.calendar import Calendar, day_length
from request_tracker.rules.sla import AT_RISK, NOTHING, ClockEvent, Tally, in_order

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Measure:
    """How one clock's working time is told. `lengths`: the nominal days it counted by, in order, each once in a row.

    A sum over days of several lengths is no number of any of them, so it is told in hours.
    """

    lengths: tuple[timedelta, ...] = ()

    @property
    def is_mixed(self) -> bool:
        return len(self.lengths) > 1

    @property
    def why(self) -> str:
        """A sentence for those who expect days; empty where days are told."""
        lengths = ", then ".join(hours_for(each) for each in self.lengths)
        return f"Told in hours, because a working day had {lengths}." if self.is_mixed else ""

    def words(self, duration: timedelta, calendar: Calendar) -> str:
        """What adds up with every other duration of the clock."""
        return hours_for(duration) if self.is_mixed else words_for(duration, calendar)

    def both(self, duration: timedelta, calendar: Calendar) -> str:
        """What belongs to one calendar: `5 working days (120 h)`, in its own days and as it is added up."""
        days, told = words_for(duration, calendar), self.words(duration, calendar)
        return days if days == told else f"{days} ({told})"


def measure_of(events: Iterable[ClockEvent], *, as_of: datetime) -> Measure:
    """By the calendars that the clock took up to the instant."""
    clock, lengths = Tally(AT_RISK), list[timedelta]()
    for event, taken_back_by in in_order(events, as_of):
        if taken_back_by is None and clock.take(event) and event.calendar is not None:
            length = day_length(event.calendar)
            lengths += [length] if lengths[-1:] != [length] else []
    return Measure(tuple(lengths))


def words_for(duration: timedelta, calendar: Calendar) -> str:
    """Working time in words, rounded down to the minute: "3 working days 4 h"; a day is the calendar's nominal day."""
    if duration < NOTHING:
        return f"minus {words_for(-duration, calendar)}"
    whole, rest = divmod(duration, day_length(calendar))
    if not whole:
        return hours_for(rest)
    day = f"{whole} working day{'' if whole == 1 else 's'}"
    return f"{day} {hours_for(rest)}" if rest >= MINUTE else day


def hours_for(duration: timedelta) -> str:
    """`304 h 20 min`, rounded down to the minute."""
    if duration < NOTHING:
        return f"minus {hours_for(-duration)}"
    if NOTHING < duration < MINUTE:
        return "less than 1 min"
    hours, minutes = divmod(duration // MINUTE, 60)
    return " ".join(text for count, text in ((hours, f"{hours} h"), (minutes, f"{minutes} min")) if count) or "0 min"

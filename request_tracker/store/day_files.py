"""Days off out of an iCalendar file (RFC 5545): whole days only, within some years, and why the rest was left out."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from icalendar import Calendar, Event
from icalendar.error import BrokenCalendarProperty
from icalendar.prop import vDDDLists

from request_tracker.rules.days_off import LONGEST_NAME, DayOff, day_off, one_a_day
from request_tracker.rules.yearly import Yearly

MOST_BYTES = 1_000_000
MOST_EVENTS = 2_000
MOST_RULES = 200
MOST_EFFORT = 500_000
"""Days looked at for all rules together: some seconds. Two hundred rules without a count are 400,000."""
LONGEST_DAYS = 62
YEARS_AHEAD = 3
FIRST_YEAR = 1900
MARK = b"BEGIN:VCALENDAR"
MARKED_ENCODINGS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
UNMARKED_ENCODINGS = ("utf-8", "cp1252", "latin-1")
"""RFC 5545 says UTF-8; older programs write the code page of their machine. The last one takes any bytes."""
KNOWN_PARTS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "WKST"})
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

TIMED = "at a time of day: only whole days can be days off"
UNREADABLE = "with a date that cannot be read"
OFTEN = "repeating more often than yearly: type such days one by one"
ODD_RULE = "with a rule for repeating that cannot be read"
LONG = f"longer than {LONGEST_DAYS} days"
OUTSIDE = "wholly before this year or too far ahead"


class Unreadable(ValueError):
    """The file cannot be read as a calendar; the message says what to do."""


@dataclass(frozen=True)
class DaysRead:
    """The days of a file, one for each date, and how many events were left out for which reason."""

    days: tuple[DayOff, ...]
    left_out: tuple[tuple[int, str], ...]


class _LeftOut(Exception):
    """An event that gives no days off; the message is one of the reasons above."""


@dataclass(frozen=True)
class _Span:
    """The years whose days are taken, both ends included."""

    first: date
    last: date

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last

    def reaches(self, start: date, length: int) -> bool:
        """Whether so many days from the start on may lie in these years; what lies beyond year 9999 does not."""
        return self.first - timedelta(days=length) < start <= self.last


def read(data: bytes, today: date) -> DaysRead:
    """The whole days of the file from this year on to YEARS_AHEAD years after `today`. Raises Unreadable."""
    events = _events(data)
    span = _Span(date(today.year, 1, 1), date(today.year + YEARS_AHEAD, 12, 31))
    moved = _moved(events)
    found: list[DayOff] = []
    left_out: Counter[str] = Counter()
    _check_rules(events, span)
    for event in events:
        try:
            found += _days(event, span, moved)
        except _LeftOut as reason:
            left_out[str(reason)] += 1
    return DaysRead(one_a_day(found), tuple((count, reason) for reason, count in sorted(left_out.items())))


def source(filename: str) -> str:
    """What a proposal says it comes from: `ical:team.ics`."""
    last = re.split(r"[/\\]", filename)[-1]
    return f"ical:{day_off(date.min, last).name}"[:LONGEST_NAME]


def _events(data: bytes) -> list[Event]:
    if len(data) > MOST_BYTES:
        raise Unreadable(f"The file is larger than {MOST_BYTES // 1_000_000} MB: send it in parts")
    text = _without_zones(_text(data))
    try:
        calendars = Calendar.from_ical(text, multiple=True)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as fault:
        raise Unreadable("The file is a damaged calendar: export it again and upload the new file") from fault
    events = [event for each in calendars for event in each.walk("VEVENT") if isinstance(event, Event)]
    standing = [event for event in events if str(event.get("STATUS", "")).upper() != "CANCELLED"]
    if not standing:
        raise Unreadable("The calendar has no events: choose the one with your days off")
    if len(standing) > MOST_EVENTS:
        raise Unreadable(f"The calendar has more than {MOST_EVENTS:,} events: send it in parts")
    return standing


def _text(data: bytes) -> str:
    encodings = next((name for mark, name in MARKED_ENCODINGS if data.startswith(mark)), "")
    for name in (encodings,) if encodings else UNMARKED_ENCODINGS:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if text.lstrip()[: len(MARK)].upper() == MARK.decode() and "\x00" not in text:
            return text
    raise Unreadable("This is no iCalendar file: choose one whose name ends in .ics")


def _without_zones(text: str) -> str:
    """The file without its time zones, which whole days do not need: a zone that cannot be read spoils no day."""
    kept, is_zone = [], False
    for line in text.splitlines(keepends=True):
        said = line.strip().upper()
        is_zone = is_zone or said == "BEGIN:VTIMEZONE"
        if not is_zone:
            kept.append(line)
        is_zone = is_zone and said != "END:VTIMEZONE"
    return text if is_zone else "".join(kept)


def _moved(events: Iterable[Event]) -> frozenset[tuple[str, date]]:
    """Occurrences that have an event of their own and no longer follow the rule of their series."""
    found = ((str(event.get("UID", "")), _dated(event.get("RECURRENCE-ID"))) for event in events)
    return frozenset((uid, day) for uid, day in found if day is not None)


def _check_rules(events: Iterable[Event], span: _Span) -> None:
    """Raises Unreadable for more repeating than can be looked through while somebody waits."""
    rules = [event for event in events if "RRULE" in event]
    if len(rules) > MOST_RULES:
        raise Unreadable(f"The file has more than {MOST_RULES} events that repeat: send it in parts")
    if sum(_effort(event, span) for event in rules) > MOST_EFFORT:
        raise Unreadable("The file has too many days that repeat a number of times since long ago: send it in parts")


def _effort(event: Event, span: _Span) -> int:
    """How many days the event's rule makes us look at; nothing where the event is left out anyway."""
    try:
        return _rule(event, _start(event)).effort(span.last, since=_since(span))
    except _LeftOut:
        return 0


def _days(event: Event, span: _Span, moved: frozenset[tuple[str, date]]) -> list[DayOff]:
    """Raises _LeftOut."""
    first = _start(event)
    length = _length(event, first)
    name, uid = day_off(first, _said(event, "SUMMARY")).name, _said(event, "UID")
    starts = _repeated(event, first, span) if "RRULE" in event else [first, *_listed(event, "RDATE")]
    but = set(_listed(event, "EXDATE"))
    if "RECURRENCE-ID" not in event:
        but |= {day for of, day in moved if of == uid}
    near = {start for start in starts if start not in but and span.reaches(start, length)}
    every = {start + timedelta(days=each) for start in near for each in range(length)}
    found = [DayOff(day, name) for day in sorted(every) if span.holds(day)]
    if not found:
        raise _LeftOut(OUTSIDE)
    return found


def _start(event: Event) -> date:
    found = _value(event.get("DTSTART"))
    if isinstance(found, datetime):
        raise _LeftOut(TIMED)
    if not isinstance(found, date) or found.year < FIRST_YEAR:
        raise _LeftOut(UNREADABLE)
    return found


def _length(event: Event, first: date) -> int:
    """Whole days: DTEND is the day after the last one; without an end it is one day (RFC 5545, 3.6.1)."""
    if "DTEND" in event:
        after = _value(event.get("DTEND"))
        if isinstance(after, datetime) or not isinstance(after, date):
            raise _LeftOut(UNREADABLE)
        length = (after - first).days
    elif "DURATION" in event:
        span = _value(event.get("DURATION"))
        if not isinstance(span, timedelta):
            raise _LeftOut(UNREADABLE)
        length = span.days
    else:
        length = 1
    if length > LONGEST_DAYS:
        raise _LeftOut(LONG)
    return max(length, 1)


def _repeated(event: Event, first: date, span: _Span) -> list[date]:
    """When a yearly event happens within the span. Raises _LeftOut."""
    rule = _rule(event, first)
    until = min([span.last, *filter(None, (_dated(each) for each in _parts(event).get("UNTIL", [])))])
    return [*rule.until(until, since=_since(span)), *_listed(event, "RDATE")]


def _since(span: _Span) -> date:
    """An event that began before the span may reach into it."""
    return span.first - timedelta(days=LONGEST_DAYS)


def _rule(event: Event, first: date) -> Yearly:
    """Raises _LeftOut."""
    parts = _parts(event)
    if [str(each).upper() for each in parts.get("FREQ", [])] != ["YEARLY"]:
        raise _LeftOut(OFTEN)
    try:
        return _yearly(parts, first)
    except (ValueError, TypeError) as fault:
        raise _LeftOut(ODD_RULE) from fault


def _parts(event: Event) -> dict[str, list[Any]]:
    """What the rule says, by name. Raises _LeftOut where there are several, or none that could be read."""
    rule = event.get("RRULE")
    if not isinstance(rule, dict):
        raise _LeftOut(ODD_RULE)
    return {str(key).upper(): value if isinstance(value, list) else [value] for key, value in rule.items()}


def _yearly(parts: Mapping[str, list[Any]], first: date) -> Yearly:
    """ValueError or TypeError for parts that are not understood."""
    interval, count = (int(parts.get(name, [1])[0]) for name in ("INTERVAL", "COUNT"))
    if not set(parts) <= KNOWN_PARTS or interval < 1 or count < 1:
        raise ValueError(f"a rule with {sorted(parts)}")
    return Yearly(
        first,
        interval=interval,
        months=frozenset(int(each) for each in parts.get("BYMONTH", [])),
        month_days=frozenset(int(each) for each in parts.get("BYMONTHDAY", [])),
        weekdays=frozenset(_placed(str(each)) for each in parts.get("BYDAY", [])),
        count=min(count, MOST_EFFORT) if "COUNT" in parts else None,
    )


def _placed(text: str) -> tuple[int, int]:
    """`4TH` is the fourth Thursday, `-1MO` the last Monday, `FR` every Friday."""
    found = re.fullmatch(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)", text.upper())
    if found is None:
        raise ValueError(f"no weekday: {text}")
    return int(found[1] or 0), WEEKDAYS.index(found[2])


def _listed(event: Event, key: str) -> list[date]:
    """The dates of RDATE or EXDATE, however many lines they take."""
    lines = event.get(key, [])
    rows = lines if isinstance(lines, list) else [lines]
    found = (each for row in rows if isinstance(row, vDDDLists) for each in row.dts)
    return [day for each in found if (day := _dated(each)) is not None]


def _said(event: Event, key: str) -> str:
    """The property as text; the first of several, though a sound event has one."""
    found = event.get(key, "")
    return str(found[0] if isinstance(found, list) and found else found)


def _value(prop: Any) -> Any:
    """What the property says; None where it says nothing that could be read."""
    try:
        return prop if isinstance(prop, date) else getattr(prop, "dt", None)
    except BrokenCalendarProperty:
        return None


def _dated(prop: Any) -> date | None:
    found = _value(prop)
    if isinstance(found, datetime):
        return found.date()
    return found if isinstance(found, date) else None

"""An oracle of the promise's clock: counts minute by minute on the wall clock, and replays logs in a way of its own.

It shares the dataclasses with the fold and nothing else. A `World` is one zone's calendars over a window of days; of
each minute of the window it knows whether the zone's wall clock stood in an interval of a day that is no holiday.
"""

import random
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

from request_tracker.rules.calendar import Calendar
from request_tracker.rules.sla import ClockEvent, EventKind

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
M = 60_000_000
"""A minute in microseconds, in which everything here is counted from the beginning of the window."""
HAPPENS, WINDOW = 28, 84
"""Events happen in the first days of a window; the rest is there for what falls due."""
REASONS = ("", "requester_info", "source_vendor", "program_hold")
PARTS = {"at_risk_at": 75, "urgent_at": 90, "due_at": 100}

# Each window begins some days before something happens to the wall clock. Cairo changes on a Friday and on a Thursday
# night, Lord Howe by half an hour; Samoa left out Friday 30 December 2011; Kathmandu is a quarter of an hour off.
WINDOWS = {
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Africa/Cairo": (date(2026, 4, 24), date(2026, 10, 29)),
    "Asia/Kathmandu": (date(2026, 10, 20),),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "Asia/Tehran": (date(2022, 3, 22), date(2022, 9, 21)),
    "Pacific/Apia": (date(2011, 12, 30),),
}
ALL_DAY, NONE = ((0, 1440),), ()
WEEKS = (
    (ALL_DAY,) * 5 + (NONE,) * 2,
    (((540, 1020),),) * 5 + (NONE,) * 2,
    (ALL_DAY,) * 7,
    (((480, 720), (765, 1020)),) * 4 + (((480, 785),), NONE, ((60, 170), (1380, 1440))),
    (((0, 95), (110, 135), (600, 1000), (1380, 1440)),) * 7,
    (NONE, NONE, ((0, 1), (7, 130), (1000, 1440)), ALL_DAY, ALL_DAY, ((0, 60), (120, 180)), ((30, 200), (1439, 1440))),
)


class Minutes:
    """One calendar over one window: which minutes work, one after the other."""

    def __init__(self, calendar: Calendar, walls: Sequence[tuple[date, int]]) -> None:
        faces = [{m for opens, closes in day for m in range(opens, closes)} for day in calendar.weekly]
        self.works = bytearray(day not in calendar.holidays and face in faces[day.weekday()] for day, face in walls)
        self.before = array("l", accumulate(self.works, initial=0))
        self.working = array("l", (number for number, works in enumerate(self.works) if works))

    def count(self, at: int) -> int:
        """Working time from the window's beginning to `at`."""
        minute, rest = divmod(at, M)
        return self.before[minute] * M + (rest if self.works[minute] else 0)

    def reached(self, count: int) -> int:
        """The last moment that has no more than `count` behind it, as the first working moment of that kind."""
        return self.working[count // M] * M + count % M


class World:
    """One zone and window: calendars, the minutes of each, and the moments at which something happens to them."""

    def __init__(self, zone: str, near: date) -> None:
        self.zone = zone
        self.begin = datetime(near.year, near.month, near.day, tzinfo=UTC) - 12 * DAY
        holidays = [frozenset[date](), frozenset({near - DAY, near + DAY}), frozenset({near, near + 4 * DAY})]
        self.calendars = [Calendar(zone, week, holidays[n % 3]) for n, week in enumerate(WEEKS)]

    @cached_property
    def minutes(self) -> dict[int, Minutes]:
        """By id of the calendar."""
        zone = ZoneInfo(self.zone)
        walls = [(self.begin + n * MINUTE).astimezone(zone) for n in range(WINDOW * 1440)]
        faces = [(wall.date(), wall.hour * 60 + wall.minute) for wall in walls]
        return {id(calendar): Minutes(calendar, faces) for calendar in self.calendars}

    @cached_property
    def edges(self) -> list[int]:
        """Minutes of the first days at which some calendar begins or ceases to work."""
        flips = {
            n
            for known in self.minutes.values()
            for n in range(1, HAPPENS * 1440)
            if known.works[n] != known.works[n - 1]
        }
        return sorted(flips)

    @cached_property
    def longest(self) -> int:
        """No target is longer, so that whatever runs falls due within the window."""
        return min(known.before[-1] - known.before[HAPPENS * 1440 + 1] for known in self.minutes.values()) - 1

    def at(self, moment: int) -> datetime:
        return self.begin + timedelta(microseconds=moment)

    def moment(self, at: datetime) -> int:
        return (at - self.begin) // timedelta(microseconds=1)


@dataclass
class Span:
    """A time in which nothing happens: held for `reasons`, or running where there are none."""

    start: int
    end: int
    known: Minutes
    target: int
    reasons: frozenset[str]

    def worked(self) -> int:
        return self.known.count(self.end) - self.known.count(self.start)


def expected(world: World, events: Sequence[ClockEvent], as_of: datetime) -> dict[str, Any]:
    """What the fold has to say of the log, by the names of ClockState's fields."""
    known = [event for event in events if event.effective_at <= as_of]
    standing = [event for event in known if event.kind != "void" and _stands(event, known)]
    replay = Replay(world, sorted(standing, key=lambda event: (event.effective_at, event.id)), world.moment(as_of))
    return replay.result()


def _stands(event: ClockEvent, known: Sequence[ClockEvent]) -> bool:
    return not any(other.kind == "void" and other.voids == event.id and _stands(other, known) for other in known)


class Replay:
    """The log cut into spans, each counted by itself; what was crossed is looked up among the working minutes."""

    def __init__(self, world: World, events: list[ClockEvent], as_of: int) -> None:
        self.world, self.as_of = world, as_of
        first = next((n for n, event in enumerate(events) if event.kind == "start"), len(events))
        self.life = [event for event in events[first:] if event is events[first] or event.kind != "start"]
        ending = (n for n, event in enumerate(self.life) if event.kind in ("stop", "cancel"))
        self.life = self.life[: next(ending, len(self.life)) + 1]
        self.elapsed, self.breach = 0, None
        self.crossed: dict[int, int] = {}
        self.held: dict[str, int] = {}
        self.last: Span | None = None
        for event, span in self._spans():
            if event.kind in ("start", "retarget"):
                self._look_behind(span)
            self._count(span)
            self.last = span

    def _spans(self) -> Iterator[tuple[ClockEvent, Span]]:
        target, known, reasons = 0, None, frozenset[str]()
        moments = [self.world.moment(event.effective_at) for event in self.life]
        for event, start, end in zip(self.life, moments, [*moments, self.as_of][1:], strict=True):
            if event.kind in ("stop", "cancel"):
                return
            if event.kind in ("start", "retarget"):
                target = event.target // timedelta(microseconds=1)
            if event.calendar is not None and event.kind in ("start", "recalendar"):
                known = self.world.minutes[id(event.calendar)]
            if event.kind == "pause":
                reasons |= {event.reason}
                self.held.setdefault(event.reason, 0)
            if event.kind == "resume":
                reasons -= {event.reason} if event.reason else reasons
            yield event, Span(start, end, known, target, reasons)

    def _look_behind(self, span: Span) -> None:
        """A new target: what it has behind it was crossed when it was, or else at this moment; nothing else is."""
        behind = [part for part in PARTS.values() if self.elapsed * 100 > span.target * part]
        self.crossed = {part: self.crossed.get(part, span.start) for part in behind}
        self._breached()

    def _count(self, span: Span) -> None:
        worked = span.worked()
        for reason in span.reasons:
            self.held[reason] += worked
        if span.reasons:
            return
        for part in PARTS.values():
            if part not in self.crossed and (self.elapsed + worked) * 100 > span.target * part:
                self.crossed[part] = self._when(span, self.elapsed, part)
        self._breached()
        self.elapsed += worked

    def _when(self, span: Span, elapsed: int, part: int) -> int:
        return span.known.reached(span.known.count(span.start) + span.target * part // 100 - elapsed)

    def _breached(self) -> None:
        if self.breach is None:
            self.breach = self.crossed.get(100)

    def result(self) -> dict[str, Any]:
        end = self.life[-1] if self.life and self.life[-1].kind in ("stop", "cancel") else None
        states = {"stop": "stopped", "cancel": "cancelled"}
        held = bool(self.last and self.last.reasons)
        state = states[end.kind] if end else "pending" if not self.last else "paused" if held else "running"
        breached_at = None if self.breach is None else self.world.at(self.breach)
        return {
            "state": state,
            "started_at": self.life[0].effective_at if self.life else None,
            "target": timedelta(microseconds=self.last.target) if self.last else None,
            "elapsed": timedelta(microseconds=self.elapsed),
            **self._ahead(state),
            "verdict": "breached" if breached_at else "met" if state == "stopped" else None,
            "breached_at": breached_at,
            "stopped_at": end.effective_at if end else None,
            "paused_for": tuple((reason, timedelta(microseconds=held)) for reason, held in self.held.items()),
        }

    def _ahead(self, state: str) -> dict[str, datetime | None]:
        if state != "running":
            return dict.fromkeys(PARTS)
        span = self.last
        before = self.elapsed - span.worked()
        return {
            name: self.world.at(self.crossed[part] if part in self.crossed else self._when(span, before, part))
            for name, part in PARTS.items()
        }


KINDS = [
    kind
    for kind in EventKind
    for _ in range({"pause": 8, "resume": 9, "void": 3, "retarget": 2, "recalendar": 2}.get(kind, 1))
]


@dataclass
class Logs:
    """Random logs in a world: events in any order, at edges, at one instant, taken back, and twice."""

    world: World
    random: random.Random

    def draw(self) -> tuple[list[ClockEvent], datetime]:
        chance, moments = self.random, []
        for _ in range(chance.randint(2, 14)):
            moments.append(self._moment(moments))
        self.voids = [0]
        moments[0] = min(moments) if chance.random() < 0.9 else moments[0]
        ids = list(range(1, len(moments) + 1))
        if chance.random() < 0.3:
            chance.shuffle(ids)
        kinds = [EventKind.START, *(chance.choice(KINDS) for _ in moments[1:])]
        events = [self._event(*each, ids) for each in zip(ids, kinds, moments, strict=True)]
        chance.shuffle(events)
        latest = max(moments) if chance.random() < 0.8 else 0
        as_of = self.world.at(max(latest, self._moment(moments)))
        return self._pointed(events, as_of) if chance.random() < 0.4 else (events, as_of)

    def _moment(self, others: list[int]) -> int:
        way, chance = self.random.random(), self.random
        if others and way < 0.15:
            return chance.choice(others)
        if way < 0.55:
            minute = max(0, chance.choice(self.world.edges) + chance.choice((-1, 0, 0, 0, 1, -60, 60, 30)))
        else:
            minute = chance.randrange(HAPPENS * 1440)
        rest = chance.choice((0, 0, 0, 0, 1, M - 1, chance.randrange(M)))
        return min(minute, HAPPENS * 1440 - 1) * M + rest

    def _event(self, number: int, kind: EventKind, moment: int, ids: list[int]) -> ClockEvent:
        at, chance = self.world.at(moment), self.random
        needs_target, needs_calendar = kind in ("start", "retarget"), kind in ("start", "recalendar")
        earlier = [each for each in self.voids if 0 < each < number and chance.random() < 0.5] or [
            each for each in ids if each < number and (each != ids[0] or chance.random() < 0.2)
        ]
        if kind == "void" and not earlier:
            kind = EventKind.PAUSE
        self.voids += [number] * (kind == "void")
        return ClockEvent(
            number,
            kind,
            at,
            at,
            reason=chance.choice(REASONS) if kind in ("pause", "resume") else "",
            voids=chance.choice(earlier) if kind == "void" else None,
            target=self._target() if needs_target else None,
            calendar=chance.choice(self.world.calendars) if needs_calendar else None,
        )

    def _target(self) -> timedelta:
        """In whole multiples of 20 microseconds, so that both warnings fall on whole ones."""
        most = self.world.longest
        minutes = self.random.randint(1, min(most, self.random.choice((600, 3000, 12_000, most))))
        return minutes * MINUTE - timedelta(
            microseconds=20 * self.random.choice((0, 0, 1, self.random.randrange(10**6)))
        )

    def _pointed(self, events: list[ClockEvent], as_of: datetime) -> tuple[list[ClockEvent], datetime]:
        """The same log with an end, or a look, exactly when it falls due, or a microsecond beside."""
        events = [*events, self._more(events, EventKind.RESUME, as_of)]
        due = expected(self.world, events, as_of)["due_at"]
        if due is None or not as_of <= due < self.world.begin + HAPPENS * DAY:
            return events, as_of
        point = max(as_of, due + timedelta(microseconds=self.random.choice((-1, 0, 0, 1, 1))))
        if self.random.random() < 0.5:
            return events, point
        kind = self.random.choice((EventKind.STOP, EventKind.STOP, EventKind.PAUSE, EventKind.CANCEL))
        return [*events, self._more(events, kind, point)], point + DAY

    @staticmethod
    def _more(events: list[ClockEvent], kind: EventKind, at: datetime) -> ClockEvent:
        return ClockEvent(max(event.id for event in events) + 1, kind, at, at)


def disagreements(world: World, fold: Any, *, seed: int, logs: int) -> list[tuple[dict[str, Any], list[ClockEvent]]]:
    """Logs of which the fold says something else, with what it should have said."""
    drawn = Logs(world, random.Random(seed))
    cases = (drawn.draw() for _ in range(logs))
    return [found for events, as_of in cases if (found := _difference(world, fold, events, as_of))]


def _difference(world: World, fold: Any, events: list[ClockEvent], as_of: datetime) -> Any:
    right, said = expected(world, events, as_of), fold(events, as_of=as_of)
    wrong = {name: (getattr(said, name), value) for name, value in right.items() if getattr(said, name) != value}
    return ({"zone": world.zone, "as_of": as_of, "fold, oracle": wrong}, events) if wrong else None

"""The promise's clock: a fold over its events that says what has elapsed, what is due and whether it was kept.

Events are folded in order of `effective_at`, then `id`. What is effective after `as_of` does not exist yet. Before the
start and after the end nothing counts but taking an event back, which is as if the event had never been. A mark (75 %,
90 %, due) is the last instant at which no more than that has elapsed; a microsecond of working time later it is passed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from request_tracker.rules.calendar import MICROSECOND, Calendar, add_working, coordinate, working_between

AT_RISK = (0.75, 0.90)
DUE = 2
NOTHING = timedelta(0)


class EventKind(StrEnum):
    """What can happen to a clock."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    CANCEL = "cancel"
    VOID = "void"
    RETARGET = "retarget"
    RECALENDAR = "recalendar"


class RunState(StrEnum):
    """Where a clock stands."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    CANCELLED = "cancelled"


LIVE = (RunState.RUNNING, RunState.PAUSED)
NEEDS = {
    EventKind.START: ("target", "calendar"),
    EventKind.RETARGET: ("target",),
    EventKind.RECALENDAR: ("calendar",),
    EventKind.VOID: ("voids",),
}


@dataclass(frozen=True)
class ClockEvent:
    """One entry of a clock's log. `voids` is the id it takes back; a target is working time.

    A pause opens its `reason` and a resume closes it; a resume without reason closes all. `calendar_id` is the stored
    version of the calendar and means nothing to the fold. Raises ValueError when the
    kind's own field is missing, the target is not positive or a time is naive.
    """

    id: int
    kind: EventKind
    effective_at: datetime
    recorded_at: datetime
    reason: str = ""
    voids: int | None = None
    target: timedelta | None = None
    calendar: Calendar | None = None
    calendar_id: int | None = None

    def __post_init__(self) -> None:
        for field in NEEDS.get(self.kind, ()):
            if getattr(self, field) is None:
                raise ValueError(f"A clock event of the kind {self.kind} needs a {field}.")
        if self.target is not None and self.target <= NOTHING:
            raise ValueError("A target is some working time, more than none.")
        _check_aware(self.effective_at, self.recorded_at)


@dataclass(frozen=True)
class ClockState:
    """A clock as of one instant. `due_at` and the two warnings are None unless it runs, and may lie in the past.

    `verdict` is None, "met" or "breached"; `stopped_at` is the end, by stop or cancel. `paused_for` has the working
    time each reason was open, in order of first opening; reasons open together each count it.
    """

    state: RunState
    started_at: datetime | None
    target: timedelta | None
    elapsed: timedelta
    due_at: datetime | None
    at_risk_at: datetime | None
    urgent_at: datetime | None
    verdict: str | None
    breached_at: datetime | None
    stopped_at: datetime | None
    paused_for: tuple[tuple[str, timedelta], ...]
    calendar: Calendar | None = None
    calendar_id: int | None = None

    def zero_us(self, as_of: datetime) -> int | None:
        """Of a running clock folded as of an instant: the coordinate at which nothing had elapsed, in microseconds.

        Until the next event, elapsed is the present's coordinate minus this number, which a database can subtract.
        """
        if self.state is not RunState.RUNNING or self.calendar is None:
            return None
        return coordinate(self.calendar, as_of) - self.elapsed // MICROSECOND


def fold(events: Iterable[ClockEvent], *, as_of: datetime, at_risk: tuple[float, float] = AT_RISK) -> ClockState:
    """The clock's state as of an instant; `at_risk` are the two warnings as parts of the target."""
    clock = Tally(at_risk)
    for event, taken_back_by in in_order(events, as_of):
        if taken_back_by is None:
            clock.take(event)
    clock.run_to(as_of)
    return clock.state_now()


def in_order(events: Iterable[ClockEvent], as_of: datetime) -> list[tuple[ClockEvent, int | None]]:
    """The events there are by then in folding order, each with the id of what takes it back."""
    _check_aware(as_of)
    known = sorted((event for event in events if event.effective_at <= as_of), key=lambda e: (e.effective_at, e.id))
    taken_back: dict[int, int] = {}
    # The latest first, so that a taking back that was itself taken back takes nothing back.
    voids = (event for event in known if event.kind is EventKind.VOID)
    for event in sorted(voids, key=lambda e: e.id, reverse=True):
        if event.voids is not None and event.id not in taken_back:
            taken_back.setdefault(event.voids, event.id)
    return [(event, taken_back.get(event.id)) for event in known]


class Tally:
    """The fold's running account; `at` is the instant up to which it has counted."""

    at: datetime
    calendar: Calendar | None = None
    calendar_id: int | None = None
    target: timedelta = NOTHING
    state = RunState.PENDING
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    breached_at: datetime | None = None
    elapsed = NOTHING

    def __init__(self, at_risk: tuple[float, float]) -> None:
        self.parts = (*at_risk, 1.0)
        self.limits: tuple[timedelta, ...] = ()
        self.marks: tuple[datetime | None, ...] = (None, None, None)
        self.open: set[str] = set()
        self.paused_for: dict[str, timedelta] = {}

    def take(self, event: ClockEvent) -> bool:
        """Count up to the event and apply it; False when it changes nothing."""
        self.run_to(event.effective_at)
        awaited = self.state is RunState.PENDING if event.kind is EventKind.START else self.state in LIVE
        return event.kind is EventKind.VOID or (awaited and TAKING[event.kind](self, event))

    def run_to(self, instant: datetime) -> None:
        """Count the working time up to `instant`, as elapsed or as paused."""
        if self.state not in LIVE or self.calendar is None:
            return
        passed = working_between(self.calendar, self.at, instant)
        if self.state is RunState.RUNNING:
            self._mark(self.elapsed + passed)
            self.elapsed += passed
        for reason in self.open:
            self.paused_for[reason] += passed
        self.at = instant

    def state_now(self) -> ClockState:
        at_risk_at, urgent_at, due_at = self._expected() if self.state is RunState.RUNNING else (None, None, None)
        return ClockState(
            state=self.state,
            started_at=self.started_at,
            target=self.target or None,
            elapsed=self.elapsed,
            due_at=due_at,
            at_risk_at=at_risk_at,
            urgent_at=urgent_at,
            verdict=self._verdict(),
            breached_at=self.breached_at,
            stopped_at=self.stopped_at,
            paused_for=tuple(self.paused_for.items()),
            calendar=self.calendar,
            calendar_id=self.calendar_id,
        )

    def start(self, event: ClockEvent) -> bool:
        self.state, self.started_at, self.at = RunState.RUNNING, event.effective_at, event.effective_at
        self.calendar, self.calendar_id = event.calendar, event.calendar_id
        self._aim(event)
        return True

    def pause(self, event: ClockEvent) -> bool:
        new = event.reason not in self.open
        self.open.add(event.reason)
        self.paused_for.setdefault(event.reason, NOTHING)
        self.state = RunState.PAUSED
        return new

    def resume(self, event: ClockEvent) -> bool:
        closed = self.open & {event.reason} if event.reason else set(self.open)
        self.open -= closed
        self.state = RunState.PAUSED if self.open else RunState.RUNNING
        return bool(closed)

    def end(self, event: ClockEvent) -> bool:
        self.state = RunState.STOPPED if event.kind is EventKind.STOP else RunState.CANCELLED
        self.stopped_at = event.effective_at
        return True

    def retarget(self, event: ClockEvent) -> bool:
        """A mark newly behind is passed now: nobody was late for a promise not yet made. One behind already stays."""
        self._aim(event)
        known = zip(self.marks, self.limits, strict=True)
        self.marks = tuple((mark or event.effective_at) if self.elapsed > limit else None for mark, limit in known)
        self.breached_at = self.breached_at or self.marks[DUE]
        return True

    def recalendar(self, event: ClockEvent) -> bool:
        self.calendar, self.calendar_id = event.calendar, event.calendar_id
        return True

    def _aim(self, event: ClockEvent) -> None:
        self.target = event.target or NOTHING
        self.limits = tuple(self.target * part for part in self.parts)

    def _mark(self, elapsed: timedelta) -> None:
        """Keep the marks passed on the way to `elapsed`; the first breach stays for ever."""
        if elapsed <= min(self.limits):
            return
        known = zip(self.marks, self.limits, strict=True)
        self.marks = tuple(mark or (self._when(limit) if elapsed > limit else None) for mark, limit in known)
        self.breached_at = self.breached_at or self.marks[DUE]

    def _expected(self) -> tuple[datetime, ...]:
        """Each mark where it was passed, or where it will be if the clock runs on."""
        return tuple(mark or self._when(limit) for mark, limit in zip(self.marks, self.limits, strict=True))

    def _when(self, limit: timedelta) -> datetime:
        assert self.calendar is not None
        return add_working(self.calendar, self.at, limit - self.elapsed)

    def _verdict(self) -> str | None:
        met = "met" if self.state is RunState.STOPPED else None
        return "breached" if self.breached_at else met


TAKING: dict[EventKind, Callable[[Tally, ClockEvent], bool]] = {
    EventKind.START: Tally.start,
    EventKind.PAUSE: Tally.pause,
    EventKind.RESUME: Tally.resume,
    EventKind.STOP: Tally.end,
    EventKind.CANCEL: Tally.end,
    EventKind.RETARGET: Tally.retarget,
    EventKind.RECALENDAR: Tally.recalendar,
}


def _check_aware(*instants: datetime) -> None:
    if any(instant.utcoffset() is None for instant in instants):
        raise ValueError("A clock needs instants with a time zone; a naive date and time says nothing here.")

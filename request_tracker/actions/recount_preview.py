"""What a change of running clocks would do, clock by clock, before anybody decides it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from request_tracker.actions.recount import Wish, checked, stamp
from request_tracker.actions.recount_pieces import differs, hypothetical, stays_overdue, target_of, to_come
from request_tracker.rules.calendar import Calendar, day_length
from request_tracker.rules.people import Act
from request_tracker.rules.sla import ClockState, fold
from request_tracker.store.clock_changes import ClockChange, under_way
from request_tracker.store.reading_clocks import OpenClock, open_clocks

NOTHING = timedelta(0)


@dataclass(frozen=True)
class Effect:
    """One clock before and after, as of the instant `at`."""

    clock: OpenClock
    before: ClockState
    after: ClockState
    at: datetime

    @property
    def breaks(self) -> bool:
        """Overdue the moment it is applied, and not before."""
        return self.after.breached_at is not None and self.before.breached_at is None

    @property
    def stays_overdue(self) -> bool:
        """Broken before, and without a date ahead of it after."""
        return stays_overdue(self.before, self.after, self.at)

    @property
    def endangers(self) -> bool:
        """At risk the moment it is applied, and not before."""
        return not self.breaks and _at_risk(self.after, self.at) and not _at_risk(self.before, self.at)

    @property
    def moves_by(self) -> timedelta:
        """How much later the promise is due; nothing while it stands still."""
        if self.after.due_at is None or self.before.due_at is None or self.stays_overdue:
            return NOTHING
        return self.after.due_at - self.before.due_at


@dataclass(frozen=True)
class Preview:
    """What a change would do now. `effects`: the clocks it changes, the worst first; `same`: those it leaves alone.

    `breaks`: verdicts that change, all from open to broken. `broken`: promises broken before, which stay so.
    `other_days`: working days are of another length there, so that the same target is another number of them.
    `under_way`: changes decided before that are not wholly applied; here they are. `stamp`: see recount.stamp.
    """

    effects: tuple[Effect, ...]
    same: int
    breaks: int
    endangers: int
    later: int
    earlier: int
    paused: int
    broken: int
    other_days: bool
    under_way: int
    stamp: str


def preview(session: Session, wish: Wish, act: Act) -> Preview:
    """What the change would do if it were made now; writes nothing. Raises NotAllowed, Unfit."""
    version = checked(session, wish, act)
    calendar, seen, pending = version.calendar if version else None, stamp(session, wish), under_way(session)
    open_now = open_clocks(session, clock_id=wish.clock_id, name=wish.name)
    every = [_effect(_as_will_be(session, each, pending), wish, calendar, act.now) for each in open_now]
    found = [row for row in every if differs(row.before, row.after)]
    found.sort(key=lambda row: (not row.breaks, not row.endangers, row.moves_by, row.clock.id))
    lengths = {day_length(row.before.calendar) for row in found if row.before.calendar is not None}
    other_days = calendar is not None and bool(lengths - {day_length(calendar)})
    same = len(every) - len(found)
    return _summed(tuple(found), same, other_days=other_days, under_way=len(pending), stamp=seen)


def _as_will_be(session: Session, each: OpenClock, pending: list[ClockChange]) -> OpenClock:
    return replace(each, events=tuple(to_come(session, each.id, each.name, each.events, pending)))


def _effect(each: OpenClock, wish: Wish, calendar: Calendar | None, now: datetime) -> Effect:
    before = fold(each.events, as_of=now)
    target = target_of(wish.target_days, before)
    event = hypothetical(wish.kind, now, each.events, target, calendar, wish.calendar_id)
    return Effect(each, before, fold([*each.events, event], as_of=now), now)


def _at_risk(state: ClockState, now: datetime) -> bool:
    return state.breached_at is None and state.at_risk_at is not None and state.at_risk_at <= now


def _summed(effects: tuple[Effect, ...], same: int, *, other_days: bool, under_way: int, stamp: str) -> Preview:
    return Preview(
        effects=effects,
        same=same,
        breaks=sum(row.breaks for row in effects),
        endangers=sum(row.endangers for row in effects),
        later=sum(row.moves_by > NOTHING for row in effects),
        earlier=sum(row.moves_by < NOTHING for row in effects),
        paused=sum(row.after.due_at is None for row in effects),
        broken=sum(row.before.breached_at is not None for row in effects),
        other_days=other_days,
        under_way=under_way,
        stamp=stamp,
    )

"""Asking a neighbour for what must be made once, when answers get lost: send, wait, take what is there, or rename.

The neighbour knows no idempotency key and may allow two things of one name. So: look before every request; write down
that it goes out before it goes out; and while one may still be travelling, only look.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

SKEW = timedelta(minutes=15)
"""How far the neighbour's clock may be behind ours."""
TWINS_FOR = timedelta(hours=24)
"""How long after the last request a second thing of ours is looked for."""
_SOONEST, _LATEST = 5.0, 30.0


@dataclass(frozen=True)
class Sent:
    """Our own requests for one name. `since`: no request of ours is older (the intent was written then).

    `sends`: how many went out, `sent_at`: the last of them. `in_flight_until`: until then it may still have its
    effect; None: an answer came, so its effect is decided.
    """

    since: datetime
    sends: int = 0
    sent_at: datetime | None = None
    in_flight_until: datetime | None = None

    def again(self, now: datetime, settle_for: timedelta) -> "Sent":
        """As it is written down before the next request goes out."""
        return replace(self, sends=self.sends + 1, sent_at=now, in_flight_until=now + settle_for)

    def decided(self) -> "Sent":
        """An answer came: nothing of the last request is on its way any more."""
        return replace(self, in_flight_until=None)

    def is_in_flight(self, now: datetime) -> bool:
        return self.in_flight_until is not None and now < self.in_flight_until

    @property
    def first_at(self) -> datetime:
        """Nothing of ours can have been made before this."""
        return self.sent_at if self.sends == 1 and self.sent_at else self.since

    def may_have_twins(self, now: datetime) -> bool:
        """Whether a second thing of ours may turn up: more than one request went out, and not long ago."""
        return self.sends > 1 and self.sent_at is not None and now < self.sent_at + TWINS_FOR


@dataclass(frozen=True)
class Thing:
    """What stands at the neighbour under our name. `is_blank`: never authorised, never synced, paused: nothing of
    anybody's is in it. `is_claimed`: another row of ours has it."""

    id: str
    service: str
    created_at: datetime | None
    is_blank: bool
    is_claimed: bool = False


class Whose(StrEnum):
    OURS = "ours"
    LEFTOVER = "leftover"
    """Nobody's: blank, and of no request we know of, as after a lost database. Used, but never deleted by us."""
    FOREIGN = "foreign"


class Step(StrEnum):
    SEND = "send"
    WAIT = "wait"
    TAKE = "take"
    RENAME = "rename"


@dataclass(frozen=True)
class Decision:
    """What to do next. `thing` and `is_ours` go with TAKE, `seconds` with WAIT."""

    step: Step
    thing: Thing | None = None
    is_ours: bool = True
    seconds: float = 0.0


def whose(thing: Thing, sent: Sent, service: str) -> Whose:
    """Whose a thing of our name is. What stood there before our first request is not ours."""
    if thing.is_claimed or thing.service != service:
        return Whose.FOREIGN
    if sent.sends and (thing.created_at is None or thing.created_at >= sent.first_at - SKEW):
        return Whose.OURS
    return Whose.LEFTOVER if thing.is_blank else Whose.FOREIGN


def decide(sent: Sent, found: Iterable[Thing], service: str, now: datetime) -> Decision:
    """The next step after a look. `found`: all that stands under the name at this moment."""
    by_owner: dict[Whose, list[Thing]] = {each: [] for each in Whose}
    for thing in found:
        by_owner[whose(thing, sent, service)].append(thing)
    if by_owner[Whose.OURS]:
        return Decision(Step.TAKE, _first(by_owner[Whose.OURS]))
    if sent.is_in_flight(now):
        return Decision(Step.WAIT, seconds=pause(sent, now))
    if by_owner[Whose.LEFTOVER]:
        return Decision(Step.TAKE, _first(by_owner[Whose.LEFTOVER]), is_ours=False)
    return Decision(Step.RENAME if by_owner[Whose.FOREIGN] else Step.SEND)


def twins(sent: Sent, kept_id: str, found: Iterable[Thing], service: str) -> tuple[Thing, ...]:
    """What else of ours stands under the name of the thing we keep. Only the blank ones may be deleted."""
    return tuple(each for each in found if each.id != kept_id and whose(each, sent, service) is Whose.OURS)


class Found(StrEnum):
    """What a look for a group by its name gives."""

    NONE = "none"
    ONE = "one"
    SEVERAL = "several"
    TAKEN = "taken"


def choose(sent: Sent, named: Sequence[Thing]) -> tuple[Found, Thing | None]:
    """Which of the groups of our name is meant. Of several only one that we made ourselves: no guessing.

    `is_claimed`: it serves another purpose of ours, or belongs to another customer.
    """
    free = [each for each in named if not each.is_claimed]
    if len(free) == 1:
        return Found.ONE, free[0]
    if not free:
        return (Found.TAKEN if named else Found.NONE), None
    ours = [each for each in free if sent.sends and each.created_at and each.created_at >= sent.since - SKEW]
    return (Found.ONE, _first(ours)) if len(ours) == len(free) else (Found.SEVERAL, None)


def _first(things: Sequence[Thing]) -> Thing:
    """The same one whoever looks: one that is in use before a blank one, then the oldest."""
    return min(things, key=lambda each: (each.is_blank, each.created_at is None, str(each.created_at), each.id))


def pause(sent: Sent, now: datetime) -> float:
    """Seconds until the next look: some now and then, the last just after nothing can be travelling any more."""
    assert sent.in_flight_until is not None
    left = (sent.in_flight_until - now).total_seconds()
    return min(left, max(_SOONEST, min(_LATEST, left / 4))) + 0.01

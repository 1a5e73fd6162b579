"""Whatever is lost, late, doubled or killed: the neighbour ends with exactly one thing of ours."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from request_tracker.rules.sending import SKEW, Decision, Sent, Step, Thing, Whose, decide, twins, whose

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
SETTLE = timedelta(seconds=120)
SECOND = timedelta(seconds=1)
SENT = Sent(START).again(START + 60 * SECOND, SETTLE)


def a_thing(*, age: float = 0, service: str = "sdk", blank: bool = True, claimed: bool = False) -> Thing:
    """A thing made `age` seconds before our first request."""
    return Thing("a", service, START + timedelta(seconds=60 - age), blank, claimed)


@pytest.mark.parametrize(
    ("sent", "thing", "owner"),
    [
        (SENT, a_thing(), Whose.OURS),
        (SENT, a_thing(blank=False), Whose.OURS),
        (SENT, a_thing(age=SKEW.total_seconds()), Whose.OURS),
        (SENT, a_thing(age=SKEW.total_seconds() + 1), Whose.LEFTOVER),
        (SENT, a_thing(age=SKEW.total_seconds() + 1, blank=False), Whose.FOREIGN),
        (SENT, a_thing(service="other"), Whose.FOREIGN),
        (SENT, a_thing(claimed=True), Whose.FOREIGN),
        (Sent(START), a_thing(), Whose.LEFTOVER),
        (Sent(START), a_thing(blank=False), Whose.FOREIGN),
        (Sent(START), a_thing(claimed=True), Whose.FOREIGN),
    ],
)
def test_whose_a_thing_of_our_name_is(sent: Sent, thing: Thing, owner: Whose) -> None:
    assert whose(thing, sent, "sdk") is owner


def test_while_a_request_may_be_travelling_we_only_look() -> None:
    foreign = a_thing(blank=False, service="other")
    for found in ((), (foreign,), (a_thing(age=9999),)):
        before, after = SENT.sent_at or START, (SENT.in_flight_until or START)
        waits = [decide(SENT, found, "sdk", before + n * SECOND) for n in (0, 60, 119)]
        assert [each.step for each in waits] == [Step.WAIT] * 3
        assert [round(each.seconds) for each in waits] == [30, 15, 1]
        assert decide(SENT, found, "sdk", after).step is not Step.WAIT
        assert decide(SENT.decided(), found, "sdk", before).step is not Step.WAIT
    assert decide(SENT.decided(), (foreign,), "sdk", START).step is Step.RENAME
    assert decide(SENT.decided(), (), "sdk", START).step is Step.SEND


def test_everybody_who_looks_takes_the_same_one_of_two() -> None:
    twice = SENT.again(START + 300 * SECOND, SETTLE)
    old, young = Thing("b", "sdk", START + 61 * SECOND, True), Thing("a", "sdk", START + 301 * SECOND, True)
    used = Thing("c", "sdk", START + 301 * SECOND, False)
    for found in ((old, young), (young, old)):
        assert decide(twice, found, "sdk", START).thing == old
        assert twins(twice, old.id, found, "sdk") == (young,)
    assert decide(twice, (old, used), "sdk", START).thing == used, "what somebody uses is not taken from them"
    assert decide(twice, (a_thing(age=9999), young), "sdk", START) == Decision(Step.TAKE, young)


@dataclass
class Neighbour:
    """Allows two things of one name; what was asked of it may take effect later, or never."""

    things: list[Thing] = field(default_factory=list)
    travelling: list[datetime] = field(default_factory=list)
    made: int = 0

    def make(self, now: datetime) -> Thing:
        self.made += 1
        self.things.append(Thing(f"t{self.made}", "sdk", now, True))
        return self.things[-1]

    def land(self, now: datetime) -> None:
        for at in sorted(each for each in self.travelling if each <= now):
            self.travelling.remove(at)
            self.make(at)


class Worlds(RuleBasedStateMachine):
    """Two workers over one row. Each looks, and only later acts on what it saw; each may die in between."""

    @initialize(leftover=st.sampled_from(["", "blank", "used"]))
    def begin(self, leftover: str) -> None:
        self.now, self.neighbour = START, Neighbour()
        self.sent, self.kept, self.name, self.is_ours = Sent(START), "", 1, True
        self.seen: dict[int, tuple[Sent, Decision]] = {}
        self.foreign: list[Thing] = []
        self.too_late = False
        if leftover:
            self.foreign = [Thing("before", "sdk", START - timedelta(days=1), leftover == "blank")]

    @rule(seconds=st.integers(1, 90))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND
        self.neighbour.land(self.now)

    @rule(worker=st.integers(0, 1))
    def look(self, worker: int) -> None:
        """What a worker found is only carried out where nobody wrote the row since (`act_on`)."""
        if self.kept:
            return
        found = (*self.neighbour.things, *(self.foreign if self.name == 1 else ()))
        self.seen[worker] = self.sent, decide(self.sent, found, "sdk", self.now)

    @rule(worker=st.integers(0, 1), fate=st.sampled_from(["ok", "lost answer", "5xx", "5xx after", "killed", "late"]))
    def act_on(self, worker: int, fate: str) -> None:
        seen, decision = self.seen.pop(worker, (None, None))
        if decision is None or seen != self.sent or self.kept:
            return
        if decision.step is Step.TAKE and decision.thing is not None:
            self.kept, self.is_ours = decision.thing.id, decision.is_ours
        elif decision.step is Step.RENAME:
            self.name, self.sent = self.name + 1, Sent(self.sent.since)
        elif decision.step is Step.SEND:
            self._send(fate)

    def _send(self, fate: str) -> None:
        self.sent = self.sent.again(self.now, SETTLE)
        if fate == "late":
            self.neighbour.travelling.append(self.now + SETTLE - SECOND)
        elif fate != "5xx":
            thing = self.neighbour.make(self.now)
            self.kept = thing.id if fate == "ok" else ""
        if fate in ("5xx", "5xx after"):
            self.sent = self.sent.decided()

    @rule()
    def a_request_outlives_every_expectation(self) -> None:
        """A request that nobody counts on any more has its effect: the one way to a twin."""
        if self.sent.sends > 1:
            self.too_late = True
            self.neighbour.travelling.append(self.now + SECOND)

    @invariant()
    def never_two_unless_a_request_outlived_its_time(self) -> None:
        if hasattr(self, "now") and not self.too_late:
            assert len(self.neighbour.things) + len(self.neighbour.travelling) <= 1

    def teardown(self) -> None:
        if not hasattr(self, "now"):
            return
        for _ in range(40):
            self.time_passes(30)
            self.look(0)
            self.act_on(0, "ok")
        assert self.kept
        standing = [*self.neighbour.things, *self.foreign]
        removed = twins(self.sent, self.kept, standing, "sdk")
        assert not removed or self.sent.may_have_twins(self.now)
        left = [each.id for each in standing if each not in removed and each.id not in {f.id for f in self.foreign}]
        assert left == ([self.kept] if self.is_ours else [])
        assert not {f.id for f in self.foreign} & {each.id for each in removed}, "what is not ours is left alone"


TestWorlds = Worlds.TestCase
TestWorlds.settings = settings(max_examples=60, stateful_step_count=25, deadline=None, derandomize=True)

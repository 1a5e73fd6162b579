"""Random histories of merging: a small program, the steps that can happen to it, and what must hold after each.

A step is a name and three numbers; each step picks among what is possible with its numbers, so that every list of
steps is a history and Hypothesis can shorten it. Like a web request, a step that is refused leaves nothing behind.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

from factories import BUILT, CONSULTED, DECLINE, MONDAY, PREVIEWED, Cast, a_request, move
from hypothesis import HealthCheck, given
from hypothesis import Phase as Stage
from hypothesis import settings as profile
from hypothesis import strategies as st
from sqlalchemy import Select, Table, func, select
from sqlalchemy.orm import Session

from request_tracker.actions import (
    assess,
    assign,
    consult,
    dismiss,
    evidence,
    heir,
    hold,
    merge,
    provision,
    readings,
    submit,
    supporting,
    sweep,
    undo,
    withdraw,
)
from request_tracker.actions.admit import add_person
from request_tracker.actions.evidence import Fact
from request_tracker.actions.readings import Seen
from request_tracker.actions.unfit import Unfit
from request_tracker.mail.deliver import Memory
from request_tracker.rules.people import SYSTEM, Act, Viewer
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.program import Program
from request_tracker.rules.sla import fold
from request_tracker.rules.terms import Criterion, Phase, Role
from request_tracker.settings import Settings
from request_tracker.store import clocks, connections, heirs, holds, people, schema, timeline
from request_tracker.store.base import FAR
from request_tracker.store.cases import Case
from request_tracker.store.clocks import Clock
from request_tracker.store.facts import supporters
from request_tracker.store.heirs import PrimaryAsk
from request_tracker.store.holds import Hold
from request_tracker.store.merges import Merge
from request_tracker.store.people import Account
from request_tracker.store.requests import Request
from request_tracker.work import delivery
from request_tracker.work.context import Context
from request_tracker.work.effects import EFFECTS, Call
from request_tracker.work.worker import Worker

PLAIN = {"service_url": "https://acme.example/"}
REFUSALS = (Refused, NotAllowed, Unfit, merge.NotAll)
MOST_CASES = 8
OWN_WORDS = ("use_case", "data_needed", "service_url", "custom_fields", "group_id", "also_tell", "fivetran_role")
"""What a requester types that nobody of another account may ever read."""
T = TypeVar("T")
Step = tuple[str, int, int, int]


class Nothing(Exception):
    """There is nothing in this world that the step could be done to."""


@dataclass
class World:
    """Five requesters at three accounts: `people` are Ada, Ben, Cleo, Dora and Emil. `told`: what happened."""

    session: Session
    cast: Cast
    people: list[Viewer]
    now: datetime = MONDAY
    program: Program = field(default_factory=Program)
    told: list[str] = field(default_factory=list)
    versions: dict[int, int] = field(default_factory=dict)
    only: frozenset[int] | None = None
    """When given, only these cases may be touched by a step."""
    say: Callable[[str, int | None], str] = lambda about, _: PLAIN.get(about, f"Plain words: {about}")
    """What somebody types: about what, and for the eyes of which account (None: for staff alone)."""
    meanwhile: Callable[[], None] = lambda: None
    """What happens between two steps: the worker's part."""

    def act(self, who: Viewer) -> Act:
        return Act(who, self.now, self.program)

    @property
    def system(self) -> Act:
        return self.act(SYSTEM)

    def cases(self) -> list[Case]:
        found = self.session.scalars(select(Case).order_by(Case.id)).all()
        return [case for case in found if self.only is None or case.id in self.only]

    def roots(self) -> list[Case]:
        return [case for case in self.cases() if case.merged_into_id is None]

    def live(self, *phases: str) -> list[Case]:
        return [case for case in self.roots() if case.outcome is None and (not phases or case.phase in phases)]

    def requests(self, *, withdrawn: bool) -> list[Request]:
        rows = self.session.scalars(select(Request).order_by(Request.id)).all()
        mine = {case.id for case in self.cases()}
        return [each for each in rows if each.case_id in mine and (each.withdrawn_at is not None) is withdrawn]

    def links(self) -> list[Merge]:
        rows = self.session.scalars(select(Merge).where(Merge.unmerged_at.is_(None)).order_by(Merge.id)).all()
        mine = {case.id for case in self.cases()}
        return [link for link in rows if link.child_id in mine]

    def person(self, person_id: int) -> Viewer:
        return next(each for each in self.people if each.id == person_id)

    def primary(self, case: Case) -> Viewer:
        found = self.session.get(Request, case.primary_request_id) if case.primary_request_id else None
        if found is None:
            raise Nothing
        return self.person(found.person_id)

    def wait(self, **by: float) -> None:
        self.now += timedelta(**by)


def a_world(session: Session, cast: Cast) -> World:
    """The cast's three requesters, a second one at Contoso, and one at an account of their own."""
    contoso = cast.cleo.account_name
    dora = _person(session, "dora", cast.cleo.account_id, contoso)
    initech = Account(name="Initech", created_at=MONDAY)
    session.add(initech)
    session.flush()
    emil = _person(session, "emil", initech.id, initech.name)
    return World(session, cast, [cast.ada, cast.ben, cast.cleo, dora, emil])


def _person(session: Session, name: str, account_id: int | None, account: str) -> Viewer:
    row = add_person(
        session, email=f"{name}@{account.lower()}.example", name=name.capitalize(), role=Role.REQUESTER,
        account_id=account_id, password=None, now=MONDAY,
    )  # fmt: skip
    return people.viewer_of(row, account)


def pick(found: Sequence[T], number: int) -> T:
    if not found:
        raise Nothing
    return found[number % len(found)]


def do(world: World, step: Step) -> str:
    """Make the step; answers done, refused (nothing is left behind) or nothing (there was nothing to do it to)."""
    name, *numbers = step
    world.wait(minutes=1)
    world.meanwhile()
    try:
        with world.session.begin_nested():
            STEPS[name](world, *numbers)
            world.session.flush()
    except REFUSALS as fault:
        return _note(world, step, f"refused: {fault}")
    except Nothing:
        return _note(world, step, "nothing")
    return _note(world, step, "done")


def _note(world: World, step: Step, how: str) -> str:
    world.told.append(f"{world.now:%d %H:%M} {step} {how}")
    return how.partition(":")[0]


def _submit(world: World, a: int, b: int, c: int) -> None:
    if len(world.cases()) >= MOST_CASES or world.only is not None:
        raise Nothing
    ask_for(world, pick(world.people, a), service_name=f"Service {b % 3}", would_preview=c % 2 == 1)


def _join(world: World, a: int, b: int, c: int) -> None:
    case = pick(world.cases(), b)
    ask_for(world, pick(world.people, a), join=case.number, would_preview=c % 2 == 1)


def ask_for(world: World, who: Viewer, *, join: str | None = None, **changes: Any) -> Request:
    """Send a request with a file, every word of it for the requester's own account."""
    typed = {name: world.say(name, who.account_id) for name in OWN_WORDS}
    request = a_request(world.session, who, now=world.now, join=join, **{**typed, **changes})
    name, body = world.say("file_name", who.account_id), world.say("file_body", who.account_id).encode()
    upload = submit.Upload(f"{name}.yaml", "text/plain", sha256(body).hexdigest(), body)
    submit.keep_upload(world.session, request, upload, world.act(who))
    return request


def _withdraw(world: World, a: int, _: int, c: int) -> None:
    request = pick(world.requests(withdrawn=False), a)
    withdraw.withdraw(world.session, request, world.act(_leaver(world, request, c)))


def _take_back(world: World, a: int, _: int, c: int) -> None:
    request = pick(world.requests(withdrawn=True), a)
    withdraw.take_back(world.session, request, world.act(_leaver(world, request, c)))


def _leaver(world: World, request: Request, number: int) -> Viewer:
    return world.cast.specialist if number % 4 == 0 else world.person(request.person_id)


def _merge(world: World, a: int, b: int, c: int) -> None:
    put_together(world, pick(world.roots(), a), pick(world.cases(), b), _merger(world, c))


def put_together(world: World, child: Case, into: Case, who: Viewer) -> Merge:
    """Merge by somebody who has just read both."""
    root = world.session.get_one(Case, into.root_id)
    return merge.merge(
        world.session, child, into, world.act(who), version=child.version, into_version=root.version
    )  # fmt: skip


def _merger(world: World, number: int) -> Viewer:
    return world.cast.specialist if number % 3 == 0 else world.cast.lead


def _unmerge(world: World, a: int, _: int, c: int) -> None:
    merge.unmerge(world.session, pick(world.links(), a), world.act(_merger(world, c)))


def _undo(world: World, a: int, _: int, __: int) -> None:
    act = world.act(world.cast.lead)
    case = pick([each for each in world.cases() if undo.last_undoable(world.session, each, act)], a)
    undo.undo(world.session, case, version=case.version, act=act)


def _forward(world: World, a: int, _: int, __: int) -> None:
    """To the next phase, with everything the guards ask for."""
    case = pick(world.live(), a)
    {
        Phase.SUBMISSION: _claim, Phase.VALIDATION: _accept, Phase.CONSULTATION: _start_build,
        Phase.DEVELOPMENT: _open_preview, Phase.PRIVATE_PREVIEW: _release,
    }[Phase(case.phase)](world, case)  # fmt: skip


def _claim(world: World, case: Case) -> None:
    move(world.session, case, "claim", world.cast.specialist, now=world.now)


def _accept(world: World, case: Case) -> None:
    judged = {name: ("possible", world.say("assessment", None)) for name in Criterion}
    assess.decide(world.session, case, judged, world.act(world.cast.specialist))
    _record(world, case, world.cast.specialist, "duplicates_checked")
    reason = world.say("reason", case.account_id)
    move(world.session, case, "accept", world.cast.specialist, now=world.now, reason=reason)


def _start_build(world: World, case: Case) -> None:
    times = world.say("times", case.account_id)
    consult.offer(world.session, case, world.act(world.cast.specialist), times=times)
    _record(world, case, world.cast.specialist, *CONSULTED)
    move(world.session, case, "start_build", world.cast.specialist, now=world.now)


def _open_preview(world: World, case: Case) -> None:
    _record(world, case, world.cast.engineer, *BUILT)
    move(world.session, case, "open_preview", world.cast.engineer, now=world.now)


def _release(world: World, case: Case) -> None:
    _record(world, case, world.cast.lead, *PREVIEWED)
    move(world.session, case, "release", world.cast.lead, now=world.now)


def _record(world: World, case: Case, who: Viewer, *keys: str) -> None:
    for key in keys:
        fact = Fact(key, note=world.say(f"note_{key}", case.account_id))
        evidence.put(world.session, case, fact, world.act(who))


def _back(world: World, a: int, _: int, __: int) -> None:
    case = pick(world.live("consultation", "development", "private_preview"), a)
    name, fields = {
        Phase.CONSULTATION: ("rescope", {"reason": "Another API"}),
        Phase.DEVELOPMENT: ("lose_access", {"reason": world.say("reason", case.account_id)}),
        Phase.PRIVATE_PREVIEW: ("rework", {"gaps": ["Refunds are missing"]}),
    }[Phase(case.phase)]
    move(world.session, case, name, world.cast.specialist, now=world.now, **fields)


def _end(world: World, a: int, _: int, c: int) -> None:
    case = pick(world.live(), a)
    name, fields = {
        0: ("decline", dict(DECLINE)),
        1: ("close", {"reason": "The program ends"}),
        2: ("decline_late", {**DECLINE, "findings": "No incremental reads"}),
    }[c % 3]
    move(world.session, case, name, world.cast.lead, now=world.now, **fields)


def _appeal(world: World, a: int, _: int, __: int) -> None:
    case = pick([each for each in world.roots() if each.outcome == "not_a_candidate"], a)
    news = world.say("news", case.account_id)
    move(world.session, case, "appeal", world.cast.specialist, now=world.now, new_information=news)


HOLDS = ("requester_info", "source_vendor", "requester_access", "fivetran_outage")


def _hold(world: World, a: int, b: int, c: int) -> None:
    case, until = pick(world.live(), a), world.now + timedelta(days=1) if c % 2 else None
    hold.put_on(
        world.session, case, world.act(world.cast.specialist), reason=HOLDS[b % len(HOLDS)],
        question=world.say("question", case.account_id), expected_until=until,
    )  # fmt: skip


def _resume(world: World, a: int, _: int, c: int) -> None:
    """A question is answered by the primary, or the hold lifted by a specialist."""
    waiting = world.session.scalars(select(Hold).where(Hold.ended_at.is_(None)).order_by(Hold.id)).all()
    mine = {case.id: case for case in world.roots()}
    found = pick([each for each in waiting if each.case_id in mine], a)
    case = mine[found.case_id]
    if found.reason.startswith("requester") and c % 2:
        body = world.say("answer", case.account_id)
        hold.answer(world.session, case, found, world.act(world.primary(case)), body=body)
    else:
        hold.lift(world.session, case, found, world.act(world.cast.specialist))


def _comment(world: World, a: int, b: int, c: int) -> None:
    """By somebody of the tree, by staff to the primary's account, or among staff."""
    case = pick(world.roots(), a)
    who = world.person(pick(live_requests(world, tree_of(world, case)), b).person_id)
    by, account_id, internal = (
        (who, who.account_id, False),
        (world.cast.specialist, case.account_id, False),
        (world.cast.specialist, case.account_id, True),
    )[c % 3]
    assert account_id is not None
    body = world.say("comment", None if internal else account_id)
    hold.comment(world.session, case, world.act(by), body=body, internal=internal, account_id=account_id)


def _assign(world: World, a: int, _: int, c: int) -> None:
    case = pick(world.roots(), a)
    person = (None, world.cast.specialist.id, world.cast.engineer.id)[c % 3]
    assign.assign(world.session, case, person, version=case.version, act=world.act(world.cast.lead))


def _provision(world: World, a: int, _: int, c: int) -> None:
    """What the worker does about a starter connector: make it, then see that access was granted."""
    case = pick(world.live("consultation", "development", "private_preview"), a)
    plan = provision.plan(world.session, case.id, world.system)
    row = connections.live(world.session, case.id)
    if plan is None and row is None:
        raise Nothing
    setup = "connected" if c % 2 else "incomplete"
    seen = Seen(f"made_{plan.row_id if plan else row.id}", setup, "paused", True, None, None)  # type: ignore[union-attr]
    if plan is not None:
        provision.made(world.session, plan.row_id, seen, world.system)
    elif row is not None:
        readings.take_in(world.session, row, seen, world.system)


def _dismiss(world: World, a: int, b: int, c: int) -> None:
    kind = dismiss.KINDS[c % 2]
    dismiss.dismiss(
        world.session, pick(world.cases(), a), pick(world.cases(), b), world.act(world.cast.specialist), kind=kind
    )


def _wait(world: World, a: int, _: int, __: int) -> None:
    world.wait(**pick(({"minutes": 4}, {"minutes": 11}, {"hours": 3}, {"days": 1}, {"days": 6}), a))


def _sweep(world: World, _: int, __: int, ___: int) -> None:
    sweep.clocks_due(world.session, world.system)
    sweep.holds_expired(world.session, world.system)
    sweep.waits_overdue(world.session, world.system)
    sweep.verifications_due(world.session, world.system)
    sweep.asks_expired(world.session, world.system)


def _swap(world: World, a: int, _: int, __: int) -> None:
    link = pick(world.links(), a)
    child, root = (world.session.get_one(Case, each) for each in (link.child_id, link.into_id))
    merge.swap(
        world.session, link, world.act(world.cast.lead), version=child.version, into_version=root.version
    )  # fmt: skip


def _merge_lot(world: World, a: int, b: int, _: int) -> None:
    """Two cases at once into a third, or neither."""
    roots = world.roots()
    into = pick(roots, a)
    others = [each for each in roots if each.id != into.id]
    lot = {each.id: each for each in (pick(others, b), pick(others, b + 1))}
    merge.merge_all(
        world.session, [(each, each.version) for each in lot.values()], into, world.act(world.cast.lead),
        into_version=into.version,
    )  # fmt: skip


def _unmerge_lot(world: World, a: int, _: int, __: int) -> None:
    act = world.act(world.cast.lead)
    lots = [link for link in world.links() if merge.lot_of(world.session, link, act)]
    merge.unmerge_all(world.session, pick(lots or world.links(), a), act)


def _merge_by_policy(world: World, a: int, b: int, _: int) -> None:
    child, root = pick(world.roots(), a), pick(world.roots(), b)
    assert world.cast.lead.id is not None
    merge.merge_automatically(world.session, child, root, world.system, by_id=world.cast.lead.id)


def _answer_ask(world: World, a: int, _: int, c: int) -> None:
    """Whoever is asked to lead a case says yes or no."""
    mine = {case.id for case in world.cases()}
    open_ones = select(PrimaryAsk).where(PrimaryAsk.answered_at.is_(None)).order_by(PrimaryAsk.id)
    ask = pick([each for each in world.session.scalars(open_ones) if each.case_id in mine], a)
    request = world.session.get_one(Request, ask.request_id)
    heir.answer(world.session, request, world.act(world.person(request.person_id)), yes=c % 2 == 1)


def _vacant(world: World) -> list[Case]:
    return [case for case in world.live() if case.primary_request_id is None]


def _choose(world: World, a: int, b: int, _: int) -> None:
    case = pick(_vacant(world), a)
    request = pick(live_requests(world, tree_of(world, case)), b)
    consent = world.say("consent", request.account_id)
    heir.choose(
        world.session, case, request, world.act(world.cast.specialist), version=case.version, consent=consent
    )  # fmt: skip


def _ask_again(world: World, a: int, _: int, __: int) -> None:
    case = pick(_vacant(world), a)
    heir.ask_again(world.session, case, world.act(world.cast.specialist), version=case.version)


def _think_again(world: World, a: int, _: int, c: int) -> None:
    """A supporter would join the private preview after all, or would not."""
    request = pick(world.requests(withdrawn=False), a)
    supporting.answer_preview(
        world.session, request, world.act(world.person(request.person_id)), would=c % 2 == 1
    )  # fmt: skip


STEPS: dict[str, Callable[[World, int, int, int], None]] = {
    "submit": _submit, "join": _join, "withdraw": _withdraw, "take_back": _take_back, "merge": _merge,
    "unmerge": _unmerge, "undo": _undo, "forward": _forward, "back": _back, "end": _end, "appeal": _appeal,
    "hold": _hold, "resume": _resume, "comment": _comment, "assign": _assign, "provision": _provision,
    "dismiss": _dismiss, "wait": _wait, "sweep": _sweep, "swap": _swap, "merge_lot": _merge_lot,
    "unmerge_lot": _unmerge_lot, "merge_by_policy": _merge_by_policy, "answer_ask": _answer_ask, "choose": _choose,
    "ask_again": _ask_again, "think_again": _think_again,
}  # fmt: skip
WEIGHTS = {
    "merge": 8, "unmerge": 4, "forward": 7, "withdraw": 3, "join": 3, "submit": 3, "undo": 3, "take_back": 3, "wait": 3,
    "provision": 3, "hold": 2, "resume": 2, "swap": 4, "answer_ask": 4, "merge_lot": 2,
}  # fmt: skip
CHOICES = tuple(name for name in STEPS for _ in range(WEIGHTS.get(name, 1)))


def steps(*, least: int, most: int, choices: Iterable[str] = CHOICES) -> st.SearchStrategy[list[Step]]:
    """Histories of so many steps, as Hypothesis makes them."""
    number = st.integers(0, 11)
    return st.lists(st.tuples(st.sampled_from(tuple(choices)), number, number, number), min_size=least, max_size=most)


def populate(world: World, number: int = 5) -> None:
    """Every world begins with a few cases: each person's own, Ada's with Cleo as a supporter."""
    for index in range(number):
        who = world.people[index % len(world.people)]
        ask_for(world, who, service_name=f"Service {index}", would_preview=index == 2)
    ask_for(world, world.people[2], join=world.cases()[0].number)


def send_due(world: World, rolled: Any, settings: Settings, sent: Memory) -> None:
    """The worker's part: letters that are due are written and sent. Effects on Fivetran are left out."""

    def deliver(context: Context, call: Call) -> None:
        delivery.deliver(context.database, call.args["letter_id"], context.now(), sent)

    def nothing(context: Context, call: Call) -> None:
        pass

    world.session.commit()
    effects = defaultdict(lambda: nothing, notify=EFFECTS["notify"], deliver=deliver)
    worker = Worker(Context(rolled, settings, lambda: world.now, _no_fivetran), effects=effects)
    while worker.one():
        pass
    world.session.expire_all()


def _no_fivetran() -> Any:
    raise AssertionError("nothing here reaches Fivetran")


SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)


def explore(rolled: Any, cast: Cast, script: st.SearchStrategy[Any], examples: int, run: Any) -> None:
    """Try so many scripts, each in a world of its own; the same ones on every run. Shortening a script that fails takes
    minutes, and a failure tells its whole history anyway: add `Stage.shrink` while looking for a cause."""

    @profile(
        max_examples=examples, derandomize=True, database=None, deadline=None, suppress_health_check=SLOW,
        print_blob=False, phases=(Stage.generate,), report_multiple_bugs=False,
    )  # fmt: skip
    @given(found=script)
    def tried(found: Any) -> None:
        within(rolled, cast, found, run)

    tried()


def within(rolled: Any, cast: Cast, found: Any, run: Any) -> None:
    """Run one script in a world of its own, of which nothing is left afterwards."""
    nested = rolled.connection.begin_nested()
    try:
        with Session(rolled.connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            run(a_world(session, cast), found)
    finally:
        nested.rollback()


def of(rolled: Any, sqlite: int, postgresql: int) -> int:
    return {"sqlite": sqlite, "postgresql": postgresql}[rolled.connection.dialect.name]


# What must hold after every step.


def check(world: World, among: Iterable[int] | None = None) -> None:
    """Everything that is cached or counted is what a recount finds; trees are trees. `among`: whole trees only."""
    world.session.flush()
    wanted = select(Case.__table__) if among is None else select(Case.__table__).where(Case.id.in_(list(among)))
    rows = {row.id: row for row in world.session.execute(wanted).all()}
    roots = _roots(world, rows)
    _check_counts(world, rows, roots)
    _check_primaries(world, rows, roots)
    _check_clocks(world, rows, roots)
    for case_id, row in rows.items():
        assert row.version >= world.versions.get(case_id, 1), "a version only counts up"
        world.versions[case_id] = row.version


def check_chains(world: World) -> None:
    """Entries are only ever appended, so a chain that was broken once stays broken: look at the end."""
    assert timeline.broken(world.session) == []


def _roots(world: World, rows: dict[int, Any]) -> dict[int, int]:
    """The root of every case, found by walking the standing links up; asserts what is cached about it."""
    standing = select(Merge.child_id, Merge.into_id).where(Merge.unmerged_at.is_(None), Merge.child_id.in_(rows))
    parents = {row.child_id: row.into_id for row in world.session.execute(standing)}
    assert parents == {row.id: row.merged_into_id for row in rows.values() if row.merged_into_id is not None}
    found = {}
    for case_id, row in rows.items():
        at, seen = case_id, {case_id}
        while at in parents:
            at = parents[at]
            assert at not in seen, "no case stands above itself"
            seen.add(at)
        found[case_id] = at
        assert row.root_id == at, f"the cached root of {case_id} is the one that walking finds"
        assert (row.outcome == "merged") is (case_id in parents), "exactly what is no root is merged"
    return found


def _check_counts(world: World, rows: dict[int, Any], roots: dict[int, int]) -> None:
    persons, accounts = defaultdict(set), defaultdict(set)
    live = select(Request.case_id, Request.person_id, Request.account_id).where(Request.withdrawn_at.is_(None))
    live = live.where(Request.case_id.in_(rows))
    for case_id, person_id, account_id in world.session.execute(live).all():
        persons[roots[case_id]].add(person_id)
        accounts[roots[case_id]].add(account_id)
    for root_id in set(roots.values()):
        assert supporters(world.session, root_id) == (len(persons[root_id]), len(accounts[root_id]))


def _check_primaries(world: World, rows: dict[int, Any], roots: dict[int, int]) -> None:
    """A live root has a primary: a live request of its own tree, whose account it bears; or it asks for one."""
    for root_id in set(roots.values()):
        row = rows[root_id]
        if row.outcome is None and row.primary_request_id is None:
            _check_asked(world, row, roots)
        else:
            assert heirs.open_ask(world.session, root_id) is None, f"{root_id} asks somebody although it is led"
        if row.primary_request_id is None:
            continue
        primary = world.session.get_one(Request, row.primary_request_id)
        if row.outcome is None:
            assert primary.withdrawn_at is None, f"the primary of {root_id} has left"
            assert roots[primary.case_id] == root_id, f"the primary of {root_id} is of another tree"
        assert primary.account_id == row.account_id


def _check_asked(world: World, row: Any, roots: dict[int, int]) -> None:
    """Where nobody leads a live case one of its people is asked to, or nobody is left to be asked."""
    ask = heirs.open_ask(world.session, row.id)
    if ask is None:
        case = world.session.get_one(Case, row.id)
        assert heir.in_line(world.session, case) == [], f"{row.id} has no primary and asks nobody"
        return
    asked = world.session.get_one(Request, ask.request_id)
    assert asked.withdrawn_at is None, f"{row.id} asks somebody who has left"
    assert roots[asked.case_id] == row.id, f"{row.id} asks somebody of another tree"


def _check_clocks(world: World, rows: dict[int, Any], roots: dict[int, int]) -> None:
    due, at_risk = defaultdict(list), defaultdict(list)
    for row in world.session.execute(_clocks_of(rows)).all():
        _check_fold(world, row)
        if row.due_at is not None and not CLOCKS[row.name].internal:
            due[roots[row.case_id]].append(row.due_at)
            at_risk[roots[row.case_id]] += [row.at_risk_at] if row.at_risk_at else []
    for root_id in set(roots.values()):
        found = (rows[root_id].queue_at, rows[root_id].at_risk_at)
        wanted = (min(due[root_id], default=FAR), min(at_risk[root_id], default=None))
        assert found == wanted, f"the queue's place of {root_id} is {found}, a recount finds {wanted}"
    for row in rows.values():
        waiting = [each.reason for each in holds.open_holds(world.session, row.id)]
        assert row.held in (waiting or [None]), f"{row.id} is held as {row.held}, open are {waiting}"


def _clocks_of(case_ids: Iterable[int]) -> Select[Any]:
    return select(Clock.__table__).where(Clock.case_id.in_(list(case_ids))).order_by(Clock.id)


def _check_fold(world: World, row: Any) -> None:
    events = clocks.events_of(world.session, row.id)
    if row.state == "void":
        return
    state = fold(events, as_of=world.now)
    kept = (row.state, row.started_at, row.stopped_at, row.due_at, row.at_risk_at, row.urgent_at, row.target_s)
    target = state.target.total_seconds() if state.target else 0.0
    wanted = (
        str(state.state), state.started_at, state.stopped_at, state.due_at, state.at_risk_at, state.urgent_at, target
    )  # fmt: skip
    assert kept == wanted, f"clock {row.id} ({row.name}) keeps {kept}, its events say {wanted}"
    if row.notice_at is None or row.notice_at > world.now:  # else the next sweep looks at it
        assert (row.verdict, row.breached_at) == (state.verdict, state.breached_at)


# Every row there is, to compare a before with an after.

GROWING = frozenset({"timeline", "timeline_text", "undone", "job", "clock_event", "merge"})
"""Tables that only grow: what was done and taken back stays on record."""
DERIVED = frozenset({"match_key", "duplicate_pair", "chain_anchor"})
"""Computed from the rest by jobs, at any time anew."""
COUNTING = frozenset({"version", "touched_at", "chain_head", "chain_count", "elapsed_s", "paused"})
"""Columns that must move: versions count up so that nobody decides by an old page; the chain's head names its last
entry; elapsed and paused time are what they were when the clock was looked at last."""
REACHED_BY = {"clock_id": "clock", "request_id": "request", "connection_row_id": "connection"}


def rows_of(session: Session, case_ids: Iterable[int] | None = None) -> dict[str, list[str]]:
    """Every row of every table that an unmerging must give back; with `case_ids` only what belongs to these cases."""
    session.flush()
    found = {}
    for table in schema.metadata.sorted_tables:
        if table.name in GROWING | DERIVED:
            continue
        found_here = select(*[column for column in table.columns if column.name not in COUNTING])
        if table.name == "primary_ask":  # a question that nobody needs to answer any more is history
            found_here = found_here.where(func.coalesce(table.c.answer, "") != "dropped")
        wanted = found_here if case_ids is None else _belonging(found_here, table, list(case_ids))
        if wanted is not None:
            found[table.name] = sorted(map(repr, session.execute(wanted).all()))
    return found


def _belonging(wanted: Select[Any], table: Table, case_ids: list[int]) -> Select[Any] | None:
    if table.name == "case":
        return wanted.where(table.c.id.in_(case_ids))
    if "case_id" in table.columns:
        return wanted.where(table.c.case_id.in_(case_ids))
    for name, target in REACHED_BY.items():
        if name in table.columns:
            other = schema.metadata.tables[target]
            return wanted.where(table.c[name].in_(select(other.c.id).where(other.c.case_id.in_(case_ids))))
    return None


def tree_of(world: World, case: Case) -> frozenset[int]:
    """The case and everything below it."""
    found = [case.id]
    for case_id in found:
        below = select(Merge.child_id).where(Merge.into_id == case_id, Merge.unmerged_at.is_(None))
        found += world.session.scalars(below).all()
    return frozenset(found)


def live_requests(world: World, case_ids: Iterable[int]) -> list[Request]:
    rows = world.session.scalars(select(Request).where(Request.withdrawn_at.is_(None)).order_by(Request.id)).all()
    return [each for each in rows if each.case_id in set(case_ids)]

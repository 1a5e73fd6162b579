"""One starter connector a case: whatever is killed, lost, late, doubled, or was there before."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from at_once import at_once
from factories import BUILT, CONSULTED, MONDAY, PREVIEWED, Cast, a_case, a_cast, a_request, act, move, put
from flask import Flask
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker import resources
from request_tracker.actions import (
    absent,
    enrol,
    first_sync,
    heir,
    merge,
    placing,
    provision,
    readings,
    removal,
    sweep,
    withdraw,
)
from request_tracker.emulator import app as emulated
from request_tracker.emulator.world import EXTENSION, Switches
from request_tracker.fivetran.client import Fivetran
from request_tracker.rules.people import SYSTEM
from request_tracker.rules.sending import Sent
from request_tracker.rules.starter import GroupPolicy, Layout, Owner, Way, place
from request_tracker.settings import Settings
from request_tracker.store import cases, connections, evidence, groups, jobs, people
from request_tracker.store.cases import Case
from request_tracker.store.connections import Condition, Connection
from request_tracker.store.evidence import Evidence
from request_tracker.store.groups import GroupIntent
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.policies import GROUPS, Policy
from request_tracker.store.requests import Request
from request_tracker.store.session import Database
from request_tracker.store.timeline import Entry
from request_tracker.work import grouping, looking, making, removing, schedule
from request_tracker.work.context import Context, Later
from request_tracker.work.seeing import seen_of
from request_tracker.work.worker import Worker

EMULATOR, PAIR = "http://emulator.example", ("key", "fivetran-secret")
NAME = "lite_acme_billing_1"


class Killed(BaseException):
    """A worker that is ended here and now."""


class Line(httpx.BaseTransport):
    """The line to the neighbour. `fates`: what becomes of the next requests about something, in order."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.fates: dict[str, list[str]] = {}
        self.travelling: list[httpx.Request] = []
        self.steps = Steps()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.steps.one()
        left = self.fates.get(_about(request), [])
        fate = left.pop(0) if left else "ok"
        if fate == "late":
            self.travelling.append(request)
        if fate in ("late", "lost"):
            raise httpx.ReadTimeout("nothing came back")
        answer = self.inner.handle_request(request)
        answer.read()
        self.steps.one()
        if fate == "lost after":
            raise httpx.ReadTimeout("nothing came back")
        if fate == "killed":
            raise Killed
        return answer

    def land(self) -> None:
        """What was travelling arrives now."""
        for request in self.travelling:
            self.inner.handle_request(request)
        self.travelling.clear()


def _about(request: httpx.Request) -> str:
    """What a request would make or delete: a name, or an id; empty for one that only asks."""
    if request.method == "DELETE":
        return request.url.path.rsplit("/", 1)[1]
    body = json.loads(request.content) if request.method == "POST" and request.content else {}
    return str(body.get("name") or body.get("config", {}).get("schema", ""))


@dataclass
class Steps:
    """Counts what a worker does, and ends it at a chosen step."""

    count: int = 0
    last: int | None = None

    def one(self) -> None:
        self.count += 1
        if self.count == self.last:
            raise Killed

    def until(self, last: int | None) -> None:
        self.count, self.last = 0, last


@dataclass
class Mortal(Database):
    """A database whose units of work are steps at which a worker may die: before it, and just after its commit."""

    def __init__(self, inner: Database, steps: Steps) -> None:
        self.inner, self.steps, self.engine = inner, steps, inner.engine

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        self.steps.one()
        with self.inner.transaction() as session:
            yield session
        self.steps.one()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self.inner.reading() as session:
            yield session


@dataclass
class Stage:
    """A worker, the emulator and the line between them, on one clock."""

    database: Database
    settings: Settings
    switches: Switches = field(default_factory=lambda: Switches(duplicate_schema_allowed=True))
    now: datetime = MONDAY

    def __post_init__(self) -> None:
        self.emulator = emulated.create_app(
            template_folder=resources.TEMPLATES,
            key=PAIR[0],
            secret=PAIR[1],
            now=lambda: self.now,
            public_url=EMULATOR,
            switches=self.switches,
        )
        inner = httpx.WSGITransport(app=self.emulator)
        self.line = Line(inner)
        self.plain = Fivetran(EMULATOR, *PAIR, transport=inner)
        self.control = httpx.Client(transport=inner, base_url=EMULATOR, auth=PAIR)
        self.context = self.a_context(Mortal(self.database, self.line.steps))
        with self.database.transaction() as session:
            self.cast = a_cast(session)
            self.case_id = a_case(session, self.cast, phase="consultation").id

    def a_context(self, database: Database) -> Context:
        return Context(
            database,
            self.settings,
            lambda: self.now,
            lambda: Fivetran(EMULATOR, *PAIR, transport=self.line, sleep=lambda _: None),
        )

    def more(self, count: int) -> list[int]:
        """So many more accepted cases."""
        with self.database.transaction() as session:
            names = [f"Service {n + 2}" for n in range(count)]
            return [a_case(session, self.cast, phase="consultation", service_name=each).id for each in names]

    def name_of(self, case_id: int) -> str:
        return NAME if case_id == self.case_id else f"lite_service_{case_id}_{case_id}"

    def one(self) -> None:
        """What a worker does with the cases once their undo windows are over, as far as it lives."""
        self.later(seconds=601)
        self.drain()

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def drain(self) -> None:
        """All jobs that are due, done by workers of whom one may die: its job is taken up again at once."""
        try:
            Worker(self.context).drain()
        except Killed:
            self.line.steps.until(None)
            self._revive()
            Worker(self.context).drain()

    def settle(self, minutes: int = 6) -> None:
        """Let so much time pass, stopping whenever a job is due."""
        until = self.now + timedelta(minutes=minutes)
        self.drain()
        while (due := self._next_due()) is not None and due <= until:
            self.now = max(due, self.now + timedelta(seconds=1))
            self.drain()
        self.now = max(self.now, until)

    def _next_due(self) -> datetime | None:
        with self.database.reading() as session:
            return session.scalar(select(func.min(Job.run_at)).where(Job.state == "ready"))

    def row(self, case_id: int = 0) -> Connection:
        with self.database.reading() as session:
            found = connections.newest(session, case_id or self.case_id)
        assert found is not None
        return found

    def there(self) -> list[dict[str, Any]]:
        return list(self.control.get("/v1/connections").json()["data"]["items"])

    def groups(self) -> list[str]:
        return sorted(each.name for each in self.plain.groups())

    def letters(self, notice: str) -> int:
        with self.database.reading() as session:
            wanted = select(func.count()).select_from(Letter).where(Letter.notice == notice)
            return int(session.scalar(wanted) or 0)

    def told(self, kind: str) -> int:
        with self.database.reading() as session:
            return int(session.scalar(select(func.count()).select_from(Entry).where(Entry.kind == kind)) or 0)

    def said(self, kind: str) -> str:
        with self.database.reading() as session:
            found = {each.kind: each.reason for each in connections.conditions(session, self.row().id)}
        return found.get(kind, "")

    def decide(self, policy: GroupPolicy) -> None:
        with self.database.transaction() as session:
            session.add(Policy(name=GROUPS, value=policy.to_json(), by_id=self.cast.admin.id, at=self.now))

    def stands_once(self, case_id: int = 0) -> None:
        """Exactly one connection, known to its row, told once."""
        row = self.row(case_id)
        mine = [each["id"] for each in self.there() if each["schema"] == row.schema_name]
        assert mine == [row.connection_id]
        assert (row.state, row.in_flight_until, row.ours) == ("created", None, True)
        with self.database.reading() as session:
            assert "starter_ready" in evidence.standing(session, row.case_id)

    def _revive(self) -> None:
        with self.database.transaction() as session:
            session.execute(update(Job).where(Job.state == "running").values(state="ready", locked_until=None))


@pytest.fixture
def stage(fresh: Database, settings: Settings) -> Iterator[Stage]:
    made = Stage(fresh, replace(settings, fivetran_url=EMULATOR))
    yield made
    made.emulator.extensions[EXTENSION].close()


@pytest.fixture
def on_both(own: Database, settings: Settings) -> Iterator[Stage]:
    made = Stage(own, replace(settings, fivetran_url=EMULATOR))
    yield made
    made.emulator.extensions[EXTENSION].close()


@pytest.mark.parametrize(
    ("own", "stride"),
    [
        ("fresh", 5),
        pytest.param("fresh", 1, marks=pytest.mark.deep),
        pytest.param("fresh_postgres", 1, marks=[pytest.mark.deep, pytest.mark.postgres]),
    ],
    indirect=["own"],
)
def test_a_worker_killed_at_any_step_leaves_one(on_both: Stage, stride: int) -> None:
    stage, steps = on_both, on_both.line.steps
    stage.later(seconds=601)
    with stage.database.transaction() as session:
        session.execute(update(Job).where(Job.kind != "provision").values(state="done"))
    again = {"args": {"case_id": stage.case_id}, "now": stage.now}
    steps.until(None)
    stage.drain()
    whole = steps.count
    assert whole > 15
    for last in range(1, whole + 1, stride):
        _forget(stage)
        with stage.database.transaction() as session:
            jobs.put(session, "provision", unique_key=f"again:{last}", **again)
        steps.until(last)
        stage.drain()
        assert steps.last is None, "the worker was killed"
        stage.settle(minutes=3)
        stage.stands_once()
        assert stage.groups() == ["account_1_northwind"]


def _forget(stage: Stage) -> None:
    """As if nothing had been made for the case yet, neither here nor there."""
    for each in stage.there():
        stage.plain.delete_connection(each["id"])
    for group in stage.plain.groups():
        stage.plain.delete_group(group.id)
    with stage.database.transaction() as session:
        for kind in (Condition, Connection, GroupIntent):
            session.execute(delete(kind))
        session.execute(delete(Evidence).where(Evidence.key == "starter_ready"))


FATES = (["lost after"], ["lost"], ["killed"], ["late"], ["lost", "lost after"], ["late", "ok"])


def test_an_answer_that_never_came(stage: Stage) -> None:
    cases = [stage.case_id, *stage.more(len(FATES) - 1)]
    stage.line.fates = {stage.name_of(each): list(fates) for each, fates in zip(cases, FATES, strict=True)}
    stage.one()
    stage.settle(minutes=1)
    names = [each["schema"] for each in stage.there()]
    assert len(names) == len(set(names)), "nothing is sent again while the first may be on its way"
    stage.line.land()
    stage.settle(minutes=6)
    for each in cases:
        stage.stands_once(each)
    assert stage.letters("connect") == len(cases)


def test_a_request_that_outlived_its_time_leaves_no_twin(stage: Stage) -> None:
    stage.line.fates[NAME] = ["late"]
    stage.one()
    stage.settle(minutes=20)
    stage.stands_once()
    kept = stage.row()
    assert kept.sends == 2
    stage.line.land()
    assert len(stage.there()) == 2
    _look(stage)
    stage.drain()
    stage.stands_once()
    assert stage.row().connection_id == kept.connection_id
    assert stage.told("starter.twin_removed") == 1


def test_a_twin_that_somebody_uses_is_left_to_people(stage: Stage) -> None:
    stage.line.fates[NAME] = ["late"]
    stage.one()
    stage.settle(minutes=20)
    stage.line.land()
    (twin,) = (each["id"] for each in stage.there() if each["id"] != stage.row().connection_id)
    stage.control.post(f"/_control/grant/{twin}").raise_for_status()
    for _ in range(2):
        _look(stage)
        stage.drain()
    assert len(stage.there()) == 2
    assert stage.said("twin") == "in_use"
    assert stage.letters("starter_left") == 1


def _look(stage: Stage) -> None:
    with stage.context.fivetran() as api:
        making.twins(stage.context, api, stage.row())


def _by_hand(stage: Stage, **how: Any) -> str:
    """A connection of our name that somebody made in Fivetran."""
    made = [each for each in stage.plain.groups() if each.name == "account_1_northwind"]
    group = made[0] if made else stage.plain.create_group("account_1_northwind")
    wish = {"group_id": group.id, "service": "connector_sdk", "schema": NAME} | how
    return stage.plain.create_connection(**wish).id


THEIRS = ("another service", "granted", "not paused")


def test_what_is_somebody_elses_is_never_taken(stage: Stage) -> None:
    cases = [stage.case_id, *stage.more(len(THEIRS) - 1)]
    theirs = {each: _theirs(stage, stage.name_of(each), how) for each, how in zip(cases, THEIRS, strict=True)}
    stage.one()
    for each in cases:
        row = stage.row(each)
        assert row.schema_name == f"{stage.name_of(each)}_2"
        assert row.connection_id not in (None, theirs[each])
        stage.stands_once(each)
    assert stage.said("name") == "taken_2"


def _theirs(stage: Stage, name: str, how: str) -> str:
    service = "stripe" if how == "another service" else "connector_sdk"
    made = _by_hand(stage, schema=name, service=service, paused=how != "not paused")
    if how == "granted":
        stage.control.post(f"/_control/grant/{made}").raise_for_status()
    return made


def test_a_leftover_of_a_lost_database_is_used_and_never_deleted_by_us(stage: Stage) -> None:
    leftover = _by_hand(stage)
    stage.later(days=1)
    stage.one()
    row = stage.row()
    assert (row.connection_id, row.ours, row.sends) == (leftover, False, 0)
    assert stage.said("origin") == "found"
    _withdraw(stage)
    stage.settle(minutes=12)
    stage.later(days=8)
    stage.settle(minutes=1)
    assert [each["id"] for each in stage.there()] == [leftover]
    assert stage.said("removed") == "not_ours"
    assert stage.letters("starter_left") == 1


def _withdraw(stage: Stage) -> None:
    with stage.database.transaction() as session:
        request = session.get_one(Request, session.get_one(Case, stage.case_id).primary_request_id)
        withdraw.withdraw(session, request, act(stage.cast.ada, stage.now))


def test_a_name_called_taken_that_nobody_has_is_given_up_after_a_while(stage: Stage) -> None:
    stage.control.post("/_control/faults", json={"kind": "conflict", "method": "POST", "path": "/v1/connections"})
    stage.one()
    stage.settle(minutes=10)
    assert (stage.row().state, stage.row().sends) == ("failed", provision.MOST_CONFLICTS)
    assert stage.letters("starter_failed") == 1


def test_what_fivetran_refuses_waits_for_a_person_and_then_goes_on_by_the_same_name(stage: Stage) -> None:
    stage.emulator.extensions[EXTENSION].switches = replace(stage.switches, refuse_unknown_services=True)
    with stage.database.transaction() as session:
        session.execute(update(Job).values(run_at=stage.now))
    stage.settings = replace(stage.settings, program=replace(stage.settings.program, starter_service="no_such_thing"))
    stage.context = stage.a_context(stage.database)
    stage.one()
    stage.settle(minutes=2)
    assert stage.row().state == "failed"
    assert "no_such_thing" in stage_message(stage)
    assert stage.letters("starter_failed") == 1
    stage.emulator.extensions[EXTENSION].switches = stage.switches
    for _ in range(2):
        with stage.database.transaction() as session:
            case = session.get_one(Case, stage.case_id)
            if stage.row().state == "failed":
                provision.again(session, case, act(stage.cast.specialist, stage.now))
    stage.settle(minutes=1)
    assert (stage.row().schema_name, stage.row().sends) == (NAME, 2)
    stage.stands_once()


def stage_message(stage: Stage) -> str:
    with stage.database.reading() as session:
        return next(each.message for each in connections.conditions(session, stage.row().id) if each.kind == "api")


def test_the_case_ends_while_the_request_is_on_its_way(stage: Stage) -> None:
    stage.line.fates[NAME] = ["late"]
    stage.one()
    _withdraw(stage)
    stage.line.land()
    stage.settle(minutes=20)
    row = stage.row()
    assert row.grace_until is not None
    assert stage.letters("connect") == 0
    stage.later(days=8)
    stage.settle(minutes=1)
    assert stage.there() == []
    assert stage.row().state == "deleted"


def test_the_case_goes_on_with_somebody_else_while_the_request_is_on_its_way(stage: Stage) -> None:
    stage.line.fates[NAME] = ["late"]
    stage.one()
    with stage.database.transaction() as session:
        cleo = a_request(session, stage.cast.cleo, now=stage.now, join="LITE-000001").id
    _withdraw(stage)
    with stage.database.transaction() as session:
        heir.answer(session, session.get_one(Request, cleo), act(stage.cast.cleo, stage.now), yes=True)
    stage.line.land()
    stage.settle(minutes=20)
    assert stage.row().schema_name == f"{NAME}_2"
    assert len(stage.there()) == 2
    stage.later(days=8)
    stage.settle(minutes=1)
    assert [each["schema"] for each in stage.there()] == [f"{NAME}_2"], "Ada's was found, recorded and deleted"
    stage.stands_once()


def test_who_comes_back_while_it_is_made_hears_of_it(stage: Stage) -> None:
    stage.line.fates[NAME] = ["late"]
    stage.one()
    _withdraw(stage)
    stage.settle(minutes=1)
    stage.line.land()
    with stage.database.transaction() as session:
        request = session.get_one(Request, session.get_one(Case, stage.case_id).primary_request_id)
        withdraw.take_back(session, request, act(stage.cast.ada, stage.now))
    stage.settle(minutes=30)
    stage.stands_once()
    assert stage.letters("connect") == 1
    assert stage.row().grace_until is None


def test_deleting_is_looked_after_whatever_is_lost(stage: Stage) -> None:
    stage.one()
    made = stage.row().connection_id
    stage.line.fates[made or ""] = ["killed", "lost", "lost after"]
    _withdraw(stage)
    stage.settle(minutes=20)
    stage.later(days=8)
    stage.settle(minutes=20)
    assert stage.there() == []
    assert (stage.row().state, stage.said("removed")) == ("deleted", "deleted")
    assert stage.told("starter.deleted") == 1


def test_what_became_something_else_is_not_deleted(stage: Stage) -> None:
    stage.one()
    with stage.database.transaction() as session:
        session.get_one(Connection, stage.row().id).service = "something_else"
    _withdraw(stage)
    stage.settle(minutes=20)
    stage.later(days=8)
    stage.settle(minutes=1)
    assert len(stage.there()) == 1
    assert stage.said("removed") == "changed"
    removing.delete(stage.context, stage.row().id)
    assert stage.letters("starter_left") == 1


def test_a_case_that_lives_again_keeps_its_only_one(stage: Stage) -> None:
    stage.one()
    with stage.database.transaction() as session:
        session.get_one(Connection, stage.row().id).grace_until = stage.now
    stage.later(seconds=1)
    removing.delete(stage.context, stage.row().id)
    assert stage.row().grace_until is None
    stage.stands_once()


def _working(stage: Stage) -> Callable[[], object]:
    return Worker(stage.a_context(stage.database)).drain


def test_workers_at_once_make_one_each_in_one_group(on_both: Stage) -> None:
    stage = on_both
    stage.decide(GroupPolicy(Way.ONE_FOR_ALL, Layout.SHARED_BY_ACCOUNT))
    cases = [stage.case_id, *stage.more(2)]
    stage.line.fates["all_accounts"] = ["lost after", "lost after"]
    stage.later(seconds=601)
    with stage.database.transaction() as session:
        for n, case_id in enumerate(cases * 2):
            jobs.put(session, "provision", {"case_id": case_id}, now=stage.now, unique_key=f"more:{n}")
    at_once(*[_working(stage) for _ in range(4)])
    stage.settle(minutes=6)
    assert stage.groups() == ["all_accounts"]
    for case_id in cases:
        stage.stands_once(case_id)
    names = ["lite_northwind_acme_billing_1", "lite_northwind_service_2_2", "lite_northwind_service_3_3"]
    assert sorted(each["schema"] for each in stage.there()) == names
    assert stage.letters("connect") == len(cases)


def test_a_group_is_claimed_by_one(own: Database) -> None:
    here = place(GroupPolicy(Way.PER_SERVICE), Owner(1, "Northwind"), "acme.com")
    with own.transaction() as session:
        intent_id = groups.intent(session, here, MONDAY).id
    won: list[bool] = []

    def claim() -> None:
        with own.transaction() as session:
            won.append(groups.mark(session, intent_id, Sent(MONDAY), "me", MONDAY, MONDAY + timedelta(seconds=120)))

    at_once(*[claim] * 5)
    assert sorted(won) == [False] * 4 + [True]
    with own.transaction() as session:
        assert groups.intent(session, here, MONDAY).id == intent_id
        assert groups.made(session, intent_id, "first") == "first"
        assert groups.made(session, intent_id, "second") == "first"


def test_of_two_groups_of_one_name_none_is_guessed(stage: Stage) -> None:
    for _ in range(2):
        stage.plain.create_group("account_1_northwind")
    stage.later(days=1)
    stage.one()
    assert stage.there() == []
    assert stage.said("group") == "several"
    assert stage.letters("bind_group") == 1


def test_where_groups_are_not_made_on_demand_an_admin_is_asked_once(stage: Stage) -> None:
    stage.decide(GroupPolicy(on_demand=False))
    stage.one()
    stage.settle(minutes=40)
    assert stage.groups() == []
    assert (stage.said("group"), stage.letters("bind_group"), stage.row().sends) == ("no_group", 1, 0)


def test_the_admin_decides_where_connectors_go(app: Flask, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation", group_id="their_own_group")
    browser = Browser(app).sign_in(cast.admin)
    shown = browser.get("/admin/groups").text
    assert f"lite_acme_billing_{case.id}" in shown
    assert f"account_{cast.ada.account_id}_northwind" in shown
    assert "The requester asks for “their_own_group”" in shown, "what is typed is a to-do, never used"
    choice = {"way": "one_for_all", "layout": "shared_by_account", "reason": "One warehouse", "seen": "0"}
    preview = browser.post("/admin/groups/policy", {**choice, "preview": "1"}, status=200).text
    assert "nothing is decided yet" in preview
    assert f"lite_northwind_acme_billing_{case.id}" in preview
    assert "lite_northwind" not in browser.get("/admin/groups").text
    assert "Say why" in browser.post("/admin/groups/policy", {**choice, "reason": " "}, status=422).text
    browser.post("/admin/groups/policy", choice, status=303)
    browser.post("/admin/groups/policy", choice, status=303)
    assert browser.get("/admin/groups").text.count("One warehouse") == 1
    browser.post("/admin/groups/policy", {**choice, "reason": "Another", "way": "per_service"}, status=409)
    plan = provision.plan(session, case.id, act(SYSTEM, MONDAY))
    assert plan is not None
    assert (plan.group_id, plan.place.name, plan.may_make) == (None, "all_accounts", False)
    placing.needs_group(session, plan, act(SYSTEM, MONDAY))
    placing.intended(session, plan, act(SYSTEM, MONDAY))
    assert placing.NO_GROUP in browser.get("/admin/groups").text
    intent = session.scalars(select(GroupIntent.id).where(GroupIntent.place == "all")).one()
    purpose = {"purpose-intent_id": str(intent), "purpose-group_id": "shared_one"}
    assert (
        "without spaces"
        in browser.post("/admin/groups/purpose", {**purpose, "purpose-group_id": "a b"}, status=422).text
    )
    browser.post("/admin/groups/purpose", purpose, status=303)
    wakes = select(func.count()).select_from(Job).where(Job.unique_key.startswith("provision:groups:"))
    assert session.scalar(wakes) == 1
    bind = {"account_id": str(cast.ada.account_id), "group_id": "shared_one"}
    assert "made for others" in browser.post("/admin/groups", bind, status=422).text
    browser.post("/admin/groups", {**bind, "group_id": "bound_one"}, status=303)
    again = provision.plan(session, case.id, act(SYSTEM, MONDAY))
    assert again is not None
    assert again.group_id == "bound_one", "a bound group always wins"
    browser.post("/admin/groups/unbind", {"account_id": str(cast.ada.account_id)}, status=303)
    assert people.bound_group(session, case.account_id) is None


def test_a_destination_set_up_later_is_seen(stage: Stage) -> None:
    stage.one()
    assert stage.said("destination") == "missing"
    (group,) = stage.plain.groups()
    wish = {
        "group_id": group.id,
        "service": "snowflake",
        "time_zone_offset": "0",
        "config": {"host": "x", "password": "x"},
    }
    stage.control.post("/v1/destinations", json=wish).raise_for_status()
    grouping.ensure(stage.context)
    stage.drain()
    assert stage.said("destination") == "ready"


def test_a_second_one_is_deleted_only_where_it_has_our_very_name(stage: Stage) -> None:
    stage.line.fates[NAME] = ["late"]
    stage.one()
    stage.settle(minutes=20)
    other = _by_hand(stage, schema="lite_other_9")
    with stage.database.transaction() as session:
        seen = [seen_of(each) for each in stage.plain.connections(stage.row().group_id or "")]
        removal.look_for_twins(session, stage.row().id, seen, act(SYSTEM, stage.now))
        removal.twin_later(session, stage.row(), other, act(SYSTEM, stage.now))
    stage.drain()
    assert other in [each["id"] for each in stage.there()]
    assert stage.told("starter.twin_removed") == 0


def test_a_clock_ten_minutes_behind_does_not_make_ours_somebody_elses(stage: Stage) -> None:
    stage.emulator.extensions[EXTENSION].now = lambda: stage.now - timedelta(minutes=10)
    stage.line.fates[NAME] = ["lost", "lost after"]
    stage.one()
    stage.settle(minutes=20)
    stage.stands_once()


def test_a_deletion_whose_work_is_dead_is_taken_up_again(stage: Stage) -> None:
    stage.one()
    _withdraw(stage)
    stage.settle(minutes=20)
    with stage.database.transaction() as session:
        session.execute(update(Job).where(Job.kind == "delete_starter").values(state="dead"))
    stage.later(days=7, hours=1)
    for _ in range(2):
        schedule.ensure_nothing_forgotten(stage.context)
        stage.drain()
    assert stage.there() == []
    assert stage.told("starter.deleted") == 1
    with stage.database.transaction() as session:
        stage.later(days=1)
        assert removal.overdue(session, act(SYSTEM, stage.now)) == 0


@pytest.mark.parametrize("apart", [False, True])
def test_what_a_merged_case_brought_along_goes_with_the_root(stage: Stage, apart: bool) -> None:
    (root_id,) = stage.more(1)
    stage.one()
    stage.settle(minutes=1)
    with stage.database.transaction() as session:
        child, root = session.get_one(Case, stage.case_id), session.get_one(Case, root_id)
        lead = act(stage.cast.lead, stage.now)
        link = merge.merge(session, child, root, lead, version=child.version, into_version=root.version)
        withdraw.withdraw(session, session.get_one(Request, root.primary_request_id), act(stage.cast.ada, stage.now))
    stage.settle(minutes=11)
    if apart:
        with stage.database.transaction() as session:
            merge.unmerge(session, session.merge(link), act(stage.cast.lead, stage.now))
    stage.later(days=8)
    stage.settle(minutes=1)
    assert [each["schema"] for each in stage.there()] == ([NAME] if apart else [])


def test_what_was_merged_into_a_released_case_is_let_go_and_the_released_one_stays(stage: Stage) -> None:
    (root_id,) = stage.more(1)
    stage.one()
    stage.settle(minutes=1)
    with stage.database.transaction() as session:
        child, root = session.get_one(Case, stage.case_id), session.get_one(Case, root_id)
        lead = act(stage.cast.lead, stage.now)
        merge.merge(session, child, root, lead, version=child.version, into_version=root.version)
        put(session, root, stage.cast.specialist, *CONSULTED[1:], now=stage.now)
        move(session, root, "start_build", stage.cast.specialist, now=stage.now)
        put(session, root, stage.cast.engineer, *BUILT, now=stage.now)
        move(session, root, "open_preview", stage.cast.engineer, now=stage.now)
        put(session, root, stage.cast.specialist, *PREVIEWED, now=stage.now)
        move(session, root, "release", stage.cast.lead, now=stage.now)
    for wait in ({"hours": 2}, {"days": 8}):
        stage.later(**wait)
        schedule.ensure_nothing_forgotten(stage.context)
        stage.settle(minutes=1)
    assert [each["schema"] for each in stage.there()] == [stage.row(root_id).schema_name]


def test_many_gone_at_once_are_not_believed_before_a_person_looked(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(absent, "BELIEVED", 2)
    cases = [stage.case_id, *stage.more(absent.BELIEVED + 2)]
    stage.one()
    *gone, kept = [stage.row(each) for each in cases]
    stage.later(minutes=1)
    for each in gone:
        _read(stage, each, None)
    states = [stage.row(each.case_id).state for each in gone]
    assert states == ["missing"] * absent.BELIEVED + ["created"] * 2
    stage.drain()
    assert (stage.letters("still_wanted"), stage.letters("many_missing")) == (absent.BELIEVED, 1)
    stage.plain.delete_connection(gone[-1].connection_id or "")
    with stage.database.transaction() as session:
        removal.begin_grace(
            session, session.get_one(Connection, gone[-1].id), act(SYSTEM, stage.now - timedelta(days=8))
        )
    with pytest.raises(Later):
        removing.delete(stage.context, gone[-1].id)
    with stage.database.transaction() as session:
        session.get_one(Connection, gone[-1].id).grace_until = None
    stage.later(minutes=1)
    _read(stage, kept, kept.connection_id)
    for each in gone:
        _read(stage, each, None)
    assert stage.row(gone[-1].case_id).state == "missing", "another one was seen, so the key is right"


def _read(stage: Stage, row: Connection, found: str | None) -> None:
    reply = stage.plain.connection(found) if found else None
    with stage.database.transaction() as session:
        _, mine = connections.locked(session, row.id)
        readings.take_in(session, mine, seen_of(reply) if reply else None, act(SYSTEM, stage.now))


def test_looks_leave_room_for_people_and_for_what_is_being_made(stage: Stage) -> None:
    stage.one()
    row = stage.row()
    kept = {each.name: getattr(row, each.name) for each in Connection.__table__.columns if each.name != "id"}
    with stage.database.transaction() as session:
        for n in range(300):
            session.add(
                Connection(
                    **(kept | {"connection_id": f"more_{n}", "grace_until": stage.now, "check_after": stage.now})
                )
            )
        system = act(SYSTEM, stage.now)
        queued = [sweep.connections_due(session, system, plan=plan) for plan in ("trial", "paid", "paid")]
    assert queued == [63, sweep.AT_ONCE - 63, 0]


def test_a_group_that_was_deleted_is_not_held_on_to(stage: Stage) -> None:
    stage.line.fates[NAME] = ["lost"]
    stage.one()
    for each in stage.plain.groups():
        stage.plain.delete_group(each.id)
    stage.settle(minutes=10)
    assert (stage.row().state, stage.row().sends) == ("failed", 0)
    group_id = stage.plain.create_group("another").id
    with stage.database.transaction() as session:
        enrol.bind(session, stage.cast.ada.account_id or 0, group_id, act(stage.cast.admin, stage.now))
        provision.again(session, session.get_one(Case, stage.case_id), act(stage.cast.specialist, stage.now))
    stage.settle(minutes=1)
    assert stage.row().group_id == group_id
    stage.stands_once()


def test_a_first_sync_whose_work_is_dead_is_asked_for_again(stage: Stage) -> None:
    stage.one()
    made = stage.row().connection_id or ""
    stage.control.post(f"/_control/grant/{made}").raise_for_status()
    looking.take_in(stage.context, made)
    with stage.database.transaction() as session:
        session.get_one(Case, stage.case_id).phase = "private_preview"
    schedule.ensure_nothing_forgotten(stage.context)
    stage.settle(minutes=1)
    assert stage.row().state == "syncing"
    with stage.database.transaction() as session:
        assert first_sync.overdue(session, act(SYSTEM, stage.now + timedelta(days=1))) == 0


@pytest.mark.postgres
def test_a_reading_and_a_person_never_wait_for_each_other_crosswise(
    fresh_postgres: Database, settings: Settings
) -> None:
    stage = Stage(fresh_postgres, replace(settings, fivetran_url=EMULATOR))
    stage.one()
    row = stage.row()
    stage.control.post(f"/_control/grant/{row.connection_id}").raise_for_status()
    begun = threading.Event()

    def person() -> None:
        with stage.database.transaction() as session:
            cases.locked(session, stage.case_id)
            begun.set()
            session.execute(text("SELECT pg_sleep(0.3)"))
            found = connections.live(session, stage.case_id)
            assert found is not None
            removal.begin_grace(session, found, act(SYSTEM, stage.now))

    def reading() -> None:
        begun.wait(10)
        looking.take_in(stage.context, row.connection_id or "")

    at_once(person, reading)
    assert stage.row().setup_state == "connected"
    stage.emulator.extensions[EXTENSION].close()

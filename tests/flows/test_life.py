"""The life of connections: an outage of an hour, a key that runs out, drift, gone and back, work that was lost."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from at_once import at_once
from factories import MONDAY, Cast, a_case, a_cast, act, move, put
from flask import Flask
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker import resources
from request_tracker.access.wiring import Wiring
from request_tracker.actions import strays, sweep, withdraw
from request_tracker.app import create_app
from request_tracker.emulator import app as emulated
from request_tracker.emulator.world import EXTENSION
from request_tracker.fivetran.client import Fivetran
from request_tracker.rules.people import SYSTEM, Act, Viewer
from request_tracker.settings import Settings
from request_tracker.store import connections, evidence, outages, tokens
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.jobs import Job
from request_tracker.store.knowledge import Shelf
from request_tracker.store.letters import Letter
from request_tracker.store.outages import Outage
from request_tracker.store.requests import Request
from request_tracker.store.session import Database
from request_tracker.store.timeline import Entry
from request_tracker.work.context import Context
from request_tracker.work.worker import Worker

EMULATOR = "http://emulator.example"
KEY = ("key", "fivetran-secret")
SPOKEN = ("service_demonstrated", "use_cases_recorded", "data_requirements_recorded", "minutes_confirmed")


@dataclass
class Scene:
    """The application, a worker and the emulator, all on one clock that the test moves."""

    database: Database
    settings: Settings
    emulator: Flask
    cast: Cast
    now: datetime = MONDAY
    cases: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.transport = httpx.WSGITransport(app=self.emulator)
        self.context = Context(self.database, self.settings, lambda: self.now, self.api)
        self.worker = Worker(self.context)
        self.control = httpx.Client(transport=self.transport, base_url=EMULATOR)

    def browser(self, who: Viewer) -> Browser:
        app = _app(self.settings)
        known = Shelf(resources.SEED_DATA).knowledge
        app.extensions["request_tracker"] = Wiring(self.database, self.settings, lambda: self.now, known)
        return Browser(app).sign_in(who)

    def over_the_api(self, who: Viewer, path: str) -> int:
        with self.database.transaction() as session:
            secret = tokens.issue(session, who.id or 0, "all", self.now)
        headers = {"Authorization": f"Bearer {secret}"}
        return self.browser(who).client.post(f"/api/v1{path}", headers=headers).status_code

    def api(self) -> Fivetran:
        return Fivetran(EMULATOR, *KEY, transport=self.transport, sleep=lambda _: None)

    def act(self) -> Act:
        return Act(SYSTEM, self.now, self.settings.program)

    def pass_time(self, *, steps: int = 1, **by: float) -> None:
        """So many steps of this length; in each a tick comes and everything due is done."""
        for _ in range(steps):
            self.now += timedelta(**by)
            with self.database.transaction() as session:
                sweep.connections_due(session, self.act())
            self.worker.drain()

    def accepted(self, name: str = "Acme Billing") -> int:
        with self.database.transaction() as session:
            self.cases.append(a_case(session, self.cast, phase="consultation", now=self.now, service_name=name).id)
        return self.cases[-1]

    def several(self, name: str, many: int) -> list[int]:
        return [self.accepted(f"{name} {number}") for number in range(many)]

    def made(self, name: str = "Acme Billing") -> int:
        """A case with a starter connector that waits for its Connect Card."""
        case_id = self.accepted(name)
        self.pass_time(seconds=601)
        return case_id

    def granted(self, case_id: int) -> None:
        self.press("grant", case_id)
        self.look(case_id)

    def in_preview(self, case_id: int) -> None:
        with self.database.transaction() as session:
            case = session.get_one(Case, case_id)
            put(session, case, self.cast.specialist, *SPOKEN, now=self.now)
            move(session, case, "start_build", self.cast.specialist, now=self.now)
            put(session, case, self.cast.engineer, "built", "tested", "documented", now=self.now)
            move(session, case, "open_preview", self.cast.engineer, now=self.now)

    def press(self, button: str, case_id: int, **wish: Any) -> None:
        self.control.post(f"/_control/{button}/{self.row(case_id).connection_id}", json=wish).raise_for_status()

    def look(self, *case_ids: int) -> None:
        """What the button does; other connections are left as they are."""
        with self.database.transaction() as session:
            for each in case_ids:
                assert sweep.look_at(session, self.row(each).id, self.act())
        self.worker.drain()

    def patch(self, case_id: int, **fields: Any) -> None:
        """Somebody changes it in Fivetran's dashboard."""
        path = f"/v1/connections/{self.row(case_id).connection_id}"
        self.control.patch(path, json={"run_setup_tests": False, **fields}, auth=KEY).raise_for_status()

    def there(self, case_id: int) -> dict[str, Any]:
        """The connection as the emulator has it."""
        answer = self.control.get(f"/v1/connections/{self.row(case_id).connection_id}", auth=KEY)
        found: dict[str, Any] = answer.json()["data"]
        return found

    def fault(self, **rule: Any) -> None:
        self.control.post("/_control/faults", json=rule).raise_for_status()

    def no_fault(self) -> None:
        self.control.post("/_control/faults", json={"items": []}).raise_for_status()

    def row(self, case_id: int) -> Connection:
        with self.database.reading() as session:
            found = connections.newest(session, case_id)
            assert found is not None
            return found

    def said(self, case_id: int) -> dict[str, str]:
        """Reasons by kind; those that are not as they should be with a mark."""
        with self.database.reading() as session:
            found = connections.conditions(session, self.row(case_id).id)
            return {each.kind: each.reason if each.ok else f"!{each.reason}" for each in found}

    def standing(self, case_id: int) -> set[str]:
        with self.database.reading() as session:
            return set(evidence.standing(session, case_id))

    def letters(self, notice: str) -> list[Letter]:
        with self.database.reading() as session:
            return list(session.scalars(select(Letter).where(Letter.notice == notice).order_by(Letter.id)))

    def entries(self, kind: str) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(Entry).where(Entry.kind == kind)) or 0

    def dead(self) -> list[str]:
        with self.database.reading() as session:
            return [f"{job.kind}: {job.last_error}" for job in session.scalars(select(Job).where(Job.state == "dead"))]

    def calls(self, method: str = "") -> list[dict[str, Any]]:
        items = self.control.get("/_control/log").json()["items"]
        return [each for each in items if not method or each["method"] == method]


def _app(settings: Settings) -> Flask:
    """Made once, for its routes cost more than a page; what belongs to a test is put in anew."""
    if not _APPS:
        _APPS.append(create_app(settings, Database("sqlite://")))
    return _APPS[0]


_APPS: list[Flask] = []


@pytest.fixture
def scene(fresh: Database, settings: Settings) -> Iterator[Scene]:
    with fresh.transaction() as session:
        cast = a_cast(session)
    made: list[Scene] = []
    emulator = emulated.create_app(
        template_folder=resources.TEMPLATES,
        key=KEY[0],
        secret=KEY[1],
        now=lambda: made[0].now if made else MONDAY,
        public_url=EMULATOR,
    )
    made.append(Scene(fresh, replace(settings, fivetran_url=EMULATOR), emulator, cast))
    yield made[0]
    emulator.extensions[EXTENSION].close()


@pytest.mark.parametrize("many", [1, pytest.param(4, marks=pytest.mark.deep)])
def test_an_hour_without_fivetran_is_said_told_once_and_heals_by_itself(scene: Scene, many: int) -> None:
    waits, granted = scene.several("Waits", many), scene.several("Granted", many)
    synced, syncing = scene.several("Live", many), scene.several("Syncs", many)
    gone, left = scene.accepted("Gone"), scene.accepted("Left")
    scene.pass_time(seconds=601)
    for case_id in (*granted, *synced, *syncing):
        scene.granted(case_id)
    for case_id in synced:
        scene.in_preview(case_id)
    scene.press("delete", gone)
    scene.look(gone)
    with scene.database.transaction() as session:
        request = session.get_one(Request, session.get_one(Case, left).primary_request_id)
        withdraw.withdraw(session, request, act(scene.cast.ada, scene.now))
    scene.pass_time(seconds=601)
    for case_id in syncing:
        scene.in_preview(case_id)
    scene.pass_time(seconds=601)
    before = {case_id: scene.row(case_id).state for case_id in scene.cases}
    during = scene.several("During", many)
    assert [before[each[0]] for each in (waits, granted, synced, syncing, [gone])] == [
        "created", "connected", "live", "syncing", "missing",
    ]  # fmt: skip

    asked_before = len(scene.calls())
    scene.fault(kind="down")
    browser = scene.browser(scene.cast.specialist)
    scene.pass_time(steps=9, minutes=1)
    assert "Fivetran does not answer" not in browser.get("/queue").text, "a hiccup is no news"
    for case_id in granted[:1]:
        scene.press("start-sync", case_id)
    scene.pass_time(steps=17, minutes=3)
    with scene.database.reading() as session:
        (row,) = outages.standing(session)
        assert row.kind == "unreachable"
        assert row.told_at is not None
        assert timedelta(minutes=55) < scene.now - row.began_at <= timedelta(minutes=60)
    said = [each for each in scene.cases if scene.said(each).get("api") == "!unreachable"]
    assert set(said) >= set(scene.cases) - {left, gone, *synced}, "but what is looked at hourly"
    for page in (browser.get("/queue").text, browser.get(f"/cases/LITE-{waits[0]:06d}").text):
        assert "Fivetran does not answer" in page
        assert f"{row.began_at:%H:%M}" in page
        assert f"{len({*said} - {left})} cases wait" in page
    theirs = scene.browser(scene.cast.ada).get(f"/requests/REQ-{waits[0]:06d}").text
    assert "Fivetran does not answer at the moment. You need to do nothing" in theirs
    assert "HTTP 503" not in theirs
    (letter,) = scene.letters("fivetran_down")
    assert letter.to_address == scene.cast.specialist.email
    assert f"{row.began_at:%H:%M}" in letter.text
    assert [scene.row(each).state for each in during] == ["unknown"] * many
    assert scene.dead() == []
    tried = len(scene.calls()) - asked_before
    assert tried < 130 + 12 * len(scene.cases), f"nobody hammers at a closed door: {tried} calls"

    scene.no_fault()
    scene.pass_time(steps=12, minutes=1)
    assert [case_id for case_id in scene.cases if scene.said(case_id).get("api") == "!unreachable"] == []
    assert {case_id: scene.row(case_id).state for case_id in before} == before | dict.fromkeys(syncing, "live")
    assert [scene.row(each).state for each in during] == ["created"] * many
    assert scene.dead() == []
    assert "Fivetran does not answer" not in browser.get("/queue").text
    assert len(scene.letters("fivetran_down")) == 1
    assert len(scene.letters("connect")) == len(scene.cases)
    answer = scene.control.get("/v1/connections", params={"limit": 1000}, auth=KEY).json()["data"]["items"]
    names = [each["schema"] for each in answer]
    assert len(names) == len(set(names)) == len(scene.cases) - 1, "none twice, and what is gone stays gone"
    admin = scene.browser(scene.cast.admin).get("/admin/fivetran").text
    assert "Fivetran answers and takes our key" in admin
    assert re.search(r"\b5\d min\b", admin), "and how long it lasted"


def test_outages_close_together_are_told_once(scene: Scene) -> None:
    scene.made()
    for _ in range(2):
        scene.fault(kind="down")
        scene.pass_time(steps=7, minutes=3)
        scene.no_fault()
        scene.pass_time(steps=2, minutes=3)
    assert len(scene.letters("fivetran_down")) == 1
    scene.pass_time(minutes=90)
    scene.fault(kind="down")
    scene.pass_time(steps=7, minutes=3)
    assert len(scene.letters("fivetran_down")) == 2
    with scene.database.reading() as session:
        assert len(session.scalars(select(Outage)).all()) == 3


def test_a_key_that_is_not_taken_is_told_to_admins_at_once(scene: Scene) -> None:
    case_id = scene.made()
    scene.fault(kind="expired_key")
    scene.pass_time(steps=6, minutes=3)
    assert scene.said(case_id)["api"] == "!key"
    (letter,) = scene.letters("fivetran_key")
    assert letter.to_address == scene.cast.admin.email
    assert scene.letters("fivetran_down") == []
    assert f"LITE-{case_id:06d}" in letter.subject, "it names a case that waits"
    page = scene.browser(scene.cast.admin).get("/admin/fivetran").text
    assert "Fivetran does not take our API key" in page
    assert KEY[1] not in page + letter.text + letter.html
    scene.no_fault()
    scene.pass_time(steps=3, minutes=1)
    assert scene.said(case_id)["api"] == "reachable"
    assert scene.dead() == []


def test_a_rate_limit_is_no_outage_and_is_waited_for(scene: Scene) -> None:
    case_id = scene.made()
    scene.fault(kind="too_many_requests", seconds=1200, count=1)
    scene.look(case_id)
    row = scene.row(case_id)
    assert row.check_after is not None
    assert timedelta(minutes=20) <= row.check_after - scene.now <= timedelta(minutes=30)
    assert (row.misses, scene.said(case_id)["api"], scene.dead()) == (0, "reachable", [])
    with scene.database.reading() as session:
        assert outages.standing(session) == []


def test_what_is_ours_is_put_back_and_nothing_else_is_touched(scene: Scene) -> None:
    case_id = scene.made()
    theirs = {"data_delay_sensitivity": "HIGH", "networking_method": "Directly", "pause_after_trial": True}
    scene.patch(case_id, sync_frequency=60, paused=False, **theirs)
    before = len(scene.calls("PATCH"))
    scene.look(case_id)
    there = scene.there(case_id)
    assert (there["sync_frequency"], there["paused"]) == (360, True)
    assert {name: there.get(name) for name in theirs} == theirs
    (patched,) = scene.calls("PATCH")[before:]
    assert set(patched["body"]) == {"run_setup_tests", "sync_frequency", "paused"}
    assert scene.entries("starter.healed") == 1
    scene.look(case_id)
    assert scene.said(case_id)["schedule"] == "fine"
    scene.patch(case_id, sync_frequency=60)
    scene.look(case_id)
    assert scene.there(case_id)["sync_frequency"] == 60, "at most once an hour"
    page = scene.browser(scene.cast.specialist).get(f"/cases/LITE-{case_id:06d}").text
    assert "the sync frequency is every hour, we want every 6 hours" in page
    scene.pass_time(minutes=61)
    assert scene.there(case_id)["sync_frequency"] == 360
    assert "schedule" not in scene.browser(scene.cast.ada).get("/requests/REQ-000001").text.lower()


def test_resting_is_ours_only_until_the_first_sync(scene: Scene) -> None:
    case_id = scene.made()
    scene.granted(case_id)
    scene.in_preview(case_id)
    scene.pass_time(seconds=601)
    assert scene.row(case_id).sync_started_at is not None
    scene.patch(case_id, paused=True)
    before = len(scene.calls("PATCH"))
    scene.look(case_id)
    assert scene.said(case_id)["paused"] == "!paused"
    assert scene.calls("PATCH")[before:] == [], "it is theirs now"
    assert "Somebody paused it" in scene.browser(scene.cast.ada).get("/requests/REQ-000001").text
    scene.patch(case_id, paused=False)
    scene.look(case_id)
    assert scene.said(case_id)["paused"] == "fine"


def test_another_connection_under_our_id_is_told_and_left_alone(scene: Scene) -> None:
    case_id = scene.made()
    with scene.database.transaction() as session:
        session.get_one(Connection, scene.row(case_id).id).schema_name = "lite_another"
    before = len(scene.calls("PATCH"))
    scene.look(case_id)
    assert scene.said(case_id)["identity"] == "!schema"
    assert scene.calls("PATCH")[before:] == []


def test_gone_and_back_and_the_requester_is_asked(scene: Scene) -> None:
    case_id = scene.made()
    scene.granted(case_id)
    kept = scene.emulator.extensions[EXTENSION].state.get("connection", scene.row(case_id).connection_id)
    scene.press("delete", case_id)
    for _ in range(2):
        scene.look(case_id)
    assert scene.row(case_id).state == "missing"
    assert not {"starter_ready", "access_granted"} & scene.standing(case_id)
    assert [len(scene.letters(name)) for name in ("starter_missing", "still_wanted")] == [1, 1]
    ada = scene.browser(scene.cast.ada)
    assert "Say whether you still want it" in ada.get("/requests").text
    assert "Do you still want the starter connector?" in ada.get("/requests/REQ-000001").text
    scene.browser(scene.cast.cleo).post("/requests/REQ-000001/wanted", status=404)
    scene.browser(scene.cast.ben).post("/requests/REQ-000001/wanted", status=403)
    assert scene.over_the_api(scene.cast.ben, "/requests/REQ-000001/wanted") == 403
    assert scene.over_the_api(scene.cast.ada, "/requests/REQ-000001/wanted") == 200
    scene.worker.drain()
    assert scene.said(case_id)["created"] == "!wanted"
    assert len(scene.letters("comment")) == 1
    assert "Do you still want" not in ada.get("/requests/REQ-000001").text
    ada.post("/requests/REQ-000001/wanted")
    scene.look(case_id)
    assert (scene.said(case_id)["created"], len(scene.letters("comment"))) == ("!wanted", 1), "asked and answered once"
    page = scene.browser(scene.cast.specialist).get(f"/cases/LITE-{case_id:06d}").text
    assert "The one that is gone is given up" in page
    scene.emulator.extensions[EXTENSION].state.put("connection", kept)
    scene.look(case_id)
    assert scene.row(case_id).state == "connected"
    assert {"starter_ready", "access_granted"} <= scene.standing(case_id)
    assert scene.entries("starter.back") == 1


def test_broken_access_is_asked_for_once_each_time(scene: Scene) -> None:
    case_id = scene.made()
    scene.granted(case_id)
    state = scene.emulator.extensions[EXTENSION].state
    for times in (1, 2):
        _set_up(state, scene.row(case_id).connection_id, "broken")
        scene.look(case_id)
        scene.look(case_id)
        assert "access_granted" not in scene.standing(case_id)
        assert len(scene.letters("access_broken")) == times
        assert "Grant access" in scene.browser(scene.cast.ada).get("/requests/REQ-000001").text
        _set_up(state, scene.row(case_id).connection_id, "connected")
        scene.look(case_id)
        assert "access_granted" in scene.standing(case_id)


def _set_up(state: Any, connection_id: str | None, word: str) -> None:
    found = state.get("connection", connection_id)
    found["status"]["setup_state"] = word
    found["status"]["tasks"] = [{"code": "reconnect", "message": "Sign in again"}] if word == "broken" else []
    state.put("connection", found)


def test_work_that_was_lost_is_found_again(scene: Scene) -> None:
    case_id = scene.accepted()
    scene.fault(kind="down")
    scene.pass_time(seconds=601)
    scene.no_fault()
    with scene.database.transaction() as session:
        session.execute(delete(Job).where(Job.kind == "provision"))
    scene.pass_time(steps=3, minutes=20)
    assert scene.row(case_id).state == "created"
    assert len(scene.letters("connect")) == 1


def test_what_nobody_answers_for_is_named_and_left_alone(scene: Scene) -> None:
    case_id = scene.made()
    group = scene.row(case_id).group_id
    for schema in ("lite_left_over_9", scene.row(case_id).schema_name, "made_by_hand"):
        body = {"group_id": group, "service": "fixture", "config": {"schema": schema}, "run_setup_tests": False}
        scene.control.post("/v1/connections", json=body, auth=KEY)
    browser = scene.browser(scene.cast.admin)
    browser.post("/admin/fivetran/strays", on="/admin/fivetran")
    before = len(scene.calls("DELETE")) + len(scene.calls("PATCH"))
    scene.worker.drain()
    page = browser.get("/admin/fivetran").text
    assert "lite_left_over_9" in page
    assert "Named as ours are" in page
    assert "made_by_hand" in page
    assert len(scene.calls("DELETE")) + len(scene.calls("PATCH")) == before
    with scene.database.transaction() as session:
        strays.found(session, str(group), [], scene.act())
    assert "lite_left_over_9" not in browser.get("/admin/fivetran").text, "what was put right is forgotten"


def test_buttons_look_at_one_and_at_all(scene: Scene) -> None:
    first, second = scene.made("One"), scene.made("Two")
    browser = scene.browser(scene.cast.admin)
    scene.now += timedelta(seconds=30)
    browser.post(f"/admin/fivetran/looks/{scene.row(first).id}", on="/admin/fivetran")
    scene.worker.drain()
    assert scene.row(first).checked_at == scene.now
    assert scene.row(second).checked_at != scene.now
    browser.post("/admin/fivetran/looks", on="/admin/fivetran")
    scene.pass_time(seconds=1)
    assert scene.row(second).checked_at == scene.now
    browser.post("/admin/fivetran/check", on="/admin/fivetran")
    scene.worker.drain()
    assert scene.calls()[-1]["path"].endswith("/account/info")


def test_two_ticks_at_once_put_one_job(own: Database, settings: Settings) -> None:
    with own.transaction() as session:
        cast = a_cast(session)
        cases = [a_case(session, cast, phase="consultation", service_name=f"Service {n}") for n in range(8)]
        session.execute(insert(Connection), [_a_row(each, each.id, MONDAY) for each in cases[:6]])
        session.execute(insert(Connection), [_a_row(each, each.id, MONDAY, made=False) for each in cases[6:]])
        session.execute(delete(Job))

    def tick() -> None:
        with own.transaction() as session:
            sweep.connections_due(session, Act(SYSTEM, MONDAY + timedelta(minutes=20), settings.program))

    at_once(tick, tick, tick)
    with own.reading() as session:
        counted = session.execute(select(Job.kind, func.count()).group_by(Job.kind).order_by(Job.kind)).all()
        assert [tuple(row) for row in counted] == [("provision", 2), ("take_in", 6)]


def test_due_connections_are_found_in_order_and_through_an_index(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    rows = [_a_row(case, n, MONDAY + timedelta(seconds=n * 7919 % 10_000), left=True) for n in range(1, 10_001)]
    session.execute(insert(Connection), rows)
    session.execute(insert(Connection), [_a_row(case, n, MONDAY, made=False, left=True) for n in range(5)])
    session.execute(text("ANALYZE connection"))
    due = list(session.scalars(sweep.looks_due(MONDAY + timedelta(seconds=5000))))
    assert len(due) == sweep.AT_ONCE
    assert [(row.check_after, row.id) for row in due] == sorted((row.check_after, row.id) for row in due)
    assert len(session.scalars(sweep.unmade_due(MONDAY)).all()) == 5
    for statement, index in (
        (sweep.looks_due(MONDAY), "ix_connection_check"),
        (sweep.unmade_due(MONDAY), "ix_connection_unmade"),
    ):
        sql = statement.compile(session.connection(), compile_kwargs={"literal_binds": False})
        explain = "EXPLAIN " if session.get_bind().dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        plan = session.connection().exec_driver_sql(explain + str(sql), _values(sql)).all()
        assert index in str(plan), plan


def _values(sql: Any) -> Any:
    if not sql.positional:
        return sql.params
    plain = {each: at.replace(tzinfo=None) if isinstance(at, datetime) else at for each, at in sql.params.items()}
    return tuple(plain[name] for name in sql.positiontup)


def _a_row(case: Case, number: int, at: datetime, *, made: bool = True, left: bool = False) -> dict[str, Any]:
    return {
        "case_id": case.id, "request_id": case.primary_request_id, "account_id": case.account_id,
        "state": "created" if made else "intended",
        "schema_name": f"lite_{number}", "service": "x", "connection_id": f"c_{number}" if made else None,
        "created_at": at, "check_after": at, "grace_until": at + timedelta(days=7) if left else None,
    }  # fmt: skip

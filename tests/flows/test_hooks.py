"""Webhooks out, to real receivers on this machine: in order, once in the queue, signed, tried again, sent again."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Event, Thread
from typing import Any

import pytest
from at_once import at_once
from conftest import Rolled
from factories import CLOCK, MONDAY, Cast, a_case, a_cast, a_request, act, case_of, move
from flask import Flask
from histories import CHOICES, a_world, do, populate
from rules.test_hooks import oracle
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.actions import fan_out, hooks, merge, posting, undo
from request_tracker.actions.hooks import Wish
from request_tracker.actions.posting import Sending
from request_tracker.actions.unfit import Unfit
from request_tracker.fivetran.client import Fivetran
from request_tracker.rules import hook_sending
from request_tracker.rules.hooks import QUIET
from request_tracker.rules.process import NotAllowed
from request_tracker.settings import Settings
from request_tracker.store.cases import Case
from request_tracker.store.hooks import HookDelivery, HookEndpoint
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.people import Person
from request_tracker.store.session import Database
from request_tracker.store.timeline import Entry, Undone, append
from request_tracker.work import hooks as work
from request_tracker.work.context import Context
from request_tracker.work.one_post import Poster
from request_tracker.work.worker import Worker

Reply = tuple[int, dict[str, str], bytes]
OK: Reply = (204, {}, b"")


@dataclass
class Receiver:
    """Answers with `replies` in turn, then OK; `before` runs in the middle of each request."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    got: list[tuple[dict[str, str], str]] = field(default_factory=list)
    before: Callable[[], object] = lambda: None

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


@contextmanager
def listening(raw: Callable[[BaseHTTPRequestHandler], None] | None = None) -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            found.before()
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            if raw is not None:
                return raw(self)
            status, headers, answer = found.replies.pop(0) if found.replies else OK
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}/hooks"
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as found:
        yield found


@dataclass
class Stage:
    """A database with a cast and one case, a clock that the test moves, and as many workers as it likes."""

    database: Database
    settings: Settings
    cast: Cast
    case_id: int
    now: datetime = MONDAY

    @property
    def context(self) -> Context:
        return Context(self.database, self.settings, lambda: self.now, lambda: Fivetran("http://x.example", "a", "b"))

    def endpoint(self, url: str, *events: str) -> int:
        with self.database.transaction() as session:
            wish = Wish(url, "", events or ("*",))
            return hooks.add(session, wish, act(self.cast.admin, self.now), this_machine=True).id

    def happen(self, *kinds: str) -> list[int]:
        with self.database.transaction() as session:
            case = session.get_one(Case, self.case_id)
            return [append(session, case, kind, actor_id=None, now=self.now).id for kind in kinds]

    def pass_time(self, **by: float) -> None:
        self.now += timedelta(**by)
        work.fan_out(self.context)
        Worker(self.context).drain()

    def rows(self, **like: Any) -> list[HookDelivery]:
        with self.database.reading() as session:
            return list(session.scalars(select(HookDelivery).filter_by(**like).order_by(HookDelivery.id)))

    def row(self, endpoint_id: int) -> HookEndpoint:
        with self.database.reading() as session:
            return session.get_one(HookEndpoint, endpoint_id)

    def deed(self, what: Callable[..., Any], *args: Any, **more: Any) -> Any:
        with self.database.transaction() as session:
            return what(session, *args, act(self.cast.admin, self.now), **more)


def a_stage(database: Database, settings: Settings) -> Stage:
    with database.transaction() as session:
        cast = a_cast(session)
        case = a_case(session, cast)
        made = Stage(database, replace(settings, may_call_this_machine=True), cast, case.id)
    made.now += timedelta(hours=2)
    return made


@pytest.fixture
def stage(fresh: Database, settings: Settings) -> Stage:
    return a_stage(fresh, settings)


def test_messages_come_in_order_signed_and_a_failing_one_holds_its_own_queue(stage: Stage, receiver: Receiver) -> None:
    endpoint_id = stage.endpoint(receiver.url, "sync.*", "document")
    ids = stage.happen("sync.started", "comment", "document", "sync.failed")
    stage.pass_time(seconds=599)
    assert receiver.got == [], "the undo window is still open"
    receiver.replies = [(500, {}, b"oh\x00 no"), (429, {"Retry-After": "120"}, b""), (302, {"Location": "/x"}, b"")]
    stage.pass_time(seconds=2)
    assert receiver.ids == [f"evt_{endpoint_id}_{ids[0]}"]
    assert (stage.rows()[0].status, stage.rows()[0].said) == (500, "oh no")
    assert stage.row(endpoint_id).failing_since == stage.now
    stage.pass_time(seconds=3)
    assert len(receiver.got) == 1, "it waits five seconds, and the others behind it"
    stage.pass_time(seconds=3)
    stage.pass_time(seconds=119)
    assert len(receiver.got) == 2, "the receiver asked for two minutes"
    stage.pass_time(seconds=2)
    stage.pass_time(minutes=3)
    assert receiver.ids == [f"evt_{endpoint_id}_{each}" for each in (ids[0],) * 4 + (ids[2], ids[3])]
    assert stage.row(endpoint_id).failing_since is None
    assert [row.state for row in stage.rows()] == ["sent"] * 3
    secret = hook_sending.secret_of(stage.settings.secret_key, endpoint_id, 1)
    for headers, body in receiver.got:
        signed = oracle(secret, headers["webhook-id"], headers["webhook-timestamp"], body)
        assert headers["webhook-signature"] == signed
        assert json.loads(body)["id"] == headers["webhook-id"]
    assert receiver.told[-1]["case"] == {
        "number": f"LITE-{stage.case_id:06d}", "service_name": "Acme Billing", "phase": "submission", "outcome": None,
    }  # fmt: skip


def test_a_slow_receiver_holds_up_nobody_else(stage: Stage, receiver: Receiver) -> None:
    with listening() as slow:
        others_were_told, begun = Event(), Event()
        slow.before = lambda: (begun.set(), others_were_told.wait(20))
        stage.endpoint(slow.url)
        stage.endpoint(receiver.url)
        stage.happen("document", "comment")
        stage.now += timedelta(minutes=11)
        Worker(stage.context).drain()
        work.fan_out(stage.context)

        def quick() -> None:
            begun.wait(20)
            while len(receiver.got) < 2:
                assert Worker(stage.context).one(), "there is a job for the quick one"
            assert len(slow.got) == 0, "the slow one has still not answered"
            others_were_told.set()

        at_once(lambda: Worker(stage.context).one(), quick)
        Worker(stage.context).drain()
        assert [len(slow.got), len(receiver.got)] == [2, 2]


def test_a_receiver_that_is_gone_is_paused_and_one_that_fails_for_days_is_given_up(
    stage: Stage, receiver: Receiver
) -> None:
    with listening() as failing:
        gone, weary = stage.endpoint(receiver.url), stage.endpoint(failing.url)
        stage.happen("document", "comment", "reminder")
        receiver.replies = [(410, {}, b"bye")]
        failing.replies = [(503, {}, b"")] * 40
        stage.pass_time(minutes=11)
        assert (stage.row(gone).state, len(receiver.got)) == ("paused", 1)
        for _ in range(6 * 8):
            stage.pass_time(hours=3)
        assert (stage.row(weary).state, stage.row(gone).state) == ("given_up", "paused")
        assert {row.state for row in stage.rows(endpoint_id=weary)} == {"dead", "waiting"}
        tried = len(failing.got)
        stage.pass_time(days=2)
        assert (len(failing.got), len(receiver.got)) == (tried, 1), "nothing more is posted"
    with stage.database.reading() as session:
        letters = session.scalars(select(Letter).where(Letter.notice == "hook_stopped").order_by(Letter.id)).all()
    assert [letter.to_address for letter in letters] == [stage.cast.admin.email] * 2
    assert ["no more messages" in letter.text for letter in letters] == [True, False]
    assert all(f"/admin/hooks/{each}" in letter.text for each, letter in zip((gone, weary), letters, strict=True))
    assert not any(receiver.url in letter.text or failing.url in letter.text for letter in letters)
    stage.happen("slots")
    stage.deed(hooks.resume, gone, missed=True)
    stage.pass_time(minutes=11)
    assert [each["type"] for each in receiver.told] == ["document", "document", "comment", "reminder", "slots"]


def test_resumed_from_now_on_it_hears_of_nothing_before(stage: Stage, receiver: Receiver) -> None:
    endpoint_id = stage.endpoint(receiver.url)
    stage.happen("document")
    stage.now += timedelta(minutes=11)
    work.fan_out(stage.context)
    stage.deed(hooks.pause, endpoint_id)
    stage.happen("comment")
    stage.pass_time(minutes=30)
    assert receiver.got == []
    stage.happen("slots")
    stage.now += timedelta(seconds=1)
    stage.deed(hooks.resume, endpoint_id, missed=False)
    stage.happen("sync.failed")
    stage.pass_time(minutes=11)
    assert [each["type"] for each in receiver.told] == ["sync.failed"]
    assert [row.state for row in stage.rows()] == ["cancelled", "sent"]


def test_what_was_undone_while_it_was_queued_is_dropped(stage: Stage, receiver: Receiver) -> None:
    stage.endpoint(receiver.url)
    first, _ = stage.happen("document", "comment")
    in_time = stage.now + timedelta(minutes=9)
    stage.now += timedelta(minutes=11)
    work.fan_out(stage.context)
    with stage.database.transaction() as session:
        case = session.get_one(Case, stage.case_id)
        undone_by = append(session, case, "undo", actor_id=None, now=in_time).id
        session.add(Undone(entry_id=first, by_entry_id=undone_by, at=in_time))
    stage.pass_time(minutes=11)
    assert [each["type"] for each in receiver.told] == ["comment"]
    assert [row.state for row in stage.rows()] == ["cancelled", "sent"]


@pytest.fixture
def own_stage(own: Database, settings: Settings) -> Stage:
    return a_stage(own, settings)


def test_several_workers_at_once_neither_double_nor_miss(own_stage: Stage, receiver: Receiver) -> None:
    stage = own_stage
    endpoint_id = stage.endpoint(receiver.url)
    ids = stage.happen(*["document"] * 12)
    stage.now += timedelta(minutes=11)
    at_once(*[lambda: work.fan_out(stage.context)] * 3)
    with stage.database.transaction() as session:
        # As if rows of a long transaction came to be seen only now, behind those with higher ids.
        late = append(
            session, session.get_one(Case, stage.case_id), "slots", actor_id=None, now=stage.now - timedelta(minutes=11)
        ).id
        session.execute(update(HookEndpoint).values(told_to=late + 40))
    at_once(*[lambda: work.fan_out(stage.context)] * 3)
    at_once(*[lambda: work.post(stage.context, endpoint_id)] * 3)
    work.post(stage.context, endpoint_id)
    assert receiver.ids == [f"evt_{endpoint_id}_{each}" for each in (*ids, late)]
    assert stage.row(endpoint_id).blocked_until is None
    with stage.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Job).where(Job.kind == "hook_post")) == 1


def test_a_worker_that_dies_after_the_post_posts_the_same_message_again(stage: Stage, receiver: Receiver) -> None:
    endpoint_id = stage.endpoint(receiver.url)
    stage.happen("document")
    stage.now += timedelta(minutes=11)
    work.fan_out(stage.context)
    with stage.database.transaction() as session:
        turn = posting.begin(session, endpoint_id, stage.settings.secret_key, stage.context.act(), mine=None)
    assert turn is not None
    with Poster(this_machine=True) as poster:
        poster.post(turn, stage.now)
    stage.pass_time(seconds=30)
    assert len(receiver.got) == 1, "the dead worker's turn lasts a minute"
    stage.pass_time(seconds=31)
    assert receiver.ids == [turn.message_id] * 2
    assert receiver.got[0][1] == receiver.got[1][1]


def test_what_was_undone_in_its_window_was_never_told(session: Session, cast: Cast, rolled: Rolled) -> None:
    admin = act(cast.admin)
    hooks.add(session, Wish("https://hooks.example/", "", ("*",)), admin)
    one = a_case(session, cast)
    two = case_of(session, a_request(session, cast.cleo, service_name="Other"))
    session.flush()
    first = session.scalar(select(func.max(Entry.id))) or 0
    move(session, one, "claim", cast.specialist)
    undo.undo(session, one, version=one.version, act=act(cast.specialist, MONDAY + timedelta(minutes=2)))
    link = merge.merge(
        session, two, one, act(cast.specialist, MONDAY + timedelta(minutes=2)),
        version=two.version, into_version=one.version,
    )  # fmt: skip
    merge.unmerge(session, link, act(cast.specialist, MONDAY + timedelta(minutes=5)))
    done = set(session.scalars(select(Entry.kind).where(Entry.id > first)))
    assert {"move.claim", "undo", "merge", "unmerge"} <= done
    fan_out.fan_out(session, act(cast.admin, MONDAY + timedelta(hours=1)))
    told = set(session.scalars(select(HookDelivery.kind).where(HookDelivery.event_id > first)))
    assert told & {"move.claim", "undo", "merge", "merge.in", "unmerge", "unmerge.out"} == set()
    assert session.scalar(select(func.count()).select_from(HookDelivery)), "what stands was told"


def test_no_word_that_anybody_typed_is_in_a_message(session: Session, cast: Cast) -> None:
    """A random history of everything that can happen to cases; every text somebody types is a mark."""
    marks: list[str] = []

    def say(about: str, _: int | None) -> str:
        marks.append(f"zq{len(marks)}{about.replace('_', '')}")
        return f"https://{marks[-1]}.example/" if about == "service_url" else marks[-1]

    hooks.add(session, Wish("https://hooks.example/", "", ("*",)), act(cast.admin))
    world, chance = a_world(session, cast), Random(3)
    world.say = say
    populate(world)
    for _ in range(60):
        do(world, (chance.choice(CHOICES), *(chance.randrange(100) for _ in range(3))))
    fan_out.fan_out(session, world.act(cast.admin))
    world.wait(hours=1)
    fan_out.fan_out(session, world.act(cast.admin))
    rows = session.scalars(select(HookDelivery).order_by(HookDelivery.id)).all()
    told = {row.kind for row in rows}
    assert len(told) > 20, "much has happened"
    assert len(marks) > 40, "and much was typed"
    assert not told & QUIET
    names = {person.name for person in session.scalars(select(Person))}
    for row in rows:
        body = json.loads(row.body)
        assert set(body) == {"id", "type", "created_at", "audience", "case", "data"}
        assert not [mark for mark in marks if mark in row.body]
        assert not re.search(r"@|https?:", row.body), "no address of anybody"
        assert not names & set(re.findall(r"\w+", json.dumps(body["data"]))), "no name of anybody"


@pytest.fixture
def admin(app: Flask, cast: Cast, settings: Settings) -> Browser:
    wired = app.extensions["request_tracker"]
    app.extensions["request_tracker"] = replace(wired, settings=replace(settings, may_call_this_machine=True))
    return Browser(app).sign_in(cast.admin)


def test_an_admin_looks_after_an_endpoint(
    admin: Browser, session: Session, cast: Cast, rolled: Rolled, settings: Settings, receiver: Receiver
) -> None:
    context = Context(rolled, replace(settings, may_call_this_machine=True), lambda: CLOCK["now"], Fivetran)  # type: ignore[arg-type]
    case = a_case(session, cast)
    session.commit()
    assert "Nobody is told yet" in admin.get("/admin/hooks").text
    wrong = {"url": "http://inside.example/x", "title": "Chat", "others": "mvoe.*"}
    page = admin.post("/admin/hooks", wrong, status=422, on="/admin/hooks/new")
    assert "begins with https://" in page.text
    assert 'value="http://inside.example/x"' in page.text
    named = {**wrong, "url": receiver.url}
    assert "no event like mvoe.*" in admin.post("/admin/hooks", named, status=422, on="/admin/hooks/new").text
    named["others"] = ""
    assert "Choose at least one" in admin.post("/admin/hooks", named, status=422, on="/admin/hooks/new").text
    page = admin.post("/admin/hooks", {**named, "events": ["moves", "syncs"], "others": "merge"}, on="/admin/hooks/new")
    at = page.location
    endpoint_id = int(at.rpartition("/")[2])
    secret = hook_sending.secret_of(settings.secret_key, endpoint_id, 1)
    first = admin.follow(page).text
    assert secret in first
    assert "Send a test message" in first
    assert secret not in admin.get(at).text, "it is shown once"
    assert "A case moves from phase to phase. Syncs. merge" in admin.get("/admin/hooks").text
    edit = admin.get(f"{at}/edit").text
    assert edit.count("checked") == 2
    assert "merge</textarea>" in edit

    def work_on() -> None:
        work.fan_out(context)
        Worker(context).drain()

    admin.post(f"{at}/ping")
    admin.post(f"{at}/ping")
    work_on()
    assert [each["type"] for each in receiver.told] == ["test.ping"]
    move(session, case, "claim", cast.specialist)
    session.commit()
    CLOCK["now"] = MONDAY + timedelta(minutes=11)
    receiver.replies = [(500, {}, b"<b>broken</b>")]
    work_on()
    shown = admin.get(at).text
    assert "The receiver takes nothing" in shown
    assert "500 in" in shown
    link = re.search(rf"{at}/messages/\d+(?=\">move.claim)", shown)
    assert link
    assert "&lt;b&gt;broken&lt;/b&gt;" in admin.get(link[0]).text
    admin.post(f"{at}/pause")
    CLOCK["now"] += timedelta(hours=1)
    work_on()
    assert "Paused by Admin" in admin.get(at).text
    assert len(receiver.got) == 2
    admin.post(f"{at}/resume", {"missed": "yes"})
    work_on()
    assert [each["type"] for each in receiver.told] == ["test.ping", "move.claim", "move.claim"]

    assert "signatures" in admin.get(f"{at}/ask/rotate").text
    assert hook_sending.secret_of(settings.secret_key, endpoint_id, 2) in admin.follow(admin.post(f"{at}/rotate")).text
    admin.post(f"{link[0]}/replay")
    work_on()
    assert receiver.ids[-1] == receiver.ids[-2], "a replay is the same message"
    assert receiver.got[-1][1] == receiver.got[-2][1]
    assert len(receiver.got[-1][0]["webhook-signature"].split()) == 2
    assert "sent again" in admin.get(f"{at}?state=sent").text
    assert "No message was given up" in admin.get(f"{at}?state=dead").text
    assert admin.get(f"{at}?state=odd&before=99999999999999").status == 200
    page = admin.post(f"{at}/replay", {"which": "since", "since": "yesterday"}, status=422)
    assert "Enter a day and a time" in page.text
    assert 'value="yesterday"' in page.text
    CLOCK["now"] += timedelta(minutes=1)
    admin.post(f"{at}/replay", {"which": "since", "since": "2026-11-02T08:00"})
    work_on()
    assert [each["type"] for each in receiver.told[3:]] == ["move.claim"] * 2, "tests and replays are not sent again"
    assert "nothing to send again" in admin.follow(admin.post(f"{at}/replay", {"which": "dead"})).text

    admin.get(f"{at}/ask/reveal")
    assert hook_sending.secret_of(settings.secret_key, endpoint_id, 2) in admin.follow(admin.post(f"{at}/reveal")).text
    changed = {"url": "https://hooks.example/", "title": "Data", "events": ["all"], "others": ""}
    assert "Data" in admin.follow(admin.post(at, changed)).text
    admin.get(f"{at}/ask/eat", status=404)
    assert "cannot be taken back" in admin.get(f"{at}/ask/delete").text
    admin.post(f"{at}/delete")
    assert "Nobody is told yet" in admin.get("/admin/hooks").text
    for path in (at, link[0], f"{at}/edit"):
        assert "choose one from the list" in admin.get(path, status=404).text
    log = session.scalars(select(Entry.data).where(Entry.case_id == case.id)).all()
    assert "whsec_" not in json.dumps(list(log))


def test_there_are_twenty_endpoints_at_most_and_only_admins_make_them(session: Session, cast: Cast) -> None:
    wish = Wish("https://hooks.example/", "", ("*",))
    for _ in range(hooks.MOST_ENDPOINTS):
        hooks.add(session, wish, act(cast.admin))
    with pytest.raises(Unfit, match="20 endpoints"):
        hooks.add(session, wish, act(cast.admin))
    with pytest.raises(NotAllowed):
        hooks.add(session, wish, act(cast.lead))


def test_old_messages_are_forgotten_the_dead_later(stage: Stage, receiver: Receiver) -> None:
    endpoint_id = stage.endpoint(receiver.url)
    stage.happen("document", "comment", "slots")
    stage.pass_time(minutes=11)
    sent = stage.rows()
    with stage.database.transaction() as session:
        session.execute(update(HookDelivery).where(HookDelivery.id == sent[1].id).values(state="dead", sent_at=None))
    stage.now += timedelta(days=29)
    with stage.database.transaction() as session:
        assert hooks.dead(session, endpoint_id) == [sent[1].id]
        assert hooks.replay(session, endpoint_id, [each.id for each in sent], act(stage.cast.admin, stage.now)) == 3
        assert hooks.dead(session, endpoint_id) == []
    stage.pass_time(days=2)
    work.forget_hook_deliveries(stage.context)
    kept, *replays = stage.rows()
    assert kept.id == sent[1].id
    assert [row.replay_of_id for row in replays] == [None, sent[1].id, None]
    stage.pass_time(days=60)
    work.forget_hook_deliveries(stage.context)
    assert stage.rows() == []


def a_sending(url: str) -> Sending:
    return Sending(1, 1, url, "evt_1_1", "{}", (hook_sending.secret_of("k", 1, 1),), None)


def test_an_answer_that_never_ends_is_cut_and_no_inner_address_is_called(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("", "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=name)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        try:
            for _ in range(2000):
                handler.wfile.write(b"H")
                handler.wfile.flush()
                over.wait(0.05)
        except OSError:
            handler.close_connection = True
            over.set()

    over = Event()
    with listening(drip) as slow, Poster(this_machine=True, seconds=0.3) as poster:
        answer = poster.post(a_sending(slow.url), MONDAY)
        assert (answer.status, answer.said) == (None, "No answer within 10 seconds")
        assert answer.took_ms < 5000
        assert over.wait(10), "the connection was ended"
    with Poster(this_machine=True) as poster:
        receiver.replies = [(200, {}, b"a" * 9000), (200, {"content-encoding": "gzip"}, b"no gzip")]
        said = [poster.post(a_sending(f"{receiver.url}/token-123"), MONDAY) for _ in range(2)]
        assert [(each.status, each.said[:9]) for each in said] == [(200, "aaaaaaaaa"), (200, "no gzip")]
    with Poster(this_machine=False) as poster:
        inner = poster.post(a_sending(receiver.url), MONDAY)
        assert "inside our own network" in inner.said
        assert len(receiver.got) == 2
    logged = caplog.text
    assert "127.0.0.1" in logged, "the library below tells whom it calls"
    assert not re.search(r"token-123|whsec_|v1,|evt_1_1", logged), "but neither the path nor what was sent"

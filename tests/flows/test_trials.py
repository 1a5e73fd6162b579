"""Trial syncs through pages, API and worker: started, watched, gone on from, stopped, forgotten; no key is kept."""

import json
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape
from importlib import util
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import psutil
import pytest
from conftest import Rolled
from factories import CLOCK, Cast, a_case, a_cast, a_read_document, a_table, an_analysis
from flask import Flask
from running import SWEPT
from sqlalchemy import MetaData, select
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.actions import trial_steps
from request_tracker.apidocs import trial
from request_tracker.apidocs.trial import Counts, Ran, TriedTable
from request_tracker.app import create_app
from request_tracker.rules.people import Viewer
from request_tracker.rules.vendor_api import SignIn, SignInKind
from request_tracker.settings import Settings
from request_tracker.store import evidence, jobs, reading_timeline, tokens
from request_tracker.store.cases import Case
from request_tracker.store.session import Database
from request_tracker.store.trials import TrialRun
from request_tracker.web import trial_process
from request_tracker.work import trying
from request_tracker.work.context import Context
from request_tracker.work.worker import Worker, wall_clock

KEY = "zq-key-of-a-test-account-7"
HOSTILE = "<script>x</script>\u202e{{7*7}}\x00'\""
ROWS = b"DUCK the rows"


def what_came(**more: Any) -> Ran:
    """Two tables with rows, one of them hostile, and one without; `lines` was chosen and not so much as named."""
    tables = (
        TriedTable("customers", 2, (("id", "BIGINT"), (HOSTILE, "VARCHAR")), ("id",), upserts=2, warnings=(HOSTILE,)),
        TriedTable("invoices", 0, (("id", "BIGINT"),), ("id",), warnings=("No rows arrived",)),
        TriedTable(HOSTILE, 1, (("id", "BIGINT"),), upserts=1),
    )
    facts: dict[str, Any] = {
        "state": "done", "sentence": "Every table was read to its end.", "counts": Counts(3, 0, 1, 1, 2),
        "tables": tables, "sample": {"customers": [{"id": "1", HOSTILE: HOSTILE}, {"id": "2", HOSTILE: None}]},
        "warnings": (HOSTILE,), "project_state": {"customers": "2026-01-01"},
    }  # fmt: skip
    return Ran(**{**facts, **more})


@dataclass
class Desk:
    """The application, a worker whose trials are made up, and the people. `given`: what each trial was given."""

    app: Flask
    session: Session
    cast: Cast
    database: Rolled
    settings: Settings
    case: Case
    given: list[dict[str, Any]] = field(default_factory=list)
    ends: Callable[[], Ran] = what_came
    meanwhile: Callable[[], object] = lambda: None

    @property
    def path(self) -> str:
        return f"/cases/{self.case.number}/trials"

    def context(self) -> Context:
        return Context(self.database, self.settings, lambda: CLOCK["now"], _no_fivetran, try_project=self.run)

    def run(self, project: Path, *, database: Path, on_step: Any, on_count: Any, is_stopped: Any, **more: Any) -> Ran:
        held = database.read_bytes() if database.exists() else None
        files = {path.name for path in project.rglob("*")}
        assert {"connector.py", "tables.py", "example_source.py"} <= files
        texts = "".join(path.read_text() for path in project.rglob("*") if path.is_file())
        self.given.append({**more, "held": held, "texts": texts})
        on_step("Reading")
        on_count({"upserts": 2, "checkpoints": 1, "tables": 1, "of": 3})
        assert not is_stopped()
        self.meanwhile()
        database.write_bytes((held or b"") + ROWS)
        return self.ends()

    def work(self) -> None:
        self.session.commit()
        effects = {"try_project": lambda context, call: trying.try_project(context, call.args["run_id"])}
        with self.database.transaction() as session:
            for job in session.scalars(select(jobs.Job).where(jobs.Job.kind != "try_project")):
                session.delete(job)
        Worker(self.context(), effects=effects).drain(most=5)
        self.session.expire_all()

    def browser(self, who: Viewer) -> Browser:
        return Browser(self.app).sign_in(who)

    def runs(self) -> list[TrialRun]:
        self.session.expire_all()
        return list(self.session.scalars(select(TrialRun).order_by(TrialRun.id)))

    def told(self) -> list[str]:
        rows = reading_timeline.timeline_of(self.session, self.case, self.cast.lead)
        return [row.sentence for row in reversed(rows) if row.kind.startswith("trial")]

    def call(self, who: Viewer, method: str, path: str, status: int = 200, **sent: Any) -> Any:
        secret = tokens.issue(self.session, who.id or 0, "all", CLOCK["now"])
        self.session.commit()
        headers = {"Authorization": f"Bearer {secret}"}
        answer = self.app.test_client().open(f"/api/v1{path}", method=method, headers=headers, **sent)
        assert answer.status_code == status, answer.text
        return answer.get_json()


def _no_fivetran() -> Any:
    raise AssertionError("nothing here reaches Fivetran")


@pytest.fixture
def desk(
    app: Flask, session: Session, cast: Cast, rolled: Rolled, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    monkeypatch.setattr(trial, "is_set_up", lambda home: True)
    made = a_case(session, cast, phase="consultation")
    a_read_document(session, made)
    session.commit()
    return Desk(app, session, cast, rolled, settings, made)


@SWEPT
def test_a_trial_is_watched_taken_in_gone_on_from_and_started_over(desk: Desk) -> None:
    page, path = desk.browser(desk.cast.engineer), desk.path
    first = page.follow(page.post(path, on=path))
    assert "Waits for its turn" in first.text
    assert 'hx-trigger="every 2s"' in first.text
    again = page.post(path, status=422, on=path)
    assert "runs already" in again.text

    def look() -> None:
        seen = page.get(f"{path}/{desk.runs()[0].id}/progress")
        assert "Reading: 1 of 3 tables" in seen.text
        assert "<dd>2</dd>" in seen.text
        assert "HX-Refresh" not in seen.headers

    desk.meanwhile = look
    desk.work()
    (run,) = desk.runs()
    number = run.id
    assert (run.state, run.upserts, run.truncates, run.database) == ("done", 3, 1, ROWS)
    assert desk.given[0]["configuration"] is None
    shown = page.get(f"{path}/{number}").text
    assert "Every table was read to its end." in shown
    assert page.get(f"{path}/{number}/progress").headers["HX-Refresh"] == "true"
    assert "deleted on" in shown
    assert "No rows arrived, though the document has an example" in shown
    assert "<script>x" not in shown
    assert "\u202e" not in shown
    assert "{{7*7}}" in unescape(shown)
    assert "invoices" in page.get(f"{path}/{number}?table=2").text
    assert "customers" in page.get(f"{path}/{number}?table=99").text
    file = page.get(f"{path}/{number}/rows.duckdb")
    assert "attachment" in file.headers["Content-Disposition"]
    assert ".duckdb" in file.headers["Content-Disposition"]

    page.post(path, on=path)
    desk.meanwhile = lambda: None
    desk.work()
    page.post(path, {"reset": "1"}, on=path)
    desk.work()
    assert [(each["state"], each["held"]) for each in desk.given] == [
        (None, None), ({"customers": "2026-01-01"}, ROWS), (None, None),
    ]  # fmt: skip
    rows = desk.runs()
    assert [each.former_id for each in rows] == [None, number, None]
    assert [each.database for each in rows] == [None, None, ROWS], "one file a case: the newest"
    assert "Its rows went on into" in page.get(f"{path}/{number}").text
    assert page.get(f"{path}/{number}/rows.duckdb", status=404)
    assert desk.told() == [
        *(f"Trial sync {number} {word}" for word in ("started against the examples", "succeeded: 3 rows read")),
        *(f"Trial sync {number + 1} {word}" for word in ("started against the examples", "succeeded: 3 rows read")),
        f"Trial sync {number + 2} started against the examples, from the beginning",
        f"Trial sync {number + 2} succeeded: 3 rows read",
    ]


@SWEPT
def test_a_run_is_taken_as_evidence_by_a_person_alone(desk: Desk) -> None:
    page, path = desk.browser(desk.cast.engineer), desk.path
    page.post(path, on=path)
    desk.work()
    (run,) = desk.runs()
    assert "tested" not in evidence.standing(desk.session, desk.case.id)
    shown = page.get(f"{path}/{run.id}").text
    form = re.search(r'<input type="hidden" name="key" value="tested">.*?</form>', shown, re.S)
    assert form
    note = re.search(r"<textarea[^>]*>\s*([^<]+)</textarea>", form[0])
    link = re.search(r'name="link" value="([^"]+)"', form[0])
    assert note
    assert link
    sent = {"key": "tested", "value": "yes", "note": note[1], "link": link[1]}
    page.post(f"/cases/{desk.case.number}/evidence", sent, on=path)
    row = evidence.standing(desk.session, desk.case.id)["tested"]
    assert row.link == f"{desk.settings.base_url}{path}/{run.id}"
    assert "3 rows read, 2 of 5 tables have rows" in row.note
    assert "Record as tested" not in page.get(f"{path}/{run.id}").text
    assert "Record as tested" not in desk.browser(desk.cast.auditor).get(f"{path}/{run.id}").text


@SWEPT
def test_a_run_is_stopped_or_dies_and_the_next_goes_on_from_what_stands(desk: Desk) -> None:
    page, path = desk.browser(desk.cast.specialist), desk.path
    page.post(path, on=path)
    desk.work()
    page.post(path, on=path)
    second = desk.runs()[1].id
    desk.meanwhile = lambda: page.post(f"{path}/{second}/stop", on=path)
    desk.ends = lambda: Ran("stopped", "It was stopped.", project_state={"half": 1})
    desk.work()
    first, row = desk.runs()
    assert (row.state, row.sample, row.project_state, row.upserts) == ("stopped", None, None, 2)
    assert first.database == ROWS, "what broke off leaves what stood"
    assert "It was stopped" in page.get(f"{path}/{second}").text
    page.post(f"{path}/{second}/stop", on=path)

    page.post(path, on=path)
    third = desk.runs()[2]
    assert third.former_id == first.id
    with desk.database.transaction() as session:
        act = desk.context().act()
        assert trial_steps.begin(session, third.id, "source", act) is None, "nobody typed a key for this run"
        assert trial_steps.begin(session, third.id, "examples", act)
        assert trial_steps.begin(session, third.id, "examples", act) is False, "another worker is at it"
    desk.work()
    assert desk.runs()[2].state == "running"
    CLOCK["now"] += timedelta(seconds=119)
    trying.look_after(desk.context())
    assert desk.runs()[2].state == "running"
    CLOCK["now"] += timedelta(seconds=2)
    trying.look_after(desk.context())
    assert desk.runs()[2].sentence.startswith("Its process ended")
    desk.ends, desk.meanwhile = what_came, lambda: None
    page.post(path, on=path)
    desk.work()
    assert desk.given[-1]["held"] == ROWS
    assert [each.state for each in desk.runs()] == ["done", "stopped", "failed", "done"]
    # A key that is refused leaves what stood as it was.
    desk.ends = lambda: what_came(state="failed", sentence="401", project_state=None)
    page.post(path, {"reset": "1"}, on=path)
    desk.work()
    assert [each.database for each in desk.runs()] == [None, None, None, ROWS * 2, None]
    # A run that waits while nobody works any more ends too.
    page.post(path, on=path)
    with desk.database.transaction() as session:
        for job in session.scalars(select(jobs.Job)):
            job.state, job.locked_until, job.finished_at = "dead", None, CLOCK["now"]
    CLOCK["now"] += timedelta(minutes=16)
    trying.look_after(desk.context())
    assert desk.runs()[-1].sentence.startswith("Nobody began it")


@SWEPT
def test_workers_run_two_at_a_time_and_what_breaks_here_is_told(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.ends = lambda: 1 / 0  # type: ignore[assignment,return-value]
    page = desk.browser(desk.cast.engineer)
    page.post(desk.path, on=desk.path)
    desk.work()
    assert "the log of this program says what" in desk.runs()[0].sentence
    assert "ZeroDivisionError" in caplog.text
    others = [a_case(desk.session, desk.cast, phase="consultation", service_name=f"Other {n}") for n in range(3)]
    for each in others:
        a_read_document(desk.session, each)
    desk.session.commit()
    for each in others:
        page.post(f"/cases/{each.number}/trials", on=f"/cases/{each.number}/trials")
    with desk.database.transaction() as session:
        begun = [trial_steps.begin(session, each.id, "examples", desk.context().act()) for each in desk.runs()[1:]]
    assert begun == [True, True, False]


@SWEPT
def test_samples_are_deleted_after_seven_days_or_at_once(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name, age in (("left", 3601), ("at_work", 3599)):
        folder = tmp_path / f"{trying.FOLDER}{name}"
        folder.mkdir()
        (folder / "rows.duckdb").write_bytes(ROWS)
        os.utime(folder, (CLOCK["now"].timestamp() - age,) * 2)
    trying.look_after(desk.context())
    assert [each.name for each in tmp_path.iterdir()] == [f"{trying.FOLDER}at_work"]
    page, path = desk.browser(desk.cast.lead), desk.path
    page.post(path, on=path)
    desk.work()
    page.post(path, {"reset": "1"}, on=path)
    desk.work()
    first, second = desk.runs()
    page.post(f"{path}/{second.id}/forget", on=path)
    page.post(f"{path}/{second.id}/forget", on=path)
    assert "What was read was deleted on" in page.get(f"{path}/{second.id}").text
    assert page.get(f"{path}/{second.id}/rows.duckdb", status=404)
    assert desk.runs()[0].sample is not None
    CLOCK["now"] += timedelta(days=7, seconds=-1)
    trying.look_after(desk.context())
    assert desk.runs()[0].sample is not None
    CLOCK["now"] += timedelta(seconds=1)
    for _ in range(2):
        trying.look_after(desk.context())
    rows = desk.runs()
    assert [(each.sample, each.database, each.project_state) for each in rows] == [(None, None, None)] * 2
    assert all(each.forgotten_at for each in rows)
    assert [each for each in desk.told() if "deleted" in each] == [
        f"What trial sync {second.id} read was deleted", f"What trial sync {first.id} read was deleted",
    ]  # fmt: skip
    shown = page.get(f"{path}/{first.id}?table=1").text
    assert "Columns of customers" in shown
    assert "upserts" in shown.lower()
    page.post(path, on=path)
    desk.work()
    assert desk.given[-1]["state"] is None, "nothing is left to go on from"


@SWEPT
def test_what_was_typed_reaches_the_process_and_nothing_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page, path, seen = desk.browser(desk.cast.engineer), desk.path, []
    handed: list[tuple[int, Mapping[str, str]]] = []
    monkeypatch.setattr(trial_process, "start", lambda settings, run_id, typed: handed.append((run_id, dict(typed))))
    form = page.get(path).text
    assert 'type="password"' in form
    assert "Requesters' credentials never come here" in form
    source = f"{path}/source"
    for sent, said in (
        ({"set-api_key": ""}, "Type a value for api_key"),
        ({"set-api_key": KEY * 1000}, "Shorten this"),
        ({"set-api_key": KEY, "set-base_url": f"https://me:{KEY}@x.example"}, "without a name or password"),
        ({"set-api_key": KEY, "set-base_url": "http://api.x.example"}, "others could read the key"),
        ({"set-api_key": KEY, "set-base_url": "https://10.0.0.8/"}, "that the internet can reach"),
        ({"set-api_key": KEY, "set-base_url": "http://127.0.0.1:99/"}, "starts with https://"),
    ):
        refused = page.post(source, sent, status=422, on=path)
        assert said in refused.text
        seen.append(refused.text)
    assert handed == []
    assert desk.runs() == []

    answer = page.post(source, {"set-api_key": KEY, "set-stranger": "x", "set-recent_days_first": "7"}, on=path)
    ((run_id, typed),) = handed
    assert typed == {"api_key": KEY, "recent_days_first": "7"}
    desk.session.commit()
    desk.ends = lambda: what_came(state="failed", sentence="The sync ended early: 401")
    trying.try_source(desk.context(), run_id, typed)
    assert desk.given[0]["configuration"] == typed
    assert KEY not in desk.given[0]["texts"]
    assert desk.given[0]["this_machine"] is False
    page.post(source, {"set-api_key": KEY}, on=path)

    def breaks() -> Ran:
        raise RuntimeError(f"could not sign in with {KEY}")

    desk.ends = breaks
    trying.try_source(desk.context(), *handed[1])
    seen += [str(answer.headers), page.get(path).text, page.get(f"{path}/{run_id}").text, *desk.told()]
    assert "Nothing of what you typed was kept" in seen[0]
    seen += [page.get(f"/cases/{desk.case.number}").text, caplog.text, everything(desk.session)]
    assert [each.state for each in desk.runs()] == ["failed", "failed"]
    assert "401" in everything(desk.session), "the dump holds what is stored"
    assert not [text[:80] for text in seen if KEY in text]
    assert not [cookie for cookie in page.client._cookies.values() if KEY in str(cookie.value)]
    # A process that cannot be started is a failed run, not a run for ever.
    monkeypatch.setattr(trial_process, "start", _no_memory)
    page.post(source, {"set-api_key": KEY}, on=path)
    assert "could not be started" in desk.runs()[-1].sentence


@SWEPT
def test_only_what_the_sign_in_does_without_may_stay_empty(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[dict[str, str]] = []
    monkeypatch.setattr(trial_process, "start", lambda settings, run_id, typed: handed.append(dict(typed)))
    page, source = desk.browser(desk.cast.engineer), f"{desk.path}/source"
    for kind, sent, said in (
        (SignInKind.BEARER, {"set-token": ""}, "Type a value for token"),
        (SignInKind.BASIC, {"set-password": KEY}, "Type a value for username"),
        (SignInKind.BASIC, {"set-username": KEY}, ""),
        (SignInKind.UNDECLARED, {}, ""),
    ):
        a_read_document(desk.session, desk.case, an_analysis(sign_in=(SignIn(kind),)))
        desk.session.commit()
        answer = page.post(source, sent, status=422 if said else 303, on=desk.path)
        assert said in answer.text
        if not said:
            page.post(f"{desk.path}/{desk.runs()[-1].id}/stop", on=desk.path)
    assert handed == [{"username": KEY}, {}]


def _no_memory(*_: object) -> None:
    raise OSError("no memory")


def everything(session: Session) -> str:
    """Every value of every row of the database."""
    meta = MetaData()
    meta.reflect(session.connection())
    return "\n".join(str(row) for table in meta.sorted_tables for row in session.execute(select(table)))


@SWEPT
def test_who_may_and_what_is_missing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    page, path = desk.browser(desk.cast.lead), desk.path
    page.post(path, on=path)
    desk.work()
    run = desk.runs()[0].id
    for who in (desk.cast.auditor, desk.cast.admin):
        reader = desk.browser(who)
        for place in (path, f"{path}/{run}"):
            text = reader.get(place).text
            assert "Try it" not in text
            assert 'type="password"' not in text
            assert "rows.duckdb" not in text
    desk.browser(desk.cast.ada).get(path, status=403)
    other = a_case(desk.session, desk.cast, phase="consultation", service_name="Other")
    desk.session.commit()
    elsewhere = f"/cases/{other.number}/trials"
    assert "No API document was read yet" in page.get(elsewhere).text
    assert "No API document" in page.post(elsewhere, status=422, on=path).text
    for place in (f"{elsewhere}/{run}", f"{elsewhere}/{run}/progress", f"{elsewhere}/{run}/rows.duckdb"):
        page.get(place, status=404)
    page.post(f"{elsewhere}/{run}/forget", status=404, on=path)
    monkeypatch.setattr(trial, "is_set_up", lambda home: False)
    shown = page.get(path).text
    assert "request-tracker trial --setup" in shown
    assert "Try it" not in shown
    assert "trial --setup" in page.post(path, status=422, on=path).text


@SWEPT
def test_the_api_starts_reads_and_never_takes_a_key(desk: Desk) -> None:
    cases = f"/cases/{desk.case.number}"
    made = desk.call(desk.cast.engineer, "POST", f"{cases}/trials", 202)
    assert (made["state"], made["against"]) == ("waiting", "examples")
    desk.call(desk.cast.engineer, "POST", f"{cases}/trials", 422, json={})
    desk.call(desk.cast.engineer, "POST", f"{cases}/trials", 422, json={"api_key": KEY})
    desk.work()
    found = desk.call(desk.cast.auditor, "GET", f"{cases}/trials/{made['id']}")
    assert (found["state"], found["upserts"], found["checkpoints"]) == ("done", 3, 2)
    tables = {each["name"]: each for each in found["tables"]}
    assert tables["customers"]["columns"][0] == {"name": "id", "type": "BIGINT"}
    assert tables["lines"]["missing"] == "No rows arrived, though the document has an example: look at how it is read"
    assert found["sample"]["customers"][0]["id"] == "1"
    again = desk.call(desk.cast.lead, "POST", f"{cases}/trials", 202, json={"reset": False})
    assert again["goes_on_from"] == made["id"]
    assert [each["id"] for each in desk.call(desk.cast.admin, "GET", f"{cases}/trials")["items"]] == [
        again["id"], made["id"],
    ]  # fmt: skip
    desk.call(desk.cast.ada, "GET", f"{cases}/trials", 403)
    desk.call(desk.cast.auditor, "POST", f"{cases}/trials", 403)


@SWEPT
def test_what_is_kept_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "BIGGEST_DATABASE", len(ROWS) - 1)
    monkeypatch.setattr(trial_steps, "BIGGEST_SAMPLE", 5_000)
    names = [f"t{n}" for n in range(30)]
    lines = {name: [{"id": "x" * 190}] * 20 for name in names}
    tables = tuple(TriedTable(name, 20, (("id", "VARCHAR"),), ("id",), upserts=20) for name in names)
    desk.ends = lambda: what_came(tables=tables, sample=lines)
    page = desk.browser(desk.cast.engineer)
    page.post(desk.path, on=desk.path)
    desk.work()
    (run,) = desk.runs()
    assert run.database is None
    assert run.project_state is not None
    kept = json.loads(run.sample or "{}")
    assert len(kept["t0"]) == 20
    assert len(run.sample or "") < 6_000
    shown = page.get(f"{desk.path}/{run.id}").text
    assert "were not kept" in shown
    assert "Download all rows" not in shown


@dataclass
class Street:
    """A database of its own, which real processes share."""

    database: Database
    settings: Settings
    page: Browser
    path: str

    def ended(self) -> TrialRun:
        end = time.monotonic() + 120
        while True:
            with self.database.reading() as session:
                row = session.scalars(select(TrialRun).order_by(TrialRun.id.desc())).first()
            if row is not None and row.finished_at is not None:
                return row
            assert time.monotonic() < end, "the run did not end"
            time.sleep(0.1)


@pytest.mark.deep
@pytest.mark.skipif(
    not trial.is_set_up(trial.home()) and not os.environ.get("REQUIRE_ALL"),
    reason="the environment of trials is not there: run `request-tracker trial --setup`",
)
def test_with_the_real_sdk_and_a_key_typed_for_a_real_process(
    fresh: Database, settings: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    url = fresh.engine.url.render_as_string(hide_password=False)
    settings = replace(settings, database_url=url, may_call_this_machine=True)
    with fresh.transaction() as session:
        cast = a_cast(session)
        case = a_case(session, cast, phase="consultation")
        columns = a_table("customers"), a_table("invoices", "customers"), a_table("payments"), a_table("tables")
        rows = {
            "customers": ({"id": 1, "name": "Ada"}, {"id": 2, "name": "Ben"}),
            "payments": ({"id": 7},),
            "tables": ({"id": 5},),
        }
        a_read_document(session, case, an_analysis(*columns, examples={**rows, "invoices": ({"id": 3},)}))
        number, engineer = case.number, cast.engineer
    app = create_app(settings, fresh, now=wall_clock)
    app.config["TESTING"] = True
    street = Street(fresh, settings, Browser(app).sign_in(engineer), f"/cases/{number}/trials")
    context = Context(fresh, settings, wall_clock, _no_fivetran)
    effects = {"try_project": lambda context, call: trying.try_project(context, call.args["run_id"])}
    street.page.post(street.path, on=street.path)
    with fresh.transaction() as session:
        for job in session.scalars(select(jobs.Job).where(jobs.Job.kind != "try_project")):
            session.delete(job)
    Worker(context, effects=effects).drain(most=3)
    first = street.ended()
    assert (first.state, first.sentence) == ("done", "Every table was read to its end.")
    assert {each["name"]: each["rows"] > 0 for each in first.tables} == dict.fromkeys(
        ("customers", "invoices", "payments", "tables"), True
    )

    source = a_source(street, tmp_path)
    address = source.start()
    typed = {**source.configuration(), "base_url": address}
    assert typed["api_key"] == KEY
    try:
        street.page.post(
            f"{street.path}/source", {f"set-{name}": value for name, value in typed.items()}, on=street.path
        )
        watched = seen_of_processes()
        real = street.ended()
    finally:
        source.stop()
    assert (real.state, real.origin, real.former_id) == ("done", "source", None), real.sentence
    assert real.upserts >= 4
    assert "Ada" in street.page.get(f"{street.path}/{real.id}").text
    assert "--for-run" in watched
    said = capfd.readouterr()
    kept = b"".join(each.read_bytes() for each in tmp_path.glob("fresh.sqlite3*"))
    for place in (watched.encode(), kept, (said.out + said.err).encode(), street.page.get(street.path).text.encode()):
        assert KEY.encode() not in place


def seen_of_processes() -> str:
    """Commands and environments of our children, as long as one of them is the run's process."""
    texts = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            texts += [*child.cmdline(), str(child.environ())]
    return "\n".join(texts)


def a_source(street: Street, folder: Path) -> Any:
    """The project's own example server, standing in for the vendor's API."""
    project = folder / "project"
    archive = street.page.client.get(street.path.replace("/trials", "/project.zip")).data
    with ZipFile(BytesIO(archive)) as packed:
        packed.extractall(project)
    (inner,) = project.iterdir()
    spec = util.spec_from_file_location("source_of_a_trial", inner / "tests" / "example_source.py")
    assert spec
    assert spec.loader
    module = sys.modules[spec.name] = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.SECRETS["api_key"] = KEY
    return module.ExampleSource.of_project(inner)

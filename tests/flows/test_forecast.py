"""Forecasts through the worker, the pages, the API and the command line."""

import json
import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from click.testing import CliRunner
from factories import CLOCK, MONDAY, Cast, Counted, a_case, a_cast, a_request, act, move
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.actions import hold, merge
from request_tracker.cli import main
from request_tracker.fivetran.client import Fivetran
from request_tracker.rules import backtest, forecast, outlook
from request_tracker.rules.backtest import Trial, Tried
from request_tracker.rules.calendar import standard
from request_tracker.rules.stays import STAGES, Stay, is_held, order
from request_tracker.rules.terms import Phase
from request_tracker.settings import Settings
from request_tracker.store import forecasts, requests, tokens
from request_tracker.store.cases import Case
from request_tracker.store.forecasts import Forecast
from request_tracker.store.jobs import Job
from request_tracker.store.people import Person
from request_tracker.store.requests import Request
from request_tracker.store.session import Database
from request_tracker.work import forecasting, schedule
from request_tracker.work.context import Context
from request_tracker.work.worker import Worker

CALENDAR = standard("UTC")
NOON = MONDAY + timedelta(hours=3)


def a_body(*, cases: int = 60, judged: int = 50) -> dict:
    """Every stage took 1 to 10 working days, each as often; five days longer where it was on hold first."""
    stays = [_stay(case, stage, 1 + case % 10) for case in range(cases) for stage in STAGES]
    known = forecast.model(
        forecast.measured(stays, CALENDAR),
        start=forecast.minutes(CALENDAR, MONDAY - timedelta(days=700)),
        now=forecast.minutes(CALENDAR, MONDAY),
    )
    trials = tuple(Trial("validation", Phase.CONSULTATION, (0.5 + each) / judged) for each in range(judged))
    tried = Tried(trials, not_yet=3, otherwise=2, few=1)
    return {
        "format": 1,
        "calendar": CALENDAR.to_json(),
        "model": outlook.to_json(known),
        "calibration": backtest.to_json(tried, backtest.calibration(tried)),
    }


def _stay(case: int, stage: str, days: int) -> Stay:
    began = MONDAY - timedelta(weeks=10 + case % 20)
    until = began + timedelta(days=days + 2 * (days > 4) + 2 * (days > 9))
    to = stage.removesuffix(".held") if is_held(stage) else str(list(Phase)[order(stage) + 1])
    return Stay(case, stage, began, began, until, to)


@pytest.fixture
def known(session: Session, cast: Cast) -> None:
    forecasts.keep(session, MONDAY, a_body(), MONDAY)
    session.commit()


@pytest.fixture
def context(rolled: Database, settings: Settings) -> Context:
    return Context(rolled, settings, lambda: CLOCK["now"], lambda: Fivetran("http://127.0.0.1:1", "k", "s"))


def _words(text: str) -> str:
    """The forecast's section as its reader sees it; empty where there is none."""
    found = re.search(r'<section[^>]*id="forecast".*?</section>', text, re.S)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0]))).replace(" ;", ";") if found else ""


def test_each_night_one_row(session: Session, cast: Cast, context: Context) -> None:
    a_case(session, cast, phase="validation")
    session.commit()
    CLOCK["now"] = MONDAY + timedelta(days=7)
    for _ in range(2):
        schedule.ensure_forecast(context)
        session.expire_all()
    jobs = session.scalars(select(Job).where(Job.kind == "forecast")).all()
    assert [job.unique_key for job in jobs] == ["forecast:2026-11-09"]
    session.commit()
    for _ in range(2):
        forecasting.make(context)
    rows = session.scalars(select(Forecast)).all()
    assert [row.as_of for row in rows] == [CLOCK["now"]], "made twice, a day has one row"
    assert rows[0].body["model"]["curves"]["submission"] == [[0, 1.0, 0.0, 0.0, 1]]
    session.commit()
    CLOCK["now"] += timedelta(days=1)
    schedule.ensure_forecast(context)
    session.commit()
    Worker(context, effects={**_quiet(), "forecast": lambda context, _: forecasting.make(context)}).drain()
    assert len(session.scalars(select(Forecast)).all()) == 2


def _quiet() -> dict:
    return dict.fromkeys(("notify", "deliver", "provision", "score", "first_sync", "digest"), lambda *_: None)


def test_before_the_first_night_staff_read_why_and_requesters_nothing(app: Flask, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    number = _request(session, case).number
    session.commit()
    assert "Nothing is known yet" in _words(Browser(app).sign_in(cast.specialist).get(f"/cases/{case.number}").text)
    assert _words(Browser(app).sign_in(cast.ada).get(f"/requests/{number}").text) == ""
    assert "Nothing is known yet" in Browser(app).sign_in(cast.lead).get("/reports/forecast").text


def test_the_case_page_tells_ranges_beside_the_promise(app: Flask, session: Session, cast: Cast, known: None) -> None:
    case = a_case(session, cast, phase="validation")
    session.commit()
    told = _words(Browser(app).sign_in(cast.specialist).get(f"/cases/{case.number}").text)
    assert "Consultation An answer is promised by" in told
    assert "likely between 3 Nov 2026 and 13 Nov 2026 (half of similar cases by 9 Nov 2026; 60 cases" in told
    assert told.index("Consultation") < told.index("Development") < told.index("Generally available")
    assert "Validation" not in told, "where it is now needs no forecast"


def test_what_has_waited_is_expected_sooner_and_what_is_on_hold_later(
    app: Flask, session: Session, cast: Cast, known: None
) -> None:
    case, waiting = (a_case(session, cast, phase="validation", service_name=name) for name in ("One", "Two"))
    hold.put_on(session, waiting, act(cast.specialist, NOON), reason="requester_info", question="Which plan?")
    session.commit()
    CLOCK["now"] = MONDAY + timedelta(days=3)
    first, held = (_consultation(session, app, cast, each) for each in (case, waiting))
    assert datetime.fromisoformat(first["median"]) < datetime.fromisoformat(held["median"])
    assert datetime.fromisoformat(first["early"]) > CLOCK["now"], "what has not happened yet is not expected for before"
    CLOCK["now"] = MONDAY + timedelta(days=40)
    stuck = _consultation(session, app, cast, case)
    assert (stuck["enough"], stuck["cases"], stuck["early"]) == (False, 0, None), "nobody ever waited that long"


def _consultation(session: Session, app: Flask, cast: Cast, case: Case) -> dict:
    session.commit()
    answer = app.test_client().get(f"/api/v1/cases/{case.number}/forecast", headers=_token(session, cast.specialist))
    found = answer.get_json()["phases"]
    assert found[0]["phase"] == "consultation"
    return found[0]


def _token(session: Session, who: object) -> dict:
    secret = tokens.issue(session, getattr(who, "id"), "all", CLOCK["now"])  # noqa: B009
    session.commit()
    return {"Authorization": f"Bearer {secret}"}


def _request(session: Session, case: Case) -> Request:
    found = requests.primary_of(session, case)
    assert found is not None
    return found


def test_requesters_read_dates_calmly_and_a_merged_one_those_of_the_whole(
    app: Flask, session: Session, cast: Cast, known: None
) -> None:
    root = a_case(session, cast, phase="consultation")
    asked = a_request(session, cast.cleo, service_name="Acme Bill")
    child = session.get_one(Case, asked.case_id)
    merge.merge(session, child, root, act(cast.specialist), version=child.version, into_version=root.version)
    hold.put_on(session, root, act(cast.specialist, NOON), reason="source_vendor", question="")
    session.get_one(Person, cast.cleo.id).zone = "Pacific/Auckland"
    session.commit()
    CLOCK["now"] = MONDAY + timedelta(days=1, hours=12)
    mine = _words(Browser(app).sign_in(cast.ada).get(f"/requests/{_request(session, root).number}").text)
    theirs = _words(Browser(app).sign_in(cast.cleo).get(f"/requests/{asked.number}").text)
    for told in (mine, theirs):
        assert "This is no promise: it is how long similar requests took." in told
        assert "Development begins Likely between" in told
        assert "cases;" not in told.replace("similar cases", "")
        assert "get there" not in told
        assert "hold" not in told
        assert "Northwind" not in told
    dates = [re.findall(r"\d+ \w{3} 2026", told)[:2] for told in (mine, theirs)]
    assert dates[0] != dates[1], "each in the reader's own zone"
    answer = app.test_client().get(f"/api/v1/cases/{child.number}/forecast", headers=_token(session, cast.cleo))
    body = answer.get_json()
    assert (body["case"], body["phases"][0]["phase"], "chance" in body["phases"][0]) == (
        root.number,
        "development",
        False,
    )


def test_few_cases_say_so_to_staff_and_nothing_to_requesters(app: Flask, session: Session, cast: Cast) -> None:
    forecasts.keep(session, MONDAY, a_body(cases=7, judged=7), MONDAY)
    case = a_case(session, cast, phase="development")
    session.commit()
    told = _words(Browser(app).sign_in(cast.engineer).get(f"/cases/{case.number}").text)
    assert "Too few finished cases (7) to say." in told
    assert "between" not in told
    assert _words(Browser(app).sign_in(cast.ada).get(f"/requests/{_request(session, case).number}").text) == ""
    assert "Too few forecasts could be judged yet (7)" in Browser(app).sign_in(cast.lead).get("/reports/forecast").text


def test_what_ended_has_no_forecast(app: Flask, session: Session, cast: Cast, known: None) -> None:
    case = a_case(session, cast, phase="validation")
    move(session, case, "withdraw", cast.ada)
    session.commit()
    assert _words(Browser(app).sign_in(cast.specialist).get(f"/cases/{case.number}").text) == ""
    answer = app.test_client().get(f"/api/v1/cases/{case.number}/forecast", headers=_token(session, cast.lead))
    assert answer.get_json()["phases"] == []
    stranger = app.test_client().get(f"/api/v1/cases/{case.number}/forecast", headers=_token(session, cast.cleo))
    assert stranger.status_code == 404


def test_a_page_costs_one_statement_more(app: Flask, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    session.commit()
    pages = (
        (Browser(app).sign_in(cast.specialist), f"/cases/{case.number}"),
        (Browser(app).sign_in(cast.ada), f"/requests/{_request(session, case).number}"),
    )
    for browser, path in pages:
        browser.get(path)
        with Counted(session) as counted:
            browser.get(path)
        asking = [text for text, _ in counted.statements if "forecast" in text]
        assert len(asking) == 1, path
        assert "timeline" not in asking[0]


def test_staff_see_how_well_forecasts_did(app: Flask, session: Session, cast: Cast, known: None) -> None:
    page = Browser(app).sign_in(cast.specialist).get("/reports/forecast").text
    told = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))
    assert "All forecasts 50 80 % 50 %" in told
    assert "Validation to consultation 50 80 % 50 %" in told
    assert page.count("<rect") == 10
    assert "3 whose time is still to come" in told
    assert Browser(app).sign_in(cast.ada).get("/reports/forecast", status=403)


def test_the_command_prints_durations_and_the_back_test(fresh: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUEST_TRACKER_DATABASE_URL", str(fresh.engine.url))
    run = CliRunner()
    empty = run.invoke(main, ["forecast"])
    assert (empty.exit_code, "working calendar" in empty.output) == (1, True)
    with fresh.transaction() as session:
        cast = a_cast(session)
        for number in range(3):
            a_case(session, cast, phase="validation", service_name=f"Service {number}")
    plain, tried, as_json = (
        run.invoke(main, ["forecast", *more]).output for more in ((), ("--backtest",), ("--json",))
    )
    assert "too few finished cases (3) to say" in plain
    assert "all forecasts" in tried
    assert json.loads(as_json)["calibration"]["total"]["n"] == 0

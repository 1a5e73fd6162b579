"""The lead's overview and the board: each number equals the list its link leads to, and the report; at any time."""

import re
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from conftest import Rolled
from factories import CLOCK, DECLINE, MONDAY, Cast, Counted, a_case, a_request, act, case_of, move
from flask import Flask
from histories import World, do, explore, of, populate, steps
from sqlalchemy.orm import Session
from webclient import Browser, Page

from request_tracker.actions import assign, hold, report
from request_tracker.rules.phases import CLOCKS, LIVE
from request_tracker.rules.report import Week
from request_tracker.store import reading_overview
from request_tracker.store.absences import Absence
from request_tracker.store.cases import Case
from request_tracker.store.reading_overview import Live
from request_tracker.store.reading_queue import DUE, Filter, page
from request_tracker.store.reading_report import weekly

LATER = MONDAY + timedelta(days=18, hours=3)


def figures(text: str) -> list[tuple[int, str]]:
    """Every number of the page that leads somewhere, with where."""
    found = re.findall(r'<a class="tally[^"]*" href="([^"]+)">([\d,]+)<', text)
    return [(int(number.replace(",", "")), unescape(href)) for href, number in found]


def rows_of(shown: Page) -> int:
    """How many cases, or promises, the list that was led to has."""
    return len(re.findall(r'<th scope="row"', shown.text))


@pytest.fixture
def program(session: Session, cast: Cast) -> dict[str, Case]:
    """Cases in every phase: late, at risk, on track, waiting; some kept and some broken promises."""
    found = {phase: a_case(session, cast, phase=phase, service_name=f"In {phase}") for phase in LIVE}
    found["young"] = case_of(
        session, a_request(session, cast.cleo, now=LATER - timedelta(days=1), service_name="Young")
    )
    found["near"] = case_of(session, a_request(session, cast.ben, now=LATER - timedelta(days=11), service_name="Near"))
    found["held"] = a_case(session, cast, phase="validation", service_name="Held")
    hold.put_on(session, found["held"], act(cast.specialist), reason="source_vendor")
    found["kept"] = a_case(session, cast, phase="validation", service_name="Kept")
    move(session, found["kept"], "decline", cast.specialist, now=MONDAY + timedelta(days=9), **DECLINE)
    assign.assign(session, found["development"], cast.engineer.id, version=found["development"].version,
                  act=act(cast.lead))  # fmt: skip
    session.commit()
    return found


def test_each_number_of_the_overview_is_the_length_of_its_list(
    app: Flask, session: Session, cast: Cast, program: dict[str, Case]
) -> None:
    CLOCK["now"] = LATER
    at = Browser(app).sign_in(cast.lead)
    assert at.get("/", status=303).location == "/overview"
    linked = figures(at.get("/overview").text)
    assert len(linked) >= 35
    for number, href in sorted(set(linked)):
        if "/reports/" not in href:
            assert rows_of(at.get(href)) == number, href
    assert {number for number, href in linked if href == "/queue"} == {8}
    assert {href for number, href in linked if "due=overdue" in href} >= {
        "/queue?due=overdue", "/queue?phase=submission&due=overdue", "/queue?assignee=none&due=overdue",
    }  # fmt: skip


@pytest.mark.deep
def test_each_number_of_promises_is_the_length_of_its_list(app: Flask, cast: Cast, program: dict[str, Case]) -> None:
    CLOCK["now"] = LATER
    at = Browser(app).sign_in(cast.lead)
    linked = [each for each in figures(at.get("/overview").text) if "/reports/" in each[1]]
    assert len(linked) > 10
    for number, href in linked:
        assert rows_of(at.get(href)) == number, href


def test_what_the_overview_tells_beside_numbers(
    app: Flask, session: Session, cast: Cast, program: dict[str, Case]
) -> None:
    CLOCK["now"] = LATER
    first, back = date(2026, 11, 19), date(2026, 11, 26)
    session.add(Absence(person_id=cast.engineer.id, first_day=first, last_day=back, note="", created_at=MONDAY,
                        stand_in_id=cast.specialist.id))  # fmt: skip
    session.commit()
    at = Browser(app).sign_in(cast.lead)
    text = at.get("/overview").text
    late = program["submission"].number
    assert f'href="/cases/{late}/clocks#clock-review-1"' in text
    assert 'id="clock-review-1"' in at.get(f"/cases/{late}/clocks").text
    assert "Last week has not been reported yet" in text
    assert "Too few forecasts could be judged yet" in text
    assert "Specialist stands in" in text
    assert "None of their promises falls due in these days" in text, "the build is due a week after they are back"
    CLOCK["now"] = MONDAY + timedelta(days=26)
    session.add(Absence(person_id=cast.engineer.id, first_day=date(2026, 11, 27), last_day=date(2026, 12, 4), note="",
                        created_at=MONDAY))  # fmt: skip
    session.commit()
    assert f'href="/cases/{program["development"].number}?do=assign#people"' in at.get("/overview").text
    report.filed(session, Week(2026, 47), "UTC", CLOCK["now"])
    session.commit()
    assert "Last week as it was reported" in at.get("/overview").text
    nobody = Browser(app).sign_in(cast.specialist)
    nobody.get("/overview", status=403)


def test_an_empty_program_says_so_everywhere(app: Flask, cast: Cast) -> None:
    lead, auditor = Browser(app).sign_in(cast.lead), Browser(app).sign_in(cast.auditor)
    text = auditor.get("/overview").text
    for sentence in (
        "No case is live at the moment",
        "waits for a lead",
        "No promise to a requester",
        "Nobody is waited for",
    ):
        assert sentence in text
    assert not figures(text)
    assert "No case is live" in lead.get("/phases").text
    assert "No live case fits this view" in lead.get("/phases?assignee=none&hold=any").text
    lead.get("/phases?hold=nonsense", status=422)


def test_the_board_shows_what_is_due_first_and_how_many_more(
    app: Flask, session: Session, cast: Cast, program: dict[str, Case]
) -> None:
    for number in range(21):
        a_request(session, cast.ada, service_name=f"More {number}")
    session.commit()
    at = Browser(app).sign_in(cast.specialist)
    lanes = re.split(r'<section class="lane"', at.get("/phases").text)[1:]
    assert len(lanes) == len(LIVE)
    assert len(re.findall(r"data-row", lanes[0])) == 20
    more = re.search(r'<a href="([^"]+)">And (\d+) more', lanes[0])
    assert more
    assert int(more[2]) == rows_of(at.get(unescape(more[1]))) - 20
    assert "Claim it" in lanes[0]
    assert 'href="/cases/' in lanes[0]
    filtered = at.get("/phases?assignee=engineer@program.example").text
    assert re.findall(r'class="lane-link" href="/cases/([^"]+)"', filtered) == [program["development"].number]
    assert f'value="{cast.engineer.email}" selected' in filtered


def test_statements_do_not_grow_with_cases(app: Flask, session: Session, cast: Cast, program: dict[str, Case]) -> None:
    at = Browser(app).sign_in(cast.lead)
    CLOCK["now"] = MONDAY + timedelta(days=60)
    few = {path: _statements(session, at, path) for path in ("/overview", "/phases", "/hard-cases")}
    for number in range(6):
        case = case_of(session, a_request(session, cast.ada, service_name=f"More {number}"))
        hold.put_on(session, case, act(cast.lead), reason="program_hold")
    a_case(session, cast, phase="development")
    a_case(session, cast, phase="private_preview")
    session.commit()
    assert {path: _statements(session, at, path) for path in few} == few
    assert max(few.values()) <= 24


def _statements(session: Session, at: Browser, path: str) -> int:
    with Counted(session) as counted:
        at.get(path)
    return len(counted.statements)


def check(world: World) -> None:
    """All that the overview counts is what the queue and the report count, one by one."""
    session, now = world.session, world.now
    live = reading_overview.live(session, now)
    counted = {(phase, due): live.phase(phase, due) for phase in LIVE for due in DUE}
    assert counted == {(phase, due): _listed(world, phase=phase, due=due) for phase in LIVE for due in DUE}
    assert live.total == _listed(world)
    assert sum(live.by_hold.values()) == _listed(world, hold="any")
    assert live.person(None) == _listed(world, assignee="none")
    _as_reported(world, live)


def _listed(world: World, **filters: Any) -> int:
    found = page(world.session, Filter(limit=200, **filters), world.cast.lead, world.now)
    return len(found.items)


def _as_reported(world: World, live: Live) -> None:
    week = Week.of(world.now, "UTC")
    told = weekly(world.session, week, "UTC", world.now)
    kept = reading_overview.so_far(world.session, week, "UTC", world.now)
    assert (kept.met, kept.breached) == (told.total.met, told.total.breached)
    signals = reading_overview.promises(world.session, week, "UTC", world.now)
    for row in told.clocks:
        mine = {name: signals[row.name, name] for name in ("paused", "at_risk", "overdue")}
        assert mine == {"paused": row.paused, "at_risk": row.at_risk, "overdue": row.overdue}
        assert sum(number for (name, _), number in signals.items() if name == row.name) == row.open
    assert {row.name for row in told.clocks} == set(CLOCKS)
    at_end = {row.place: row.at_end for row in told.funnel if row.kind == "phase"}
    assert {phase: live.phase(phase) for phase in LIVE} == {phase: at_end[phase] for phase in LIVE}


def walk(world: World, script: list[Any]) -> None:
    populate(world)
    for step in script:
        do(world, step)
    world.session.flush()
    check(world)
    world.wait(days=13)
    check(world)


def test_the_numbers_are_those_of_queue_and_report_after_any_history(rolled: Rolled, cast: Cast) -> None:
    explore(rolled, cast, steps(least=8, most=16), of(rolled, 2, 3), walk)


@pytest.mark.deep
def test_the_numbers_are_right_after_long_histories(rolled: Rolled, cast: Cast) -> None:
    explore(rolled, cast, steps(least=20, most=60), of(rolled, 25, 5), walk)

"""The lead's overview: the program as of now, each number with the list behind it."""

from dataclasses import dataclass

from flask import Blueprint, render_template, url_for
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.rules import backtest, overview
from request_tracker.rules.backtest import Calibration
from request_tracker.rules.forecast import FEWEST
from request_tracker.rules.forecast_words import percent
from request_tracker.rules.hard import GROUPS
from request_tracker.rules.phases import CLOCKS, LIVE
from request_tracker.rules.report import Week
from request_tracker.rules.report_words import percent as share_words
from request_tracker.rules.terms import DUE_WORDS, HoldReason, Phase
from request_tracker.store import absences, forecasts, reading_hard
from request_tracker.store import reading_overview as reading
from request_tracker.store.reading_overview import Kept, Live
from request_tracker.web.case_forms import capital

overview_pages = Blueprint("overview", __name__)
MOST_MEANWHILE = 20


@dataclass(frozen=True)
class Number:
    """A number and the list it leads to; `said`: what it counts, for those who do not see where it stands."""

    count: int
    href: str
    said: str


@dataclass(frozen=True)
class Row:
    label: str
    numbers: tuple[Number, ...]
    median_days: float | None = None


@dataclass(frozen=True)
class WeekRow:
    label: str
    week: Week
    kept: Kept


@dataclass(frozen=True)
class Share:
    """A part of the live cases; `percent` of the biggest, for a bar."""

    label: str
    number: Number
    percent: int


@overview_pages.get("/overview")
def index() -> str:
    now, viewer, program = wiring.now(), wiring.viewer(), wiring.settings().program
    week = Week.of(now, program.zone)
    with wiring.reading() as session:
        live = reading.live(session, now)
        medians = reading.median_days(session, live, now)
        signals = reading.promises(session, week, program.zone, now)
        weeks = _weeks(session, week)
        absent = reading.away(session, now)
        people = reading.hands(session, live, absent, now)
        meanwhile = absences.due_while_away(session, absent)
        broken = reading.broken(session, now)
        calibration = _calibration(session)
        hard = reading_hard.counts(session, program, now, reading_hard.QUICK)
    return render_template(
        "overview/index.html",
        now=now,
        live=live,
        most=reading.MOST,
        due_words=DUE_WORDS,
        signal_words=overview.SIGNAL_WORDS,
        phases=_phases(live, medians),
        clocks=_clocks(signals, week),
        weeks=weeks,
        ages=_ages(live),
        people=people,
        me=viewer.id,
        absent=absent,
        meanwhile=meanwhile[:MOST_MEANWHILE],
        meanwhile_more=max(0, len(meanwhile) - MOST_MEANWHILE),
        waits=_waits(live),
        broken=broken,
        calibration=calibration,
        fewest=FEWEST,
        percent=percent,
        share=share_words,
        hard=[(group, hard[group.key]) for group in GROUPS if hard.get(group.key)],
        uncounted=[group for group in GROUPS if group.key not in hard],
        meanings=overview.MEANINGS,
    )


def _weeks(session: Session, week: Week) -> tuple[WeekRow, ...]:
    """This week up to now, and the one before as it was reported, or as it is known now where it was not yet."""
    zone, now, last = wiring.settings().program.zone, wiring.now(), week.back(1)
    return (
        WeekRow("This week so far", week, reading.so_far(session, week, zone, now)),
        WeekRow("Last week", last, reading.filed(session, last) or reading.so_far(session, last, zone, now)),
    )


def _phases(live: Live, medians: dict[str, float]) -> tuple[Row, ...]:
    rows = [_phase_row(live, phase, medians.get(phase)) for phase in LIVE]
    whole = tuple(
        Number(live.due(due), url_for("queue.index", due=due), f"live cases: {words.lower()}")
        for due, words in DUE_WORDS.items()
    )
    total = Number(live.total, url_for("queue.index"), "live cases")
    return (*rows, Row("All phases", (total, *whole)))


def _phase_row(live: Live, phase: Phase, days: float | None) -> Row:
    parts = tuple(
        Number(
            live.phase(phase, due),
            url_for("queue.index", phase=phase, due=due),
            f"{phase.words}: {words.lower()}",
        )
        for due, words in DUE_WORDS.items()
    )
    total = Number(live.phase(phase), url_for("queue.index", phase=phase), f"live cases in {phase.words}")
    return Row(phase.words.capitalize(), (total, *parts), days)


def _clocks(signals: dict[tuple[str, str], int], week: Week) -> tuple[Row, ...]:
    return tuple(_clock_row(signals, name, week) for name in CLOCKS)


def _clock_row(signals: dict[tuple[str, str], int], name: str, week: Week) -> Row:
    label = CLOCKS[name].label
    count = {signal: signals.get((name, signal), 0) for signal in overview.SIGNAL_WORDS}

    def number(figure: str, many: int, words: str) -> Number:
        href = url_for("reports.cases", week=week, figure=figure, clock=name) if figure != "ok" else ""
        return Number(many, href, f"{label}: {words.lower()}")

    parts = tuple(number(signal, count[signal], words) for signal, words in overview.SIGNAL_WORDS.items())
    return Row(label, (number("open", sum(count.values()), "open"), *parts))


def _ages(live: Live) -> tuple[Share, ...]:
    most = max(live.by_band.values(), default=0) or 1
    return tuple(
        Share(band.words, Number(live.by_band[place], "", band.words), round(100 * live.by_band[place] / most))
        for place, band in enumerate(overview.BANDS)
    )


def _waits(live: Live) -> tuple[Share, ...]:
    most = max(live.by_hold.values(), default=0) or 1
    rows = [(reason, live.by_hold[reason]) for reason in HoldReason if live.by_hold[reason]]
    return tuple(
        Share(
            capital(reason.words),
            Number(count, url_for("queue.index", hold=reason), f"cases waiting for {reason.words}"),
            round(100 * count / most),
        )
        for reason, count in sorted(rows, key=lambda row: -row[1])
    )


def _calibration(session: Session) -> Calibration | None:
    row = forecasts.newest(session)
    return backtest.from_json(row.body["calibration"])[1] if row else None

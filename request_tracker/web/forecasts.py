"""How well past forecasts were, as the last night reckoned it."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template

from request_tracker.access import wiring
from request_tracker.rules import backtest, forecast_words
from request_tracker.rules import outlook as rules
from request_tracker.rules.backtest import Calibration
from request_tracker.rules.calendar import Calendar
from request_tracker.rules.forecast import FEWEST
from request_tracker.rules.forecast_words import Duration
from request_tracker.store.forecasts import Forecast, newest

forecasts = Blueprint("forecasts", __name__)


@dataclass(frozen=True)
class Shown:
    as_of: datetime
    found: Calibration
    notes: tuple[str, ...]
    durations: tuple[Duration, ...]


@forecasts.get("/reports/forecast")
def index() -> str:
    with wiring.reading() as session:
        row = newest(session)
    shown = _shown(row) if row else None
    return render_template("reports/forecast.html", shown=shown, percent=forecast_words.percent, fewest=FEWEST)


def _shown(row: Forecast) -> Shown:
    tried, found = backtest.from_json(row.body["calibration"])
    calendar, known = Calendar.from_json(row.body["calendar"]), rules.from_json(row.body["model"])
    durations = forecast_words.in_days(rules.durations(known), calendar)
    return Shown(row.as_of, found, tuple(forecast_words.notes(tried)), durations)

"""Each night: the model of how long phases take, and how well past forecasts were, kept as one row for the pages."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from request_tracker.rules import backtest, forecast, outlook
from request_tracker.rules.calendar import Calendar
from request_tracker.rules.forecast import WINDOW, Measured, Model, minutes
from request_tracker.rules.weeks import last_week
from request_tracker.store import forecasts, jobs
from request_tracker.store.clocks import newest_calendar
from request_tracker.store.reading_stays import history
from request_tracker.work.context import Context

FORMAT = 1
TRIED_FOR = timedelta(weeks=backtest.MONDAYS + 1)


def ensure(session: Session, now: datetime, zone: str) -> bool:
    """Queue the making of today's forecast, once for each day of the program's zone. True when it was queued now."""
    return jobs.put(session, "forecast", {}, now=now, unique_key=f"forecast:{_day(now, zone)}")


def make(context: Context) -> None:
    """Make today's forecast and keep it. Twice: a day has one row.

    The history is read and reckoned with outside the transaction that writes, so that nobody waits for it.
    """
    now, zone = context.now(), context.settings.program.zone
    with context.database.reading() as session:
        if _is_made(session, now, zone):
            return
        calendar, stays = read(session, now)
    body = made(calendar, stays, now, zone)
    with context.database.transaction() as session:
        if not _is_made(session, now, zone):
            forecasts.keep(session, now, body, context.now())


def read(session: Session, now: datetime) -> tuple[Calendar, list[Measured]]:
    """The calendar in force and the history that model and back-test look at. LookupError without a calendar."""
    calendar = newest_calendar(session).calendar
    return calendar, forecast.measured(history(session, now - WINDOW - TRIED_FOR, now), calendar)


def made(calendar: Calendar, stays: list[Measured], now: datetime, zone: str) -> dict[str, Any]:
    """`{format, calendar, model, calibration}`."""
    tried = tested(calendar, stays, now, zone)
    return {
        "format": FORMAT,
        "calendar": calendar.to_json(),
        "model": outlook.to_json(known(calendar, stays, now)),
        "calibration": backtest.to_json(tried, backtest.calibration(tried)),
    }


def known(calendar: Calendar, stays: list[Measured], now: datetime) -> Model:
    return forecast.model(stays, start=minutes(calendar, now - WINDOW), now=minutes(calendar, now))


def tested(calendar: Calendar, stays: list[Measured], now: datetime, zone: str) -> backtest.Tried:
    """Forecasts of the first instant of each of the last Mondays."""
    latest = last_week(now, zone)
    starts = [latest.back(number).bounds(zone)[1] for number in range(backtest.MONDAYS)]
    spans = [(minutes(calendar, at - WINDOW), minutes(calendar, at)) for at in starts]
    return backtest.backtest(stays, spans, now=minutes(calendar, now))


def _is_made(session: Session, now: datetime, zone: str) -> bool:
    newest = forecasts.newest(session)
    return newest is not None and _day(newest.as_of, zone) >= _day(now, zone)


def _day(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).date().isoformat()

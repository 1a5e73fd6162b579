"""The command about forecasts."""

import json

import click

from request_tracker.cli import frame
from request_tracker.rules import backtest as trying
from request_tracker.rules import forecast_words, outlook
from request_tracker.work import forecasting


@click.command()
@click.option("--backtest", is_flag=True, help="How well forecasts of the last 26 Mondays were.")
@click.option("--json", "as_json", is_flag=True, help="Both, as they are kept each night.")
def forecast(backtest: bool, as_json: bool) -> None:
    """How long phases take by the program's own history; nothing is stored."""
    settings, now = frame.settings(), frame.now()
    try:
        with frame.current(settings).reading() as session:
            calendar, stays = forecasting.read(session, now)
    except LookupError as fault:
        raise click.ClickException(str(fault)) from fault
    if as_json:
        click.echo(json.dumps(forecasting.made(calendar, stays, now, settings.program.zone)))
        return
    if backtest:
        tried = forecasting.tested(calendar, stays, now, settings.program.zone)
        click.echo(forecast_words.table(tried, trying.calibration(tried)))
        return
    known = forecasting.known(calendar, stays, now)
    click.echo(forecast_words.durations(outlook.durations(known), calendar))

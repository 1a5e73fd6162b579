"""Commands about reports."""

from pathlib import Path

import click

from request_tracker.cli import frame
from request_tracker.rules.report import BadWeek
from request_tracker.work import report_mail


@click.command()
@click.option("--week", required=True, help="ISO week, such as 2026-W47.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
def report(week: str, out: Path) -> None:
    """Write the weekly report as HTML, text, CSV and JSON."""
    settings = frame.settings()
    try:
        with frame.current(settings).reading() as session:
            report_mail.write(session, week, out, settings, frame.now())
    except BadWeek as fault:
        raise click.ClickException(str(fault)) from fault
    click.echo(f"Wrote report.html, report.txt, report.csv and report.json to {out}")

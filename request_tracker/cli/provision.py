"""Many connections from one file: checked as a whole, planned, made, and gone on with after a stop."""

import sys
import time
from pathlib import Path

import click

from request_tracker.cli import frame
from request_tracker.fivetran.client import FivetranError
from request_tracker.rules import config_file
from request_tracker.rules.config_file import ConfigFile
from request_tracker.rules.people import SYSTEM, Viewer
from request_tracker.rules.wishes import Fault
from request_tracker.store import people, reading_provisioning
from request_tracker.store.quota import SharedPace
from request_tracker.store.session import Database
from request_tracker.work import config_runs
from request_tracker.work.config_runs import Done
from request_tracker.work.context import Context, over_http

FAULTY, STOPPED = 2, 130
BIGGEST = 10_000_000
LONG = 5.0


@click.command()
@click.option("--config", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The file.")
@click.option("--dry-run", is_flag=True, help="Look, write nothing, and print what a run would do.")
@click.option("--by", "email", help="Who answers for the tables and schedules of cases: a member of staff's address.")
@click.option("--status", is_flag=True, help="List the runs so far.")
def provision(path: Path | None, dry_run: bool, email: str | None, status: bool) -> None:
    """Make the connections of a configuration file; run it again to go on, or to try again what failed.

    Exit 0: all done. 1: some failed. 2: the file has faults, and nothing was done. 130: stopped, go on at any time.
    """
    context = context_now()
    if status:
        _status(context.database)
        return
    if path is None:
        raise click.UsageError("Name the file with --config, or ask for --status")
    config, by = _read(path), _person(context.database, email)
    try:
        resolved, faults = config_runs.check(context, config, by)
        _stop_at(faults)
        if dry_run:
            for line in config_runs.planned(context, resolved):
                click.echo(f"{line.what:<10} {line.name}: {line.words}".rstrip(": "))
            return
    except FivetranError as fault:
        raise click.ClickException(fault.sentence) from fault
    run_id = config_runs.begin(context, config, resolved, path.name, by)
    sys.exit(_run(context, run_id, len(resolved), by))


def context_now() -> Context:
    """What the command works with: the database of the settings, and a client at the pace that all processes share."""
    settings = frame.settings()
    database = frame.current(settings)
    pace = SharedPace(database, settings.fivetran_plan, frame.now)
    return Context(database, settings, frame.now, over_http(settings, pace))


def _run(context: Context, run_id: int, count: int, by: Viewer) -> int:
    try:
        with click.progressbar(length=count, label=f"Run {run_id}", file=sys.stderr) as bar:
            for done in config_runs.carry_out(context, run_id, by, _pause):
                bar.update(1)
                _tell(done)
    except KeyboardInterrupt:
        config_runs.end(context, run_id, is_stopped=True)
        click.echo("Stopped. Run the same command again to go on where it was.", err=True)
        return STOPPED
    items, is_done = config_runs.end(context, run_id)
    failed = [each for each in items if each.state == "failed"]
    over = sum(each.state in ("done", "skipped") for each in items)
    click.echo(f"Run {run_id}: {over} of {len(items)} done, {len(failed)} failed.")
    for each in failed:
        click.echo(f"  {each.name}: {each.sentence}", err=True)
    if not is_done:
        click.echo("Put right what is said above and run the same command again: only what failed is tried.", err=True)
    return 0 if is_done else 1


def _pause(seconds: float) -> None:
    """Wait, and say so where it takes long: a rate limit may need most of an hour."""
    if seconds > LONG:
        click.echo(f"Waiting {seconds:.0f} seconds before the next try. Ctrl-C stops; it goes on later.", err=True)
    time.sleep(seconds)


def _tell(done: Done) -> None:
    click.echo(f"{done.state:<10} {done.name}: {done.sentence}")


def _read(path: Path) -> ConfigFile:
    if path.stat().st_size > BIGGEST:
        _stop_at((Fault("", f"The file is longer than {BIGGEST:,} bytes: split it"),))
    try:
        config = config_file.parse(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        config = ConfigFile(faults=(Fault("", "The file is not UTF-8 text"),))
    _stop_at(config.faults)
    return config


def _stop_at(faults: tuple[Fault, ...]) -> None:
    if faults:
        for fault in faults:
            click.echo(str(fault), err=True)
        click.echo(f"{len(faults)} fault{'' if len(faults) == 1 else 's'}: nothing was done.", err=True)
        sys.exit(FAULTY)


def _person(database: Database, email: str | None) -> Viewer:
    if email is None:
        return SYSTEM
    with database.reading() as session:
        person = people.by_email(session, email)
        if person is None or person.account_id is not None:
            raise click.ClickException(f"No member of staff has the address {email}")
        return people.viewer_of(person)


def _status(database: Database) -> None:
    with database.reading() as session:
        runs = reading_provisioning.runs(session)
    for run in runs:
        counts = ", ".join(f"{count} {state}" for state, count in sorted(run.counts.items()))
        click.echo(f"{run.id}  {run.state:<8} {run.created_at:%Y-%m-%d %H:%M} UTC  {run.title}  ({run.by}): {counts}")
    if not runs:
        click.echo("There is no run yet.")

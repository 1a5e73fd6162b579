"""A trial sync on the command line: a starter project, or an API document made into one, run once and looked at."""

import json
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from request_tracker.apidocs import trial as trials
from request_tracker.apidocs.scaffold import Unsuitable, scaffold
from request_tracker.apidocs.trial import NotSetUp, Ran
from request_tracker.cli import frame
from request_tracker.cli.documents import analysed
from request_tracker.work import trying
from request_tracker.work.context import Context, over_http

STOPPED = 130
KEPT = ".trial"
_PLACE = click.Path(exists=True, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("place", metavar="[DIR|FILE]", type=_PLACE, required=False)
@click.option("--setup", is_flag=True, help="Make the environment that trials run in, once.")
@click.option("--config", type=_FILE, help="A configuration (JSON): read the real source with it.")
@click.option("--ask", is_flag=True, help="Type each value of the configuration, unseen, and read the real source.")
@click.option("--again", type=_FILE, help="Go on from this state; otherwise from the last run's, kept in DIR/.trial.")
@click.option("--reset", is_flag=True, help="Start over: forget the last run's state and rows.")
@click.option("--database", type=click.Path(dir_okay=False, path_type=Path), help="Where the rows land (DuckDB).")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--serve", is_flag=True, help="Only serve the project's examples, until Ctrl-C.")
@click.option("--this-machine", is_flag=True, help="The source may be on this machine.")
@click.option("--for-run", type=int, hidden=True)
def trial(place: Path | None, setup: bool, serve: bool, for_run: int | None, **given: Any) -> None:
    """Run a starter project once (DIR), or one made of an API document (FILE), and show what it wrote.

    Without --config or --ask it reads the document's examples from a server of its own. What is typed or configured is
    used for this run alone. Exit 0: done. 1: the sync failed. 2: a wrong call.
    """
    home = trials.home(frame.settings().trial_env)
    if for_run is not None:
        _for_run(for_run)
        return
    if setup:
        _set_up(home)
        return
    if place is None:
        raise click.UsageError("Name a project's folder or an API document, or make the environment with --setup")
    with tempfile.TemporaryDirectory(prefix="trial_project_") as folder:
        project = place if place.is_dir() else _made(place, Path(folder))
        if serve:
            _serve(project)
            return
        if not trials.is_set_up(home):
            raise click.ClickException(trials.HOW_TO_GET_IT)
        sys.exit(_tried(project, home, is_kept=place.is_dir(), **given))


def _for_run(run_id: int) -> None:
    """A run that a page began: what signs in to the source comes over stdin, and is kept nowhere but in this process.

    Progress and result go into the run's row, which is what the page shows.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        configuration = {str(name): str(value) for name, value in json.load(sys.stdin).items()}
    except (ValueError, AttributeError):
        raise click.UsageError("--for-run is how a page starts a run: name a project or a document instead") from None
    settings = frame.settings()
    context = Context(frame.current(settings), settings, frame.now, over_http(settings))
    trying.try_source(context, run_id, configuration)


def _set_up(home: Path) -> None:
    try:
        trials.set_up(home, lambda step: click.echo(step, err=True))
    except NotSetUp as fault:
        raise click.ClickException(fault.sentence) from fault


def _made(document: Path, folder: Path) -> Path:
    """A starter project out of an API document."""
    analysis = analysed(str(document), _said)
    try:
        scaffold(analysis, schema="trial", service=analysis.title).write(folder)
    except Unsuitable as refused:
        raise click.ClickException(refused.sentence) from refused
    return folder


def _serve(project: Path) -> None:
    server = project / "tests" / "example_source.py"
    if not server.is_file():
        raise click.ClickException(f"{project} has no tests/example_source.py: make a project with `scaffold` first")
    # Told to end, it ends like after Ctrl-C: the server must not outlive it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with subprocess.Popen([sys.executable, "-B", server.name], cwd=server.parent) as running:
        try:
            running.wait()
        except KeyboardInterrupt:
            running.terminate()


def _tried(
    project: Path,
    home: Path,
    *,
    is_kept: bool,
    config: Path | None,
    ask: bool,
    again: Path | None,
    reset: bool,
    database: Path | None,
    as_json: bool,
    this_machine: bool,
) -> int:
    kept = project / KEPT
    kept.mkdir(mode=0o700, exist_ok=True)
    # Rows of a source belong in no repository. A deploy leaves folders with a leading dot out by itself.
    (kept / ".gitignore").write_text("*\n")
    state_file, rows = kept / "state.json", database or kept / "trial.duckdb"
    if reset:
        state_file.unlink(missing_ok=True)
        rows.unlink(missing_ok=True)
    configuration = _configuration(project, config, ask)
    state = None if reset else _state(again or state_file)
    ran = _followed(project, home, configuration=configuration, state=state, database=rows, this_machine=this_machine)
    if ran.project_state is not None:
        state_file.write_text(json.dumps(ran.project_state, indent=2))
    _show(ran, as_json=as_json, rows=rows if is_kept or database else None)
    return 0 if ran.state == "done" else STOPPED if ran.state == "stopped" else 1


def _followed(project: Path, home: Path, **given: Any) -> Ran:
    with click.progressbar(length=1, label="Starting", file=sys.stderr, width=30) as bar:

        def step(words: str) -> None:
            bar.label = words
            bar.render_progress()

        def count(counts: Mapping[str, int]) -> None:
            bar.length = max(counts.get("of", 1), 1)
            bar.label = f"{counts.get('upserts', 0):,} rows, {counts.get('tables', 0)} of {bar.length} tables"
            bar.update(min(counts.get("tables", 0), bar.length) - bar.pos)

        return trials.run(project, home=home, on_step=step, on_count=count, **given)


def _configuration(project: Path, config: Path | None, ask: bool) -> dict[str, str] | None:
    """What the source is signed in to with; None: the examples are read."""
    if config is None and not ask:
        return None
    held = _read(config) if config else {}
    given = {str(key): str(value) for key, value in held.items()}
    if ask:
        for key in trials.missing_values(project, given):
            given[key] = click.prompt(key, hide_input=True, err=True)
    if missing := trials.missing_values(project, given):
        raise click.ClickException(f"Give a value for {', '.join(missing)}: in the file of --config, or with --ask")
    return given


def _state(path: Path) -> Mapping[str, Any] | None:
    return _read(path) if path.is_file() else None


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise click.ClickException(f"{path} is not JSON: {fault}") from fault
    if not isinstance(found, dict):
        raise click.ClickException(f"{path} must hold a JSON object")
    return found


def _said(step: str) -> None:
    click.echo(step, err=True)


def _show(ran: Ran, *, as_json: bool, rows: Path | None) -> None:
    if as_json:
        click.echo(json.dumps(asdict(ran), indent=2))
        return
    click.echo(f"{ran.state.capitalize()}: {ran.sentence}")
    click.echo(", ".join(f"{count} {name}" for name, count in asdict(ran.counts).items()) + f" in {ran.seconds:.1f} s")
    for table in ran.tables:
        click.echo(f"  {table.name:<40} {table.rows:>7} rows  {len(table.columns):>4} columns")
        for warning in table.warnings:
            click.echo(f"    {warning}")
    for warning in ran.warnings:
        click.echo(f"Warning: {warning}")
    if ran.state == "failed" and ran.log:
        click.echo(ran.log[-2_000:], err=True)
    if rows is not None and rows.exists():
        click.echo(f"The rows are in {rows}; run it again to read what changed, or with --reset to start over.")

"""The commands of the program: thin, each calls one room."""

import json
import os
import secrets
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import click
from sqlalchemy import select

from request_tracker import resources, serve, showing
from request_tracker.actions import api_tokens, auditing, enrol, persons
from request_tracker.actions.persons import Newcomer
from request_tracker.actions.unfit import Unfit
from request_tracker.cli import assess, clocks, forecast, frame, letters, provision, reports, scaffold, trial
from request_tracker.emulator import app as emulated
from request_tracker.rules import drawing
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.rules.terms import Role
from request_tracker.settings import Settings
from request_tracker.store import chain_checks, matchbook, people, reading_person_data, schema, timeline, tokens
from request_tracker.store.bulk import Known, bulk
from request_tracker.store.cases import case_number
from request_tracker.store.people import Person
from request_tracker.store.session import Database
from request_tracker.work import checking
from request_tracker.work import seed as seeding

README = Path("README.md")


@click.group(context_settings={"max_content_width": 120})
def main() -> None:
    """request_tracker: runs a connector By Request program."""


main.add_command(reports.report)
main.add_command(assess.assess)
main.add_command(forecast.forecast)
main.add_command(letters.bounce)
main.add_command(provision.provision)
main.add_command(scaffold.scaffold)
main.add_command(trial.trial)


@main.command()
def migrate() -> None:
    """Bring the database up to the newest migration."""
    settings = frame.settings()
    schema.migrate(Database(settings.database_url), resources.MIGRATIONS)
    click.echo("The database is up to date.")


@main.command()
@click.option("--write", is_flag=True, help="Rewrite the block in the README.")
@click.option("--check", is_flag=True, help="Fail when the README is behind.")
def process(write: bool, check: bool) -> None:
    """Print the process as diagram and table."""
    if write:
        README.write_text(drawing.rewritten(README.read_text()))
        return
    if check:
        if drawing.block() not in README.read_text():
            raise click.ClickException("README.md is behind the process table: run `request-tracker process --write`")
        return
    click.echo(drawing.block())


@main.command()
@click.option("--records", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--pairs", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--top", type=click.IntRange(1, 100))
def match(records: Path, pairs: Path | None, top: int | None) -> None:
    """Score pairs of records (CSV), or find the best candidates of each (JSON lines)."""
    if (pairs is None) == (top is None):
        raise click.UsageError("Give either --pairs or --top")
    try:
        knowledge = matchbook.load_knowledge(resources.SEED_DATA)
        if pairs is not None:
            matchbook.match_pairs(records, pairs, sys.stdout, knowledge=knowledge)
        elif top is not None:
            matchbook.match_top(records, top, sys.stdout, knowledge=knowledge)
    except KeyError as fault:
        raise click.ClickException(f"The files do not fit together: {fault} is missing") from fault
    except ValueError as fault:
        raise click.ClickException(f"The files cannot be used: {fault}") from fault


@main.command()
@click.option("--demo", is_flag=True, help="Walk the demo program into this database, with people and histories.")
@click.option("--cases", type=click.IntRange(1, 5_000_000), help="Add a synthetic program of so many cases.")
@click.option("--random-seed", default=0, show_default=True, help="The same number gives the same synthetic program.")
def seed(demo: bool, cases: int | None, random_seed: int) -> None:
    """Catalogue, aliases and a working calendar; with --cases a synthetic program for measuring."""
    settings = frame.settings()
    database = frame.current(settings)
    now = frame.now()
    with database.transaction() as session:
        click.echo(seeding.seed(session, settings.program, resources.SEED_DATA, now))
    if demo:
        _seed_demo(settings, database, now)
    if cases is None:
        return
    known = Known(matchbook.load_knowledge(resources.SEED_DATA), settings.program, now)
    with (
        database.transaction() as session,
        click.progressbar(length=cases, label=f"Adding {cases} synthetic cases", width=30) as bar,
    ):
        for done in bulk(session, cases, known, random_seed=random_seed):
            bar.update(done - bar.pos)


def _seed_demo(settings: Settings, database: Database, now: datetime) -> None:
    with database.reading() as session:
        if people.everybody(session):
            raise click.ClickException("There are people here already: the demo program wants a database of its own")
    password = os.environ.get("REQUEST_TRACKER_PASSWORD") or secrets.token_urlsafe(9)
    showing.walk(settings, database, password=password, until=now, state=None)
    click.echo(f"Everybody of the demo program signs in with {password}")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=os.cpu_count() or 1, show_default=True, help="Processes; each has four threads.")
def web(host: str, port: int, workers: int) -> None:
    """Serve pages and API."""
    settings = frame.safe(frame.settings())
    frame.current(settings).close()
    serve.Web(settings, host=host, port=port, workers=workers).run()


@main.command()
def worker() -> None:
    """Do what happens later: jobs and ticks. Any number may run."""
    settings = frame.safe(frame.settings())
    frame.current(settings).close()
    serve.work(settings, pace=0.2 if settings.demo else 1.0)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8001, show_default=True)
@click.option("--data", type=click.Path(path_type=Path), help="A file to keep its state in; memory otherwise.")
@click.option("--allow-http-webhooks", is_flag=True, help="Webhook addresses need not be https.")
@click.option("--quick-retries", is_flag=True, help="Try webhooks again after seconds, not after minutes and hours.")
def emulator(host: str, port: int, data: Path | None, allow_http_webhooks: bool, quick_retries: bool) -> None:
    """Serve a stand-in for the Fivetran API."""
    settings = frame.settings()
    app = emulated.create_app(
        template_folder=resources.TEMPLATES,
        key=settings.fivetran_key or "demo-key",
        secret=settings.fivetran_secret or "demo-secret",
        now=frame.now,
        path=data,
        public_url=f"http://{host}:{port}",
        webhook_allow_http=allow_http_webhooks,
        switches=emulated.QUICK if quick_retries else None,
    )
    serve.serve_plainly(app, host=host, port=port)


@main.command()
@click.option("--port", type=int, help="Of the pages; 0: any that is free. By default 8000, or a free one.")
@click.option("--data", type=click.Path(path_type=Path), help="A folder to keep everything in; a fresh one otherwise.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Written once everything answers.")
def demo(port: int | None, data: Path | None, ready_file: Path | None) -> None:
    """Everything at once on this machine, with a seeded program."""
    folder = (data or Path(tempfile.mkdtemp(prefix="request_tracker_"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    showing.run(folder, port=port, ready_file=ready_file, environment=os.environ, now=frame.now)


@main.command()
def check() -> None:
    """Validate settings, database, mail and Fivetran access, and say what to fix."""
    settings = frame.settings()
    found = checking.faults(settings, resources.MIGRATIONS)
    for line in [*found, *checking.notes(settings)]:
        click.echo(line)
    if found:
        raise click.ClickException(f"{len(found)} things to put right")
    click.echo("Everything is in order.")


@main.group(name="people")
def people_group() -> None:
    """Who may sign in."""


@people_group.command(name="add")
@click.option("--email", required=True)
@click.option("--role", type=click.Choice([str(role) for role in Role]), required=True)
@click.option("--account", help="The customer account; for requesters only, made when it is new.")
@click.option("--name", help="As shown to others; the address before the @ otherwise.")
@click.option("--password", help="Without it the person can use API tokens only. Better: set REQUEST_TRACKER_PASSWORD.")
def add(email: str, role: str, account: str | None, name: str | None, password: str | None) -> None:
    """Add a person."""
    if (role == Role.REQUESTER) != bool(account):
        raise click.UsageError("Every requester belongs to an account, and only requesters do: give or drop --account")
    settings = frame.settings()
    database, act = frame.current(settings), Act(SYSTEM, frame.now(), settings.program)
    secret = password or os.environ.get("REQUEST_TRACKER_PASSWORD")
    try:
        with database.transaction() as session:
            account_id = enrol.account(session, account, act).id if account else None
            who = Newcomer(email, name or email.partition("@")[0], role, account_id, secret)
            persons.add(session, who, act)
    except Unfit as fault:
        raise click.ClickException(f"{email} is known already" if fault.field == "email" else fault.message) from fault
    click.echo(f"Added {email}.")


@people_group.command(name="list")
@click.option("--json", "as_json", is_flag=True)
def list_people(as_json: bool) -> None:
    """List people with role and account."""
    with frame.current(frame.settings()).reading() as session:
        rows = [
            {"email": email, "role": role, "account": account} for email, role, account in people.everybody(session)
        ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['email']}  {row['role']}  {row['account'] or ''}".rstrip())


@main.group()
def token() -> None:
    """Bearer tokens of the API."""


@token.command(name="new")
@click.option("--person", "email", required=True)
@click.option("--scope", type=click.Choice(tokens.SCOPES), required=True)
@click.option("--expires-in", type=click.IntRange(1, 10**9), help="Seconds.")
def new_token(email: str, scope: str, expires_in: int | None) -> None:
    """Print a new token, alone."""
    settings = frame.settings()
    act = Act(SYSTEM, frame.now(), settings.program)
    with frame.current(settings).transaction() as session:
        person = people.by_email(session, email)
        if person is None:
            raise click.ClickException(f"Nobody here has the address {email}: add them with `people add`")
        lifetime = timedelta(seconds=expires_in) if expires_in else None
        secret = api_tokens.issue(session, person, scope, act, expires_in=lifetime)
    click.echo(secret)


@main.command()
@click.option("--person", "email", required=True, help="Their email address, active or not.")
def export(email: str) -> None:
    """Print what is kept about one person, as JSON."""
    settings = frame.settings()
    with frame.current(settings).transaction() as session:
        person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
        if person is None:
            raise click.ClickException(f"Nobody here has the address {email}")
        act = Act(SYSTEM, frame.now(), settings.program)
        found = reading_person_data.export(session, person.id, act.who, act.now)
        auditing.note(session, act, "person.exported", auditing.of_person(person.id), person=person.id)
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


@main.group()
def audit() -> None:
    """The timeline's chains."""


@audit.command()
def verify() -> None:
    """Exit 0 only when every chain is whole."""
    broken = list[str]()
    with frame.current(frame.settings()).reading() as session:
        total, stretch = chain_checks.to_check(session), timeline.verify(session)
        with click.progressbar(length=total, label=f"Verifying {total:,} cases", width=30, file=sys.stderr) as bar:
            while stretch.cases:
                bar.update(stretch.cases)
                broken += [f"{case_number(each)}: {said}" for each, said in stretch.faults.items()]
                stretch = timeline.verify(session, after=stretch.upto)
    for line in broken:
        click.echo(line)
    if broken:
        raise click.ClickException(f"{len(broken)} chains are not whole")
    click.echo("Every chain is whole.")


audit.add_command(clocks.clocks)

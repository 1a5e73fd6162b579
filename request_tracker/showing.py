"""The demo: a folder is filled by walking the stories, then all parts run on it until Ctrl-C."""

import json
import secrets
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import httpx

from request_tracker import resources, serve
from request_tracker import settings as configuration
from request_tracker.emulator import app as emulated
from request_tracker.emulator.world import EXTENSION, Switches
from request_tracker.fivetran.client import Fivetran
from request_tracker.settings import Settings
from request_tracker.store import people, schema, tokens
from request_tracker.store.session import Database
from request_tracker.work import demo
from request_tracker.work.demo_steps import Stage

HOST = "127.0.0.1"
USUAL_PORT = 8000
WALKED = "http://emulator.invalid"
"""The emulator's address while the stories are walked, inside this process."""


@dataclass(frozen=True)
class Place:
    """Where the demo runs: its folder, addresses and the environment of its parts."""

    folder: Path
    web: str
    emulator: str
    environment: Mapping[str, str]

    @property
    def settings(self) -> Settings:
        return configuration.read(self.environment)


def run(
    folder: Path,
    *,
    port: int | None,
    ready_file: Path | None,
    environment: Mapping[str, str],
    now: Callable[[], datetime],
) -> None:
    """Fill the folder where it is empty, start all parts, say where they are, and stay until a signal.

    `port`: of the pages; 0 for any that is free, None for the usual one unless something answers there.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    place = _place(folder, port, environment)
    password = _password(folder)
    _fill(place, password, now)
    supervisor = serve.Supervisor(place.environment, _parts(place))
    try:
        if not stop.is_set():
            supervisor.start()
            serve.wait_until_up([f"{place.web}/sign-in", f"{place.emulator}/"])
            _announce(place, password, ready_file, now())
        supervisor.tend(stop)
    finally:
        supervisor.stop()


def _place(folder: Path, port: int | None, environment: Mapping[str, str]) -> Place:
    wanted = (USUAL_PORT if serve.is_free(USUAL_PORT) else 0) if port is None else port
    web = f"http://{HOST}:{wanted or serve.free_port()}"
    emulator = f"http://{HOST}:{serve.free_port()}"
    found = configuration.demo_environment(folder, base_url=web, fivetran_url=emulator, given=environment)
    return Place(folder, web, emulator, found)


def _parts(place: Place) -> dict[str, list[str]]:
    ports = {"web": place.web.rsplit(":", 1)[1], "emulator": place.emulator.rsplit(":", 1)[1]}
    return {
        "emulator": [
            *("emulator", "--port", ports["emulator"], "--data", str(_emulator_state(place.folder))),
            *("--allow-http-webhooks", "--quick-retries"),
        ],
        "web": ["web", "--port", ports["web"], "--workers", "1"],
        "worker": ["worker"],
    }


def _emulator_state(folder: Path) -> Path:
    """The neighbour's memory lies apart: the program itself keeps everything in one database file."""
    apart = folder / "emulator"
    apart.mkdir(exist_ok=True)
    return apart / "state"


def _password(folder: Path) -> str:
    kept = folder / "password"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(9))
    return kept.read_text()


def _fill(place: Place, password: str, now: Callable[[], datetime]) -> None:
    """Migrate and walk the stories; a folder that was filled before is taken as it is."""
    done = place.folder / "filled"
    database = Database(place.settings.database_url)
    schema.migrate(database, resources.MIGRATIONS)
    if not done.exists():
        walk(place.settings, database, password=password, until=now(), state=_emulator_state(place.folder))
        done.touch()
    database.close()


def walk(settings: Settings, database: Database, *, password: str, until: datetime, state: Path | None) -> None:
    """Walk the demo program into a database, through an emulator that keeps its memory in `state` (None: nowhere).

    Its letters go to the mailbox, whatever the settings say: the people of the stories do not exist.
    """
    times = {"now": until}
    program = replace(settings.program, check_every=timedelta(seconds=1))
    quiet = replace(settings, program=program, smtp_url=configuration.MAILBOX)
    app = emulated.create_app(
        template_folder=resources.TEMPLATES,
        key="walk",
        secret="walk",
        now=lambda: times["now"],
        path=state,
        public_url=WALKED,
        webhook_allow_http=True,
        switches=Switches(sync_seconds=10**9, calls_per_hour=10**9),
    )
    transport = httpx.WSGITransport(app=app)

    def control(button: str, connection: str) -> None:
        with httpx.Client(transport=transport, base_url=WALKED) as client:
            client.post(f"/_control/{button}/{connection}", json={}).raise_for_status()

    def api() -> Fivetran:
        times["now"] = stage.now
        return Fivetran(WALKED, "walk", "walk", transport=transport)

    stage = Stage(database, quiet, api, control)
    with click.progressbar(length=1, label="Walking the demo program", width=30) as bar:

        def tell(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        demo.fill(stage, resources.SEED_DATA, until, password=password, tell=tell)
    app.extensions[EXTENSION].close()
    if state is None:
        with database.transaction() as session:
            demo.forget_neighbour(session, until)


def _announce(place: Place, password: str, ready_file: Path | None, now: datetime) -> None:
    found = _people(place, password, now)
    places = {"Pages": place.web, "Mailbox": f"{place.web}/mailbox", "Emulator": place.emulator, "Folder": place.folder}
    click.echo("".join(f"\n{name:<9} {where}" for name, where in places.items()) + "\n")
    for each in found:
        click.echo(f"  {each['role']:<11} {each['email']:<45} {password}")
    click.echo("\nCtrl-C stops everything.")
    if ready_file is not None:
        ready = {"web": place.web, "emulator": place.emulator, "mailbox": f"{place.web}/mailbox", "people": found}
        part = ready_file.with_name(ready_file.name + ".part")
        part.write_text(json.dumps(ready, indent=1))
        part.replace(ready_file)


def _people(place: Place, password: str, now: datetime) -> list[dict[str, Any]]:
    database = Database(place.settings.database_url)
    with database.transaction() as session:
        found = [
            {
                "email": email,
                "password": password,
                "role": role,
                "account": account,
                "token": _token(session, email, now),
            }
            for email, role, account in people.everybody(session)
        ]
    database.close()
    return found


def _token(session: Any, email: str, now: datetime) -> str:
    person = people.by_email(session, email)
    assert person is not None, "they were listed a moment ago"
    return tokens.issue(session, person.id, "all", now, expires_in=timedelta(days=30))

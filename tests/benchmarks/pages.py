"""How long pages take, how many statements they run, and what of it grows with the number of cases.

`python -m tests.benchmarks.pages [--cases N] [--folder DIR] [--postgres URL] [--only TEXT] [--show]` measures a
synthetic program of N cases against one a tenth its size, both in one run, in turns. Times are CPU milliseconds of this
process (on PostgreSQL wall clock, since the work is elsewhere), medians; the ratio says how much more the bigger
program costs. Well above 1 means that something grows with the number of rows.
"""

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from request_tracker import resources
from request_tracker.app import create_app
from request_tracker.rules.terms import Phase, Role
from request_tracker.settings import Settings
from request_tracker.store import bulk, passwords, schema, tokens
from request_tracker.store.cases import Case, case_number
from request_tracker.store.keys import load_knowledge
from request_tracker.store.people import Person
from request_tracker.store.policies import BOARD, Policy
from request_tracker.store.requests import Request, request_number
from request_tracker.store.session import Database
from request_tracker.work.seed import seed

PASSWORD = "only for measuring"
ROUNDS = 21
SLOW_ROUNDS = 3
OTHERS = (Role.LEAD, Role.ENGINEER, Role.ADMIN)
ADMINISTRATION = ("people", "accounts", "audit", "retention", "templates", "knowledge", "jobs", "groups", "calendar")
TYPED = {
    "use_case": "Invoices next to sales.",
    "data_needed": "Invoices, customers.",
    "terms_accepted": True,
}


@dataclass
class Bench:
    """A program of some size behind the web application, with somebody of each kind signed in."""

    size: int
    database: Database
    staff: FlaskClient
    asker: FlaskClient
    others: dict[str, FlaskClient]
    headers: dict[str, str]
    case: str
    phases: dict[str, str]
    merged: str
    request: str
    service: str
    token: str = ""
    """Of the requester's forms."""
    last_page: str = ""
    statements: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))


@dataclass(frozen=True)
class Page:
    name: str
    call: Callable[[Bench], Any]
    rounds: int = ROUNDS


def _get(path: str, *, by: str = "staff") -> Callable[[Bench], Any]:
    def call(bench: Bench) -> Any:
        client: FlaskClient = getattr(bench, by, None) or bench.others[by]
        return client.get(path.format(bench=bench))

    return call


def _api(path: str) -> Callable[[Bench], Any]:
    return lambda bench: bench.asker.get(path.format(bench=bench), headers=bench.headers)


def _submit(bench: Bench) -> Any:
    name = f"Quillora {next(bench.numbers)} {bench.size}"
    address = f"https://{name.lower().replace(' ', '')}.com"
    body = {**TYPED, "service_name": name, "service_url": address, "api_docs_url": f"{address}/api"}
    return bench.asker.post("/api/v1/requests", json=body, headers=bench.headers)


def _send(bench: Bench) -> Any:
    """The form in a browser, sent; the page with the form itself is measured beside it."""
    name = f"Quendola {next(bench.numbers)} {bench.size}"
    address = f"https://{name.lower().replace(' ', '')}.com"
    body = {**TYPED, "service_name": name, "service_url": address, "api_docs_url": f"{address}/api", "short": ""}
    return bench.asker.post("/requests/new", data={**body, "terms_accepted": "y", "csrf_token": bench.token})


PAGES = (
    Page("GET /queue", _get("/queue")),
    Page("GET /queue?due=overdue", _get("/queue?due=overdue")),
    Page("GET /queue?due=at_risk", _get("/queue?due=at_risk")),
    Page("GET /queue?hold=any", _get("/queue?hold=any")),
    Page("GET /queue?assignee=me", _get("/queue?assignee=me")),
    Page("GET /queue?sort=-touched", _get("/queue?sort=-touched")),
    Page("GET /queue?sort=opened&outcome=any", _get("/queue?sort=opened&outcome=any")),
    Page("GET /queue?outcome=any", _get("/queue?outcome=any")),
    Page("GET /queue?q=<live name>", _get("/queue?q={bench.service}")),
    Page("GET /queue?q=<nothing>&outcome=any", _get("/queue?q=zzyzx&outcome=any")),
    Page("GET /queue, a late page", _get("/queue?outcome=any&cursor={bench.last_page}")),
    Page("GET /queue/views", _get("/queue/views")),
    *(Page(f"GET /cases/<in {phase.value}>", _get(f"/cases/{{bench.phases[{phase.value}]}}")) for phase in Phase),
    Page("GET /cases/<merged>", _get("/cases/{bench.merged}")),
    Page("GET /requests (requester)", _get("/requests", by="asker")),
    Page("GET /requests/<own>", _get("/requests/{bench.request}", by="asker")),
    Page("GET /requests/new", _get("/requests/new", by="asker")),
    Page("POST /requests/new", _send),
    Page("GET /board", _get("/board", by="asker")),
    Page("GET /how-it-works", _get("/how-it-works", by="asker")),
    Page("GET /search?q=<live name>", _get("/search?q={bench.service}")),
    Page("GET /search?q=<nothing>", _get("/search?q=zzyzx")),
    Page("GET /duplicates", _get("/duplicates")),
    Page("GET /phases", _get("/phases", by="lead")),
    Page("GET /overview", _get("/overview", by="lead")),
    Page("GET /hard-cases", _get("/hard-cases", by="lead")),
    Page("GET /builds", _get("/builds", by="engineer")),
    Page("GET /admin", _get("/admin", by="admin")),
    *(Page(f"GET /admin/{name}", _get(f"/admin/{name}", by="admin")) for name in ADMINISTRATION),
    Page("API GET /cases (requester)", _api("/api/v1/cases")),
    Page("API GET /suggestions, known name", _api("/api/v1/suggestions?service_name={bench.service}")),
    Page(
        "API GET /suggestions, new name and url",
        _api("/api/v1/suggestions?service_name=Quillora+Billing&service_url=https://quillora.com"),
    ),
    Page("API POST /requests", _submit),
    Page("GET /reports (weekly)", _get("/reports"), SLOW_ROUNDS),
)


def main() -> None:
    chosen = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.folder or Path(scratch)
        sizes = (max(100, chosen.cases // 10), chosen.cases)
        benches = [_bench(size, _database(size, folder, chosen.postgres)) for size in sizes]
        _table(benches, [page for page in PAGES if chosen.only in page.name], wall=bool(chosen.postgres))
        if chosen.show:
            _show(benches[-1], [page for page in PAGES if chosen.only in page.name])
        for bench in benches:
            bench.database.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pages", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="the bigger program; the other has a tenth")
    parser.add_argument("--folder", type=Path, help="keep the SQLite files here and use them again")
    parser.add_argument("--postgres", default="", help="a PostgreSQL server: databases bench_<size> are made there")
    parser.add_argument("--only", default="", help="only pages whose name contains this")
    parser.add_argument("--show", action="store_true", help="print the statements of each page of the bigger program")
    return parser.parse_args()


def _table(benches: list[Bench], pages: list[Page], *, wall: bool) -> None:
    small, big = benches
    print(f"\n{'wall' if wall else 'CPU'} ms, medians{'':<26}{small.size:>9} {big.size:>9}   ratio  statements")
    for page in pages:
        low, high = _measure(page, benches, time.perf_counter if wall else time.process_time)
        counted = " / ".join(str(_count(page, bench)) for bench in benches)
        print(f"{page.name:<42}{low:>9.2f} {high:>9.2f} {high / low:>7.2f}  {counted}", flush=True)


def _measure(page: Page, benches: list[Bench], clock: Callable[[], float]) -> list[float]:
    """Medians in milliseconds, one a bench, measured in turns so that a busy machine slows both alike."""
    spent: list[list[float]] = [[] for _ in benches]
    for bench in benches:
        _checked(page, bench)
    for _ in range(page.rounds):
        for bench, times in zip(benches, spent, strict=True):
            begun = clock()
            page.call(bench)
            times.append((clock() - begun) * 1000)
    return [statistics.median(times) for times in spent]


def _count(page: Page, bench: Bench) -> int:
    bench.statements.clear()
    page.call(bench)
    return len(bench.statements)


def _checked(page: Page, bench: Bench) -> None:
    answer = page.call(bench)
    if answer.status_code not in (200, 201, 303):
        raise SystemExit(f"{page.name}: {answer.status_code}\n{answer.get_data(as_text=True)[:2000]}")


def _show(bench: Bench, pages: list[Page]) -> None:
    """Each statement with its values, to be explained by hand."""
    for page in pages:
        _count(page, bench)
        print(f"\n== {page.name}")
        for statement in bench.statements:
            print(statement)


def _database(size: int, folder: Path, server: str) -> Database:
    database = Database(_created(server, size) if server else f"sqlite:///{folder / f'bench_{size}.sqlite3'}")
    schema.migrate(database, resources.MIGRATIONS)
    with database.reading() as session:
        if session.scalar(select(func.count()).select_from(Case)):
            return database
    _fill(database, size)
    return database


def _fill(database: Database, size: int) -> None:
    settings, now, begun = Settings(), datetime.now(UTC), time.perf_counter()
    with database.transaction() as session:
        seed(session, settings.program, resources.SEED_DATA, now)
        known = bulk.Known(load_knowledge(resources.SEED_DATA), settings.program, now)
        for _ in bulk.bulk(session, size, known, random_seed=1):
            pass
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
    print(f"{size} cases written in {time.perf_counter() - begun:.0f} s", flush=True)


def _created(server: str, size: int) -> str:
    name, admin = f"bench_{size}", Database(server)
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}):
            connection.execute(text(f"CREATE DATABASE {name}"))
    admin.close()
    return server.replace("/postgres?", f"/{name}?")


def _bench(size: int, database: Database) -> Bench:
    settings = Settings(secret_key="bench " * 10, demo=True)
    app = create_app(settings, database)
    now = datetime.now(UTC)
    with database.transaction() as session:
        live = select(Case).where(Case.outcome.is_(None), Case.phase == "private_preview").order_by(Case.id).limit(1)
        case = session.scalars(live).one()
        merged = session.scalars(select(Case.id).where(Case.merged_into_id.isnot(None)).limit(1)).one()
        request = session.get_one(Request, case.primary_request_id)
        asker = session.get_one(Person, request.person_id)
        specialist = session.scalars(select(Person).where(Person.role == Role.SPECIALIST).limit(1)).one()
        specialist.password_hash = asker.password_hash = passwords.hashed(PASSWORD)
        token = tokens.issue(session, asker.id, "all", now, expires_in=timedelta(days=1))
        emails = specialist.email, asker.email
        others = {role: _somebody(session, role, now) for role in OTHERS}
        for person in others.values():
            person.password_hash = specialist.password_hash
        session.flush()
        opened = Policy(name=BOARD, value={"level": "customers"}, by_id=others[Role.ADMIN].id, at=now)
        session.add(opened)
        in_phase = select(func.max(Case.id)).where(Case.merged_into_id.is_(None)).where
        phases = {phase.value: case_number(session.scalar(in_phase(Case.phase == phase)) or 1) for phase in Phase}
    bench = Bench(
        size=size,
        database=database,
        staff=_signed_in(app.test_client(), emails[0]),
        asker=_signed_in(app.test_client(), emails[1]),
        headers={"Authorization": f"Bearer {token}"},
        others={role.value: _signed_in(app.test_client(), person.email) for role, person in others.items()},
        case=case_number(case.id),
        phases=phases,
        merged=case_number(merged),
        request=request_number(request.id),
        service=case.service_name.split()[0],
    )
    event.listen(database.engine, "before_cursor_execute", _recorder(bench))
    bench.last_page = _late(bench)
    bench.token = _token(bench.asker, "/requests/new")
    return bench


def _somebody(session: Session, role: Role, now: datetime) -> Person:
    """The first person of the role; a synthetic program has no admin, so one is made."""
    found = session.scalar(select(Person).where(Person.role == role).order_by(Person.id).limit(1))
    if found is None:
        found = Person(email=f"{role}@synthetic.invalid", name=role.title(), role=role, created_at=now)
        session.add(found)
    return found


def _recorder(bench: Bench) -> Callable[..., None]:
    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            bench.statements.append(f"{statement}\n    -- {parameters}"[:4000])

    return record


def _late(bench: Bench) -> str:
    """The cursor of a page far down the list of everything."""
    cursor = ""
    for _ in range(5):
        found = bench.staff.get(f"/queue?outcome=any&sort=due&cursor={cursor}").get_data(as_text=True)
        following = re.search(r"cursor=([\w-]+)", found)
        cursor = following[1] if following else cursor
    return cursor


def _signed_in(client: FlaskClient, email: str) -> FlaskClient:
    sent = {"email": email, "password": PASSWORD, "csrf_token": _token(client, "/sign-in")}
    answer = client.post("/sign-in", data=sent)
    if answer.status_code != 303:
        raise SystemExit(f"could not sign in: {answer.status_code}")
    return client


def _token(client: FlaskClient, page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).get_data(as_text=True))
    return found[1] if found else ""


if __name__ == "__main__":
    main()

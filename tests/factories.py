"""Things to test with: people, submissions, and cases walked to where a test needs them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import event
from sqlalchemy.orm import Session

from request_tracker.actions import assess, evidence, submit
from request_tracker.actions.admit import add_person
from request_tracker.actions.advance import advance
from request_tracker.actions.evidence import Fact
from request_tracker.rules import submission
from request_tracker.rules.calendar import standard
from request_tracker.rules.people import Act, Viewer
from request_tracker.rules.program import Program
from request_tracker.rules.terms import Role
from request_tracker.rules.vendor_api import (
    Analysis,
    Change,
    ChangeKind,
    Collection,
    Column,
    ColumnKind,
    Figures,
    Paging,
    PagingStyle,
    Parent,
    SignIn,
    SignInKind,
    Table,
)
from request_tracker.store import api_documents, people
from request_tracker.store.api_documents import ApiDocument
from request_tracker.store.cases import Case
from request_tracker.store.clocks import CalendarVersion
from request_tracker.store.people import Account, Person
from request_tracker.store.requests import Request

MONDAY = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
CLOCK = {"now": MONDAY}
"""The present of the `app` fixture; a test may move it."""
PASSWORD = "correct horse battery staple"
TYPED: dict[str, Any] = {
    "service_name": "Acme Billing",
    "service_url": "https://www.acmebilling.example/",
    "api_docs_url": "https://docs.acmebilling.example/api",
    "use_case": "Bring invoices next to our sales figures.",
    "data_needed": "Invoices, customers, payments.",
    "terms_accepted": True,
}


def typed(**changes: Any) -> dict[str, Any]:
    return {**TYPED, **changes}


def a_submission(**changes: Any) -> submission.Submission:
    return submission.read(typed(**changes))


@dataclass(frozen=True)
class Cast:
    """One person a role, three requesters of two accounts; each is a Viewer."""

    ada: Viewer
    ben: Viewer
    cleo: Viewer
    specialist: Viewer
    engineer: Viewer
    lead: Viewer
    admin: Viewer
    auditor: Viewer

    def by_role(self, role: Role) -> Viewer:
        return {Role.REQUESTER: self.ada}.get(role) or getattr(self, role.value)


def a_cast(session: Session, *, now: datetime = MONDAY) -> Cast:
    """People, accounts and a calendar in an empty database. Ada and Ben are at Northwind, Cleo at Contoso."""
    session.add(CalendarVersion(body=standard("UTC").to_json(), created_at=now))
    northwind, contoso = Account(name="Northwind", created_at=now), Account(name="Contoso", created_at=now)
    session.add_all([northwind, contoso])
    session.flush()
    homes = {"ada": northwind, "ben": northwind, "cleo": contoso}
    names = ("ada", "ben", "cleo", "specialist", "engineer", "lead", "admin", "auditor")
    return Cast(**{name: _viewer(session, name, homes.get(name), now) for name in names})


@cache
def _hashed() -> str:
    """One hash for everybody, and a cheap one: in use it is slow on purpose, both to make and to check."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def _viewer(session: Session, name: str, account: Account | None, now: datetime) -> Viewer:
    person: Person = add_person(
        session,
        email=f"{name}@{account.name.lower() if account else 'program'}.example",
        name=name.capitalize(),
        role=Role.REQUESTER if account else name,
        account_id=account.id if account else None,
        password=None,
        now=now,
    )
    person.password_hash = _hashed()
    session.flush()
    return people.viewer_of(person, account.name if account else "")


def act(who: Viewer, now: datetime = MONDAY, program: Program | None = None) -> Act:
    return Act(who, now, program or Program())


def later(a: Act, **by: float) -> Act:
    return replace(a, now=a.now + timedelta(**by))


def a_request(
    session: Session, who: Viewer, *, now: datetime = MONDAY, join: str | None = None, **changes: Any
) -> Request:
    return submit.submit(session, a_submission(**changes), act(who, now), join=join)


def case_of(session: Session, request: Request) -> Case:
    return session.get_one(Case, request.case_id)


def move(session: Session, case: Case, name: str, who: Viewer, *, now: datetime = MONDAY, **fields: Any) -> None:
    advance(session, case, name, version=case.version, act=act(who, now), fields=fields)


def assessed(session: Session, case: Case, cast: Cast, *, now: datetime = MONDAY) -> None:
    assess.decide(session, case, {}, act(cast.specialist, now), accept_all=True)


def put(session: Session, case: Case, who: Viewer, *keys: str, now: datetime = MONDAY) -> None:
    for key in keys:
        evidence.put(session, case, Fact(key, note="seen in a test"), act(who, now))


DECLINE = {"criterion": "documentation", "explanation": "There is no API.", "alternatives": ["Connector SDK"]}
CONSULTED = (
    "starter_ready", "access_granted", "service_demonstrated", "use_cases_recorded", "data_requirements_recorded",
    "minutes_confirmed",
)  # fmt: skip
BUILT = ("built", "tested", "documented")
PREVIEWED = ("initial_sync_finished", "completeness_reviewed", "requester_verified", "catalogue_checked")
PATH = ("submission", "validation", "consultation", "development", "private_preview", "generally_available")


def a_case(session: Session, cast: Cast, *, phase: str = "submission", now: datetime = MONDAY, **changes: Any) -> Case:
    """A case of Ada's, walked by the real actions to the phase."""
    case = case_of(session, a_request(session, cast.ada, now=now, **changes))
    steps = (
        lambda: move(session, case, "claim", cast.specialist, now=now),
        lambda: _accept(session, case, cast, now),
        lambda: _start_build(session, case, cast, now),
        lambda: _open_preview(session, case, cast, now),
        lambda: _release(session, case, cast, now),
    )
    for step in steps[: PATH.index(phase)]:
        step()
    return case


def _accept(session: Session, case: Case, cast: Cast, now: datetime) -> None:
    assessed(session, case, cast, now=now)
    put(session, case, cast.specialist, "duplicates_checked", now=now)
    move(session, case, "accept", cast.specialist, now=now, reason="A good candidate")


def _start_build(session: Session, case: Case, cast: Cast, now: datetime) -> None:
    put(session, case, cast.specialist, *CONSULTED, now=now)
    move(session, case, "start_build", cast.specialist, now=now)


def _open_preview(session: Session, case: Case, cast: Cast, now: datetime) -> None:
    put(session, case, cast.engineer, *BUILT, now=now)
    move(session, case, "open_preview", cast.engineer, now=now)


def _release(session: Session, case: Case, cast: Cast, now: datetime) -> None:
    put(session, case, cast.lead, *PREVIEWED, now=now)
    move(session, case, "release", cast.lead, now=now)


class Counted:
    """How many statements a piece of work runs."""

    def __init__(self, session: Session) -> None:
        self._connection = session.connection()
        self.statements: list[tuple[str, object]] = []

    def __enter__(self) -> "Counted":
        event.listen(self._connection, "before_cursor_execute", self._take)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._connection, "before_cursor_execute", self._take)

    def _take(self, _connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            self.statements.append((statement, parameters))


def a_table(name: str, *parents: str, path: str = "", **more: Any) -> Table:
    """A proposed table; `parents`: all that are walked first, the outermost first."""
    columns = (
        Column("id", "id", ColumnKind.LONG),
        Column("name", "name", description=f"What the {name} are called"),
        Column("amount", "amount", ColumnKind.DECIMAL),
        Column("updated_at", "updated_at", ColumnKind.UTC_DATETIME),
        *(Column(f"{each}_id", "", ColumnKind.LONG) for each in parents),
    )
    walked = "".join(f"/{each}/{{{each}_id}}" for each in parents)
    facts: dict[str, Any] = {
        "columns": columns,
        "key": (*(f"{each}_id" for each in parents), "id"),
        "parents": tuple(Parent(each, f"{each}_id", "id", f"{each}_id") for each in parents),
        "depth": len(parents),
        "paging": Paging(PagingStyle.CURSOR, ("cursor",), "cursor", "next_cursor", size_param="limit", size=100),
        "change": Change(ChangeKind.BOTH, "updated_since", field="updated_at"),
        "summary": f"List {name}",
        "pointers": (f"#/paths/~1{name}/get",),
    }
    return Table(name, path or f"{walked}/{name}", "data", **{**facts, **more})


def an_analysis(*tables: Table, **more: Any) -> Analysis:
    """An API of billing: customers with invoices with lines, payments, and one old table; or these tables."""
    found = tables or (
        a_table("customers"),
        a_table("invoices", "customers"),
        a_table("lines", "customers", "invoices"),
        a_table("payments"),
        a_table("refunds", is_deprecated=True, change=Change(), warnings=("It has no time of change",)),
    )
    figures = Figures(
        operations=len(found) * 2, get_operations=len(found), get_with_schema=len(found), get_described=len(found),
        collection_endpoints=len(found), typed_collections=len(found), named_collections=len(found),
        nesting_hist={}, nesting_max=max(each.depth for each in found), auth_classes=("api_key",), auth_vendor="static",
        pagination_styles=("cursor",), pagination_counts={"cursor": len(found)}, pagination_dominant=("cursor",),
        incremental_param_endpoints=len(found), incremental_field_endpoints=len(found), open_schema_share=0.0,
        custom_field_share=0.0, fully_custom_share=0.0,
    )  # fmt: skip
    facts: dict[str, Any] = {
        "title": "Acme Billing API",
        "version": "2.1",
        "base_urls": ("https://api.acmebilling.example/v2",),
        "figures": figures,
        "sign_in": (SignIn(SignInKind.API_KEY, "X-Api-Key", "header"),),
        "collections": tuple(Collection(each.path, each.depth, data_path="data") for each in found),
        "tables": found,
        "examples": {each.name: ({"id": 1, "name": f"First of {each.name}"},) for each in found},
    }
    return Analysis("openapi3.1", **{**facts, **more})


def a_read_document(
    session: Session, case: Case, analysis: Analysis | None = None, *, now: datetime = MONDAY
) -> ApiDocument:
    """The newest document of the case, read; the case is not judged by it."""
    found = analysis or an_analysis()
    row = ApiDocument(
        case_id=case.id, account_id=case.account_id, origin="paste", state="read", kind=found.kind, title=found.title,
        version=found.version, analysis=api_documents.as_text(found), created_at=now, finished_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row

"""An analysis made by hand that has every way of paging, change, parent and key, and one for each way to sign in."""

from dataclasses import replace
from typing import Any

from request_tracker.rules.vendor_api import (
    Analysis,
    Change,
    ChangeKind,
    Column,
    ColumnKind,
    Configured,
    Paging,
    PagingStyle,
    Parent,
    SignIn,
    SignInKind,
    Table,
)

NODES = "query($first: Int, $after: String) { nodes(first: $first, after: $after) { nodes { id } } }"
AT = Column("updated_at", "updated_at", ColumnKind.UTC_DATETIME)
CHANGED = Change(ChangeKind.BOTH, filter="updated_since", field="updated_at")


def columns(*more: Column) -> tuple[Column, ...]:
    return (Column("id", "id"), Column("name", "name"), *more)


TABLES = (
    Table(
        "companies", "/companies", "data", columns=columns(AT), key=("id",), change=CHANGED,
        paging=Paging(PagingStyle.CURSOR, param="after", token_path="meta.next", more_path="meta.more"),
    ),
    Table(
        "projects", "/companies/{companyId}/projects", "$", columns=(Column("company_id", "company_id"), *columns()),
        key=("company_id", "id"), parents=(Parent("companies", "companyId", "id", "company_id"),), depth=1,
        paging=Paging(PagingStyle.LINK_HEADER),
    ),
    Table(
        "tasks", "/projects/{p}/tasks", "items", columns=columns(AT), key=("project_id", "id"), depth=2,
        parents=(Parent("projects", "p", "id", "project_id"),), change=Change(ChangeKind.FIELD, field="updated_at"),
        paging=Paging(PagingStyle.PAGE, param="page", size_param="per_page", size=50),
    ),
    Table(
        "comments", "/projects/{p}/tasks/{t}/comments", "items", columns=columns(), key=("id",), depth=3,
        parents=(Parent("projects", "p", "id", "project_id"), Parent("tasks", "t", "id", "task_id")),
        paging=Paging(PagingStyle.OFFSET, param="skip", total_path="total"),
    ),
    Table(
        "events", "/events", "data.events", columns=columns(AT), key=("id",),
        paging=Paging(PagingStyle.NEXT_URL, token_path="links.next"),
        change=Change(ChangeKind.APPEND, filter="from", format="unix", field="updated_at"),
    ),
    Table(
        "logs", "/logs", "data.events", columns=columns(AT), key=("id",),
        paging=Paging(PagingStyle.NEXT_URL, token_path="links.next"),
        change=Change(ChangeKind.APPEND, filter="since", format="unix", field="updated_at"),
    ),
    Table(
        "people", "/accounts/{accountId}/people", "data", columns=columns(AT), key=("id",), change=CHANGED,
        configured=(Configured("accountId"),), constants={"status": ("open", "closed")},
        constant_columns={"status": "status"}, deletes="field:deleted",
        paging=Paging(PagingStyle.CURSOR, param="starting_after", more_path="has_more"),
    ),
    Table(
        "ratings", "/ratings", "data", columns=columns(), key=("id",),
        parents=(
            Parent("companies", "company", "id", "company_id", "query"),
            Parent("events", "event", "id", "event_id", "query"),
        ),
    ),
    Table(
        "rates", "/rates", "data", columns=columns(), key=("unit", "id"), constants={"unit": ("hour", "day")},
        constant_columns={"unit": "unit"},
    ),
    Table(
        "budgets", "/budgets", "data.budgets", columns=columns(), key=("id",),
        change=Change(ChangeKind.FILTER, filter="knowledge", format="token", token_path="data.server_knowledge"),
    ),
    Table(
        "nodes", "/graphql", "data.nodes.nodes", method="post", body=NODES, columns=columns(), key=("id",),
        paging=Paging(
            PagingStyle.CURSOR, param="after", token_path="data.nodes.pageInfo.endCursor", size_param="first", size=100,
            more_path="data.nodes.pageInfo.hasNextPage",
        ),
    ),
    Table("untyped", "/untyped", "data", is_typed=False, paging=Paging(PagingStyle.UNCLEAR, size_param="limit")),
    Table(
        "prices", "/prices", "data",
        columns=(
            Column("amount", "amount", ColumnKind.DECIMAL), Column("day", "day", ColumnKind.DATE),
            Column("raw", "raw", ColumnKind.JSON), Column("count", "count", ColumnKind.INT),
        ),
    ),
)  # fmt: skip
WAYS = {
    "header": SignIn(SignInKind.API_KEY, name="X-Key", place="header"),
    "query": SignIn(SignInKind.API_KEY, name="key", place="query"),
    "cookie": SignIn(SignInKind.API_KEY, name="sid", place="cookie"),
    "bearer": SignIn(SignInKind.BEARER),
    "keys": SignIn(
        SignInKind.API_KEY, "DD-API-KEY", "header", also=(SignIn(SignInKind.API_KEY, "DD-APPLICATION-KEY", "header"),)
    ),
    "key and user": SignIn(
        SignInKind.API_KEY,
        "sid",
        "cookie",
        also=(SignIn(SignInKind.BASIC), SignIn(SignInKind.API_KEY, "tenant", "cookie")),
    ),
    "basic": SignIn(SignInKind.BASIC),
    "session in a header": SignIn(
        SignInKind.SESSION,
        "X-Auth-Token",
        "header",
        login_path="/in",
        login_fields=("user", "password"),
        token_path="token",
    ),
    "session": SignIn(SignInKind.SESSION, login_path="/in", login_fields=("user", "password"), token_path="data.token"),
    "oauth": SignIn(SignInKind.OAUTH2, token_url="https://login.example.com/token", scopes=("read",)),
    "none": SignIn(SignInKind.NONE),
    "undeclared": SignIn(SignInKind.UNDECLARED),
}


def examples() -> dict[str, tuple[dict[str, Any], ...]]:
    made: dict[str, tuple[dict[str, Any], ...]] = {table.name: _rows(table.name) for table in TABLES}
    made["people"] += ({"id": "gone", "name": "x", "deleted": True, "updated_at": "2026-03-01T00:00:00Z"},)
    made["untyped"] = ({"firstName": "Ada", "n": 1, "o": {"x": 1}},)
    made["prices"] = ({"amount": 1.5, "day": "2026-01-01", "raw": {"a": [1]}, "count": 4},)
    return made


def _rows(name: str) -> tuple[dict[str, Any], ...]:
    return tuple({"id": f"{name}{n}", "name": f"N{n}", "updated_at": f"2026-03-0{n}T00:00:00Z"} for n in (1, 2))


def an_analysis(way: str = "header", **changed: Any) -> Analysis:
    made = Analysis(
        "openapi3.0", "Acme", "1", ("https://api.acme.example/v1",), sign_in=(WAYS[way],), tables=TABLES,
        examples=examples(),
    )  # fmt: skip
    return replace(made, **changed)

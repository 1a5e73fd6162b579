"""Seed data: every file has its header, unique keys, filled cells and values the seeding can believe."""

import csv
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from request_tracker.rules import claims
from request_tracker.rules.claims import Leads
from request_tracker.store.keys import load_knowledge

SEED_DATA = Path(__file__).resolve().parents[2] / "seed_data"

HEADERS = {
    "catalogue.csv": ["name", "service", "domain", "docs_url", "connector_class", "service_status"],
    "aliases.csv": ["canonical", "alias", "kind", "source"],
    "shared_hosts.csv": ["host", "kind"],
    "families.csv": ["family", "domain", "source"],
    "reply_templates.csv": ["kind", "name", "body", "criterion", "alternatives"],
    "holidays.csv": ["date", "name", "country"],
    "people.csv": ["email", "name", "role", "account", "zone"],
    "demo_requests.csv": [
        "key",
        "service_name",
        "service_url",
        "api_docs_url",
        "use_case",
        "data_needed",
        "auth_kind",
        "sandbox",
        "endpoint_count",
        "requester",
        "days_ago",
        "story",
    ],
}
MAY_BE_EMPTY = {("catalogue.csv", "docs_url"), ("people.csv", "account"), ("demo_requests.csv", "endpoint_count")} | {
    ("reply_templates.csv", "criterion"), ("reply_templates.csv", "alternatives"),
}  # fmt: skip
IN_LINES = {("reply_templates.csv", "body"), ("reply_templates.csv", "alternatives")}
AT_LEAST = {
    "catalogue.csv": 320,
    "aliases.csv": 400,
    "shared_hosts.csv": 40,
    "families.csv": 20,
    "holidays.csv": 55,
    "people.csv": 19,
    "demo_requests.csv": 40,
    "reply_templates.csv": 8,
}
UNIQUE = [
    ("catalogue.csv", "service"),
    ("catalogue.csv", "name"),
    ("aliases.csv", "alias"),
    ("shared_hosts.csv", "host"),
    ("holidays.csv", "date"),
    ("people.csv", "email"),
    ("people.csv", "name"),
    ("reply_templates.csv", "name"),
    ("demo_requests.csv", "key"),
    ("demo_requests.csv", "use_case"),
    ("demo_requests.csv", "data_needed"),
]
ALLOWED = {
    ("catalogue.csv", "connector_class"): {"standard", "lite"},
    ("catalogue.csv", "service_status"): {"general_availability", "beta", "private_preview", "sunset"},
    ("aliases.csv", "kind"): {"rename", "acronym", "old_domain", "second_domain"},
    ("shared_hosts.csv", "kind"): {"pages", "documentation", "help_centre", "cloud_gateway"},
    ("reply_templates.csv", "kind"): {"question", "decline", "comment"},
    ("holidays.csv", "country"): {"US"},
    ("people.csv", "role"): {"requester", "specialist", "engineer", "lead", "admin", "auditor"},
    ("demo_requests.csv", "auth_kind"): {"api_key", "oauth2", "basic", "other", "unknown"},
    ("demo_requests.csv", "sandbox"): {"yes", "no", "unknown"},
}
# how many cases stand at each story: the demo shows every page with something on it
STORIES = {
    "submitted": 11,
    "in_review": 5,
    "waiting_requester": 2,
    "accepted": 2,
    "booked": 1,
    "consultation": 3,
    "development": 3,
    "overdue_build": 1,
    "preview": 3,
    "released": 5,
    "declined": 3,
    "declined_late": 1,
    "appealed": 1,
    "withdrawn": 1,
    "invalid": 1,
    "closed": 1,
    "duplicate": 2,
    "joins": 2,
}
MINIMUM_AGE = {
    "released": 90,
    "preview": 70,
    "overdue_build": 70,
    "development": 45,
    "consultation": 25,
    "accepted": 12,
}  # calendar days
FEDERAL_HOLIDAYS = {
    "New Year's Day",
    "Birthday of Martin Luther King, Jr.",
    "Washington's Birthday",
    "Memorial Day",
    "Juneteenth National Independence Day",
    "Independence Day",
    "Labor Day",
    "Columbus Day",
    "Veterans Day",
    "Thanksgiving Day",
    "Christmas Day",
}
FIXED_DATES = {
    "New Year's Day": (1, 1),
    "Juneteenth National Independence Day": (6, 19),
    "Independence Day": (7, 4),
    "Veterans Day": (11, 11),
    "Christmas Day": (12, 25),
}
HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}")

Row = dict[str, str]


@pytest.mark.parametrize("name", HEADERS)
def test_file_has_its_header_and_enough_rows(name: str) -> None:
    with (SEED_DATA / name).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle))
    assert rows[0] == HEADERS[name]
    assert {len(row) for row in rows} == {len(HEADERS[name])}
    assert len(rows) - 1 >= AT_LEAST[name]


@pytest.mark.parametrize("name", HEADERS)
def test_required_cells_are_filled_and_trimmed(name: str) -> None:
    cells = [(column, cell) for row in read(name) for column, cell in row.items()]
    assert [column for column, cell in cells if not cell and (name, column) not in MAY_BE_EMPTY] == []
    assert [cell for _, cell in cells if cell != cell.strip()] == []
    assert [cell for column, cell in cells if "\n" in cell and (name, column) not in IN_LINES] == []


@pytest.mark.parametrize(("name", "column"), UNIQUE)
def test_keys_are_unique_whatever_the_case(name: str, column: str) -> None:
    assert repeated(row[column].casefold() for row in read(name)) == []


@pytest.mark.parametrize(("name", "column"), ALLOWED)
def test_values_come_from_the_closed_list(name: str, column: str) -> None:
    assert {row[column] for row in read(name)} <= ALLOWED[name, column]


def test_catalogue_rows_look_like_connectors() -> None:
    rows = read("catalogue.csv")
    assert [row["domain"] for row in rows if not HOST.fullmatch(row["domain"])] == []
    assert [row["service"] for row in rows if not re.fullmatch(r"[a-z0-9_]+", row["service"])] == []
    assert [row["docs_url"] for row in rows if row["docs_url"] and not is_web_address(row["docs_url"])] == []
    assert sum(row["connector_class"] == "lite" for row in rows) > len(rows) / 2


def test_shared_hosts_are_hosts() -> None:
    assert [row["host"] for row in read("shared_hosts.csv") if not HOST.fullmatch(row["host"])] == []


def test_alias_domains_are_domains() -> None:
    aliases = [row["alias"] for row in read("aliases.csv") if row["kind"].endswith("_domain")]
    assert [alias for alias in aliases if not HOST.fullmatch(alias)] == []
    assert not set(aliases) & {row["host"] for row in read("shared_hosts.csv")}


def test_aliases_lead_to_a_present_name_in_one_step() -> None:
    rows = read("aliases.csv")
    canonical = {row["canonical"].casefold() for row in rows}
    assert [row["alias"] for row in rows if row["alias"].casefold() in canonical] == []


def test_holidays_fall_on_working_days_of_the_right_year() -> None:
    days = [date.fromisoformat(row["date"]) for row in read("holidays.csv")]
    assert [day for day in days if day.weekday() > 4] == []
    assert {day.year for day in days} == set(range(2024, 2029))
    assert days == sorted(days)


def test_each_federal_holiday_stands_once_a_year() -> None:
    names = Counter(row["name"].removesuffix(" (observed)") for row in read("holidays.csv"))
    assert names == dict.fromkeys(FEDERAL_HOLIDAYS, 5)


def test_fixed_holidays_are_moved_only_from_a_weekend() -> None:
    expected = {observed(date(year, *FIXED_DATES[name]), name) for year in range(2024, 2029) for name in FIXED_DATES}
    rows = {(row["date"], row["name"]) for row in read("holidays.csv")}
    assert {(day, name) for day, name in rows if name.removesuffix(" (observed)") in FIXED_DATES} == expected


def test_people_fill_every_role() -> None:
    roles = Counter(row["role"] for row in read("people.csv"))
    assert roles == {"specialist": 2, "engineer": 2, "lead": 1, "admin": 1, "auditor": 1, "requester": 12}


def test_only_requesters_have_an_account() -> None:
    people = read("people.csv")
    assert [row["email"] for row in people if bool(row["account"]) != (row["role"] == "requester")] == []
    assert len({row["account"] for row in people if row["account"]}) == 8
    assert len({row["account"] for row in people if row["role"] == "requester"} & accounts_of_first_three()) == 2


def test_people_live_in_reserved_domains_and_real_zones() -> None:
    people = read("people.csv")
    assert [row["email"] for row in people if not row["email"].endswith(".example")] == []
    staff = {row["email"].partition("@")[2] for row in people if row["role"] != "requester"}
    assert staff == {"program.example"}
    assert [row["zone"] for row in people if ZoneInfo(row["zone"]).key != row["zone"]] == []


def test_an_admin_could_type_every_row_of_what_matching_knows() -> None:
    """The page's own checks: no alias is useless, general, a ring or a detour; no host or family is one by mistake."""
    known, leads, faults = load_knowledge(SEED_DATA), Leads(), []
    for row in read("aliases.csv"):
        facts = claims.alias_read(row, known.registrable)
        faults.append((row["alias"], claims.alias_fault(facts, leads, known)))
        leads.add(facts, known.registrable)
    for row in read("shared_hosts.csv"):
        faults.append((row["host"], claims.host_fault(claims.host_read(row), leads, known)))
    for row in read("families.csv"):
        facts = claims.family_read({**row, "name": row["family"]})
        faults.append((row["family"], claims.family_fault(facts, leads, known)))
    assert [(written, fault.message) for written, fault in faults if fault] == []


def test_one_account_has_one_mail_domain() -> None:
    pairs = {(row["account"], row["email"].partition("@")[2]) for row in read("people.csv") if row["account"]}
    assert len(pairs) == len({account for account, _ in pairs}) == len({domain for _, domain in pairs})


def test_demo_requests_come_from_requesters_of_every_account() -> None:
    account = account_of()
    assert {account[row["requester"]] for row in read("demo_requests.csv")} == set(account.values())


def test_demo_requests_have_web_addresses_and_whole_numbers() -> None:
    rows = read("demo_requests.csv")
    addresses = [row[column] for row in rows for column in ("service_url", "api_docs_url")]
    assert [address for address in addresses if not is_web_address(address)] == []
    assert [row["key"] for row in rows if row["endpoint_count"] and not 1 <= int(row["endpoint_count"]) <= 500] == []
    assert [row["key"] for row in rows if not 1 <= int(row["days_ago"]) <= 160] == []


def test_demo_stories_are_spread_over_the_process() -> None:
    assert Counter(row["story"].partition(":")[0] for row in read("demo_requests.csv")) == STORIES


def test_demo_stories_had_the_time_they_need() -> None:
    rows = read("demo_requests.csv")
    assert [row["key"] for row in rows if int(row["days_ago"]) < MINIMUM_AGE.get(row["story"], 0)] == []
    assert [row["key"] for row in rows if row["story"] == "in_review" and int(row["days_ago"]) > 20] == ["gooddata"]


def test_demo_followers_come_later_and_from_another_account() -> None:
    rows = {row["key"]: row for row in read("demo_requests.csv")}
    account = account_of()
    followers = [(row, rows[row["story"].partition(":")[2]]) for row in rows.values() if ":" in row["story"]]
    assert len(followers) == 4
    for follower, leader in followers:
        assert int(follower["days_ago"]) < int(leader["days_ago"])
        assert account[follower["requester"]] != account[leader["requester"]]
        assert ":" not in leader["story"]


def read(name: str) -> list[Row]:
    with (SEED_DATA / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def repeated(values: Iterable[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def is_web_address(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(HOST.fullmatch(parts.hostname or ""))


def observed(day: date, name: str) -> tuple[str, str]:
    """The row of a fixed holiday: Saturday goes back to Friday, Sunday on to Monday (5 U.S.C. 6103)."""
    shift = {5: -1, 6: 1}.get(day.weekday(), 0)
    return (day + timedelta(days=shift)).isoformat(), f"{name} (observed)" if shift else name


def account_of() -> dict[str, str]:
    return {row["email"]: row["account"] for row in read("people.csv") if row["role"] == "requester"}


def accounts_of_first_three() -> set[str]:
    return set(list(account_of().values())[:3])

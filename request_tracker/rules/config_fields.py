"""The fields of the file of `provision`: which there are, and what is wrong with a value."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from request_tracker.rules.starter import MAX_NAME
from request_tracker.rules.sync_schedule import FREQUENCIES, TYPES
from request_tracker.rules.tables_wanted import ALLOW_COLUMNS, BLOCK_ALL

LONGEST, MOST_TABLES, DEEPEST = 200, 5_000, 12
NAMINGS = ("FIVETRAN_NAMING", "SOURCE_NAMING")
HANDLINGS = (ALLOW_COLUMNS, BLOCK_ALL)
_NAME = re.compile(r"[_a-z][_a-z0-9]*", re.ASCII)
_GROUP = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_OF_POLICY = re.compile(r"account_\d+_|service_|all_accounts$", re.ASCII)
_SERVICE = re.compile(r"[a-z0-9_]{1,100}", re.ASCII)
_CASE = re.compile(r"LITE-\d{6,9}", re.ASCII)


def _tables(value: Any) -> str:
    """What is wrong with the tables of a connection, or nothing."""
    if not isinstance(value, dict) or not value or len(value) > MOST_TABLES:
        return f"name at least one table and at most {MOST_TABLES:,}, each with an object"
    for label, wanted in value.items():
        if not _is_text(label) or label.startswith(".") or label.endswith("."):
            return "name each table as schema.table, in at most 200 characters"
        if not isinstance(wanted, dict) or wanted.keys() - {"enabled", "hashed"}:
            return f"“{label}”: write an object of “enabled” and “hashed”"
        if not isinstance(wanted.get("enabled", True), bool):
            return f"“{label}”: “enabled” is true or false"
        hashed = wanted.get("hashed", [])
        if not isinstance(hashed, list) or not all(_is_text(each) for each in hashed):
            return f"“{label}”: “hashed” is a list of columns"
    if not any(wanted.get("enabled", True) for wanted in value.values()):
        return "enable at least one table: a connection without any brings nothing"
    return ""


def _config(value: Any) -> str:
    """Any object that can be kept: not too deep, and only of text that databases take."""
    if not isinstance(value, dict):
        return "write an object"
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        texts = [each for each in level if isinstance(each, str)]
        texts += [name for each in level if isinstance(each, dict) for name in each]
        if any(_unkept(each) for each in texts):
            return "text in it holds characters that cannot be kept"
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return ""
    return f"nest it at most {DEEPEST - 1} levels deep"


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _unkept(text: str) -> bool:
    return "\0" in text or any("\ud800" <= each <= "\udfff" for each in text)


def _is_text(value: Any) -> bool:
    # What is not printable includes what no database keeps.
    return isinstance(value, str) and 0 < len(value) <= LONGEST and value == value.strip() and value.isprintable()


def is_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_NAME and bool(_NAME.fullmatch(value))


def is_group(value: str) -> bool:
    """Whether a group of this name may be made for a file: not one that the policy would make."""
    return len(value) <= MAX_NAME and bool(_GROUP.fullmatch(value)) and not _OF_POLICY.match(value)


def shown(name: str) -> str:
    """A name as it may be told on any terminal."""
    return "".join(each if each.isprintable() else "?" for each in name[:60])


def one_of(values: Iterable[object], what: str = "allowed") -> str:
    return f"not {what} here, use one of {', '.join(map(str, values))}"


def _among(values: Iterable[Any]) -> Callable[[Any], str]:
    allowed = list(values)
    kinds = {type(each) for each in allowed}
    return lambda value: "" if type(value) in kinds and value in allowed else one_of(allowed)


def _matching(rule: Callable[[Any], bool], words: str) -> Callable[[Any], str]:
    return lambda value: "" if rule(value) else words


NAME_WORDS = f"small letters, digits and _, beginning with a letter or _, at most {MAX_NAME}"
GROUP_WORDS = (
    f"letters, digits and _, not beginning with a digit, at most {MAX_NAME}; names such as account_12_x, service_x and "
    "all_accounts are kept for groups made by policy"
)
_case = _matching(lambda value: isinstance(value, str) and bool(_CASE.fullmatch(value)), "a case such as LITE-000045")
_text = _matching(_is_text, f"text of at most {LONGEST} characters")
CHECKS: Mapping[str, Callable[[Any], str]] = {
    "case": _case,
    "like": _case,
    "name": _text,
    "account": _text,
    "group": _text,
    "service": _matching(
        lambda value: isinstance(value, str) and bool(_SERVICE.fullmatch(value)), "Fivetran's id of a connector type"
    ),
    "schema": _matching(is_name, NAME_WORDS),
    "config": _config,
    "paused": _matching(lambda value: isinstance(value, bool), "use true or false"),
    "sync_frequency": _among(FREQUENCIES),
    "schedule_type": _among(TYPES),
    "daily_sync_time": _among(f"{hour:02}:00" for hour in range(24)),
    "destination_schema_names": _among(NAMINGS),
    "schema_change_handling": _among(HANDLINGS),
    "tables": _tables,
}
"""What is wrong with a value, as a sentence that says what to do; empty where nothing is."""
TOP = ("defaults", "groups_on_demand", "connections")
FIELDS = tuple(CHECKS)
OF_CASE = ("case", "like", "sync_frequency", "schedule_type", "daily_sync_time", "schema_change_handling", "tables")
DEFAULTS = (
    "group", "service", "paused", "sync_frequency", "schedule_type", "daily_sync_time", "destination_schema_names",
    "schema_change_handling",
)  # fmt: skip

"""The file of `provision`: what connections are wanted, read from JSON; every fault named with its place."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from request_tracker.rules import no_credentials
from request_tracker.rules.config_fields import (
    CHECKS,
    DEFAULTS,
    FIELDS,
    GROUP_WORDS,
    NAME_WORDS,
    OF_CASE,
    TOP,
    is_group,
    is_name,
    one_of,
    shown,
)
from request_tracker.rules.sync_schedule import DAILY, BadSchedule
from request_tracker.rules.sync_schedule import read as read_schedule
from request_tracker.rules.tables_wanted import Choice
from request_tracker.rules.wishes import USUAL_FREQUENCY, Fault, Wish

MOST = 2_000
OURS = "lite_"


@dataclass(frozen=True)
class ConfigFile:
    """What a file means; `digest` is the same for two files that mean the same."""

    wishes: tuple[Wish, ...] = ()
    groups_on_demand: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def digest(self) -> str:
        meant = sorted(({**each.to_json(), "place": ""} for each in self.wishes), key=lambda each: str(each["name"]))
        whole = json.dumps([meant, sorted(self.groups_on_demand)], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def parse(text: str) -> ConfigFile:
    """Read the text of a file. Never raises: whatever it is, its faults are named."""
    try:
        data = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except _Twice as twice:
        return ConfigFile(faults=(Fault("", f"“{twice}” stands twice in one object: keep one of them"),))
    except json.JSONDecodeError as bad:
        return ConfigFile(faults=(Fault("", f"Line {bad.lineno}, column {bad.colno}: this is not JSON ({bad.msg})"),))
    except (ValueError, RecursionError):
        return ConfigFile(faults=(Fault("", "This is not JSON that can be read: a number or the nesting is too big"),))
    return read(data)


def read(data: Any) -> ConfigFile:
    """Read what JSON gave: every wish, or every fault at once."""
    faults: list[Fault] = []
    if not isinstance(data, dict):
        return ConfigFile(faults=(Fault("", 'Begin with an object: {"connections": [...]}'),))
    _known(data, TOP, "", faults)
    defaults = _object(data.get("defaults", {}), "defaults", faults)
    _known(defaults, DEFAULTS, "defaults", faults)
    _sound(defaults, "defaults", faults)
    wanted = data.get("groups_on_demand", [])
    if not isinstance(wanted, list) or not all(isinstance(each, str) and is_group(each) for each in wanted):
        faults.append(Fault("groups_on_demand", f"list names of groups: {GROUP_WORDS}"))
        wanted = []
    rows = data.get("connections")
    if not isinstance(rows, list) or not rows:
        faults.append(Fault("connections", "list at least one connection"))
        rows = []
    if len(rows) > MOST:
        faults.append(Fault("connections", f"list at most {MOST:,} in one file"))
        rows = []
    usable = {name: value for name, value in defaults.items() if name in DEFAULTS and not CHECKS[name](value)}
    wishes = [_wish(row, f"connections[{index}]", usable, faults) for index, row in enumerate(rows)]
    known = tuple(each for each in wishes if each is not None)
    faults += _doubles(known) if not faults else []
    return ConfigFile((), (), tuple(faults)) if faults else ConfigFile(known, tuple(dict.fromkeys(wanted)))


def _wish(row: Any, place: str, defaults: Mapping[str, Any], faults: list[Fault]) -> Wish | None:
    before = len(faults)
    if not isinstance(row, dict):
        faults.append(Fault(place, "write an object for each connection"))
        return None
    is_case = "case" in row
    if is_case and (strange := next((name for name in row if name in FIELDS and name not in OF_CASE), None)):
        sentence = "this follows from the case: leave it out, or describe a connection of its own with “name”"
        faults.append(Fault(f"{place}.{strange}", sentence))
    _known(row, FIELDS, place, faults)
    _sound(row, place, faults)
    allowed = OF_CASE if is_case else FIELDS
    whole = {**{name: value for name, value in defaults.items() if name in allowed}, **row}
    if "sync_frequency" in row and row["sync_frequency"] != DAILY and "daily_sync_time" not in row:
        whole.pop("daily_sync_time", None)
    if len(faults) == before:
        faults += _missing(whole, place, is_case)
    return _made(whole, place) if len(faults) == before else None


def _made(whole: Mapping[str, Any], place: str) -> Wish:
    name = whole.get("case") or whole["name"]
    texts = ("case", "like", "account", "group", "service", "destination_schema_names")
    said = ("paused", "sync_frequency", "schedule_type", "daily_sync_time")
    rest: dict[str, Any] = {each: whole.get(each, "") for each in texts} | {each: whole.get(each) for each in said}
    return Wish(
        place=place,
        name=name,
        schema="" if whole.get("case") else whole.get("schema") or whole["name"],
        config=whole.get("config", {}),
        handling=whole.get("schema_change_handling", ""),
        choices=tuple(_choices(whole.get("tables", {}))),
        **rest,
    )


def _missing(whole: Mapping[str, Any], place: str, is_case: bool) -> list[Fault]:
    """What belongs together and is not there."""
    faults = []
    if not is_case:
        if "name" not in whole:
            faults.append(Fault(place, "give a “name”, or a “case” whose starter connector is meant"))
        elif whole.get("schema", whole["name"]).startswith(OURS):
            faults.append(Fault(f"{place}.name", f"{OURS}… is kept for cases: use another “schema”"))
        elif not is_name(whole.get("schema", whole["name"])):
            faults.append(Fault(f"{place}.name", f"as it names the schema too: {NAME_WORDS}; or give a “schema”"))
        if "service" not in whole and "like" not in whole:
            faults.append(Fault(place, "give a “service”, here or in the defaults"))
        if "group" not in whole and "account" not in whole:
            faults.append(Fault(place, "give a “group”, or an “account” whose group is used"))
    try:
        frequency = whole.get("sync_frequency", USUAL_FREQUENCY)
        read_schedule(frequency, whole.get("schedule_type", "auto"), whole.get("daily_sync_time"))
    except BadSchedule as bad:
        faults.append(Fault(f"{place}.{bad.field}", _small(bad.message)))
    return faults


def _choices(tables: Mapping[str, Mapping[str, Any]]) -> Iterable[Choice]:
    for label, wanted in tables.items():
        schema, dot, table = label.partition(".")
        schema, table = (schema, table) if dot else ("", label)
        yield Choice(schema, table, enabled=wanted.get("enabled", True))
        for column in dict.fromkeys(wanted.get("hashed", ())):
            yield Choice(schema, table, column, hashed=True)


def _doubles(wishes: Iterable[Wish]) -> list[Fault]:
    """What stands in the file twice: it would be one connection, or two that fight over a name."""
    first: dict[tuple[str, ...], str] = {}
    faults = []
    for each in wishes:
        keys: list[tuple[str, ...]] = [("name", each.name)]
        if not each.case:
            keys.append(("schema", each.group.casefold() or f"of {each.account.casefold()}", each.schema))
        for key in keys:
            if (there := first.setdefault(key, each.place)) != each.place:
                faults.append(
                    Fault(f"{each.place}.{'case' if each.case else key[0]}", f"the same as {there}: keep one")
                )
                break
    return faults


def _sound(row: Mapping[str, Any], place: str, faults: list[Fault]) -> None:
    for name, value in row.items():
        if name in CHECKS and (sentence := CHECKS[name](value)):
            faults.append(Fault(f"{place}.{name}", sentence))
    config = row.get("config")
    if isinstance(config, dict):
        faults += [Fault(each, no_credentials.SENTENCE) for each in no_credentials.found_in(config, f"{place}.config")]
        if "schema" in config:
            faults.append(Fault(f"{place}.config.schema", "give the “schema” of the connection instead"))


def _known(row: Mapping[str, Any], known: Iterable[str], place: str, faults: list[Fault]) -> None:
    names = list(known)
    for name in row:
        if name in names:
            continue
        where = f"{place}.{shown(name)}" if place else shown(name)
        if no_credentials.is_secret_name(name):
            faults.append(Fault(where, no_credentials.SENTENCE))
            continue
        near = get_close_matches(name[:60], names, 1)
        faults.append(Fault(where, f"not known here: did you mean “{near[0]}”?" if near else one_of(names, "known")))


def _object(value: Any, place: str, faults: list[Fault]) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    faults.append(Fault(place, "write an object"))
    return {}


def _small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


class _Twice(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(shown(name))
        found[name] = value
    return found


def _no_number(word: str) -> Any:
    raise ValueError(word)

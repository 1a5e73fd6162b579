"""What is posted about tables, columns and the schedule, read into what the actions take."""

import json
import re
from collections.abc import Iterable

from werkzeug.datastructures import MultiDict

from request_tracker.actions.table_choices import Chosen
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.tables_wanted import Choice

Form = MultiDict[str, str]
_ODD = re.compile(r"[\x00\ud800-\udfff]")
"""What JSON may spell and no database keeps."""


def value_of(schema: str, name: str) -> str:
    """A table as the value of a tick: both parts of its name, whatever characters they hold."""
    return json.dumps([schema, name], ensure_ascii=False, separators=(",", ":"))


def tables(form: Form) -> Chosen:
    """The ticks of the page, or the names typed before a schema was known. Only tables that were shown are decided."""
    handling, seen = form.get("handling", ""), form.get("seen", "")
    if "typed" in form:
        names = dict.fromkeys(" ".join(line.split()) for line in form["typed"].splitlines() if line.strip())
        return Chosen(tuple(_typed(each) for each in names), handling, seen, replaces=True)
    wanted = set(_places(form.getlist("wanted")))
    shown = dict.fromkeys([*_places(form.getlist("shown")), *sorted(wanted)])
    return Chosen(tuple(Choice(*each, enabled=each in wanted) for each in shown), handling, seen)


def columns(form: Form, decided: Iterable[str]) -> Chosen:
    """The ticks of one table's columns. What was decided before and is ticked no more is decided anew."""
    schema, table = form.get("schema", ""), form.get("table", "")
    hashed, left_out = set(form.getlist("hash")), set(form.getlist("leave"))
    named = hashed | left_out | (set(decided) & set(form.getlist("shown")))
    return Chosen(
        tuple(Choice(schema, table, each, each not in left_out, each in hashed) for each in sorted(named)),
        seen=form.get("seen", ""),
    )


def _typed(name: str) -> Choice:
    return Choice("", name)


def _places(values: Iterable[str]) -> list[tuple[str, str]]:
    try:
        found = [json.loads(each) for each in values]
    except (ValueError, RecursionError) as fault:
        raise Unfit("tables", "Choose tables from the list") from fault
    if not all(isinstance(each, list) and [type(part) for part in each] == [str, str] for each in found):
        raise Unfit("tables", "Choose tables from the list")
    if any(_ODD.search(part) for each in found for part in each):
        raise Unfit("tables", "Choose tables from the list")
    return [(each[0], each[1]) for each in found]

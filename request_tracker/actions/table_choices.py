"""A person chooses what a case's connection brings: tables, personal columns, what happens to new ones."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from request_tracker.actions import record, tables
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.rooted import must_be_root
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.tables_wanted import HANDLINGS, Choice, name_of
from request_tracker.store import connections, schema_choices
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.schema_choices import SchemaChoice
from request_tracker.store.timeline import Entry

LONGEST, MOST = 200, 20_000
NEWER = "Somebody chose tables after you opened this: look at the choice as it is now"


@dataclass(frozen=True)
class Chosen:
    """What a person says of tables and columns. `seen`: the stamp of what they looked at, empty to skip the check.

    `replaces`: tables of which nothing is said are forgotten. Otherwise only what is named changes.
    """

    choices: tuple[Choice, ...]
    handling: str | None = None
    seen: str = ""
    replaces: bool = field(default=False, kw_only=True)


def choose(session: Session, case: Case, chosen: Chosen, act: Act) -> Entry | None:
    """Keep the choice and have it applied; None where nothing changes, and then it is compared again.

    Raises NotAllowed, Refused, Unfit, Overtaken.
    """
    tables.must_choose(act)
    must_be_root(case)
    if case.outcome is not None:
        raise Unfit("tables", "This case has ended: there is nothing left to choose")
    _sound(chosen)
    row = connections.live(session, case.id)
    before = schema_choices.choices_of(session, case.id)
    after = _merged(before, chosen)
    handling = _handling(row, chosen)
    if set(after) == set(before) and (row is None or handling == row.change_handling):
        if row is not None and row.connection_id is not None:
            tables.ask_applying(session, row, act, why=f"again:{act.now.isoformat()}")
        return None
    if chosen.seen and chosen.seen != schema_choices.stamp(session, case.id):
        raise Overtaken(NEWER)
    named = [each for each in after if not each.column]
    if (named or chosen.replaces) and not any(each.enabled for each in named):
        raise Unfit("tables", "Choose at least one table: a connection without any brings nothing")
    _write(session, case, before, after, act)
    if row is not None:
        row.change_handling, row.tables_wanted_at = handling, act.now
    entry = record.entry(session, case, act, "tables.chosen", data=_counts(after), audience="account")
    if row is not None:
        tables.ask_applying(session, row, act, why=str(entry.id))
    return entry


def _sound(chosen: Chosen) -> None:
    if chosen.handling is not None and chosen.handling not in HANDLINGS:
        raise Unfit("handling", "Choose what happens to new tables and columns")
    if len(chosen.choices) > MOST:
        raise Unfit("tables", f"Send at most {MOST:,} tables and columns at once")
    for each in chosen.choices:
        if not each.table.strip() or len(each.table) > LONGEST or len(each.schema) > LONGEST:
            raise Unfit("tables", f"Name each table in at most {LONGEST} characters")
        if len(each.column) > LONGEST:
            raise Unfit("tables", f"Name each column of {name_of((each.schema, each.table))} in at most {LONGEST}")


def _merged(before: Iterable[Choice], chosen: Chosen) -> tuple[Choice, ...]:
    """All decisions from now on. A typed name gives way to the same table once its schema is known.

    Who takes a mark of personal data away has it kept as a decision, so that the hash is taken off too.
    """
    named = {(each.schema, each.table, each.column): each for each in chosen.choices}
    names = {each.table.casefold() for each in chosen.choices if not each.column}
    typed = {each.table.casefold() for each in chosen.choices if each.schema and not each.column}
    kept = [
        each
        for each in before
        if (each.schema, each.table, each.column) not in named
        and not (not each.schema and each.table.casefold() in typed and not each.column)
        and not (chosen.replaces and (not each.column or each.table.casefold() not in names))
    ]
    return (*kept, *named.values())


def _handling(row: Connection | None, chosen: Chosen) -> str:
    now = row.change_handling if row is not None else ""
    return now if chosen.handling is None else chosen.handling


def _write(session: Session, case: Case, before: Iterable[Choice], after: Iterable[Choice], act: Act) -> None:
    """Only what differs is written, so that each row says who decided it and when."""
    rows = {
        (each.table_schema, each.table_name, each.column_name): each
        for each in schema_choices.of_case(session, case.id)
    }
    wanted = {(each.schema, each.table, each.column): each for each in after}
    for place, row in rows.items():
        if place not in wanted:
            session.delete(row)
    same = set(before)
    for place, each in wanted.items():
        if each in same:
            continue
        kept = rows.get(place) or SchemaChoice(
            case_id=case.id, table_schema=each.schema, table_name=each.table, column_name=each.column
        )
        kept.enabled, kept.hashed, kept.by_id, kept.at = each.enabled, each.hashed, act.who.id or 0, act.now
        session.add(kept)
    session.flush()


def _counts(choices: Iterable[Choice]) -> dict[str, int]:
    rows = list(choices)
    return {
        "tables": sum(each.enabled for each in rows if not each.column),
        "hashed": sum(each.hashed for each in rows if each.column),
    }

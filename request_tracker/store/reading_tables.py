"""What a case's connection brings and what was chosen, table by table, for those who may know of it."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.rules import personal
from request_tracker.rules.people import Viewer
from request_tracker.rules.tables_wanted import (
    HANDLINGS,
    Choice,
    Column,
    Shown,
    Table,
    Wish,
    choice_for,
    column_choices,
    fitted,
    name_of,
)
from request_tracker.store import cases, connections, requests, schema_choices
from request_tracker.store.cases import Case
from request_tracker.store.connections import Condition, Connection
from request_tracker.store.people import Person
from request_tracker.store.timeline import Entry


@dataclass(frozen=True)
class TableRow:
    """`wanted` None: nobody decided about it. `synced` None: it is not in the source, so far as we know."""

    schema: str
    name: str
    wanted: bool | None
    synced: bool | None
    locked: str = ""
    hashed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    columns: int = 0
    suggested: bool = False

    @property
    def label(self) -> str:
        return name_of((self.schema, self.name))


@dataclass(frozen=True)
class ColumnRow:
    """`hashed` and `left_out` are what is wanted, or what is so where nobody decided.

    `guess`: what kind of personal data it may hold, by its name.
    """

    name: str
    hashed: bool
    left_out: bool
    decided: bool
    locked: str
    guess: str
    is_key: bool


@dataclass(frozen=True)
class TablesView:
    """`seen_at` None: Fivetran has not been asked yet. `stamp` changes with every decision."""

    rows: tuple[TableRow, ...]
    decided: bool
    handling: str
    stamp: str
    has_connection: bool
    seen_at: datetime | None
    wanted_at: datetime | None
    wanted_by: str
    applied_at: datetime | None
    ok: bool | None
    message: str
    since: datetime | None
    data_needed: tuple[tuple[str, str], ...] = ()

    @property
    def new(self) -> tuple[TableRow, ...]:
        """In the source, and nobody decided about them."""
        return tuple(row for row in self.rows if self.decided and row.wanted is None)

    @property
    def gone(self) -> tuple[TableRow, ...]:
        return tuple(row for row in self.rows if row.wanted and row.synced is None and self.seen_at is not None)

    @property
    def handling_words(self) -> str:
        return HANDLINGS.get(self.handling, self.handling)


def view(session: Session, case: Case, *, there_only: bool = False) -> TablesView:
    """Everything about the case's tables; for staff, and through `for_viewer` for the account whose data it is.

    `there_only`: of the choice, only what is in the connection's own source.
    """
    row = connections.live(session, case.id)
    wish = Wish(schema_choices.choices_of(session, case.id), row.change_handling if row else "")
    seen = schema_choices.kept_seen(session, row.id) if row else None
    shown = schema_choices.seen_of(session, row.id) if row else None
    wish = fitted(wish, shown) if shown else wish
    wish = _there(wish, shown) if there_only else wish
    needs = _needs(session, case)
    newest = schema_choices.newest(session, case.id)
    person = session.get(Person, newest.by_id) if newest else None
    told = _condition(session, row)
    return TablesView(
        rows=_rows(wish, shown, " ".join(text for _, text in needs)),
        decided=wish.is_decided,
        handling=wish.handling,
        stamp=schema_choices.stamp(session, case.id),
        has_connection=row is not None,
        seen_at=seen.seen_at if seen else None,
        wanted_at=newest.at if newest else None,
        wanted_by=person.name if person else "",
        applied_at=row.tables_applied_at if row else None,
        ok=told.ok if told else None,
        message=told.message if told else "",
        since=told.since if told else None,
        data_needed=needs,
    )


def for_viewer(session: Session, case: Case, viewer: Viewer) -> TablesView | None:
    """What staff, and the account that leads the case, may read of it; None for every other account.

    What others asked for is not among it, for only staff read all requests; nor are names out of the source of an
    account that led the case before or whose setup was copied; nor the condition's words, for that is ours to mend.
    """
    primary = requests.primary_of(session, case)
    row = connections.live(session, case.id)
    owner = row.account_id if row is not None else primary.account_id if primary is not None else None
    leads = primary is not None and primary.account_id == viewer.account_id == owner
    if viewer.is_staff:
        return view(session, case)
    if not leads:
        return None
    copied = row is not None and row.cloned_from_id is not None
    found = view(session, case, there_only=copied or _chosen_for_others(session, case, viewer))
    return replace(found, data_needed=(), wanted_by="", message="")


def columns(session: Session, case: Case, schema: str, name: str) -> tuple[Table, tuple[ColumnRow, ...]] | None:
    """One table as Fivetran showed it last, and its columns; None where it is not there."""
    row = connections.live(session, case.id)
    shown = schema_choices.seen_of(session, row.id) if row else None
    table = next((each for each in shown.tables if each.place == (schema, name)), None) if shown else None
    if table is None:
        return None
    wish = fitted(Wish(schema_choices.choices_of(session, case.id)), shown or Shown(""))
    choices = column_choices(wish, table.place)
    known = {each.name: each for each in table.columns}
    rest = [Column(each, enabled=True, hashed=False) for each in choices if each not in known]
    return table, tuple(_column(table, each, choices.get(each.name)) for each in (*table.columns, *rest))


def _column(table: Table, column: Column, choice: Choice | None) -> ColumnRow:
    now = choice or Choice(table.schema, table.name, column.name, column.enabled, column.hashed)
    return ColumnRow(
        name=column.name,
        hashed=now.hashed,
        left_out=not now.enabled,
        decided=choice is not None,
        locked=column.locked,
        guess="" if column.locked else personal.guess(table.name, column.name),
        is_key=column.is_key,
    )


def _chosen_for_others(session: Session, case: Case, viewer: Viewer) -> bool:
    """Whether some of the choice was made while another account led the case."""
    found = select(Entry.id).where(Entry.case_id == case.id, Entry.kind == "tables.chosen")
    return session.scalar(found.where(Entry.account_id != viewer.account_id).limit(1)) is not None


def _there(wish: Wish, shown: Shown | None) -> Wish:
    tables = {table.name.casefold(): table for table in shown.tables} if shown else {}
    columns = {(table.name, column.name) for table in tables.values() for column in table.columns}
    kept = (
        each
        for each in wish.choices
        if ((each.table, each.column) in columns if each.column else each.table.casefold() in tables)
    )
    return Wish(tuple(kept), wish.handling)


def _rows(wish: Wish, shown: Shown | None, needs: str) -> tuple[TableRow, ...]:
    """Those in the source, then those that were chosen and are not in it."""
    tables = shown.tables if shown else ()
    words = {each.rstrip("s") for each in re.findall(r"[a-z]+", needs.lower())}
    there = [_row(wish, each, words) for each in tables]
    used = {id(choice_for(wish, each.place)) for each in tables}
    rest = [
        TableRow(each.schema, each.table, each.enabled, None, "", *_marked(wish, (each.schema, each.table)))
        for each in wish.choices
        if not each.column and each.enabled and id(each) not in used
    ]
    return tuple(sorted(there, key=lambda row: (row.schema, row.name.casefold()))) + tuple(rest)


def _row(wish: Wish, table: Table, words: set[str]) -> TableRow:
    choice = choice_for(wish, table.place)
    decided = column_choices(wish, table.place)
    already = {each.name for each in table.columns if each.hashed and each.name not in decided}
    hashed, left_out = _marked(wish, table.place)
    named = {each.rstrip("s") for each in re.findall(r"[a-z]+", table.name.lower())}
    return TableRow(
        table.schema,
        table.name,
        choice.enabled if choice else None,
        table.is_synced,
        table.locked,
        tuple(sorted({*hashed, *already})),
        left_out,
        len(table.columns),
        bool(named & words) and choice is None,
    )


def _marked(wish: Wish, place: tuple[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns to be hashed, and those to be left out."""
    marks = column_choices(wish, place).values()
    hashed = sorted(each.column for each in marks if each.hashed and each.enabled)
    return tuple(hashed), tuple(sorted(each.column for each in marks if not each.enabled))


def _needs(session: Session, case: Case) -> tuple[tuple[str, str], ...]:
    """What the requesters of the case said they need, each with the number of the request."""
    root = cases.root_of(session, case)
    return tuple((each.number, each.data_needed) for each in requests.of_tree(session, root.id, live_only=True))


def _condition(session: Session, row: Connection | None) -> Condition | None:
    rows = connections.conditions(session, row.id) if row else []
    return next((each for each in rows if each.kind == "tables"), None)

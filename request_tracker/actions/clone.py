"""The same setup for another case: service, schedule and tables are copied; nothing that tells whose they were."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import intents, record, table_choices, tables, timetable
from request_tracker.actions.rooted import must_be_root
from request_tracker.actions.table_choices import Chosen
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.sync_schedule import Schedule
from request_tracker.rules.tables_wanted import Choice
from request_tracker.store import cases, connections, schema_choices
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.people import Account
from request_tracker.store.timeline import Entry

_WORD = re.compile(r"[^\W_]{3,}")
_COMMON = frozenset({"inc", "ltd", "llc", "the", "and", "corp", "gmbh", "group", "company", "bank", "data"})


@dataclass(frozen=True)
class Setup:
    """What is copied from a connection. `left_out`: tables whose names may tell whose they are."""

    row_id: int
    service: str
    schedule: Schedule
    handling: str
    choices: tuple[Choice, ...]
    left_out: int


def clone(session: Session, source: Case, target: Case, act: Act, *, replace: bool = False) -> Entry:
    """Give the target's starter connector the setup of the source's. Never credentials, configuration, group or name.

    `replace`: what was chosen for the target before is forgotten. Raises NotAllowed, Refused, Unfit.
    """
    tables.must_choose(act)
    must_be_root(target)
    cases.locked(session, source.id, target.id)
    setup = setup_of(session, source, target)
    row = _row(session, target, act)
    if setup.choices and not replace and schema_choices.is_decided(session, target.id):
        raise Unfit("replace", "Tables were chosen for this case already: tick that they are replaced, or leave it")
    if not row.sends and row.connection_id is None:
        row.service = setup.service
    row.cloned_from_id = setup.row_id
    if setup.choices or setup.handling != row.change_handling:
        table_choices.choose(session, target, Chosen(setup.choices, setup.handling, replaces=bool(setup.choices)), act)
    wanted = setup.schedule
    timetable.choose(session, target, wanted.frequency, wanted.type, wanted.daily_at, act)
    data = {"tables": sum(not each.column for each in setup.choices), "left_out": setup.left_out}
    return record.entry(session, target, act, "starter.cloned", data=data, audience="staff")


def setup_of(session: Session, source: Case, target: Case | None, account_id: int | None = None) -> Setup:
    """What would be copied. Tables go along for the same service only. Raises Unfit where there is nothing to copy."""
    row = connections.live(session, source.id)
    if row is None:
        raise Unfit("target", "This case has no starter connector whose setup could be used")
    account_id = target.account_id if target is not None else account_id
    is_same = target is None or intents.service_of(source) == intents.service_of(target)
    every = schema_choices.choices_of(session, source.id) if is_same else ()
    kept = every if account_id == row.account_id else _nameless(every, session.get_one(Account, row.account_id).name)
    if not any(each.enabled for each in kept if not each.column):
        kept = ()
    schedule = timetable.schedule_of(row)
    return Setup(row.id, row.service, schedule, row.change_handling, kept, _tables(every) - _tables(kept))


def targets(session: Session, source: Case) -> list[Case]:
    """Live cases of other accounts whose starter connector may have the same setup; the same service first."""
    found = (
        select(Case)
        .where(Case.outcome.is_(None), Case.merged_into_id.is_(None), Case.primary_request_id.is_not(None))
        .where(Case.account_id != source.account_id, Case.phase.in_(("consultation", "development", "private_preview")))
        .order_by(Case.id)
    )
    service = intents.service_of(source)
    return sorted(session.scalars(found), key=lambda each: (intents.service_of(each) != service, each.id))


def _row(session: Session, target: Case, act: Act) -> Connection:
    row = connections.live(session, target.id)
    if row is None and intents.is_wanted(target):
        row = intents.intend(session, target, act)
    if row is None:
        raise Unfit("target", "This case has no starter connector, and none is to be made")
    return row


def _nameless(choices: Collection[Choice], account: str) -> tuple[Choice, ...]:
    """Without the tables and columns whose names hold a word of the account's name: they may be made for it alone."""
    words = set(_WORD.findall(account.casefold())) - _COMMON
    places = ("schema", "table", "column")
    return tuple(
        each for each in choices if not any(word in getattr(each, part).casefold() for word in words for part in places)
    )


def _tables(choices: Collection[Choice]) -> int:
    return sum(not each.column for each in choices)

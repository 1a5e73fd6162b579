"""One connection of a configuration file: made exactly once, its fields set right, its tables as chosen.

As with starter connectors: look, write down that a request goes out, send it, record what came of it.
"""

import secrets
from typing import Any

from request_tracker.actions import wished as rows
from request_tracker.fivetran.client import (
    Connection,
    Fivetran,
    FivetranError,
    Refused,
)
from request_tracker.rules import sending
from request_tracker.rules.sending import Decision, Found, Sent, Step, Thing
from request_tracker.rules.starter import Place
from request_tracker.rules.tables_wanted import compare
from request_tracker.rules.wishes import Wish, differences
from request_tracker.store import groups
from request_tracker.store.provision_runs import ProvisionItem
from request_tracker.work import making, tables
from request_tracker.work.context import Context, Later
from request_tracker.work.seeing import seen_of

NO_ACCESS = "its tables wait until access is granted: run the file again then"
AGAIN = 5.0


class Collision(Exception):
    """The name is somebody else's: only who wrote the file can say what is meant."""


def make(context: Context, api: Fivetran, item_id: int) -> tuple[str, str]:
    """Make the item's connection, or take the one that is there. Answers its id and a sentence about it.

    Raises FivetranError, Later, Collision. Twice, or by two processes: the row says which request went out last.
    """
    item = _placed(context, api, item_id)
    wish = rows.wish_of(item)
    decision, reply = _looked(context, api, item)
    if decision.step is Step.SEND:
        reply = _send(context, api, item, wish)
        told = "made"
    else:
        told = "was there already"
    assert reply is not None
    with context.database.transaction() as session:
        rows.record(session, item_id, "running", "", context.act(), reply.id)
    return reply.id, "; ".join(filter(None, (told, _changed(api, wish, reply), bring_tables(api, wish, reply))))


def fields_of(reply: Connection) -> dict[str, Any]:
    """The fields that a file may set, as they are."""
    return {
        "paused": reply.paused,
        "sync_frequency": reply.sync_frequency,
        "schedule_type": reply.schedule_type,
        "daily_sync_time": reply.daily_sync_time,
    }


def bring_tables(api: Fivetran, wish: Wish, reply: Connection, *, may_write: bool = True) -> str:
    """Bring the chosen tables to Fivetran once the source can be read. Answers what there is to say about it."""
    if not wish.says_tables:
        return ""
    if not reply.is_connected:
        return NO_ACCESS
    if not may_write and api.schemas(reply.id) is None:
        return "its tables would be read and chosen"
    plan = compare(wish.of_tables, tables.read_shown(api, reply.id, wish.of_tables))
    if plan.body and not may_write:
        return "its tables would be changed"
    if plan.body:
        api.set_schemas(reply.id, plan.body)
        plan = compare(wish.of_tables, tables.read_shown(api, reply.id, wish.of_tables))
    return (
        "; ".join((*plan.refused, *(f"{each} is not in the source" for each in plan.gone))) or "its tables are chosen"
    )


def _changed(api: Fivetran, wish: Wish, reply: Connection) -> str:
    changes = differences(wish, fields_of(reply))
    if changes:
        api.update_connection(reply.id, **changes)
    return f"changed {', '.join(sorted(changes))}" if changes else ""


def _looked(
    context: Context, api: Fivetran, item: ProvisionItem, *, may_send: bool = True
) -> tuple[Decision, Connection | None]:
    """What stands there, decided upon. Raises Later where a request may be on its way, Collision."""
    wish = rows.wish_of(item)
    assert item.group_id is not None
    there = making.named(api, item.group_id, wish.schema)
    with context.database.transaction() as session:
        found = [seen_of(each) for each in there]
        decision = rows.consider(session, item.id, item.sent, found, context.act(), may_send=may_send)
    if decision is None:
        raise Later("Somebody else is at it", seconds=AGAIN)
    if decision.step is Step.WAIT:
        raise Later("A request may still be on its way", seconds=decision.seconds)
    if decision.step is Step.RENAME:
        raise Collision(rows.COLLISION)
    taken = decision.thing.id if decision.thing else None
    return decision, next((each for each in there if each.id == taken), None)


def _send(context: Context, api: Fivetran, before: ProvisionItem, wish: Wish) -> Connection:
    assert before.group_id is not None
    with context.database.reading() as session:
        sent = session.get_one(ProvisionItem, before.id).sent
    schedule = wish.schedule
    try:
        return api.create_connection(
            group_id=before.group_id,
            service=wish.service,
            schema=wish.schema,
            paused=wish.paused is not False,
            sync_frequency=schedule.frequency,
            schedule_type=schedule.type,
            daily_sync_time=schedule.daily_at,
            config=wish.config,
            destination_schema_names=wish.destination_schema_names or "FIVETRAN_NAMING",
        )
    except FivetranError as fault:
        return _look_after(context, api, before, sent, fault)


def _look_after(context: Context, api: Fivetran, before: ProvisionItem, sent: Sent, fault: FivetranError) -> Connection:
    """No good answer: what the request may have left behind is looked for at once; it is never sent again here."""
    if not fault.in_flight:
        with context.database.transaction() as session:
            rows.decided(session, before.id, sent, never_sent=before.sent if fault.never_taken else None)
    if fault.never_taken:
        raise fault
    with context.database.reading() as session:
        item = session.get_one(ProvisionItem, before.id)
    _, reply = _looked(context, api, item, may_send=False)
    if reply is None:
        raise fault
    return reply


def _placed(context: Context, api: Fivetran, item_id: int) -> ProvisionItem:
    """The item with its group, which is made where the file may have it made."""
    with context.database.reading() as session:
        item = session.get_one(ProvisionItem, item_id)
    if item.group_id is not None:
        return item
    name = rows.wish_of(item).group
    group_id = _group(context, api, Place(f"named:{name}", name, item.wish.get("account_id")))
    with context.database.transaction() as session:
        item = session.get_one(ProvisionItem, item_id, with_for_update=True)
        item.group_id = group_id
        session.flush()
    return item


def _group(context: Context, api: Fivetran, place: Place) -> str:
    """The group of the file: the one made for it, found by its name, or made now. Once, whoever asks."""
    now, worker = context.now(), secrets.token_hex(8)
    with context.database.transaction() as session:
        row = groups.intent(session, place, now)
        intent_id, made, sent = row.id, row.group_id, row.sent
    if made is not None:
        return made
    named = [each for each in api.groups() if each.name == place.name]
    with context.database.transaction() as session:
        taken = groups.belonging_elsewhere(session, place, [each.id for each in named])
        how, thing = sending.choose(sent, [Thing(e.id, "", e.created_at, True, e.id in taken) for e in named])
        if thing is not None:
            return groups.made(session, intent_id, thing.id)
        if how is not Found.NONE:
            raise Collision(f"The group “{place.name}” serves somebody else, or there are several of this name")
        if sent.is_in_flight(now):
            raise Later("The group may be on its way", seconds=sending.pause(sent, now))
        until = now + context.settings.program.settle_for
        if not groups.mark(session, intent_id, sent, worker, now, until):
            raise Later("The group is being made", seconds=AGAIN)
    try:
        group = api.create_group(place.name)
    except FivetranError as fault:
        if not fault.in_flight:
            with context.database.transaction() as session:
                groups.decided(session, intent_id, worker)
        if isinstance(fault, Refused) and fault.status == 409:
            raise Later(fault.sentence, seconds=AGAIN) from fault
        raise
    with context.database.transaction() as session:
        return groups.made(session, intent_id, group.id)

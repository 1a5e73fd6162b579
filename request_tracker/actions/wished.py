"""The run of a configuration file: its items, and the way each connection of it is made exactly once."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import intents
from request_tracker.actions.config_check import Resolved
from request_tracker.actions.readings import Seen
from request_tracker.rules import sending
from request_tracker.rules.people import Act
from request_tracker.rules.sending import Decision, Sent, Step, Thing, Whose
from request_tracker.rules.wishes import Wish
from request_tracker.store import provision_runs
from request_tracker.store.connections import Connection
from request_tracker.store.provision_runs import ProvisionItem, ProvisionRun

COLLISION = "There is a connection of this name in the group that we did not make: use another schema, or remove it"


def begin(session: Session, resolved: Collection[Resolved], digest: str, title: str, act: Act) -> ProvisionRun:
    """The run of the file: the one that is not over goes on, what failed in it is tried again; otherwise a new one."""
    provision_runs.one_sender(session)
    run = provision_runs.of_file(session, digest)
    if run is None:
        run = ProvisionRun(title=title[:200], origin="file", digest=digest, by_id=act.who.id, created_at=act.now)
        session.add(run)
    run.state, run.changed_at = "running", act.now
    session.flush()
    there = {each.name: each for each in provision_runs.items(session, run.id)}
    for each in resolved:
        item = there.get(each.wish.name)
        if item is None:
            session.add(_item(run.id, each, act))
        elif item.state != "done":
            item.wish = {**each.wish.to_json(), "since": item.wish["since"], "account_id": each.account_id}
            item.group_id = item.group_id or each.group_id
            _set(item, "waiting", "", act.now)
    session.flush()
    return run


def end(session: Session, run_id: int, act: Act, *, is_stopped: bool = False) -> ProvisionRun:
    """Everything was tried, or somebody stopped it. What failed keeps the run open, so that the file goes on there."""
    run = session.get_one(ProvisionRun, run_id, with_for_update=True)
    is_over = not provision_runs.counted(session, run_id, *provision_runs.OPEN, "failed")
    run.state = "done" if is_over else "stopped"
    run.finished_at = act.now if is_over else None
    run.changed_at = act.now
    for item in provision_runs.items(session, run_id, "running"):
        _set(item, "waiting", "Stopped" if is_stopped else item.sentence, act.now)
    return run


def wish_of(item: ProvisionItem) -> Wish:
    return Wish.of({name: value for name, value in item.wish.items() if name not in ("since", "account_id")})


def consider(
    session: Session, item_id: int, seen: Sent, found: Collection[Seen], act: Act, *, may_send: bool = True
) -> Decision | None:
    """Decide after a look, and write it down: a request about to go out, or a connection taken.

    None where somebody else works on the same item. What another item asked for under this name counts as ours.
    """
    provision_runs.one_sender(session)
    item = session.get_one(ProvisionItem, item_id, with_for_update=True, populate_existing=True)
    if item.sent != seen or item.group_id is None:
        return None
    wish = wish_of(item)
    asked = provision_runs.of_place(session, item.group_id, wish.schema)
    decision = decide(session, wish, item.sent, asked, found, act.now)
    if decision.step is Step.SEND and may_send:
        keep(item, item.sent.again(act.now, act.program.settle_for))
        _set(item, "running", "", act.now)
    elif decision.step is Step.TAKE and decision.thing is not None:
        item.connection_id, item.in_flight_until = decision.thing.id, None
    elif decision.step is Step.WAIT:
        _set(item, "unknown", "A request may still be on its way", act.now)
    session.flush()
    return decision


def decide(
    session: Session, wish: Wish, sent: Sent, asked: Collection[ProvisionItem], found: Collection[Seen], now: datetime
) -> Decision:
    """What to do, without writing anything: also what a dry run tells. `asked`: the items that asked for this name."""
    claimed = _claimed(session, [each.connection_id for each in found])
    known = {each.connection_id for each in asked} - {None}
    things = [
        Thing(each.connection_id, each.service, each.created_at, intents.is_blank(each), each.connection_id in claimed)
        for each in found
    ]
    ours = [
        thing
        for thing in things
        if any(sending.whose(thing, each.sent, wish.service) is Whose.OURS for each in asked)
        or (thing.id in known and thing.service == wish.service and not thing.is_claimed)
    ]
    if ours:
        return Decision(Step.TAKE, min(ours, key=lambda each: (each.is_blank, str(each.created_at), each.id)))
    waiting = [each.sent for each in asked if each.sent.is_in_flight(now)]
    if waiting:
        return Decision(Step.WAIT, seconds=sending.pause(waiting[0], now))
    return sending.decide(sent, things, wish.service, now)


def decided(session: Session, item_id: int, seen: Sent, *, never_sent: Sent | None = None) -> Sent:
    """The request was answered, whatever the answer was; `never_sent`: it did not go out at all."""
    item = session.get_one(ProvisionItem, item_id, with_for_update=True)
    if item.sent == seen:
        keep(item, (never_sent or seen).decided())
        session.flush()
    return item.sent


def keep(item: ProvisionItem, sent: Sent) -> None:
    item.sends, item.sent_at, item.in_flight_until = sent.sends, sent.sent_at, sent.in_flight_until


def record(
    session: Session, item_id: int, state: str, sentence: str, act: Act, connection_id: str | None = None
) -> None:
    """How it stands with the item."""
    item = session.get_one(ProvisionItem, item_id, with_for_update=True)
    if connection_id is not None:
        item.connection_id, item.in_flight_until = connection_id, None
    _set(item, state, sentence, act.now)


def _claimed(session: Session, ids: Collection[str]) -> set[str]:
    """Those of the connections that belong to cases."""
    rows = select(Connection.connection_id).where(Connection.connection_id.in_(ids))
    return {each for each in session.scalars(rows) if each}


def _item(run_id: int, each: Resolved, act: Act) -> ProvisionItem:
    wish = {**each.wish.to_json(), "since": act.now.isoformat(), "account_id": each.account_id}
    group = None if each.case_id is not None else each.group_id
    item = ProvisionItem(run_id=run_id, name=each.wish.name, case_id=each.case_id, wish=wish, group_id=group)
    _set(item, "waiting", "", act.now)
    return item


def _set(item: ProvisionItem, state: str, sentence: str, now: datetime) -> None:
    item.state, item.sentence, item.changed_at = state, sentence, now

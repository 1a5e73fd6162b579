"""The Fivetran group of a starter connector: the one an admin bound, or one made on demand, once for each purpose."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import conditions, intents, record
from request_tracker.actions.intents import Plan
from request_tracker.rules import sending
from request_tracker.rules.people import Act
from request_tracker.rules.sending import Found, Sent, Thing
from request_tracker.store import groups, jobs, people
from request_tracker.store.connections import Condition, Connection

NO_GROUP = "An admin has to bind a Fivetran group to the customer account first"
NO_DESTINATION = "The group has no working destination yet: data cannot land until somebody sets one up in Fivetran"


@dataclass(frozen=True)
class There:
    """A group as Fivetran lists it."""

    id: str
    name: str
    created_at: datetime | None


@dataclass(frozen=True)
class Going:
    """The intent for a group as it stood when it was read."""

    intent_id: int
    name: str
    group_id: str | None
    sent: Sent


@dataclass(frozen=True)
class Choice:
    """`group_id`: use it. `may_send`: make it now. Neither: wait so many seconds, and look again."""

    group_id: str | None = None
    may_send: bool = False
    seconds: float = 0.0


def intended(session: Session, a_plan: Plan, act: Act) -> Going:
    """Write the intent for the plan's place, or find it written."""
    row = groups.intent(session, a_plan.place, act.now)
    return Going(row.id, row.name, row.group_id, row.sent)


def consider(
    session: Session, a_plan: Plan, going: Going, found: Collection[There], worker: str, act: Act
) -> Choice | None:
    """What to do after a look for the group's name. None: there are several, and only a person can say which."""
    named = [each for each in found if each.name == going.name]
    elsewhere = groups.belonging_elsewhere(session, a_plan.place, [each.id for each in named])
    things = [Thing(each.id, "", each.created_at, True, each.id in elsewhere) for each in named]
    how, thing = sending.choose(going.sent, things)
    if thing is not None:
        return Choice(groups.made(session, going.intent_id, thing.id))
    if how is Found.SEVERAL:
        _ask(session, a_plan, "several", f"There are several groups named “{going.name}”: {_ids(named)}", act)
        return None
    if how is Found.TAKEN:
        _ask(session, a_plan, "taken", f"The group “{going.name}” ({_ids(named)}) serves somebody else", act)
        return None
    if going.sent.is_in_flight(act.now):
        return Choice(seconds=sending.pause(going.sent, act.now))
    until = act.now + act.program.settle_for
    return Choice(may_send=groups.mark(session, going.intent_id, going.sent, worker, act.now, until), seconds=1)


def use(session: Session, a_plan: Plan, group_id: str, act: Act) -> str:
    """The group the plan's connector goes to: an admin may have bound one just now, which always wins."""
    row = session.get_one(Connection, a_plan.row_id)
    conditions.clear(session, row, "group", act, message="The group is there")
    return people.bound_group(session, a_plan.account_id) or group_id


def needs_group(session: Session, a_plan: Plan, act: Act, *, reason: str = "no_group", message: str = NO_GROUP) -> None:
    """No group can be used: say so on the case, and tell the admins once."""
    case, row = intents.locked(session, a_plan.row_id)
    if conditions.say(session, row, "group", act, ok=False, reason=reason, message=message):
        entry = record.entry(session, case, act, "starter.no_group", audience="staff")
        record.notify(session, "bind_group", case, act, entry)


def destination(session: Session, row: Connection, act: Act, *, is_ready: bool) -> None:
    """Say whether the data of the connection can land."""
    if is_ready:
        conditions.say(session, row, "destination", act, ok=True, reason="ready", message="The group has a destination")
    else:
        conditions.say(session, row, "destination", act, ok=False, reason="missing", message=NO_DESTINATION)


def look_due(session: Session, act: Act) -> None:
    """Now and then, while some connection has no destination, look whether somebody set one up. Once an hour."""
    missing = (
        select(Condition.id)
        .join(Connection, Connection.id == Condition.connection_row_id)
        .where(Condition.kind == "destination", Condition.ok.is_(False), Connection.deleted_at.is_(None))
        .limit(1)
    )
    if session.scalar(missing) is not None:
        key = f"look_groups:{act.now:%Y-%m-%dT%H}"
        jobs.put(session, "look_groups", {}, now=act.now, unique_key=key)


def _ask(session: Session, a_plan: Plan, reason: str, sentence: str, act: Act) -> None:
    needs_group(session, a_plan, act, reason=reason, message=f"{sentence}. An admin has to say which one is used")


def _ids(found: Collection[There]) -> str:
    return ", ".join(sorted(each.id for each in found))

"""An admin decides which groups starter connectors go to, and settles what only a person can say."""

from sqlalchemy.orm import Session

from request_tracker.actions import auditing, enrol, in_force
from request_tracker.actions.calendars import reason_given
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.starter import GroupPolicy, Layout, Way
from request_tracker.rules.terms import Role
from request_tracker.store import groups, jobs, policies
from request_tracker.store.groups import GroupIntent
from request_tracker.store.policies import GROUPS, Policy


def read(way: str, layout: str, *, on_demand: bool) -> GroupPolicy:
    """The policy as it was chosen. Raises Unfit."""
    if way not in list(Way):
        raise Unfit("way", "Choose how connectors are spread over groups")
    if layout not in list(Layout):
        raise Unfit("layout", "Choose how schemas are named")
    return GroupPolicy(Way(way), Layout(layout), on_demand)


def decide(session: Session, policy: GroupPolicy, reason: str, act: Act, *, seen: int) -> Policy:
    """Put the policy in force for connectors that are planned from now on.

    `seen`: the id of the policy the person looked at, 0 for none. A double click decides once. Raises NotAllowed,
    Unfit, Overtaken.
    """
    _must_be_admin(act)
    value = {**policy.to_json(), "reason": reason_given(reason)}
    if (same := in_force.already(session, GROUPS, value, seen=seen)) is not None:
        return same
    if policies.group_policy(session, act.program) == policy:
        raise Unfit("way", "This is in force already: nothing needs to change")
    row = in_force.put(session, GROUPS, value, act)
    auditing.note(session, act, "policy.groups", str(policy.way), policy=row.id, **value)
    _wake_all(session, act)
    return row


def settle(session: Session, intent_id: int, group_id: str, act: Act) -> GroupIntent:
    """Say which group serves a place that waits for one. Raises NotAllowed, Unfit."""
    _must_be_admin(act)
    group = enrol.group_typed(group_id)
    row = session.get(GroupIntent, intent_id, with_for_update=True)
    if row is None:
        raise Unfit("group_id", "Choose a purpose from the list")
    place = groups.place_of(row)
    if groups.belonging_elsewhere(session, place, [group]):
        raise Unfit("group_id", "This group serves somebody else: choose another one")
    if groups.made(session, row.id, group) != group:
        raise Unfit("group_id", f"This purpose has a group already: {row.group_id}")
    auditing.note(session, act, "group.settled", f"purpose {row.id}", group=group)
    _wake_all(session, act)
    return row


def look(session: Session, act: Act) -> None:
    """Have the worker look now which groups have a destination."""
    _must_be_admin(act)
    jobs.put(session, "look_groups", {}, now=act.now, unique_key=f"look_groups:{act.now.isoformat(timespec='seconds')}")


def _wake_all(session: Session, act: Act) -> None:
    """Starter connectors that waited for a group are tried again."""
    for row in groups.waiting(session):
        key = f"provision:groups:{row.id}:{act.now.isoformat()}"
        jobs.put(session, "provision", {"case_id": row.case_id}, now=act.now, unique_key=key)


def _must_be_admin(act: Act) -> None:
    if act.who.role is not Role.ADMIN:
        raise NotAllowed("Only an admin may decide about Fivetran groups")

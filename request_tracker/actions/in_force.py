"""Putting a policy in force: once for a double click, and never over what somebody else decided meanwhile."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from request_tracker.actions.knowledge import Overtaken
from request_tracker.rules.people import Act
from request_tracker.store import calendars, policies
from request_tracker.store.policies import Policy


def already(session: Session, name: str, value: Mapping[str, Any], *, seen: int) -> Policy | None:
    """The policy in force where it says just this; None where it may be replaced. Nobody else decides until the end.

    `seen`: the id of the policy the person looked at, 0 for none. Raises Overtaken.
    """
    calendars.one_decider(session)
    standing = policies.in_force(session, name)
    if standing is not None and standing.value == value:
        return standing
    if (standing.id if standing else 0) != seen:
        raise Overtaken("Somebody decided about this after you opened it: look at it as it is now")
    return None


def put(session: Session, name: str, value: Mapping[str, Any], act: Act) -> Policy:
    row = Policy(name=name, value=dict(value), by_id=act.who.id or 0, at=act.now)
    session.add(row)
    session.flush()
    return row

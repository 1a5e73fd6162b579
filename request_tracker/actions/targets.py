"""A lead or an admin says how many working days each promise is given: an immutable policy, for new clocks only."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from request_tracker.actions import auditing, in_force
from request_tracker.actions.calendars import must_decide, reason_given
from request_tracker.actions.unfit import Unfit
from request_tracker.rules import targets
from request_tracker.rules.calendar_typed import Faulty
from request_tracker.rules.people import Act
from request_tracker.store import policies
from request_tracker.store.policies import TARGETS, Policy


def decide(session: Session, preset: str, typed: Mapping[str, str], reason: str, act: Act, *, seen: int) -> Policy:
    """Put the numbers of a preset, or those typed (by key of Program.target_days), in force for new clocks.

    `seen`: the id of the policy the person looked at, 0 for none. What is in force already is left as it is, so that a
    double click decides once. Raises NotAllowed, Faulty (one fault a field), Unfit, Overtaken.
    """
    must_decide(act)
    days = numbers(preset, typed)
    value = {"preset": targets.preset_of(days), "days": days, "reason": reason_given(reason)}
    if (same := in_force.already(session, TARGETS, value, seen=seen)) is not None:
        return same
    if dict(policies.target_days(session, act.program)) == days:
        raise Unfit("preset", "These are the numbers in force: nothing needs to change")
    row = in_force.put(session, TARGETS, value, act)
    auditing.note(session, act, "policy.targets", str(value["preset"]), policy=row.id, **value)
    return row


def numbers(preset: str, typed: Mapping[str, str]) -> dict[str, float]:
    """Working days by target: the preset's, or the ones typed. Raises Unfit, Faulty."""
    if preset in targets.BY_KEY:
        return dict(targets.BY_KEY[preset].days)
    if preset != targets.OWN:
        raise Unfit("preset", "Choose one of the sets of numbers")
    days: dict[str, float] = {}
    faults: list[tuple[str, str]] = []
    for each in targets.TARGETS:
        try:
            days[each.key] = targets.read_days(typed.get(each.key, ""))
        except ValueError as fault:
            faults.append((each.key, f"{each.label}: {fault}"))
    if faults:
        raise Faulty(faults)
    return days

"""What happens to synthetic cases, and how often: chances and durations like those of a program of some size."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from request_tracker.rules.evidence import MINUTES
from request_tracker.rules.people import Viewer
from request_tracker.rules.terms import Criterion, HoldReason, Outcome, Phase
from request_tracker.store import bulk_names
from request_tracker.store.bulk_findings import (
    Present,
    assess,
    grant,
    intend,
    make_starter,
    owner,
    pause,
    record,
    remove_starter,
    specialist,
    sync,
)  # fmt: skip
from request_tracker.store.bulk_journey import END, WAIT, Journey
from request_tracker.store.bulk_sealed import state_of

DECLINE = {
    "explanation": "The documentation does not show how records are listed and changed records found.",
    "alternatives": ["Connector SDK", "a function connector"],
}
ANSWERED = (None, Outcome.RELEASED, Outcome.NOT_A_CANDIDATE)


def lives(journey: Journey, *, popular: bool) -> None:
    """Walk the case to its end or to the present. A popular one is never withdrawn: others want it too."""
    with suppress(Present):
        if journey.case["assignee_id"] is None:
            _begin(journey, popular)
        else:
            _judge(journey, popular)


def joins(journey: Journey, asker: Viewer) -> None:
    """Somebody else asks for the same while the case is live."""
    at = some_time(journey, within=60)
    if journey.standing_at(at)[1] is None:
        row = journey.ask(bulk_names.variant(journey.service, journey.world.chance), asker, at, "joined")
        data = {"request": row["id"]}
        journey.tell("join", asker.id, data, audience="account", account_id=asker.account_id, at=at)


def merges(root: Journey, child: Journey, by: Viewer) -> bool:
    """A case in review is merged into a root that answers it; False where it does not, or not yet."""
    with suppress(Present):
        pause(child, 0.3, 2)
        if child.world.chance.random() < 0.5:
            child.move("claim", by)
            pause(child, 0.1, 3)
        if root.standing_at(child.at)[1] in ANSWERED:
            _link(root, child, by)
            return True
    return False


def some_time(journey: Journey, *, within: float) -> datetime:
    """An instant of the case's first days, as many as there have been."""
    opened_at: datetime = journey.case["opened_at"]
    passed = min(journey.world.now - opened_at, timedelta(days=within))
    return opened_at + passed * journey.world.chance.uniform(0.02, 0.98)


def _begin(journey: Journey, popular: bool) -> None:
    chance = journey.world.chance
    pause(journey, 0.05, 1.6)
    fate = chance.random()
    if fate < 0.05:
        journey.move("discard", specialist(journey), reason="This asks for nothing we could build.")
    elif fate < 0.08 and not popular:
        _withdraw(journey)
    else:
        journey.move("claim", specialist(journey))
        _wait(journey, 0.18, (HoldReason.REQUESTER_INFO, HoldReason.REQUESTER_INFO, HoldReason.SOURCE_VENDOR))
        _judge(journey, popular)


def _judge(journey: Journey, popular: bool) -> None:
    pause(journey, 0.3, 6.5)
    assess(journey)
    fate = journey.world.chance.random()
    if fate < 0.56:
        journey.move("accept", specialist(journey), reason="A good candidate with a documented API.")
        _consult(journey, popular)
    elif fate < 0.62 and not popular:
        _withdraw(journey)
    elif fate < 0.64:
        journey.move("close", journey.world.lead, reason="The program takes no sources of this kind this year.")
    else:
        _decline(journey)


def _decline(journey: Journey) -> None:
    chance = journey.world.chance
    journey.move("decline", journey.world.lead, criterion=str(chance.choice(list(Criterion))), **DECLINE)
    if chance.random() < 0.04:
        pause(journey, 3, 20)
        journey.move("appeal", specialist(journey), new_information="The vendor has published a new API.")
        _judge_again(journey)


def _judge_again(journey: Journey) -> None:
    pause(journey, 0.3, 6)
    journey.move("decline", journey.world.lead, criterion=str(Criterion.INCREMENTAL), **DECLINE)


def _consult(journey: Journey, popular: bool) -> None:
    chance = journey.world.chance
    intend(journey)
    pause(journey, 0.02, 0.6)
    make_starter(journey)
    pause(journey, 0.1, 1.2)
    words = {"times": "Tuesday or Thursday at 15:00"}
    entry = journey.tell("slots", specialist(journey).id, words=words, audience="account")
    journey.run_tree(END, entry, ("consult_offer",))
    _wait(journey, 0.2, (HoldReason.REQUESTER_RESCHEDULE, HoldReason.REQUESTER_ACCESS))
    if chance.random() < 0.06 and not popular:
        return _withdraw(journey)
    pause(journey, 1, 8)
    grant(journey)
    pause(journey, 0.1, 3)
    record(journey, specialist(journey), *MINUTES, "minutes_confirmed")
    if chance.random() < 0.04:
        return _decline_late(journey)
    pause(journey, 0.1, 2)
    journey.move("start_build", specialist(journey))
    return _build(journey, mean=17)


def _build(journey: Journey, *, mean: float) -> None:
    chance = journey.world.chance
    _wait(journey, 0.15, (HoldReason.SOURCE_VENDOR, HoldReason.FIVETRAN_OUTAGE, HoldReason.PROGRAM_HOLD))
    pause(journey, 3, mean)
    if chance.random() < 0.03:
        return _decline_late(journey)
    record(journey, chance.choice(journey.world.engineers), "built", "tested", "documented")
    journey.move("open_preview", chance.choice(journey.world.engineers))
    sync(journey)
    return _preview(journey)


def _preview(journey: Journey) -> None:
    chance = journey.world.chance
    pause(journey, 2, 12)
    if chance.random() < 0.15:
        journey.move("rework", specialist(journey), gaps=["Deleted records are not told apart."])
        return _build(journey, mean=8)
    record(journey, specialist(journey), "completeness_reviewed", "requester_verified", "catalogue_checked")
    journey.move("release", journey.world.lead)
    return None


def _withdraw(journey: Journey) -> None:
    journey.move("withdraw", journey.asker)
    journey.request["withdrawn_at"] = journey.at
    remove_starter(journey)


def _decline_late(journey: Journey) -> None:
    words = {**DECLINE, "findings": "Each customer has a schema of their own."}
    journey.move("decline_late", journey.world.lead, criterion=str(Criterion.CUSTOM_DATA), **words)
    remove_starter(journey)


def _wait(journey: Journey, probability: float, reasons: Iterable[HoldReason]) -> None:
    """With some probability the case waits on somebody; the time until then and the wait itself both pass."""
    chance = journey.world.chance
    if chance.random() >= probability:
        return
    pause(journey, 0.1, 1)
    _hold(journey, chance.choice(list(reasons)))
    pause(journey, 0.5, 9)
    hold = journey.hold
    assert hold is not None, "it was put on a moment ago"
    if HoldReason(hold["reason"]).on_requester and chance.random() < 0.8:
        kind, told, actor = "answered", {"hold": hold["id"]}, journey.asker
    else:
        kind, told, actor = "lifted", {"hold": hold["id"], "reason": hold["reason"]}, specialist(journey)
    entry = journey.tell("hold.answered" if kind == "answered" else "hold.off", actor.id, told, audience="account")
    journey.end_hold(kind, actor, entry)


def _hold(journey: Journey, reason: HoldReason) -> None:
    by = journey.world.lead if reason is HoldReason.PROGRAM_HOLD else specialist(journey)
    question = "Which of the two APIs do you use?" if reason.on_requester else ""
    words = {"question": question} if question else None
    entry = journey.tell("hold.on", by.id, {"reason": str(reason)}, words=words, audience="account")
    journey.hold = {
        "id": journey.world.ids.next("hold"), **owner(journey), "reason": str(reason), "question": question,
        "asked_by_id": by.id, "since": journey.at, "expected_until": None, "answer": None, "ended_at": None,
        "ended_by_id": None, "end_kind": None, "event_id": entry,
    }  # fmt: skip
    journey.rows["hold"].append(journey.hold)
    journey.case["held"] = str(reason)
    journey.run(WAIT, entry, reason=str(reason))


def _link(root: Journey, child: Journey, by: Viewer) -> None:
    """What actions.merge writes; the root's later verdicts then reach the child's clocks."""
    before, standing = child.snapshot(), root.standing_at(child.at)
    due = state_of(child, child.timers[0], child.at)
    child.case.update(queue_at=due.due_at, at_risk_at=due.at_risk_at, merged_into_id=root.id, root_id=root.id)
    child.place(child.history[-1][1], Outcome.MERGED)
    entry = child.tell("merge", by.id, {"before": before, "into": root.id})
    child.rows["merge"].append(
        {
            "child_id": child.id,
            "into_id": root.id,
            "account_id": child.case["account_id"],
            "snapshot": dict(before),
            "merged_by_id": by.id,
            "merged_at": child.at,
            "event_id": entry,
            "unmerged_by_id": None,
            "unmerged_at": None,
        }
    )
    root.tell("merge.in", by.id, {"child": child.id}, audience="staff", at=child.at)
    root.case["version"] += 1
    root.below.append(child)
    if standing[1] is not None or standing[0].order >= Phase.CONSULTATION.order:
        child.run(END, entry, ("review",))
    for effect in root.tree_wide:
        if effect.at >= child.at:
            child.run(effect.kind, effect.cause, effect.names)

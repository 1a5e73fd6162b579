"""What is gathered along a synthetic case's way: its judgement, its evidence, its starter connector."""

from datetime import timedelta

from request_tracker.rules.people import Viewer
from request_tracker.rules.starter import schema_name
from request_tracker.rules.terms import Criterion, StarterState, Verdict
from request_tracker.store.bulk_journey import END, Journey, Row


class Present(Exception):
    """The story has come to the present: what would follow has not happened yet."""


def pause(journey: Journey, at_least: float, mean: float) -> None:
    """Let some days pass, now and then very many; nothing happens at weekends. Raises Present."""
    mean *= 4 if journey.world.chance.random() < 0.02 else 1
    at = journey.at + timedelta(days=at_least + journey.world.chance.gammavariate(2.2, mean / 2.2))
    at += timedelta(days=max(0, 7 - at.weekday()) if at.weekday() >= 5 else 0)
    if at >= journey.world.now:
        raise Present
    journey.at = at


def assess(journey: Journey) -> None:
    by = specialist(journey)
    verdicts = {str(each): str(journey.world.chance.choice((Verdict.GREAT, Verdict.POSSIBLE))) for each in Criterion}
    journey.tell("assessment", by.id, {"verdicts": verdicts}, audience="staff")
    for criterion, verdict in verdicts.items():
        journey.rows["assessment"].append(
            {
                **owner(journey),
                "criterion": criterion,
                "measured": None,
                "figure": "",
                "verdict": verdict,
                "note": "",
                "by_id": by.id,
                "at": journey.at,
            }
        )
    record(journey, by, "duplicates_checked")


def record(journey: Journey, by: Viewer | None, *keys: str, value: str = "yes") -> Row | None:
    """Evidence by a person, or observed by the system; what stands already is left as it is."""
    standing = {row["key"] for row in journey.rows["evidence"]}
    source = "person" if by else "observation"
    entry = None
    for key in keys:
        if key not in standing:
            data = {"key": key, "value": value, "source": source}
            entry = journey.tell("evidence", by.id if by else None, data, audience="account")
            journey.rows["evidence"].append(
                {
                    **owner(journey),
                    "request_id": journey.request["id"],
                    "key": key,
                    "value": value,
                    "source": source,
                    "by_id": by.id if by else None,
                    "note": "",
                    "link": "",
                    "at": journey.at,
                    "voided_at": None,
                    "voided_by_id": None,
                    "void_reason": None,
                    "event_id": entry,
                }
            )
    return entry


def intend(journey: Journey) -> None:
    program = journey.world.program
    journey.connection = {
        "id": journey.world.ids.next("connection"), **owner(journey), "request_id": journey.request["id"],
        "state": str(StarterState.INTENDED), "group_id": f"group_{journey.case['account_id']}",
        "schema_name": schema_name(journey.service.name, journey.id), "service": program.starter_service,
        "connection_id": None, "setup_state": "", "sync_state": "", "sync_started_at": None, "succeeded_at": None,
        "failed_at": None, "grace_until": None, "deleted_at": None, "checked_at": None, "check_after": None,
        "created_at": journey.at, "event_id": None,
    }  # fmt: skip
    journey.rows["connection"].append(journey.connection)


def make_starter(journey: Journey) -> None:
    """The id is one Fivetran never gives; nothing is due to be looked up there (`check_after` stays empty)."""
    _connect(journey, StarterState.CREATED, connection_id=f"synthetic_{journey.id}", setup_state="incomplete")
    journey.tell("starter.created", None, {"connection": f"synthetic_{journey.id}"})
    entry = record(journey, None, "starter_ready")
    if entry is not None:
        journey.run_tree(END, entry, ("starter_ready",))


def grant(journey: Journey) -> None:
    sandbox = journey.request["sandbox"] == "yes"
    _connect(journey, StarterState.CONNECTED, setup_state="connected")
    entry = record(journey, None, "access_granted", value="sandbox" if sandbox else "production")
    if entry is not None:
        journey.start("first_sync", entry)


def sync(journey: Journey) -> None:
    """The initial sync starts after a while and finishes a little later; the second time it has long run."""
    if journey.connection is None or journey.connection["sync_started_at"]:
        return
    pause(journey, 0.1, 9)
    _connect(journey, StarterState.SYNCING, sync_started_at=journey.at, sync_state="syncing")
    journey.run_tree(END, journey.tell("sync.started", None), ("first_sync",))
    pause(journey, 0.1, 2)
    _connect(journey, StarterState.LIVE, succeeded_at=journey.at, sync_state="scheduled")
    record(journey, None, "initial_sync_finished")


def remove_starter(journey: Journey) -> None:
    """After a grace period; while it lasts, the connection waits for its end."""
    if journey.connection is None:
        return
    until = journey.at + journey.world.program.grace_for
    if until >= journey.world.now:
        journey.connection["grace_until"] = until
        return
    journey.at = until
    _connect(journey, StarterState.DELETED, deleted_at=until)
    journey.tell("starter.deleted", None, {"connection": journey.connection["connection_id"]}, audience="account")


def _connect(journey: Journey, state: StarterState, **values: object) -> None:
    assert journey.connection is not None, "the intent is written first"
    journey.connection.update(state=str(state), checked_at=journey.at, **values)


def owner(journey: Journey) -> Row:
    return {"case_id": journey.id, "account_id": journey.case["account_id"]}


def specialist(journey: Journey) -> Viewer:
    """The assignee, where there is one: mostly the same person carries a case through."""
    world = journey.world
    known = {each.id: each for each in world.specialists}
    return known.get(journey.case["assignee_id"]) or world.chance.choice(world.specialists)

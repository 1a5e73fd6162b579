"""Timeline entries told as sentences: one row a kind."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from request_tracker.rules.evidence import EVIDENCE
from request_tracker.rules.phases import BY_NAME, CLOCKS
from request_tracker.rules.sync_schedule import Schedule
from request_tracker.rules.terms import HOLD_WORDS, HoldReason, Phase

Data = Mapping[str, Any]


def _dismissed(data: Data) -> str:
    return f"Not the same as {data['other']}" if data["kind"] == "different" else f"Related to {data['other']}"


def _dismissed_back(data: Data) -> str:
    return f"No longer called {'different from' if data['kind'] == 'different' else 'only related to'} {data['other']}"


def _evidence(data: Data) -> str:
    label = EVIDENCE[data["key"]].label
    value = "" if data["value"] in ("yes", "true", "True") else f" ({data['value']})"
    return f"{label}{value}" + (", observed by the system" if data.get("source") == "observation" else "")


def _criteria(count: int) -> str:
    return f"{count} {'criterion' if count == 1 else 'criteria'}"


def _by_policy(data: Data) -> str:
    return ", automatically" if data.get("automatic") else ""


def _clock(data: Data) -> str:
    return f"“{CLOCKS[data['name']].words(data['cycle'])}”"


def _days(side: Data) -> str:
    """`10 working days`, `2.5 working days`: a target as a lead typed it."""
    number = round(float(side["target_days"]), 2)
    return f"{number:g} working day{'' if number == 1 else 's'}"


def _forgotten(data: Data) -> str:
    """The names confirmed at that merge, which no longer mean one service."""
    pairs = data.get("forgotten", ())
    return "".join(f"; “{alias}” is no longer remembered as another name of “{name}”" for alias, name in pairs)


def _often(data: Data) -> str:
    return Schedule(data["minutes"], data["type"], data["at"]).words


def _judged(data: Data) -> str:
    return "no verdict" if data["verdict"] == "unknown" else f"{data['verdict']}, {data['score']} of 100 points"


def _tried(data: Data) -> str:
    rows = f"{data['rows']:,} row{'' if data['rows'] == 1 else 's'} read"
    if data.get("stopped"):
        return f"Trial sync {data['run']} was stopped"
    return f"Trial sync {data['run']} {'succeeded' if data['done'] else 'failed'}: {rows}"


_ORIGINS = {
    "upload": "API document uploaded",
    "paste": "API document pasted",
    "address": "API document asked for by its address",
    "request": "API document of a request is read again",
}
SENTENCES: dict[str, Callable[[Data], str]] = {
    "submit": lambda data: "Request received" + (", with the requester's consent" if data.get("consent") else ""),
    "join": lambda data: "Joined this request" + (", with the requester's consent" if data.get("consent") else ""),
    "left": lambda _: "Withdrew their request",
    "returned": lambda _: "Came back to this request",
    "promoted": lambda _: "Became the primary requester",
    "vacant": lambda _: "The primary requester left: somebody else is asked to lead this case",
    "vacant.again": lambda _: "Everybody may be asked again to lead this case",
    "vacant.nobody": lambda _: "Nobody is left to be asked to lead this case",
    "primary.asked": lambda _: "Asked to become the primary requester",
    "primary.no": lambda _: "Does not want to become the primary requester",
    "primary.expired": lambda _: "Did not say in time whether to become the primary requester",
    "primary.back": lambda _: "Came back as the primary requester",
    "preview.answer": lambda data: "Would join the private preview" if data["would"] else "Would not join the preview",
    "corrected": lambda data: "Corrected: " + ", ".join(_label(name) for name in data["fields"]),
    "hold.on": lambda data: f"Waiting for {HOLD_WORDS[HoldReason(data['reason'])]}",
    "hold.off": lambda data: f"No longer waiting for {HOLD_WORDS[HoldReason(data['reason'])]}",
    "hold.answered": lambda _: "Question answered",
    "hold.expired": lambda _: "The question expired",
    "hold.overdue": lambda data: f"Still waiting for {HOLD_WORDS[HoldReason(data['reason'])]}, longer than expected",
    "comment": lambda _: "Comment",
    "comment.internal": lambda _: "Internal note",
    "evidence": _evidence,
    "evidence.void": lambda data: f"No longer stands: {EVIDENCE[data['key']].label.lower()}",
    "assessment": lambda data: f"Assessment: {_criteria(len(data.get('verdicts', {})))} judged",
    "assigned": lambda data: f"Assigned to {data.get('name', 'somebody')}",
    "merge": lambda data: "Combined with another request for the same service" + _by_policy(data),
    "merge.in": lambda data: "Another case was merged into this one" + _by_policy(data),
    "swap": lambda data: "Leads the combined requests now" if "over" in data else "Another request leads this one now",
    "unmerge": lambda _: "Stands alone again",
    "unmerge.out": lambda data: "A merged case was taken out again" + _forgotten(data),
    "dismissed": _dismissed,
    "dismissed.back": _dismissed_back,
    "undo": lambda _: "The last step was undone",
    "slots": lambda _: "Meeting times offered",
    "meeting.booked": lambda _: "Meeting booked",
    "meeting.moved": lambda _: "Meeting moved to another time",
    "meeting.changed": lambda _: "Meeting changed: its length or place",
    "meeting.cancelled": lambda data: (
        "Meeting cancelled" if "at" in data else "The offered meeting times were taken back"
    ),
    "meeting.asked": lambda _: "Asked for another meeting time",
    "meeting.held": lambda _: "The meeting took place",
    "meeting.missed": lambda _: "Nobody came to the meeting",
    "minutes.objected": lambda data: (
        "Said that the minutes are not right: " + ", ".join(EVIDENCE[key].label.lower() for key in data["keys"])
    ),
    "starter.created": lambda _: "Starter connector created",
    "starter.missing": lambda _: "Starter connector is missing in Fivetran",
    "starter.back": lambda _: "The starter connector is back in Fivetran",
    "starter.healed": lambda data: (
        f"Put back at Fivetran: {', '.join(name.replace('_', ' ') for name in data['fields'])}"
    ),
    "access.broken": lambda _: "Fivetran lost access to the service",
    "starter.deleted": lambda _: "Starter connector removed",
    "starter.renamed": lambda data: f"The starter connector's name was taken: it is {data['after']} now",
    "starter.failed": lambda _: "Fivetran refused to make the starter connector",
    "starter.left": lambda _: "A connection is left in Fivetran: an admin has to look at it",
    "starter.twin": lambda _: "A second connection of the same name is in use in Fivetran",
    "starter.twin_removed": lambda _: "A second connection of the same name was found and removed",
    "starter.cloned": lambda data: (
        f"Given the setup of another starter connector: {data['tables']} table{'' if data['tables'] == 1 else 's'}"
        + (f", {data['left_out']} left out" if data["left_out"] else "")
    ),
    "starter.again": lambda _: "A new starter connector is planned",
    "tables.chosen": lambda data: (
        f"Chosen what is synced: {data['tables']} table{'' if data['tables'] == 1 else 's'}"
        + (f", {data['hashed']} column{'' if data['hashed'] == 1 else 's'} hashed" if data["hashed"] else "")
    ),
    "tables.needed": lambda data: f"Chosen from the table proposal: {data['chosen']} of {data['of']} tables are needed",
    "tables.applied": lambda _: "Fivetran brings the chosen tables; new ones stay out",
    "tables.drifted": lambda _: "Somebody changed the tables in Fivetran: they are put back as chosen",
    "schedule.chosen": lambda data: f"Chosen how often it syncs: {_often(data)}",
    "role.told": lambda data: (
        "Told their role in Fivetran" + ("" if data["may"] else ": it may not set up a connector, so far as we know")
    ),
    "reminder": lambda data: f"Reminder {data['number']} to verify the connector",
    "starter.no_group": lambda _: "No Fivetran group is bound to the account yet",
    "sync.started": lambda _: "Initial sync started",
    "sync.asked": lambda _: "First sync asked for",
    "sync.failed": lambda data: "The initial sync failed" if data.get("first") else "A sync failed",
    "sync.late": lambda data: f"The initial sync has run for more than {data['hours']} hours",
    "sync.rescheduled": lambda _: "The initial sync waits until the service allows more requests",
    "sync.stopped": lambda data: f"The initial sync was {data['how']} in Fivetran",
    "tables.reviewed": lambda data: f"Tables reviewed: {data['reviewed']} of {data['of']}",
    "clock.at_risk": lambda data: f"{data['percent']} % of the promised time is used: {CLOCKS[data['name']].label}",
    "clock.breach": lambda data: f"The promise was broken: {CLOCKS[data['name']].label}",
    "clock.retarget": lambda data: (
        f"New target for {_clock(data)}: {_days(data['after'])} instead of {_days(data['before'])}"
    ),
    "clock.recalendar": lambda data: f"New working calendar for {_clock(data)}",
    "promise.moved": lambda data: f"The promised date has moved: {CLOCKS[data['name']].label}",
    "document": lambda data: _ORIGINS.get(data.get("origin", ""), "Document added"),
    "document.read": lambda data: (
        f"Document read: {_judged(data)}, {data['tables']} table{'' if data['tables'] == 1 else 's'} proposed"
    ),
    "document.failed": lambda _: "A document could not be read",
    "document.stopped": lambda _: "Reading a document was stopped",
    "trial": lambda data: (
        f"Trial sync {data['run']} started against {'the real source' if data.get('real') else 'the examples'}"
        + (", from the beginning" if data.get("reset") else "")
    ),
    "trial.over": _tried,
    "trial.forgotten": lambda data: f"What trial sync {data['run']} read was deleted",
    "document.forgotten": lambda data: (
        f"Contents of {data['count']} document{'' if data['count'] == 1 else 's'} deleted as no longer needed"
    ),
}


def sentence(kind: str, data: Data) -> str:
    """What happened, for people; an unknown kind names itself rather than failing."""
    if kind.startswith("move."):
        return _moved(kind.removeprefix("move."), data)
    teller = SENTENCES.get(kind)
    return teller(data) if teller else kind.replace(".", " ")


def words(body: str | None) -> tuple[tuple[str, str], ...]:
    """The typed words of an entry, as (field, text) pairs; lists are joined, erased text is empty."""
    if not body:
        return ()
    return tuple((_capital(_label(name)), _flat(value)) for name, value in json.loads(body).items())


LABELS = {"service_url": "website", "api_docs_url": "API documentation"}


def _label(name: str) -> str:
    return LABELS.get(name, name.replace("_", " "))


def _capital(label: str) -> str:
    return label[:1].upper() + label[1:]


def _moved(name: str, data: Data) -> str:
    label = BY_NAME[name].label if name in BY_NAME else name
    before, after = data.get("before", {}), data.get("after", {})
    if after.get("outcome"):
        return f"{label}: {after['outcome'].replace('_', ' ')}"
    if before.get("phase") != after.get("phase"):
        return f"{label}: now in {Phase(after['phase']).words}"
    return label


def _flat(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(str(item) for item in value)
    if isinstance(value, dict) and value.keys() == {"from", "to"}:
        return f"from {value['from'] or 'nothing'} to {value['to'] or 'nothing'}"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {item}" for key, item in value.items())
    return str(value)

"""The bodies the API takes, as JSON Schema: checked on the way in and published in the OpenAPI document."""

import json
from typing import Any

from flask import request as http
from jsonschema import Draft202012Validator

from request_tracker.access.faults import Malformed
from request_tracker.rules.completeness import Finding
from request_tracker.rules.meetings import MOST_TIMES
from request_tracker.rules.notices import Topic, ways_of
from request_tracker.rules.quoting import storable
from request_tracker.rules.sync_schedule import FREQUENCIES, TYPES
from request_tracker.rules.tables_wanted import HANDLINGS
from request_tracker.rules.terms import AuthKind, Criterion, HoldReason, Verdict

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
OPTIONAL: Schema = {"type": ["string", "null"]}
INSTANT: Schema = {"type": ["string", "null"], "format": "date-time"}
VERSION: Schema = {"type": "integer", "minimum": 1, "maximum": 2_147_483_647}


def _object(required: tuple[str, ...] = (), /, *, more: bool = False, **properties: Schema) -> Schema:
    return {
        "type": "object", "properties": properties, "required": list(required), "additionalProperties": more,
    }  # fmt: skip


_JUDGED = _object(("verdict",), verdict={"enum": [str(each) for each in Verdict]}, note=OPTIONAL)
_REASON: Schema = {"enum": [str(each) for each in HoldReason]}
_CRITERIA: Schema = {
    "type": "object", "properties": {str(name): _JUDGED for name in Criterion}, "additionalProperties": False,
}  # fmt: skip
_WAYS: Schema = {
    "type": "object", "properties": {str(topic): {"enum": [*map(str, ways_of(topic))]} for topic in Topic},
    "additionalProperties": False,
}  # fmt: skip
_COLUMN = _object(
    ("name",),
    name={"type": "string", "minLength": 1, "maxLength": 200},
    hashed={"type": "boolean"},
    enabled={"type": "boolean"},
)
_TABLE = _object(
    ("name",),
    schema={"type": "string", "maxLength": 200},
    name={"type": "string", "minLength": 1, "maxLength": 200},
    enabled={"type": "boolean"},
    columns={"type": "array", "maxItems": 2000, "items": _COLUMN},
)
_REVIEWED = _object(
    ("table", "verdict"),
    schema={"type": ["string", "null"], "maxLength": 200},
    table={"type": "string", "maxLength": 200},
    verdict={"enum": [str(each) for each in Finding]},
    note={"type": ["string", "null"], "description": "What is missing; needed with `gap` and `later`"},
)
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_MINUTES: Schema = {"type": ["integer", "null"], "minimum": 5, "maximum": 480}
_TURN: Schema = {
    "type": ["integer", "null"], "minimum": 0, "maximum": 2_147_483_647,
    "description": "Of the meeting as it was read: the step is refused where it has changed since",
}  # fmt: skip
BODIES: dict[str, Schema] = {
    "Submission": _object(
        more=True,
        service_name=TEXT,
        service_url=TEXT,
        api_docs_url=OPTIONAL,
        document={"type": ["string", "object", "null"], "description": "An API document as text or JSON"},
        use_case=TEXT,
        data_needed=TEXT,
        terms_accepted={"type": "boolean"},
        auth_kind={"enum": [*map(str, AuthKind), None]},
        sandbox={"type": ["boolean", "string", "null"]},
        group_id=OPTIONAL,
        on_behalf_of={"type": ["string", "null"], "description": "E-mail of the requester who gave consent"},
        consent={"type": ["string", "null"], "description": "How the requester agreed; with on_behalf_of"},
        join={"type": ["string", "null"], "description": "Number of the live case to join"},
    ),
    "Move": _object(("move", "version"), more=True, move=TEXT, version=VERSION, reason=OPTIONAL),
    "Version": _object(version=VERSION),
    "MeetingOffer": _object(
        ("times", "place"),
        times={"type": "array", "minItems": 1, "maxItems": MOST_TIMES, "items": _MOMENT},
        minutes=_MINUTES,
        place={"type": "string", "minLength": 1, "maxLength": 500},
        turn=_TURN,
    ),
    "MeetingStep": _object(
        at={"type": ["string", "null"], "format": "date-time", "description": "The time, with `book` and `move`"},
        times={"type": "array", "maxItems": MOST_TIMES, "items": _MOMENT, "description": "With `propose`"},
        minutes=_MINUTES,
        place={"type": ["string", "null"], "maxLength": 500},
        words={"type": ["string", "null"], "description": "Why; with `propose`, what suits instead"},
        turn=_TURN,
    ),
    "Evidence": _object(
        ("key", "value"), key=TEXT, value={"type": ["string", "boolean"]}, note=OPTIONAL, link=OPTIONAL
    ),
    "Reason": _object(("reason",), reason=TEXT),
    "Completeness": _object(
        tables={"type": "array", "maxItems": 5000, "items": _REVIEWED},
        record={"type": ["boolean", "null"], "description": "Record the review as evidence: every table is reviewed"},
    ),
    "Proposal": _object(
        ("tables",),
        tables={
            "type": "object",
            "additionalProperties": {"type": "boolean"},
            "minProperties": 1,
            "maxProperties": 5000,
            "propertyNames": {"maxLength": 200},
            "description": "Whether each is needed; others stay as they are",
        },
        seen={"type": ["string", "null"], "description": "`seen` of the reading: 409 where that is not so any more"},
    ),
    "Trial": _object(
        reset={"type": ["boolean", "null"], "description": "Start over instead of going on from the last run's state"}
    ),
    "Assessment": _object(criteria=_CRITERIA, accept_all={"type": ["boolean", "null"]}),
    "Hold": _object(("reason",), reason=_REASON, question=OPTIONAL, expected_until=INSTANT),
    "ClockChange": _object(
        ("kind", "reason"),
        kind={"enum": ["retarget", "recalendar"]},
        reason=TEXT,
        clock_id={"type": ["integer", "null"], "minimum": 1, "maximum": 2_147_483_647},
        name={"type": ["string", "null"], "description": "All running clocks of this name"},
        target_days={"type": ["number", "null"], "description": "With retarget: working days of the clock's calendar"},
        calendar_id={"type": ["integer", "null"], "minimum": 1, "maximum": 2_147_483_647},
        seen={"type": ["string", "null"], "description": "`seen` of the preview: 409 where that is not so any more"},
    ),
    "Document": _object(
        url={"type": ["string", "null"], "description": "Where it is fetched from"},
        text={"type": ["string", "null"], "description": "The document itself: OpenAPI, Postman or GraphQL"},
    ),
    "Answer": _object(("body",), body=TEXT),
    "Comment": _object(("body",), body=TEXT, internal={"type": "boolean"}),
    "Tables": _object(
        ("tables",),
        tables={"type": "array", "minItems": 1, "maxItems": 5000, "items": _TABLE},
        change_handling={"enum": [*HANDLINGS, None], "description": "What is new in the source; empty: by itself"},
        seen={"type": ["string", "null"], "description": "`seen` of the reading: 409 where that is not so any more"},
    ),
    "Schedule": _object(
        ("sync_frequency",),
        sync_frequency={"enum": [*FREQUENCIES], "description": "Minutes"},
        schedule_type={"enum": [*TYPES]},
        daily_sync_time={"type": ["string", "null"], "description": "HH:00 in UTC, with 1440 minutes"},
    ),
    "PrimaryAnswer": _object(("answer",), answer={"enum": ["yes", "no"]}),
    "PreviewAnswer": _object(("would",), would={"type": "boolean"}),
    "Letters": _object(topics=_WAYS, zone=TEXT),
    "Primary": _object(("version",), version=VERSION, request=OPTIONAL, consent=OPTIONAL),
    "Correction": _object(("version",), version=VERSION, service_name=TEXT, service_url=TEXT, api_docs_url=TEXT),
    "Merges": _object(
        ("children", "into_version"),
        into_version=VERSION,
        children={
            "type": "array",
            "minItems": 1,
            "maxItems": 50,
            "items": _object(("number", "version"), number=TEXT, version=VERSION),
        },
    ),
    "Swap": _object(("version", "into_version"), version=VERSION, into_version=VERSION),
    "Merge": _object(("into", "version", "into_version"), into=TEXT, version=VERSION, into_version=VERSION),
}


def read_body(name: str) -> dict[str, Any]:
    """The JSON body, checked against its schema. Raises Malformed with each field's fault."""
    try:
        body = json.loads(http.get_data() or b"{}")
        body = cleaned(body)
    except (ValueError, RecursionError) as fault:
        raise Malformed([{"field": "", "message": "Send a JSON object as the body"}]) from fault
    validator = Draft202012Validator(BODIES[name])
    faults = sorted(validator.iter_errors(body), key=lambda each: list(map(str, each.path)))
    if faults:
        raise Malformed([{"field": _field(each), "message": _message(each)} for each in faults[:20]])
    assert isinstance(body, dict), "every schema is of type object"
    return body


def cleaned(value: Any) -> Any:
    """The body without what no database can keep: NUL and halves of surrogate pairs."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [cleaned(each) for each in value]
    if isinstance(value, dict):
        return {cleaned(name): cleaned(each) for name, each in value.items()}
    return value


def _field(fault: Any) -> str:
    if fault.validator == "required":
        missing = [name for name in fault.validator_value if name not in fault.instance]
        return ".".join([*map(str, fault.path), missing[0]])
    return ".".join(map(str, fault.path))


COUNTED = {
    "maxItems": "At most {limit} at once: {sent} were sent",
    "minItems": "At least {limit} is needed: {sent} were sent",
}


def _message(fault: Any) -> str:
    """What is wrong; a list of the wrong length is counted, not written out."""
    words = COUNTED.get(fault.validator)
    return words.format(limit=fault.validator_value, sent=len(fault.instance)) if words else _short(fault.message)


def _short(message: str) -> str:
    return message if len(message) <= 200 else message[:200] + "…"

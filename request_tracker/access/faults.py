"""The errors of the lower rooms as rows: status, title and what else the person or program should know."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from request_tracker.access.idempotency import KeyReused
from request_tracker.actions.advance import Stale
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.process import NoSuchMove, NotAllowed, Refused
from request_tracker.rules.report import BadWeek
from request_tracker.rules.submission import Incomplete
from request_tracker.store.bulk_runs import NoSuchRun
from request_tracker.store.cases import NoSuchCase
from request_tracker.store.documents import NoSuchDocument
from request_tracker.store.holds import NoSuchHold
from request_tracker.store.hooks import NoSuchHook
from request_tracker.store.meetings import NoSuchMeeting
from request_tracker.store.merges import NoSuchMerge
from request_tracker.store.reading_catalogue import NoSuchConnector
from request_tracker.store.reading_queue import BadFilter
from request_tracker.store.reading_webhooks import NoSuchWebhook
from request_tracker.store.requests import NoSuchRequest
from request_tracker.store.saved_views import NoSuchView
from request_tracker.store.trials import NoSuchTrial

Answer = tuple[int, str, dict[str, Any]]


class Malformed(ValueError):
    """The body is not what the schema asks for; `errors` names each field."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("; ".join(f"{error['field']}: {error['message']}" for error in errors))
        self.errors = errors


def _refused(fault: Refused) -> Answer:
    blockers = [{"key": b.key, "reason": b.reason, "fix": b.fix} for b in fault.blockers]
    return 409, fault.title, {"blockers": blockers}


def _unfit(fault: Unfit) -> Answer:
    return 422, "Some of what was sent cannot be taken", {"errors": [{"field": fault.field, "message": fault.message}]}


def _incomplete(fault: Incomplete) -> Answer:
    errors = [{"field": error.field, "message": error.message} for error in fault.errors]
    return 422, "The request is not complete", {"errors": errors}


ROWS: dict[type[Exception], Callable[[Any], Answer]] = {
    Stale: lambda fault: (409, "stale", {"current_version": fault.case.version, "detail": str(fault)}),
    Overtaken: lambda fault: (409, "stale", {"detail": str(fault)}),
    StaleDataError: lambda _: (409, "stale", {"detail": "Somebody else changed this at the same moment: look again"}),
    Refused: _refused,
    NotAllowed: lambda fault: (403, "Not allowed", {"detail": str(fault)}),
    NoSuchMove: lambda fault: (
        422, "Unknown move", {"detail": str(fault), "errors": [{"field": "move", "message": str(fault)}]},
    ),
    Incomplete: _incomplete,
    Unfit: _unfit,
    Malformed: lambda fault: (422, "Some of what was sent cannot be taken", {"errors": fault.errors}),
    BadFilter: lambda fault: (422, "Unknown filter", {"detail": str(fault)}),
    BadWeek: lambda fault: (422, "There is no such week", {"detail": str(fault)}),
    KeyReused: lambda fault: (409, "Idempotency-Key used before", {"detail": str(fault)}),
    NoSuchCase: lambda fault: (404, "No such case", {"detail": str(fault)}),
    NoSuchRequest: lambda fault: (404, "No such request", {"detail": str(fault)}),
    NoSuchConnector: lambda fault: (404, "No such connector", {"detail": str(fault)}),
    NoSuchHold: lambda fault: (404, "No such hold", {"detail": str(fault)}),
    NoSuchWebhook: lambda fault: (404, "No such delivery", {"detail": str(fault)}),
    NoSuchHook: lambda fault: (404, "No such webhook", {"detail": str(fault)}),
    NoSuchMeeting: lambda fault: (404, "No such meeting", {"detail": str(fault)}),
    NoSuchMerge: lambda fault: (404, "No such merge", {"detail": str(fault)}),
    NoSuchDocument: lambda fault: (404, "No such document", {"detail": str(fault)}),
    NoSuchRun: lambda fault: (404, "No such run", {"detail": str(fault)}),
    NoSuchView: lambda fault: (404, "No such view", {"detail": str(fault)}),
    NoSuchTrial: lambda fault: (404, "No such trial run", {"detail": str(fault)}),
    IntegrityError: lambda _: (409, "stale", {"detail": "Somebody else did the same at the same moment: look again"}),
    OperationalError: lambda _: (503, "The database is busy", {"detail": "Nothing was stored: try again in a moment"}),
    StatementError: lambda _: (422, "Some of what was sent cannot be stored", {"detail": "Nothing was stored"}),
    OverflowError: lambda _: (422, "Some of what was sent is out of range", {"detail": "Nothing was stored"}),
    HTTPException: lambda fault: (fault.code or 500, fault.name, {"detail": fault.description or ""}),
}  # fmt: skip


def row_of(fault: Exception) -> Answer:
    """The first row that knows the error; every registered kind has one."""
    return next(make for kind, make in ROWS.items() if isinstance(fault, kind))(fault)

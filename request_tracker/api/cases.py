"""Cases over the API: list, read, move, undo, evidence, assessment, holds, comments, timeline."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response, jsonify
from flask import request as http
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import assess, evidence, hold
from request_tracker.actions import sync as syncing
from request_tracker.actions import undo as undoing
from request_tracker.actions.advance import advance
from request_tracker.actions.evidence import Fact
from request_tracker.actions.unfit import Unfit
from request_tracker.api import api, shapes
from request_tracker.api.keyed import keyed
from request_tracker.api.schemas import read_body
from request_tracker.store import reading_case, reading_timeline
from request_tracker.store.cases import Case
from request_tracker.store.reading_queue import BadFilter, Filter, page

Work = Callable[[Session, Case, dict[str, Any]], object]


@api.get("/cases")
def list_cases() -> Response:
    names = ("phase", "outcome", "assignee", "hold", "due", "q", "cursor")
    texts = {name: http.args.get(name, "") for name in names}
    wanted = Filter(**texts, sort=http.args.get("sort") or "due", limit=_limit(http.args.get("limit")))
    with wiring.reading() as session:
        found = page(session, wanted, wiring.viewer(), wiring.now())
    return jsonify({"items": [shapes.queue_row(row) for row in found.items], "next_cursor": found.next_cursor})


@api.get("/cases/<number>")
def read_case(number: str) -> Response:
    with wiring.reading() as session:
        return jsonify(_shape(session, reading_case.case_for(session, number, wiring.viewer())))


@api.post("/cases/<number>/moves")
def make_move(number: str) -> Response:
    return _write(number, "Move", _move)


@api.post("/cases/<number>/undo")
def undo(number: str) -> Response:
    return _write(number, "Version", _undo, version_from_case=True)


@api.post("/cases/<number>/sync")
def start_sync(number: str) -> Response:
    return _write(number, None, lambda session, case, _: syncing.ask(session, case, wiring.act()))


@api.post("/cases/<number>/evidence")
def put_evidence(number: str) -> Response:
    return _write(number, "Evidence", _put_evidence, status=201)


@api.delete("/cases/<number>/evidence/<key>")
def void_evidence(number: str, key: str) -> Response:
    return _write(
        number,
        "Reason",
        lambda session, case, body: evidence.void(session, case, key, wiring.act(), reason=body["reason"]),
    )


@api.put("/cases/<number>/assessment")
def put_assessment(number: str) -> Response:
    return _write(number, "Assessment", _assess)


@api.post("/cases/<number>/holds")
def put_hold(number: str) -> Response:
    return _write(number, "Hold", _put_hold, status=201)


@api.post("/cases/<number>/holds/<int(max=2147483647):hold_id>/answer")
def answer_hold(number: str, hold_id: int) -> Response:
    def work(session: Session, case: Case, body: dict[str, Any]) -> object:
        found = hold.open_hold(session, case, hold_id)
        return hold.answer(session, case, found, wiring.act(), body=body["body"])

    return _write(number, "Answer", work)


@api.delete("/cases/<number>/holds/<int(max=2147483647):hold_id>")
def lift_hold(number: str, hold_id: int) -> Response:
    def work(session: Session, case: Case, _: dict[str, Any]) -> object:
        return hold.lift(session, case, hold.open_hold(session, case, hold_id), wiring.act())

    return _write(number, None, work)


@api.post("/cases/<number>/comments")
def add_comment(number: str) -> Response:
    return _write(number, "Comment", _comment, status=201)


@api.get("/cases/<number>/timeline")
def read_timeline(number: str) -> Response:
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        rows = reading_timeline.timeline_of(session, case, wiring.viewer())
    return jsonify({"items": [shapes.timeline(row) for row in rows]})


def _write(
    number: str, schema: str | None, work: Work, *, status: int = 200, version_from_case: bool = False
) -> Response:
    """One write on a case: the body checked, the work done and the case answered, in one transaction."""
    body = {} if schema is None or (version_from_case and not http.get_data()) else read_body(schema)
    with wiring.transaction() as session:
        # An undo may concern several cases: it locks them itself, in id order.
        case = reading_case.case_for(session, number, wiring.viewer(), lock=not version_from_case)
        if version_from_case:
            body.setdefault("version", case.version)

        def done() -> dict[str, Any]:
            work(session, case, body)
            return _shape(session, case)

        return keyed(session, done, status=status)


def _shape(session: Session, case: Case) -> dict[str, Any]:
    return shapes.case(reading_case.view(session, case, wiring.act()), wiring.viewer(), wiring.settings().base_url)


def _move(session: Session, case: Case, body: dict[str, Any]) -> object:
    fields = {name: value for name, value in body.items() if name not in ("move", "version")}
    return advance(session, case, body["move"], version=body["version"], act=wiring.act(), fields=fields)


def _undo(session: Session, case: Case, body: dict[str, Any]) -> object:
    return undoing.undo(session, case, version=body["version"], act=wiring.act())


def _put_evidence(session: Session, case: Case, body: dict[str, Any]) -> object:
    value = body["value"] if isinstance(body["value"], str) else ("yes" if body["value"] else "no")
    fact = Fact(body["key"], value, body.get("note") or "", body.get("link") or "")
    return evidence.put(session, case, fact, wiring.act())


def _assess(session: Session, case: Case, body: dict[str, Any]) -> object:
    verdicts = {name: (each["verdict"], each.get("note") or "") for name, each in (body.get("criteria") or {}).items()}
    return assess.decide(session, case, verdicts, wiring.act(), accept_all=bool(body.get("accept_all")))


def _put_hold(session: Session, case: Case, body: dict[str, Any]) -> object:
    return hold.put_on(
        session,
        case,
        wiring.act(),
        reason=body["reason"],
        question=body.get("question") or "",
        expected_until=_instant(body.get("expected_until")),
    )


def _comment(session: Session, case: Case, body: dict[str, Any]) -> object:
    viewer = wiring.viewer()
    account_id = viewer.account_id or case.account_id
    internal = bool(body.get("internal", False))
    return hold.comment(session, case, wiring.act(), body=body["body"], internal=internal, account_id=account_id)


def _instant(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as fault:
        raise Unfit("expected_until", "Write an instant such as 2026-11-21T14:00:00Z") from fault
    if not 2000 < found.year < 2200:
        raise Unfit("expected_until", "Name a year between 2000 and 2200")
    if found.tzinfo is None:
        raise Unfit("expected_until", "Name the time zone, for example 2026-11-21T14:00:00Z")
    return found


def _limit(text: str | None) -> int:
    if not text:
        return 50
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise BadFilter("limit: a whole number from 1 to 200")
    return int(text)

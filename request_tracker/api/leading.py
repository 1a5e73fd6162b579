"""Over the API: who leads a case, who would join the preview, what is still wanted, and the case's name put right."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import correct as correcting
from request_tracker.actions import heir, supporting, wanted
from request_tracker.api import api, shapes
from request_tracker.api.keyed import keyed
from request_tracker.api.requests import shape as request_shape
from request_tracker.api.schemas import read_body
from request_tracker.rules.correcting import FIELDS
from request_tracker.store import reading_case
from request_tracker.store.cases import Case


@api.post("/requests/<number>/primary")
def answer_primary(number: str) -> Response:
    """Whether the asked person takes the lead."""
    body = read_body("PrimaryAnswer")
    with wiring.transaction() as session:
        request = reading_case.request_for(session, number, wiring.viewer())

        def done() -> dict[str, Any]:
            heir.answer(session, request, wiring.act(), yes=body["answer"] == "yes")
            return request_shape(session, request)

        return keyed(session, done)


@api.put("/requests/<number>/would-preview")
def answer_preview(number: str) -> Response:
    body = read_body("PreviewAnswer")
    with wiring.transaction() as session:
        request = reading_case.request_for(session, number, wiring.viewer())

        def done() -> dict[str, Any]:
            supporting.answer_preview(session, request, wiring.act(), would=body["would"])
            return request_shape(session, request)

        return keyed(session, done)


@api.post("/requests/<number>/wanted")
def still_wanted(number: str) -> Response:
    """The starter connector is gone, and the requester still wants it; the other answer is to withdraw."""
    with wiring.transaction() as session:
        request = reading_case.request_for(session, number, wiring.viewer())

        def done() -> dict[str, Any]:
            wanted.still(session, request, wiring.act())
            return request_shape(session, request)

        return keyed(session, done)


@api.post("/cases/<number>/primary")
def choose_primary(number: str) -> Response:
    """With a request: that person leads, who agreed. Without one: everybody is asked again."""
    body = read_body("Primary")
    with wiring.transaction() as session:
        case = reading_case.case_for(session, number, wiring.viewer())

        def done() -> dict[str, Any]:
            _choose(session, case, body)
            return _shape(session, case)

        return keyed(session, done)


@api.put("/cases/<number>/service")
def correct_case(number: str) -> Response:
    """What is not sent stays as it is."""
    body = read_body("Correction")
    with wiring.transaction() as session:
        case = reading_case.case_for(session, number, wiring.viewer())

        def done() -> dict[str, Any]:
            wanted = {name: body.get(name, getattr(case, name)) for name in FIELDS}
            known = wiring.knowledge(session)
            correcting.correct(session, case, wanted, wiring.act(), version=body["version"], knowledge=known)
            return _shape(session, case)

        return keyed(session, done)


def _choose(session: Session, case: Case, body: dict[str, Any]) -> None:
    if not body.get("request"):
        heir.ask_again(session, case, wiring.act(), version=body["version"])
        return
    request = reading_case.request_for(session, body["request"], wiring.viewer())
    consent = body.get("consent") or ""
    heir.choose(session, case, request, wiring.act(), version=body["version"], consent=consent)


def _shape(session: Session, case: Case) -> dict[str, Any]:
    return shapes.case(reading_case.view(session, case, wiring.act()), wiring.viewer(), wiring.settings().base_url)

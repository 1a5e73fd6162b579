"""A case's starter project over the API. For staff."""

from io import BytesIO

from flask import Response, send_file

from request_tracker.access import wiring
from request_tracker.actions import choosing
from request_tracker.actions.starter_project import starter_of
from request_tracker.api import api
from request_tracker.store import reading_case
from request_tracker.store.cases import NoSuchCase


@api.get("/cases/<number>/project")
def read_project(number: str) -> Response:
    """The starter project as an archive (zip)."""
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        found = starter_of(session, case, wiring.act())
    if found is None or found.project is None:
        raise NoSuchCase(found.reason if found else choosing.NO_DOCUMENT)
    body = BytesIO(found.project.archive())
    return send_file(body, "application/zip", as_attachment=True, download_name=found.filename)

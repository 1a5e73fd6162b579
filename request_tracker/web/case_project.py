"""A case's starter project: what is in it, what it asks for, how it is tried and deployed, and the download."""

from io import BytesIO

from flask import Blueprint, abort, render_template, send_file
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions.starter_project import Starter, starter_of
from request_tracker.rules.strangers import plain
from request_tracker.store import reading_case
from request_tracker.web.texts import say

project = Blueprint("project", __name__)


@project.get("/cases/<number>/project")
def show(number: str) -> ResponseReturnValue:
    service, found = _starter(number)
    return render_template(
        "proposal/project.html",
        number=number,
        service=service,
        found=found,
        plain=plain,
    )


@project.get("/cases/<number>/project.zip")
def download(number: str) -> ResponseReturnValue:
    _, found = _starter(number)
    if found is None or found.project is None:
        abort(404, found.reason if found else say("no_document_read"))
    body = BytesIO(found.project.archive())
    return send_file(body, "application/zip", as_attachment=True, download_name=found.filename)


def _starter(number: str) -> tuple[str, Starter | None]:
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        return case.service_name, starter_of(session, case, wiring.act())

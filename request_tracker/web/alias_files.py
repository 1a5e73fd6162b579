"""Aliases as a file: downloaded for a spreadsheet, uploaded all or not at all."""

from flask import Blueprint, Response, flash, redirect, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError

from request_tracker.access import wiring
from request_tracker.actions import import_aliases
from request_tracker.actions.import_aliases import NotAll
from request_tracker.rules import alias_files as files
from request_tracker.rules.alias_files import Row, Unreadable
from request_tracker.store import reading_knowledge
from request_tracker.web.knowledge import AT_ONCE, shown
from request_tracker.web.knowledge_forms import FileForm
from request_tracker.web.texts import counted

alias_files = Blueprint("alias_files", __name__)
TOLD = 100
"""How many rows that cannot be taken are told one by one."""

Fault = tuple[int, str, str, str]
"""Row of the file (`Row.number`), today's name, other name, why not."""


@alias_files.get("/admin/knowledge/aliases.csv")
def download() -> ResponseReturnValue:
    with wiring.reading() as session:
        text = files.written(reading_knowledge.every_alias(session))
    found = Response(text, content_type="text/csv; charset=utf-8")
    found.headers["Content-Disposition"] = "attachment; filename=aliases.csv"
    return found


@alias_files.get("/admin/knowledge/upload")
def choose() -> ResponseReturnValue:
    return _page(FileForm(formdata=None))


@alias_files.post("/admin/knowledge/upload")
def upload() -> ResponseReturnValue:
    sent = http.files.get("file")
    rows: list[Row] = []
    try:
        rows = files.read(sent.read(files.MOST_BYTES + 1) if sent else b"")
        with wiring.transaction() as session:
            new, old = import_aliases.add_all(
                session, [row.facts for row in rows], wiring.act(), wiring.knowledge(session)
            )
    except Unreadable as fault:
        return _refused(str(fault) if sent else "Choose a CSV file")
    except NotAll as fault:
        said = f"Nothing was stored: {len(fault.faults):,} of {len(rows):,} rows cannot be taken"
        return _refused(said, [_fault(rows, *each) for each in fault.faults])
    except IntegrityError:
        return _refused(AT_ONCE.message)
    flash(counted(new, "alias_added_one", "alias_added_many", known=old), "ok")
    return redirect(url_for("knowledge.index"), 303)


def _fault(rows: list[Row], place: str, message: str) -> Fault:
    row = rows[int(place) - 1]
    return row.number, row.facts["canonical"], row.facts["alias"], message


def _refused(message: str, faults: list[Fault] | None = None) -> ResponseReturnValue:
    form = FileForm()
    form.file.errors = [message]
    return _page(form, faults or []), 422


def _page(form: FileForm, faults: list[Fault] | None = None) -> str:
    every = faults or []
    return shown("upload", form=form, faults=every[:TOLD], more=max(0, len(every) - TOLD), files=files)

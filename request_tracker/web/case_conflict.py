"""Two edits of one case at the same time: what somebody else changed, and what was typed, side by side (409)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flask import render_template
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.rules.phases import BY_NAME
from request_tracker.store import assessments, reading_case, reading_timeline
from request_tracker.store.case_rows import TimelineRow
from request_tracker.store.cases import Case
from request_tracker.web import case_judged, case_page, forms
from request_tracker.web.case_forms import Attempt, CaseForm, FormField

KEPT = ("csrf_token", "version", "seen")
"""What the form is given anew when it is sent again."""
UNSAID = (*KEPT, "key", "on")
MEET = {"evidence": ("evidence", "evidence.void"), "void": ("evidence", "evidence.void")}
"""Forms whose facts are no column of the case: they meet another edit when one of these was written since, of the same
piece of evidence."""
BESIDE = 3
"""So many of the last entries are shown where it cannot be told what is newer."""


@dataclass(frozen=True)
class Typed:
    """One field as the person sent it: the words of its label, and of its choice."""

    label: str
    text: str


def is_met(session: Session, case: Case, form_id: str) -> bool:
    """Whether somebody wrote what this form writes since its page was shown. A form without that mark meets nothing."""
    kinds, seen = MEET.get(form_id.partition("-")[0], ()), forms.whole(http.form.get("seen", ""))
    if not kinds or not seen:
        return False
    key = form_id.partition("-")[2]
    return any(data.get("key") == key for data in reading_timeline.written_since(session, case.id, seen, kinds))


def shown(number: str, form_id: str) -> ResponseReturnValue:
    """The page of both edits; nothing typed is lost, and it can be sent again as it is."""
    sent = http.form.to_dict(flat=False)
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        rows = reading_timeline.timeline_of(session, case, wiring.viewer())
        form = _form_of(case_page.assemble(session, case, Attempt(form_id, sent)), form_id)
        version, judged = case.version, assessments.of_case(session, case.id)
    answer = render_template(
        "errors/stale.html",
        number=case.number,
        service=case.service_name,
        entries=_newer(rows, forms.whole(http.form.get("seen", ""))),
        typed=list(_typed(form)),
        again=[
            (name, case_judged.again(name, text, judged))
            for name, texts in sent.items()
            if name not in KEPT
            for text in texts
        ],
        action=http.path,
        button=form.button if form else "",
        version=version,
        seen=rows[0].id if rows else 0,
        me=wiring.viewer().name,
        form_id=form_id,
    )
    return answer, 409


def _newer(rows: tuple[TimelineRow, ...], seen: int) -> tuple[TimelineRow, ...]:
    """What was written since, newest first; where nothing was, the last few."""
    return tuple(row for row in rows if seen and row.id > seen) or rows[:BESIDE]


def _form_of(page: case_page.CasePage, form_id: str) -> CaseForm | None:
    if form_id == "assess":
        fields = tuple(field for each in page.criteria for field in (each.verdict, each.note))
        return CaseForm("assess", "", "Save what I judged", fields)
    return next((each for each in case_page.forms_of(page) if each.id == form_id), None)


def _typed(form: CaseForm | None) -> Iterator[Typed]:
    """Every field that was sent with something in it, labelled as on the page it came from."""
    known = {row.name: row for row in form.fields} if form else {}
    for name, text in http.form.items(multi=True):
        if name not in UNSAID and text.strip() and case_judged.is_own(name):
            yield Typed(_label(name, known.get(name)), _words(text, known.get(name)))


def _label(name: str, row: FormField | None) -> str:
    """The label of the page; of the move where its form is not there any more; else the field's own name."""
    if row is not None:
        return row.label.text
    fields = {each.name: each.label for move in BY_NAME.values() for each in move.fields}
    return fields.get(name) or name.replace("-", " ").replace("_", " ").capitalize()


def _words(text: str, row: FormField | None) -> str:
    choices: Iterable[tuple[str, str]] = row.choices if row is not None else ()
    return dict(choices).get(text, text)

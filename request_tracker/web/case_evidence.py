"""Evidence on the case page: each key where it is put right, with who said so or a form to say so."""

from dataclasses import dataclass

from flask import url_for

from request_tracker.rules.evidence import EVIDENCE, EvidenceKind
from request_tracker.rules.phases import FIXES
from request_tracker.rules.terms import Criterion, Role, Verdict
from request_tracker.store.case_rows import CaseView, CriterionRow, EvidenceRow
from request_tracker.web.case_forms import Attempt, CaseForm, FormField, a_field

AT_ONCE = ("duplicates_checked",)
"""Recorded by one press: the page above the button is the evidence."""
VALUE_WORDS = {"production": "Production account", "sandbox": "Sandbox or test account"}
VERDICT_WORDS = {
    Verdict.GREAT: "Great", Verdict.POSSIBLE: "Possible", Verdict.POOR: "Poor", Verdict.UNKNOWN: "Unknown",
}  # fmt: skip


@dataclass(frozen=True)
class EvidenceShown:
    """One key: `row` when it stands, `put` the form to record it, `void` the form to take it back."""

    key: str
    label: str
    missing: str
    row: EvidenceRow | None
    put: CaseForm | None
    void: CaseForm | None


@dataclass(frozen=True)
class CriterionShown:
    row: CriterionRow
    verdict: FormField
    note: FormField


def sections(view: CaseView, role: Role, attempt: Attempt, *, may_write: bool) -> dict[str, list[EvidenceShown]]:
    """The keys by the section of the page in which they are put right."""
    standing = {row.key: row for row in view.evidence}
    found: dict[str, list[EvidenceShown]] = {}
    for key, kind in EVIDENCE.items():
        shown = _shown(view, kind, standing.get(key), attempt, may_write and role in kind.by)
        found.setdefault(FIXES[key], []).append(shown)
    return found


def criteria(view: CaseView, attempt: Attempt) -> tuple[CriterionShown, ...]:
    """The eight criteria with a field for the verdict and one for the note."""
    return tuple(_criterion(row, attempt) for row in view.assessment)


def _shown(
    view: CaseView, kind: EvidenceKind, row: EvidenceRow | None, attempt: Attempt, may_write: bool
) -> EvidenceShown:
    return EvidenceShown(
        key=kind.key,
        label=kind.label,
        missing=kind.missing,
        row=row,
        put=_put(view, kind, attempt) if may_write and row is None else None,
        void=_void(view, kind, attempt) if may_write and row is not None else None,
    )


def _put(view: CaseView, kind: EvidenceKind, attempt: Attempt) -> CaseForm:
    form_id = f"evidence-{kind.key}"
    choices = [("", "Choose one"), *((value, VALUE_WORDS.get(value, value)) for value in kind.values)]
    value = [a_field(attempt, form_id, "value", "Which", kind="select", choices=choices)] if kind.values else []
    reason = "The system usually sees this by itself: say why you record it" if kind.observed else ""
    note = a_field(attempt, form_id, "note", "Note", kind="area", hint=reason, required=kind.observed)
    link = a_field(attempt, form_id, "link", "Link", kind="url", required=False)
    fields = () if kind.key in AT_ONCE else (*value, note, link)
    return CaseForm(
        id=form_id,
        action=url_for("case.put_evidence", number=view.number),
        button=f"Record: {kind.label.lower()}",
        fields=fields,
        hidden=(("key", kind.key), *(() if kind.values else (("value", "yes"),))),
        open=attempt.form_id == form_id,
    )


def _void(view: CaseView, kind: EvidenceKind, attempt: Attempt) -> CaseForm:
    form_id = f"void-{kind.key}"
    reason = a_field(attempt, form_id, "reason", "Why it no longer stands", kind="area")
    return CaseForm(
        id=form_id,
        action=url_for("case.void_evidence", number=view.number, key=kind.key),
        button=f"Take back: {kind.label.lower()}",
        fields=(reason,),
        danger=True,
        open=attempt.form_id == form_id,
    )


def _criterion(row: CriterionRow, attempt: Attempt) -> CriterionShown:
    name = Criterion(row.criterion)
    choices = [("", "Not judged yet"), *((each.value, VERDICT_WORDS[each]) for each in Verdict)]
    label = f"Verdict on: {name.words}"
    verdict = a_field(
        attempt, "assess", f"verdict-{name}", label, kind="select", data=row.verdict or "", choices=choices
    )
    note = a_field(attempt, "assess", f"note-{name}", f"Note on: {name.words}", data=row.note, required=False)
    return CriterionShown(row, verdict, note)

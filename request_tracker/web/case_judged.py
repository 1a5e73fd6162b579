"""The eight criteria as a person sent them: what they changed since they were shown, and where that meets others."""

from collections.abc import Mapping

from flask import request as http

from request_tracker.rules.terms import Criterion
from request_tracker.store.assessments import Assessment

Rows = Mapping[Criterion, Assessment]


def shown(verdict: str | None, note: str) -> str:
    """How a criterion stood when the page was shown, as one hidden text (`was-<criterion>`)."""
    return f"{verdict or ''}:{note}"


def changed(rows: Rows) -> dict[str, tuple[str, str]]:
    """Verdict and note of each criterion that the person changed and that stands otherwise now. A form that does not
    tell how it was shown is compared with how things stand; criteria left open are left out."""
    found = {}
    for name in Criterion:
        verdict, note = _sent(name)
        if verdict and shown(verdict, note) not in (_now(rows, name), http.form.get(f"was-{name}")):
            found[name.value] = (verdict, note)
    return found


def is_met(rows: Rows) -> bool:
    """Whether somebody else decided on a criterion that this person decides on, since their page was shown."""
    now = {name: _now(rows, Criterion(name)) for name in changed(rows)}
    return any(http.form.get(f"was-{name}", stands) != stands for name, stands in now.items())


def is_own(field: str) -> bool:
    """Whether a field of the form holds something that the person changed; what they left alone is not theirs."""
    kind, _, name = field.partition("-")
    if kind not in ("verdict", "note"):
        return kind != "was"
    was = http.form.get(f"was-{name}")
    return was is None or shown(*_sent(name)) != was


def again(field: str, text: str, rows: Rows) -> str:
    """The field as it is sent once more: what the person decides on is told to have been seen as it stands now."""
    kind, _, name = field.partition("-")
    return _now(rows, Criterion(name)) if kind == "was" and name in changed(rows) else text


def _sent(name: str) -> tuple[str, str]:
    return http.form.get(f"verdict-{name}", ""), http.form.get(f"note-{name}", "").strip()


def _now(rows: Rows, name: Criterion) -> str:
    row = rows.get(name)
    return shown(row.verdict, row.note) if row else shown(None, "")

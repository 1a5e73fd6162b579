"""When a case will likely enter its next phases, as pages tell it beside the promise: dates in the reader's zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.rules import forecast_words as words
from request_tracker.rules.task_words import weeks_words
from request_tracker.rules.terms import Phase
from request_tracker.store.case_rows import CaseView, ClockRow
from request_tracker.store.reading_forecast import Dated, Outlook, outlook
from request_tracker.web.filters import day
from request_tracker.web.request_promise import by


@dataclass(frozen=True)
class Likely:
    """One next phase: what begins, and a sentence with what was promised and what is likely."""

    label: str
    sentence: Markup


@dataclass(frozen=True)
class ForecastShown:
    """`note` says what the dates are; `rows` may be empty: then it says why. `is_staff`: numbers are shown."""

    rows: tuple[Likely, ...]
    note: str
    as_of: datetime | None
    is_staff: bool
    short: str = ""
    """How long it likely takes until the farthest phase that is known, a sentence; empty for staff."""


def shown(session: Session, view: CaseView) -> ForecastShown | None:
    """One statement. None where there is nothing to show: ended, merged, or, to requesters, nothing known."""
    if view.outcome is not None:
        return None
    staff, found = wiring.viewer().is_staff, outlook(session, view, wiring.now())
    if found is None:
        note = "Nothing is known yet: the program's history is read once a night."
        return ForecastShown((), note, None, is_staff=True) if staff else None
    rows = tuple(_row(each, view.clocks, found) for each in found.phases if staff or each.expected.is_known)
    if not rows:
        return None
    return ForecastShown(rows, _note(found, staff=staff), found.as_of, staff, "" if staff else _short(found))


def _short(found: Outlook) -> str:
    now = wiring.now()
    known = [each for each in found.phases if each.expected.is_known and each.early_at and each.late_at]
    if not known or known[-1].early_at is None or known[-1].late_at is None:
        return ""
    span = weeks_words(known[-1].early_at - now, known[-1].late_at - now)
    return words.TAKES[known[-1].expected.phase].format(span=span)


def _row(each: Dated, clocks: Sequence[ClockRow], found: Outlook) -> Likely:
    phase, staff = each.expected.phase, wiring.viewer().is_staff
    promised = _promised(phase, clocks)
    label = phase.words.capitalize() if staff else words.BEGINS[phase]
    said = _said(each, staff=staff)
    return Likely(label, Markup("{}; {}").format(promised, said) if promised else said[0].upper() + said[1:])


def _promised(phase: Phase, clocks: Sequence[ClockRow]) -> Markup:
    """The promise that entering the phase keeps, with the date as the requester reads it elsewhere."""
    name, said = words.PROMISED.get(phase, ("", ""))
    due = [(row.due_at, row.calendar) for row in clocks if row.due_at and row.calendar and row.name == name]
    first = min(due, key=lambda each: each[0], default=None)
    return Markup("{} {}").format(said, by(*first)) if first else Markup("")


def _said(each: Dated, *, staff: bool) -> Markup:
    if not each.expected.is_known:
        return Markup("{}.").format(words.too_few(each.expected.n))
    return Markup("{}{}.").format(_range(each), _basis(each, staff=staff))


def _range(each: Dated) -> Markup:
    """`likely between 25 Nov 2026 and 9 Dec 2026`; open at the end where the history ends before."""
    if each.early_at is None:
        return Markup("likely later than {}").format(day(each.farthest_at))
    if each.late_at is None:
        return Markup("likely from {} on, perhaps later than {}").format(day(each.early_at), day(each.farthest_at))
    if day(each.early_at).striptags() == day(each.late_at).striptags():
        return Markup("likely on {}").format(day(each.early_at))
    return Markup("likely between {} and {}").format(day(each.early_at), day(each.late_at))


def _basis(each: Dated, *, staff: bool) -> Markup:
    half = Markup("half of similar cases by {}").format(day(each.middle_at)) if each.middle_at else Markup("")
    if not staff:
        return Markup(" ({})").format(half) if half else half
    said = [half] if half else []
    numbers = f"{words.cases(each.expected.n)}; {words.percent(each.expected.chance)} get there"
    return Markup(" ({})").format(Markup("; ").join([*said, numbers]))


def _note(found: Outlook, *, staff: bool) -> str:
    if not staff:
        return words.NO_PROMISE
    held = " It is on hold: it is compared with cases that were on hold as long." if found.is_held else ""
    return f"From how long cases took before: eight in ten fall into the range, if they get there.{held}"

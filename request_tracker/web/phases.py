"""The board: live cases by phase, what is due first on top; a case is moved on its own page."""

from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, render_template, url_for
from flask import request as http
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.rules.phases import LIVE
from request_tracker.rules.terms import DUE_WORDS, HOLD_WORDS, Phase
from request_tracker.store import reading_overview, reading_triage
from request_tracker.store.reading_queue import Filter
from request_tracker.store.reading_triage import TriageRow
from request_tracker.web.case_forms import FormField
from request_tracker.web.queue_filters import CHOICES, LONGEST, chosen

phases = Blueprint("phases", __name__)
SHOWN = 20
FILTERS = ("assignee", "hold")


@dataclass(frozen=True)
class Column:
    """`count`: all live cases of the view in this phase, of which the first are in `rows`."""

    phase: Phase
    count: int
    rows: tuple[TriageRow, ...]
    href: str

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


@phases.get("/phases")
def index() -> str:
    kept = {name: text for name in FILTERS if (text := http.args.get(name, "").strip()[:LONGEST])}
    wanted = Filter(assignee=kept.get("assignee", ""), hold=kept.get("hold", ""), limit=SHOWN)
    with wiring.reading() as session:
        counts = reading_overview.standing(session, wanted, wiring.viewer(), wiring.now())
        columns = [_column(session, replace(wanted, phase=phase), counts.get(phase, 0), kept) for phase in LIVE]
        people = reading_overview.addresses(session)
    return render_template(
        "phases/index.html",
        columns=columns,
        total=sum(counts.values()),
        fields=_fields(people, kept),
        filtered=bool(kept),
        hold_words=HOLD_WORDS,
        due_words=DUE_WORDS,
    )


def _column(session: Session, wanted: Filter, count: int, kept: dict[str, Any]) -> Column:
    rows = reading_triage.triage(session, wanted, wiring.viewer(), wiring.now()).items if count else ()
    return Column(Phase(wanted.phase), count, rows, url_for("queue.index", phase=wanted.phase, **kept))


def _fields(people: list[tuple[str, str]], kept: dict[str, str]) -> tuple[FormField, ...]:
    offered = {"assignee": (*CHOICES["assignee"], *people), "hold": CHOICES["hold"]}
    return tuple(chosen(name, kept.get(name, ""), offered[name]) for name in FILTERS)

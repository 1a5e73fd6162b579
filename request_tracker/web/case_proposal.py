"""The tables proposed from a case's API document: shown as a tree, looked at one by one, chosen."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker.access import policy, wiring
from request_tracker.actions import choosing
from request_tracker.actions.choosing import Picked
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit
from request_tracker.rules import needs, proposal_words
from request_tracker.rules.needs import Needs
from request_tracker.rules.process import Refused
from request_tracker.rules.strangers import plain
from request_tracker.rules.table_tree import Branch, Picture, ancestors, picture
from request_tracker.store import evidence, reading_case, reading_proposal
from request_tracker.store.cases import Case
from request_tracker.store.reading_proposal import Proposal
from request_tracker.web.case_forms import NOTHING, Attempt, a_field, problem_of
from request_tracker.web.texts import say

proposal = Blueprint("proposal", __name__)
Work = Callable[[Session, Case], object]
MOST_SHOWN = 500
"""Rows of one page; with more tables than that a person searches first."""
ONLY = (("", "All"), ("chosen", "Needed only"), ("matching", "Those that match the data needed"))
FEW = 3
"""Example rows shown of a table."""


@dataclass(frozen=True)
class RowShown:
    """A table of the page. `place` numbers it in the whole proposal; `hits`: words of the data needed it answers."""

    place: int
    branch: Branch
    is_ticked: bool
    is_walked: bool
    hits: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """The filter, and what is offered to be ticked: all, matching, none; empty: what is chosen."""

    text: str = ""
    only: str = ""
    take: str = ""


@proposal.get("/cases/<number>/proposal")
def show(number: str) -> ResponseReturnValue:
    return _page(number)


@proposal.post("/cases/<number>/proposal")
def choose(number: str) -> ResponseReturnValue:
    try:
        changed = _write(number, _choose)
    except (Unfit, Overtaken, Refused) as fault:
        return _page(number, fault), 422 if isinstance(fault, Unfit) else 409
    flash(say("tables_chosen") if changed else say("chosen_so_already"), "ok")
    return redirect(url_for("proposal.show", number=number), 303)


@proposal.post("/cases/<number>/proposal/data-needed")
def take(number: str) -> ResponseReturnValue:
    seen = http.form.get("seen", "")
    try:
        _write(number, lambda session, case: choosing.take(session, case, wiring.act(), seen=seen))
    except (Unfit, Overtaken, Refused) as fault:
        return _page(number, fault), 422 if isinstance(fault, Unfit) else 409
    flash(say("data_needed_recorded"), "ok")
    return redirect(url_for("case.show", number=number, _anchor="consultation"), 303)


@proposal.get("/cases/<number>/proposal/<table>")
def table(number: str, table: str) -> ResponseReturnValue:
    """One table in full; the page of all tables takes its middle part out of this one."""
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        found = reading_proposal.proposal(session, case)
    branch = found.branch(table) if found else None
    if found is None or branch is None:
        abort(404, say("no_such_proposed_table"))
    examples = found.analysis.examples.get(table, ())[:FEW]
    return render_template(
        "proposal/table.html",
        number=case.number,
        service=case.service_name,
        branch=branch,
        table=branch.table,
        place=found.branches.index(branch),
        decided=found.decided.get(table),
        examples=[_pretty(each) for each in examples],
        is_made_up=table in found.analysis.made_up,
        words=proposal_words,
        plain=plain,
    )


def _choose(session: Session, case: Case) -> object:
    """Tables are posted by their places, which mean something in the document that was looked at alone."""
    found = reading_proposal.proposal(session, case)
    seen = http.form.get("seen", "")
    if found is not None and not _is_of(found, seen):
        raise Overtaken(choosing.NEWER)
    places = {str(place): each.name for place, each in enumerate(found.branches)} if found else {}
    ticked, shown = set(http.form.getlist("wanted")), http.form.getlist("shown")
    picked = {places.get(each, each): each in ticked for each in dict.fromkeys([*shown, *sorted(ticked)])}
    let_go = dict.fromkeys(found.gone if found else (), False)
    return choosing.choose(session, case, Picked(let_go | picked, seen), wiring.act())


def _is_of(found: Proposal, seen: str) -> bool:
    return seen.partition(".")[0] == str(found.document_id)


def _write(number: str, work: Work) -> object:
    with wiring.transaction() as session:
        return work(session, reading_case.case_for(session, number, wiring.viewer(), lock=True))


def _page(number: str, fault: Exception | None = None) -> str:
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        found = reading_proposal.proposal(session, case)
        recorded = evidence.standing(session, case.id).get(choosing.KEY)
        ended = case.outcome is not None
    may = {name for name in ("choose", "take") if policy.may(f"proposal.{name}", wiring.viewer().role) and not ended}
    given = {"number": case.number, "service": case.service_name, "form": _problem(fault), "may": may}
    if found is None or not found.branches:
        return render_template("proposal/nothing.html", found=found, **given)
    asked = _asked()
    needed = needs.match("\n".join(text for _, text in found.data_needed), found.analysis)
    hits = _hits(needed)
    ticked, offered = _ticked(found, asked, hits)
    rows = [row for row in _rows(found, ticked, hits) if _is_shown(row, asked, found)]
    return render_template(
        "proposal/show.html",
        **given,
        found=found,
        rows=rows[:MOST_SHOWN],
        left_out=max(0, len(rows) - MOST_SHOWN),
        asked=asked,
        offered=offered,
        ticked=ticked,
        walked=sorted(found.walked),
        needed=needed,
        matching=len(hits),
        drawn=_drawn(found),
        here={row.branch.name: row.place for row in rows[:MOST_SHOWN]},
        recorded=recorded,
        outdated=_named_in(recorded.note if recorded else "", found.gone),
        words=proposal_words,
        plain=plain,
        search=a_field(NOTHING, "search", "q", "Find a table", data=asked.text, required=False),
        only=a_field(NOTHING, "search", "only", "Show", kind="select", data=asked.only, choices=ONLY),
    )


def _asked() -> Asked:
    only, wish = http.values.get("only", ""), http.args.get("take", "")
    return Asked(
        http.values.get("q", "").strip()[:200],
        only if only in dict(ONLY) else "",
        wish if wish in ("all", "matching", "none") else "",
    )


def _hits(needed: Needs) -> dict[str, tuple[str, ...]]:
    """The words of the data needed by the table that answers them."""
    found: dict[str, list[str]] = {}
    for hit in needed.hits:
        for name in hit.tables:
            found.setdefault(name, []).append(hit.word)
    return {name: tuple(words) for name, words in found.items()}


def _ticked(found: Proposal, asked: Asked, hits: dict[str, tuple[str, ...]]) -> tuple[frozenset[str], bool]:
    """What is ticked, and whether that is an offer that nobody has saved. After a refused try: what was ticked."""
    if http.method == "POST" and "shown" in http.form and _is_of(found, http.form.get("seen", "")):
        posted = set(http.form.getlist("wanted"))
        return frozenset(each.name for place, each in enumerate(found.branches) if str(place) in posted), False
    match = frozenset(hits) & frozenset(found.tables)
    offers = {"all": frozenset(found.tables), "matching": match, "none": frozenset[str]()}
    if asked.take:
        return offers[asked.take], offers[asked.take] != found.chosen
    return (match, True) if match and not found.decided else (found.chosen, False)


def _rows(found: Proposal, ticked: frozenset[str], hits: dict[str, tuple[str, ...]]) -> list[RowShown]:
    walked = ancestors(found.tables, ticked) - ticked
    return [
        RowShown(place, each, each.name in ticked, each.name in walked, hits.get(each.name, ()))
        for place, each in enumerate(found.branches)
    ]


def _is_shown(row: RowShown, asked: Asked, found: Proposal) -> bool:
    wanted = {"": True, "chosen": row.branch.name in found.chosen, "matching": bool(row.hits)}[asked.only]
    told = f"{row.branch.name} {row.branch.table.path} {row.branch.table.summary}"
    return wanted and asked.text.casefold() in told.casefold()


def _named_in(note: str, tables: Iterable[str]) -> tuple[str, ...]:
    """Those of the tables that the recorded data requirements name."""
    words = set(re.findall(r"\w+", note))
    return tuple(each for each in tables if each in words)


def _drawn(found: Proposal) -> Picture | None:
    """A picture of tables that all stand alone would show nothing."""
    return picture(found.branches, found.chosen) if any(each.level for each in found.branches) else None


def _pretty(example: object) -> str:
    """A record as indented JSON, bounded."""
    text = json.dumps(example, indent=2, ensure_ascii=False, default=str)[:3000]
    return "\n".join(_plain_line(line) for line in text.splitlines())


def _plain_line(line: str) -> str:
    indent = len(line) - len(line.lstrip(" "))
    return " " * indent + plain(line, 300)


def _problem(fault: Exception | None) -> object:
    return None if fault is None else problem_of(Attempt("", {}, (("tables", str(fault)),)), {"tables": "tables"})

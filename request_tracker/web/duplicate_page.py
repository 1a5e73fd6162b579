"""One pair of the duplicates inbox as a page: both cases, which would go on, what was decided last, what comes next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template, url_for
from flask import request as http
from flask import session as cookie
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import linking, merge
from request_tracker.actions.merge import Preview
from request_tracker.actions.undo import last_undoable
from request_tracker.rules import merging
from request_tracker.rules.phases import Blocker
from request_tracker.store import dismissals, reading_case, reading_duplicates, reading_pair
from request_tracker.store.cases import Case, case_number
from request_tracker.store.merges import Merge
from request_tracker.store.reading_duplicates import Filter
from request_tracker.store.reading_pair import Found
from request_tracker.store.reading_places import Place
from request_tracker.web import case_clocks, duplicate_sides
from request_tracker.web.case_forms import Attempt, problem_of
from request_tracker.web.duplicate_sides import Line, Side

FILTERS = ("band", "phase", "assignee")
DECIDED = "decided"
"""The key of the session cookie under which the last decision lies: {"merge": id} or {"pair": [left, right]}."""


@dataclass(frozen=True)
class PairView:
    """`root` goes on and `child` is merged into it, as long as nobody swaps. `other_way`: why not the other way."""

    left: Side
    right: Side
    root: Side
    child: Side
    found: Found | None
    preview: Preview
    other_way: tuple[Blocker, ...]
    is_usual: bool
    identity: tuple[Line, ...]
    standing: tuple[Line, ...]


@dataclass(frozen=True)
class Decision:
    """What the person decided last, as long as it can be taken back. `child` is empty for a dismissed pair."""

    sentence: str
    left: str
    right: str
    child: str
    version: int
    until_at: datetime | None
    root: str


def show(
    left: str, right: str, *, into: str = "", blockers: tuple[Blocker, ...] = (), status: int = 200
) -> ResponseReturnValue:
    """The pair side by side, or what became of it. `into`: the number of the case that shall go on."""
    with wiring.reading() as session:
        pair = reading_pair.both(session, left, right, wiring.viewer())
        found = reading_pair.scored(session, *pair)
        onward = next_href(session, found.place if found else None)
        last = decided(session)
        gone = reading_pair.gone(session, *pair)
        view = _view(session, *pair, found, into) if gone is None else None
    if view is None:
        page = {"gone": gone, "left": _card(pair[0]), "right": _card(pair[1])}
        return render_template("duplicates/gone.html", **page, next_href=onward, decided=last, kept=kept()), status
    return (
        render_template(
            "duplicates/show.html", pair=view, next_href=onward, decided=last, kept=kept(),
            form=problem_of(Attempt(blockers=blockers), {}),
        ),
        status,
    )  # fmt: skip


def kept() -> dict[str, Any]:
    """The filters of the address, which every link of the inbox carries on."""
    typed = {name: http.args.get(name, "").strip() for name in FILTERS}
    return {name: text for name, text in typed.items() if text}


def wanted(typed: Mapping[str, str]) -> Filter:
    return Filter(**{name: typed.get(name, "") for name in (*FILTERS, "cursor")})


def next_href(session: Session, place: Place | None) -> str:
    """The address of the pair after this place in the filtered list; empty at its end."""
    found = reading_duplicates.following(session, wanted(kept()), wiring.viewer(), place)
    return url_for("duplicates.show", left=found[0], right=found[1], **kept()) if found else ""


def decided(session: Session) -> Decision | None:
    """What this person decided last in this browser, if it still stands and can be taken back."""
    last = cookie.get(DECIDED)
    if not isinstance(last, dict):
        return None
    return _merge_decided(session, last["merge"]) if "merge" in last else _pair_decided(session, *last["pair"])


def _merge_decided(session: Session, merge_id: int) -> Decision | None:
    link = session.get(Merge, merge_id)
    if link is None or link.unmerged_at is not None or link.merged_by_id != wiring.viewer().id:
        return None
    child, act = session.get_one(Case, link.child_id), wiring.act()
    entry = last_undoable(session, child, act)
    if entry is None or entry.id != link.event_id:
        return None
    root = case_number(link.into_id)
    left, right = sorted((child.number, root))
    sentence = f"{child.number} was merged into {root}."
    return Decision(sentence, left, right, child.number, child.version, entry.at + act.program.undo_for, root)


def _pair_decided(session: Session, left: int, right: int) -> Decision | None:
    row = dismissals.between(session, left, right)
    if row is None or row.by_id != wiring.viewer().id:
        return None
    one, other = case_number(left), case_number(right)
    words = "not the same" if row.kind == "different" else "related, but not the same"
    return Decision(f"{one} and {other} were called {words}.", one, other, "", 0, None, "")


def _view(session: Session, left: Case, right: Case, found: Found | None, into: str) -> PairView:
    sides = {case.id: _side(session, case) for case in (left, right)}
    usual = _usual(session, left, right)
    root = next((case for case in (left, right) if case.number == into.strip().upper()), usual)
    child = right if root is left else left
    one, other = sides[left.id], sides[right.id]
    ours, theirs = linking.side(session, child), linking.side(session, root)
    return PairView(
        left=one,
        right=other,
        root=sides[root.id],
        child=sides[child.id],
        found=found,
        preview=merge.preview(session, child, root, wiring.act()),
        other_way=merging.blockers(theirs, ours, wiring.viewer().role),
        is_usual=root is usual,
        identity=duplicate_sides.identity(one.view, other.view),
        standing=duplicate_sides.standing(one, other),
    )


def _usual(session: Session, left: Case, right: Case) -> Case:
    """The canonical one; the other where this person may merge in that direction only."""
    sides = {case.id: linking.side(session, case) for case in (left, right)}
    lead = merging.canonical(sides[left.id], sides[right.id])
    root, child = (left, right) if lead.id == left.id else (right, left)
    role, below = wiring.viewer().role, sides[child.id]
    only_other_way = merging.blockers(below, lead, role) and not merging.blockers(lead, below, role)
    return child if only_other_way else root


def _side(session: Session, case: Case) -> Side:
    view = reading_case.view(session, case, wiring.act())
    return duplicate_sides.side(view, case_clocks.shown(session, case.id, wiring.now()))


def _card(case: Case) -> dict[str, str]:
    return {"number": case.number, "service_name": case.service_name}

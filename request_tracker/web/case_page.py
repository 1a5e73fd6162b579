"""The case page assembled: everything one decision needs, as plain rows and forms."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker.access import policy, wiring
from request_tracker.actions.merge import lot_of
from request_tracker.actions.undo import last_undoable
from request_tracker.rules.completeness import Checklist, told
from request_tracker.rules.drawing import Step, steps
from request_tracker.rules.matching import Entry
from request_tracker.rules.telling import sentence
from request_tracker.rules.terms import HOLD_WORDS, AuthKind, Outcome, Phase
from request_tracker.store import (
    candidates,
    cases,
    heirs,
    merges,
    presences,
    reading_case,
    reading_completeness,
    reading_documents,
    reading_duplicates,
    reading_knowledge,
    reading_letters,
    reading_proposal,
    reading_syncs,
    reading_timeline,
)
from request_tracker.store.candidates import Suggestion
from request_tracker.store.case_rows import CaseView, CommentRow, TimelineRow
from request_tracker.store.cases import Case
from request_tracker.store.facts import vacancy
from request_tracker.store.merges import Merge
from request_tracker.store.once import remembering
from request_tracker.store.presences import Colleague
from request_tracker.store.reading_documents import Documents
from request_tracker.store.reading_duplicates import RelatedRow
from request_tracker.store.reading_knowledge import Offer
from request_tracker.store.reading_proposal import Brief
from request_tracker.store.reading_syncs import Synced
from request_tracker.store.reply_templates import Words
from request_tracker.web import (
    case_clocks,
    case_evidence,
    case_forecast,
    case_matters,
    case_moves,
    case_open,
    case_order,
    case_templates,
    meeting_forms,
)
from request_tracker.web.case_clocks import ClockShown
from request_tracker.web.case_evidence import CriterionShown, EvidenceShown
from request_tracker.web.case_forecast import ForecastShown
from request_tracker.web.case_forms import NOTHING, UNASKED, Asked, Attempt, CaseForm, Filled, Problem, problem_of
from request_tracker.web.case_matters import Matters
from request_tracker.web.case_moves import Moves
from request_tracker.web.knowledge_forms import OFFERED
from request_tracker.web.meeting_forms import Desk
from request_tracker.web.roles import RoleShown, roles_of


@dataclass(frozen=True)
class Leading:
    """`vacancy`: who is asked to lead, a sentence; `lots`: how many merges the undo of a link would take back."""

    vacancy: str
    would_join: int
    lots: dict[int, int]


@dataclass(frozen=True)
class Names:
    """Services related to this one, names of merged cases that may be remembered, and as what kinds."""

    related: tuple[RelatedRow, ...]
    offers: tuple[Offer, ...]
    kinds: tuple[tuple[str, str], ...] = OFFERED


@dataclass(frozen=True)
class Undoable:
    sentence: str
    until_at: datetime


@dataclass(frozen=True)
class CasePage:
    """`may` names the endpoints open to the viewer on this case as it stands; `seen` the newest timeline entry."""

    view: CaseView
    leading: Leading
    root_phase: Phase
    root_outcome: str | None
    merge_id: int | None
    may: frozenset[str]
    moves: Moves
    undo: Undoable | None
    steps: tuple[Step, ...]
    clocks: tuple[ClockShown, ...]
    forecast: ForecastShown | None
    unreached: frozenset[str]
    suggestions: tuple[Suggestion, ...]
    names: Names
    evidence: dict[str, list[EvidenceShown]]
    criteria: tuple[CriterionShown, ...]
    documents: Documents
    synced: Synced
    roles: dict[str, RoleShown]
    review: Checklist
    proposal: Brief | None
    matters: Matters
    desk: Desk | None
    timeline: tuple[TimelineRow, ...]
    comments: tuple[CommentRow, ...]
    order: tuple[str, ...]
    opened: frozenset[str]
    at_hand: str
    colleagues: tuple[Colleague, ...]
    templates: dict[str, tuple[Words, ...]]
    told: str
    keys: tuple[tuple[str, str], ...]
    seen: int
    problem: Problem | None


def show(number: str, attempt: Attempt = NOTHING, status: int = 200, *, asked: Asked = UNASKED) -> ResponseReturnValue:
    """The case page, with the attempt that was not taken shown in its own form, or what the address asks for open."""
    with wiring.reading() as session, remembering(session):
        page = assemble(session, reading_case.case_for(session, number, wiring.viewer()), attempt, asked)
    shown = render_template(
        "case/show.html",
        now=wiring.now(),
        page=page,
        case=page.view,
        form=page.problem,
        hold_words=HOLD_WORDS,
        auth_words={each.value: each.words for each in AuthKind},
        titles=case_order.TITLES,
    )
    return shown, status


def assemble(session: Session, case: Case, attempt: Attempt, asked: Asked = UNASKED) -> CasePage:
    act, viewer = wiring.act(), wiring.viewer()
    view = reading_case.view(session, case, act)
    root = cases.root_of(session, case)
    may = case_open.open_to(view, viewer.role, is_asked=heirs.open_ask(session, case.id) is not None)
    timeline, entered = reading_timeline.told_and_entered(session, case, viewer)
    outcome = Outcome(view.outcome) if view.outcome else None
    review = reading_completeness.checklist(session, case)
    may_write = bool(may & {"case.move", "case.hold", "case.comment"})
    templates = case_templates.offered(session) if may_write else {}
    words = case_templates.filled(view, templates, asked)
    filled = Filled({"move-rework": {"gaps": "\n".join(told(review.gaps))}, **words.texts}, words.told)
    moves = case_moves.moves(view, attempt, filled, asked.form_id)
    evidence = case_evidence.sections(view, viewer.role, attempt, may_write="case.put_evidence" in may)
    criteria = case_evidence.criteria(view, attempt)
    matters = case_matters.matters(session, view, attempt, may, filled=filled, asked=asked.form_id)
    desk = meeting_forms.desk(session, case, view, attempt, timeline)
    comments = reading_timeline.comments_of(session, case, viewer)
    names = Names(reading_duplicates.related(session, case.id, viewer), _offers(session, case) if view.merged else ())
    open_too = (
        "conversation" if comments or any(row.answer for row in view.holds) else "",
        "duplicates" if names.offers else "",
        "supporters" if view.primary is None else "",
    )
    return CasePage(
        view=view,
        leading=_leading(session, case, view),
        root_phase=Phase(root.phase),
        root_outcome=root.outcome,
        merge_id=_merge_id(session, case),
        may=may,
        moves=moves,
        undo=_undo(session, case) if "case.undo" in may else None,
        steps=steps(view.phase, outcome, entered),
        clocks=case_clocks.shown(session, case.id, act.now),
        forecast=case_forecast.shown(session, view),
        unreached=reading_letters.unreached(session, [row.number for row in view.requests]),
        suggestions=_suggestions(session, case),
        names=names,
        evidence=evidence,
        criteria=criteria,
        documents=reading_documents.documents(session, case, viewer),
        synced=reading_syncs.synced(session, case, viewer),
        roles=roles_of(session, view.requests),
        review=review,
        proposal=reading_proposal.brief(session, case.id),
        matters=matters,
        desk=desk,
        timeline=timeline,
        comments=comments,
        order=case_order.order(view, viewer.role),
        opened=case_order.opened(
            view,
            form_id=attempt.form_id or asked.form_id,
            blockers=attempt.blockers,
            asked=asked.open,
            waiting=open_too,
        ),
        at_hand=case_order.at_hand(view),
        colleagues=presences.others(session, case.id, viewer.id, now=act.now),
        templates=templates,
        told=filled.told,
        keys=tuple((key, does) for name, key, does in case_open.KEYS if name in may),
        seen=timeline[0].id if timeline else 0,
        problem=_problem(
            attempt, [*moves.forms, *_evidence_forms(evidence), *matters.forms, *_desk_forms(desk)], criteria
        ),
    )


def forms_of(page: CasePage) -> list[CaseForm]:
    """Every form that stands on the page, but the one of the eight criteria."""
    return [*page.moves.forms, *_evidence_forms(page.evidence), *page.matters.forms, *_desk_forms(page.desk)]


def span(duration: timedelta) -> str:
    """`10 minutes`, `10 seconds`: how long something can be undone."""
    seconds = int(duration.total_seconds())
    return f"{seconds} seconds" if seconds < 120 else f"{seconds // 60} minutes"


def _leading(session: Session, case: Case, view: CaseView) -> Leading:
    live = [row for row in view.requests if row.withdrawn_at is None]
    joining = {row.email for row in live if row.would_preview}
    lots = {link.id: len(lot) for link, lot in _lots(session, case)} if view.merged else {}
    return Leading(vacancy(session, case) if case.merged_into_id is None else "", len(joining), lots)


def _lots(session: Session, case: Case) -> Iterator[tuple[Merge, list[Merge]]]:
    """The merges that were made together and can still be undone together, by the first of each lot."""
    seen: set[int] = set()
    for link in merges.standing_below(session, case.id):
        lot = [] if link.id in seen else lot_of(session, link, wiring.act())
        seen |= {each.id for each in lot}
        if lot:
            yield link, lot


def _undo(session: Session, case: Case) -> Undoable | None:
    act = wiring.act()
    entry = last_undoable(session, case, act)
    if entry is None:
        return None
    return Undoable(f"{sentence(entry.kind, entry.data)}.", entry.at + act.program.undo_for)


def _merge_id(session: Session, case: Case) -> int | None:
    if case.merged_into_id is None:
        return None
    return next(link.id for link in merges.standing_below(session, case.merged_into_id) if link.child_id == case.id)


def _offers(session: Session, case: Case) -> tuple[Offer, ...]:
    if case.merged_into_id is not None or not policy.may("offers.remember", wiring.viewer().role):
        return ()
    return reading_knowledge.offers(session, case, wiring.knowledge(session))


def _suggestions(session: Session, case: Case) -> tuple[Suggestion, ...]:
    if case.outcome is not None:
        return ()
    entry = Entry(case.service_name, case.service_url, case.api_docs_url)
    return tuple(candidates.suggest(session, entry, wiring.knowledge(session), beside=case.id))


def _desk_forms(desk: Desk | None) -> list[CaseForm]:
    return list(desk.forms) if desk is not None else []


def _evidence_forms(found: dict[str, list[EvidenceShown]]) -> list[CaseForm]:
    return [form for rows in found.values() for row in rows for form in (row.put, row.void) if form is not None]


def _problem(attempt: Attempt, forms: list[CaseForm], criteria: tuple[CriterionShown, ...]) -> Problem | None:
    fields = [row for form in forms if form.id == attempt.form_id for row in form.fields]
    anchors = {row.name: row.id for row in fields}
    if attempt.form_id == "assess":
        anchors = {"criteria": "assessment"} | {each.verdict.name: each.verdict.id for each in criteria}
    return problem_of(attempt, anchors)

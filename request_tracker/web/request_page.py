"""A requester's page assembled: where the request stands, what is promised, what is asked, what was said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions.advance import ended_with
from request_tracker.rules.drawing import Step, steps
from request_tracker.rules.evidence import MINUTES
from request_tracker.rules.task_words import asked_words
from request_tracker.rules.tasks import AWAY, OUTCOMES, Standing, asked, due
from request_tracker.rules.terms import Criterion, HoldReason, Outcome, Phase, Role
from request_tracker.store import (
    cases,
    heirs,
    reading_access,
    reading_case,
    reading_completeness,
    reading_syncs,
    reading_tables,
    reading_timeline,
    requests,
)
from request_tracker.store.case_rows import CaseView, CommentRow, EvidenceRow, RequestRow, TimelineRow
from request_tracker.store.cases import Case
from request_tracker.store.people import Account, Person
from request_tracker.store.reading_access import Access
from request_tracker.store.reading_syncs import Synced
from request_tracker.store.reading_tables import TablesView
from request_tracker.store.requests import Request
from request_tracker.web import case_forecast, meeting_choice
from request_tracker.web.case_forecast import ForecastShown
from request_tracker.web.case_forms import FormField
from request_tracker.web.meeting_choice import Choice, Objection
from request_tracker.web.request_forms import (
    COMMENT,
    FILE,
    Attempt,
    Question,
    Trouble,
    field,
    note,
    questions_of,
    trouble,
)
from request_tracker.web.request_promise import Promise, promises
from request_tracker.web.request_words import Ball, ball_of, state_key, typed_rows
from request_tracker.web.roles import RoleMissing, role_missing

DECLINES = ("move.decline", "move.decline_late")
DECLINE_LABELS = (
    ("Criterion", "Not met"),
    ("Explanation", "Why"),
    ("Findings", "What we found"),
    ("Alternatives", "What you can use instead"),
)
"""The words of a decline in the order in which they are read, each with its label."""


@dataclass(frozen=True)
class Decline:
    words: tuple[tuple[str, str], ...]
    appeal_until: datetime | None


@dataclass(frozen=True)
class RequestPage:
    """`own`: the reader's own request; `mine`: they are the primary requester, whose tasks these are.

    `lead_until`: until when the person of this request may say whether they take the lead, None where nobody asked.
    """

    row: RequestRow
    view: CaseView
    own: bool
    mine: bool
    combined: bool
    status: str
    ball: Ball
    steps: tuple[Step, ...]
    promises: tuple[Promise, ...]
    asked_by: str
    forecast: ForecastShown | None
    tasks: tuple[str, ...]
    due: tuple[str, ...]
    questions: tuple[Question, ...]
    minutes: tuple[EvidenceRow, ...]
    times: str
    meeting: Choice | None
    objection: Objection
    notes: Mapping[str, FormField]
    decline: Decline | None
    typed: tuple[dict[str, str | Markup], ...]
    timeline: tuple[TimelineRow, ...]
    comments: tuple[CommentRow, ...]
    comment: FormField
    file: FormField
    may_add_file: bool
    state: str
    lead_until: datetime | None
    may_answer_preview: bool
    may_withdraw: bool
    back_until: datetime | None
    trouble: Trouble | None
    role_missing: RoleMissing | None
    tables: TablesView | None
    synced: Synced
    reviewed: str
    access: Access
    access_needs: tuple[str, ...]


def page_of(session: Session, request: Request, attempt: Attempt) -> RequestPage:
    act, viewer = wiring.act(), wiring.viewer()
    own_case = session.get_one(Case, request.case_id)
    root = cases.root_of(session, own_case)
    view = reading_case.view(session, root, act)
    primary = requests.primary_of(session, root)
    lead_until = _lead_until(session, request, root)
    mine = primary is not None and primary.person_id == viewer.id and request.person_id == viewer.id
    own = request.person_id == viewer.id
    open_now = request.withdrawn_at is None and view.outcome is None and view.full
    meeting = meeting_choice.choice(session, root, attempt, mine=mine) if open_now else None
    standing = standing_of(view, meeting)
    timeline = _timeline(session, own_case, root)
    questions = questions_of(view, attempt) if open_now else ()
    notes = {name: note(name, attempt) for name in ("minutes", "review", "verify")}
    comment = field(COMMENT, "Comment", "body", attempt)
    objection = meeting_choice.objection(attempt)
    file = field(FILE, "Add a file", "document", attempt)
    ours = viewer.account_id is not None and any(each.withdrawn_at is None for each in view.requests)
    outcome = Outcome(view.outcome) if view.outcome else None
    row = row_of(session, request, root)
    return RequestPage(
        row=row,
        view=view,
        own=own,
        mine=mine,
        combined=own_case.id != root.id,
        status=_status(request, view),
        ball=ball_of(
            request,
            view,
            standing,
            mine=mine,
            asker=_name(session, primary),
            viewer=viewer,
            is_led=primary is not None,
            lead_until=lead_until,
        ),
        steps=steps(view.phase, outcome, reading_timeline.entered(session, root)),
        promises=() if outcome or request.withdrawn_at else promises(view, act.now),
        asked_by=asked_words(view.accounts, own=ours),
        forecast=None if outcome or request.withdrawn_at else case_forecast.shown(session, view),
        tasks=asked(standing) if open_now else (),
        due=due(standing) if open_now else (),
        questions=questions,
        minutes=tuple(row for row in view.evidence if row.key in MINUTES),
        times="" if meeting else _times(view, timeline),
        meeting=meeting,
        objection=objection,
        notes=notes,
        decline=_decline(view, timeline),
        typed=typed_rows(request),
        timeline=tuple(entry for entry in timeline if entry.kind != "comment"),
        comments=_comments(session, own_case, root),
        comment=comment,
        file=file,
        may_add_file=viewer.role is Role.REQUESTER and request.withdrawn_at is None and view.outcome is None,
        state=state_key(view),
        lead_until=lead_until,
        may_answer_preview=own and request.withdrawn_at is None and view.outcome is None,
        may_withdraw=_may_leave(request) and request.withdrawn_at is None and view.outcome is None,
        back_until=_back_until(request, root),
        trouble=trouble(
            (*(each.field for each in questions), *_meeting_fields(meeting, objection), *notes.values(), comment, file)
        ),
        role_missing=_role_missing(session, row, view) if own else None,
        tables=_tables(session, root),
        synced=synced_of(session, root, view),
        reviewed=_reviewed(session, root, view),
        access=reading_access.access(session, request),
        access_needs=reading_access.needed(session, request),
    )


def _role_missing(session: Session, row: RequestRow, view: CaseView) -> RoleMissing | None:
    """Asked for while the request goes on, until the build begins."""
    is_over = row.withdrawn_at is not None or view.outcome is not None or view.phase.order >= Phase.DEVELOPMENT.order
    return None if is_over else role_missing(session, row)


def _tables(session: Session, root: Case) -> TablesView | None:
    """What was chosen and what is there, for the account whose data it is; None where there is nothing to show."""
    found = reading_tables.for_viewer(session, root, wiring.viewer())
    return found if found is not None and found.rows else None


def synced_of(session: Session, root: Case, view: CaseView) -> Synced:
    """What the preview brings, for the account whose connection it is; nothing before the preview."""
    if not view.full or view.phase.order < Phase.PRIVATE_PREVIEW.order:
        return reading_syncs.NOTHING
    return reading_syncs.synced(session, root, wiring.viewer())


def _reviewed(session: Session, root: Case, view: CaseView) -> str:
    """How far our own review is; empty where there is none."""
    if not view.full or view.phase is not Phase.PRIVATE_PREVIEW:
        return ""
    state = reading_completeness.checklist(session, root)
    return f"We have compared {state.reviewed} of {state.total} tables with the service." if state.reviewed else ""


def _meeting_fields(meeting: Choice | None, objection: Objection) -> tuple[FormField, ...]:
    return (*(meeting.all_fields if meeting else ()), objection.parts, objection.words)


def standing_of(view: CaseView, meeting: Choice | None) -> Standing:
    return Standing(
        phase=view.phase,
        keys=frozenset(row.key for row in view.evidence),
        has_question=any(HoldReason(hold.reason).on_requester for hold in view.open_holds),
        may_grant=view.connection is not None and view.connection.may_grant,
        is_gone=view.connection is not None and view.connection.asks_wanted,
        is_away=view.connection is not None and view.connection.state in AWAY,
        may_choose=meeting is not None and meeting.asks,
    )


def row_of(session: Session, request: Request, root: Case) -> RequestRow:
    person, account = session.get_one(Person, request.person_id), session.get_one(Account, request.account_id)
    return reading_case.request_row(session, request, person, account.name, primary_id=root.primary_request_id)


def _status(request: Request, view: CaseView) -> str:
    if request.withdrawn_at is not None:
        return "Withdrawn"
    return OUTCOMES.get(view.outcome or "") or f"In {view.phase.words}"


def _lead_until(session: Session, request: Request, root: Case) -> datetime | None:
    ask = heirs.open_ask(session, root.id)
    return ask.expires_at if ask is not None and ask.request_id == request.id else None


def _name(session: Session, primary: Request | None) -> str:
    """The primary requester by name, to their own account and to staff; to nobody else."""
    viewer = wiring.viewer()
    if primary is None or not (viewer.is_staff or viewer.account_id == primary.account_id):
        return "the primary requester"
    return session.get_one(Person, primary.person_id).name


def _timeline(session: Session, own_case: Case, root: Case) -> tuple[TimelineRow, ...]:
    """What happened to the own case and, once it was combined, to the one that goes on; nothing internal."""
    viewer = wiring.viewer()
    both = [own_case] if own_case.id == root.id else [own_case, root]
    rows = [
        entry for each in both for entry in reading_timeline.timeline_of(session, each, viewer) if not entry.internal
    ]
    return tuple(sorted(rows, key=lambda entry: (entry.at, entry.id), reverse=True))


def _comments(session: Session, own_case: Case, root: Case) -> tuple[CommentRow, ...]:
    """The account's conversation, oldest first. Staff read all conversations on the case page instead."""
    viewer = wiring.viewer()
    if viewer.is_staff:
        return ()
    both = [own_case] if own_case.id == root.id else [own_case, root]
    rows = [row for each in both for row in reading_timeline.comments_of(session, each, viewer)]
    return tuple(sorted(rows, key=lambda row: row.at))


def _times(view: CaseView, timeline: tuple[TimelineRow, ...]) -> str:
    """The meeting times offered last, while the meeting is not on record."""
    held = any(row.key == "service_demonstrated" for row in view.evidence)
    if view.phase is not Phase.CONSULTATION or view.outcome or held or not view.full:
        return ""
    return next((text for entry in timeline if entry.kind == "slots" for _, text in entry.words), "")


def _decline(view: CaseView, timeline: tuple[TimelineRow, ...]) -> Decline | None:
    if view.outcome != Outcome.NOT_A_CANDIDATE:
        return None
    words = dict(next((entry.words for entry in timeline if entry.kind in DECLINES), ()))
    until = view.ended_at + wiring.act().program.appeal_for if view.ended_at else None
    return Decline(tuple((label, _plain(words[name])) for name, label in DECLINE_LABELS if name in words), until)


def _plain(text: str) -> str:
    return Criterion(text).words if text in list(Criterion) else text


def _may_leave(request: Request) -> bool:
    viewer = wiring.viewer()
    return request.person_id == viewer.id or viewer.role is Role.SPECIALIST


def _back_until(request: Request, root: Case) -> datetime | None:
    """Until when the withdrawal can be taken back by the reader; None where it cannot."""
    if request.withdrawn_at is None or not _may_leave(request):
        return None
    until = request.withdrawn_at + wiring.act().program.reinstate_for
    ended_by_it = root.outcome == Outcome.WITHDRAWN and ended_with(root, request)
    return until if wiring.now() <= until and (root.outcome is None or ended_by_it) else None

"""A case as its viewer may see it: staff everything, the primary's account its own matters, others the public card."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.rules import process
from request_tracker.rules.evidence import EVIDENCE
from request_tracker.rules.people import Act, Viewer
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.process import Option
from request_tracker.rules.telling import sentence, words
from request_tracker.rules.terms import USABLE_STARTER, Criterion, Phase, Role
from request_tracker.store import assessments, cases, clocks, connections, evidence, holds, merges, requests
from request_tracker.store.cases import Case, NoSuchCase, case_number
from request_tracker.store.clocks import Clock
from request_tracker.store.documents import Document
from request_tracker.store.facts import facts_of, supporters
from request_tracker.store.holds import Comment
from request_tracker.store.people import Account, Person
from request_tracker.store.requests import NoSuchRequest, Request
from request_tracker.store.timeline import Entry, EntryText


@dataclass(frozen=True)
class ClockRow:
    name: str
    label: str
    cycle: int
    state: str
    started_at: datetime | None
    due_at: datetime | None
    at_risk_at: datetime | None
    elapsed_s: float
    target_s: float
    verdict: str | None
    breached_at: datetime | None
    internal: bool


@dataclass(frozen=True)
class HoldRow:
    id: int
    reason: str
    question: str
    since: datetime
    expected_until: datetime | None
    ended_at: datetime | None
    answer: str | None


@dataclass(frozen=True)
class EvidenceRow:
    key: str
    label: str
    value: str
    who: str
    at: datetime
    source: str
    note: str
    link: str


@dataclass(frozen=True)
class DocumentRow:
    id: int
    filename: str
    size: int
    created_at: datetime
    kept: bool


@dataclass(frozen=True)
class RequestRow:
    """One request of the tree. Only staff and the own account ever get this row."""

    number: str
    kind: str
    case: str
    person: str
    email: str
    account: str
    account_id: int
    service_name: str
    service_url: str
    api_docs_url: str
    use_case: str
    data_needed: str
    auth_kind: str
    sandbox: str
    endpoint_count: int | None
    custom_fields: str
    group_wanted: str
    fivetran_role: str
    also_tell: str
    would_preview: bool
    created_at: datetime
    withdrawn_at: datetime | None
    is_primary: bool
    documents: tuple[DocumentRow, ...]


@dataclass(frozen=True)
class ConditionRow:
    kind: str
    ok: bool
    reason: str
    message: str
    since: datetime


@dataclass(frozen=True)
class ConnectionRow:
    state: str
    connection_id: str | None
    group_id: str | None
    schema: str
    service: str
    conditions: tuple[ConditionRow, ...]
    may_grant: bool
    grace_until: datetime | None


@dataclass(frozen=True)
class CriterionRow:
    criterion: Criterion
    measured: str | None
    figure: str
    verdict: str | None
    note: str


@dataclass(frozen=True)
class MergeRow:
    id: int
    child: str
    service_name: str
    merged_at: datetime


@dataclass(frozen=True)
class TimelineRow:
    id: int
    at: datetime
    who: str
    kind: str
    sentence: str
    words: tuple[tuple[str, str], ...]
    internal: bool

    @property
    def note(self) -> str:
        return "\n".join(f"{name}: {text}" for name, text in self.words)


@dataclass(frozen=True)
class CommentRow:
    at: datetime
    who: str
    internal: bool
    body: str


@dataclass(frozen=True)
class CaseView:
    """`full` tells whether the viewer sees the case's inner matters (staff, or the primary's account)."""

    id: int
    number: str
    root: str
    service_name: str
    service_url: str
    api_docs_url: str
    phase: Phase
    outcome: str | None
    version: int
    assignee: str | None
    assignee_id: int | None
    opened_at: datetime
    phase_at: datetime
    ended_at: datetime | None
    persons: int
    accounts: int
    full: bool
    clocks: tuple[ClockRow, ...]
    holds: tuple[HoldRow, ...]
    evidence: tuple[EvidenceRow, ...]
    requests: tuple[RequestRow, ...]
    primary: str | None
    connection: ConnectionRow | None
    assessment: tuple[CriterionRow, ...]
    merged: tuple[MergeRow, ...]
    options: tuple[Option, ...]

    @property
    def is_merged(self) -> bool:
        return self.root != self.number

    @property
    def open_holds(self) -> tuple[HoldRow, ...]:
        return tuple(hold for hold in self.holds if hold.ended_at is None)

    @property
    def promise(self) -> ClockRow | None:
        """The first promise that runs or waits, not counting internal ones."""
        going = [row for row in self.clocks if not row.internal and row.state in ("running", "paused")]
        return min(going, key=lambda row: (row.due_at is None, row.due_at or row.started_at), default=None)


def may_know(session: Session, viewer: Viewer, case: Case) -> bool:
    """Staff know every case; a requester those in whose tree their account has a request."""
    if viewer.is_staff:
        return True
    tree = requests.of_tree(session, case.root_id or case.id)
    return any(each.account_id == viewer.account_id for each in tree)


def case_for(session: Session, number: str, viewer: Viewer, *, lock: bool = False) -> Case:
    """The case, or NoSuchCase where it does not exist or the viewer may not know of it."""
    case = cases.by_number(session, number, lock=lock)
    if not may_know(session, viewer, case):
        raise NoSuchCase(f"There is no case {number[:40]}")
    return case


def request_for(session: Session, number: str, viewer: Viewer) -> Request:
    """The request, or NoSuchRequest where it does not exist or belongs to another account."""
    request = requests.by_number(session, number)
    if not viewer.is_staff and request.account_id != viewer.account_id:
        raise NoSuchRequest(f"There is no request {number[:40]}")
    return request


def view(session: Session, case: Case, act: Act) -> CaseView:
    """Everything one page or one API answer needs, as of `act.now`, with no more than the viewer may see."""
    viewer = act.who
    primary = session.get(Request, case.primary_request_id) if case.primary_request_id else None
    full = viewer.is_staff or (primary is not None and primary.account_id == viewer.account_id)
    persons, accounts = supporters(session, case.root_id or case.id)
    return CaseView(
        id=case.id,
        number=case.number,
        root=case_number(case.root_id or case.id),
        service_name=case.service_name,
        service_url=case.service_url if full else "",
        api_docs_url=case.api_docs_url,
        phase=Phase(case.phase),
        outcome=case.outcome,
        version=case.version,
        assignee=_name(session, case.assignee_id),
        assignee_id=case.assignee_id,
        opened_at=case.opened_at,
        phase_at=case.phase_at,
        ended_at=case.ended_at,
        persons=persons,
        accounts=accounts,
        full=full,
        clocks=_clocks(session, case, viewer),
        holds=_holds(session, case, viewer) if full else (),
        evidence=_evidence(session, case, viewer) if full else (),
        requests=_requests(session, case, viewer),
        primary=primary.number if primary and full else None,
        connection=_connection(session, case, act) if full else None,
        assessment=_assessment(session, case) if viewer.is_staff else (),
        merged=_merged(session, case) if viewer.is_staff else (),
        options=_options(session, case, act),
    )


def timeline_of(session: Session, case: Case, viewer: Viewer) -> tuple[TimelineRow, ...]:
    """The entries the viewer may read, newest first."""
    rows = session.execute(
        select(Entry, EntryText.body, Person)
        .outerjoin(EntryText, EntryText.entry_id == Entry.id)
        .outerjoin(Person, Person.id == Entry.actor_id)
        .where(Entry.case_id == case.id)
        .order_by(Entry.seq.desc())
    ).all()
    return tuple(_told(row, viewer) for row in rows if _may_read(row[0], viewer))


def comments_of(session: Session, case: Case, viewer: Viewer) -> tuple[CommentRow, ...]:
    found = (
        select(Comment.at, Person.name, Comment.internal, Comment.body)
        .join(Person, Person.id == Comment.author_id)
        .where(Comment.case_id == case.id)
        .order_by(Comment.id)
    )
    if not viewer.is_staff:
        found = found.where(Comment.account_id == viewer.account_id, Comment.internal.is_(False))
    return tuple(CommentRow(*row) for row in session.execute(found).all())


def entered(session: Session, case: Case) -> dict[Phase, datetime]:
    """When the case entered each phase it has been in (the last time it did)."""
    times = {Phase.SUBMISSION: case.opened_at}
    moves = select(Entry.data, Entry.at).where(Entry.case_id == case.id, Entry.kind.like("move.%")).order_by(Entry.seq)
    for data, at in session.execute(moves).all():
        if data["before"]["phase"] != data["after"]["phase"]:
            times[Phase(data["after"]["phase"])] = at
    return {phase: at for phase, at in times.items() if phase.order <= Phase(case.phase).order}


def clock_rows(rows: Sequence[Clock]) -> tuple[ClockRow, ...]:
    return tuple(
        ClockRow(
            row.name, CLOCKS[row.name].label, row.cycle, row.state, row.started_at, row.due_at, row.at_risk_at,
            row.elapsed_s, row.target_s, row.verdict, row.breached_at, CLOCKS[row.name].internal,
        )
        for row in rows
        if row.state != "void"
    )  # fmt: skip


def _clocks(session: Session, case: Case, viewer: Viewer) -> tuple[ClockRow, ...]:
    rows = clock_rows(clocks.of_case(session, case.id))
    return rows if viewer.is_staff else tuple(row for row in rows if not row.internal)


def _name(session: Session, person_id: int | None) -> str | None:
    person = session.get(Person, person_id) if person_id else None
    return person.name if person else None


def _names(session: Session, ids: Collection[int]) -> dict[int, str]:
    """The names of people by id, in one statement."""
    if not ids:
        return {}
    return {row.id: row.name for row in session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))}


def _own(viewer: Viewer, account_id: int) -> bool:
    """Staff read everybody's matters, a customer only the own account's: the primary may have changed."""
    return viewer.is_staff or account_id == viewer.account_id


def _holds(session: Session, case: Case, viewer: Viewer) -> tuple[HoldRow, ...]:
    rows = session.scalars(select(holds.Hold).where(holds.Hold.case_id == case.id).order_by(holds.Hold.id))
    return tuple(
        HoldRow(row.id, row.reason, row.question, row.since, row.expected_until, row.ended_at, row.answer)
        for row in rows
        if _own(viewer, row.account_id)
    )


def _evidence(session: Session, case: Case, viewer: Viewer) -> tuple[EvidenceRow, ...]:
    standing = evidence.standing(session, case.id)
    names = _names(session, {row.by_id for row in standing.values() if row.by_id})
    return tuple(
        EvidenceRow(
            key, EVIDENCE[key].label, row.value, names.get(row.by_id or 0, "the system"), row.at, row.source,
            row.note, row.link,
        )
        for key in EVIDENCE
        if (row := standing.get(key)) is not None and _own(viewer, row.account_id)
    )  # fmt: skip


def _requests(session: Session, case: Case, viewer: Viewer) -> tuple[RequestRow, ...]:
    root = cases.root_of(session, case)
    found = (
        select(Request, Person, Account.name)
        .join(Person, Person.id == Request.person_id)
        .join(Account, Account.id == Request.account_id)
        .join(Case, Case.id == Request.case_id)
        .where(Case.root_id == root.id)
        .order_by(Request.created_at, Request.id)
    )
    if not viewer.is_staff:
        found = found.where(Request.account_id == viewer.account_id)
    rows = session.execute(found).all()
    files = _documents(session, [row[0].id for row in rows])
    return tuple(_request_row(*row, primary_id=root.primary_request_id, files=files) for row in rows)


def request_row(
    session: Session, request: Request, person: Person, account: str, *, primary_id: int | None
) -> RequestRow:
    files = _documents(session, [request.id])
    return _request_row(request, person, account, primary_id=primary_id, files=files)


def _documents(session: Session, request_ids: Collection[int]) -> dict[int, list[DocumentRow]]:
    """The files of the requests, in one statement that leaves their contents where they are."""
    kept = Document.body.isnot(None).label("kept")
    rows = session.execute(
        select(Document.request_id, Document.id, Document.filename, Document.size, Document.created_at, kept)
        .where(Document.request_id.in_(request_ids))
        .order_by(Document.id)
    )
    found: dict[int, list[DocumentRow]] = defaultdict(list)
    for row in rows:
        found[row.request_id].append(DocumentRow(row.id, row.filename, row.size, row.created_at, bool(row.kept)))
    return found


def _request_row(
    request: Request,
    person: Person,
    account: str,
    *,
    primary_id: int | None,
    files: Mapping[int, Sequence[DocumentRow]],
) -> RequestRow:
    return RequestRow(
        number=request.number,
        kind=request.kind,
        case=case_number(request.case_id),
        person=person.name,
        email=person.email,
        account=account,
        account_id=request.account_id,
        service_name=request.service_name,
        service_url=request.service_url,
        api_docs_url=request.api_docs_url,
        use_case=request.use_case,
        data_needed=request.data_needed,
        auth_kind=request.auth_kind,
        sandbox=request.sandbox,
        endpoint_count=request.endpoint_count,
        custom_fields=request.custom_fields,
        group_wanted=request.group_wanted,
        fivetran_role=request.fivetran_role,
        also_tell=request.also_tell,
        would_preview=request.would_preview,
        created_at=request.created_at,
        withdrawn_at=request.withdrawn_at,
        is_primary=request.id == primary_id,
        documents=tuple(files.get(request.id, ())),
    )


def _connection(session: Session, case: Case, act: Act) -> ConnectionRow | None:
    row = connections.newest(session, case.id)
    if row is None or not _own(act.who, row.account_id):
        return None
    told = tuple(
        ConditionRow(each.kind, each.ok, each.reason, each.message, each.since)
        for each in connections.conditions(session, row.id)
    )
    waiting = row.state in USABLE_STARTER and "access_granted" not in evidence.standing(session, case.id)
    return ConnectionRow(
        state=row.state,
        connection_id=row.connection_id,
        group_id=row.group_id,
        schema=row.schema_name,
        service=row.service,
        conditions=told,
        may_grant=waiting and row.grace_until is None and case.outcome is None,
        grace_until=row.grace_until,
    )


def _assessment(session: Session, case: Case) -> tuple[CriterionRow, ...]:
    rows = assessments.of_case(session, case.id)
    return tuple(
        CriterionRow(name, row.measured, row.figure, row.verdict, row.note)
        if (row := rows.get(name)) is not None
        else CriterionRow(name, None, "", None, "")
        for name in Criterion
    )


def _merged(session: Session, case: Case) -> tuple[MergeRow, ...]:
    rows = [(link, session.get_one(Case, link.child_id)) for link in merges.standing_below(session, case.id)]
    return tuple(MergeRow(link.id, child.number, child.service_name, link.merged_at) for link, child in rows)


def _options(session: Session, case: Case, act: Act) -> tuple[Option, ...]:
    if case.merged_into_id is not None or act.who.role in (Role.ADMIN, Role.AUDITOR):
        return ()
    found = process.options(facts_of(session, case, act), act.who.role)
    if act.who.role is not Role.REQUESTER:
        return found
    primary = session.get(Request, case.primary_request_id)
    return found if primary is not None and primary.person_id == act.who.id else ()


def _may_read(entry: Entry, viewer: Viewer) -> bool:
    if viewer.is_staff or entry.audience == "public":
        return True
    return entry.audience == "account" and entry.account_id == viewer.account_id


def _told(row: Any, viewer: Viewer) -> TimelineRow:
    entry, body, person = row
    own = viewer.is_staff or entry.account_id == viewer.account_id
    return TimelineRow(
        id=entry.id,
        at=entry.at,
        who=_who(person, viewer),
        kind=entry.kind,
        sentence=sentence(entry.kind, entry.data),
        words=words(body) if own else (),
        internal=entry.audience == "staff",
    )


def _who(person: Person | None, viewer: Viewer) -> str:
    """The name of who acted; people of other customers have none."""
    if person is None:
        return "request_tracker"
    known = viewer.is_staff or person.role != Role.REQUESTER or person.account_id == viewer.account_id
    return person.name if known else "another requester"

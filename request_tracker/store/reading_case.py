"""A case as its viewer may see it: staff everything, the primary's account its own matters, others the public card."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from request_tracker.rules import process
from request_tracker.rules.connection_words import TO_REQUESTERS, plain
from request_tracker.rules.evidence import EVIDENCE
from request_tracker.rules.people import Act, Viewer
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.process import Option
from request_tracker.rules.terms import USABLE_STARTER, Criterion, Phase, Role, StarterState
from request_tracker.store import assessments, cases, clocks, connections, evidence, holds, reading_clocks, requests
from request_tracker.store.assessments import Assessment
from request_tracker.store.case_rows import (
    CaseView,
    ClockRow,
    ConditionRow,
    ConnectionRow,
    CriterionRow,
    DocumentRow,
    EvidenceRow,
    HoldRow,
    MergeRow,
    RequestRow,
)
from request_tracker.store.cases import Case, NoSuchCase, case_number
from request_tracker.store.clocks import Clock
from request_tracker.store.connections import Condition
from request_tracker.store.documents import Document
from request_tracker.store.facts import facts_of, supporters
from request_tracker.store.merges import Merge
from request_tracker.store.people import Account, Person
from request_tracker.store.reading_clocks import Present
from request_tracker.store.requests import NoSuchRequest, Request
from request_tracker.store.websites import website


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
    primary = requests.primary_of(session, case)
    full = viewer.is_staff or (primary is not None and primary.account_id == viewer.account_id)
    rows = _requests(session, case, viewer)
    persons, accounts = _counted(rows) if viewer.is_staff else supporters(session, case.root_id or case.id)
    return CaseView(
        id=case.id,
        number=case.number,
        root=case_number(case.root_id or case.id),
        service_name=case.service_name,
        service_url=website(session, case, viewer, primary),
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
        clocks=_clocks(session, case, viewer, act.now),
        holds=_holds(session, case, viewer) if full else (),
        evidence=_evidence(session, case, viewer) if full else (),
        requests=rows,
        primary=primary.number if primary and full else None,
        connection=_connection(session, case, act) if full else None,
        assessment=_assessment(session, case) if viewer.is_staff else (),
        merged=_merged(session, case) if viewer.is_staff else (),
        options=_options(session, case, act),
    )


def _clocks(session: Session, case: Case, viewer: Viewer, now: datetime) -> tuple[ClockRow, ...]:
    rows = [row for row in clocks.of_case(session, case.id) if row.state != "void"]
    kept = [row for row in rows if viewer.is_staff or not CLOCKS[row.name].internal]
    present = reading_clocks.present(session, kept, now)
    return tuple(_clock_row(row, present[row.id]) for row in kept)


def _clock_row(row: Clock, present: Present) -> ClockRow:
    return ClockRow(
        row.name, CLOCKS[row.name].label, row.cycle, row.state, row.started_at, row.due_at, row.at_risk_at,
        present.elapsed_s, row.target_s, present.verdict, present.breached_at, CLOCKS[row.name].internal,
        present.calendar,
    )  # fmt: skip


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
    return tuple(
        HoldRow(row.id, row.reason, row.question, row.since, row.expected_until, row.ended_at, row.answer)
        for row in holds.of_case(session, case.id)
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


_OF_TREE = (
    select(Request, Person, Account.name)
    .join(Person, Person.id == Request.person_id)
    .join(Account, Account.id == Request.account_id)
    .join(Case, Case.id == Request.case_id)
    .where(Case.root_id == bindparam("root_id"))
    .order_by(Request.created_at, Request.id)
)
_OWN_OF_TREE = _OF_TREE.where(Request.account_id == bindparam("account_id"))


def _requests(session: Session, case: Case, viewer: Viewer) -> tuple[RequestRow, ...]:
    root = cases.root_of(session, case)
    given = {"root_id": root.id, "account_id": viewer.account_id}
    rows = session.execute(_OF_TREE if viewer.is_staff else _OWN_OF_TREE, given).all()
    files = _documents(session, [row[0].id for row in rows])
    return tuple(_request_row(*row, primary_id=root.primary_request_id, files=files) for row in rows)


def _counted(rows: Sequence[RequestRow]) -> tuple[int, int]:
    """Distinct persons and accounts with a live request, from the rows of a whole tree."""
    live = [row for row in rows if row.withdrawn_at is None]
    return len({row.email for row in live}), len({row.account_id for row in live})


def request_row(
    session: Session, request: Request, person: Person, account: str, *, primary_id: int | None
) -> RequestRow:
    files = _documents(session, [request.id])
    return _request_row(request, person, account, primary_id=primary_id, files=files)


_FILES = (
    select(
        Document.request_id, Document.id, Document.filename, Document.size, Document.created_at,
        Document.body.isnot(None).label("kept"),
    )
    .where(Document.request_id.in_(bindparam("request_ids", expanding=True)))
    .order_by(Document.id)
)  # fmt: skip


def _documents(session: Session, request_ids: Collection[int]) -> dict[int, list[DocumentRow]]:
    """The files of the requests, in one statement that leaves their contents where they are."""
    rows = session.execute(_FILES, {"request_ids": list(request_ids)})
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
        _condition(each, act.who)
        for each in connections.conditions(session, row.id)
        if act.who.is_staff or each.kind in TO_REQUESTERS
    )
    gone = row.state == StarterState.MISSING and case.outcome is None and row.grace_until is None
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
        row_id=row.id,
        sync_state=row.sync_state,
        checked_at=row.checked_at,
        asks_wanted=gone and any((each.kind, each.reason) == ("created", "missing") for each in told),
    )


def _condition(row: Condition, who: Viewer) -> ConditionRow:
    """As it was said, for those who work on it; in plain words for a requester."""
    message = row.message if who.is_staff else plain(row.kind, row.reason, row.message)
    return ConditionRow(row.kind, row.ok, row.reason, message, row.since)


def _assessment(session: Session, case: Case) -> tuple[CriterionRow, ...]:
    rows = assessments.of_case(session, case.id)
    return tuple(
        _criterion(name, row) if (row := rows.get(name)) is not None else CriterionRow(name, None, "", None, "")
        for name in Criterion
    )


def _criterion(name: Criterion, row: Assessment) -> CriterionRow:
    later = row.at is not None and row.measured_at is not None and row.measured_at > row.at
    return CriterionRow(
        name, row.measured, row.figure, row.verdict, row.note, row.threshold, row.reason,
        tuple(str(each) for each in row.pointers), later and row.measured != row.verdict,
    )  # fmt: skip


def _merged(session: Session, case: Case) -> tuple[MergeRow, ...]:
    """What stands merged right below the case, first merged first."""
    found = (
        select(Merge.id, Merge.child_id, Case.service_name, Merge.merged_at)
        .join(Case, Case.id == Merge.child_id)
        .where(Merge.into_id == case.id, Merge.unmerged_at.is_(None))
        .order_by(Merge.id)
    )
    rows = session.execute(found)
    return tuple(MergeRow(link_id, case_number(child_id), name, at) for link_id, child_id, name, at in rows)


def _options(session: Session, case: Case, act: Act) -> tuple[Option, ...]:
    if case.merged_into_id is not None or act.who.role in (Role.ADMIN, Role.AUDITOR):
        return ()
    found = process.options(facts_of(session, case, act), act.who.role)
    if act.who.role is not Role.REQUESTER:
        return found
    primary = requests.primary_of(session, case)
    return found if primary is not None and primary.person_id == act.who.id else ()

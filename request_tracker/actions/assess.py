"""A specialist confirms or overrides each criterion of the assessment, or enters them all by hand."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from request_tracker.actions import record
from request_tracker.actions.rooted import must_be_root
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Criterion, Role, Verdict
from request_tracker.store import assessments
from request_tracker.store.assessments import Assessment
from request_tracker.store.cases import Case
from request_tracker.store.timeline import Entry

MAY_ASSESS = (Role.SPECIALIST, Role.LEAD)


def decide(
    session: Session, case: Case, verdicts: Mapping[str, tuple[str, str]], act: Act, *, accept_all: bool = False
) -> Entry:
    """Record a verdict and a note a criterion: `{criterion: (verdict, note)}`. Raises Unfit or NotAllowed.

    `accept_all` confirms every measured criterion as it is; one that was never measured is confirmed as possible.
    """
    must_be_root(case)
    if act.who.role not in MAY_ASSESS:
        raise NotAllowed("Only a specialist or a lead may judge the assessment")
    _check(verdicts)
    rows = assessments.of_case(session, case.id)
    decided = {**_measured(rows, accept_all), **verdicts}
    if not decided:
        raise Unfit("criteria", "Judge at least one criterion")
    for name, (verdict, note) in decided.items():
        _put(session, case, rows.get(Criterion(name)), Criterion(name), verdict, note, act)
    return record.entry(
        session,
        case,
        act,
        "assessment",
        data={"verdicts": {name: verdict for name, (verdict, _) in decided.items()}},
        words={name: note for name, (_, note) in decided.items() if note},
        audience="staff",
    )


def _check(verdicts: Mapping[str, tuple[str, str]]) -> None:
    for name, (verdict, note) in verdicts.items():
        short_enough("criteria", note)
        if name not in list(Criterion):
            raise Unfit("criteria", f"There is no criterion {name[:60]!r}; known are: {', '.join(Criterion)}")
        if verdict not in list(Verdict):
            raise Unfit("criteria", f"{name}: choose one of {', '.join(Verdict)}")


def _measured(rows: Mapping[Criterion, Assessment], accept_all: bool) -> dict[str, tuple[str, str]]:
    if not accept_all:
        return {}
    return {name: _as_measured(rows.get(name)) for name in Criterion if name not in rows or rows[name].verdict is None}


def _as_measured(row: Assessment | None) -> tuple[str, str]:
    if row is None:
        return Verdict.POSSIBLE, ""
    return row.measured or Verdict.POSSIBLE, row.note


def _put(
    session: Session, case: Case, row: Assessment | None, name: Criterion, verdict: str, note: str, act: Act
) -> None:
    if row is None:
        row = Assessment(case_id=case.id, account_id=case.account_id, criterion=name)
        session.add(row)
    row.verdict, row.note, row.by_id, row.at = verdict, note.strip(), act.who.id, act.now
    session.flush()

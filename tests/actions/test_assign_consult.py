"""Assigning a case, offering meeting times, dismissing a look-alike, binding a group."""

import json

import pytest
from factories import Cast, a_case, a_request, act, case_of
from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import assign, consult, dismiss, enrol
from request_tracker.actions.advance import Stale
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.process import NotAllowed
from request_tracker.store import clocks, dismissals, people
from request_tracker.store.connections import Connection
from request_tracker.store.jobs import Job
from request_tracker.store.people import Person
from request_tracker.store.timeline import Entry, EntryText


def _entries(session: Session, case_id: int, kind: str) -> list[Entry]:
    return list(session.scalars(select(Entry).where(Entry.case_id == case_id, Entry.kind == kind)))


def test_assigning_counts_the_version_up_and_names_the_person(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    before = case.version
    assign.assign(session, case, cast.specialist.id, version=before, act=act(cast.lead))
    assert (case.assignee_id, case.version) == (cast.specialist.id, before + 1)
    (entry,) = _entries(session, case.id, "assigned")
    assert entry.data == {"name": "Specialist", "before": None, "after": cast.specialist.id}
    assign.assign(session, case, None, version=case.version, act=act(cast.lead))
    assert case.assignee_id is None


def test_only_workers_who_are_still_there_are_assigned(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    session.get_one(Person, cast.engineer.id).active = False
    session.flush()
    for nobody in (cast.ada.id, cast.auditor.id, cast.engineer.id, 987_654):
        with pytest.raises(Unfit, match="Choose a specialist"):
            assign.assign(session, case, nobody, version=case.version, act=act(cast.specialist))


def test_assigning_on_an_old_page_or_in_another_role_is_refused(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    with pytest.raises(Stale):
        assign.assign(session, case, cast.specialist.id, version=case.version - 1, act=act(cast.specialist))
    with pytest.raises(NotAllowed):
        assign.assign(session, case, cast.engineer.id, version=case.version, act=act(cast.engineer))


def test_offering_times_keeps_the_promise_and_tells_the_primary(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    clock = clocks.latest(session, case.id, "consult_offer")
    assert clock is not None
    assert clock.state == "running"
    entry = consult.offer(session, case, act(cast.specialist), times=" Tuesday 10:00 UTC \n")
    session.refresh(clock)
    assert (clock.state, clock.verdict) == ("stopped", "met")
    assert (entry.kind, entry.audience, entry.account_id) == ("slots", "account", cast.ada.account_id)
    kept = session.get_one(EntryText, entry.id)
    assert json.loads(kept.body or "") == {"times": "Tuesday 10:00 UTC"}
    job = session.scalars(select(Job).where(Job.event_id == entry.id)).one()
    assert (job.kind, job.args["notice"], job.run_at) == ("notify", "slots", act(cast.specialist).now)


def test_times_are_words_of_a_specialist_during_the_consultation(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    with pytest.raises(Unfit) as empty:
        consult.offer(session, case, act(cast.specialist), times="  \n ")
    assert empty.value.field == "times"
    with pytest.raises(NotAllowed):
        consult.offer(session, case, act(cast.engineer), times="Tuesday")
    with pytest.raises(Unfit, match="accept the case first"):
        consult.offer(session, a_case(session, cast, phase="validation"), act(cast.specialist), times="Tuesday")
    assert not _entries(session, case.id, "slots")


def test_a_dismissed_pair_is_kept_once_in_order(session: Session, cast: Cast) -> None:
    first, second = a_case(session, cast), case_of(session, a_request(session, cast.cleo))
    dismiss.dismiss(session, second, first, act(cast.specialist))
    dismiss.dismiss(session, first, second, act(cast.lead), kind="related")
    (pair,) = session.scalars(select(dismissals.DismissedPair)).all()
    assert (pair.left_id, pair.right_id, pair.kind) == (first.id, second.id, "different")
    assert dismissals.roots_dismissed_with(session, [first.id]) == {second.id}
    with pytest.raises(Unfit):
        dismiss.dismiss(session, first, first, act(cast.specialist))
    with pytest.raises(Unfit):
        dismiss.dismiss(session, first, second, act(cast.specialist), kind="maybe")
    with pytest.raises(NotAllowed):
        dismiss.dismiss(session, first, second, act(cast.engineer))


def test_an_account_is_opened_once(session: Session, cast: Cast) -> None:
    opened = enrol.account(session, "  Fabrikam   Ltd ", act(cast.admin))
    assert opened.name == "Fabrikam Ltd"
    assert enrol.account(session, "Fabrikam Ltd", act(cast.admin)).id == opened.id
    with pytest.raises(Unfit):
        enrol.account(session, "   ", act(cast.admin))


def test_binding_a_group_wakes_what_waited_for_one(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    waiting = Connection(
        case_id=case.id, request_id=case.primary_request_id, account_id=case.account_id, state="intended",
        schema_name="acme", service="connector_sdk", created_at=case.opened_at,
    )  # fmt: skip
    session.add(waiting)
    session.flush()
    enrol.bind(session, case.account_id, "group_one", act(cast.admin))
    assert people.bound_group(session, case.account_id) == "group_one"
    woken = select(Job).where(Job.unique_key.like("provision:bound:%"))
    assert [job.args for job in session.scalars(woken)] == [{"case_id": case.id}]
    enrol.bind(session, case.account_id, "group_one", act(cast.admin))
    assert len(session.scalars(woken).all()) == 1, "binding the same group again changes nothing"


def test_a_group_belongs_to_one_account_and_is_replaced(session: Session, cast: Cast) -> None:
    assert cast.ada.account_id
    assert cast.cleo.account_id
    enrol.bind(session, cast.ada.account_id, "group_one", act(cast.admin))
    with pytest.raises(Unfit, match="another account"):
        enrol.bind(session, cast.cleo.account_id, "group_one", act(cast.admin))
    enrol.bind(session, cast.ada.account_id, "group_two", act(cast.admin))
    assert people.bound_group(session, cast.ada.account_id) == "group_two"
    enrol.bind(session, cast.cleo.account_id, "group_one", act(cast.admin))
    for group, account_id in (("", cast.ada.account_id), ("two words", cast.ada.account_id), ("group", 987_654)):
        with pytest.raises(Unfit):
            enrol.bind(session, account_id, group, act(cast.admin))
    with pytest.raises(NotAllowed):
        enrol.bind(session, cast.ada.account_id, "group_three", act(cast.specialist))

"""Who leads a case after its primary left: one supporter is asked, then the next; a yes makes them the primary."""

from dataclasses import replace

from sqlalchemy.orm import Session

from request_tracker.actions import clock, evidence, handing_over, hold, record
from request_tracker.actions.clock import Cause
from request_tracker.actions.revoke import revoke
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.actions.versions import fresh, touch
from request_tracker.rules.calendar import add_working, days
from request_tracker.rules.heirs import Willing, turn
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.rules.phases import Blocker
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.terms import Phase, Role
from request_tracker.store import cases, clocks, heirs, requests
from request_tracker.store.cases import Case
from request_tracker.store.heirs import ASKED_AGAIN, NOBODY, VACANT, PrimaryAsk
from request_tracker.store.people import Person
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry

LEFT = "The primary requester left"
ON_STARTER = ("starter_ready", "access_granted", "initial_sync_finished")
MAY_CHOOSE = (Role.SPECIALIST, Role.LEAD)


def vacate(session: Session, root: Case, act: Act) -> None:
    """The primary is gone: what hung on them is void, their connection runs out, and the first in line is asked."""
    before = root.primary_request_id
    evidence.void_for_primary(session, root, act, reason=LEFT)
    hold.drop_questions(session, root, act)
    root.primary_request_id = None
    touch(root, act.now)
    entry = record.entry(session, root, act, VACANT, data={"before": before}, audience="staff")
    clock.cancel(session, root, ("first_sync",), Cause(act, entry.id, "The primary requester left"))
    handing_over.let_go_of_starter(session, root, act, entry)
    fill(session, root, act)


def fill(session: Session, case: Case, act: Act) -> None:
    """Ask the next in line where nobody leads a live case and nobody is asked. Idempotent."""
    if case.outcome is not None or case.primary_request_id is not None or heirs.open_ask(session, case.id):
        return
    if (waiting := _to_reopen(session, case, act)) is not None:
        waiting.answer, waiting.answered_at = None, None
        session.flush()
        _tell_asked(session, case, waiting, act)
        return
    line = in_line(session, case)
    if line:
        _ask(session, case, line[0], act)
    elif not heirs.given_up(session, case.id):
        entry = record.entry(session, case, act, NOBODY, audience="staff")
        record.notify(session, "primary_vacant", case, act, entry)


def in_line(session: Session, root: Case) -> list[Request]:
    """Who can still be asked in this round: willing ones with a role in Fivetran first, then willing, then oldest.

    Who said no in an earlier round comes last.
    """
    refused = heirs.refused_in_round(session, root.id)
    live = requests.of_tree(session, root.id, live_only=True)
    found = [each for each in live if each.person_id not in refused and session.get_one(Person, each.person_id).active]
    return _in_turn(session, root, found)


def others(session: Session, root: Case, leaving: Request) -> list[Request]:
    """Who remains when the leaving person is gone, first in line first."""
    live = requests.of_tree(session, root.id, live_only=True)
    return _in_turn(session, root, [each for each in live if each.person_id != leaving.person_id])


def answer(session: Session, request: Request, act: Act, *, yes: bool) -> PrimaryAsk:
    """What the asked person says. Raises NotAllowed, Unfit."""
    if act.who.role is not Role.REQUESTER or request.person_id != act.who.id:
        raise NotAllowed("Only the person who was asked may answer this")
    root = cases.locked_root(session, request.case_id)
    ask = heirs.open_ask(session, root.id)
    if ask is None or ask.request_id != request.id:
        raise Unfit("answer", "You are not asked any more: somebody else leads this request, or is asked to")
    _close(session, ask, "yes" if yes else "no", act)
    if yes:
        promote(session, root, request, act)
        return ask
    record.entry(
        session, root, act, "primary.no", data={"request": request.id}, audience="account", account_id=ask.account_id
    )
    fill(session, root, act)
    return ask


def expire(session: Session, ask: PrimaryAsk, act: Act) -> None:
    """Nobody answered in time: the next in line is asked. The case is locked by the caller."""
    root = session.get_one(Case, ask.case_id)
    _close(session, ask, "expired", act)
    data = {"request": ask.request_id}
    record.entry(session, root, act, "primary.expired", data=data, audience="account", account_id=ask.account_id)
    fill(session, root, act)


def drop(session: Session, case: Case, act: Act) -> int | None:
    """Nobody needs to answer any more. Answers the id of the question that was open, if one was."""
    ask = heirs.open_ask(session, case.id)
    if ask is None:
        return None
    _close(session, ask, "dropped", act)
    return ask.id


def give_back(session: Session, root: Case, request: Request, act: Act) -> bool:
    """The old primary is back before anybody said yes: they lead again, and what hung on them stands again.

    Questions that were dropped stay dropped; what Fivetran deleted meanwhile stays gone, and a new starter is planned.
    """
    vacancy = heirs.vacancy(session, root.id)
    if root.primary_request_id is not None or vacancy is None or vacancy.data["before"] != request.id:
        return False
    drop(session, root, act)
    root.primary_request_id, root.account_id = request.id, request.account_id
    touch(root, act.now)
    data = {"after": request.id}
    entry = record.entry(session, root, act, "primary.back", data=data, audience="account", account_id=root.account_id)
    kept_starter = handing_over.keep_starter(session, root, request)
    handing_over.stand_again(session, root, vacancy, LEFT, without=() if kept_starter else ON_STARTER)
    revoke(session, vacancy, entry, act)
    if kept_starter:
        evidence.start_first_sync(session, root, Cause(act, entry.id))
    else:
        clock.cancel(session, root, ("first_sync",), Cause(act, entry.id, "The starter connector is gone"))
        _provision(session, root, act, entry)
    return True


def choose(session: Session, case: Case, request: Request, act: Act, *, version: int, consent: str) -> None:
    """A specialist names the next primary, who agreed. Raises NotAllowed, Stale, Refused, Unfit."""
    case = _vacant(session, case, act, version)
    if request.withdrawn_at is not None or request.id not in {
        each.id for each in requests.of_tree(session, case.id, live_only=True)
    }:
        raise Unfit("request", "Choose one of those who ask for this now")
    if not consent.strip():
        raise Unfit("consent", "Say how the person agreed to lead this request")
    short_enough("consent", consent)
    drop(session, case, act)
    promote(session, case, request, act, words={"consent": consent.strip()})


def ask_again(session: Session, case: Case, act: Act, *, version: int) -> None:
    """A new round: everybody may be asked once more. Raises NotAllowed, Stale, Refused."""
    case = _vacant(session, case, act, version)
    if heirs.open_ask(session, case.id) is not None:
        raise Refused(
            "ask again", (Blocker("primary", "Somebody is asked already: wait for the answer", "supporters"),)
        )
    touch(case, act.now)
    record.entry(session, case, act, ASKED_AGAIN, audience="staff")
    fill(session, case, act)


def promote(session: Session, root: Case, heir: Request, act: Act, *, words: dict[str, str] | None = None) -> Entry:
    """The case goes on with another primary, and with a starter connector of theirs."""
    vacancy = heirs.vacancy(session, root.id)
    root.primary_request_id, root.account_id = heir.id, heir.account_id
    touch(root, act.now)
    data = {"before": vacancy.data["before"] if vacancy else None, "after": heir.id}
    entry = record.entry(
        session, root, act, "promoted", data=data, words=words, audience="account", account_id=heir.account_id
    )
    record.notify(session, "promoted", root, act, entry)
    _provision(session, root, act, entry)
    return entry


def _ask(session: Session, case: Case, request: Request, act: Act) -> None:
    calendar = clocks.newest_calendar(session).calendar
    until = add_working(calendar, act.now, days(calendar, act.program.silence_days))
    data = {"request": request.id, "until": until.isoformat()}
    # Nobody asks by hand: whose leaving or saying no led to it is none of the asked person's business.
    asker = replace(act, who=SYSTEM)
    entry = record.entry(
        session, case, asker, "primary.asked", data=data, audience="account", account_id=request.account_id
    )
    ask = PrimaryAsk(
        case_id=case.id,
        request_id=request.id,
        account_id=request.account_id,
        asked_at=act.now,
        expires_at=until,
        event_id=entry.id,
    )
    session.add(ask)
    session.flush()
    _tell_asked(session, case, ask, act)


def _tell_asked(session: Session, case: Case, ask: PrimaryAsk, act: Act) -> None:
    """Queue the letter: it is written once, and only while the question is open (work/post.py). A question that is
    asked again may have had its turn while it was closed, so it gets another."""
    entry = session.get_one(Entry, ask.event_id)
    record.notify(
        session, "primary_asked", case, act, entry, occasion=f".{case.chain_count}", request_id=ask.request_id
    )


def _to_reopen(session: Session, case: Case, act: Act) -> PrimaryAsk | None:
    """The question asked last, where it was dropped and can still be answered (a merge or an ending taken back)."""
    last = heirs.last_of_round(session, case.id)
    if last is None or last.answer != "dropped" or last.expires_at <= act.now:
        return None
    return last if any(each.id == last.request_id for each in in_line(session, case)) else None


def _close(session: Session, ask: PrimaryAsk, said: str, act: Act) -> None:
    ask.answer, ask.answered_at = said, act.now
    session.flush()


def _vacant(session: Session, case: Case, act: Act, version: int) -> Case:
    if act.who.role not in MAY_CHOOSE:
        raise NotAllowed("Only a specialist or a lead may decide who leads a case")
    (case,) = cases.locked(session, case.id)
    fresh(case, version)
    if case.outcome is not None or case.primary_request_id is not None:
        raise Refused("choose", (Blocker("primary", "This case has a primary requester, or has ended", "supporters"),))
    return case


def _in_turn(session: Session, root: Case, found: list[Request]) -> list[Request]:
    unwilling = heirs.ever_refused(session, root.id)
    return sorted(found, key=lambda each: (each.person_id in unwilling, turn(_willing(each))))


def _willing(request: Request) -> Willing:
    return Willing(request.would_preview, request.fivetran_role, request.created_at, request.id)


def _provision(session: Session, root: Case, act: Act, entry: Entry) -> None:
    if Phase(root.phase).order >= Phase.CONSULTATION.order:
        record.later(session, "provision", {"case_id": root.id}, act, entry)

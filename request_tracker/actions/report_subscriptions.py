"""Who gets the weekly report beside the leads, and links to it for people without an account."""

import re
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from request_tracker import seals
from request_tracker.actions import auditing
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.notices import Topic, Way
from request_tracker.rules.people import Act
from request_tracker.rules.terms import STAFF, Role
from request_tracker.rules.weeks import Week
from request_tracker.seals import BadSeal
from request_tracker.store import jobs, people, preferences
from request_tracker.store.base import insertion
from request_tracker.store.people import Person
from request_tracker.store.reports import ReportShare, Subscription

SHARE, SUBSCRIPTION = "report", "report-subscription"
"""What the two kinds of links are sealed for."""
OVER = "This link is over: ask whoever sent it for a new one"
_WORD = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@){_WORD}(?:\.{_WORD})*@(?:{_LABEL}\.)+{_LABEL}", re.ASCII)
"""What every mail server takes: no quotes, no signs of control, no bare host. Others would die on the way, unseen."""


def subscribe_person(session: Session, person_id: int, act: Act) -> bool:
    """Send somebody of the house the report from the next Monday on; True when that is new. Raises Unfit.

    Whoever turned it off decides alone about turning it on again.
    """
    person = session.get(Person, person_id)
    if person is None or not person.active or person.role not in STAFF:
        raise Unfit("person", "Choose somebody of the house from the list")
    _refuse_for_others(act, person_id)
    if act.who.id == person_id:
        _prefer(session, person_id, Way.INSTANT, act.now)
    if person.role == Role.LEAD:
        return False
    new = _open(session, {"person_id": person_id, "address": None, "name": ""}, act)
    if new and act.who.id != person_id:
        auditing.note(session, act, "report.subscribed", auditing.of_person(person_id), person=person_id)
    return new


def subscribe_address(session: Session, address: str, name: str, act: Act, *, nameless: bool = False) -> bool:
    """Send an address without an account a link each Monday; True when that is new. Raises Unfit."""
    _refuse_for_others(act, None)
    found = _address(session, address)
    new = _open(session, {"person_id": None, "address": found, "name": _name(name), "nameless": nameless}, act)
    if new:
        auditing.note(session, act, "report.subscribed", _place(found), nameless=nameless)
    return new


def stop(session: Session, subscription_id: int, act: Act) -> bool:
    """End a subscription; True when it was open. Links sent before stay open until they end or are revoked."""
    row = session.get(Subscription, subscription_id, with_for_update=True)
    if row is None:
        raise Unfit("subscription", "This subscription is not known: look at the list again")
    _refuse_for_others(act, row.person_id)
    ended = _end(row, act.who.id, act.now)
    if ended and act.who.id != row.person_id:
        auditing.note(session, act, "report.unsubscribed", f"subscription {row.id}", person=row.person_id)
    return ended


def unsubscribe_oneself(session: Session, act: Act) -> bool:
    """Turn the report off for whoever asks, lead or subscriber; True when they had got it."""
    assert act.who.id is not None, "only people unsubscribe"
    row = session.scalar(
        select(Subscription).where(Subscription.person_id == act.who.id, Subscription.ended_at.is_(None))
    )
    ended = row is not None and _end(row, act.who.id, act.now)
    if act.who.role != Role.LEAD:
        return ended
    return _prefer(session, act.who.id, Way.OFF, act.now)


def stop_by_link(session: Session, secret: str, token: str, now: datetime) -> bool:
    """End the subscription of the address the link was sent to; False when it had ended. Raises BadSeal."""
    row = of_link(session, secret, token, now)
    session.refresh(row, with_for_update=True)
    return _end(row, None, now)


def of_link(session: Session, secret: str, token: str, now: datetime) -> Subscription:
    """Whose subscription the link of a letter is about. Raises BadSeal."""
    row = session.get(Subscription, seals.opened(secret, SUBSCRIPTION, token, now=now).get("subscription", 0))
    if row is None:
        raise BadSeal("This link is not complete: open it from the letter again, or ask for a new one")
    return row


def send_link(
    session: Session, week: Week, address: str, name: str, act: Act, *, nameless: bool = False
) -> ReportShare:
    """Send somebody without an account a link to the report on a week that is over. Raises Unfit."""
    if act.now < week.bounds(act.program.zone)[1]:
        raise Unfit("week", f"{week} is not over yet: a link shows a finished week, such as {week.back(1)}")
    share = ReportShare(
        week=str(week), address=_address(session, address), name=_name(name), by_id=act.who.id, at=act.now,
        expires_at=act.now + act.program.report_link_for, opens=0, nameless=nameless,
    )  # fmt: skip
    session.add(share)
    session.flush()
    args = {"week": share.week, "share_id": share.id}
    jobs.put(session, "mail_report", args, now=act.now, unique_key=f"share:{share.id}")
    told = {"share": share.id, "week": share.week, "to": _place(share.address), "nameless": nameless}
    auditing.note(session, act, "report.link_sent", f"link {share.id}", **told)
    return share


def share_of(session: Session, row: Subscription, week: str, now: datetime, link_for: timedelta) -> ReportShare:
    """The link of a subscription to one week: the same one, whoever asks and however often."""
    values = {
        "week": week, "address": row.address, "name": row.name, "by_id": row.by_id, "subscription_id": row.id,
        "at": now, "expires_at": now + link_for, "opens": 0, "nameless": row.nameless,
    }  # fmt: skip
    once = (
        insertion(session, ReportShare)
        .values(values)
        .on_conflict_do_nothing(index_elements=["subscription_id", "week"])
    )
    session.execute(once)
    return session.scalars(
        select(ReportShare).where(ReportShare.subscription_id == row.id, ReportShare.week == week)
    ).one()


def revoke(session: Session, share_id: int, act: Act) -> bool:
    """Close a link at once; True when it was open. Raises Unfit."""
    row = session.get(ReportShare, share_id, with_for_update=True)
    if row is None:
        raise Unfit("link", "This link is not known: look at the list again")
    if row.revoked_at is not None:
        return False
    row.revoked_at, row.revoked_by_id = act.now, act.who.id
    auditing.note(session, act, "report.link_revoked", f"link {row.id}", share=row.id, week=row.week)
    return True


def open_share(session: Session, secret: str, token: str, now: datetime, *, counted: bool) -> ReportShare:
    """The link behind the address, counted as opened. Raises BadSeal when it is forged, over or revoked."""
    row = session.get(ReportShare, seals.opened(secret, SHARE, token, now=now).get("share", 0))
    if row is None or row.revoked_at is not None or now >= row.expires_at:
        raise BadSeal(OVER)
    if counted:
        mine = update(ReportShare).where(ReportShare.id == row.id)
        session.execute(mine.values(opens=ReportShare.opens + 1, opened_at=now))
    return row


def token_of(share: ReportShare, secret: str) -> str:
    return seals.sealed(secret, SHARE, {"share": share.id}, until=share.expires_at)


def _refuse_for_others(act: Act, person_id: int | None) -> None:
    """Leads decide for everybody, everybody else for themselves."""
    if act.who.role != Role.LEAD and (person_id is None or person_id != act.who.id):
        raise Unfit("person", "Only a lead decides who else gets the report: ask one")


def _open(session: Session, who: dict[str, object], act: Act) -> bool:
    """True when nobody had opened it, now or at the same moment."""
    row = {**who, "by_id": act.who.id, "since": act.now}
    new = insertion(session, Subscription).values(row).on_conflict_do_nothing().returning(Subscription.id)
    return session.scalar(new) is not None


def _end(row: Subscription, by_id: int | None, now: datetime) -> bool:
    if row.ended_at is not None:
        return False
    row.ended_at, row.ended_by_id = now, by_id
    return True


def _prefer(session: Session, person_id: int, way: Way, now: datetime) -> bool:
    """Note how somebody wants the report; True when it was another way before."""
    before = preferences.way_of(session, person_id, Topic.REPORT)
    if before is not way:
        preferences.put(session, person_id, Topic.REPORT, way, via="page", now=now)
    return before is not way


def _address(session: Session, text: str) -> str:
    """The address in small letters. Raises Unfit for what is none, and for one that has an account here."""
    found = text.strip().lower()
    if len(found) > 320 or not _ADDRESS.fullmatch(found):
        raise Unfit("address", "Enter an email address like board@example.com")
    known = people.by_email(session, found)
    if known is not None and known.role in STAFF:
        raise Unfit("address", f"{known.name} has an account here: choose them from the people of the house")
    if known is not None:
        raise Unfit("address", "This address belongs to a customer, who may not read about other customers")
    return found


def _place(address: str) -> str:
    """What the log keeps of an address: where it is, not whose."""
    return f"an address at {address.rpartition('@')[2]}"


def _name(text: str) -> str:
    return " ".join(text.split())[:200]

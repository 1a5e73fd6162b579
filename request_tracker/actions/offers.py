"""After a merge a specialist may have two names remembered as one service, or say that this is not to be offered."""

from sqlalchemy.orm import Session

from request_tracker.actions import knowledge
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.claims import DOMAIN_KINDS, KINDS
from request_tracker.rules.entries import Knowledge
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import cases, reading_knowledge
from request_tracker.store.aliases import DeclinedOffer, one_writer
from request_tracker.store.cases import Case
from request_tracker.store.reading_knowledge import Offer

MAY_ANSWER = (Role.SPECIALIST, Role.LEAD)
OFFERED_KINDS = tuple(kind for kind in KINDS if kind not in DOMAIN_KINDS)


def remember(session: Session, root: Case, merge_id: int, kind: str, act: Act, known: Knowledge) -> Offer:
    """Store the other name of a merge in this root's tree as an alias. Raises NotAllowed, Unfit."""
    offer = _standing(session, root, merge_id, act, known)
    if kind not in OFFERED_KINDS:
        raise Unfit("kind", f"Choose one of: {', '.join(OFFERED_KINDS)}")
    source = f"confirmed by {act.who.name} at the merge of {offer.child}"[:300]
    facts = {"canonical": offer.canonical, "alias": offer.alias, "kind": kind, "source": source}
    knowledge.believe(session, facts, act, known, merge_id=merge_id)
    return offer


def decline(session: Session, root: Case, merge_id: int, act: Act, known: Knowledge) -> Offer:
    """Never offer these two names again, whichever cases carry them. Raises NotAllowed, Unfit."""
    offer = _standing(session, root, merge_id, act, known)
    left, right = reading_knowledge.name_keys(offer)
    session.add(DeclinedOffer(left_key=left, right_key=right, merge_id=merge_id, by_id=act.who.id, at=act.now))
    session.flush()
    return offer


def _standing(session: Session, root: Case, merge_id: int, act: Act, known: Knowledge) -> Offer:
    if act.who.role not in MAY_ANSWER:
        raise NotAllowed("Only a specialist or a lead may say that two names mean one service")
    cases.locked_root(session, root.id)
    one_writer(session)
    offer = reading_knowledge.offer_of(session, root, merge_id, known)
    if offer is None:
        raise Unfit("merge_id", "There is nothing to remember here any more: it is known, declined, or was unmerged")
    return offer

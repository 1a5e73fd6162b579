"""Who was asked to become the primary requester of a case after the old one left, and what they said."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Select, String, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of, partial, tied
from request_tracker.store.evidence import Evidence
from request_tracker.store.once import once
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry

VACANT, ASKED_AGAIN, NOBODY = "vacant", "vacant.again", "vacant.nobody"
"""Timeline kinds: the primary left, a new round begins, nobody is left to be asked."""
AT_ONCE = 200


class PrimaryAsk(Base):
    """One supporter asked. While `answer` is None the case waits for them until `expires_at`."""

    __tablename__ = "primary_ask"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(String(10))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("timeline.id"))
    __table_args__ = (
        one_of("answer", ("yes", "no", "expired", "dropped")),
        tied("(answered_at IS NULL) = (answer IS NULL)", "answered_with_time"),
        partial("uq_primary_ask_open", "case_id", where="answered_at IS NULL", unique=True),
        partial("ix_primary_ask_due", "expires_at", where="answered_at IS NULL"),
        Index("ix_primary_ask_case", "case_id"),
        Index("ix_primary_ask_request", "request_id"),
    )


_OPEN_ASK = select(PrimaryAsk).where(PrimaryAsk.case_id == bindparam("case_id"), PrimaryAsk.answered_at.is_(None))


@once
def open_ask(session: Session, case_id: int) -> PrimaryAsk | None:
    """The question that waits for an answer, if any."""
    return session.scalar(_OPEN_ASK, {"case_id": case_id})


def due(session: Session, now: datetime) -> list[PrimaryAsk]:
    """Questions whose time is over, the oldest first."""
    over = select(PrimaryAsk).where(PrimaryAsk.answered_at.is_(None), PrimaryAsk.expires_at <= now)
    return list(session.scalars(over.order_by(PrimaryAsk.expires_at, PrimaryAsk.id).limit(AT_ONCE)))


def vacancy(session: Session, case_id: int) -> Entry | None:
    """The entry with which the last primary left; `data["before"]` is their request."""
    return _newest(session, case_id, VACANT)


def refused_in_round(session: Session, case_id: int) -> set[int]:
    """The people who are not asked (again) in this round: the one who left, who said no, who let it expire."""
    asks = _refusals(case_id).where(PrimaryAsk.event_id > _round(session, case_id))
    gone = vacancy(session, case_id)
    before = session.get(Request, gone.data["before"]) if gone is not None and gone.data["before"] else None
    # Somebody who came back is a supporter like any other.
    left = {before.person_id} if before is not None and before.withdrawn_at is not None else set()
    return left | set(session.scalars(asks))


def ever_refused(session: Session, case_id: int) -> set[int]:
    """The people who said no or let it expire in any round of the case."""
    return set(session.scalars(_refusals(case_id)))


def last_of_round(session: Session, case_id: int) -> PrimaryAsk | None:
    """The question asked last in this round, answered or not."""
    found = select(PrimaryAsk).where(PrimaryAsk.case_id == case_id, PrimaryAsk.event_id > _round(session, case_id))
    return session.scalar(found.order_by(PrimaryAsk.id.desc()).limit(1))


def given_up(session: Session, case_id: int) -> bool:
    """Whether it was said already that nobody is left to be asked: in this round, and since anybody was asked."""
    said, last = _newest(session, case_id, NOBODY), last_of_round(session, case_id)
    since = max(_round(session, case_id), (last.event_id or 0) if last is not None else 0)
    return said is not None and said.id > since


def voided_at(session: Session, case_id: int, at: datetime, reason: str) -> list[Evidence]:
    """Evidence that was voided at this instant for this reason, the newest first."""
    found = select(Evidence).where(
        Evidence.case_id == case_id, Evidence.voided_at == at, Evidence.void_reason == reason
    )
    return list(session.scalars(found.order_by(Evidence.id.desc())))


def _refusals(case_id: int) -> Select[int]:
    return (
        select(Request.person_id)
        .join(PrimaryAsk, PrimaryAsk.request_id == Request.id)
        .where(PrimaryAsk.case_id == case_id, PrimaryAsk.answer.in_(("no", "expired")))
    )


def _round(session: Session, case_id: int) -> int:
    """The entry with which the round began: later questions belong to it."""
    newest = _newest(session, case_id, VACANT, ASKED_AGAIN)
    return newest.id if newest is not None else 0


def _newest(session: Session, case_id: int, *kinds: str) -> Entry | None:
    found = select(Entry).where(Entry.case_id == case_id, Entry.kind.in_(kinds))
    return session.scalar(found.order_by(Entry.seq.desc()).limit(1))

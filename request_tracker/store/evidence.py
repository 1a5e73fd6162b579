"""Evidence: recorded facts with who, when and source; voided with a reason, never deleted."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.evidence import EVIDENCE
from request_tracker.store.base import Base, one_of, partial, tied
from request_tracker.store.once import once


class Evidence(Base):
    """`request_id` is the primary's request it hung on when recorded; `by_id` None means the system observed it."""

    __tablename__ = "evidence"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("request.id"))
    key: Mapped[str] = mapped_column(String(40))
    value: Mapped[str] = mapped_column(String(200), default="yes")
    source: Mapped[str] = mapped_column(String(20))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    note: Mapped[str] = mapped_column(Text, default="")
    link: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]
    voided_at: Mapped[datetime | None]
    voided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    void_reason: Mapped[str | None] = mapped_column(Text)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("timeline.id"))
    __table_args__ = (
        one_of("key", EVIDENCE),
        one_of("source", ("person", "observation")),
        tied("(source = 'observation') = (by_id IS NULL)", "person_is_named"),
        tied("(voided_at IS NULL) = (void_reason IS NULL)", "voided_with_reason"),
        partial("uq_evidence_standing", "case_id", "key", where="voided_at IS NULL", unique=True),
    )


_STANDING = select(Evidence).where(Evidence.case_id == bindparam("case_id"), Evidence.voided_at.is_(None))


@once
def standing(session: Session, case_id: int) -> dict[str, Evidence]:
    return {row.key: row for row in session.scalars(_STANDING, {"case_id": case_id})}

"""Assessments: one row a criterion of a case, measured or typed, confirmed or overridden by a specialist."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.terms import Criterion, Verdict
from request_tracker.store.base import Base, one_of, tied
from request_tracker.store.once import once


class Assessment(Base):
    """`measured`, `figure`, `threshold`, `reason` and `pointers` come from the document (None, empty where there is
    none), `verdict` and `note` from the specialist."""

    __tablename__ = "assessment"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    criterion: Mapped[str] = mapped_column(String(30))
    measured: Mapped[str | None] = mapped_column(String(20))
    figure: Mapped[str] = mapped_column(Text, default="")
    threshold: Mapped[str] = mapped_column(Text, default="", server_default="")
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    pointers: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    points: Mapped[float | None]
    document_id: Mapped[int | None] = mapped_column(ForeignKey("api_document.id"))
    measured_at: Mapped[datetime | None]
    verdict: Mapped[str | None] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(Text, default="")
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime | None]
    __table_args__ = (
        one_of("criterion", Criterion),
        one_of("measured", Verdict),
        one_of("verdict", Verdict),
        tied("(verdict IS NULL) = (by_id IS NULL)", "decided_by_somebody"),
        Index("uq_assessment_criterion", "case_id", "criterion", unique=True),
    )


_OF_CASE = select(Assessment).where(Assessment.case_id == bindparam("case_id"))


@once
def of_case(session: Session, case_id: int) -> dict[Criterion, Assessment]:
    return {Criterion(row.criterion): row for row in session.scalars(_OF_CASE, {"case_id": case_id})}

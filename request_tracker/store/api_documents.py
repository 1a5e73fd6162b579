"""API documents of a case: fetched, uploaded or pasted, read in a limited process, forgotten when no longer needed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.terms import Verdict
from request_tracker.store.base import Base, one_of, tied

ORIGINS = ("request", "upload", "address", "paste")
UNDER_WAY = ("waiting", "fetching", "reading")
STATES = (*UNDER_WAY, "read", "failed", "stopped")


class ApiDocument(Base):
    """One version of a vendor's API document. `upload_id`: the file that came with a request (its body stays there);
    `body` holds what was fetched, uploaded by staff or pasted. `step` says what is being done, `sentence` why it could
    not be read and what to do. `analysis` is `rules.vendor_api.Analysis` as JSON; it stays when the body is forgotten.
    `offered`: documents an HTML page points at. `former_id`: the version read before this one."""

    __tablename__ = "api_document"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("request.id"))
    upload_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    former_id: Mapped[int | None] = mapped_column(ForeignKey("api_document.id"))
    origin: Mapped[str] = mapped_column(String(10))
    url: Mapped[str] = mapped_column(Text, default="")
    filename: Mapped[str] = mapped_column(String(255), default="")
    media_type: Mapped[str] = mapped_column(String(100), default="")
    size: Mapped[int | None]
    sha256: Mapped[str] = mapped_column(String(64), default="")
    body: Mapped[bytes | None] = mapped_column(deferred=True)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    step: Mapped[str] = mapped_column(String(200), default="")
    sentence: Mapped[str] = mapped_column(Text, default="")
    offered: Mapped[list[Any]] = mapped_column(default=list)
    kind: Mapped[str] = mapped_column(String(30), default="")
    title: Mapped[str] = mapped_column(String(200), default="")
    version: Mapped[str] = mapped_column(String(100), default="")
    verdict: Mapped[str | None] = mapped_column(String(20))
    score: Mapped[int | None]
    analysis: Mapped[str | None] = mapped_column(Text, deferred=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("origin", ORIGINS),
        one_of("state", STATES),
        one_of("verdict", Verdict),
        tied("(state = 'read') = (analysis IS NOT NULL)", "read_has_analysis"),
        tied("body IS NULL OR forgotten_at IS NULL", "forgotten_is_empty"),
        Index("ix_api_document_case", "case_id", "id"),
        Index("ix_api_document_upload", "upload_id"),
    )


def of_case(session: Session, case_id: int) -> Sequence[ApiDocument]:
    """Every document of a case, the newest first; bodies and analyses are loaded when they are asked for."""
    return session.scalars(
        select(ApiDocument).where(ApiDocument.case_id == case_id).order_by(ApiDocument.id.desc())
    ).all()


def newest_read(session: Session, case_id: int) -> ApiDocument | None:
    """The document the assessment, the tables and the starter project of a case rest upon."""
    return session.scalar(
        select(ApiDocument)
        .where(ApiDocument.case_id == case_id, ApiDocument.state == "read")
        .order_by(ApiDocument.id.desc())
        .limit(1)
    )

"""Documents: files uploaded with a request, kept no longer than needed and served as attachments."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, partial, tied


class Document(Base):
    """`body` is emptied when the document is forgotten; the row stays as proof."""

    __tablename__ = "document"
    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    filename: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes | None]
    created_at: Mapped[datetime]
    forgotten_at: Mapped[datetime | None]
    __table_args__ = (
        tied("(body IS NULL) = (forgotten_at IS NOT NULL)", "forgotten_is_empty"),
        Index("ix_document_request", "request_id"),
        partial("ix_document_kept", "request_id", where="forgotten_at IS NULL"),
    )


class NoSuchDocument(LookupError):
    """No document has this id, or the viewer may not read it."""


def count_of(session: Session, request_id: int) -> int:
    """How many files came with a request, forgotten ones too."""
    return session.scalar(select(func.count()).where(Document.request_id == request_id)) or 0

"""What admins and leads did to the program itself, for the auditor; rows are never changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base


class AuditEntry(Base):
    """`act`: a word of `rules.auditing`. `subject`: what it was done to, as people name it. `data`: before and after,
    ids and settings, never a secret and never a person's words."""

    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    act: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(300))
    data: Mapped[dict[str, Any]]
    __table_args__ = (
        Index("ix_audit_entry_act", "act", "id"),
        Index("ix_audit_entry_actor", "actor_id", "id"),
        Index("ix_audit_entry_at", "at"),
    )

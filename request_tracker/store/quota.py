"""What is left of Fivetran's rate limits: one row a limit, shared by every worker and web process."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base


class QuotaBucket(Base):
    """`name` is a limit's name; `tokens` what was left at `filled_at`, below zero after a Retry-After."""

    __tablename__ = "quota_bucket"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    tokens: Mapped[float]
    filled_at: Mapped[datetime]

"""Weekly reports as they were sent, who gets them, and links to one for people without an account."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, false, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, partial, tied


class StoredReport(Base):
    """The report on a finished week as it was first made; never changed.

    `body`: as rules.report_files.to_json writes it, with what changed.
    """

    __tablename__ = "weekly_report"
    id: Mapped[int] = mapped_column(primary_key=True)
    week: Mapped[str] = mapped_column(String(8), unique=True)
    as_of: Mapped[datetime]
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Subscription(Base):
    """Who gets the report beside the leads: a person of the house, or an address without an account (gets a link)."""

    __tablename__ = "report_subscription"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    address: Mapped[str | None] = mapped_column(String(320))
    name: Mapped[str] = mapped_column(String(200), default="")
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    nameless: Mapped[bool] = mapped_column(default=False, server_default=false())
    __table_args__ = (
        tied("(person_id IS NULL) <> (address IS NULL)", "person_or_address"),
        tied("address IS NULL OR address = lower(address)", "address_lower"),
        tied("ended_by_id IS NULL OR ended_at IS NOT NULL", "ended_has_time"),
        partial("uq_report_subscription_person", "person_id", where="ended_at IS NULL", unique=True),
        partial("uq_report_subscription_address", "address", where="ended_at IS NULL", unique=True),
    )


class ReportShare(Base):
    """A signed link to one week's report for somebody without an account; it ends by itself, or when revoked.

    A `nameless` one shows accounts as letters and nobody of the house by name.
    """

    __tablename__ = "report_share"
    id: Mapped[int] = mapped_column(primary_key=True)
    week: Mapped[str] = mapped_column(String(8))
    address: Mapped[str] = mapped_column(String(320))
    name: Mapped[str] = mapped_column(String(200), default="")
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("report_subscription.id"))
    at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime | None]
    opens: Mapped[int] = mapped_column(default=0)
    nameless: Mapped[bool] = mapped_column(default=False, server_default=false())
    __table_args__ = (
        tied("expires_at > at", "ends_later"),
        tied("(revoked_at IS NULL) = (revoked_by_id IS NULL)", "revoked_by_somebody"),
        Index("uq_report_share_once", "subscription_id", "week", unique=True),
    )


def stored(session: Session, week: str) -> StoredReport | None:
    return session.scalar(select(StoredReport).where(StoredReport.week == week))

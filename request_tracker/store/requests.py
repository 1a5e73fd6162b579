"""Requests: what one person at one account submitted. A request belongs for ever to the case it opened or joined."""

import re
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.terms import AuthKind
from request_tracker.store.base import Base, one_of
from request_tracker.store.cases import Case
from request_tracker.store.once import once


class Request(Base):
    __tablename__ = "request"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    submitted_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    kind: Mapped[str] = mapped_column(String(10))
    service_name: Mapped[str] = mapped_column(String(200))
    service_url: Mapped[str] = mapped_column(Text)
    api_docs_url: Mapped[str] = mapped_column(Text)
    use_case: Mapped[str] = mapped_column(Text)
    data_needed: Mapped[str] = mapped_column(Text)
    auth_kind: Mapped[str] = mapped_column(String(20))
    sandbox: Mapped[str] = mapped_column(String(10))
    endpoint_count: Mapped[int | None]
    custom_fields: Mapped[str] = mapped_column(Text, default="")
    group_wanted: Mapped[str] = mapped_column(String(200), default="")
    fivetran_role: Mapped[str] = mapped_column(String(200), default="")
    also_tell: Mapped[str] = mapped_column(Text, default="")
    would_preview: Mapped[bool] = mapped_column(default=False)
    form_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("kind", ("opened", "joined")),
        one_of("auth_kind", AuthKind),
        one_of("sandbox", ("yes", "no", "unknown")),
        Index("ix_request_case", "case_id"),
        Index("ix_request_account", "account_id", "id"),
        Index("ix_request_person", "person_id", "id"),
    )

    @property
    def number(self) -> str:
        return request_number(self.id)


class NoSuchRequest(LookupError):
    """No request has this number, or the viewer may not know of it."""


def request_number(request_id: int) -> str:
    return f"REQ-{request_id:06d}"


def request_id(number: str) -> int:
    found = re.fullmatch(r"REQ-(\d{1,9})", number.strip().upper(), re.ASCII)
    if not found:
        raise NoSuchRequest(f"{number[:40]!r} is no request number: they look like REQ-000123")
    return int(found[1])


def by_number(session: Session, number: str) -> Request:
    request = session.get(Request, request_id(number))
    if request is None:
        raise NoSuchRequest(f"There is no request {number[:40]}")
    return request


def primary_of(session: Session, case: Case) -> Request | None:
    """The primary's request; None while nobody leads the case."""
    return session.get(Request, case.primary_request_id) if case.primary_request_id else None


def by_form_key(session: Session, form_key: str) -> Request | None:
    return session.scalar(select(Request).where(Request.form_key == form_key))


def live_of(session: Session, case_id: int) -> list[Request]:
    """The live requests of the case alone, oldest first."""
    found = select(Request).where(Request.case_id == case_id, Request.withdrawn_at.is_(None))
    return list(session.scalars(found.order_by(Request.created_at, Request.id)))


@once
def of_tree(session: Session, root_id: int, *, live_only: bool = False) -> list[Request]:
    """Every request of the cases in the tree, oldest first."""
    found = (
        select(Request)
        .join(Case, Case.id == Request.case_id)
        .where(Case.root_id == root_id)
        .order_by(Request.created_at, Request.id)
    )
    if live_only:
        found = found.where(Request.withdrawn_at.is_(None))
    return list(session.scalars(found))

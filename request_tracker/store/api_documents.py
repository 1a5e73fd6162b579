"""API documents of a case: fetched, uploaded or pasted, read in a limited process, forgotten when no longer needed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ForeignKey, Index, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.terms import Verdict
from request_tracker.rules.vendor_api import Analysis
from request_tracker.store.base import Base, one_of, partial, tied
from request_tracker.store.documents import Document, NoSuchDocument
from request_tracker.store.once import once

ORIGINS = ("request", "upload", "address", "paste")
UNDER_WAY = ("waiting", "fetching", "reading")
STATES = (*UNDER_WAY, "read", "failed", "stopped")
PAGE = "html"
"""The kind of a page for people: it describes no data, so any description that was read goes before it."""


class ApiDocument(Base):
    """One version of a vendor's API document. `upload_id`: the file that came with a request (its body stays there);
    `body` holds what was fetched, uploaded by staff or pasted. `step` says what is being done, `sentence` why it could
    not be read and what to do. `analysis` is `rules.vendor_api.Analysis` as JSON; it stays when the body is forgotten.
    `offered`: documents an HTML page points at. `former_id`: the version read before this one, or for one that was
    stopped the version it equals byte by byte. `judged`: `caps` and `alternatives`, sentences of the verdict."""

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
    judged: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    took_s: Mapped[float | None]
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
        partial("ix_api_document_kept", "case_id", where="forgotten_at IS NULL"),
        partial("ix_api_document_under_way", "account_id", where="state IN ('waiting', 'fetching', 'reading')"),
    )

    def over(self, state: str, sentence: str, now: datetime) -> None:
        """It failed or was stopped: `sentence` says why and what to do."""
        self.state, self.step, self.sentence, self.finished_at = state, "", sentence, now


def of_case(session: Session, case_id: int) -> Sequence[ApiDocument]:
    """Every document of a case, the newest first; bodies and analyses are loaded when they are asked for."""
    return session.scalars(
        select(ApiDocument).where(ApiDocument.case_id == case_id).order_by(ApiDocument.id.desc())
    ).all()


@once
def newest_read(session: Session, case_id: int) -> ApiDocument | None:
    """The document the assessment, the tables and the starter project of a case rest upon.

    A page for people counts only where no description was ever read.
    """
    return session.scalar(
        select(ApiDocument)
        .where(ApiDocument.case_id == case_id, ApiDocument.state == "read")
        .order_by(ApiDocument.kind == PAGE, ApiDocument.id.desc())
        .limit(1)
    )


def of_number(session: Session, case_id: int, document_id: int) -> ApiDocument:
    """The document of this case. Raises NoSuchDocument."""
    found = session.get(ApiDocument, document_id)
    if found is None or found.case_id != case_id:
        raise NoSuchDocument("There is no such document on this case")
    return found


def locked(session: Session, document_id: int) -> ApiDocument:
    """The document as it is now, locked. Whoever locks its case too locks that first."""
    found = select(ApiDocument).where(ApiDocument.id == document_id).with_for_update()
    return session.scalars(found.execution_options(populate_existing=True)).one()


def same_bytes(session: Session, case_id: int, sha256: str) -> ApiDocument | None:
    """The document of these bytes that the case rests upon already, or that waits or is being read."""
    newest = newest_read(session, case_id)
    if newest is not None and newest.sha256 == sha256:
        return newest
    return session.scalar(
        select(ApiDocument)
        .where(ApiDocument.case_id == case_id, ApiDocument.sha256 == sha256, ApiDocument.state.in_(UNDER_WAY))
        .limit(1)
    )


def under_way(session: Session, case_id: int) -> int:
    """How many documents of the case wait or are being read."""
    found = select(func.count()).where(ApiDocument.case_id == case_id, ApiDocument.state.in_(UNDER_WAY))
    return session.scalar(found) or 0


def sent_by(session: Session, account_id: int) -> int:
    """How many files that came with requests of the account wait or are being read."""
    found = select(func.count()).where(
        ApiDocument.account_id == account_id, ApiDocument.origin == "request", ApiDocument.state.in_(UNDER_WAY)
    )
    return session.scalar(found) or 0


def body_of(session: Session, row: ApiDocument) -> bytes | None:
    """What was fetched, uploaded or pasted, or came with the request; None once it is forgotten."""
    if row.upload_id is None:
        return row.body
    return session.scalar(select(Document.body).where(Document.id == row.upload_id))


def analysis_of(row: ApiDocument) -> Analysis | None:
    """What was found in the document; None where it was not read."""
    return None if row.analysis is None else msgspec.json.decode(row.analysis, type=Analysis)


def without_contents(row: ApiDocument) -> str | None:
    """The analysis as it is stored, without the parts of the document that were copied into it word for word."""
    found = analysis_of(row)
    if found is None:
        return None
    made_up = {name: found.examples[name] for name in found.made_up if name in found.examples}
    return as_text(replace(found, examples=made_up, excerpts={}))


def as_text(analysis: Analysis) -> str:
    """The analysis as it is stored: JSON, in which NUL is spelt out, so that any database takes it."""
    return msgspec.json.encode(analysis, enc_hook=dict).decode()

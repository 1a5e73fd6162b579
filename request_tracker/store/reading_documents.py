"""What was read of a case's API documents, for staff: versions and how they stand, what was found, what changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from request_tracker.rules.people import Viewer
from request_tracker.rules.strangers import plain
from request_tracker.store import api_documents
from request_tracker.store.api_documents import UNDER_WAY, ApiDocument
from request_tracker.store.cases import Case, NoSuchCase
from request_tracker.store.documents import Document
from request_tracker.store.people import Person
from request_tracker.store.requests import Request, request_number
from request_tracker.store.timeline import Entry

ORIGINS = {
    "request": "Came with a request",
    "upload": "Uploaded",
    "address": "Fetched",
    "paste": "Pasted",
}
KINDS = {
    "openapi2.0": "OpenAPI 2.0 (Swagger)", "openapi3.0": "OpenAPI 3.0", "openapi3.1": "OpenAPI 3.1",
    "postman2.0": "Postman 2.0", "postman2.1": "Postman 2.1", "graphql-sdl": "GraphQL schema",
    "graphql-introspection": "GraphQL introspection", "html": "Page for people",
}  # fmt: skip
NAMELESS = "Document without a name"


@dataclass(frozen=True)
class DocumentVersion:
    """A document as the pages list it. `version` counts those that were read, from 1; 0 for all others. `same_as` is
    the version it equals byte by byte; `is_basis`: the assessment rests upon it."""

    id: int
    version: int
    name: str
    kind: str
    origin: str
    request: str
    url: str
    size: int | None
    at: datetime
    by: str
    state: str
    step: str
    sentence: str
    offered: tuple[str, ...]
    verdict: str | None
    score: int | None
    caps: tuple[str, ...]
    alternatives: tuple[str, ...]
    took_s: float | None
    finished_at: datetime | None
    forgotten_at: datetime | None
    has_body: bool
    same_as: int
    is_basis: bool

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY


@dataclass(frozen=True)
class Unread:
    """A file that came with a request and was not read for this case."""

    id: int
    filename: str
    request: str
    at: datetime


@dataclass(frozen=True)
class Documents:
    """All documents of a case, the newest first."""

    versions: tuple[DocumentVersion, ...]

    @property
    def basis(self) -> DocumentVersion | None:
        return next((each for each in self.versions if each.is_basis), None)

    @property
    def is_busy(self) -> bool:
        return any(each.is_under_way for each in self.versions)


def documents(session: Session, case: Case, viewer: Viewer) -> Documents:
    """The documents of a case, for staff. Raises NoSuchCase for anybody else."""
    if not viewer.is_staff:
        raise NoSuchCase(f"There is no case {case.number} whose documents you may read")
    rows = api_documents.of_case(session, case.id)
    numbers = {row.id: n for n, row in enumerate((each for each in reversed(rows) if each.state == "read"), 1)}
    basis = api_documents.newest_read(session, case.id) if numbers else None
    names = _names(session, {row.by_id for row in rows if row.by_id})
    kept = _kept(session, case.id) if rows else frozenset()
    return Documents(tuple(_version(row, numbers, names, kept, basis) for row in rows))


def unread(session: Session, case: Case, viewer: Viewer) -> tuple[Unread, ...]:
    """What came with the requests of the tree, is still there, and was never handed to the worker for this case."""
    if not viewer.is_staff:
        return ()
    known = select(ApiDocument.upload_id).where(ApiDocument.case_id == case.id, ApiDocument.upload_id.is_not(None))
    found = (
        select(Document.id, Document.filename, Document.created_at, Request.id.label("request_id"))
        .join(Request, Request.id == Document.request_id)
        .join(Case, Case.id == Request.case_id)
        .where(Case.root_id == case.id, Document.forgotten_at.is_(None), Document.id.not_in(known))
        .order_by(Document.id)
        .limit(20)
    )
    return tuple(
        Unread(row.id, row.filename, request_number(row.request_id), row.created_at) for row in session.execute(found)
    )


def newest_entry(session: Session, case_id: int) -> int:
    """The newest timeline entry of a case: what a page shows that its form was made after."""
    return session.scalar(select(func.max(Entry.id)).where(Entry.case_id == case_id)) or 0


def _version(
    row: ApiDocument,
    numbers: Mapping[int, int],
    names: Mapping[int, str],
    kept: frozenset[int],
    basis: ApiDocument | None,
) -> DocumentVersion:
    is_same = row.state == "stopped" and row.former_id is not None
    return DocumentVersion(
        id=row.id,
        version=numbers.get(row.id, 0),
        name=plain(row.title or row.filename or row.url, 120) or NAMELESS,
        kind=KINDS.get(row.kind, row.kind),
        origin=ORIGINS[row.origin],
        request=request_number(row.request_id) if row.request_id else "",
        url=plain(row.url, 500),
        size=row.size,
        at=row.created_at,
        by=names.get(row.by_id or 0, "the system"),
        state=row.state,
        step=plain(row.step),
        sentence=plain(row.sentence, 1000),
        offered=tuple(plain(each, 2000) for each in row.offered),
        verdict=row.verdict,
        score=row.score,
        caps=tuple(plain(each, 500) for each in row.judged.get("caps", ())),
        alternatives=tuple(plain(each, 500) for each in row.judged.get("alternatives", ())),
        took_s=row.took_s,
        finished_at=row.finished_at,
        forgotten_at=row.forgotten_at,
        has_body=row.id in kept,
        same_as=numbers.get(row.former_id or 0, 0) if is_same else 0,
        is_basis=basis is not None and basis.id == row.id,
    )


def _names(session: Session, ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    return {row.id: row.name for row in session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))}


def _kept(session: Session, case_id: int) -> frozenset[int]:
    """The documents of the case whose contents are still there, told without loading them."""
    found = (
        select(ApiDocument.id)
        .outerjoin(Document, Document.id == ApiDocument.upload_id)
        .where(ApiDocument.case_id == case_id, ApiDocument.body.is_not(None) | Document.body.is_not(None))
    )
    return frozenset(session.scalars(found))

"""The tables proposed from a case's newest document, what was chosen of them, and what that means elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from request_tracker.rules.table_tree import Branch, ancestors, arrange
from request_tracker.rules.vendor_api import Analysis, Table
from request_tracker.store import api_documents, cases, chosen_tables, requests
from request_tracker.store.api_documents import ApiDocument
from request_tracker.store.cases import Case
from request_tracker.store.people import Person

MOST_TABLES = 5000
"""More than any real document proposes; a page and a form have to end somewhere."""


@dataclass(frozen=True)
class Proposal:
    """`decided`: needed or not, by name, where somebody said so. `gone`: chosen once, and not in this document.

    `stamp` changes with every decision and with every newer document.
    """

    document_id: int
    title: str
    version: str
    kind: str
    read_at: datetime | None
    analysis: Analysis
    branches: tuple[Branch, ...]
    decided: Mapping[str, bool]
    gone: tuple[str, ...]
    stamp: str
    by: str = ""
    at: datetime | None = None
    data_needed: tuple[tuple[str, str], ...] = ()

    @property
    def chosen(self) -> frozenset[str]:
        return frozenset(name for name, is_wanted in self.decided.items() if is_wanted)

    @property
    def walked(self) -> frozenset[str]:
        """Not chosen themselves, and read all the same on the way to those that are."""
        return ancestors(self.tables, self.chosen) - self.chosen

    @property
    def tables(self) -> Mapping[str, Table]:
        return {each.name: each.table for each in self.branches}

    def branch(self, name: str) -> Branch | None:
        return next((each for each in self.branches if each.name == name), None)


@dataclass(frozen=True)
class Brief:
    """As much of a proposal as another page tells of it."""

    proposed: int
    chosen: tuple[str, ...]
    stamp: str = ""


@dataclass(frozen=True)
class _Named:
    name: str
    path: str


@dataclass(frozen=True)
class _Names:
    """The names alone: the decoder passes over all the rest of a document."""

    tables: tuple[_Named, ...] = ()


def proposal(session: Session, case: Case) -> Proposal | None:
    """The proposal of the newest document that could be read; None while there is none. For staff alone."""
    document = api_documents.newest_read(session, case.id)
    analysis = api_documents.analysis_of(document) if document else None
    if document is None or analysis is None:
        return None
    branches = arrange(analysis.tables[:MOST_TABLES])
    rows = chosen_tables.of_case(session, case.id)
    decided = chosen_tables.matched(rows, {each.name: each.table.path for each in branches})
    here = {row.id for row in decided.values()}
    newest = max(rows.values(), key=lambda row: (row.at, row.id), default=None)
    return Proposal(
        document_id=document.id,
        title=document.title or analysis.title,
        version=document.version or analysis.version,
        kind=document.kind or analysis.kind,
        read_at=document.finished_at,
        analysis=analysis,
        branches=branches,
        decided={name: row.is_wanted for name, row in decided.items()},
        gone=tuple(name for name, row in rows.items() if row.is_wanted and row.id not in here),
        stamp=stamp(session, case.id, document),
        by=session.get_one(Person, newest.by_id).name if newest else "",
        at=newest.at if newest else None,
        data_needed=_needs(session, case),
    )


def brief(session: Session, case_id: int) -> Brief | None:
    """How many tables are proposed, and which are chosen; None while no document was read."""
    document = api_documents.newest_read(session, case_id)
    if document is None or document.analysis is None:
        return None
    names = msgspec.json.decode(document.analysis, type=_Names).tables[:MOST_TABLES]
    found = chosen_tables.matched(chosen_tables.of_case(session, case_id), {each.name: each.path for each in names})
    chosen = tuple(sorted(name for name, row in found.items() if row.is_wanted))
    return Brief(len(names), chosen, stamp(session, case_id, document))


def expected(session: Session, case_id: int) -> tuple[str, ...]:
    """The names of the chosen tables, by which a starter project writes them. Empty where nothing is chosen."""
    if not chosen_tables.count(session, case_id):
        return ()
    found = brief(session, case_id)
    return found.chosen if found else ()


def stamp(session: Session, case_id: int, document: ApiDocument) -> str:
    return f"{document.id}.{chosen_tables.stamp(session, case_id)}"


def _needs(session: Session, case: Case) -> tuple[tuple[str, str], ...]:
    """What the requesters of the case said they need, each with the number of the request."""
    root = cases.root_of(session, case)
    return tuple((each.number, each.data_needed) for each in requests.of_tree(session, root.id, live_only=True))

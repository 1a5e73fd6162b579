"""The board's pages: service, phase, documentation, date and how many accounts ask; nobody's name, words or website."""

import base64
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, select, tuple_, union
from sqlalchemy.orm import Session

from request_tracker.rules.board import STAGES, TOLD
from request_tracker.rules.board import stage as stage_of
from request_tracker.rules.names import name_key
from request_tracker.rules.people import Viewer
from request_tracker.rules.strangers import plain
from request_tracker.rules.terms import Phase
from request_tracker.store import policies
from request_tracker.store.board import BoardRow, Unlisted, host_begins, public_docs
from request_tracker.store.cases import Case, NoSuchCase, case_id, case_number
from request_tracker.store.catalogue import CatalogueEntry
from request_tracker.store.facts import supporting_accounts
from request_tracker.store.reading_queue import MOST_ROWS, BadFilter
from request_tracker.store.requests import Request, request_number

PAGE = 25
LONGEST = 100
FEW = 5
SORTS = ("supporters", "newest")
END = "\U0010ffff"


@dataclass(frozen=True)
class Asked:
    """What a reader of the board asked for. `phase`: a key of rules.board.STAGES, or empty."""

    q: str = ""
    phase: str = ""
    sort: str = "supporters"
    cursor: str = ""


@dataclass(frozen=True)
class BoardCase:
    """`mine`: the reader's own request by number, empty where they have none; `ours`: their account asks for it."""

    number: str
    service_name: str
    stage: str
    docs_url: str
    opened_at: datetime
    accounts: int
    mine: str = ""
    ours: bool = False


@dataclass(frozen=True)
class Exists:
    """A connector of the catalogue that answers what was looked for."""

    name: str
    service: str


@dataclass(frozen=True)
class BoardPage:
    items: tuple[BoardCase, ...]
    exists: tuple[Exists, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Decision:
    """One decision about the board: a key of rules.board.LEVELS, why, by whom and when."""

    level: str
    reason: str
    by: str
    at: datetime


def decisions(session: Session) -> tuple[Decision, ...]:
    """The decisions about the board, newest first."""
    rows = policies.decisions(session, policies.BOARD)
    return tuple(Decision(row.value["level"], row.value["reason"], by, row.at) for row, by in rows)


def page(session: Session, asked: Asked, viewer: Viewer | None) -> BoardPage:
    """A page of the board: four statements, however many cases there are. Raises BadFilter."""
    found = session.execute(_wanted(asked).limit(PAGE + 1)).all()
    cases = _cases(session, found[:PAGE], viewer)
    more = _cursor(found[PAGE - 1], asked.sort) if len(found) > PAGE else None
    return BoardPage(cases, _exists(session, asked.q), more)


def newest(session: Session, *, most: int = 10) -> tuple[BoardCase, ...]:
    """What the board would show first, read from the cases themselves: for whoever decides about it."""
    found = session.execute(_columns(select(*_CARD)).order_by(Case.opened_at.desc(), Case.id.desc()).limit(most)).all()
    return _cases(session, found, None)


def one(session: Session, number: str, viewer: Viewer | None) -> BoardCase | None:
    """The case if it stands on the board, by its number or that of a case merged into it."""
    wanted = _number(number)
    if not wanted:
        return None
    root = select(Case.root_id).where(Case.id == wanted).scalar_subquery()
    found = session.execute(_columns(select(*_CARD)).where(Case.id == root)).all()
    return next(iter(_cases(session, found, viewer)), None)


_CARD = (Case.id, Case.service_name, Case.phase, Case.outcome, Case.api_docs_url, Case.opened_at)


def _columns(found: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Only what may be shown at this moment, whatever the worker wrote a minute ago.

    Were these columns compared as they are, SQLite would walk their indexes, which grow with the program.
    """
    told = func.coalesce(Case.outcome, "").in_([each or "" for each in TOLD])
    is_root = func.coalesce(Case.merged_into_id, 0) == 0
    return found.outerjoin(Unlisted, Unlisted.case_id == Case.id).where(
        is_root, Case.phase != Phase.SUBMISSION, told, Unlisted.case_id.is_(None)
    )


def _wanted(asked: Asked) -> Select[*tuple[Any, ...]]:
    if asked.sort not in SORTS:
        raise BadFilter(f"sort: choose one of {', '.join(SORTS)}")
    if asked.phase and asked.phase not in STAGES:
        raise BadFilter(f"phase: choose one of {', '.join(STAGES)}")
    column: Any = BoardRow.accounts if asked.sort == "supporters" else BoardRow.opened_at
    found = _columns(select(*_CARD, BoardRow.accounts).join(BoardRow, BoardRow.case_id == Case.id))
    found = found.where(BoardRow.stage == asked.phase if asked.phase else _ON_IT)
    if words := plain(asked.q, LONGEST):
        found = found.where(_begins(words))
    if asked.cursor:
        found = found.where(tuple_(column, BoardRow.case_id) < _uncursor(asked.cursor, asked.sort))
    return found.order_by(column.desc(), BoardRow.case_id.desc())


_ON_IT: ColumnElement[bool] = literal_column("board_row.stage <> ''")
"""As the indexes over what stands on the board say it."""


def _begins(words: str) -> ColumnElement[bool]:
    """The service's name, or the host of its documentation, begins so: found by these, then put in order.

    Otherwise a word that few begin with would be looked for along the whole order.
    """
    keys = [(BoardRow.name_key, name_key(words)), (BoardRow.host, host_begins(words))]
    found = (select(BoardRow.case_id).where(_ON_IT, column >= key, column < key + END) for column, key in keys if key)
    return BoardRow.case_id.in_(union(*found))


def _cases(session: Session, found: Sequence[Any], viewer: Viewer | None) -> tuple[BoardCase, ...]:
    ids = [row.id for row in found]
    counts = supporting_accounts(session, ids) if ids else {}
    own = _own(session, ids, viewer) if ids and viewer is not None and viewer.account_id is not None else {}
    return tuple(replace(_case(row, counts.get(row.id, 0)), **own.get(row.id, {})) for row in found)


def _case(row: Any, accounts: int) -> BoardCase:
    stage = stage_of(row.phase, row.outcome)
    return BoardCase(
        case_number(row.id), row.service_name, stage, public_docs(row.api_docs_url), row.opened_at, accounts
    )


def _own(session: Session, ids: Collection[int], viewer: Viewer) -> dict[int | None, dict[str, Any]]:
    """Which of the cases the reader asks for, and which somebody else of their account: by the cases, not by all that
    the account ever asked for."""
    rows = session.execute(
        select(Case.root_id, Request.id, Request.person_id)
        .join(Case, Case.id == Request.case_id)
        .where(Case.root_id.in_(ids), Request.account_id + 0 == viewer.account_id, Request.withdrawn_at.is_(None))
        .order_by(Request.id)
    )
    found: dict[int | None, dict[str, Any]] = {}
    for root_id, request_id, person_id in rows:
        mine = {"mine": request_number(request_id)} if person_id == viewer.id else {}
        found[root_id] = {"ours": True, **found.get(root_id, {}), **mine}
    return found


def _exists(session: Session, typed: str) -> tuple[Exists, ...]:
    """The catalogue is the same size however many cases there are."""
    words = plain(typed, LONGEST).lower()
    if not words:
        return ()
    begins = func.lower(CatalogueEntry.name).startswith(words, autoescape=True) | CatalogueEntry.domain.startswith(
        host_begins(words), autoescape=True
    )
    found = select(CatalogueEntry.name, CatalogueEntry.service).where(begins, CatalogueEntry.service_status != "sunset")
    rows = session.execute(found.order_by(CatalogueEntry.name, CatalogueEntry.id).limit(FEW))
    return tuple(Exists(row.name, row.service) for row in rows)


def _number(number: str) -> int:
    try:
        return case_id(number)
    except NoSuchCase:
        return 0


def _cursor(row: Any, sort: str) -> str:
    place = row.accounts if sort == "supporters" else row.opened_at.isoformat()
    return base64.urlsafe_b64encode(json.dumps([place, row.id]).encode()).decode().rstrip("=")


def _uncursor(cursor: str, sort: str) -> tuple[Any, int]:
    try:
        place, last = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        at = int(place) if sort == "supporters" else datetime.fromisoformat(place).astimezone(UTC)
        number = int(last)
        if not 0 <= number < MOST_ROWS or (isinstance(at, int) and not 0 <= at < MOST_ROWS):
            raise ValueError(number)
        return at, number
    except (ValueError, TypeError, OverflowError, RecursionError) as fault:
        raise BadFilter("cursor: use the address of the page before, unchanged") from fault

"""The queue: which cases, due first; one statement a page, keyset paging."""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, false, or_, select, tuple_
from sqlalchemy.orm import Session

from request_tracker.rules.people import Viewer
from request_tracker.rules.searching import Asked, read
from request_tracker.rules.terms import HoldReason, Outcome, Phase
from request_tracker.store import search_hits
from request_tracker.store.base import FAR
from request_tracker.store.cases import Case, case_number
from request_tracker.store.people import Account, Person
from request_tracker.store.requests import Request

DUE = ("overdue", "at_risk", "ok", "paused", "none")
SORTS = ("due", "-due", "opened", "-opened", "touched", "-touched")
MOST = 200
MOST_ROWS = 2**31
Instant = datetime | BindParameter[datetime]
"""When; or the place of it in a statement that is kept."""


class BadFilter(ValueError):
    """A filter of the address is unknown; the message names it and what is possible."""


@dataclass(frozen=True)
class Filter:
    """What to list. `assignee`: an address, `me`, `none` or empty; `outcome`: one of Outcome, `live` or `any`;
    `account`: a part of the name of an account that asks for it.
    """

    phase: str = ""
    outcome: str = ""
    assignee: str = ""
    hold: str = ""
    due: str = ""
    q: str = ""
    account: str = ""
    sort: str = "due"
    cursor: str = ""
    limit: int = 50


@dataclass(frozen=True)
class QueueRow:
    number: str
    service_name: str
    phase: Phase
    outcome: str | None
    version: int
    assignee: str | None
    held: str | None
    due_at: datetime | None
    due: str
    opened_at: datetime
    touched_at: datetime


@dataclass(frozen=True)
class QueuePage:
    items: tuple[QueueRow, ...]
    next_cursor: str | None


def page(session: Session, wanted: Filter, viewer: Viewer, now: datetime) -> QueuePage:
    """The page of the queue. Staff see every root; requesters the roots in whose tree their account takes part."""
    found = (
        select(
            Case.id, Case.service_name, Case.phase, Case.outcome, Case.version, Person.name, Case.held,
            Case.queue_at, Case.at_risk_at, Case.opened_at, Case.touched_at,
        )
        .outerjoin(Person, Person.id == Case.assignee_id)
        .where(*conditions(session, wanted, viewer, now))
    )  # fmt: skip
    rows, next_cursor = cut(session.execute(placed(found, wanted)).all(), wanted)
    return QueuePage(tuple(_row(row, now) for row in rows), next_cursor)


def placed(found: Any, wanted: Filter) -> Any:
    """The rows of one page of it in order, and one more if more follow: keyset paging."""
    column, descending = _column(wanted.sort)
    if wanted.cursor:
        at, last = _uncursor(wanted.cursor)
        place = tuple_(column, Case.id)
        found = found.where(place < (at, last) if descending else place > (at, last))
    return found.order_by(*order(wanted)).limit(_limit(wanted) + 1)


def cut(rows: Sequence[Any], wanted: Filter) -> tuple[Sequence[Any], str | None]:
    """The rows of the page itself, and the cursor of the next one if more follow."""
    limit = _limit(wanted)
    return rows[:limit], _cursor(rows[limit - 1], wanted.sort) if len(rows) > limit else None


def order(wanted: Filter) -> tuple[Any, Any]:
    column, descending = _column(wanted.sort)
    return (column.desc(), Case.id.desc()) if descending else (column, Case.id)


def _limit(wanted: Filter) -> int:
    return max(1, min(wanted.limit, MOST))


def _column(sort: str) -> tuple[Any, bool]:
    if sort not in SORTS:
        raise BadFilter(f"sort: choose one of {', '.join(SORTS)}")
    columns = {"due": Case.queue_at, "opened": Case.opened_at, "touched": Case.touched_at}
    return columns[sort.lstrip("-")], sort.startswith("-")


def conditions(session: Session, wanted: Filter, viewer: Viewer, now: Instant) -> list[ColumnElement[bool]]:
    """What a row has to be to stand in the view. Raises BadFilter."""
    found = but_words(wanted, viewer, now)
    if wanted.q.strip():
        found.append(_text(session, viewer, read(wanted.q)))
    return found


def but_words(wanted: Filter, viewer: Viewer, now: Instant) -> list[ColumnElement[bool]]:
    """The same for a view in which nothing is searched: no more than its filter has to be known. Raises BadFilter."""
    found = [
        *_outcome(wanted),
        *_phase(wanted),
        *_assignee(wanted, viewer),
        *_hold(wanted),
        *_due(wanted, now),
        *_account(wanted),
    ]
    if not viewer.is_staff:
        mine = select(Case.root_id).join(Request, Request.case_id == Case.id)
        found.append(Case.id.in_(mine.where(Request.account_id == viewer.account_id)))
    return found


def must_be_known(wanted: Filter) -> None:
    """Raises BadFilter where the view could not be opened."""
    for part in (_outcome, _phase, _hold):
        part(wanted)
    _due(wanted, FAR)
    _column(wanted.sort)


def _outcome(wanted: Filter) -> list[ColumnElement[bool]]:
    if wanted.outcome == "any":
        return []
    if wanted.outcome in ("", "live"):
        return [Case.outcome.is_(None)]
    if wanted.outcome not in list(Outcome):
        raise BadFilter(f"outcome: choose one of live, any, {', '.join(Outcome)}")
    return [Case.outcome == wanted.outcome]


def _phase(wanted: Filter) -> list[ColumnElement[bool]]:
    if not wanted.phase:
        return []
    if wanted.phase not in list(Phase):
        raise BadFilter(f"phase: choose one of {', '.join(Phase)}")
    return [Case.phase == wanted.phase]


def _assignee(wanted: Filter, viewer: Viewer) -> list[ColumnElement[bool]]:
    if not wanted.assignee:
        return []
    if wanted.assignee == "me":
        return [Case.assignee_id == viewer.id]
    if wanted.assignee == "none":
        return [Case.assignee_id.is_(None)]
    return [Case.assignee_id.in_(select(Person.id).where(Person.email == wanted.assignee.lower()))]


def _hold(wanted: Filter) -> list[ColumnElement[bool]]:
    if not wanted.hold:
        return []
    if wanted.hold in ("any", "none"):
        return [Case.held.isnot(None) if wanted.hold == "any" else Case.held.is_(None)]
    if wanted.hold not in list(HoldReason):
        raise BadFilter(f"hold: choose one of any, none, {', '.join(HoldReason)}")
    return [Case.held == wanted.hold]


def _due(wanted: Filter, now: Instant) -> list[ColumnElement[bool]]:
    if not wanted.due:
        return []
    names = [name.strip() for name in wanted.due.split(",") if name.strip()]
    if any(name not in DUE for name in names):
        raise BadFilter(f"due: choose from {', '.join(DUE)}")
    fits = due_is(now)
    return [or_(*(fits[name] for name in names))]


def due_is(now: Instant) -> dict[str, ColumnElement[bool]]:
    """How a case stands to the first promise of its tree: exactly one of these is true of a live case."""
    return {
        "overdue": Case.queue_at < now,
        "at_risk": and_(Case.queue_at >= now, Case.queue_at < FAR, Case.at_risk_at <= now),
        "ok": and_(Case.queue_at >= now, Case.queue_at < FAR, or_(Case.at_risk_at.is_(None), Case.at_risk_at > now)),
        "paused": and_(Case.queue_at >= FAR, Case.held.isnot(None)),
        "none": and_(Case.queue_at >= FAR, Case.held.is_(None)),
    }


def _account(wanted: Filter) -> list[ColumnElement[bool]]:
    name = wanted.account.strip()[:200]
    if not name:
        return []
    asked = select(Case.root_id).join(Request, Request.case_id == Case.id)
    named = select(Account.id).where(Account.name.icontains(name, autoescape=True))
    return [Case.id.in_(asked.where(Request.account_id.in_(named)))]


def _text(session: Session, viewer: Viewer, asked: Asked) -> ColumnElement[bool]:
    """The case of a number, else those found by the words, and the roots of those that were merged."""
    number = re.fullmatch(r"LITE-([0-9]{1,20})", asked.text.upper())
    if number:
        return Case.id == min(int(number[1]), MOST_ROWS - 1)
    return Case.id.in_(search_hits.inside(session, viewer, asked)) if asked.words else false()


def _row(row: Any, now: datetime) -> QueueRow:
    due_at = row.queue_at if row.queue_at < FAR else None
    return QueueRow(
        case_number(row.id), row.service_name, Phase(row.phase), row.outcome, row.version, row.name, row.held,
        due_at, due_word(row, due_at, now), row.opened_at, row.touched_at,
    )  # fmt: skip


def due_word(row: Any, due_at: datetime | None, now: datetime) -> str:
    """How the case of the row stands to its first promise: one of DUE."""
    if row.outcome is not None:
        return "none"
    if due_at is None:
        return "paused" if row.held else "none"
    if due_at < now:
        return "overdue"
    return "at_risk" if row.at_risk_at is not None and row.at_risk_at <= now else "ok"


def _cursor(row: Any, sort: str) -> str:
    at = {"due": row.queue_at, "opened": row.opened_at, "touched": row.touched_at}[sort.lstrip("-")]
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), row.id]).encode()).decode().rstrip("=")


def _uncursor(cursor: str) -> tuple[datetime, int]:
    try:
        at, last = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place, number = datetime.fromisoformat(at).astimezone(UTC), int(last)
        if not 0 <= number < MOST_ROWS:
            raise ValueError(number)
        return place, number
    except (ValueError, TypeError, OverflowError, RecursionError) as fault:
        raise BadFilter("cursor: use the next_cursor of the page before, unchanged") from fault

"""A requester's first page: what is asked of them, their requests and their colleagues', a draft, the first visit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.rules import task_words
from request_tracker.rules.program import Program
from request_tracker.rules.task_words import TaskWords
from request_tracker.rules.tasks import AWAITED
from request_tracker.store import board, drafts, policies, reading_requests
from request_tracker.store.people import Person
from request_tracker.store.reading_requests import ListPage, ListRow
from request_tracker.web.intake_form import has_words
from request_tracker.web.texts import say


@dataclass(frozen=True)
class AskedOfYou:
    """A line of what is asked: of which request, what and why, until when, and the place on its page."""

    number: str
    service_name: str
    words: TaskWords
    until: datetime | None
    anchor: str


@dataclass(frozen=True)
class Began:
    """A request begun and not sent: for which service (may be empty), and when it was kept last."""

    service_name: str
    at: datetime


@dataclass(frozen=True)
class Home:
    listed: ListPage
    asked: tuple[AskedOfYou, ...]
    mine: tuple[ListRow, ...]
    theirs: tuple[ListRow, ...]
    began: Began | None
    is_welcome: bool
    has_board: bool


def home_of(session: Session, *, number: int) -> Home:
    """Page `number` of it, in a fixed number of statements."""
    viewer = wiring.viewer()
    listed = reading_requests.page(session, wiring.act(), number=number)
    mine = tuple(row for row in listed.rows if row.own)
    return Home(
        listed=listed,
        asked=tuple(_asked(mine)),
        mine=mine,
        theirs=tuple(row for row in listed.rows if not row.own),
        began=_began(drafts.row_of(session, viewer.id or 0)),
        is_welcome=not mine and number == 1 and _is_new(session, viewer.id or 0),
        has_board=board.may_read(session, viewer),
    )


def turn(row: ListRow) -> str:
    """Who has the ball, in a few words; empty once it has ended."""
    if row.ended:
        return ""
    if row.asked:
        return say("turn_yours") if row.own else say("turn_theirs", person=row.person)
    if row.waits:
        return say("turn_awaited", whom=AWAITED[row.waits])
    return say("turn_somebody" if row.signal == "paused" else "turn_ours")


def left(row: ListRow) -> str:
    """The working days until the promise is due."""
    return task_words.days_left(row.calendar, wiring.now(), row.due_at) if row.calendar and row.due_at else ""


def numbers(session: Session) -> Mapping[str, Any]:
    """The program's own numbers for the page that explains it: working days by promise, and how long things are
    kept."""
    program: Program = wiring.settings().program
    return {"days": policies.target_days(session, program), "program": program}


def _asked(mine: Iterable[ListRow]) -> Iterable[AskedOfYou]:
    """The next date first, then what has none."""
    found = [
        AskedOfYou(row.number, row.service_name, task_words.of(each.task), each.until, each.task)
        for row in mine
        for each in row.asked
    ]
    return sorted(found, key=lambda each: (each.until is None, each.until or wiring.now(), each.number))


def _began(draft: drafts.Draft | None) -> Began | None:
    if draft is None or not has_words(draft.data):
        return None
    return Began(str(draft.data.get("service_name") or "")[:200], draft.updated_at)


def _is_new(session: Session, person_id: int) -> bool:
    return session.get_one(Person, person_id).welcomed_at is None

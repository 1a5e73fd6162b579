"""How values read on a page: instants in the reader's zone, days, sizes."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask, g
from flask import request as http
from markupsafe import Markup, escape
from sqlalchemy.exc import SQLAlchemyError

from request_tracker.access import policy, wiring
from request_tracker.rules import connection_words
from request_tracker.rules.calendar import Calendar
from request_tracker.rules.calendar_words import day_ended
from request_tracker.rules.strangers import plain
from request_tracker.rules.terms import STAFF, Role, StarterState
from request_tracker.store import bounces, reading_duplicates, reading_fivetran
from request_tracker.store.reading_fivetran import OutageTold

MANY = 20


def register(app: Flask) -> None:
    app.add_template_filter(when)
    app.add_template_filter(day)
    app.add_template_filter(due_day)
    app.add_template_filter(plain, "tidy")
    app.add_template_filter(connection_words.kind_words, "condition_words")
    app.add_template_filter(starter_words)
    app.add_template_filter(sync_words)
    app.add_template_global(comes_back)
    app.add_template_global(outage_told)
    app.context_processor(_who)


def when(at: datetime | None) -> Markup:
    """`21 Nov 2026, 14:05 CET` as a <time> element in the reader's zone."""
    return _time(at, "%-d %b %Y, %H:%M %Z")


def day(at: datetime | None) -> Markup:
    return _time(at, "%-d %b %Y")


def due_day(at: datetime, calendar: Calendar | None) -> Markup:
    """The day a promise is due, or the working day at whose end it is."""
    ended = day_ended(calendar, at) if calendar else ""
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), ended) if ended else day(at)


def _time(at: datetime | None, pattern: str) -> Markup:
    if at is None:
        return Markup("")
    viewer = g.get("viewer")
    local = at.astimezone(ZoneInfo(viewer.zone if viewer else "UTC"))
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), escape(local.strftime(pattern)))


def comes_back() -> datetime | None:
    """Since when letters to the viewer come back. A page that shows it asks; the others do not look."""
    with wiring.reading() as session:
        found = bounces.standing(session, wiring.viewer().email)
    return found.at if found else None


def starter_words(state: str) -> str:
    """What the state of a starter connector means, a sentence."""
    return connection_words.STATES[StarterState(state)]


def sync_words(state: str) -> str:
    """What Fivetran says it does now."""
    return connection_words.SYNCS.get(state) or state.replace("_", " ").capitalize() or "Not told"


def outage_told() -> OutageTold | None:
    """The outage that staff have to know of, if one stands. A page that shows it asks; the others do not look."""
    if not policy.may("queue.index", wiring.viewer().role):
        return None
    with wiring.reading() as session:
        return reading_fivetran.outage_told(session)


@dataclass(frozen=True)
class NavLink:
    label: str
    href: str
    current: bool


DECIDE_ON_PAIRS = frozenset({Role.SPECIALIST, Role.LEAD})
_NAV = (
    ("My requests", "/requests", frozenset({Role.REQUESTER})),
    ("New request", "/requests/new", frozenset({Role.REQUESTER})),
    ("Queue", "/queue", STAFF),
    ("Duplicates", "/duplicates", DECIDE_ON_PAIRS),
    ("Reports", "/reports", STAFF),
    ("Knowledge", "/admin/knowledge", frozenset({Role.SPECIALIST, Role.LEAD, Role.ADMIN})),
    ("Calendar", "/admin/calendar", STAFF),
    ("Clocks", "/admin/clocks", frozenset({Role.AUDITOR})),
    ("People", "/admin/people", frozenset({Role.ADMIN})),
    ("Jobs", "/admin/jobs", frozenset({Role.ADMIN})),
    ("Letters", "/admin/letters", frozenset({Role.ADMIN})),
    ("Notices", "/admin/notices", frozenset({Role.LEAD})),
    ("Provisioning", "/admin/provisioning", frozenset({Role.LEAD})),
    ("Mailbox", "/mailbox", frozenset({Role.ADMIN})),
)


def _who() -> dict[str, object]:
    viewer = g.get("viewer")
    shown = [row for row in _NAV if viewer is not None and viewer.role in row[2]]
    links = [NavLink(_label(label, href), href, http.path == href) for label, href, _ in shown]
    return {"viewer": viewer, "nav": links}


def _label(label: str, href: str) -> str:
    """The link to the inbox says how many pairs wait, counted up to a few."""
    if href != "/duplicates":
        return label
    waiting = _waiting()
    return f"{label} ({waiting if waiting <= MANY else f'{MANY}+'})" if waiting else label


def _waiting() -> int:
    """Counted once a web request. A page that tells of a database in trouble is still shown."""
    if "pairs_waiting" not in g:
        try:
            with wiring.reading() as session:
                g.pairs_waiting = reading_duplicates.count(session, wiring.viewer(), most=MANY)
        except SQLAlchemyError:
            g.pairs_waiting = 0
    return int(g.pairs_waiting)

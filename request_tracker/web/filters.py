"""How values read on a page: instants in the reader's zone, days, sizes."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask, g
from flask import request as http
from markupsafe import Markup, escape

from request_tracker.rules.terms import STAFF, Role


def register(app: Flask) -> None:
    app.add_template_filter(when)
    app.add_template_filter(day)
    app.context_processor(_who)


def when(at: datetime | None) -> Markup:
    """`21 Nov 2026, 14:05 CET` as a <time> element in the reader's zone."""
    return _time(at, "%-d %b %Y, %H:%M %Z")


def day(at: datetime | None) -> Markup:
    return _time(at, "%-d %b %Y")


def _time(at: datetime | None, pattern: str) -> Markup:
    if at is None:
        return Markup("")
    viewer = g.get("viewer")
    local = at.astimezone(ZoneInfo(viewer.zone if viewer else "UTC"))
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), escape(local.strftime(pattern)))


@dataclass(frozen=True)
class NavLink:
    label: str
    href: str
    current: bool


_NAV = (
    ("My requests", "/requests", frozenset({Role.REQUESTER})),
    ("New request", "/requests/new", frozenset({Role.REQUESTER})),
    ("Queue", "/queue", STAFF),
    ("Reports", "/reports", STAFF),
    ("People", "/admin/people", frozenset({Role.ADMIN})),
    ("Jobs", "/admin/jobs", frozenset({Role.ADMIN})),
    ("Mailbox", "/mailbox", frozenset({Role.ADMIN})),
)


def _who() -> dict[str, object]:
    viewer = g.get("viewer")
    shown = [row for row in _NAV if viewer is not None and viewer.role in row[2]]
    return {"viewer": viewer, "nav": [NavLink(label, href, http.path == href) for label, href, _ in shown]}

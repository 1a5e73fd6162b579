"""The frame of every page: which rooms a person finds in the header, and which of them the page belongs to."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app, g, url_for
from flask import request as http
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from request_tracker.access import policy, wiring
from request_tracker.rules.people import Viewer
from request_tracker.rules.terms import STAFF, Role
from request_tracker.store import board, reading_duplicates

MANY = 20
MOST = 6
"""Links that stand side by side; what comes after them is folded under More."""


@dataclass(frozen=True)
class Room:
    """A row of the header: what it is called, where it begins, for whom, and which blueprints lie behind it."""

    label: str
    endpoint: str
    roles: frozenset[Role]
    behind: tuple[str, ...] = ()


_R, _S, _E, _L = (frozenset({role}) for role in (Role.REQUESTER, Role.SPECIALIST, Role.ENGINEER, Role.LEAD))
_ADMIN, _AUDITOR = frozenset({Role.ADMIN}), frozenset({Role.AUDITOR})
CASES = (
    "bulk", "case", "completeness", "documents", "merging", "meetings", "project", "proposal", "requests",
    "same_setup", "tables", "trials", "views",
)  # fmt: skip
ADMINISTRATION = (
    "absences", "accounts_admin", "admin", "alias_files", "board", "calendars", "clocks_admin", "days_off",
    "fivetran_admin", "groups_admin", "hooks", "knowledge", "letters_admin", "notices", "people_admin", "policies",
    "provisioning", "retention", "roles", "targets", "templates_admin", "webhooks_admin",
)  # fmt: skip
ROOMS: tuple[Room, ...] = (
    Room("My requests", "requests.index", _R, ("connect", "promises")),
    Room("New request", "intake.new", _R),
    Room("Board", "board.index", _R, ("catalogue",)),
    Room("How it works", "home.welcome", _R),
    Room("Overview", "overview.index", _L),
    Room("My builds", "builds.index", _E),
    Room("Administration", "administration.index", _ADMIN, (*ADMINISTRATION, "auditing")),
    Room("Reports", "reports.index", _AUDITOR, ("forecasts", "report_subscriptions")),
    Room("Queue", "queue.index", STAFF, CASES),
    Room("By phase", "phases.index", _L | _E),
    Room("Hard cases", "hard.index", _L),
    Room("Duplicates", "duplicates.index", _S | _L),
    Room("By phase", "phases.index", _S),
    Room("New request", "intake.new", _S),
    Room("Audit", "auditing.index", _AUDITOR, ("auditing",)),
    Room("Reports", "reports.index", STAFF - _AUDITOR, ("forecasts", "report_subscriptions")),
    Room("Mailbox", "mailbox.index", _ADMIN),
    Room("Administration", "administration.index", STAFF - _ADMIN, ADMINISTRATION),
)
"""In the order of the header. A room whose route is not there, or that the role may not enter, is left out."""
OWN: tuple[tuple[str, str], ...] = (
    ("Settings", "own.index"),
    ("Letters", "letter_settings.show"),
    ("Away", "absences.index"),
    ("How it works", "home.welcome"),
)
"""What is folded under the reader's own name."""
SHARED = frozenset({"home"})
"""Blueprints whose pages have little to do with each other."""


@dataclass(frozen=True)
class NavLink:
    """`current`: "page" on the page itself, "true" in the rooms behind it, else empty."""

    label: str
    href: str
    current: str


def around() -> dict[str, object]:
    """What templates/base.html takes."""
    viewer: Viewer | None = g.get("viewer")
    links = _links(viewer) if viewer else []
    return {
        "viewer": viewer,
        "nav": links[:MOST],
        "nav_more": links[MOST:],
        "own_links": _own(viewer) if viewer else [],
        "search_url": _address("search.index", viewer),
        "asked_for": http.args.get("q", "")[:200] if http.endpoint == "search.index" else "",
    }


def _links(viewer: Viewer) -> list[NavLink]:
    rooms = [(room, _address(room.endpoint, viewer)) for room in ROOMS if viewer.role in room.roles]
    shown = [(room, href) for room, href in rooms if href and (room.endpoint != "board.index" or _board_is_open())]
    return [NavLink(_label(room), href, _current(room)) for room, href in shown]


def _own(viewer: Viewer) -> list[NavLink]:
    rows = [(label, endpoint, _address(endpoint, viewer)) for label, endpoint in OWN]
    return [NavLink(label, href, "page" if http.endpoint == endpoint else "") for label, endpoint, href in rows if href]


def _address(endpoint: str, viewer: Viewer | None) -> str:
    """Where it lies, for somebody who may go there; empty where there is no such route, or not for them."""
    if viewer is None or endpoint not in current_app.view_functions or not policy.may(endpoint, viewer.role):
        return ""
    return url_for(endpoint)


def _current(room: Room) -> str:
    if http.endpoint == room.endpoint:
        return "page"
    own = room.endpoint.partition(".")[0]
    return "true" if http.blueprint in ({own} - SHARED).union(room.behind) else ""


def _label(room: Room) -> str:
    """The link to the inbox says how many pairs wait, counted up to a few."""
    if room.endpoint != "duplicates.index":
        return room.label
    waiting = _asked("pairs_waiting", lambda session: reading_duplicates.count(session, wiring.viewer(), most=MANY))
    return f"{room.label} ({waiting if waiting <= MANY else f'{MANY}+'})" if waiting else room.label


def _board_is_open() -> bool:
    return bool(_asked("board_open", lambda session: int(board.may_read(session, wiring.viewer()))))


def _asked(name: str, ask: Callable[[Session], int]) -> int:
    """Asked once a web request, by one statement; of a role the header asks one thing. A page that tells of a database
    in trouble is still shown: nothing is known then."""
    if name not in g:
        try:
            with wiring.reading() as session:
                setattr(g, name, ask(session))
        except SQLAlchemyError:
            setattr(g, name, 0)
    return int(getattr(g, name))

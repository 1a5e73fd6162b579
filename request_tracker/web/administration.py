"""The overview of administration: what there is to look after, and what needs a look now."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue

from request_tracker.access import policy, wiring
from request_tracker.rules.administration import SECTIONS, Page, Section, Sign, section_of
from request_tracker.store import reading_administration
from request_tracker.web.filters import at_most

administration = Blueprint("administration", __name__)


@dataclass(frozen=True)
class Shown:
    """A page somebody may open, with its signs as (signal, words)."""

    page: Page
    signs: tuple[tuple[str, str], ...]


@administration.get("/admin")
def index() -> ResponseReturnValue:
    with wiring.reading() as session:
        health = reading_administration.health(session, wiring.now())
    sections = [
        (section, [Shown(page, _signs(page, health.signs)) for page in section.pages if may_open(page.endpoint)])
        for section in SECTIONS
    ]
    return render_template(
        "admin/index.html",
        sections=[(section, pages) for section, pages in sections if pages],
        health=health,
        size=_size(health.size),
        version=_version(),
        sees_health=may_open("auditing.index"),
    )


@administration.app_template_global()
def admin_section(endpoint: str) -> Section | None:
    """The section of administration a page stands in, with the pages of it that the viewer may open."""
    found = section_of(endpoint)
    return replace(found, pages=tuple(page for page in found.pages if may_open(page.endpoint))) if found else None


def may_open(endpoint: str) -> bool:
    """Whether there is such a page and the viewer may open it."""
    known = endpoint in current_app.view_functions
    return known and policy.may(endpoint, wiring.viewer().role, demo=wiring.settings().demo)


def _signs(page: Page, figures: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
    return tuple(_sign(each, figures[each.figure]) for each in page.signs if figures.get(each.figure))


def _sign(sign: Sign, count: int) -> tuple[str, str]:
    return ("overdue" if sign.bad else "waiting"), (sign.one if count == 1 else sign.many).format(n=at_most(count))


def _size(size: int | None) -> str:
    """`12 MB`."""
    if size is None:
        return ""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"


def _version() -> str:
    try:
        return version("request-tracker")
    except PackageNotFoundError:
        return ""

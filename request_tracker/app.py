"""The only place where Flask is wired."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from request_tracker import resources
from request_tracker.access.faults import ROWS
from request_tracker.access.gate import guard
from request_tracker.access.wiring import Wiring
from request_tracker.api import (
    api,
    board,
    cases,
    clocks,
    documents,
    forecasts,
    leading,
    letters,
    meetings,
    merges,
    problems,
    project,
    proposal,
    reports,
    requests,
    search,
    syncs,
    tables,
    trials,
)
from request_tracker.settings import Settings, is_loopback
from request_tracker.store.knowledge import Shelf
from request_tracker.store.session import Database
from request_tracker.web import BLUEPRINTS, UNSIGNED, errors, filters, statics

API_MODULES = (
    board, cases, clocks, documents, forecasts, leading, letters, meetings, merges, project, proposal, requests,
    reports, search, syncs, tables, trials,
)  # fmt: skip
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def wall_clock() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Settings, database: Database, *, now: Callable[[], datetime] = wall_clock) -> Flask:
    """The web application over one database. `now` gives the present as aware UTC."""
    app = Flask("request_tracker", template_folder=str(resources.TEMPLATES), static_folder=None)
    app.config.update(_config(settings))
    app.extensions["request_tracker"] = Wiring(database, settings, now, Shelf(resources.SEED_DATA).knowledge)
    guard(app)  # first: whoever is not signed in any more is told that, not that a token is missing
    csrf = CSRFProtect(app)
    for blueprint in (*BLUEPRINTS, api):
        app.register_blueprint(blueprint)
    for blueprint in (*UNSIGNED, api):
        csrf.exempt(blueprint)
    for kind in ROWS:
        api_answers, page_answers = problems.told, errors.told
        app.register_error_handler(kind, lambda fault, a=api_answers, p=page_answers: errors.pick(fault, a, p))
    filters.register(app)
    statics.register(app, resources.STATIC)
    app.after_request(_harden)
    return app


def _config(settings: Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": settings.secret_key,
        "MAX_CONTENT_LENGTH": settings.max_body,
        "MAX_FORM_MEMORY_SIZE": settings.max_body,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SECURE": not is_loopback(settings.base_url),
        "SESSION_COOKIE_NAME": "request_tracker",
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),
        "WTF_CSRF_TIME_LIMIT": None,
    }


def _harden(answer):  # type: ignore[no-untyped-def]
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if answer.mimetype == "text/html":
        answer.headers.setdefault("Cache-Control", "no-store")
    return answer

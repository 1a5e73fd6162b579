"""The gate every web request passes: who is asking, and may they? Pages by session, the API by bearer token."""

from flask import Flask, abort, g
from flask import request as http
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user

from request_tracker.access import policy, tokens, wiring
from request_tracker.access.signin import SignedIn, load, sign_in_again, sign_in_page

LOOK_UPS = frozenset({"intake.suggest", "api.suggestions"})
"""They take whatever is typed: only keys made of it reach the database."""
FILES = frozenset({"static"})
"""Styles and scripts are the same for everybody: nobody is looked up for them, so they can be kept by any cache."""
RAW = frozenset({"webhooks.fivetran"})
"""Their body is read as it came, whatever it is called: it must not be taken for a form before."""


def guard(app: Flask) -> None:
    """Put the gate in front of every route of the app."""
    manager = LoginManager()
    manager.session_protection = "basic"
    manager.user_loader(load)
    manager.init_app(app)
    app.before_request(_check)


def _check() -> ResponseReturnValue | None:
    if http.endpoint in FILES:
        return None
    _refuse_nul()
    endpoint = http.endpoint
    if endpoint is None:
        return None
    if endpoint.startswith("api."):
        _check_token(endpoint)
        return None
    user = current_user
    if isinstance(user, SignedIn):
        g.viewer = user.viewer
    role = user.viewer.role if isinstance(user, SignedIn) else None
    if policy.may(endpoint, role, demo=wiring.settings().demo):
        return None
    if role is None:
        return sign_in_page(http.full_path) if http.method == "GET" else sign_in_again()
    abort(403, "Your role does not allow this")


def _refuse_nul() -> None:
    """No database keeps it, and PostgreSQL cannot even look for it."""
    if http.endpoint in RAW:
        return
    asked = () if http.endpoint in LOOK_UPS else http.args.listvalues()
    sent = (*http.form.listvalues(), *asked, (http.view_args or {}).values())
    if any("\x00" in value for values in sent for value in values if isinstance(value, str)):
        abort(400, "What was sent holds a character (NUL) that cannot be stored: remove it and send again")


def _check_token(endpoint: str) -> None:
    if policy.may(endpoint, None):
        return
    with wiring.reading() as session:
        found = tokens.bearer(session, http.headers.get("Authorization", ""), wiring.now())
    if found is None:
        abort(401, "Send a valid API token: Authorization: Bearer rt_…")
    g.viewer, scope = found
    if not policy.may(endpoint, g.viewer.role):
        abort(403, f"A person with the role {g.viewer.role} may not call this")
    if not tokens.covers(scope, http.method, g.viewer):
        abort(403, f"This token's scope is {scope}: ask for a wider one")

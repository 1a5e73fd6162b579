"""Connect Cards: minted by the API, good for one day and one success; the page where a person grants access."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from request_tracker.emulator.card_flavours import AUTHORISATION, Flavour, flavour_of, is_wrong, outcomes
from request_tracker.emulator.connection_docs import run_setup_tests
from request_tracker.emulator.metadata import name_of
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, new_secret, world

cards = Blueprint("cards", __name__)

# Why a card can't be used: title, explanation, HTTP status.
_WHY_NOT = {
    "unknown": (
        "This link is not known",
        "Check that the whole address was copied, or ask for a new link where you got this one.",
        404,
    ),
    "used": ("This link has been used", "Access was granted already. There is nothing left to do here.", 410),
    "expired": ("This link has expired", "A link is good for one day. Ask for a new one where you got this one.", 410),
    "gone": (
        "This connection no longer exists",
        "It was deleted later. Ask the person who sent you the link.",
        410,
    ),
}


def mint(here: World, connection: Doc, config: Doc | None) -> Doc:
    """A new card for the connection: `{token, uri}`. Call inside `state.changing()`."""
    token = new_secret()
    connection["connect_card_config"] = config
    here.state.put("connection", connection)
    card = {
        "id": token,
        "connection_id": connection["id"],
        "redirect_uri": (config or {}).get("redirect_uri"),
        "expires_at": (here.now() + timedelta(hours=here.switches.card_hours)).isoformat(),
        "used": False,
        "form_token": new_secret(),
    }
    here.state.put("card", card)
    return {"token": token, "uri": _uri(here, token, config or {})}


@cards.get("/connect-card/setup")
def setup() -> AnyResponse:
    here = world()
    card = _card(here)
    why_not = _why_not(here, card)
    return _sorry(why_not) if card is None or why_not else _page(here, card)


@cards.post("/connect-card/setup")
def decide() -> AnyResponse:
    """What the person chose: grant, fail, sign_in (at the source), deny (there), cancel."""
    here = world()
    _take_time(here)
    with here.state.changing():
        card = _card(here)
        why_not = _why_not(here, card)
        if card is None or why_not:
            return _sorry(why_not)
        if not hmac.compare_digest(request.form.get("form_token", "").encode(), card["form_token"].encode()):
            return _page(here, card, "The form was not sent from this page. Please press the button again.", 400)
        return _CHOICES.get(request.form.get("choice", ""), _fail)(here, card)


@cards.get("/connect-card/consent")
def consent() -> AnyResponse:
    """The source's own page, where a person allows Fivetran to read."""
    here = world()
    card = _card(here)
    why_not = _why_not(here, card)
    return _sorry(why_not) if card is None or why_not else _page(here, card, template="emulator/consent.html")


def grant(here: World, connection: Doc, *, passed: bool = True, failing: str = "") -> Doc:
    """Run the setup tests with this outcome, keep it and say so; `failing` is the title of the one that fails.

    Call inside `state.changing()`.
    """
    flavour = flavour_of(here, connection)
    run_setup_tests(connection, passed=passed)
    connection["tests"] = outcomes(flavour, "" if passed else _failing(flavour, failing))
    here.state.put("connection", connection)
    here.emit("connection_successful" if passed else "connection_failure", connection, {})
    return connection


def _grant(here: World, card: Doc) -> AnyResponse:
    connection = _connection(here, card)
    flavour, failing = flavour_of(here, connection), request.form.get("failing", "")
    if failing or is_wrong(flavour, request.form.to_dict()):
        return _fail(here, card)
    grant(here, connection)
    here.state.put("card", {**card, "used": True, "tries": _tries(card) + 1})
    if card["redirect_uri"]:
        return redirect(_way_back(card["redirect_uri"], here.switches.callback_query), 303)
    return _sorry("used", 200)


def _fail(here: World, card: Doc) -> AnyResponse:
    # The person goes back only when all tests passed; until then the card stays, for as many tries as it takes.
    grant(here, _connection(here, card), passed=False, failing=request.form.get("failing", ""))
    card = here.state.put("card", {**card, "tries": _tries(card) + 1})
    return _page(here, card, "The setup tests failed. Nothing was connected; you can try again.", 200)


def _sign_in(here: World, card: Doc) -> AnyResponse:
    return redirect(url_for("cards.consent", auth=card["id"]), 303)


def _cancel(here: World, card: Doc) -> AnyResponse:
    title, until = "You have cancelled", card["expires_at"][:16].replace("T", " ")
    explanation = f"Nothing was connected. The page can be used until {until} UTC."
    again = url_for("cards.setup", auth=card["id"])
    return _html("emulator/card_closed.html", 200, title=title, explanation=explanation, again=again)


_CHOICES: dict[str, Callable[[World, Doc], AnyResponse]] = {"grant": _grant, "sign_in": _sign_in, "cancel": _cancel}


def _take_time(here: World) -> None:
    if request.form.get("choice") not in ("sign_in", "cancel"):
        for rule in here.faults.strike("tests", request.method, request.path):
            here.sleep(rule["seconds"])


def _failing(flavour: Flavour, wanted: str) -> str:
    return wanted if wanted in [title for title, _ in flavour.tests] else AUTHORISATION


def _card(here: World) -> Doc | None:
    return here.state.get("card", request.args.get("auth", ""))


def _connection(here: World, card: Doc) -> Doc:
    connection = here.state.get("connection", card["connection_id"])
    assert connection is not None  # _why_not has looked
    return connection


def _tries(card: Doc) -> int:
    return int(card.get("tries", 0))


def _why_not(here: World, card: Doc | None) -> str:
    if card is None:
        return "unknown"
    if here.state.get("connection", card["connection_id"]) is None:
        return "gone"
    if card["used"]:
        return "used"
    return "expired" if here.now() >= datetime.fromisoformat(card["expires_at"]) else ""


def _page(
    here: World, card: Doc, problem: str = "", status: int = 200, template: str = "emulator/card.html"
) -> AnyResponse:
    connection = _connection(here, card)
    flavour = flavour_of(here, connection)
    values = {"card": card, "connection": connection, "flavour": flavour, "tries": _tries(card)}
    return _html(template, status, **values, source=name_of(here, connection["service"]), problem=problem)


def _sorry(why: str, status: int | None = None) -> AnyResponse:
    title, explanation, usual = _WHY_NOT[why or "unknown"]
    return _html("emulator/card_closed.html", status or usual, title=title, explanation=explanation)


def _html(template: str, status: int, **values: Any) -> Response:
    answer = make_response(render_template(template, **values), status)
    # The address is a bearer secret: neither cached nor passed on.
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def _uri(here: World, token: str, config: Doc) -> str:
    hide = str(config.get("hide_setup_guide", False)).lower()
    wanted = {"redirect_uri": config.get("redirect_uri"), "auth": token, "hide_setup_guide": hide}
    query = urlencode({name: value for name, value in wanted.items() if value is not None})
    return f"{(here.public_url or request.url_root).rstrip('/')}/connect-card/setup?{query}"


def _way_back(redirect_uri: str, callback_query: str) -> str:
    if not callback_query:
        return redirect_uri
    return redirect_uri + ("&" if "?" in redirect_uri else "?") + callback_query

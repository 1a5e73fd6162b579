"""The admin's page about what Fivetran posts to us: is it on, what came, and have it acted on again."""

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker import links
from request_tracker.access import wiring
from request_tracker.actions import deliveries, own_webhook
from request_tracker.actions.deliveries import MOST_REPLAYED
from request_tracker.settings import is_loopback
from request_tracker.store import reading_webhooks
from request_tracker.store.reading_webhooks import Filter
from request_tracker.web.case_forms import NOTHING as UNTRIED
from request_tracker.web.case_forms import FormField, a_field
from request_tracker.web.texts import counted, say

webhooks_admin = Blueprint("webhooks_admin", __name__)
ON_A_PAGE = 50
BIGGEST_ID = 2**31 - 1
YES_OR_NO = (("", "All"), ("yes", "Yes"), ("no", "No"))


@webhooks_admin.get("/admin/webhooks")
def index() -> ResponseReturnValue:
    wanted, before = _wanted(http.args), _before()
    with wiring.reading() as session:
        pile = reading_webhooks.page(session, wanted, limit=ON_A_PAGE, before=before)
        kept, kinds = reading_webhooks.ours(session), reading_webhooks.kinds(session)
        days, last_at = reading_webhooks.days(session, wiring.now()), reading_webhooks.last_received(session)
        first_at = reading_webhooks.first_received(session)
    return render_template(
        "webhooks_admin/index.html",
        pile=pile,
        kept=kept,
        cannot=_cannot(),
        address=links.webhook(wiring.settings().base_url),
        days=days,
        last_at=last_at,
        first_at=first_at,
        keep_for=wiring.settings().program.keep_deliveries_for,
        fields=_fields(wanted, kinds),
        wanted=wanted,
        is_filtered=wanted != Filter(),
        most=MOST_REPLAYED,
        next_href=_page(wanted, pile.next_before) if pile.next_before else "",
        first_href=_page(wanted) if before else "",
    )


@webhooks_admin.get("/admin/webhooks/<int(max=2147483647):event_id>")
def show(event_id: int) -> ResponseReturnValue:
    with wiring.reading() as session:
        row, body = reading_webhooks.delivery(session, event_id)
    return render_template("webhooks_admin/show.html", row=row, body=_readable(body), size=len(body))


@webhooks_admin.post("/admin/webhooks/<int(max=2147483647):event_id>/replay")
def replay(event_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        row, _ = reading_webhooks.delivery(session, event_id)
        deliveries.replay(session, [event_id], wiring.act())
    if row.case_number:
        flash(say("delivery_acted_on"), "ok")
    else:
        flash(say("delivery_not_ours"), "info")
    return redirect(url_for("webhooks_admin.show", event_id=event_id), 303)


@webhooks_admin.post("/admin/webhooks/replay")
def replay_many() -> ResponseReturnValue:
    """The newest of the chosen deliveries once more."""
    wanted = _wanted(http.form)
    with wiring.transaction() as session:
        chosen = reading_webhooks.ids(session, wanted, limit=MOST_REPLAYED)
        number = deliveries.replay(session, chosen, wiring.act())
    flash(counted(number, "deliveries_acted_on_one", "deliveries_acted_on_many"), "ok")
    return redirect(_page(wanted), 303)


@webhooks_admin.post("/admin/webhooks/test")
def test() -> ResponseReturnValue:
    with wiring.transaction() as session:
        own_webhook.ask_for_test(session, wiring.act())
    flash(say("delivery_asked"), "ok")
    return redirect(url_for("webhooks_admin.index"), 303)


@webhooks_admin.post("/admin/webhooks/mend")
def mend() -> ResponseReturnValue:
    with wiring.transaction() as session:
        own_webhook.ask_to_mend(session, wiring.act())
    flash(say("webhook_checked"), "ok")
    return redirect(url_for("webhooks_admin.index"), 303)


def _cannot() -> str:
    """Why there can be no webhook, whatever Fivetran says."""
    settings = wiring.settings()
    if is_loopback(settings.base_url) and not is_loopback(settings.fivetran_url):
        host = urlsplit(settings.base_url).netloc
        return f"{host} is an address of this machine alone: Fivetran cannot post to it. Set REQUEST_TRACKER_BASE_URL."
    return ""


def _readable(body: bytes) -> str:
    """Laid out; halves of surrogate pairs, which JSON may spell and no page can hold, as question marks."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False).encode("utf-8", "replace").decode()
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def _wanted(said: Mapping[str, str]) -> Filter:
    return Filter(*(said.get(name, "").strip()[:200] for name in ("kind", "connection", "known", "taken")))


def _before() -> int | None:
    before = http.args.get("before", type=int)
    return min(before, BIGGEST_ID) if before is not None else None


def _page(wanted: Filter, before: int | None = None) -> str:
    chosen = {name: value for name, value in vars(wanted).items() if value}
    return url_for("webhooks_admin.index", **chosen, before=before)


def _fields(wanted: Filter, kinds: list[str]) -> dict[str, FormField]:
    offered = sorted({*kinds, wanted.kind} - {""})
    return {
        "kind": a_field(UNTRIED, "find", "kind", "Kind", data=wanted.kind, required=False,
                        choices=[("", "All"), *((kind, kind) for kind in offered)]),
        "connection": a_field(UNTRIED, "find", "connection", "Connection", data=wanted.connection, required=False),
        "known": a_field(UNTRIED, "find", "known", "Connection of ours", data=wanted.known, required=False,
                         choices=YES_OR_NO),
        "taken": a_field(UNTRIED, "find", "taken", "Looked at since", data=wanted.taken, required=False,
                         choices=YES_OR_NO),
    }  # fmt: skip

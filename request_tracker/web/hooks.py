"""The admin's pages about webhooks out: who is told, how it goes, and sending again what did not arrive."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import hooks as actions
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.hook_sending import BOTH_FOR
from request_tracker.store import reading_hooks
from request_tracker.web.calendar_forms import marked
from request_tracker.web.case_forms import Attempt
from request_tracker.web.hook_forms import HookForm, chosen_words, filled
from request_tracker.web.hook_pages import (
    DEEDS,
    MESSAGE_WORDS,
    REPLAYED_SINCE,
    STATE_WORDS,
    form_page,
    page,
    show_secret,
)
from request_tracker.web.texts import counted, say

hooks = Blueprint("hooks", __name__, url_prefix="/admin/hooks")


@hooks.get("")
def index() -> ResponseReturnValue:
    with wiring.reading() as session:
        rows = reading_hooks.endpoints(session)
    return render_template(
        "hooks/index.html", rows=rows, words=STATE_WORDS, chosen=chosen_words, most=actions.MOST_ENDPOINTS
    )


@hooks.get("/new")
def new() -> ResponseReturnValue:
    return form_page(HookForm(formdata=None))


@hooks.post("")
def add() -> ResponseReturnValue:
    form = HookForm()
    try:
        with wiring.transaction() as session:
            row = actions.add(session, form.wish(), wiring.act(), this_machine=_this_machine())
    except Unfit as fault:
        return form_page(marked(form, [(fault.field, fault.message)])), 422
    show_secret(row.id)
    flash(say("hook_on"), "ok")
    return _to(row.id)


@hooks.get("/<int(max=2147483647):endpoint_id>")
def show(endpoint_id: int) -> ResponseReturnValue:
    return page(endpoint_id)


@hooks.get("/<int(max=2147483647):endpoint_id>/edit")
def edit(endpoint_id: int) -> ResponseReturnValue:
    with wiring.reading() as session:
        row = reading_hooks.one(session, endpoint_id)
    return form_page(filled(row), row)


@hooks.post("/<int(max=2147483647):endpoint_id>")
def change(endpoint_id: int) -> ResponseReturnValue:
    form = HookForm()
    with wiring.reading() as session:
        row = reading_hooks.one(session, endpoint_id)
    try:
        with wiring.transaction() as session:
            actions.change(session, endpoint_id, form.wish(), wiring.act(), this_machine=_this_machine())
    except Unfit as fault:
        return form_page(marked(form, [(fault.field, fault.message)]), row), 422
    flash(say("hook_changed"), "ok")
    return _to(endpoint_id)


@hooks.post("/<int(max=2147483647):endpoint_id>/ping")
def ping(endpoint_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        actions.ping(session, endpoint_id, wiring.act())
    flash(say("hook_pinged"), "ok")
    return _to(endpoint_id)


@hooks.post("/<int(max=2147483647):endpoint_id>/pause")
def pause(endpoint_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        actions.pause(session, endpoint_id, wiring.act())
    flash(say("hook_paused"), "ok")
    return _to(endpoint_id)


@hooks.post("/<int(max=2147483647):endpoint_id>/resume")
def resume(endpoint_id: int) -> ResponseReturnValue:
    missed = http.form.get("missed") == "yes"
    with wiring.transaction() as session:
        actions.resume(session, endpoint_id, wiring.act(), missed=missed)
    flash(say("hook_on_with_missed") if missed else say("hook_on_from_now"), "ok")
    return _to(endpoint_id)


@hooks.get("/<int(max=2147483647):endpoint_id>/ask/<deed>")
def ask(endpoint_id: int, deed: str) -> ResponseReturnValue:
    """Ask whether the deed is meant."""
    if deed not in DEEDS:
        abort(404, say("no_such_act_on_hook"))
    with wiring.reading() as session:
        row = reading_hooks.one(session, endpoint_id)
    return render_template(
        "hooks/ask.html", row=row, deed=DEEDS[deed], action=url_for(f"hooks.{deed}", endpoint_id=row.id)
    )


@hooks.post("/<int(max=2147483647):endpoint_id>/rotate")
def rotate(endpoint_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        actions.rotate(session, endpoint_id, wiring.act())
    show_secret(endpoint_id)
    hours = int(BOTH_FOR.total_seconds() // 3600)
    flash(say("hook_new_secret", hours=hours), "ok")
    return _to(endpoint_id)


@hooks.post("/<int(max=2147483647):endpoint_id>/reveal")
def reveal(endpoint_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        actions.reveal(session, endpoint_id, wiring.act())
    show_secret(endpoint_id)
    return _to(endpoint_id)


@hooks.post("/<int(max=2147483647):endpoint_id>/delete")
def delete(endpoint_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        actions.delete(session, endpoint_id, wiring.act())
    flash(say("hook_deleted"), "ok")
    return redirect(url_for("hooks.index"), 303)


@hooks.get("/<int(max=2147483647):endpoint_id>/messages/<int(max=2147483647):delivery_id>")
def delivery(endpoint_id: int, delivery_id: int) -> ResponseReturnValue:
    with wiring.reading() as session:
        row = reading_hooks.one(session, endpoint_id)
        message, body, again = reading_hooks.message(session, endpoint_id, delivery_id)
    laid_out = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    return render_template(
        "hooks/message.html", row=row, message=message, body=laid_out, again=again, words=MESSAGE_WORDS
    )


@hooks.post("/<int(max=2147483647):endpoint_id>/messages/<int(max=2147483647):delivery_id>/replay")
def replay(endpoint_id: int, delivery_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        count = actions.replay(session, endpoint_id, [delivery_id], wiring.act())
    _flash_replayed(count)
    return _to(endpoint_id)


@hooks.post("/<int(max=2147483647):endpoint_id>/replay")
def replay_many(endpoint_id: int) -> ResponseReturnValue:
    """All that were given up, or all since an instant."""
    by_instant = http.form.get("which") == REPLAYED_SINCE
    try:
        with wiring.transaction() as session:
            chosen = (
                actions.since(session, endpoint_id, _instant(http.form.get(REPLAYED_SINCE, "")))
                if by_instant
                else actions.dead(session, endpoint_id)
            )
            count = actions.replay(session, endpoint_id, chosen, wiring.act())
    except Unfit as fault:
        return page(endpoint_id, Attempt("replay", http.form.to_dict(flat=False), ((fault.field, fault.message),))), 422
    _flash_replayed(count)
    return _to(endpoint_id)


def _flash_replayed(count: int) -> None:
    if not count:
        flash(say("nothing_to_send_again"), "info")
        return
    flash(counted(count, "messages_again_one", "messages_again_many"), "ok")


def _instant(text: str) -> datetime:
    """A day and time typed in the viewer's zone. Raises Unfit."""
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=ZoneInfo(wiring.viewer().zone)).astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise Unfit(REPLAYED_SINCE, "Enter a day and a time like 2026-11-02T09:30") from fault


def _this_machine() -> bool:
    return wiring.settings().may_call_this_machine


def _to(endpoint_id: int) -> ResponseReturnValue:
    return redirect(url_for("hooks.show", endpoint_id=endpoint_id), 303)

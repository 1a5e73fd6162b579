"""What matching knows, for those who keep it: aliases, shared hosts, families, and every change of them."""

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from request_tracker.access import policy, wiring
from request_tracker.actions import knowledge as actions
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.claims import in_words
from request_tracker.store import reading_knowledge, touched
from request_tracker.store.aliases import NoSuchKnowledge, newest_change
from request_tracker.store.cases import case_number
from request_tracker.store.reading_knowledge import Wanted
from request_tracker.web.case_forms import NOTHING as UNTRIED
from request_tracker.web.case_forms import FormField, a_field, capital
from request_tracker.web.forms import whole
from request_tracker.web.knowledge_tabs import BY_SUBJECT, TABS, Tab, address, tab_of, told, typed
from request_tracker.web.texts import say

knowledge = Blueprint("knowledge", __name__)
COUNTED = 1000
ROOM = ("knowledge.", "alias_files.", "policies.", "merging.", "admin.")
AT_ONCE = Unfit("", "Somebody else stored the same at the same moment: look at the list")


@dataclass(frozen=True)
class Touched:
    """How much carries the words of a row, and the first few cases; nothing is counted beyond `most`."""

    cases: int
    entries: int
    first: tuple[str, ...]
    most: int = COUNTED


@knowledge.get("/admin/knowledge")
@knowledge.get("/admin/knowledge/<tab>")
def index(tab: str = "aliases") -> ResponseReturnValue:
    found = tab_of(tab)
    asked = {name: http.args.get(name, "").strip() for name in ("q", "kind", "state", "cursor")}
    state = "retired" if asked["state"] == "retired" else "used"
    asked["kind"] = asked["kind"] if asked["kind"] in found.kinds else ""
    with wiring.reading() as session:
        page = reading_knowledge.page(session, Wanted(found.subject, asked["q"], asked["kind"], state, asked["cursor"]))
    kept = {name: text for name, text in asked.items() if text and name != "cursor"}
    return shown(
        "index",
        tab=found,
        page=page,
        state=state,
        kept=kept,
        search=a_field(UNTRIED, "filter", "q", "Search", data=asked["q"], required=False),
        kind=_kinds(found, asked["kind"]) if found.kinds else None,
        first_href=address(found, kept) if asked["cursor"] else "",
        next_href=address(found, {**kept, "cursor": page.next_cursor}) if page.next_cursor else "",
    )


@knowledge.get("/admin/knowledge/changes")
def changes() -> ResponseReturnValue:
    before = whole(http.args.get("before", ""))
    with wiring.reading() as session:
        rows = reading_knowledge.changes(session, before=before)
    onward = url_for("knowledge.changes", before=rows[-1].id) if len(rows) == reading_knowledge.PAGE else ""
    back = url_for("knowledge.changes") if before else ""
    return shown("changes", changes=rows, next_href=onward, first_href=back)


@knowledge.get("/admin/knowledge/<tab>/new")
def new(tab: str) -> ResponseReturnValue:
    """The empty form; with something typed in the address, what stands against it or what it would touch."""
    found = tab_of(tab)
    words = typed(found, http.args)
    if not any(words.values()):
        return shown("new", tab=found, form=found.form(formdata=None))
    form = found.form(http.args)
    with wiring.reading() as session:
        known = wiring.knowledge(session)
        fault = actions.fault_of(session, found.subject, words, known)
        if fault is None:
            facts = actions.read(found.subject, words, known)
            touches = _touched(session, found, facts)
    if fault:
        return shown("new", tab=found, form=told(form, fault))
    return shown("new", tab=found, form=form, facts=facts, touched=touches)


@knowledge.post("/admin/knowledge/<tab>")
def add(tab: str) -> ResponseReturnValue:
    found = tab_of(tab)
    form = found.form()
    try:
        with wiring.transaction() as session:
            known = wiring.knowledge(session)
            done = actions.add(session, found.subject, typed(found, http.form), wiring.act(), known)
    except Unfit as fault:
        return shown("new", tab=found, form=told(form, fault)), 422
    except IntegrityError:
        return shown("new", tab=found, form=told(form, AT_ONCE)), 422
    flash(say("knowledge_stored", one=found.one) if done.changed else say("known_already"), "ok")
    return redirect(url_for("knowledge.show", tab=tab, row_id=done.row_id), 303)


@knowledge.get("/admin/knowledge/<tab>/<int(max=2147483647):row_id>")
def show(tab: str, row_id: int) -> ResponseReturnValue:
    return _row_page(tab_of(tab), row_id)


@knowledge.post("/admin/knowledge/<tab>/<int(max=2147483647):row_id>")
def correct(tab: str, row_id: int) -> ResponseReturnValue:
    found = tab_of(tab)
    form = found.form()
    try:
        with wiring.transaction() as session:
            known, words = wiring.knowledge(session), typed(found, http.form)
            done = actions.correct(session, found.subject, row_id, words, wiring.act(), known, seen=_seen())
    except (Unfit, Overtaken) as fault:
        return _row_page(found, row_id, told(form, fault)), 409 if isinstance(fault, Overtaken) else 422
    except IntegrityError:
        return _row_page(found, row_id, told(form, AT_ONCE)), 422
    except NoSuchKnowledge:
        abort(404)
    flash(say("knowledge_corrected") if done.changed else say("unchanged"), "ok")
    return redirect(url_for("knowledge.show", tab=tab, row_id=row_id), 303)


@knowledge.post("/admin/knowledge/<tab>/<int(max=2147483647):row_id>/retire")
def retire(tab: str, row_id: int) -> ResponseReturnValue:
    return _turned(tab_of(tab), row_id, "retire")


@knowledge.post("/admin/knowledge/<tab>/<int(max=2147483647):row_id>/restore")
def restore(tab: str, row_id: int) -> ResponseReturnValue:
    return _turned(tab_of(tab), row_id, "restore")


@knowledge.post("/admin/knowledge/reindex")
def reindex() -> ResponseReturnValue:
    with wiring.transaction() as session:
        begun = actions.index_anew(session, wiring.act())
    if begun:
        flash(say("indexed_anew"), "ok")
    else:
        flash(say("indexing_already"), "info")
    return redirect(url_for("knowledge.changes"), 303)


def shown(name: str, /, **given: object) -> str:
    """A page of this room, with its tabs and what the viewer may do."""
    role = wiring.viewer().role
    may = {each for each in policy.ROUTES if each.startswith(ROOM) and policy.may(each, role)}
    return render_template(f"knowledge/{name}.html", tabs=TABS, subjects=BY_SUBJECT, may=may, told=in_words, **given)


def _turned(tab: Tab, row_id: int, what: str) -> ResponseReturnValue:
    """Retire or restore a row, and say so."""
    try:
        with wiring.transaction() as session:
            known, act = wiring.knowledge(session), wiring.act()
            if what == "retire":
                done = actions.retire(session, tab.subject, row_id, act, seen=_seen())
            else:
                done = actions.restore(session, tab.subject, row_id, act, known, seen=_seen())
    except (Unfit, Overtaken) as fault:
        flash(say("unchanged_because", message=fault), "problem")
    except NoSuchKnowledge:
        abort(404)
    else:
        flash(say(f"turned_{what}" if done.changed else f"turned_{what}_already"), "ok" if done.changed else "info")
    return redirect(url_for("knowledge.show", tab=tab.name, row_id=row_id), 303)


def _row_page(tab: Tab, row_id: int, form: FlaskForm | None = None) -> str:
    with wiring.reading() as session:
        try:
            row = reading_knowledge.one(session, tab.subject, row_id)
        except NoSuchKnowledge:
            abort(404)
        found = {
            "story": reading_knowledge.story(session, tab.subject, row_id),
            "seen": newest_change(session, tab.subject, row_id),
            "touched": _touched(session, tab, row.facts),
        }
    return shown("row", tab=tab, row=row, form=form or tab.form(formdata=None, data=row.facts), **found)


def _touched(session: Session, tab: Tab, facts: dict[str, str]) -> Touched | None:
    """How many cases and catalogue entries carry these words; None for hosts, whose pages have keys of many kinds."""
    if tab.subject == "shared_host":
        return None
    keys = touched.claimed(tab.subject, facts, wiring.knowledge(session))
    own, entries, first = touched.carried(session, keys, most=COUNTED)
    return Touched(own, entries, tuple(case_number(each) for each in first))


def _kinds(tab: Tab, chosen: str) -> FormField:
    choices = (("", "Any"), *((kind, capital(words)) for kind, words in tab.kinds.items()))
    return a_field(UNTRIED, "filter", "kind", "Kind", kind="select", data=chosen, choices=choices, required=False)


def _seen() -> int:
    return whole(http.form.get("seen", ""))

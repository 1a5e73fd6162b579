"""The public board: what others asked for, where it stands, and "me too". Off unless a lead or an admin opened it."""

from flask import Blueprint, abort, flash, g, make_response, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs lag behind
from wtforms.validators import InputRequired

from request_tracker.access import wiring
from request_tracker.access.signin import sign_in_page
from request_tracker.actions import board as actions
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.board import BY_KEY, LEVELS, OFF, STAGES, accounts_words
from request_tracker.rules.people import Viewer
from request_tracker.rules.terms import Role
from request_tracker.store import board as store
from request_tracker.store import cases, policies, reading_board, reading_case
from request_tracker.store.reading_board import Asked
from request_tracker.web.calendar_forms import marked
from request_tracker.web.forms import whole
from request_tracker.web.texts import say

board = Blueprint("board", __name__)
NOT_FOR_ROBOTS = {"X-Robots-Tag": "noindex, nofollow"}


class BoardForm(FlaskForm):  # type: ignore[misc]
    level = RadioField(
        "Who may read the board",
        choices=[SelectChoice(each.key, each.label) for each in LEVELS],
        validators=[InputRequired()],
    )
    reason = TextAreaField("Why", validators=[InputRequired()])


@board.get("/board")
def index() -> ResponseReturnValue:
    """Open to anybody where the policy says so; who could read it signed in is asked to sign in."""
    viewer: Viewer | None = g.get("viewer")
    asked = Asked(**{name: http.args.get(name, "")[:200] for name in ("q", "phase", "cursor")}, sort=_sort())
    with wiring.reading() as session:
        level = store.level(session)
        is_open = store.is_open(level, viewer)
        page = reading_board.page(session, asked, viewer) if is_open else None
    if page is None:
        return _closed(viewer, level)
    answer = make_response(
        render_template(
            "board/index.html",
            page=page,
            asked=asked,
            stages=STAGES,
            words=accounts_words,
            may_unlist=viewer is not None and viewer.role in actions.MAY_UNLIST,
            may_ask=viewer is None or viewer.role is Role.REQUESTER,
        )
    )
    answer.headers.update(NOT_FOR_ROBOTS)
    return answer


@board.get("/board/<number>")
def show(number: str) -> ResponseReturnValue:
    """What the board shows of one case, for those who may take it off."""
    with wiring.reading() as session:
        case = cases.root_of(session, reading_case.case_for(session, number, wiring.viewer()))
        told = {
            "shown": reading_board.one(session, case.number, None),
            "off": store.unlisted(session, case.id),
            "level": BY_KEY[store.level(session)],
        }
    may = wiring.viewer().role in actions.MAY_UNLIST
    return render_template("board/case.html", case=case, **told, stages=STAGES, words=accounts_words, may_unlist=may)


@board.post("/board/<number>/off")
def take_off(number: str) -> ResponseReturnValue:
    return _told(number, "off", "board_taken_off", "board_off_already")


@board.post("/board/<number>/on")
def put_back(number: str) -> ResponseReturnValue:
    return _told(number, "on", "board_put_back", "board_on_already")


@board.get("/admin/policies/board")
def policy() -> ResponseReturnValue:
    return _policy()


@board.post("/admin/policies/board")
def decide() -> ResponseReturnValue:
    form, seen = BoardForm(), whole(http.form.get("seen", ""))
    try:
        with wiring.transaction() as session:
            row = actions.decide(session, form.level.data or "", form.reason.data or "", wiring.act(), seen=seen)
    except (Unfit, Overtaken) as fault:
        said = (getattr(fault, "field", ""), str(fault))
        return _policy(marked(form, [said])), 409 if isinstance(fault, Overtaken) else 422
    flash(say("board_decided", level=BY_KEY[row.value["level"]].label), "ok")
    return redirect(url_for("board.policy"), 303)


def _policy(form: FlaskForm | None = None) -> str:
    with wiring.reading() as session:
        standing, level = policies.in_force(session, policies.BOARD), store.level(session)
        told = {"rows": reading_board.newest(session), "decided": reading_board.decisions(session)}
    return render_template(
        "board/policy.html",
        form=form or BoardForm(formdata=None, data={"level": level, "reason": ""}),
        seen=standing.id if standing else 0,
        level=BY_KEY[level],
        levels=LEVELS,
        **told,
        stages=STAGES,
        words=accounts_words,
    )


def _closed(viewer: Viewer | None, level: str) -> ResponseReturnValue:
    """Whether there is a board is no secret to somebody who may sign in; whether there is none, to nobody."""
    if viewer is None and level != OFF:
        return sign_in_page(http.full_path)
    abort(404, say("no_board"))


def _sort() -> str:
    """As asked; an address without it means the most wanted first."""
    return http.args.get("sort", "")[:20] or reading_board.SORTS[0]


def _told(number: str, way: str, done: str, already: str) -> ResponseReturnValue:
    act = {"off": actions.take_off, "on": actions.put_back}[way]
    with wiring.transaction() as session:
        case = cases.locked_root(session, reading_case.case_for(session, number, wiring.viewer()).id)
        fresh, name = act(session, case, wiring.act()), case.service_name
        root = case.number
    flash(say(done if fresh else already, service=name), "ok" if fresh else "info")
    return redirect(url_for("board.show", number=root), 303)

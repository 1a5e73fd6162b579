"""The admin's pages about letters: those that did not go out, those that wait, the addresses they come back from."""

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import bounces
from request_tracker.store import bounces as kept
from request_tracker.store import reading_letters
from request_tracker.store.reading_letters import STATES, NoSuchLetter
from request_tracker.web.case_forms import NOTHING as UNTRIED
from request_tracker.web.case_forms import FormField, a_field
from request_tracker.web.mailbox import LETTER_POLICY
from request_tracker.web.texts import counted, say

letters_admin = Blueprint("letters_admin", __name__)
ON_A_PAGE = 50
MANY = 1000
BIGGEST_ID = 2**31 - 1
STATE_WORDS = {
    "dead": "Not sent",
    "waiting": "Waiting",
    "gathered": "For a digest",
    "sent": "Sent",
    "dropped": "Dropped",
}


@letters_admin.get("/admin/letters")
def index() -> ResponseReturnValue:
    state, address = _state(), http.args.get("address", "").strip()[:320]
    with wiring.reading() as session:
        pile = reading_letters.pile(session, state, limit=ON_A_PAGE, before=_before(), address=address)
        counts = {name: reading_letters.count(session, name, most=MANY) for name in ("dead", "waiting")}
        returned, unwritten = reading_letters.returned(session), reading_letters.unwritten(session)
    return render_template(
        "letters_admin/index.html",
        pile=pile,
        state=state,
        states=[(name, _label(name, counts)) for name in STATES],
        state_words=STATE_WORDS,
        search=_search(address),
        address=address,
        dead=counts["dead"],
        returned=returned,
        unwritten=unwritten,
        next_href=_page(state, address, pile.next_before) if pile.next_before else "",
        first_href=_page(state, address) if _before() else "",
    )


@letters_admin.get("/admin/letters/<int(max=2147483647):letter_id>")
def show(letter_id: int) -> Response:
    try:
        with wiring.reading() as session:
            found = reading_letters.letter(session, letter_id)
    except NoSuchLetter as fault:
        abort(404, str(fault))
    answer = make_response(render_template("letters_admin/show.html", letter=found, state_words=STATE_WORDS))
    answer.headers["Content-Security-Policy"] = LETTER_POLICY
    return answer


@letters_admin.post("/admin/letters/<int(max=2147483647):letter_id>/again")
def again(letter_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        done = bounces.send_again(session, letter_id, wiring.act())
    if done:
        flash(say("letter_again", letter=letter_id), "ok")
    else:
        flash(say("letter_not_again", letter=letter_id), "problem")
    return redirect(url_for("letters_admin.show", letter_id=letter_id), 303)


@letters_admin.post("/admin/letters/again")
def all_again() -> ResponseReturnValue:
    with wiring.transaction() as session:
        number = bounces.send_all_again(session, wiring.act(), most=MANY)
    flash(counted(number, "letters_again_one", "letters_again_many"), "ok")
    return redirect(url_for("letters_admin.index", state="waiting"), 303)


@letters_admin.post("/admin/letters/works-again")
def works_again() -> ResponseReturnValue:
    """Letters to the address go out again; those that did not go out meanwhile too, if that is wanted."""
    address = http.form.get("address", "").strip()[:320]
    with wiring.transaction() as session:
        cleared = bounces.clear(session, address, wiring.act())
        waiting = kept.died(session, address) if cleared and http.form.get("again") == "yes" else []
        number = sum(bounces.send_again(session, letter.id, wiring.act()) for letter in waiting)
    if not cleared:
        flash(say("address_clear_already"), "problem")
    elif number:
        flash(counted(number, "address_clear_one", "address_clear_many", address=address), "ok")
    else:
        flash(say("address_clear", address=address), "ok")
    return redirect(url_for("letters_admin.index"), 303)


def _state() -> str:
    state = http.args.get("state", "dead")
    return state if state in STATES else "dead"


def _before() -> int | None:
    before = http.args.get("before", type=int)
    return min(before, BIGGEST_ID) if before is not None else None


def _page(state: str, address: str, before: int | None = None) -> str:
    return url_for("letters_admin.index", state=state, address=address or None, before=before)


def _label(state: str, counts: dict[str, int]) -> str:
    number = counts.get(state, 0)
    return f"{STATE_WORDS[state]} ({number if number < MANY else f'{MANY}+'})" if number else STATE_WORDS[state]


def _search(address: str) -> FormField:
    return a_field(UNTRIED, "find", "address", "Address", data=address, required=False)

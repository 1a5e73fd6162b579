"""Hard cases: what only a lead decides, or what nobody else will move."""

from flask import Blueprint, render_template, url_for

from request_tracker.access import wiring
from request_tracker.rules.hard import Group
from request_tracker.rules.terms import HOLD_WORDS
from request_tracker.store import reading_hard

hard = Blueprint("hard", __name__)


@hard.get("/hard-cases")
def index() -> str:
    with wiring.reading() as session:
        found = reading_hard.listed(session, wiring.settings().program, wiring.now())
    return render_template(
        "hard/index.html",
        groups=[each for each in found if each.rows],
        clear=[each.group for each in found if not each.rows],
        shown=reading_hard.SHOWN,
        hold_words=HOLD_WORDS,
        now=wiring.now(),
        decide_href=_decide_href,
    )


def _decide_href(group: Group, number: str) -> str:
    """The form on the case page; `do` has it open where there is no script."""
    return url_for("case.show", number=number, _anchor=group.anchor, do=group.do or None)

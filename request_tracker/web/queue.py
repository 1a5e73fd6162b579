"""The specialist's queue: a table whose address is the view, each row with what comes next."""

from dataclasses import replace

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from request_tracker.access import policy, wiring
from request_tracker.actions.advance import Stale, advance
from request_tracker.rules.phases import BY_NAME
from request_tracker.rules.process import Refused
from request_tracker.rules.terms import DUE_WORDS, HOLD_WORDS
from request_tracker.store import cases
from request_tracker.store.reading_queue import Filter
from request_tracker.store.reading_triage import TriagePage, triage, views_and_count
from request_tracker.web import queue_filters as filters
from request_tracker.web.bulk_forms import picked
from request_tracker.web.case_forms import NOTHING, Attempt, Problem, a_field, problem_of
from request_tracker.web.filters import at_most
from request_tracker.web.texts import say

queue = Blueprint("queue", __name__)
BULK = (
    ("assign", "Assign", "a"),
    ("hold", "Ask or wait", "h"),
    ("lift", "Stop waiting", ""),
    ("decline", "Decline", "d"),
)
"""What can be done with the ticked cases: kind, words, key."""


@queue.get("/queue")
def index() -> ResponseReturnValue:
    return show(filters.typed_of(http.args))


@queue.post("/queue/claim")
def claim() -> ResponseReturnValue:
    """Claim one case from its row, and come back to the row."""
    case_id, version = picked(http.form.get("case", ""))
    kept = filters.kept_in(http.form.get("view", ""))
    flash(*_claimed(case_id, version))
    anchor = f"row-{cases.case_number(case_id)}"
    cursor = filters.typed_of(http.form)["cursor"]
    return redirect(filters.address(kept, cursor=cursor, anchor=anchor), 303)


def _claimed(case_id: int, version: int) -> tuple[str, str]:
    number = cases.case_number(case_id)
    try:
        with wiring.transaction() as session:
            case = cases.by_number(session, number)
            advance(session, case, "claim", version=version, act=wiring.act())
            return say("queue_claimed", number=number, service=case.service_name), "ok"
    except (Stale, StaleDataError, IntegrityError):
        return say("queue_overtaken", number=number), "problem"
    except Refused as fault:
        return say("queue_not_claimed", number=number, why=str(fault)), "problem"


def show(typed: dict[str, str], attempt: Attempt = NOTHING) -> ResponseReturnValue:
    """The queue; with an attempt to save the view that was not taken."""
    wanted, viewer, now = filters.wanted_of(typed), wiring.viewer(), wiring.now()
    kept = filters.kept_of(typed)
    with wiring.reading() as session:
        found = triage(session, wanted, viewer, now)
        counted = replace(wanted, cursor="") if _costs_little(wanted, found) else None
        views, count = views_and_count(session, counted, viewer, now)
    page = render_template(
        "queue/index.html",
        page=found,
        hold_words=HOLD_WORDS,
        due_words=DUE_WORDS,
        caption=_caption(found, wanted, count),
        fields=filters.fields(typed),
        search=filters.words("q", "Search", typed["q"]),
        account=filters.words("account", "Account", typed["account"]),
        shortcuts=filters.shortcuts(kept),
        own=filters.saved(views, kept, team=False),
        team=filters.saved(views, kept, team=True),
        query=filters.query_of(kept),
        cursor=typed["cursor"],
        empty_words=filters.empty(kept),
        save=_save(attempt) if kept and policy.may("views.save", viewer.role) else None,
        form=_problem(attempt),
        bulk=BULK if policy.may("bulk.start", viewer.role) else (),
        cases_href=url_for("case.show", number="-").removesuffix("-"),
        may_claim=viewer.role in BY_NAME["claim"].by,
        tick_href=filters.address(kept, cursor=typed["cursor"], tick="all", anchor="queue"),
        ticked=http.args.get("tick") == "all",
        first_href=filters.address(kept) if typed["cursor"] else "",
        next_href=filters.address(kept, cursor=found.next_cursor) if found.next_cursor else "",
    )
    return page, 422 if attempt.errors else 200


def _costs_little(wanted: Filter, found: TriagePage) -> bool:
    """Whether to count: not where the page shows all there is, nor where counting would read every name."""
    return bool(found.next_cursor or wanted.cursor) and not wanted.q


def _caption(found: TriagePage, wanted: Filter, count: int | None) -> str:
    here = len(found.items)
    order = dict(filters.CHOICES["sort"])[wanted.sort].lower()
    if count is not None:
        return f"{at_most(count)} cases, {here} on this page, {order}"
    number = f"{here} case{'' if here == 1 else 's'}"
    place = " on this page" if found.next_cursor or wanted.cursor else ""
    return f"{number}{place}{', more follow' if found.next_cursor else ''}, {order}"


def _save(attempt: Attempt) -> dict[str, object]:
    return {
        "name": a_field(attempt, "view", "name", "Name"),
        "whose": a_field(
            attempt, "view", "whose", "For whom", kind="radio", data="me",
            choices=(("me", "For me"), ("team", "For the team: all staff see it")),
        ),
        "open": bool(attempt.errors),
    }  # fmt: skip


def _problem(attempt: Attempt) -> Problem | None:
    return problem_of(attempt, {"name": "view-name", "whose": "view-whose"})

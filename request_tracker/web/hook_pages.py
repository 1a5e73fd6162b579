"""What the pages about webhooks out show: the endpoint with its log, its form, and what is asked before a deed."""

from dataclasses import dataclass

from flask import render_template, url_for
from flask import request as http
from flask import session as kept

from request_tracker.access import wiring
from request_tracker.actions.hooks import MOST_REPLAYED
from request_tracker.rules import hook_sending
from request_tracker.rules.hook_sending import BOTH_FOR, GIVE_UP_AFTER, MOST_ATTEMPTS
from request_tracker.store import reading_hooks
from request_tracker.store.reading_hooks import STATES, EndpointRow
from request_tracker.web.case_forms import Attempt, a_field, problem_of
from request_tracker.web.hook_forms import CHOICES, HookForm, chosen_words, listed_kinds

ON_A_PAGE = 50
BIGGEST_ID = 2**31 - 1
REPLAYED_SINCE = "since"
_SHOWN = "hook_secret"
"""Names, in the session, the endpoint whose secret the next page shows; never the secret itself."""
STATE_WORDS = {"active": ("ok", "On"), "paused": ("waiting", "Paused"), "given_up": ("overdue", "Given up")}
MESSAGE_WORDS = {
    "waiting": ("waiting", "Waiting"),
    "sent": ("ok", "Taken"),
    "dead": ("overdue", "Given up"),
    "cancelled": ("none", "Dropped"),
}


@dataclass(frozen=True)
class Deed:
    """What is asked about before it is done."""

    title: str
    text: str
    button: str
    danger: bool = False


DEEDS = {
    "rotate": Deed(
        "A new secret",
        "A new secret is made and shown once. For a day messages carry both signatures, so the receiver can change "
        "over in between; after that only the new one.",
        "Make a new secret",
    ),
    "reveal": Deed(
        "Show the secret",
        "Whoever knows the secret can write messages that the receiver takes for ours. The next page shows it: make "
        "sure that nobody looks on.",
        "Show the secret",
    ),
    "delete": Deed(
        "Delete the endpoint",
        "Nothing is posted to it any more, and what waits for it is dropped. This cannot be taken back.",
        "Delete the endpoint",
        danger=True,
    ),
}


def show_secret(endpoint_id: int) -> None:
    """The next page of this endpoint shows its secret, once."""
    kept[_SHOWN] = endpoint_id


def page(endpoint_id: int, attempt: Attempt | None = None) -> str:
    """The endpoint and its log; the secret only where the page before it promised to show it."""
    state, before, settings = http.args.get("state", ""), http.args.get("before", type=int), wiring.settings()
    state = state if state in STATES else ""
    with wiring.reading() as session:
        row = reading_hooks.one(session, endpoint_id)
        found = reading_hooks.log(
            session, endpoint_id, state, limit=ON_A_PAGE, before=min(before, BIGGEST_ID) if before else None
        )
    is_shown = kept.get(_SHOWN) == row.id and kept.pop(_SHOWN) == row.id
    tried = attempt or Attempt()
    since = a_field(tried, "replay", REPLAYED_SINCE, "Since", data="", required=True)
    return render_template(
        "hooks/show.html",
        row=row,
        found=found,
        state=state,
        states=[("", "All"), *((name, MESSAGE_WORDS[name][1]) for name in STATES)],
        words=STATE_WORDS,
        message_words=MESSAGE_WORDS,
        chosen=chosen_words(row.events),
        secret=hook_sending.secret_of(settings.secret_key, row.id, row.generation) if is_shown else "",
        both_until=row.rotated_at + BOTH_FOR if row.rotated_at and wiring.now() < row.rotated_at + BOTH_FOR else None,
        attempts=MOST_ATTEMPTS,
        give_up_days=GIVE_UP_AFTER.days,
        since=since,
        most=MOST_REPLAYED,
        zone=wiring.viewer().zone,
        form=problem_of(tried, {REPLAYED_SINCE: since.id}),
        next_href=_log(endpoint_id, state, found.next_before) if found.next_before else "",
        first_href=_log(endpoint_id, state) if before else "",
    )


def form_page(form: HookForm, row: EndpointRow | None = None) -> str:
    return render_template("hooks/form.html", form=form, row=row, kinds=listed_kinds(), choices=CHOICES)


def _log(endpoint_id: int, state: str, before: int | None = None) -> str:
    return url_for("hooks.show", endpoint_id=endpoint_id, state=state or None, before=before) + "#log"

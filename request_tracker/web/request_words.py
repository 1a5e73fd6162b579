"""A requester's page in words: whose turn it is, the state of the connection, what was typed."""

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from request_tracker.rules.people import Viewer
from request_tracker.rules.tasks import AWAITED, AWAY, ENDINGS, OURS, OUTCOMES, QUESTION, WORDS, Standing, due
from request_tracker.rules.terms import AuthKind, Outcome, Phase, Role
from request_tracker.store.case_rows import CaseView, ConnectionRow
from request_tracker.store.requests import Request


@dataclass(frozen=True)
class Ball:
    """Whose turn it is. `kind` is a panel's: waiting (the reader's turn), info (ours), ok or problem (ended)."""

    kind: str
    title: str
    text: str


def ball_of(
    request: Request,
    view: CaseView,
    standing: Standing,
    *,
    mine: bool,
    asker: str,
    viewer: Viewer,
    is_led: bool = True,
    lead_until: datetime | None = None,
) -> Ball:
    """Whose turn it is; `asker` names the primary requester as far as the viewer may know.

    `is_led` False: nobody leads the case; `lead_until`: the person of this request is asked to, until then.
    """
    if request.withdrawn_at is not None and view.outcome is None:
        title = "You have left this request" if request.person_id == viewer.id else "Withdrawn"
        return Ball("info", title, "It goes on with those who also asked for it.")
    if view.outcome is not None:
        return Ball("ok" if view.outcome == Outcome.RELEASED else "info", OUTCOMES[view.outcome], ENDINGS[view.outcome])
    if lead_until is not None:
        return _to_lead(request, viewer)
    if not is_led:
        return Ball("info", "We look for a new main contact", UNLED)
    names = due(standing) if view.full else ()
    if names:
        return _theirs(names, viewer, mine=mine, asker=asker)
    waits = [AWAITED[hold.reason] for hold in view.open_holds]
    if waits:
        return Ball("waiting", f"We wait for {waits[0]}", "You need to do nothing. We write to you when it goes on.")
    if view.promise is not None and view.promise.state == "paused":
        return Ball("waiting", "It waits for somebody", "You need to do nothing. We write to you when it goes on.")
    who = f"{view.assignee} looks after it. " if view.assignee else ""
    return Ball("info", "We have the ball", f"{who}{_ours(view)} You need to do nothing now.")


def _ours(view: CaseView) -> str:
    """What we do now; a starter connector that is gone comes before what the phase is about."""
    is_away = view.connection is not None and view.connection.state in AWAY
    is_later = view.phase.order > Phase.CONSULTATION.order
    return "We set the starter connector up again." if is_away and is_later else OURS[view.phase]


def _to_lead(request: Request, viewer: Viewer) -> Ball:
    if request.person_id == viewer.id:
        return Ball("waiting", "It is your turn", "Please say below whether you take the lead for this request.")
    return Ball("waiting", "Somebody is asked to take the lead", "The person of this request was asked and may answer.")


UNLED = (
    "The main contact left. We ask those who want it too, one after the other; the work goes on with whoever agrees."
)


def _theirs(names: tuple[str, ...], viewer: Viewer, *, mine: bool, asker: str) -> Ball:
    what = ", ".join(WORDS[name].lower() for name in names)
    if mine or (viewer.role is Role.REQUESTER and names == (QUESTION,)):
        return Ball(
            "waiting",
            "It is your turn",
            f"Please {what.replace(', ', ' and ')}. It stands below; we go on as soon as it is done.",
        )
    return Ball("waiting", f"It is the turn of {asker}", f"Asked of them: {what}.")


def state_key(view: CaseView) -> str:
    """Changes when the state that the page shows has changed."""
    link = view.connection
    return "-".join(
        (
            view.phase,
            view.outcome or "live",
            link.state if link else "none",
            str(bool(link and link.may_grant)),
            *(each.kind for each in (link.conditions if link else ()) if not each.ok),
        )
    )


def connection_words(row: ConnectionRow | None) -> str:
    """The state of the starter connector, for the requester."""
    if row is None:
        return ""
    if row.grace_until is not None:
        return "It is kept for a while and then removed."
    return "It is ready and waits for you to grant access." if row.may_grant else CONNECTION[row.state]


CONNECTION = {
    "none": "There is none yet.",
    "intended": "We are preparing it.",
    "creating": "We are preparing it.",
    "unknown": "We are checking with Fivetran whether it was made.",
    "created": "Access is granted. We are checking it with Fivetran.",
    "connected": "Access is granted. The first sync has not started yet.",
    "syncing": "The first sync is running.",
    "live": "The first sync is done.",
    "missing": "Fivetran does not know it any more.",
    "failed": "It could not be made. We are looking into it.",
    "deleted": "It was removed.",
}


PROSE = Markup('<span class="prose">{}</span>')
SANDBOX = {"yes": "Yes", "no": "No", "unknown": "Not known"}


def typed_rows(request: Request) -> tuple[dict[str, str | Markup], ...]:
    """What was typed, for parts/summary_list.html; line breaks stay."""
    count = "" if request.endpoint_count is None else f"{request.endpoint_count:,}"
    rows = {
        "Service name": request.service_name,
        "Business URL": request.service_url,
        "API documentation URL": request.api_docs_url,
        "Use case": request.use_case,
        "Data needed": request.data_needed,
        "How the API signs in": AuthKind(request.auth_kind).words,
        "Sandbox or test environment": SANDBOX[request.sandbox],
        "Rough number of endpoints": count,
        "Custom fields": request.custom_fields,
        "Fivetran group": request.group_wanted,
        "Role in Fivetran": request.fivetran_role,
        "Also to be told": request.also_tell,
        "Private preview": "Would join" if request.would_preview else "Not asked for",
    }
    return tuple({"key": key, "value": PROSE.format(value) if value else ""} for key, value in rows.items())

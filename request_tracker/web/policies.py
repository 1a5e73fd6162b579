"""Automatic merging as a policy: what it was measured at, what it would do, what it did, who decided so and why."""

from flask import Blueprint, flash, redirect, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import automatic
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit
from request_tracker.store import policies as store
from request_tracker.store import reading_policies
from request_tracker.web.case_forms import NOTHING as UNTRIED
from request_tracker.web.case_forms import a_field
from request_tracker.web.forms import whole
from request_tracker.web.knowledge import shown
from request_tracker.web.knowledge_forms import MergingForm
from request_tracker.web.knowledge_tabs import told
from request_tracker.web.texts import say

policies = Blueprint("policies", __name__)
LISTED = 50


@policies.get("/admin/policies/merging")
def merging() -> ResponseReturnValue:
    return _page()


@policies.post("/admin/policies/merging")
def decide() -> ResponseReturnValue:
    form = MergingForm()
    on, reason = form.on.data, form.reason.data or ""
    try:
        if on not in ("yes", "no"):
            raise Unfit("on", "Choose on or off")
        with wiring.transaction() as session:
            known, seen = wiring.knowledge(session), whole(http.form.get("seen", ""))
            score = _score(form.from_score.data or "")
            found = automatic.decide(session, on == "yes", score, reason, wiring.act(), known, seen=seen)
    except (Unfit, Overtaken) as fault:
        return _page(told(form, fault)), 409 if isinstance(fault, Overtaken) else 422
    flash(say("merging_on" if found.on else "merging_off"), "ok")
    return redirect(url_for("policies.merging"), 303)


def _page(form: MergingForm | None = None) -> str:
    with wiring.reading() as session:
        known, policy = wiring.knowledge(session), store.automatic_merge(session)
        least = automatic.least(known)
        standing = max(policy.from_score, least) if policy.id else least
        tried = _tried(least, standing)
        waiting = automatic.dry_run(session, tried)
        past = {"decisions": reading_policies.decisions(session), "made": reading_policies.automatic_merges(session)}
    return shown(
        "merging",
        policy=policy,
        form=form or MergingForm(formdata=None, data=_filled(policy.on, standing)),
        least=least,
        tried=tried,
        measured=known.tuning.measured,
        would=[row for row in waiting if not row.obstacle],
        wont=[row for row in waiting if row.obstacle],
        looked_at=automatic.LOOKED_AT,
        listed=LISTED,
        threshold=a_field(
            UNTRIED, "try", "from", "Threshold to try", data=f"{tried * 100:g}", hint=f"{least * 100:g} to 100",
            required=False,
        ),
        **past,
    )  # fmt: skip


def _filled(on: bool, score: float) -> dict[str, str]:
    return {"on": "yes" if on else "no", "from_score": f"{score * 100:g}", "reason": ""}


def _tried(least: float, standing: float) -> float:
    """The threshold the address asks for, or the one that stands."""
    try:
        asked = _score(http.args.get("from", ""))
    except Unfit:
        return standing
    return min(max(asked, least), 1.0)


def _score(text: str) -> float:
    """`97.5` of 100 → 0.975. Raises Unfit."""
    try:
        found = float(text.strip().replace(",", "."))
    except ValueError:
        found = -1.0
    if not 0 <= found <= 100:
        raise Unfit("from_score", "Enter a number such as 97.5: the likeness of a pair out of 100")
    return round(found / 100, 6)

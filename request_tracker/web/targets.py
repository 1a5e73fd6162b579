"""How many working days each promise is given: the published numbers, one's own, and every decision about them."""

from flask import Blueprint, flash, redirect, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import targets as actions
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.calendar_typed import Faulty
from request_tracker.rules.calendar_words import due_ahead, instant_words
from request_tracker.rules.targets import LEAST, MOST, PRESETS, TARGETS, label_of, preset_of
from request_tracker.store import policies, reading_calendar
from request_tracker.web.calendar_forms import LABELS, TargetsForm, marked
from request_tracker.web.calendars import shown
from request_tracker.web.forms import whole
from request_tracker.web.texts import say

targets = Blueprint("targets", __name__)


@targets.get("/admin/targets")
def index() -> ResponseReturnValue:
    return _page()


@targets.post("/admin/targets")
def decide() -> ResponseReturnValue:
    form, seen = TargetsForm(), whole(http.form.get("seen", ""))
    try:
        with wiring.transaction() as session:
            row = actions.decide(
                session, form.preset.data or "", http.form, form.reason.data or "", wiring.act(), seen=seen
            )
    except Faulty as fault:
        return _page(marked(form, fault.faults)), 422
    except (Unfit, Overtaken) as fault:
        said = (getattr(fault, "field", ""), str(fault))
        return _page(marked(form, [said])), 409 if isinstance(fault, Overtaken) else 422
    label = label_of(row.value["preset"])
    flash(say("target_set", label=label), "ok")
    return redirect(url_for("targets.index"), 303)


def _page(form: TargetsForm | None = None) -> str:
    act = wiring.act()
    with wiring.reading() as session:
        standing = policies.in_force(session, policies.TARGETS)
        days = {each.key: float(policies.target_days(session, act.program)[each.key]) for each in TARGETS}
        _, calendar = reading_calendar.in_force(session)
        decided = reading_calendar.targets_decided(session, act.program.target_days)
    due = {
        each.label: each.due
        for each in due_ahead(calendar, act.now, [(each.label, days[each.key]) for each in TARGETS])
    }
    filled = {each: f"{number:g}" for each, number in days.items()}
    return shown(
        "targets",
        form=form or TargetsForm(formdata=None, data={"preset": preset_of(days), **filled}),
        seen=standing.id if standing else 0,
        label=label_of(preset_of(days)),
        rows=TARGETS,
        days=days,
        due=due,
        presets=PRESETS,
        labels=LABELS,
        decided=decided,
        today=instant_words(calendar, act.now),
        bounds=(LEAST, MOST),
        at_risk=act.program.at_risk,
    )

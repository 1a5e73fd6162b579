"""Every notice the program sends, with sample data: what it says, to whom, and how it looks."""

from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import samples as asking
from request_tracker.rules.notices import Audience, Notice
from request_tracker.web.case_forms import NOTHING as UNTRIED
from request_tracker.web.case_forms import FormField, a_field
from request_tracker.web.mailbox import LETTER_POLICY
from request_tracker.web.texts import say
from request_tracker.work import samples
from request_tracker.work.samples import READERS, SHOWN, View

notices = Blueprint("notices", __name__)
AUDIENCES = {
    Audience.PRIMARY: "the main contact",
    Audience.EVERYBODY: "everybody who asks for it",
    Audience.ASSIGNEE: "whoever works on it",
    Audience.SUBMITTER: "whoever sent the request",
    Audience.SPECIALISTS: "specialists",
    Audience.LEADS: "leads",
    Audience.ADMINS: "admins",
    Audience.GUEST: "the main contact",
    Audience.HOST: "whoever holds the meeting",
}
OCCASIONS = {
    "weekly_report": "Mondays",
    "report_link": "Mondays, or when a lead shares it",
    "digest": "At 8:00 of its reader",
}
ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Sydney")
WIDTHS = ("600", "360")


@notices.get("/admin/notices")
def index() -> ResponseReturnValue:
    rows = [
        {"notice": each, "who": _who(each), "topic": each.topic.words if each.topic else "", "when": _when(each)}
        for each in SHOWN.values()
    ]
    return render_template("notices/index.html", rows=rows)


@notices.get("/admin/notices/<name>")
def show(name: str) -> Response:
    notice, view, width = _notice(name), _view(name), _one_of(http.args.get("width", ""), WIDTHS)
    answer = make_response(
        render_template(
            "notices/show.html",
            notice=notice,
            letter=samples.sample(name, view),
            view=view,
            who=_who(notice),
            when=_when(notice),
            fields=_fields(notice, view, width),
            width=width,
        )
    )
    answer.headers["Content-Security-Policy"] = LETTER_POLICY
    return answer


@notices.post("/admin/notices/<name>/sample")
def send(name: str) -> ResponseReturnValue:
    _notice(name)
    view = _view(name)
    with wiring.transaction() as session:
        asked = asking.ask(session, name, view.reader, view.zone, wiring.act())
    said = say("sample_sent", email=wiring.viewer().email) if asked else say("samples_enough", most=asking.MOST)
    flash(said, "ok" if asked else "problem")
    return redirect(url_for("notices.show", name=name, reader=view.reader, zone=view.zone), 303)


def _notice(name: str) -> Notice:
    found = SHOWN.get(name)
    if found is None:
        abort(404, say("no_such_notice"))
    return found


def _view(name: str) -> View:
    reader = _one_of(http.values.get("reader", ""), samples.readers_of(_notice(name)))
    return View(reader, _zone(http.values.get("zone", "")), wiring.settings().base_url)


def _zone(asked: str) -> str:
    """The zone that was asked for, if there is one; the viewer's own otherwise."""
    try:
        return ZoneInfo(asked).key if asked else wiring.viewer().zone
    except (ValueError, LookupError, OSError):
        return wiring.viewer().zone


def _one_of(asked: str, choices: tuple[str, ...]) -> str:
    return asked if asked in choices else choices[0]


def _fields(notice: Notice, view: View, width: str) -> list[FormField]:
    readers = tuple((name, READERS[name]) for name in samples.readers_of(notice))
    zones = tuple((zone, zone) for zone in dict.fromkeys((view.zone, wiring.viewer().zone, *ZONES)))
    widths = (("600", "600 pixels: a computer"), ("360", "360 pixels: a telephone"))
    return [
        a_field(UNTRIED, "view", "reader", "Reader", data=view.reader, choices=readers),
        a_field(UNTRIED, "view", "zone", "Time zone", data=view.zone, choices=zones),
        a_field(UNTRIED, "view", "width", "Width", data=width, choices=widths),
    ]


def _who(notice: Notice) -> str:
    if notice.name == "report_link":
        return "people without a sign-in, by a link"
    return ", ".join(AUDIENCES[each] for each in notice.audience) or "whoever wants letters gathered"


def _when(notice: Notice) -> str:
    return OCCASIONS.get(notice.name) or ("At once" if notice.at_once else "After the undo window")

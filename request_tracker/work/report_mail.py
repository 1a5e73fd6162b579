"""The weekly report leaves the house: as a letter to a lead, and as files."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy.orm import Session

from request_tracker import links, resources
from request_tracker.mail import bars
from request_tracker.mail.bars import Bar
from request_tracker.mail.compose import Composed, one_line
from request_tracker.rules.people import Act
from request_tracker.rules.report import Week, WeeklyReport, to_csv, to_json
from request_tracker.rules.report_words import percent, written
from request_tracker.rules.terms import Role
from request_tracker.settings import Settings
from request_tracker.store import letters
from request_tracker.store.people import Person
from request_tracker.store.reading_report import weekly
from request_tracker.store.recipients import Recipient
from request_tracker.work import post
from request_tracker.work.post import Envelope

MET, BROKEN, PLAIN = "#17653a", "#a81c1c", "#0b5a6f"


def mail_report(session: Session, args: Mapping[str, Any], act: Act, settings: Settings) -> bool:
    """Write one person's letter and queue its delivery; True when it is new. `args`: {week, person_id}.

    Running twice does no harm: the letter is keyed by week and person. Nothing is written to who is no lead any more.
    """
    person = session.get_one(Person, args["person_id"])
    key = f"report:{args['week']}:{person.id}"
    if not person.active or person.role != Role.LEAD or letters.by_key(session, key) is not None:
        return False
    report = weekly(session, Week.parse(args["week"]), settings.program.zone, act.now)
    to = Recipient(person.id, person.name, person.email, person.zone, None, None, "")
    envelope = Envelope(key, "weekly_report", to, attachments=(_attached(report),))
    return post.write(session, envelope, compose(report, settings.base_url), settings=settings, now=act.now)


def write(session: Session, week: str, folder: Path, settings: Settings, now: datetime) -> WeeklyReport:
    """Build the report on an ISO week (BadWeek when there is none) and write its four files."""
    report = weekly(session, Week.parse(week), settings.program.zone, now)
    write_files(report, folder, settings.base_url)
    return report


def write_files(report: WeeklyReport, folder: Path, base_url: str) -> None:
    """report.html, report.txt, report.csv and report.json, in UTF-8; the same report gives the same bytes."""
    letter = compose(report, base_url)
    files = {
        "report.html": letter.html,
        "report.txt": letter.text,
        "report.csv": to_csv(report),
        "report.json": json.dumps(to_json(report), indent=2, sort_keys=True) + "\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())


def compose(report: WeeklyReport, base_url: str) -> Composed:
    """The report as a letter: subject, text, and a whole HTML document without pictures or scripts."""
    context = {
        **written(report),
        "page": links.report(base_url, str(report.week)),
        "case_page": partial(links.case_page, base_url),
        "trend_bars": bars.table([_trend_bar(row) for row in report.trend]),
        "phase_bars": bars.table([_phase_bar(row) for row in report.funnel if row.kind == "phase"]),
    }
    subject, text, html = (_render(name, context) for name in ("subject.txt", "body.txt", "body.html"))
    return Composed(one_line(subject), text, html)


def _render(name: str, context: Mapping[str, Any]) -> str:
    return _templates().get_template(f"mail/weekly_report/{name}").render(context) + "\n"


@cache
def _templates() -> Environment:
    """White space as Flask leaves it: the page's download renders the same reports/report.txt."""
    loader = FileSystemLoader(resources.TEMPLATES)
    return Environment(
        loader=loader, autoescape=select_autoescape(("html",), default=False), undefined=StrictUndefined
    )  # fmt: skip


def _attached(report: WeeklyReport) -> dict[str, str]:
    content = base64.b64encode(to_csv(report).encode()).decode()
    return {"filename": f"by-request-{report.week}.csv", "media_type": "text/csv; charset=utf-8", "content": content}


def _trend_bar(row: Any) -> Bar:
    note = f"{row.met} kept, {row.breached} broken: {percent(row.compliance)}"
    return Bar(str(row.week), ((row.met, MET), (row.breached, BROKEN)), note)


def _phase_bar(row: Any) -> Bar:
    return Bar(row.words.capitalize(), ((row.at_end or 0, PLAIN),), f"{row.at_end} now, {row.entered} came in")

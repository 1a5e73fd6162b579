"""The weekly report leaves the house: as a letter to its readers, as a link to people outside, and as files."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy.orm import Session

from request_tracker import links, resources, seals
from request_tracker.actions import report as filing
from request_tracker.actions import report_subscriptions as subscriptions
from request_tracker.mail import bars
from request_tracker.mail.bars import Bar
from request_tracker.mail.compose import Composed, one_line
from request_tracker.rules.notices import Topic
from request_tracker.rules.people import Act
from request_tracker.rules.report import Week, WeeklyReport, to_csv, to_json
from request_tracker.rules.report_words import percent, said_at, written
from request_tracker.settings import Settings
from request_tracker.store import letters
from request_tracker.store.people import Person
from request_tracker.store.reading_readers import is_open, is_reader
from request_tracker.store.reading_weeks import Edition, as_it_was, computed, filed
from request_tracker.store.recipients import Recipient
from request_tracker.store.reports import ReportShare, Subscription
from request_tracker.store.session import Database
from request_tracker.work import post
from request_tracker.work.particulars import leaving
from request_tracker.work.post import Envelope

MET, BROKEN, PLAIN = "#17653a", "#a81c1c", "#0b5a6f"
OUTSIDE = 0
"""Stands for a person's id where the reader has no account; the letter's row then names nobody."""


def file(database: Database, args: Mapping[str, Any], settings: Settings, now: datetime) -> None:
    """Make the report that the first letter tells, and keep it for good; `args` as for `mail_report`.

    It is added up outside the transaction that writes, so that nobody waits for it. Twice: the first one is kept.
    """
    week = Week.parse(args["week"])
    with database.reading() as session:
        if not _is_wanted(session, args, now) or filed(session, week) is not None:
            return
        made = computed(session, week, settings.program.zone, now)
    with database.transaction() as session:
        filing.keep(session, made, now)


def mail_report(session: Session, args: Mapping[str, Any], act: Act, settings: Settings) -> bool:
    """Write one reader's letter and queue its delivery; True when it is new. The first one files the report for good.

    `args`: {week, person_id}, {week, subscription_id} or {week, share_id}. Running twice does no harm: a letter is
    keyed by week and reader, a link by itself. Nothing is written to who is no reader any more.
    """
    write = next(write for name, write in _WRITERS.items() if name in args)
    return _is_wanted(session, args, act.now) and write(session, args, act, settings)


def _is_wanted(session: Session, args: Mapping[str, Any], now: datetime) -> bool:
    """Who was a reader when the job was queued may have left, or ended it; a link may have been revoked."""
    if "person_id" in args:
        return is_reader(session, args["person_id"], now)
    if "subscription_id" in args:
        return is_open(session, args["subscription_id"], now)
    return session.get_one(ReportShare, args["share_id"]).revoked_at is None


def _to_person(session: Session, args: Mapping[str, Any], act: Act, settings: Settings) -> bool:
    person = session.get_one(Person, args["person_id"])
    week, key = Week.parse(args["week"]), filing.key_of(args["week"], person_id=person.id)
    if letters.by_key(session, key) is not None:
        return False
    found = filing.filed(session, week, settings.program.zone, act.now)
    to = Recipient(person.id, person.name, person.email, person.zone, None, None, "")
    stop = leaving(person.id, [Topic.REPORT], settings.base_url, settings.secret_key)
    envelope = Envelope(key, "weekly_report", to, attachments=(_attached(found),), unsubscribe=stop)
    letter = compose(found, settings.base_url, unsubscribe=stop)
    return post.write(session, envelope, letter, settings=settings, now=act.now)


def _to_address(session: Session, args: Mapping[str, Any], act: Act, settings: Settings) -> bool:
    """The link of a subscription: the same one, and one letter, however often this runs."""
    row = session.get_one(Subscription, args["subscription_id"])
    key = filing.key_of(args["week"], address=row.address or "")
    if letters.by_key(session, key) is not None:
        return False
    share = subscriptions.share_of(session, row, args["week"], act.now, act.program.report_link_for)
    token = seals.sealed(settings.secret_key, subscriptions.SUBSCRIPTION, {"subscription": row.id})
    return _send_link(session, key, share, act, settings, links.report_stop(settings.base_url, token))


def _to_guest(session: Session, args: Mapping[str, Any], act: Act, settings: Settings) -> bool:
    """A link sent once, by a lead."""
    share = session.get_one(ReportShare, args["share_id"])
    key = f"report-share:{share.id}"
    if letters.by_key(session, key) is not None:
        return False
    return _send_link(session, key, share, act, settings, "")


def _send_link(session: Session, key: str, share: ReportShare, act: Act, settings: Settings, stop: str) -> bool:
    found = filing.filed(session, Week.parse(share.week), settings.program.zone, act.now)
    context = {
        "name": share.name or "reader",
        "by": session.get_one(Person, share.by_id).name,
        "week": share.week,
        "until": said_at(share.expires_at, found.report.zone),
        "page": links.shared_report(settings.base_url, subscriptions.token_of(share, settings.secret_key)),
        "unsubscribe": stop,
    }
    to = Recipient(OUTSIDE, share.name, share.address, found.report.zone, None, None, "")
    envelope = Envelope(key, "report_link", to, unsubscribe=stop)
    return post.write(session, envelope, composed("report_link", context), settings=settings, now=act.now)


_WRITERS: dict[str, Callable[[Session, Mapping[str, Any], Act, Settings], bool]] = {
    "person_id": _to_person,
    "subscription_id": _to_address,
    "share_id": _to_guest,
}


def write(session: Session, week: str, folder: Path, settings: Settings, now: datetime) -> WeeklyReport:
    """Build the report on an ISO week (BadWeek when there is none) and write its four files."""
    found = as_it_was(session, Week.parse(week), settings.program.zone, now)
    write_files(found, folder, settings.base_url)
    return found.report


def write_files(found: Edition, folder: Path, base_url: str) -> None:
    """report.html, report.txt, report.csv and report.json, in UTF-8; the same report gives the same bytes."""
    letter = compose(found, base_url)
    files = {
        "report.html": letter.html,
        "report.txt": letter.text,
        "report.csv": to_csv(found.report, found.changes),
        "report.json": json.dumps(to_json(found.report, found.changes), indent=2, sort_keys=True) + "\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())


def compose(found: Edition, base_url: str, *, unsubscribe: str = "") -> Composed:
    """The report as a letter: subject, text, and a whole HTML document without pictures or scripts."""
    report = found.report
    context = {
        **written(report, found.changes),
        "page": links.report(base_url, str(report.week)),
        "json_page": links.report_file(base_url, str(report.week), "json"),
        "case_page": partial(links.case_page, base_url),
        "trend_bars": bars.table([_trend_bar(row) for row in report.trend]),
        "phase_bars": bars.table([_phase_bar(row) for row in report.funnel if row.kind == "phase"]),
        "unsubscribe": unsubscribe,
    }
    return composed("weekly_report", context)


def composed(folder: str, context: Mapping[str, Any]) -> Composed:
    """A letter of the report's own: `weekly_report`, or `report_link` (name, by, week, until, page, unsubscribe)."""
    subject, text, html = (_render(f"{folder}/{name}", context) for name in ("subject.txt", "body.txt", "body.html"))
    return Composed(one_line(subject), text, html)


def _render(name: str, context: Mapping[str, Any]) -> str:
    return _templates().get_template(f"mail/{name}").render(context) + "\n"


@cache
def _templates() -> Environment:
    """White space as Flask leaves it: the page's download renders the same reports/report.txt."""
    loader = FileSystemLoader(resources.TEMPLATES)
    return Environment(
        loader=loader, autoescape=select_autoescape(("html",), default=False), undefined=StrictUndefined
    )  # fmt: skip


def _attached(found: Edition) -> dict[str, str]:
    content = base64.b64encode(to_csv(found.report, found.changes).encode()).decode()
    name = f"by-request-{found.report.week}.csv"
    return {"filename": name, "media_type": "text/csv; charset=utf-8", "content": content}


def _trend_bar(row: Any) -> Bar:
    note = f"{row.met} kept, {row.breached} broken: {percent(row.compliance)}"
    return Bar(str(row.week), ((row.met, MET), (row.breached, BROKEN)), note)


def _phase_bar(row: Any) -> Bar:
    return Bar(row.words.capitalize(), ((row.at_end or 0, PLAIN),), f"{row.at_end} now, {row.entered} came in")

"""Digests: gathered letters are told once, in the reader's morning, whatever crashes or runs twice; nothing is lost."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from at_once import at_once
from factories import MONDAY, Cast, a_case, a_cast, a_request, act, move
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from request_tracker.actions import hold, merge, undo
from request_tracker.actions import preferences as action
from request_tracker.mail.digest import GIST, gist
from request_tracker.rules.calendar import Calendar, standard
from request_tracker.rules.digest_days import is_due, last_hour
from request_tracker.rules.notices import Topic, Way
from request_tracker.rules.people import SYSTEM, Viewer
from request_tracker.settings import Settings
from request_tracker.store import letters, preferences
from request_tracker.store.cases import Case
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.people import Person
from request_tracker.store.session import Database
from request_tracker.work import digests, post
from request_tracker.work.context import Context
from request_tracker.work.effects import EFFECTS
from request_tracker.work.worker import Worker

TUESDAY_8 = MONDAY + timedelta(hours=23)
"""The morning after MONDAY, 9:00, in UTC."""


def wants(session: Session, who: Viewer, topic: Topic, way: Way, now: datetime = MONDAY) -> None:
    assert who.id is not None
    preferences.put(session, who.id, topic, way, via="page", now=now)


def write_due(session: Session, settings: Settings, now: datetime = MONDAY) -> None:
    """What the worker does with the notices that wait."""
    for job in session.scalars(select(Job).where(Job.kind == "notify", Job.state == "ready").order_by(Job.id)).all():
        post.notify(session, job.args, job.event_id, act(SYSTEM, now), settings)


def morning(session: Session, settings: Settings, now: datetime) -> list[Letter]:
    """The tick and its jobs, and both again; answers the digests there are."""
    for _ in range(2):
        digests.ensure(session, now)
        for job in session.scalars(select(Job).where(Job.kind == "digest").order_by(Job.id)).all():
            digests.tell(session, job.args["person_id"], job.args["occasion"], act(SYSTEM, now), settings)
    session.flush()
    return list(session.scalars(select(Letter).where(Letter.notice == "digest").order_by(Letter.id)))


def states(session: Session, who: Viewer) -> list[tuple[str, str]]:
    rows = session.scalars(select(Letter).where(Letter.person_id == who.id, Letter.notice != "digest"))
    return sorted((row.notice, row.state) for row in rows)


# The hours.

BERLIN = standard("Europe/Berlin", [date(2026, 12, 25), date(2026, 12, 28)])


@pytest.mark.parametrize(
    ("way", "zone", "now", "expected"),
    [
        # a Monday before and after eight; a Sunday; over Christmas with a day off on the Monday after
        (Way.DAILY, "Europe/Berlin", "2026-11-23T06:59", "2026-11-20T08:00"),
        (Way.DAILY, "Europe/Berlin", "2026-11-23T07:00", "2026-11-23T08:00"),
        (Way.DAILY, "Europe/Berlin", "2026-11-22T12:00", "2026-11-20T08:00"),
        (Way.DAILY, "Europe/Berlin", "2026-12-28T12:00", "2026-12-24T08:00"),
        (Way.WEEKLY, "Europe/Berlin", "2026-12-28T12:00", "2026-12-21T08:00"),
        (Way.WEEKLY, "Europe/Berlin", "2026-12-31T12:00", "2026-12-29T08:00"),
        # the reader's morning, not the program's
        (Way.DAILY, "Asia/Kathmandu", "2026-11-24T02:15", "2026-11-24T08:00"),
        (Way.DAILY, "Asia/Kathmandu", "2026-11-24T02:14", "2026-11-23T08:00"),
        (Way.WEEKLY, "Pacific/Auckland", "2026-11-22T20:00", "2026-11-23T08:00"),
        # the clocks went forward on Sunday 29 March: eight o'clock is an hour earlier
        (Way.DAILY, "Europe/Berlin", "2026-03-30T06:00", "2026-03-30T08:00"),
        (Way.DAILY, "Europe/Berlin", "2026-03-30T05:59", "2026-03-27T08:00"),
    ],
)
def test_the_hour_of_a_digest(way: Way, zone: str, now: str, expected: str) -> None:
    found = last_hour(way, BERLIN, zone, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(expected).replace(tzinfo=ZoneInfo(zone))
    assert found.isoformat()[:16] == expected


def test_a_program_that_rests_for_months_still_tells() -> None:
    resting = Calendar("UTC", BERLIN.weekly, frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(365)))
    assert is_due(Way.WEEKLY, resting, "No/Where", MONDAY - timedelta(days=2), MONDAY)


# What is told.


def test_gathered_letters_become_one_letter_by_number_newest_last(
    session: Session, cast: Cast, settings: Settings
) -> None:
    for topic, way in ((Topic.PROGRESS, Way.WEEKLY), (Topic.COMMENTS, Way.DAILY)):
        wants(session, cast.ada, topic, way)
    case, other = a_case(session, cast), a_case(session, cast, service_name="Beta")
    move(session, case, "claim", cast.specialist)
    for at, about, body in ((1, other, "Is it <b>this</b>?"), (2, case, "News?"), (3, other, "Second")):
        hold.comment(session, about, act(cast.specialist, MONDAY + timedelta(minutes=at)), body=body, internal=False,
                     account_id=case.account_id)  # fmt: skip
        write_due(session, settings, MONDAY + timedelta(minutes=at))
    assert states(session, cast.ada) == [("in_review", "gathered"), *[("receipt", "waiting")] * 2,
                                         *[("reply", "gathered")] * 3]  # fmt: skip
    queued = {job.args["letter_id"] for job in session.scalars(select(Job).where(Job.kind == "deliver"))}
    gathered = set(session.scalars(select(Letter.id).where(Letter.state == "gathered")))
    assert gathered.isdisjoint(queued)

    assert morning(session, settings, MONDAY + timedelta(hours=22, minutes=59)) == []
    (digest,) = morning(session, settings, TUESDAY_8)
    assert digest.state == "waiting"
    assert session.scalar(select(Job.id).where(Job.kind == "deliver", Job.unique_key == f"deliver:{digest.id}"))
    first, second = (f"REQ-{each.primary_request_id:06d}" for each in (case, other))
    told = [line for line in digest.text.splitlines() if line.startswith(("REQ-", "- ", "  Specialist"))]
    assert told == [
        second, "- A new comment on your request: Beta",
        "  Specialist wrote about your request for Beta: Is it <b>this</b>?",
        "- A new comment on your request: Beta", "  Specialist wrote about your request for Beta: Second",
        first, "- A new comment on your request: Acme Billing",
        "  Specialist wrote about your request for Acme Billing: News?",
    ]  # fmt: skip
    assert f"{settings.base_url}/requests/{second}" in digest.text
    assert "Is it &lt;b&gt;this&lt;/b&gt;?" in digest.html
    assert "Monday 2 November 2026, 09:03 UTC" in digest.text
    assert digest.subject == f"3 things since the last letter: {second} and 1 more"
    assert states(session, cast.ada)[0] == ("in_review", "gathered"), "weekly waits on"
    folded = session.scalars(select(Letter).where(Letter.digest_id == digest.id)).all()
    assert [row.state for row in folded] == ["folded"] * 3
    token = digest.headers["List-Unsubscribe"].rpartition("/")[2].rstrip(">")
    assert action.read_leaving(settings.secret_key, token, act(SYSTEM)) == (cast.ada.id, (Topic.COMMENTS,))
    assert digest.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    weekly = morning(session, settings, MONDAY + timedelta(days=7, hours=1))
    assert len(weekly) == 2
    assert "Your request is in review" in weekly[1].text


def test_nothing_gathered_is_no_letter_and_what_was_undone_is_not_told(
    session: Session, cast: Cast, settings: Settings
) -> None:
    wants(session, cast.ada, Topic.PROGRESS, Way.DAILY)
    case = a_case(session, cast)
    move(session, case, "claim", cast.specialist)
    write_due(session, settings)
    undo.undo(session, case, version=case.version, act=act(cast.specialist))
    assert morning(session, settings, TUESDAY_8) == []
    letter = session.scalar(select(Letter).where(Letter.notice == "in_review"))
    assert letter is not None
    assert (letter.state, letter.error) == ("dead", digests.UNDONE)


@pytest.mark.parametrize("how", ["instant", "off", "inactive"])
def test_what_gathered_comes_at_once_or_is_dropped_when_its_reader_decides_anew(
    how: str, session: Session, cast: Cast, settings: Settings
) -> None:
    wants(session, cast.ada, Topic.PROGRESS, Way.WEEKLY)
    wants(session, cast.ada, Topic.COMMENTS, Way.WEEKLY)
    case = a_case(session, cast)
    move(session, case, "claim", cast.specialist)
    hold.comment(session, case, act(cast.specialist), body="Hello", internal=False, account_id=case.account_id)
    write_due(session, settings)
    if how == "inactive":
        session.get_one(Person, cast.ada.id).active = False
    else:
        wants(session, cast.ada, Topic.PROGRESS, Way(how))
    found = morning(session, settings, MONDAY + timedelta(minutes=5))
    states_by = {notice: state for notice, state in states(session, cast.ada) if notice != "receipt"}
    assert len(found) == (how == "instant")
    assert (
        states_by
        == {
            "instant": {"in_review": "folded", "reply": "gathered"},
            "off": {"in_review": "dead", "reply": "gathered"},
            "inactive": {"in_review": "dead", "reply": "dead"},
        }[how]
    )
    whys = {row.error for row in session.scalars(select(Letter).where(Letter.state == "dead"))}
    assert whys == {"instant": set(), "off": {digests.TURNED_OFF}, "inactive": {letters.GONE}}[how]


def test_off_is_no_letter_and_what_must_be_said_is_said(session: Session, cast: Cast, settings: Settings) -> None:
    for topic in Topic:
        wants(session, cast.ada, topic, Way.OFF)
    case = a_case(session, cast)
    move(session, case, "claim", cast.specialist)
    write_due(session, settings)
    assert states(session, cast.ada) == [("receipt", "waiting")]


def test_an_internal_note_never_gathers_and_a_merged_supporter_is_told_under_the_own_number(
    session: Session, cast: Cast, settings: Settings
) -> None:
    for who in (cast.ada, cast.cleo):
        for topic in (Topic.PROGRESS, Topic.COMMENTS):
            wants(session, who, topic, Way.DAILY)
    case = a_case(session, cast)
    own = a_request(session, cast.cleo, service_name="Acme")
    child = session.get_one(Case, own.case_id)
    merge.merge(session, child, case, act(cast.lead), version=child.version, into_version=case.version)
    hold.comment(session, case, act(cast.specialist), body="SECRET", internal=True, account_id=case.account_id)
    hold.comment(session, case, act(cast.specialist), body="OURS", internal=False, account_id=case.account_id)
    move(session, case, "claim", cast.specialist)
    write_due(session, settings)
    found = {row.account_id: row for row in morning(session, settings, TUESDAY_8)}
    assert set(found) == {cast.ada.account_id, cast.cleo.account_id}
    texts = "".join(row.subject + row.text + row.html for row in session.scalars(select(Letter)))
    assert "SECRET" not in texts
    theirs = found[cast.cleo.account_id]
    assert own.number in theirs.subject
    for word in ("OURS", f"REQ-{case.primary_request_id:06d}", case.number, "Northwind", "Ada"):
        assert word not in theirs.text + theirs.html
    assert "OURS" in found[cast.ada.account_id].text


def test_who_moves_west_misses_no_monday_and_gets_none_twice(session: Session, cast: Cast, settings: Settings) -> None:
    """Monday comes twice: first in Kiritimati, then, on the same date, a day later in Honolulu."""
    wants(session, cast.ada, Topic.PROGRESS, Way.WEEKLY)
    person = session.get_one(Person, cast.ada.id)
    person.zone = "Pacific/Kiritimati"
    hours = datetime(2026, 11, 8, 18, tzinfo=UTC), datetime(2026, 11, 9, 18, tzinfo=UTC)

    def happens(name: str, at: datetime) -> None:
        move(session, a_case(session, cast, service_name=name, now=at), "claim", cast.specialist, now=at)
        write_due(session, settings, at)

    happens("Acme", hours[0] - timedelta(days=2))
    assert len(morning(session, settings, hours[0])) == 1
    happens("Beta", hours[0] + timedelta(hours=1))
    person.zone = "Pacific/Honolulu"
    assert len(morning(session, settings, hours[1] - timedelta(minutes=1))) == 1
    assert len(morning(session, settings, hours[1])) == 2, "not a week later"
    happens("Gamma", hours[1] + timedelta(hours=1))
    person.zone = "Pacific/Kiritimati"
    assert len(morning(session, settings, hours[1] + timedelta(hours=2))) == 2
    told = morning(session, settings, hours[0] + timedelta(days=7))
    assert ["Acme" in told[0].text, "Beta" in told[1].text, "Gamma" in told[2].text] == [True] * 3
    assert [row.state for row in session.scalars(select(Letter).where(Letter.notice == "in_review"))] == ["folded"] * 3


def test_a_worker_that_was_away_sends_one_digest(session: Session, cast: Cast, settings: Settings) -> None:
    wants(session, cast.ada, Topic.PROGRESS, Way.DAILY)
    case = a_case(session, cast)
    move(session, case, "claim", cast.specialist)
    write_due(session, settings)
    (digest,) = morning(session, settings, MONDAY + timedelta(days=30, hours=4))
    assert "Your request is in review" in digest.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dear Ada,\n\nOne. Two.\n\nThree.\n\nQuestions? Write them\n\n--\nBy Request", "One. Two."),
        ("Dear Ada,\n\nSam wrote:\n\n> Good\n> news\n\nRead: http://x\n", "Sam wrote: Good news"),
    ],
)
def test_the_gist_of_a_letter(text: str, expected: str) -> None:
    assert gist(text) == expected


def test_a_long_gist_ends_between_words() -> None:
    said = gist("Dear Ada,\n\n" + "word " * 200)
    assert GIST - 10 < len(said) <= GIST
    assert said.endswith("word …")


# Twice, at once, and killed in between.


def test_two_workers_and_a_crash_make_one_digest_and_lose_nothing(
    own: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own.transaction() as session:
        cast = a_cast(session)
        wants(session, cast.ada, Topic.PROGRESS, Way.DAILY)
        for name in ("Acme", "Beta", "Gamma"):
            move(session, a_case(session, cast, service_name=name), "claim", cast.specialist)
        write_due(session, settings)
    now = {"at": TUESDAY_8}
    context = Context(own, settings, lambda: now["at"], lambda: pytest.fail("nothing here reaches Fivetran"))
    only = {"digest": EFFECTS["digest"], "notify": lambda *_: None, "deliver": lambda *_: None}
    workers = [Worker(context, effects=_all_else(only)) for _ in range(2)]

    monkeypatch.setattr(post, "write", _killed)
    with own.transaction() as session:
        assert digests.ensure(session, now["at"]) == 1
    workers[0].drain()
    monkeypatch.undo()
    assert _counts(own) == {"gathered": 3}, "the crash left everything as it was"

    now["at"] += timedelta(minutes=10)
    at_once(lambda: _tick(context), lambda: _tick(context), *(worker.drain for worker in workers))
    assert _counts(own) == {"folded": 3, "digest": 1}

    # The next day four hold a digest each at the same moment, as after locks that expired; and one of them runs again.
    with own.transaction() as session:
        move(session, a_case(session, cast, service_name="Delta"), "claim", cast.specialist)
        write_due(session, settings, now["at"])
    now["at"] += timedelta(days=1)
    hands = [{"person_id": cast.ada.id, "occasion": f"2026-11-04+{n % 3}"} for n in range(4)]
    at_once(*(partial(_told, context, args) for args in hands))
    assert _counts(own) == {"folded": 4, "digest": 2}


def _killed(*_: Any, **__: Any) -> None:
    raise RuntimeError("the machine stopped here")


def _all_else(known: dict[str, Any]) -> Any:
    class Effects(dict[str, Any]):
        def __missing__(self, kind: str) -> Any:
            return lambda *_: None

    return Effects(known)


def _tick(context: Context) -> None:
    with context.database.transaction() as session:
        digests.ensure(session, context.now())


def _told(context: Context, args: dict[str, Any]) -> None:
    with context.database.transaction() as session:
        digests.tell(session, args["person_id"], args["occasion"], context.act(), context.settings)


def _counts(database: Database) -> dict[str, int]:
    """Ada's letters on how her requests move on, by state, and how many digests there are."""
    with database.reading() as session:
        rows = session.execute(
            select(Letter.state, func.count()).where(Letter.notice == "in_review").group_by(Letter.state)
        ).all()
        made = session.scalar(select(func.count()).where(Letter.notice == "digest")) or 0
    return {**{row[0]: row[1] for row in rows}, **({"digest": made} if made else {})}

"""Digests: what gathered for somebody becomes one letter, once a day or week; the tick, and the effect "digest"."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from request_tracker import links
from request_tracker.mail import digest as gathering
from request_tracker.mail.compose import Composed, compose
from request_tracker.mail.digest import Item
from request_tracker.rules.calendar import Calendar
from request_tracker.rules.digest_days import is_due, last_hour
from request_tracker.rules.notices import NOTICES, Topic, Way
from request_tracker.rules.people import Act
from request_tracker.rules.zones import zone_or_utc
from request_tracker.settings import Settings
from request_tracker.store import clocks, jobs, letters, preferences
from request_tracker.store.letters import Letter
from request_tracker.store.people import Person
from request_tracker.store.recipients import Recipient
from request_tracker.store.timeline import Undone
from request_tracker.work import post
from request_tracker.work.particulars import leaving
from request_tracker.work.post import Envelope

UNDONE = "What this letter tells was undone before it was told"
TURNED_OFF = "Its reader turned letters of this kind off before it was told"


@dataclass(frozen=True)
class _Waiting:
    """What waits for one person of one topic: since when, and its newest letter."""

    way: Way
    since: datetime
    newest_id: int


def ensure(session: Session, now: datetime) -> int:
    """Queue a digest for everybody who is due one, once a person and hour of theirs. Answers how many are new.

    What is not to be gathered any more (its topic comes at once again, or was turned off, or its reader left) does not
    wait for the morning: a job of its own tells or drops it.
    """
    waiting = _waiting(session)
    if not waiting:
        return 0
    calendar = clocks.newest_calendar(session).calendar
    people = {row.id: row for row in session.scalars(select(Person).where(Person.id.in_(list(waiting))))}
    asked = (
        (people[person_id], _occasion(people[person_id], rows, calendar, now)) for person_id, rows in waiting.items()
    )
    return sum(_queued(session, person.id, occasion, now) for person, occasion in asked if occasion)


def tell(session: Session, person_id: int, occasion: str, act: Act, settings: Settings) -> bool:
    """Write a person's digest of what is due now, and drop what is not to be told any more. True when one was written.

    Twice: the digest has a key of its own, and each letter waits under a lock until it is folded into one digest: in
    the same transaction, so that a crash loses neither.
    """
    key = f"digest:{person_id}:{occasion}"
    if letters.by_key(session, key) is not None:
        return False
    person = session.get_one(Person, person_id)
    told = _sorted_out(session, person, _due(session, person, act.now))
    if not told:
        return False
    post.write(session, _envelope(key, person, told, settings), _composed(person, told, act, settings),
               settings=settings, now=act.now)  # fmt: skip
    digest = letters.by_key(session, key)
    assert digest is not None, "it was written just now"
    for letter in told:
        letter.state, letter.digest_id = "folded", digest.id
    return True


def _waiting(session: Session) -> dict[int, list[_Waiting]]:
    """What waits, by person and kind of notice."""
    kinds = (
        select(Person.id, Letter.notice, func.min(Letter.created_at), func.max(Letter.id))
        .join(Person, Person.id == Letter.person_id)
        .where(Letter.state == "gathered")
        .group_by(Person.id, Letter.notice)
    )
    rows = session.execute(kinds).all()
    ways = preferences.ways_by_person(session, {row[0] for row in rows})
    found: dict[int, list[_Waiting]] = {}
    for person_id, notice, since, newest_id in rows:
        found.setdefault(person_id, []).append(_Waiting(_way(ways.get(person_id, {}), notice), since, newest_id))
    return found


def _occasion(person: Person, rows: Sequence[_Waiting], calendar: Calendar, now: datetime) -> str:
    """What names the digest that is due: its hour; or, between two of them, the newest letter that need not wait. Empty
    where none is due. Not its local day: who moves west has the same Monday morning twice, and must miss neither."""
    at_once = [row.newest_id for row in rows if not (row.way.gathers and person.active)]
    if at_once:
        return f"{now.astimezone(zone_or_utc(person.zone)).date()}+{max(at_once)}"
    due = [row.way for row in rows if is_due(row.way, calendar, person.zone, row.since, now)]
    return f"{max(_hour(way, calendar, person.zone, now) for way in due):%Y-%m-%dT%H:%MZ}" if due else ""


def _hour(way: Way, calendar: Calendar, zone: str, now: datetime) -> datetime:
    return last_hour(way, calendar, zone, now).astimezone(UTC)


def _queued(session: Session, person_id: int, occasion: str, now: datetime) -> bool:
    args = {"person_id": person_id, "occasion": occasion}
    return jobs.put(session, "digest", args, now=now, unique_key=f"digest:{person_id}:{occasion}")


def _due(session: Session, person: Person, now: datetime) -> list[Letter]:
    """The person's letters that are to be told now or dropped, locked, oldest first."""
    mine = select(Letter).where(Letter.person_id == person.id, Letter.state == "gathered").order_by(Letter.id)
    plain = mine.options(defer(Letter.html), defer(Letter.attachments)).with_for_update()
    ways, calendar = preferences.ways(session, person.id), clocks.newest_calendar(session).calendar
    return [
        letter
        for letter in session.scalars(plain)
        if not person.active or is_due(_way(ways, letter.notice), calendar, person.zone, letter.created_at, now)
    ]


def _sorted_out(session: Session, person: Person, due: Iterable[Letter]) -> list[Letter]:
    """What is told; the rest is dropped, each with why."""
    ways, undone = preferences.ways(session, person.id), _undone(session, person.id)
    told = []
    for letter in due:
        off = _way(ways, letter.notice) is Way.OFF
        gone, taken_back = not person.active, letter.id in undone
        letter.error = letters.GONE if gone else TURNED_OFF if off else UNDONE if taken_back else ""
        if letter.error:
            letter.state = "dead"
        else:
            told.append(letter)
    return told


def _undone(session: Session, person_id: int) -> set[int]:
    found = select(Letter.id).join(Undone, Undone.entry_id == Letter.event_id)
    return set(session.scalars(found.where(Letter.person_id == person_id, Letter.state == "gathered")))


def _envelope(key: str, person: Person, told: Sequence[Letter], settings: Settings) -> Envelope:
    to = Recipient(person.id, person.name, person.email, person.zone, person.account_id, None, "")
    end = leaving(person.id, _topics(told), settings.base_url, settings.secret_key)
    return Envelope(key, "digest", to, unsubscribe=end)


def _composed(person: Person, told: Sequence[Letter], act: Act, settings: Settings) -> Composed:
    shown, topics = told[-gathering.SHOWN :], _topics(told)
    context = {
        "title": NOTICES["digest"].title,
        "name": person.name,
        "zone": person.zone,
        "at": act.now,
        "groups": gathering.grouped([_item(letter, settings.base_url) for letter in shown]),
        "count": len(told),
        "more": len(told) - len(shown),
        "topic": "”, “".join(topic.words for topic in topics),
        "because": "",
        "letter_settings": links.letter_settings(settings.base_url),
        "unsubscribe": leaving(person.id, topics, settings.base_url, settings.secret_key),
    }
    return compose("digest", context)


def _item(letter: Letter, base_url: str) -> Item:
    number = str(letter.headers.get("X-Request-Number", ""))
    page_of = links.request_page if letter.request_id is not None else links.case_page
    page = page_of(base_url, number) if number else base_url
    return Item(
        number, page, letter.subject.removesuffix(f" ({number})"), gathering.gist(letter.text), letter.created_at
    )


def _topics(told: Iterable[Letter]) -> tuple[Topic, ...]:
    names = {letter.notice for letter in told}
    return tuple(topic for topic in Topic if any(NOTICES[name].topic is topic for name in names))


def _way(ways: Mapping[Topic, Way], notice: str) -> Way:
    topic = NOTICES[notice].topic
    return Way.INSTANT if topic is None else ways.get(topic, Way.INSTANT)

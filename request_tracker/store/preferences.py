"""How a person wants to hear of what need not be said at once: by topic at once, daily, weekly, or not at all."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.notices import Topic, Way, ways_of
from request_tracker.store.base import Base, insertion, one_of
from request_tracker.store.letters import Letter
from request_tracker.store.people import Person

_FRESH = {"populate_existing": True}
"""Choices are written past the session, so they are read anew."""


class Preference(Base):
    """What somebody chose for one topic; without a row it is Way.INSTANT. `via`: page, link (unsubscribed), admin."""

    __tablename__ = "preference"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(String(20), primary_key=True)
    way: Mapped[str] = mapped_column(String(10))
    via: Mapped[str] = mapped_column(String(10))
    changed_at: Mapped[datetime]
    __table_args__ = (
        one_of("topic", Topic),
        one_of("way", Way),
        one_of("via", ("page", "link", "admin")),
    )


def way_of(session: Session, person_id: int, topic: Topic | None) -> Way:
    """How the person is told of the topic; what has no topic must be said at once."""
    return Way.INSTANT if topic is None else ways(session, person_id)[topic]


def ways(session: Session, person_id: int) -> dict[Topic, Way]:
    """How the person is told of each topic."""
    return {topic: _way(topic, row) for topic, row in chosen(session, person_id).items()}


def chosen(session: Session, person_id: int) -> dict[Topic, Preference | None]:
    """What the person chose for each topic, None where nothing yet."""
    rows = session.scalars(select(Preference).where(Preference.person_id == person_id), execution_options=_FRESH)
    found = {row.topic: row for row in rows}
    return {topic: found.get(topic) for topic in Topic}


def ways_by_person(session: Session, person_ids: Iterable[int]) -> Mapping[int, Mapping[Topic, Way]]:
    """The same for many, without those who chose nothing."""
    rows = session.scalars(
        select(Preference).where(Preference.person_id.in_(list(person_ids))), execution_options=_FRESH
    )
    found: dict[int, dict[Topic, Way]] = defaultdict(dict)
    for row in rows:
        found[row.person_id][Topic(row.topic)] = _way(Topic(row.topic), row)
    return found


def waiting(session: Session, person_id: int) -> int:
    """How many letters wait for the person's next digest."""
    gathered = select(func.count()).where(Letter.person_id == person_id, Letter.state == "gathered")
    return session.scalar(gathered) or 0


def chosen_words(session: Session) -> dict[str, str]:
    """What each person chose in words, by address; those who chose nothing are left out."""
    rows = session.execute(select(Person.email, Preference).join(Preference, Preference.person_id == Person.id)).all()
    found: dict[str, list[str]] = defaultdict(list)
    for topic in Topic:
        for email, row in rows:
            if row.topic == topic and _way(topic, row) is not Way.INSTANT:
                found[email].append(f"{topic.words}: {_way(topic, row).words.lower()}")
    return {email: "; ".join(said) for email, said in found.items()}


def put(session: Session, person_id: int, topic: Topic, way: Way, *, via: str, now: datetime) -> None:
    """Keep a choice; the newest counts, also where two are made at the same moment."""
    what = {"way": way.value, "via": via, "changed_at": now}
    new = insertion(session, Preference).values(person_id=person_id, topic=topic.value, **what)
    session.execute(new.on_conflict_do_update(index_elements=["person_id", "topic"], set_=what))


def _way(topic: Topic, row: Preference | None) -> Way:
    """A way that the topic does not offer (any more) is read as at once."""
    way = Way(row.way) if row else Way.INSTANT
    return way if way in ways_of(topic) else Way.INSTANT

"""How a person wants to hear of what need not be said at once: by topic at once, daily, weekly, or not at all."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.notices import Topic, Way
from request_tracker.store.base import Base, one_of


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
    if topic is None:
        return Way.INSTANT
    found = session.scalar(select(Preference.way).where(Preference.person_id == person_id, Preference.topic == topic))
    return Way(found) if found else Way.INSTANT

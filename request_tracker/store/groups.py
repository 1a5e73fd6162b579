"""Fivetran groups made on demand: the intent first, so that two workers cannot make two."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base, one_of, tied


class GroupIntent(Base):
    """`place` says what the group is for (`account:12`, `service:acme.com`, `all`): one group a place.

    `held_by`, `held_until`: the worker that is about to make it. `sent_at`, `in_flight_until` as with connections.
    """

    __tablename__ = "group_intent"
    id: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(String(300), unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(10), default="intended")
    group_id: Mapped[str | None] = mapped_column(String(200))
    held_by: Mapped[str | None] = mapped_column(String(80))
    held_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    in_flight_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    __table_args__ = (
        one_of("state", ("intended", "creating", "unknown", "made")),
        tied("(state = 'made') = (group_id IS NOT NULL)", "made_has_id"),
    )

"""Fivetran groups made on demand: the intent first, so that two workers cannot make two."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.sending import Sent
from request_tracker.rules.starter import Place
from request_tracker.store.base import Base, insertion, one_of, tied
from request_tracker.store.connections import Condition, Connection
from request_tracker.store.people import AccountGroup


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

    @property
    def sent(self) -> Sent:
        return Sent(self.created_at, 1 if self.sent_at else 0, self.sent_at, self.in_flight_until)


def intent(session: Session, place: Place, now: datetime) -> GroupIntent:
    """The intent for the place, written where there is none yet; whoever comes second finds the first one's."""
    row = {
        "place": place.key, "account_id": place.account_id, "name": place.name, "state": "intended", "created_at": now,
    }  # fmt: skip
    session.execute(insertion(session, GroupIntent).values(row).on_conflict_do_nothing(index_elements=["place"]))
    return session.scalars(select(GroupIntent).where(GroupIntent.place == place.key)).one()


def mark(session: Session, intent_id: int, seen: Sent, worker: str, now: datetime, until: datetime) -> bool:
    """Say that a request for the group goes out now; True for the one worker that may send it.

    It may not where somebody sent one since `seen` was read, or where the group was made meanwhile.
    """
    mine = update(GroupIntent).where(
        GroupIntent.id == intent_id,
        GroupIntent.state != "made",
        GroupIntent.sent_at.is_not_distinct_from(seen.sent_at),
        GroupIntent.in_flight_until.is_(None) | (GroupIntent.in_flight_until <= now),
    )
    values = {"state": "creating", "held_by": worker, "held_until": until, "sent_at": now, "in_flight_until": until}
    return _one(session, mine.values(values))


def decided(session: Session, intent_id: int, worker: str) -> None:
    """An answer came to the request this worker sent: nothing of it is on its way any more."""
    held = update(GroupIntent).where(GroupIntent.id == intent_id, GroupIntent.held_by == worker)
    held = held.where(GroupIntent.state != "made")
    _one(session, held.values(state="unknown", held_by=None, held_until=None, in_flight_until=None))


def made(session: Session, intent_id: int, group_id: str) -> str:
    """Keep the group of the place, once. Answers the one that is kept: the first, where two were made."""
    row = session.get_one(GroupIntent, intent_id, with_for_update=True, populate_existing=True)
    if row.group_id is None:
        row.state, row.group_id = "made", group_id
        row.held_by, row.held_until, row.in_flight_until = None, None, None
        session.flush()
    assert row.group_id is not None
    return row.group_id


def belonging_elsewhere(session: Session, place: Place, ids: Collection[str]) -> set[str]:
    """Those of the groups that serve another place, or are bound to an account this place is not for."""
    of_places = select(GroupIntent.group_id).where(GroupIntent.group_id.in_(ids), GroupIntent.place != place.key)
    bound = select(AccountGroup.group_id).where(AccountGroup.group_id.in_(ids), AccountGroup.unbound_at.is_(None))
    if place.account_id is not None:
        bound = bound.where(AccountGroup.account_id != place.account_id)
    return {each for each in (*session.scalars(of_places), *session.scalars(bound)) if each}


def serves_others(session: Session, group_id: str, account_id: int) -> bool:
    """Whether the group was made for several accounts, or for another one."""
    others = select(GroupIntent.id).where(GroupIntent.group_id == group_id)
    others = others.where(GroupIntent.account_id.is_(None) | (GroupIntent.account_id != account_id))
    return session.scalar(others.limit(1)) is not None


def place_of(row: GroupIntent) -> Place:
    return Place(row.place, row.name, row.account_id)


def waiting(session: Session) -> list[Connection]:
    """Intents for which no request went out yet, as their group is not there."""
    told = select(Condition.connection_row_id).where(Condition.kind == "group", Condition.ok.is_(False))
    found = select(Connection).where(Connection.connection_id.is_(None), Connection.sends == 0)
    found = found.where(Connection.state.in_(("intended", "unknown")), Connection.id.in_(told))
    return list(session.scalars(found.order_by(Connection.id)))


def _one(session: Session, statement: Any) -> bool:
    done = session.execute(statement.execution_options(synchronize_session=False))
    assert isinstance(done, CursorResult)
    return bool(done.rowcount)

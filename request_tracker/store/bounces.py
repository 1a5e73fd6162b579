"""Letters that came back: what the mail servers said, and which addresses are not written to any more."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Select, String, Text, and_, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.bouncing import HARD, SOFT, SOFT_WITHIN, is_about_address
from request_tracker.store.base import Base, one_of, partial, tied
from request_tracker.store.letters import Letter
from request_tracker.store.timeline import Undone

HELD_BACK = "Not sent: letters to this address come back"
"""How the error of a letter begins that was not even tried, because of a standing hard bounce."""


class Bounce(Base):
    """A hard one stops letters to its address until somebody clears it. `status` as in RFC 3463, such as 5.1.1."""

    __tablename__ = "bounce"
    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    address: Mapped[str] = mapped_column(String(320))
    kind: Mapped[str] = mapped_column(String(4))
    status: Mapped[str] = mapped_column(String(20), default="")
    said: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
    cleared_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    __table_args__ = (
        one_of("kind", (HARD, SOFT)),
        tied("address = lower(address)", "address_lower"),
        tied("(cleared_at IS NULL) = (cleared_by_id IS NULL)", "cleared_by_somebody"),
        partial("ix_bounce_standing", "address", where="cleared_at IS NULL"),
        Index("ix_bounce_letter", "letter_id"),
        Index("ix_bounce_person", "person_id"),
    )


def standing(session: Session, address: str) -> Bounce | None:
    """The newest hard bounce of the address that nobody cleared."""
    found = _open(address).where(Bounce.kind == HARD)
    return session.scalar(found.order_by(Bounce.id.desc()).limit(1))


def returning(session: Session, addresses: Iterable[str]) -> dict[str, Bounce]:
    """Of these addresses those that letters come back from, each with its newest standing hard bounce."""
    asked = {address.lower() for address in addresses}
    if not asked:
        return {}
    found = select(Bounce).where(Bounce.address.in_(asked), Bounce.cleared_at.is_(None), Bounce.kind == HARD)
    return {row.address: row for row in session.scalars(found.order_by(Bounce.id))}


def uncleared(session: Session, address: str) -> list[Bounce]:
    return list(session.scalars(_open(address).order_by(Bounce.id)))


def known(session: Session, address: str, letter_id: int | None, status: str) -> Bounce | None:
    """What was recorded of this letter before: mail servers hand over the same notification again."""
    return session.scalar(_open(address).where(Bounce.letter_id == letter_id, Bounce.status == status).limit(1))


def soft_lately(session: Session, address: str, now: datetime, *, besides: int | None) -> int:
    """How many letters, besides one, came back softly from the address in the last week, for a reason of its own."""
    recent = Bounce.kind == SOFT, Bounce.at > now - SOFT_WITHIN, Bounce.letter_id.is_not(None)
    found = _open(address).where(*recent)
    return len({row.letter_id for row in session.scalars(found) if is_about_address(row.status)} - {besides})


def cleared_last(session: Session, address: str) -> datetime | None:
    """When somebody said last that the address works again."""
    return session.scalar(select(func.max(Bounce.cleared_at)).where(Bounce.address == address.lower()))


def died(session: Session, address: str) -> list[Letter]:
    """Letters that did not go out because the address did not take them, and that still tell what is so."""
    undone = select(Undone.entry_id).where(Undone.entry_id == Letter.event_id).exists()
    refused = select(Bounce.id).where(Bounce.letter_id == Letter.id).exists()
    found = select(Letter).where(
        Letter.state == "dead",
        func.lower(Letter.to_address) == address.lower(),
        or_(Letter.error.startswith(HELD_BACK), refused),
        ~undone,
    )
    return list(session.scalars(found.order_by(Letter.id)))


def _open(address: str) -> Select[Bounce]:
    return select(Bounce).where(and_(Bounce.address == address.lower(), Bounce.cleared_at.is_(None)))

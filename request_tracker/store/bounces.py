"""Letters that came back: what the mail servers said, and which addresses are not written to any more."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of, partial, tied

HARD, SOFT = "hard", "soft"


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
    found = select(Bounce).where(Bounce.address == address.lower(), Bounce.cleared_at.is_(None), Bounce.kind == HARD)
    return session.scalar(found.order_by(Bounce.id.desc()).limit(1))

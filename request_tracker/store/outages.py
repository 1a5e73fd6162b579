"""Times in which Fivetran could not be worked with: one open row a kind, closed by the first good answer."""

from datetime import datetime

from sqlalchemy import String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of, partial


class Outage(Base):
    """`kind`: unreachable (no usable answer) or key (the API key is not accepted). `told_at`: when people were told."""

    __tablename__ = "outage"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    sentence: Mapped[str] = mapped_column(Text)
    began_at: Mapped[datetime]
    last_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("kind", ("unreachable", "key")),
        partial("uq_outage_open", "kind", where="ended_at IS NULL", unique=True),
    )


_STANDING = select(Outage).where(Outage.ended_at.is_(None)).order_by(Outage.began_at, Outage.id)


def standing(session: Session) -> list[Outage]:
    """The outages that go on, the oldest first."""
    return list(session.scalars(_STANDING))

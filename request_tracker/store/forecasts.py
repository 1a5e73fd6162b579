"""What the program's own history says about how long phases take; made anew each night, read by pages."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base


class Forecast(Base):
    """`body` as rules.forecast writes it: a curve for each phase, and how well past forecasts were."""

    __tablename__ = "forecast"
    id: Mapped[int] = mapped_column(primary_key=True)
    as_of: Mapped[datetime]
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


def newest(session: Session) -> Forecast | None:
    return session.scalar(select(Forecast).order_by(Forecast.id.desc()).limit(1))

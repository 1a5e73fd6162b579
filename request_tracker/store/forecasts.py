"""What the program's own history says about how long phases take; made anew each night, read by pages."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ScalarSelect, Select, bindparam, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base
from request_tracker.store.holds import Hold

KEPT = 60


class Forecast(Base):
    """`body` as work.forecasting writes it: a curve for each stage, and how well past forecasts were."""

    __tablename__ = "forecast"
    id: Mapped[int] = mapped_column(primary_key=True)
    as_of: Mapped[datetime]
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


@dataclass(frozen=True)
class Standing:
    """The newest forecast beside what it needs to know of a case: since when it is on hold (None: it is not), and when
    the last hold before ended."""

    as_of: datetime
    body: dict[str, Any]
    held_since: datetime | None
    last_held: datetime | None


def newest(session: Session) -> Forecast | None:
    return session.scalar(select(Forecast).order_by(Forecast.id.desc()).limit(1))


def newest_for(session: Session, case_id: int) -> Standing | None:
    """In one statement; None where no forecast was made yet."""
    row = session.execute(_newest_for(), {"case_id": case_id}).first()
    return Standing(*row) if row else None


@cache
def _newest_for() -> Select[Any]:
    of_case = Hold.case_id == bindparam("case_id")
    held = _one(func.min(Hold.since), of_case, Hold.ended_at.is_(None))
    last = _one(func.max(Hold.ended_at), of_case)
    return select(Forecast.as_of, Forecast.body, held, last).order_by(Forecast.id.desc()).limit(1)


def keep(session: Session, as_of: datetime, body: dict[str, Any], now: datetime) -> Forecast:
    """Write a row and forget all but the newest."""
    row = Forecast(as_of=as_of, body=body, created_at=now)
    session.add(row)
    session.flush()
    old = select(Forecast.id).order_by(Forecast.id.desc()).offset(KEPT)
    session.execute(delete(Forecast).where(Forecast.id.in_(list(session.scalars(old)))))
    return row


def _one(found: Any, *where: Any) -> ScalarSelect[Any]:
    return select(found).where(*where).scalar_subquery()

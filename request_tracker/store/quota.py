"""What is left of Fivetran's rate limits: one row a limit, shared by every worker and web process."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules import limits
from request_tracker.rules.limits import Bucket
from request_tracker.store.base import Base, insertion
from request_tracker.store.session import Database


class QuotaBucket(Base):
    """`name` is a limit's name; `tokens` what was left at `filled_at`, below zero after a Retry-After."""

    __tablename__ = "quota_bucket"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    tokens: Mapped[float]
    filled_at: Mapped[datetime]


class SharedPace:
    """The pace that all workers and web processes keep together; fits `fivetran.wire.Pace`.

    Each asking is a transaction of its own, so none may be open around it. `plan` is "paid" or "trial".
    """

    def __init__(self, database: Database, plan: str, now: Callable[[], datetime]) -> None:
        self._database = database
        self._plan = plan
        self._now = now
        self._prepared: set[str] = set()

    def take(self, kind: str) -> float:
        """0.0: one call of this kind may go out now, and is counted. Otherwise seconds to wait; nothing is counted."""
        self._prepare(kind)
        with self._database.transaction() as session:
            rows = self._held(session, kind)
            taken = limits.take(kind, _buckets(rows), plan=self._plan, now=self._now())
            if taken.granted:
                _keep(rows, taken.buckets)
        return max(0.0, taken.wait_for.total_seconds())

    def throttled(self, kind: str, retry_after: int) -> None:
        """After a 429: nobody makes a call of this kind for so many seconds."""
        self._prepare(kind)
        with self._database.transaction() as session:
            rows = self._held(session, kind)
            drained = limits.drain(kind, _buckets(rows), plan=self._plan, now=self._now(), retry_after=retry_after)
            _keep(rows, drained)

    def _prepare(self, kind: str) -> None:
        """See to it that the rows are there; apart from holding them, for else two could wait for each other."""
        if kind in self._prepared:
            return
        bursts = {limit.name: limit.burst for limit in limits.limits_of(kind, plan=self._plan)}
        with self._database.reading() as session:
            known = set(session.scalars(select(QuotaBucket.name).where(QuotaBucket.name.in_(bursts))))
        new = [
            {"name": name, "tokens": float(bursts[name]), "filled_at": self._now()}
            for name in sorted(bursts.keys() - known)
        ]
        if new:
            with self._database.transaction() as session:
                row = insertion(session, QuotaBucket).values(new)
                session.execute(row.on_conflict_do_nothing(index_elements=["name"]))
        self._prepared.add(kind)

    def _held(self, session: Session, kind: str) -> dict[str, QuotaBucket]:
        """The rows, ours until the end of the transaction; in one order always, so that two never wait crosswise."""
        names = [limit.name for limit in limits.limits_of(kind, plan=self._plan)]
        rows = select(QuotaBucket).where(QuotaBucket.name.in_(names)).order_by(QuotaBucket.name).with_for_update()
        return {row.name: row for row in session.scalars(rows)}


def spare(session: Session, kind: str, plan: str, now: datetime) -> int:
    """Calls of this kind that may go out now so that half of what may go out at once is left; none below that."""
    return limits.spare(kind, kept(session), plan=plan, now=now)


def kept(session: Session) -> dict[str, Bucket]:
    """The buckets as they were last kept, by the name of their limit."""
    return _buckets({row.name: row for row in session.scalars(select(QuotaBucket))})


def _buckets(rows: Mapping[str, QuotaBucket]) -> dict[str, Bucket]:
    return {name: Bucket(row.tokens, row.filled_at) for name, row in rows.items()}


def _keep(rows: Mapping[str, QuotaBucket], buckets: Mapping[str, Bucket]) -> None:
    for name, bucket in buckets.items():
        rows[name].tokens, rows[name].filled_at = bucket.tokens, bucket.filled_at

"""Passwords are kept as argon2id hashes; failed attempts are counted for a while, by a digest of the address."""

import hashlib
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import CursorResult, Index, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


class FailedSignIn(Base):
    __tablename__ = "failed_sign_in"
    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    __table_args__ = (Index("ix_failed_sign_in", "address", "at"),)


def failures(session: Session, email: str, since: datetime) -> int:
    """How often signing in with this address failed since then."""
    found = select(func.count()).where(FailedSignIn.address == _digest(email), FailedSignIn.at > since)
    return int(session.scalar(found) or 0)


def note_failure(session: Session, email: str, now: datetime) -> None:
    """Count a failure; older ones of the address are forgotten once they are a day old."""
    old = FailedSignIn.at < now - timedelta(days=1)
    session.execute(delete(FailedSignIn).where(FailedSignIn.address == _digest(email), old))
    session.add(FailedSignIn(address=_digest(email), at=now))


def _digest(email: str) -> str:
    return hashlib.sha256(email.strip().lower().encode(errors="replace")).hexdigest()


def hashed(password: str) -> str:
    return _HASHER.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether the password is the one behind the hash. Takes as long where there is no hash."""
    try:
        _HASHER.verify(kept or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def forget(session: Session, email: str) -> None:
    """Failures of this address are forgotten."""
    session.execute(delete(FailedSignIn).where(FailedSignIn.address == _digest(email)))


def forget_before(session: Session, before: datetime) -> int:
    """Failures from before then are forgotten: none counts for longer than a quarter of an hour."""
    done = session.execute(delete(FailedSignIn).where(FailedSignIn.at < before))
    assert isinstance(done, CursorResult)
    return int(done.rowcount)

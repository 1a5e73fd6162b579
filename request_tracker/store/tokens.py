"""API tokens, of which only a digest is kept; answers of keyed calls, so that a repeat changes nothing."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of

PREFIX = "rt_"
SCOPES = ("read", "write", "staff", "admin", "all")


class Token(Base):
    __tablename__ = "token"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (one_of("scope", SCOPES), Index("ix_token_person", "person_id"))


class KeyedAnswer(Base):
    """What a call with an Idempotency-Key answered; the same key with another body is a mistake."""

    __tablename__ = "keyed_answer"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    key: Mapped[str] = mapped_column(String(200))
    body_digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    __table_args__ = (Index("uq_keyed_answer", "person_id", "key", unique=True),)


def digest(secret: str) -> str:
    """Tokens are 256 random bits, so a plain digest is enough: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()


def find(session: Session, secret: str, now: datetime) -> Token | None:
    """The token, if it exists, is not revoked and has not expired."""
    token = session.scalar(select(Token).where(Token.digest == digest(secret)))
    if token is None or token.revoked_at is not None:
        return None
    return None if token.expires_at is not None and token.expires_at <= now else token


class BadScope(ValueError):
    """The scope is none of those there are."""


def issue(session: Session, person_id: int, scope: str, now: datetime, *, expires_in: timedelta | None = None) -> str:
    """A new token for the person. The answer is the only time the secret is seen."""
    if scope not in SCOPES:
        raise BadScope(f"scope: choose one of {', '.join(SCOPES)}")
    secret = PREFIX + secrets.token_urlsafe(32)
    expires_at = now + expires_in if expires_in is not None else None
    session.add(Token(person_id=person_id, digest=digest(secret), scope=scope, created_at=now, expires_at=expires_at))
    return secret

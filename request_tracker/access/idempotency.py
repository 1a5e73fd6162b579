"""Idempotency-Key: the same call twice is done once and answered twice."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.store.tokens import KeyedAnswer


class KeyReused(Exception):
    """The key was used before with another body."""


def once(
    session: Session,
    person_id: int,
    key: str,
    body: bytes,
    now: datetime,
    work: Callable[[], tuple[dict[str, Any], int]],
) -> tuple[dict[str, Any], int]:
    """The answer of `work`, done once per person and key. Raises KeyReused. Part of the caller's transaction."""
    if not key:
        return work()
    digest = hashlib.sha256(body).hexdigest()
    kept = session.scalar(select(KeyedAnswer).where(KeyedAnswer.person_id == person_id, KeyedAnswer.key == key[:200]))
    if kept is not None:
        if kept.body_digest != digest:
            raise KeyReused("This Idempotency-Key was used for another request: send a new key")
        return dict(kept.answer), kept.status
    row = KeyedAnswer(person_id=person_id, key=key[:200], body_digest=digest, status=0, answer={}, created_at=now)
    session.add(row)
    session.flush()
    answer, status = work()
    row.answer, row.status = answer, status
    return answer, status

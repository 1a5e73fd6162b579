"""Counting up to a bound: beyond it a page says that there are more."""

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

MANY = 1_000
"""What is counted is counted up to one more than this."""


def capped(session: Session, found: Select[*tuple[Any, ...]]) -> int:
    """How many rows there are, MANY + 1 at the most."""
    return session.scalar(select(func.count()).select_from(found.limit(MANY + 1).subquery())) or 0

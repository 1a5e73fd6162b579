"""Bearer tokens: who is behind one, and what its scope allows beside the person's role."""

from datetime import datetime

from sqlalchemy.orm import Session

from request_tracker.rules.people import Viewer
from request_tracker.store import people, tokens

_RANK = {"read": 0, "write": 1, "staff": 2, "admin": 3, "all": 3}


def bearer(session: Session, header: str, now: datetime) -> tuple[Viewer, str] | None:
    """The person and scope behind an Authorization header, or None."""
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret:
        return None
    token = tokens.find(session, secret.strip(), now)
    found = people.viewer(session, token.person_id) if token else None
    return (found, token.scope) if token and found else None


def covers(scope: str, method: str, viewer: Viewer) -> bool:
    """Reading needs any scope; writing needs `write`, and for staff `staff` or more."""
    if method in ("GET", "HEAD", "OPTIONS"):
        return True
    return _RANK[scope] >= (_RANK["staff"] if viewer.is_staff else _RANK["write"])

"""A case's version: counted up whenever others should look again, compared before anything is decided by it."""

from datetime import datetime

from request_tracker.store.cases import Case


class Stale(Exception):
    """The case changed since the person looked at it; `case` is how it stands now."""

    def __init__(self, case: Case) -> None:
        super().__init__(f"{case.number} changed since you looked at it")
        self.case = case


def fresh(case: Case, version: int) -> None:
    """Raises Stale where the person looked at another version."""
    if case.version != version:
        raise Stale(case)


def touch(case: Case, now: datetime) -> None:
    """Something others decide by has changed: whoever still looks at the old state is told so."""
    case.version += 1
    case.touched_at = now

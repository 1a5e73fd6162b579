"""Who is asked first to lead a case after its primary requester has left."""

from dataclasses import dataclass
from datetime import datetime

from request_tracker.rules.roles import PUBLISHED, sets_up


@dataclass(frozen=True)
class Willing:
    """A supporter as far as the order goes; `role` is the one they typed, whatever they typed."""

    would_preview: bool
    role: str
    asked_at: datetime
    id: int


def turn(each: Willing) -> tuple[bool, bool, datetime, int]:
    """Sorts: who would join the preview and may set up a connector, then who would join, then the oldest."""
    able = each.would_preview and sets_up(each.role, PUBLISHED)
    return not able, not each.would_preview, each.asked_at, each.id

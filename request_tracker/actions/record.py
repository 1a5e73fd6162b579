"""What every action writes beside the fact itself: the timeline entry, and the jobs that follow from it."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from request_tracker.rules.notices import NOTICES
from request_tracker.rules.people import Act
from request_tracker.store import jobs, timeline
from request_tracker.store.cases import Case
from request_tracker.store.timeline import Entry


def entry(
    session: Session,
    case: Case,
    act: Act,
    kind: str,
    *,
    data: Mapping[str, Any] | None = None,
    words: Mapping[str, Any] | None = None,
    audience: str = "public",
    account_id: int | None = None,
) -> Entry:
    """The next entry of the case's chain. `words` is what a person typed, by field; it can be erased later.

    What concerns the primary's account is for staff alone while nobody leads the case: the account that left is gone.
    """
    told = dict(data or {})
    if account_id is None and case.primary_request_id is None:
        audience = "staff" if audience == "account" else audience
        told |= {timeline.UNLED: True} if words else {}
    return timeline.append(
        session,
        case,
        kind,
        actor_id=act.who.id,
        now=act.now,
        data=told,
        text=json.dumps(dict(words), ensure_ascii=False, sort_keys=True) if words else "",
        audience=audience,
        account_id=account_id,
    )


def notify(
    session: Session, notice: str, case: Case, act: Act, cause: Entry, *, occasion: str = "", **args: Any
) -> None:
    """Queue the letters of a notice: at once, or after the undo window when a person's act can be undone.

    The same notice of the same cause is queued once, unless it is another `occasion`; its letters are written once.
    """
    at_once = NOTICES[notice].at_once or act.who.id is None
    wait = timedelta(0) if at_once else act.program.undo_for
    args = {"notice": notice, "case_id": case.id, **args}
    later(session, "notify", args, act, cause, wait=wait, key=notice + occasion)


def later(
    session: Session,
    kind: str,
    args: dict[str, Any],
    act: Act,
    cause: Entry,
    *,
    wait: timedelta | None = None,
    key: str = "",
) -> None:
    """Queue a job caused by the entry; by default it waits for the undo window to pass."""
    pause = act.program.undo_for if wait is None else wait
    jobs.put(
        session,
        kind,
        args,
        now=act.now,
        run_at=act.now + pause,
        unique_key=f"{kind}:{key}:{cause.id}",
        event_id=cause.id,
    )

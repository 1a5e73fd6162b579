"""After a change of what is known: the touched cases and catalogue entries get new keys, touched cases new scores."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from request_tracker.store import candidates, jobs, touched
from request_tracker.store.aliases import KnowledgeChange
from request_tracker.store.cases import Case
from request_tracker.store.catalogue import CatalogueEntry
from request_tracker.work.context import Context

BATCH = 200
"""Rows a transaction: SQLite has one writer at a time, and people write too."""
PACE = timedelta(milliseconds=50)
"""Scores are due one after the other at this pace, so that letters queued meanwhile find their turn between them."""
PARTS = ("catalogue", "cases")

Args = Mapping[str, Any]
Finder = Callable[[Session, int], list[int]]


def reindex(context: Context, args: Args) -> None:
    """One batch of what a change touches, then a job for the next. Twice: the same keys are written, once queued."""
    part = args.get("part", PARTS[0])
    with context.database.reading() as session:
        changes = session.scalars(
            select(KnowledgeChange).where(
                KnowledgeChange.id.between(args.get("first_id", args["change_id"]), args["change_id"])
            )
        ).all()
        touch = touched.of_changes(changes, context.known(session))
        find = {"catalogue": touched.catalogue, "cases": touched.cases}[part]
        ids = find(session, touch, after=args.get("after", 0), limit=BATCH)
    _batch(context, "reindex", args, part, ids, stamp=str(args["change_id"]))


def reindex_all(context: Context, args: Args) -> None:
    """One batch of everything, then a job for the next. Twice: the same keys are written, once queued."""
    part = args.get("part", PARTS[0])
    own = Case.id if part == "cases" else CatalogueEntry.id
    with context.database.reading() as session:
        ids = list(session.scalars(select(own).where(own > args.get("after", 0)).order_by(own).limit(BATCH)))
        of = session.scalar(select(func.max(own))) or 0
    _batch(context, "reindex_all", {**args, "of": of}, part, ids, stamp=args["stamp"])


def _batch(context: Context, kind: str, args: Args, part: str, ids: list[int], *, stamp: str) -> None:
    with context.database.transaction() as session:
        queued = _index(session, context, part, ids, stamp)
        onward = {"after": ids[-1]} if len(ids) == BATCH else _following(part)
        if onward is None:
            return
        following = {**args, "part": part, **onward}
        now = context.now()
        key = f"{kind}:{stamp}:{following['part']}:{following['after']}"
        jobs.put(session, kind, following, now=now, run_at=now + queued * PACE, unique_key=key)


def _following(part: str) -> dict[str, Any] | None:
    at = PARTS.index(part) + 1
    return {"part": PARTS[at], "after": 0} if at < len(PARTS) else None


def _index(session: Session, context: Context, part: str, ids: list[int], stamp: str) -> int:
    """Write the keys of these rows anew. Answers how many scores were queued."""
    known = context.known(session)
    if part == "catalogue":
        for entry in session.scalars(_held(CatalogueEntry, ids)):
            candidates.index_catalogue(session, entry, known)
        return 0
    found = session.scalars(_held(Case, ids)).all()
    for case in found:
        candidates.index_case(session, case, known)
    return _score(session, context, sorted({case.root_id or case.id for case in found}), stamp)


def _held(model: type[Any], ids: list[int]) -> Any:
    """Locked in order, so that two workers with the same batch write one after the other."""
    return select(model).where(model.id.in_(ids)).order_by(model.id).with_for_update()


def _score(session: Session, context: Context, roots: list[int], stamp: str) -> int:
    """Compare every live root of these anew."""
    live = session.scalars(select(Case.id).where(Case.id.in_(roots), Case.outcome.is_(None)).order_by(Case.id)).all()
    now = context.now()
    for number, root in enumerate(live):
        key = f"score:knowledge:{stamp}:{root}"
        jobs.put(session, "score", {"case_id": root}, now=now, run_at=now + number * PACE, unique_key=key)
    return len(live)

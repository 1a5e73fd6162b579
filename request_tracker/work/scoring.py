"""A case is compared with all others; what is found waits in the inbox, or is merged where a policy says so."""

from collections.abc import Mapping
from typing import Any

from request_tracker.actions import automatic, scoring
from request_tracker.store import policies
from request_tracker.store.cases import Case
from request_tracker.work.context import Context


def score(context: Context, args: Mapping[str, Any]) -> None:
    """Compare the case's root anew. Twice: the same pairs are written again, and a merged case is no pair any more.

    The comparing itself happens outside the transaction that writes: SQLite has one writer at a time.
    """
    with context.database.reading() as session:
        case = session.get_one(Case, args["case_id"])
        found = scoring.search(session, case, context.known(session))
        by_itself = policies.automatic_merge(session).on
    with context.database.transaction() as session:
        kept = scoring.keep(session, found, context.act())
    if kept and by_itself:
        with context.database.transaction() as session:
            automatic.consider(session, session.get_one(Case, found.root_id), context.act(), context.known(session))

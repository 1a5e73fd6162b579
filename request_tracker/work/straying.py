"""Searching our Fivetran groups for connections that nobody answers for, some groups at a time."""

from collections.abc import Mapping
from typing import Any

from request_tracker.actions import strays
from request_tracker.actions.strays import There
from request_tracker.fivetran.client import Refused
from request_tracker.work.context import Context
from request_tracker.work.told import told


def find(context: Context, args: Mapping[str, Any], job_id: int) -> None:
    """The next groups, and a job for those after. Twice: the list is the same. `args`: {[after], [key]}."""
    after, key = args.get("after", ""), args.get("key", str(job_id))
    with context.database.transaction() as session:
        groups = strays.piece(session, after)
    for group_id in groups:
        _search(context, group_id)
    if groups:
        with context.database.transaction() as session:
            strays.next_piece(session, groups[-1], context.act(), key=key)


def _search(context: Context, group_id: str) -> None:
    """One group; one that Fivetran does not show us any more has nothing of ours in it."""
    try:
        with context.fivetran() as api, told(context):
            there = [There(each.id, each.schema, each.service) for each in api.connections(group_id)]
    except Refused:
        there = []
    with context.database.transaction() as session:
        strays.found(session, group_id, there, context.act())

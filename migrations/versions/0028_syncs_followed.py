"""Which sync a case waits for, what Fivetran said just before it was asked for, and what a table was called before."""

from functools import partial

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    add = partial(op.add_column, "sync_run")
    add(sa.Column("task", sa.String(length=60), server_default="", nullable=False))
    add(sa.Column("awaited", sa.Boolean(), server_default=sa.false(), nullable=False))
    add(sa.Column("followed", sa.String(length=20), server_default="", nullable=False))
    add(sa.Column("asked_at", UtcDateTime()))
    add(sa.Column("succeeded_before", UtcDateTime()))
    add(sa.Column("failed_before", UtcDateTime()))
    if op.get_bind().dialect.name == "postgresql":  # SQLite's integers are wide enough
        op.alter_column("sync_run", "rows", type_=sa.BigInteger())
    op.add_column("table_review", sa.Column("last_verdict", sa.String(length=10), server_default="", nullable=False))
    op.add_column("table_review", sa.Column("last_note", sa.Text(), server_default="", nullable=False))
    _await_what_was_begun()


def _await_what_was_begun() -> None:
    """Syncs begun before this are followed like those begun after it."""
    over = "state = 'live'"
    op.execute(f"""
        INSERT INTO sync_run (
            connection_row_id, sync_id, status, reason, started_at, ended_at, tables, source, awaited, followed
        )
        SELECT id, 'asked:' || id || ':' || 1, CASE WHEN {over} THEN 'successful' ELSE 'running' END, '', sync_started_at,
            CASE WHEN {over} THEN succeeded_at END, '[]', 'ask', TRUE,
            CASE WHEN {over} THEN 'succeeded' ELSE 'running' END
        FROM connection WHERE sync_started_at IS NOT NULL AND connection_id IS NOT NULL
    """)

"""Webhooks in: what was refused, what is still to be looked at, what an admin tried."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    for column in (
        sa.Column("tried", sa.String(length=64), server_default="", nullable=False),
        sa.Column("retry_at", UtcDateTime()),
        sa.Column("tested_at", UtcDateTime()),
        sa.Column("test_said", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("our_webhook", column)
    op.create_table(
        "webhook_refusal",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("day", "reason", name=op.f("pk_webhook_refusal")),
    )
    op.create_index(
        "ix_webhook_event_untaken",
        "webhook_event",
        ["connection_id", "id"],
        sqlite_where=sa.text("taken_at IS NULL"),
        postgresql_where=sa.text("taken_at IS NULL"),
    )

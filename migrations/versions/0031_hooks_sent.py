"""Webhooks out: from when on an endpoint is told, and indexes for keeping the log short."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.add_column("hook_endpoint", sa.Column("since_at", UtcDateTime()))
    op.create_index("ix_hook_delivery_created", "hook_delivery", ["created_at"])
    op.create_index(
        "ix_hook_delivery_replay",
        "hook_delivery",
        ["replay_of_id"],
        sqlite_where=sa.text("replay_of_id IS NOT NULL"),
        postgresql_where=sa.text("replay_of_id IS NOT NULL"),
    )
    op.create_index(
        "ix_hook_delivery_dead",
        "hook_delivery",
        ["endpoint_id", "id"],
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )

"""Connections nobody knows, and an index to find the intents whose work was lost."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0030"
down_revision = "0029"

_UNMADE = "connection_id IS NULL AND state IN ('intended', 'creating', 'unknown')"


def upgrade() -> None:
    op.create_table(
        "stray",
        sa.Column("connection_id", sa.String(length=200), nullable=False),
        sa.Column("group_id", sa.String(length=200), nullable=False),
        sa.Column("schema_name", sa.String(length=200), nullable=False),
        sa.Column("service", sa.String(length=100), nullable=False),
        sa.Column("why", sa.String(length=10), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("why IN ('twin', 'deleted', 'named', 'unknown')", name=op.f("ck_stray_why_known")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_stray_case_id")),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_stray")),
    )
    op.create_index(
        "ix_connection_unmade",
        "connection",
        ["check_after", "id"],
        unique=False,
        sqlite_where=sa.text(_UNMADE),
        postgresql_where=sa.text(_UNMADE),
    )

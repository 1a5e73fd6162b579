"""Merge links."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "merge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("into_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("merged_by_id", sa.Integer(), nullable=False),
        sa.Column("merged_at", UtcDateTime(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.Column("unmerged_by_id", sa.Integer(), nullable=True),
        sa.Column("unmerged_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(unmerged_at IS NULL) = (unmerged_by_id IS NULL)", name=op.f("ck_merge_unmerged_by_somebody")
        ),
        sa.CheckConstraint("child_id <> into_id", name=op.f("ck_merge_two_cases")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_merge_account_id")),
        sa.ForeignKeyConstraint(["child_id"], ["case.id"], name=op.f("fk_merge_child_id")),
        sa.ForeignKeyConstraint(["event_id"], ["timeline.id"], name=op.f("fk_merge_event_id")),
        sa.ForeignKeyConstraint(["into_id"], ["case.id"], name=op.f("fk_merge_into_id")),
        sa.ForeignKeyConstraint(["merged_by_id"], ["person.id"], name=op.f("fk_merge_merged_by_id")),
        sa.ForeignKeyConstraint(["unmerged_by_id"], ["person.id"], name=op.f("fk_merge_unmerged_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge")),
    )
    op.create_index("ix_merge_into", "merge", ["into_id"], unique=False)
    op.create_index(
        "uq_merge_standing",
        "merge",
        ["child_id"],
        unique=True,
        sqlite_where=sa.text("unmerged_at IS NULL"),
        postgresql_where=sa.text("unmerged_at IS NULL"),
    )

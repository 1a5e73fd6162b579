"""Indexes for pairs and merges looked at from the other side; which merge a remembered alias is from."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_index("ix_dismissed_pair_right", "dismissed_pair", ["right_id"])
    op.create_index(
        "ix_merge_automatic", "merge", ["id"],
        sqlite_where=sa.text("automatic = 1"), postgresql_where=sa.text("automatic"),
    )  # fmt: skip
    _partial("ix_merge_taken_apart", "merge", "child_id", "unmerged_at IS NOT NULL")
    op.add_column("knowledge_change", sa.Column("merge_id", sa.Integer(), nullable=True))
    _partial("ix_knowledge_change_merge", "knowledge_change", "merge_id", "merge_id IS NOT NULL")


def _partial(name: str, table: str, column: str, where: str) -> None:
    op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))

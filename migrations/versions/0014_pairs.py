"""Scored pairs that look like one service, and policies."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "policy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("name IN ('automatic_merge')", name=op.f("ck_policy_name_known")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_policy_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
    )
    op.create_index("ix_policy_name", "policy", ["name", "id"], unique=False)
    op.create_table(
        "duplicate_pair",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("left_id", sa.Integer(), nullable=False),
        sa.Column("right_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("decision", sa.String(length=8), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("scored_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("decision IN ('merge', 'suggest')", name=op.f("ck_duplicate_pair_decision_known")),
        sa.CheckConstraint("left_id < right_id", name=op.f("ck_duplicate_pair_ordered")),
        sa.ForeignKeyConstraint(["left_id"], ["case.id"], name=op.f("fk_duplicate_pair_left_id")),
        sa.ForeignKeyConstraint(["right_id"], ["case.id"], name=op.f("fk_duplicate_pair_right_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_pair")),
    )
    op.create_index("ix_duplicate_pair_right", "duplicate_pair", ["right_id"], unique=False)
    op.create_index("ix_duplicate_pair_score", "duplicate_pair", ["score", "id"], unique=False)
    op.create_index("uq_duplicate_pair", "duplicate_pair", ["left_id", "right_id"], unique=True)
    op.add_column("merge", sa.Column("automatic", sa.Boolean(), server_default=sa.false(), nullable=False))

"""Offers to remember two names as one service that a specialist declined; the log of knowledge by row."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "declined_offer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("left_key", sa.String(length=255), nullable=False),
        sa.Column("right_key", sa.String(length=255), nullable=False),
        sa.Column("merge_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_declined_offer_by_id")),
        sa.ForeignKeyConstraint(["merge_id"], ["merge.id"], name=op.f("fk_declined_offer_merge_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declined_offer")),
    )
    op.create_index("uq_declined_offer", "declined_offer", ["left_key", "right_key"], unique=True)
    op.create_index("ix_knowledge_change_row", "knowledge_change", ["subject", "row_id", "id"], unique=False)

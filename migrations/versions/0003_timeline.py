"""The chained timeline and its erasable text."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "chain_anchor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_anchor")),
    )
    op.create_table(
        "timeline",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("audience", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("text_digest", sa.String(length=64), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.CheckConstraint("audience IN ('public', 'account', 'staff')", name=op.f("ck_timeline_audience_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_timeline_account_id")),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_timeline_actor_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_timeline_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline")),
    )
    op.create_index("ix_timeline_at", "timeline", ["at"], unique=False)
    op.create_index("uq_timeline_seq", "timeline", ["case_id", "seq"], unique=True)
    op.create_table(
        "timeline_text",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("erased_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_timeline_text_account_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["timeline.id"], name=op.f("fk_timeline_text_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_timeline_text")),
    )
    op.create_table(
        "undone",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("by_entry_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["by_entry_id"], ["timeline.id"], name=op.f("fk_undone_by_entry_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["timeline.id"], name=op.f("fk_undone_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_undone")),
    )

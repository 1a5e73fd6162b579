"""Who was asked to become the primary requester."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "primary_ask",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answer", sa.String(length=10), nullable=True),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("answer IN ('yes', 'no', 'expired', 'dropped')", name=op.f("ck_primary_ask_answer_known")),
        sa.CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name=op.f("ck_primary_ask_answered_with_time")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_primary_ask_account_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_primary_ask_case_id")),
        sa.ForeignKeyConstraint(["event_id"], ["timeline.id"], name=op.f("fk_primary_ask_event_id")),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_primary_ask_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_primary_ask")),
    )
    op.create_index("ix_primary_ask_case", "primary_ask", ["case_id"], unique=False)
    op.create_index(
        "ix_primary_ask_due",
        "primary_ask",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("answered_at IS NULL"),
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_index("ix_primary_ask_request", "primary_ask", ["request_id"], unique=False)
    op.create_index(
        "uq_primary_ask_open",
        "primary_ask",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("answered_at IS NULL"),
        postgresql_where=sa.text("answered_at IS NULL"),
    )

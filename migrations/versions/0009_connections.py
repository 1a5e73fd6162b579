"""Starter connectors, their conditions, and webhook deliveries."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "webhook_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("natural_key", sa.String(length=300), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("connection_id", sa.String(length=200), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_event")),
        sa.UniqueConstraint("natural_key", name=op.f("uq_webhook_event_natural_key")),
    )
    op.create_index("ix_webhook_event_connection", "webhook_event", ["connection_id"], unique=False)
    op.create_table(
        "connection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("group_id", sa.String(length=200), nullable=True),
        sa.Column("schema_name", sa.String(length=60), nullable=False),
        sa.Column("service", sa.String(length=100), nullable=False),
        sa.Column("connection_id", sa.String(length=200), nullable=True),
        sa.Column("setup_state", sa.String(length=20), nullable=False),
        sa.Column("sync_state", sa.String(length=20), nullable=False),
        sa.Column("sync_started_at", UtcDateTime(), nullable=True),
        sa.Column("succeeded_at", UtcDateTime(), nullable=True),
        sa.Column("failed_at", UtcDateTime(), nullable=True),
        sa.Column("grace_until", UtcDateTime(), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("check_after", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(state = 'deleted') = (deleted_at IS NOT NULL)", name=op.f("ck_connection_deleted_has_time")
        ),
        sa.CheckConstraint(
            "connection_id IS NOT NULL OR state IN ('none', 'intended', 'creating', 'unknown', 'failed', 'deleted')",
            name=op.f("ck_connection_made_has_id"),
        ),
        sa.CheckConstraint(
            "state IN ('none', 'intended', 'creating', 'unknown', 'created', 'connected', 'syncing', 'live', 'missing', 'failed', 'deleted')",
            name=op.f("ck_connection_state_known"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_connection_account_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_connection_case_id")),
        sa.ForeignKeyConstraint(["event_id"], ["timeline.id"], name=op.f("fk_connection_event_id")),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_connection_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint("connection_id", name=op.f("uq_connection_connection_id")),
    )
    op.create_index("ix_connection_case", "connection", ["case_id"], unique=False)
    op.create_index("ix_connection_check", "connection", ["check_after"], unique=False)
    op.create_index(
        "uq_connection_live",
        "connection",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('deleted', 'failed', 'none') AND grace_until IS NULL"),
        postgresql_where=sa.text("state NOT IN ('deleted', 'failed', 'none') AND grace_until IS NULL"),
    )
    op.create_table(
        "card_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_row_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["connection_row_id"], ["connection.id"], name=op.f("fk_card_state_connection_row_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_card_state_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_state")),
        sa.UniqueConstraint("digest", name=op.f("uq_card_state_digest")),
    )
    op.create_table(
        "connection_condition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_row_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_row_id"], ["connection.id"], name=op.f("fk_connection_condition_connection_row_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection_condition")),
    )
    op.create_index("uq_condition_kind", "connection_condition", ["connection_row_id", "kind"], unique=True)

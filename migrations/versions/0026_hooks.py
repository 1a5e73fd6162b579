"""Webhooks in and out, and provisioning many at once."""

from functools import partial

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    add = partial(op.add_column, "webhook_event")
    add(sa.Column("happened_at", UtcDateTime()))
    add(sa.Column("sync_id", sa.String(length=80), server_default="", nullable=False))
    add(sa.Column("replays", sa.Integer(), server_default="0", nullable=False))
    add(sa.Column("replayed_at", UtcDateTime()))
    by = "CONSTRAINT fk_webhook_event_replayed_by_id REFERENCES person (id)"
    op.execute(f"ALTER TABLE webhook_event ADD COLUMN replayed_by_id INTEGER {by}")
    op.create_index("ix_webhook_event_received", "webhook_event", ["received_at"], unique=False)
    op.create_table(
        "our_webhook",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.String(length=200), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret_digest", sa.String(length=64), nullable=False),
        sa.Column("kept_at", UtcDateTime(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_our_webhook")),
        sa.UniqueConstraint("webhook_id", name=op.f("uq_our_webhook_webhook_id")),
    )
    op.create_table(
        "hook_endpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rotated_at", UtcDateTime(), nullable=True),
        sa.Column("told_to", sa.Integer(), nullable=False),
        sa.Column("failing_since", UtcDateTime(), nullable=True),
        sa.Column("blocked_until", UtcDateTime(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'deleted') = (deleted_at IS NOT NULL)", name=op.f("ck_hook_endpoint_deleted_has_time")
        ),
        sa.CheckConstraint(
            "state IN ('active', 'paused', 'given_up', 'deleted')", name=op.f("ck_hook_endpoint_state_known")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_hook_endpoint_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_endpoint")),
    )
    op.create_table(
        "provision_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("origin IN ('page', 'file')", name=op.f("ck_provision_run_origin_known")),
        sa.CheckConstraint("state IN ('running', 'stopped', 'done')", name=op.f("ck_provision_run_state_known")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_provision_run_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provision_run")),
    )
    op.create_index(
        "uq_provision_run_digest",
        "provision_run",
        ["digest"],
        unique=True,
        sqlite_where=sa.text("origin = 'file' AND state <> 'done'"),
        postgresql_where=sa.text("origin = 'file' AND state <> 'done'"),
    )
    op.create_table(
        "provision_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("group_id", sa.String(length=200), nullable=True),
        sa.Column("connection_id", sa.String(length=200), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("in_flight_until", UtcDateTime(), nullable=True),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'unknown', 'done', 'failed', 'skipped')",
            name=op.f("ck_provision_item_state_known"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_provision_item_case_id")),
        sa.ForeignKeyConstraint(["run_id"], ["provision_run.id"], name=op.f("fk_provision_item_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provision_item")),
    )
    op.create_index("ix_provision_item_state", "provision_item", ["run_id", "state"], unique=False)
    op.create_index("uq_provision_item", "provision_item", ["run_id", "name"], unique=True)
    op.create_table(
        "hook_delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("replay_of_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_hook_delivery_sent_has_time")),
        sa.CheckConstraint(
            "(state = 'waiting') = (next_at IS NOT NULL)", name=op.f("ck_hook_delivery_waiting_has_time")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'dead', 'cancelled')", name=op.f("ck_hook_delivery_state_known")
        ),
        sa.ForeignKeyConstraint(["endpoint_id"], ["hook_endpoint.id"], name=op.f("fk_hook_delivery_endpoint_id")),
        sa.ForeignKeyConstraint(["event_id"], ["timeline.id"], name=op.f("fk_hook_delivery_event_id")),
        sa.ForeignKeyConstraint(["replay_of_id"], ["hook_delivery.id"], name=op.f("fk_hook_delivery_replay_of_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_delivery")),
        sa.UniqueConstraint("message_id", name=op.f("uq_hook_delivery_message_id")),
    )
    op.create_index(
        "ix_hook_delivery_due",
        "hook_delivery",
        ["endpoint_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_hook_delivery_endpoint", "hook_delivery", ["endpoint_id", "id"], unique=False)
    op.create_index("ix_hook_delivery_event", "hook_delivery", ["event_id"], unique=False)

"""What a connection needs so that it is made once; groups, quotas, outages, tables, syncs."""

from functools import partial

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    add = partial(op.add_column, "connection")
    add(sa.Column("sent_at", UtcDateTime()))
    add(sa.Column("sends", sa.Integer(), server_default="0", nullable=False))
    add(sa.Column("in_flight_until", UtcDateTime()))
    add(sa.Column("ours", sa.Boolean(), server_default=sa.true(), nullable=False))
    add(sa.Column("adopted_at", UtcDateTime()))
    add(sa.Column("suffix", sa.Integer(), server_default="1", nullable=False))
    add(sa.Column("misses", sa.Integer(), server_default="0", nullable=False))
    add(sa.Column("sync_frequency", sa.Integer(), server_default="360", nullable=False))
    add(sa.Column("schedule_type", sa.String(length=10), server_default="auto", nullable=False))
    add(sa.Column("daily_sync_time", sa.String(length=5)))
    add(sa.Column("sync_deadline_at", UtcDateTime()))
    add(sa.Column("findings", sa.JSON(), server_default="[]", nullable=False))
    add(sa.Column("change_handling", sa.String(length=20), server_default="", nullable=False))
    add(sa.Column("tables_wanted_at", UtcDateTime()))
    add(sa.Column("tables_applied_at", UtcDateTime()))
    other = "CONSTRAINT fk_connection_cloned_from_id REFERENCES connection (id)"
    op.execute(f"ALTER TABLE connection ADD COLUMN cloned_from_id INTEGER {other}")
    with op.batch_alter_table("policy") as policy:
        policy.drop_constraint(op.f("ck_policy_name_known"), type_="check")
        names = "'automatic_merge', 'targets', 'groups', 'roles'"
        policy.create_check_constraint(op.f("ck_policy_name_known"), f"name IN ({names})")
    op.create_table(
        "outage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('unreachable', 'key')", name=op.f("ck_outage_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage")),
    )
    op.create_index(
        "uq_outage_open",
        "outage",
        ["kind"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "quota_bucket",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("filled_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_quota_bucket")),
    )
    op.create_table(
        "group_intent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=300), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("group_id", sa.String(length=200), nullable=True),
        sa.Column("held_by", sa.String(length=80), nullable=True),
        sa.Column("held_until", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("in_flight_until", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(state = 'made') = (group_id IS NOT NULL)", name=op.f("ck_group_intent_made_has_id")),
        sa.CheckConstraint(
            "state IN ('intended', 'creating', 'unknown', 'made')", name=op.f("ck_group_intent_state_known")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_group_intent_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_intent")),
        sa.UniqueConstraint("place", name=op.f("uq_group_intent_place")),
    )
    op.create_table(
        "schema_choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("table_schema", sa.String(length=200), nullable=False),
        sa.Column("table_name", sa.String(length=200), nullable=False),
        sa.Column("column_name", sa.String(length=200), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("hashed", sa.Boolean(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_schema_choice_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_schema_choice_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schema_choice")),
    )
    op.create_index(
        "uq_schema_choice", "schema_choice", ["case_id", "table_schema", "table_name", "column_name"], unique=True
    )
    op.create_table(
        "seen_schema",
        sa.Column("connection_row_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_row_id"], ["connection.id"], name=op.f("fk_seen_schema_connection_row_id")
        ),
        sa.PrimaryKeyConstraint("connection_row_id", name=op.f("pk_seen_schema")),
    )
    op.create_table(
        "sync_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_row_id", sa.Integer(), nullable=False),
        sa.Column("sync_id", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("tables", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.CheckConstraint("source IN ('ask', 'webhook', 'reading', 'history')", name=op.f("ck_sync_run_source_known")),
        sa.CheckConstraint(
            "status IN ('running', 'successful', 'failed', 'cancelled', 'rescheduled', 'late')",
            name=op.f("ck_sync_run_status_known"),
        ),
        sa.ForeignKeyConstraint(["connection_row_id"], ["connection.id"], name=op.f("fk_sync_run_connection_row_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_run")),
    )
    op.create_index("uq_sync_run", "sync_run", ["connection_row_id", "sync_id"], unique=True)
    op.create_table(
        "table_review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("connection_row_id", sa.Integer(), nullable=False),
        sa.Column("table_schema", sa.String(length=200), nullable=False),
        sa.Column("table_name", sa.String(length=200), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("verdict IN ('complete', 'gap', 'later')", name=op.f("ck_table_review_verdict_known")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_table_review_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_table_review_case_id")),
        sa.ForeignKeyConstraint(
            ["connection_row_id"], ["connection.id"], name=op.f("fk_table_review_connection_row_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_table_review")),
    )
    op.create_index("ix_table_review_case", "table_review", ["case_id"], unique=False)
    op.create_index("uq_table_review", "table_review", ["connection_row_id", "table_schema", "table_name"], unique=True)

"""Saved views of the queue, and acts on many cases at once."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.create_table(
        "bulk_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("form_key", sa.String(length=32), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('assign', 'hold', 'lift', 'decline')", name=op.f("ck_bulk_run_kind_known")),
        sa.CheckConstraint("total > 0", name=op.f("ck_bulk_run_not_empty")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_bulk_run_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_run")),
    )
    op.create_index("ix_bulk_run_by", "bulk_run", ["by_id", "id"], unique=False)
    op.create_index("uq_bulk_run_form", "bulk_run", ["by_id", "form_key"], unique=True)
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("is_team", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_saved_view_has_name")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_saved_view_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index("ix_saved_view_team", "saved_view", ["is_team"], unique=False)
    op.create_index("uq_saved_view_name", "saved_view", ["owner_id", "name"], unique=True)
    op.create_table(
        "bulk_row",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("blockers", sa.JSON(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(at IS NULL) = (state = 'waiting')", name=op.f("ck_bulk_row_over_has_time")),
        sa.CheckConstraint("state IN ('waiting', 'done', 'refused', 'undone')", name=op.f("ck_bulk_row_state_known")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_bulk_row_case_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["timeline.id"], name=op.f("fk_bulk_row_entry_id")),
        sa.ForeignKeyConstraint(["run_id"], ["bulk_run.id"], name=op.f("fk_bulk_row_run_id")),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_bulk_row")),
    )
    op.create_index(
        "ix_bulk_row_waiting",
        "bulk_row",
        ["run_id", "position"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("uq_bulk_row_case", "bulk_row", ["run_id", "case_id"], unique=True)

"""Trial runs of starter projects."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.create_table(
        "trial_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("former_id", sa.Integer(), nullable=True),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("step", sa.String(length=200), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("upserts", sa.Integer(), nullable=False),
        sa.Column("updates", sa.Integer(), nullable=False),
        sa.Column("deletes", sa.Integer(), nullable=False),
        sa.Column("truncates", sa.Integer(), nullable=False),
        sa.Column("checkpoints", sa.Integer(), nullable=False),
        sa.Column("tables", sa.JSON(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("sample", sa.Text(), nullable=True),
        sa.Column("database", sa.LargeBinary(), nullable=True),
        sa.Column("project_state", sa.Text(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("beat_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("forgotten_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (state IN ('waiting', 'running'))", name=op.f("ck_trial_run_over_has_time")
        ),
        sa.CheckConstraint("origin IN ('examples', 'source')", name=op.f("ck_trial_run_origin_known")),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'stopped')", name=op.f("ck_trial_run_state_known")
        ),
        sa.CheckConstraint(
            "forgotten_at IS NULL OR (sample IS NULL AND database IS NULL AND project_state IS NULL)",
            name=op.f("ck_trial_run_forgotten_is_empty"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_trial_run_account_id")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_trial_run_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_trial_run_case_id")),
        sa.ForeignKeyConstraint(["document_id"], ["api_document.id"], name=op.f("fk_trial_run_document_id")),
        sa.ForeignKeyConstraint(["former_id"], ["trial_run.id"], name=op.f("fk_trial_run_former_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial_run")),
    )
    op.create_index("ix_trial_run_case", "trial_run", ["case_id", "id"], unique=False)
    op.create_index(
        "ix_trial_run_to_forget",
        "trial_run",
        ["finished_at"],
        unique=False,
        sqlite_where=sa.text("forgotten_at IS NULL"),
        postgresql_where=sa.text("forgotten_at IS NULL"),
    )
    op.create_index(
        "uq_trial_run_under_way",
        "trial_run",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting', 'running')"),
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )

"""Cases and requests."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service_name", sa.String(length=200), nullable=False),
        sa.Column("service_url", sa.Text(), nullable=False),
        sa.Column("api_docs_url", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("primary_request_id", sa.Integer(), nullable=True),
        sa.Column("phase", sa.String(length=30), nullable=False),
        sa.Column("outcome", sa.String(length=30), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.Column("root_id", sa.Integer(), nullable=True),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("phase_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("touched_at", UtcDateTime(), nullable=False),
        sa.Column("queue_at", UtcDateTime(), nullable=False),
        sa.Column("at_risk_at", UtcDateTime(), nullable=True),
        sa.Column("held", sa.String(length=30), nullable=True),
        sa.Column("chain_head", sa.String(length=64), nullable=False),
        sa.Column("chain_count", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(merged_into_id IS NOT NULL) = (outcome IS NOT NULL AND outcome = 'merged')",
            name=op.f("ck_case_merged_has_parent"),
        ),
        sa.CheckConstraint(
            "(outcome IS NOT NULL AND outcome = 'released') = (phase = 'generally_available')",
            name=op.f("ck_case_released_is_available"),
        ),
        sa.CheckConstraint(
            "outcome IN ('released', 'not_a_candidate', 'withdrawn', 'merged', 'invalid', 'closed')",
            name=op.f("ck_case_outcome_known"),
        ),
        sa.CheckConstraint(
            "phase IN ('submission', 'validation', 'consultation', 'development', 'private_preview', 'generally_available')",
            name=op.f("ck_case_phase_known"),
        ),
        sa.CheckConstraint("(outcome IS NOT NULL) = (ended_at IS NOT NULL)", name=op.f("ck_case_ended_has_time")),
        sa.CheckConstraint("merged_into_id IS NULL OR merged_into_id <> id", name=op.f("ck_case_not_into_itself")),
        sa.CheckConstraint("version > 0", name=op.f("ck_case_version_positive")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_case_account_id")),
        sa.ForeignKeyConstraint(["assignee_id"], ["person.id"], name=op.f("fk_case_assignee_id")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["case.id"], name=op.f("fk_case_merged_into_id")),
        sa.ForeignKeyConstraint(["root_id"], ["case.id"], name=op.f("fk_case_root_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case")),
    )
    op.create_index("ix_case_account", "case", ["account_id"], unique=False)
    op.create_index("ix_case_any_queue", "case", ["queue_at", "id"], unique=False)
    op.create_index("ix_case_assignee_queue", "case", ["assignee_id", "outcome", "queue_at", "id"], unique=False)
    op.create_index("ix_case_merged_into", "case", ["merged_into_id"], unique=False)
    op.create_index("ix_case_opened", "case", ["opened_at", "id"], unique=False)
    op.create_index("ix_case_outcome_opened", "case", ["outcome", "opened_at", "id"], unique=False)
    op.create_index("ix_case_outcome_touched", "case", ["outcome", "touched_at", "id"], unique=False)
    op.create_index("ix_case_phase_queue", "case", ["outcome", "phase", "queue_at", "id"], unique=False)
    op.create_index("ix_case_queue", "case", ["outcome", "queue_at", "id"], unique=False)
    op.create_index("ix_case_root", "case", ["root_id"], unique=False)
    op.create_index("ix_case_touched", "case", ["touched_at", "id"], unique=False)
    op.create_index(
        "ix_case_waiting",
        "case",
        ["outcome", "queue_at", "id"],
        unique=False,
        sqlite_where=sa.text("held IS NOT NULL"),
        postgresql_where=sa.text("held IS NOT NULL"),
    )
    op.create_table(
        "request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("submitted_by_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("service_name", sa.String(length=200), nullable=False),
        sa.Column("service_url", sa.Text(), nullable=False),
        sa.Column("api_docs_url", sa.Text(), nullable=False),
        sa.Column("use_case", sa.Text(), nullable=False),
        sa.Column("data_needed", sa.Text(), nullable=False),
        sa.Column("auth_kind", sa.String(length=20), nullable=False),
        sa.Column("sandbox", sa.String(length=10), nullable=False),
        sa.Column("endpoint_count", sa.Integer(), nullable=True),
        sa.Column("custom_fields", sa.Text(), nullable=False),
        sa.Column("group_wanted", sa.String(length=200), nullable=False),
        sa.Column("fivetran_role", sa.String(length=200), nullable=False),
        sa.Column("also_tell", sa.Text(), nullable=False),
        sa.Column("would_preview", sa.Boolean(), nullable=False),
        sa.Column("form_key", sa.String(length=80), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "auth_kind IN ('api_key', 'oauth2', 'basic', 'other', 'unknown')", name=op.f("ck_request_auth_kind_known")
        ),
        sa.CheckConstraint("kind IN ('opened', 'joined')", name=op.f("ck_request_kind_known")),
        sa.CheckConstraint("sandbox IN ('yes', 'no', 'unknown')", name=op.f("ck_request_sandbox_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_request_account_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_request_case_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_request_person_id")),
        sa.ForeignKeyConstraint(["submitted_by_id"], ["person.id"], name=op.f("fk_request_submitted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
        sa.UniqueConstraint("form_key", name=op.f("uq_request_form_key")),
    )
    op.create_index("ix_request_account", "request", ["account_id", "id"], unique=False)
    op.create_index("ix_request_case", "request", ["case_id"], unique=False)
    op.create_index("ix_request_person", "request", ["person_id", "id"], unique=False)

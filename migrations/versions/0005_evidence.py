"""Evidence and assessments."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "assessment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("criterion", sa.String(length=30), nullable=False),
        sa.Column("measured", sa.String(length=20), nullable=True),
        sa.Column("figure", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "criterion IN ('documentation', 'size', 'nesting', 'structure', 'custom_data', 'authentication', 'incremental', 'use_case')",
            name=op.f("ck_assessment_criterion_known"),
        ),
        sa.CheckConstraint(
            "measured IN ('great', 'possible', 'poor', 'unknown')", name=op.f("ck_assessment_measured_known")
        ),
        sa.CheckConstraint(
            "verdict IN ('great', 'possible', 'poor', 'unknown')", name=op.f("ck_assessment_verdict_known")
        ),
        sa.CheckConstraint("(verdict IS NULL) = (by_id IS NULL)", name=op.f("ck_assessment_decided_by_somebody")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_assessment_account_id")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_assessment_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_assessment_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
    )
    op.create_index("uq_assessment_criterion", "assessment", ["case_id", "criterion"], unique=True)
    op.create_table(
        "evidence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("voided_at", UtcDateTime(), nullable=True),
        sa.Column("voided_by_id", sa.Integer(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(source = 'observation') = (by_id IS NULL)", name=op.f("ck_evidence_person_is_named")),
        sa.CheckConstraint(
            "key IN ('duplicates_checked', 'starter_ready', 'access_granted', 'service_demonstrated', 'use_cases_recorded', 'data_requirements_recorded', 'minutes_confirmed', 'built', 'tested', 'documented', 'initial_sync_finished', 'completeness_reviewed', 'requester_verified', 'catalogue_checked')",
            name=op.f("ck_evidence_key_known"),
        ),
        sa.CheckConstraint("source IN ('person', 'observation')", name=op.f("ck_evidence_source_known")),
        sa.CheckConstraint("(voided_at IS NULL) = (void_reason IS NULL)", name=op.f("ck_evidence_voided_with_reason")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_evidence_account_id")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_evidence_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_evidence_case_id")),
        sa.ForeignKeyConstraint(["event_id"], ["timeline.id"], name=op.f("fk_evidence_event_id")),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_evidence_request_id")),
        sa.ForeignKeyConstraint(["voided_by_id"], ["person.id"], name=op.f("fk_evidence_voided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    op.create_index(
        "uq_evidence_standing",
        "evidence",
        ["case_id", "key"],
        unique=True,
        sqlite_where=sa.text("voided_at IS NULL"),
        postgresql_where=sa.text("voided_at IS NULL"),
    )

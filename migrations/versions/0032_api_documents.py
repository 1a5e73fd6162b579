"""API documents of a case, what was measured in them, and the tables chosen from their proposal."""

from functools import partial

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_table(
        "api_document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=True),
        sa.Column("upload_id", sa.Integer(), nullable=True),
        sa.Column("former_id", sa.Integer(), nullable=True),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("step", sa.String(length=200), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("offered", sa.JSON(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("analysis", sa.Text(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("forgotten_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(state = 'read') = (analysis IS NOT NULL)", name=op.f("ck_api_document_read_has_analysis")),
        sa.CheckConstraint(
            "origin IN ('request', 'upload', 'address', 'paste')", name=op.f("ck_api_document_origin_known")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'fetching', 'reading', 'read', 'failed', 'stopped')",
            name=op.f("ck_api_document_state_known"),
        ),
        sa.CheckConstraint(
            "verdict IN ('great', 'possible', 'poor', 'unknown')", name=op.f("ck_api_document_verdict_known")
        ),
        sa.CheckConstraint("body IS NULL OR forgotten_at IS NULL", name=op.f("ck_api_document_forgotten_is_empty")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_api_document_account_id")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_api_document_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_api_document_case_id")),
        sa.ForeignKeyConstraint(["former_id"], ["api_document.id"], name=op.f("fk_api_document_former_id")),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_api_document_request_id")),
        sa.ForeignKeyConstraint(["upload_id"], ["document.id"], name=op.f("fk_api_document_upload_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_document")),
    )
    op.create_index("ix_api_document_case", "api_document", ["case_id", "id"], unique=False)
    op.create_index("ix_api_document_upload", "api_document", ["upload_id"], unique=False)
    op.create_table(
        "chosen_table",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("is_wanted", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_chosen_table_account_id")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_chosen_table_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_chosen_table_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chosen_table")),
    )
    op.create_index("uq_chosen_table", "chosen_table", ["case_id", "name"], unique=True)
    add = partial(op.add_column, "assessment")
    add(sa.Column("threshold", sa.Text(), server_default="", nullable=False))
    add(sa.Column("reason", sa.Text(), server_default="", nullable=False))
    add(sa.Column("pointers", sa.JSON(), server_default="[]", nullable=False))
    add(sa.Column("points", sa.Double(), nullable=True))
    document = "CONSTRAINT fk_assessment_document_id REFERENCES api_document (id)"
    op.execute(f"ALTER TABLE assessment ADD COLUMN document_id INTEGER {document}")
    add(sa.Column("measured_at", UtcDateTime(), nullable=True))

"""Who looks at a case now, words used again, days out of office."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.create_table(
        "absence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("stand_in_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_absence_ends_after_start")),
        sa.CheckConstraint("stand_in_id IS NULL OR stand_in_id <> person_id", name=op.f("ck_absence_not_for_oneself")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_absence_person_id")),
        sa.ForeignKeyConstraint(["stand_in_id"], ["person.id"], name=op.f("fk_absence_stand_in_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index("ix_absence_person", "absence", ["person_id", "last_day"], unique=False)
    op.create_table(
        "reply_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("criterion", sa.String(length=30), nullable=True),
        sa.Column("alternatives", sa.Text(), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "criterion IN ('documentation', 'size', 'nesting', 'structure', 'custom_data', 'authentication', 'incremental', 'use_case')",
            name=op.f("ck_reply_template_criterion_known"),
        ),
        sa.CheckConstraint(
            "kind = 'decline' OR (criterion IS NULL AND alternatives = '')",
            name=op.f("ck_reply_template_declines_have_criteria"),
        ),
        sa.CheckConstraint("kind IN ('question', 'decline', 'comment')", name=op.f("ck_reply_template_kind_known")),
        sa.CheckConstraint("name <> '' AND body <> ''", name=op.f("ck_reply_template_has_words")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["person.id"], name=op.f("fk_reply_template_changed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_template")),
    )
    op.create_index(
        "uq_reply_template_name",
        "reply_template",
        ["kind", "name"],
        unique=True,
        sqlite_where=sa.text("retired_at IS NULL"),
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "presence",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("writing", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_presence_case_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_presence_person_id")),
        sa.PrimaryKeyConstraint("case_id", "person_id", name=op.f("pk_presence")),
    )
    op.create_index("ix_presence_seen", "presence", ["seen_at"], unique=False)

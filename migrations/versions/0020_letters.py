"""Preferences, letters gathered for a digest, letters that came back."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    with op.batch_alter_table("letter") as letter:
        letter.drop_constraint(op.f("ck_letter_state_known"), type_="check")
        states = "'waiting', 'sent', 'dead', 'gathered', 'folded'"
        letter.create_check_constraint(op.f("ck_letter_state_known"), f"state IN ({states})")
        letter.add_column(sa.Column("digest_id", sa.Integer()))
        letter.create_foreign_key(op.f("fk_letter_digest_id"), "letter", ["digest_id"], ["id"])
        letter.create_check_constraint(
            op.f("ck_letter_folded_names_digest"), "(state = 'folded') = (digest_id IS NOT NULL)"
        )
    op.create_index(
        "ix_letter_dead",
        "letter",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index("ix_letter_digest", "letter", ["digest_id"], unique=False)
    op.create_index(
        "ix_letter_gathered",
        "letter",
        ["person_id"],
        unique=False,
        sqlite_where=sa.text("state = 'gathered'"),
        postgresql_where=sa.text("state = 'gathered'"),
    )
    op.create_table(
        "preference",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=20), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("via", sa.String(length=10), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "topic IN ('progress', 'comments', 'promises', 'duties', 'report')", name=op.f("ck_preference_topic_known")
        ),
        sa.CheckConstraint("via IN ('page', 'link', 'admin')", name=op.f("ck_preference_via_known")),
        sa.CheckConstraint("way IN ('instant', 'daily', 'weekly', 'off')", name=op.f("ck_preference_way_known")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_preference_person_id")),
        sa.PrimaryKeyConstraint("person_id", "topic", name=op.f("pk_preference")),
    )
    op.create_table(
        "bounce",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("cleared_at", UtcDateTime(), nullable=True),
        sa.Column("cleared_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('hard', 'soft')", name=op.f("ck_bounce_kind_known")),
        sa.CheckConstraint(
            "(cleared_at IS NULL) = (cleared_by_id IS NULL)", name=op.f("ck_bounce_cleared_by_somebody")
        ),
        sa.CheckConstraint("address = lower(address)", name=op.f("ck_bounce_address_lower")),
        sa.ForeignKeyConstraint(["cleared_by_id"], ["person.id"], name=op.f("fk_bounce_cleared_by_id")),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_bounce_letter_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_bounce_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce")),
    )
    op.create_index("ix_bounce_letter", "bounce", ["letter_id"], unique=False)
    op.create_index("ix_bounce_person", "bounce", ["person_id"], unique=False)
    op.create_index(
        "ix_bounce_standing",
        "bounce",
        ["address"],
        unique=False,
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    )

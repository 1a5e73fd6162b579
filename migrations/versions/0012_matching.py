"""The catalogue, aliases, match keys and dismissed pairs."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "alias",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("canonical", sa.String(length=200), nullable=False),
        sa.Column("alias", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('rename', 'acronym', 'old_domain', 'second_domain', 'confirmed')",
            name=op.f("ck_alias_kind_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alias")),
    )
    op.create_index("uq_alias", "alias", ["canonical", "alias"], unique=True)
    op.create_table(
        "catalogue",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("service", sa.String(length=100), nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("docs_url", sa.Text(), nullable=False),
        sa.Column("connector_class", sa.String(length=20), nullable=False),
        sa.Column("service_status", sa.String(length=30), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue")),
        sa.UniqueConstraint("service", name=op.f("uq_catalogue_service")),
    )
    op.create_table(
        "match_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("catalogue_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_key")),
    )
    op.create_index("ix_match_key_case", "match_key", ["case_id"], unique=False)
    op.create_index("ix_match_key_catalogue", "match_key", ["catalogue_id"], unique=False)
    op.create_index("ix_match_key_value", "match_key", ["value", "kind", "case_id", "catalogue_id"], unique=False)
    op.create_table(
        "dismissed_pair",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("left_id", sa.Integer(), nullable=False),
        sa.Column("right_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('different', 'related')", name=op.f("ck_dismissed_pair_kind_known")),
        sa.CheckConstraint("left_id < right_id", name=op.f("ck_dismissed_pair_ordered")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_dismissed_pair_by_id")),
        sa.ForeignKeyConstraint(["left_id"], ["case.id"], name=op.f("fk_dismissed_pair_left_id")),
        sa.ForeignKeyConstraint(["right_id"], ["case.id"], name=op.f("fk_dismissed_pair_right_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dismissed_pair")),
    )
    op.create_index("uq_dismissed_pair", "dismissed_pair", ["left_id", "right_id"], unique=True)

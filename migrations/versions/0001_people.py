"""People, customer accounts and the groups bound to them."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("password_hash", sa.String(length=300), nullable=True),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("session_key", sa.String(length=40), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(role = 'requester') = (account_id IS NOT NULL)", name=op.f("ck_person_requester_has_account")
        ),
        sa.CheckConstraint(
            "role IN ('requester', 'specialist', 'engineer', 'lead', 'admin', 'auditor')",
            name=op.f("ck_person_role_known"),
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_person_email_lower")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_person_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
    )
    op.create_index("ix_person_account", "person", ["account_id"], unique=False)
    op.create_index("ix_person_role", "person", ["role"], unique=False)
    op.create_table(
        "account_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.String(length=200), nullable=False),
        sa.Column("bound_by_id", sa.Integer(), nullable=True),
        sa.Column("bound_at", UtcDateTime(), nullable=False),
        sa.Column("unbound_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_group_account_id")),
        sa.ForeignKeyConstraint(["bound_by_id"], ["person.id"], name=op.f("fk_account_group_bound_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_group")),
    )
    op.create_index("ix_account_group_account", "account_group", ["account_id"], unique=False)
    op.create_index(
        "uq_account_group_bound",
        "account_group",
        ["group_id"],
        unique=True,
        sqlite_where=sa.text("unbound_at IS NULL"),
        postgresql_where=sa.text("unbound_at IS NULL"),
    )

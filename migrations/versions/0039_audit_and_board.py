"""What was done to the program itself, and the public board."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("act", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_audit_entry_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_act", "audit_entry", ["act", "id"], unique=False)
    op.create_index("ix_audit_entry_actor", "audit_entry", ["actor_id", "id"], unique=False)
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"], unique=False)
    op.create_table(
        "chain_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("checked", sa.Integer(), nullable=False),
        sa.Column("upto", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("broken", sa.Integer(), nullable=False),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_chain_check_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_check")),
    )
    op.create_index(
        "ix_chain_check_open",
        "chain_check",
        ["id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.add_column("person", sa.Column("erased_at", UtcDateTime(), nullable=True))
    op.create_index("ix_person_name", "person", ["name", "id"], unique=False)
    op.create_table(
        "board_unlisted",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_board_unlisted_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_board_unlisted_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_board_unlisted")),
    )
    names = "'automatic_merge', 'targets', 'groups', 'roles', 'board'"
    with op.batch_alter_table("policy") as policy:
        policy.drop_constraint(op.f("ck_policy_name_known"), type_="check")
        policy.create_check_constraint(op.f("ck_policy_name_known"), f"name IN ({names})")
    by_letter = sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql")
    op.create_table(
        "board_row",
        sa.Column("case_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.String(length=30), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("name_key", by_letter, nullable=False),
        sa.Column("host", by_letter, nullable=False),
        sa.Column("touched_at", UtcDateTime(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_board_row_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_board_row")),
    )
    on_it = sa.text("stage <> ''")
    for columns in (["accounts", "case_id"], ["opened_at", "case_id"], ["name_key"], ["host"]):
        name = f"ix_board_row_{columns[0].removesuffix('_at').removesuffix('_key')}"
        op.create_index(name, "board_row", columns, unique=False, sqlite_where=on_it, postgresql_where=on_it)
    op.create_index("ix_board_row_stage_accounts", "board_row", ["stage", "accounts", "case_id"], unique=False)
    op.create_index("ix_board_row_stage_opened", "board_row", ["stage", "opened_at", "case_id"], unique=False)
    op.create_index("ix_board_row_touched", "board_row", ["touched_at"], unique=False)

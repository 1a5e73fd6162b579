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

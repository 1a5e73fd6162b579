"""What Fivetran says of a requester's role."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "role_check",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("role_name", sa.String(length=200), nullable=False),
        sa.Column("may", sa.String(length=10), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("may IN ('yes', 'no', 'unknown')", name=op.f("ck_role_check_may_known")),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_role_check_request_id")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_role_check")),
    )

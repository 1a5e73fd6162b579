"""Links to a report may leave out the names of accounts and people."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    for table in ("report_subscription", "report_share"):
        op.add_column(table, sa.Column("nameless", sa.Boolean(), nullable=False, server_default=sa.false()))

"""Letters that are not out yet, among all that are."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    where = sa.text("state IN ('waiting', 'dead')")
    op.create_index("ix_letter_unsent", "letter", ["id"], sqlite_where=where, postgresql_where=where)

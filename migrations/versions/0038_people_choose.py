"""How people want dates, keys and words of welcome; the column of chosen tables that nothing wrote is gone."""

import sqlalchemy as sa
from alembic import op

from request_tracker.store.base import UtcDateTime

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.add_column("person", sa.Column("locale", sa.String(length=20), server_default="en-GB", nullable=False))
    op.add_column("person", sa.Column("single_keys", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("person", sa.Column("welcomed_at", UtcDateTime(), nullable=True))
    op.drop_column("chosen_table", "note")

"""Match keys by which different names are counted, and which an index leads to newest first."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("match_key", sa.Column("name", sa.String(length=100), server_default="", nullable=False))
    for index in ("ix_match_key_value", "ix_match_key_case", "ix_match_key_catalogue"):
        op.drop_index(index, table_name="match_key")
    op.create_index("ix_match_key_value", "match_key", ["value", "kind", "name", "case_id", "catalogue_id"])
    for name in ("case", "catalogue"):
        owned = sa.text(f"{name}_id IS NOT NULL")
        op.create_index(f"ix_match_key_{name}", "match_key", [f"{name}_id"], sqlite_where=owned, postgresql_where=owned)

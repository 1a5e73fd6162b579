"""What a document was judged to be, how long reading it took, and what is still to be forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
_KEPT = sa.text("forgotten_at IS NULL")
_UNDER_WAY = sa.text("state IN ('waiting', 'fetching', 'reading')")


def upgrade() -> None:
    op.add_column("api_document", sa.Column("judged", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("api_document", sa.Column("took_s", sa.Double(), nullable=True))
    for name, table, column in (
        ("ix_api_document_kept", "api_document", "case_id"),
        ("ix_document_kept", "document", "request_id"),
    ):
        op.create_index(name, table, [column], unique=False, sqlite_where=_KEPT, postgresql_where=_KEPT)
    op.create_index(
        "ix_api_document_under_way",
        "api_document",
        ["account_id"],
        unique=False,
        sqlite_where=_UNDER_WAY,
        postgresql_where=_UNDER_WAY,
    )

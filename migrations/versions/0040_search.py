"""Full-text search: documents, the words they hold, the databases' own index."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"

ENGINE = {
    # The words come folded and parted: nothing but blanks parts them, and only their column is kept, not their place.
    # Those of an account's documents begin with the account, so that what others wrote is not even passed by.
    "sqlite": (
        "CREATE VIRTUAL TABLE search_fts USING fts5(name, request, talk, note,"
        " tokenize='ascii', prefix='2 3', detail='column', columnsize=0)",
    ),
    "postgresql": (
        "CREATE TABLE search_fts (id bigint PRIMARY KEY, account_id integer, vector tsvector NOT NULL)",
        "CREATE INDEX ix_search_fts_staff ON search_fts USING gin (vector) WHERE id > 0",
        "CREATE INDEX ix_search_fts_account ON search_fts (account_id, id) WHERE id < 0",
    ),
}


def upgrade() -> None:
    op.create_table(
        "search_doc",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("root_id", sa.Integer(), nullable=False),
        sa.Column("card", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_search_doc_account_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_search_doc_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_doc")),
    )
    op.create_index("uq_search_doc_of", "search_doc", ["case_id", "account_id"], unique=True)
    op.create_index(
        "uq_search_doc_staff",
        "search_doc",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("account_id IS NULL"),
        postgresql_where=sa.text("account_id IS NULL"),
    )
    op.create_table(
        "search_word",
        sa.Column("key", sa.String(length=8), nullable=False),
        sa.Column("word", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("key", "word", name=op.f("pk_search_word")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_mark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("walked_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_mark")),
    )
    for statement in ENGINE[op.get_bind().dialect.name]:
        op.execute(statement)
    # What stands already is taken in by the walk over all cases; what is written from now on is followed.
    op.execute("INSERT INTO search_mark (id, entry_id, walked_id) SELECT 1, coalesce(max(id), 0), 0 FROM timeline")

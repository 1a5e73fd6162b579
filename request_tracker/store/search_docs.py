"""What is searched: one document a case for staff, one for each account that has words of its own on it."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base, partial

STALE = -1
"""In place of `seq`: the document is written anew when the index is looked through."""


class SearchDoc(Base):
    """`account_id`: whose words it holds; None: everybody's and the internal notes, for staff alone.

    `seq`, `root_id` and `card` tell from what it was made: the case's chain, its tree, and its name and documentation.
    `digest` is of the words, which the engine keeps.
    """

    __tablename__ = "search_doc"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    seq: Mapped[int]
    root_id: Mapped[int]
    card: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(40))
    __table_args__ = (
        Index("uq_search_doc_of", "case_id", "account_id", unique=True),
        partial("uq_search_doc_staff", "case_id", where="account_id IS NULL", unique=True),
    )


class SearchWord(Base):
    """A word that occurs somewhere, by its head and by its head with a letter left out: where slips are looked up."""

    __tablename__ = "search_word"
    key: Mapped[str] = mapped_column(String(8), primary_key=True)
    word: Mapped[str] = mapped_column(String(20), primary_key=True)
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012


class SearchMark(Base):
    """How far the index follows what is written: one row. Whoever writes the index holds it."""

    __tablename__ = "search_mark"
    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int]
    walked_id: Mapped[int]

"""The databases' own full-text index: SQLite's FTS5, PostgreSQL's tsvector under GIN. Only here do they differ.

Words come folded (rules/searching): letters and digits, nothing to be escaped. A staff document has the id of its case,
an account's the id of its row with a minus, so that each kind is walked by itself, newest first.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Integer, String, TextClause, TextualSelect, bindparam, column, text
from sqlalchemy.orm import Session

from request_tracker.rules.people import Viewer
from request_tracker.rules.searching import KINDS
from request_tracker.store.lookup import dialect_of

NEWEST = 3000
"""So many cases PostgreSQL looks through one by one before it asks its index."""
ROOM = 2**17
"""Bytes of a document's words, some 8,000 of them: it is written while everybody waits. (And of more than a megabyte
PostgreSQL keeps everything without complaint, but finds nothing.)"""
Words = Mapping[str, Collection[str]]
"""The words of a document by kind."""


@dataclass(frozen=True)
class Written:
    """A document as the engine keeps it. `id` is below zero for an account's."""

    id: int
    account_id: int | None
    words: Words


@dataclass(frozen=True)
class Term:
    """A word that is looked for: as a beginning, or as one of other words instead."""

    typed: str
    others: tuple[str, ...] = ()
    whole: bool = False


def room_for(words: Collection[str]) -> int:
    """Bytes that these words of one kind take up at most: each stands there twice, once with its letter."""
    return 2 * len("  ".join(words).encode()) + 4 if words else 0


def write(session: Session, docs: Sequence[Written], *, known: bool = True) -> None:
    """Put the documents in place of what stood under their ids. `known`: something may stand there."""
    if not docs:
        return
    if known:
        remove(session, [doc.id for doc in docs])
    dialect = dialect_of(session)
    session.execute(_INSERT[dialect], [_ROW[dialect](doc) for doc in docs])


def remove(session: Session, ids: Collection[int]) -> None:
    if ids:
        session.execute(_DELETE[dialect_of(session)], [{"id": each} for each in ids])


def words_in(session: Session, ids: Sequence[int]) -> set[str]:
    """All words of these documents."""
    if not ids:
        return set()
    rows = session.execute(_WORDS[dialect_of(session)], {"ids": list(ids)})
    return {word for row in rows for part in row for word in _parts(part)}


def of_staff(session: Session, terms: Sequence[Term], kind: str, limit: int) -> list[int]:
    """Ids of the cases in which staff find all the terms, the newest first.

    Each database gathers everything that fits before it gives the first. So whether the list can be filled with little
    is tried before: on SQLite by whole words, which are walked from the newest; on PostgreSQL by the NEWEST cases.
    """
    dialect, given = dialect_of(session), {"most": limit}
    if limit > 1:
        as_typed = terms if dialect == "postgresql" else [replace(term, whole=True) for term in terms]
        first = _run(session, _FIRST, as_typed, kind, None, given)
        if len(first) >= limit:
            return first
    return _run(session, _STAFF, terms, kind, None, given)


def of_account(session: Session, account_id: int, terms: Sequence[Term], kind: str, limit: int) -> list[int]:
    """Ids of the cases in which the account's people find all the terms; only of trees they take part in."""
    return _run(session, _ACCOUNT, terms, kind, account_id, {"most": limit, "account": account_id})


def settle(session: Session) -> None:
    """After very many documents at once: bring the index into the shape it is read in, and count what is common."""
    if dialect_of(session) == "sqlite":
        session.execute(text("INSERT INTO search_fts (search_fts) VALUES ('optimize')"))
    else:
        session.execute(text("ANALYZE search_fts, search_doc, search_word"))


def selection(session: Session, viewer: Viewer, terms: Sequence[Term], limit: int) -> TextualSelect:
    """What `of_staff` or `of_account` asks, with one column, `id`, to stand inside another statement."""
    dialect = dialect_of(session)
    account_id = None if viewer.is_staff else viewer.account_id or 0
    given: dict[str, Any] = {"words": _QUERY[dialect](terms, "", account_id), "most": limit}
    if account_id is None:
        return _STAFF[dialect].bindparams(**given).columns(column("id", Integer))
    return _ACCOUNT[dialect].bindparams(**given, account=account_id).columns(column("id", Integer))


def _run(
    session: Session,
    statements: Mapping[str, TextClause],
    terms: Sequence[Term],
    kind: str,
    account_id: int | None,
    given: Mapping[str, Any],
) -> list[int]:
    dialect = dialect_of(session)
    query = _QUERY[dialect](terms, kind, account_id)
    return list(session.scalars(statements[dialect], {**given, "words": query}))


def _row_sqlite(doc: Written) -> dict[str, Any]:
    mark = _mark(doc.account_id)
    return {"id": doc.id, **{kind: " ".join(mark + word for word in sorted(doc.words.get(kind, ()))) for kind in KINDS}}


def _row_postgresql(doc: Written) -> dict[str, Any]:
    """Each word by itself, and once more with the letter of each kind it stands in."""
    lexemes = {word for words in doc.words.values() for word in words}
    marked = {f"{_LETTER[kind]}:{word}" for kind, words in doc.words.items() for word in words}
    return {"id": doc.id, "account": doc.account_id, "words": sorted(lexemes | marked)}


def _query_sqlite(terms: Sequence[Term], kind: str, account_id: int | None) -> str:
    mark, columns = _mark(account_id), kind or " ".join(KINDS)
    return " AND ".join("({" + columns + "} : (" + " OR ".join(_quoted(term, '"', mark, "*")) + "))" for term in terms)


def _mark(account_id: int | None) -> str:
    """No word has this sign in it, and SQLite's ascii tokens are not parted by it."""
    return "" if account_id is None else f"{account_id}·"


def _query_postgresql(terms: Sequence[Term], kind: str, account_id: int | None) -> str:
    mark = f"{_LETTER[kind]}:" if kind else ""
    return " & ".join("(" + " | ".join(_quoted(term, "'", mark, ":*")) + ")" for term in terms)


def _quoted(term: Term, quote: str, mark: str, star: str) -> Iterable[str]:
    for word, is_whole in ((term.typed, term.whole or len(term.typed) < 2), *((other, True) for other in term.others)):
        if quote in word or "\\" in word:
            raise ValueError(f"{word!r} is no folded word")
        yield f"{quote}{mark}{word}{quote}{'' if is_whole else star}"


def _parts(part: str) -> list[str]:
    return [word for word in part.split() if ":" not in word]


_LETTER = {"name": "n", "request": "r", "talk": "t", "note": "i"}
_ROW = {"sqlite": _row_sqlite, "postgresql": _row_postgresql}
_QUERY = {"sqlite": _query_sqlite, "postgresql": _query_postgresql}
_INSERT = {
    "sqlite": text(
        "INSERT INTO search_fts (rowid, name, request, talk, note) VALUES (:id, :name, :request, :talk, :note)"
    ),
    "postgresql": text(
        "INSERT INTO search_fts (id, account_id, vector)"
        " VALUES (:id, :account, array_to_tsvector(CAST(:words AS text[])))"
    ),
}
_DELETE = {
    "sqlite": text("DELETE FROM search_fts WHERE rowid = :id"),
    "postgresql": text("DELETE FROM search_fts WHERE id = :id"),
}
_WORDS = {
    "sqlite": text("SELECT name, request, talk, note FROM search_fts WHERE rowid IN :ids").bindparams(
        bindparam("ids", expanding=True)
    ),
    "postgresql": text(
        "SELECT array_to_string(tsvector_to_array(vector), ' ') FROM search_fts WHERE id IN :ids"
    ).bindparams(bindparam("ids", expanding=True)),
}
# PostgreSQL has to see the words when it plans, so they are written into the statement and not handed in beside it.
_SEEN = bindparam("words", type_=String(), literal_execute=True)
_STAFF = {
    "sqlite": text(
        "SELECT rowid AS id FROM search_fts WHERE search_fts MATCH :words AND rowid > 0 ORDER BY rowid DESC LIMIT :most"
    ),
    # OFFSET 0 keeps the order and the limit out: for them PostgreSQL would walk all cases in search of a rare word.
    "postgresql": text(
        "SELECT id FROM (SELECT id FROM search_fts WHERE id > 0 AND vector @@ CAST(:words AS tsquery) OFFSET 0) AS met"
        " ORDER BY id DESC LIMIT :most"
    ).bindparams(_SEEN),
}
_FIRST = {
    "sqlite": _STAFF["sqlite"],
    "postgresql": text(
        f"SELECT id FROM search_fts WHERE id > greatest(0, (SELECT max(id) FROM search_fts) - {NEWEST})"
        " AND vector @@ CAST(:words AS tsquery) ORDER BY id DESC LIMIT :most"
    ).bindparams(_SEEN),
}
_PARTAKING = (
    ' JOIN search_doc AS doc ON doc.id = -{own} JOIN "case" AS found ON found.id = doc.case_id'
    " WHERE {match} AND EXISTS (SELECT 1 FROM request AS mine"
    ' JOIN "case" AS member ON member.id = mine.case_id'
    " WHERE member.root_id = found.root_id AND mine.account_id = :account)"
    " ORDER BY {own} LIMIT :most"
)
_ACCOUNT = {
    "sqlite": text(
        "SELECT doc.case_id AS id FROM search_fts"
        + _PARTAKING.format(own="search_fts.rowid", match="search_fts MATCH :words AND search_fts.rowid < 0")
    ),
    "postgresql": text(
        "SELECT doc.case_id AS id FROM search_fts"
        + _PARTAKING.format(
            own="search_fts.id",
            match="search_fts.account_id = :account AND search_fts.id < 0"
            " AND search_fts.vector @@ CAST(:words AS tsquery)",
        )
    ).bindparams(_SEEN),
}

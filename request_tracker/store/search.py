"""Full-text search: the index written, and asked for what a reader may read."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from request_tracker.rules.names import name_key
from request_tracker.rules.searching import has_slips, slip_keys, words_of
from request_tracker.store import search_engine, search_texts
from request_tracker.store.base import Base, insertion
from request_tracker.store.cases import Case
from request_tracker.store.requests import Request
from request_tracker.store.search_docs import STALE, SearchDoc, SearchMark, SearchWord
from request_tracker.store.search_engine import Term, Written
from request_tracker.store.search_texts import SHARED, THE_NAME, Source
from request_tracker.store.timeline import Entry

AT_ONCE = 100


@dataclass(frozen=True)
class Doc:
    """A document as it should be, and from what it was made."""

    case_id: int
    account_id: int | None
    seq: int
    root_id: int
    card: str
    words: dict[str, frozenset[str]]

    @property
    def digest(self) -> str:
        return _digest(f"{kind}:{' '.join(sorted(words))}" for kind, words in sorted(self.words.items()))


def refresh(session: Session, ids: Collection[int], *, known: bool = True) -> list[int]:
    """Bring the documents of these cases up to date; what stayed the same is not written.

    Answers further cases whose documents speak of these: they belong to a tree that changed. `known`: the cases may
    have documents already.
    """
    hold(session)
    session.flush()
    wanted = _wanted(session, ids)
    kept = {(row.case_id, row.account_id): row for row in _kept(session, ids)} if known else {}
    changed = [doc for key, doc in wanted.items() if key not in kept or kept[key].digest != doc.digest]
    gone = [row for key, row in kept.items() if key not in wanted]
    moved = _moved(wanted, kept)
    of_staff = [doc.case_id for doc in changed if doc.account_id is None]
    before = search_engine.words_in(session, of_staff) if kept else set()
    _write(session, changed, kept, gone)
    for key, row in kept.items():
        if (doc := wanted.get(key)) is not None:
            row.seq, row.root_id, row.card, row.digest = doc.seq, doc.root_id, doc.card, doc.digest
    session.flush()
    after = {word for doc in changed if doc.account_id is None for word in chain(*doc.words.values())}
    _learn(session, after - before)
    _unlearn(session, before - after)
    return _around(session, moved, ids)


def forget(session: Session, ids: Collection[int]) -> None:
    """Take out of the index, in this very transaction, what these cases do not say any more."""
    wanted = sorted(set(ids))
    for at in range(0, len(wanted), AT_ONCE):
        refresh(session, wanted[at : at + AT_ONCE])


def forget_person(session: Session, person_id: int) -> None:
    """Take what was erased of a person out of the index: their name, what they asked for, what they wrote."""
    asked = select(Request.case_id).where(Request.person_id == person_id)
    wrote = select(Entry.case_id).where(Entry.actor_id == person_id, Entry.text_digest.is_not(None))
    forget(session, list(session.scalars(asked.union(wrote))))


def outdate(session: Session, account_id: int) -> None:
    """Names of the account or its people changed: its cases are written anew when the index is looked through."""
    theirs = select(Request.case_id).where(Request.account_id == account_id)
    session.execute(
        update(SearchDoc)
        .where(SearchDoc.case_id.in_(theirs))
        .values(seq=STALE)
        .execution_options(synchronize_session=False)
    )


def hold(session: Session, *, waiting: bool = True) -> SearchMark | None:
    """The mark, held until the transaction ends: one writer of the index at a time. None: another has it."""
    return session.scalar(select(SearchMark).with_for_update(skip_locked=not waiting))


def behind(session: Session, after: int, limit: int) -> list[int]:
    """Ids of cases of which something was written after this entry that the index does not know."""
    written = (
        select(Entry.case_id)
        .join(Case, Case.id == Entry.case_id)
        .outerjoin(SearchDoc, (SearchDoc.case_id == Case.id) & SearchDoc.account_id.is_(None))
        .where(Entry.id > after, SearchDoc.seq.is_distinct_from(Case.chain_count))
    )
    return list(session.scalars(written.distinct().limit(limit)))


def walked(session: Session, after: int, limit: int) -> list[tuple[int, bool]]:
    """The next case ids, each with whether the index is behind on it."""
    rows = session.execute(
        select(Case.id, SearchDoc.seq.is_distinct_from(Case.chain_count))
        .outerjoin(SearchDoc, (SearchDoc.case_id == Case.id) & SearchDoc.account_id.is_(None))
        .where(Case.id > after)
        .order_by(Case.id)
        .limit(limit)
    )
    return [(row[0], bool(row[1])) for row in rows]


def settle(session: Session) -> None:
    """After a whole program was put in at once: nothing of it has to be followed any more."""
    mark = hold(session)
    if mark is not None:
        mark.entry_id = session.scalar(select(func.max(Entry.id))) or 0
    session.flush()
    search_engine.settle(session)


def _wanted(session: Session, ids: Collection[int]) -> dict[tuple[int, int | None], Doc]:
    """The documents of these cases: one for staff, one for each account with words of its own."""
    sources: defaultdict[int, list[Source]] = defaultdict(list)
    for read in (search_texts.cards, search_texts.requests, search_texts.told):
        for source in read(session, ids):
            sources[source.case_id].append(source)
    found = {}
    rows = session.execute(select(Case.id, Case.chain_count, Case.root_id).where(Case.id.in_(ids))).all()
    for case_id, seq, root_id in rows:
        theirs = sources[case_id]
        card = _digest(each.text for each in theirs if each.audience == SHARED)
        for account_id in (None, *sorted({each.account_id for each in theirs if each.account_id is not None})):
            words = _words(each for each in theirs if each.is_read_by(account_id))
            found[case_id, account_id] = Doc(case_id, account_id, seq, root_id or case_id, card, words)
    return found


def _words(sources: Iterable[Source]) -> dict[str, frozenset[str]]:
    """The words by kind. Of a case with more than an index takes, what was said long ago is left out."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    room = search_engine.ROOM
    for source in sources:
        new = words_of(source.text) | (words_of(name_key(source.text)) if source.where == THE_NAME else set())
        new -= found[source.kind]
        room -= search_engine.room_for(new)
        if room < 0:
            break
        found[source.kind] |= new
    return {kind: frozenset(words) for kind, words in found.items() if words}


def _kept(session: Session, ids: Collection[int]) -> list[SearchDoc]:
    return list(session.scalars(select(SearchDoc).where(SearchDoc.case_id.in_(ids)).order_by(SearchDoc.id)))


def _write(session: Session, changed: Sequence[Doc], kept: dict[Any, SearchDoc], gone: Sequence[SearchDoc]) -> None:
    """Rows first, as an account's document goes by the id of its row."""
    if gone:
        search_engine.remove(session, [_place(row.case_id, row) for row in gone])
        session.execute(delete(SearchDoc).where(SearchDoc.id.in_([row.id for row in gone])))
        for row in gone:
            session.expunge(row)
    new = [doc for doc in changed if (doc.case_id, doc.account_id) not in kept]
    rows = {(row.case_id, row.account_id): row for row in _added(session, new)}
    old = [doc for doc in changed if (doc.case_id, doc.account_id) in kept]
    search_engine.write(session, [_written(doc, rows[doc.case_id, doc.account_id]) for doc in new], known=False)
    search_engine.write(session, [_written(doc, kept[doc.case_id, doc.account_id]) for doc in old])


def _added(session: Session, docs: Sequence[Doc]) -> list[Any]:
    if not docs:
        return []
    values = [
        {"case_id": doc.case_id, "account_id": doc.account_id, "seq": doc.seq, "root_id": doc.root_id,
         "card": doc.card, "digest": doc.digest}
        for doc in docs
    ]  # fmt: skip
    session.connection().execute(insert(Base.metadata.tables[SearchDoc.__tablename__]), values)
    theirs = {doc.case_id for doc in docs}
    rows = select(SearchDoc.id, SearchDoc.case_id, SearchDoc.account_id).where(SearchDoc.case_id.in_(theirs))
    return list(session.execute(rows).all())


def _written(doc: Doc, row: Any) -> Written:
    return Written(_place(doc.case_id, row), doc.account_id, doc.words)


def _place(case_id: int, row: Any) -> int:
    return case_id if row.account_id is None else -int(row.id)


def _moved(wanted: dict[Any, Doc], kept: dict[Any, SearchDoc]) -> set[int]:
    """Roots whose members may speak of another tree or another name now."""
    of_staff = [doc for doc in wanted.values() if doc.account_id is None]
    rows = [(doc, kept.get((doc.case_id, None))) for doc in of_staff]
    return {doc.root_id for doc, row in rows if row is not None and (row.root_id, row.card) != (doc.root_id, doc.card)}


def _around(session: Session, roots: Collection[int], done: Collection[int]) -> list[int]:
    """The other cases of these trees."""
    if not roots:
        return []
    return list(session.scalars(select(Case.id).where(Case.root_id.in_(roots), Case.id.not_in(done))))


def _learn(session: Session, words: Collection[str]) -> None:
    """Words that slips are looked up among."""
    rows = [{"key": key, "word": word} for word in sorted(words) if has_slips(word) for key in sorted(slip_keys(word))]
    if rows:
        session.connection().execute(insertion(session, SearchWord).on_conflict_do_nothing(), rows)


def _unlearn(session: Session, words: Collection[str]) -> None:
    """Words that stand nowhere any more are not offered any more, nor kept."""
    gone = [word for word in sorted(words) if has_slips(word) and not _stands(session, word)]
    rows = [{"its_key": key, "its_word": word} for word in gone for key in sorted(slip_keys(word))]
    if rows:
        one = (SearchWord.key == bindparam("its_key"), SearchWord.word == bindparam("its_word"))
        session.connection().execute(delete(SearchWord).where(*one), rows)


def _stands(session: Session, word: str) -> bool:
    return bool(search_engine.of_staff(session, [Term(word, whole=True)], "", 1))


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha1("\n".join(texts).encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()

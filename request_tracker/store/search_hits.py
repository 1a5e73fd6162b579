"""Which cases a reader finds by some words: names first, then the newest; slips of the finger where little is found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, and_, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from request_tracker.rules.names import name_key
from request_tracker.rules.people import Viewer
from request_tracker.rules.searching import KINDS, NAME, NOTE, Asked, Wanted, has_slips, nearest, read, slip_keys
from request_tracker.store import cases, requests, search_engine
from request_tracker.store.cases import Case, NoSuchCase
from request_tracker.store.catalogue import MatchKey
from request_tracker.store.requests import NoSuchRequest, Request
from request_tracker.store.search_docs import SearchWord
from request_tracker.store.search_engine import Term

MOST = 200
"""So many cases are listed at most: whoever finds more adds a word."""
FEW = 3
"""Who finds fewer cases may have slipped."""
NAMED = 20
INSIDE = 2000
LIKE = 300
TRIED, TAKEN = 12, 3
"""So many words like the one typed are tried, and so many taken in its place."""


@dataclass(frozen=True)
class Slip:
    """A word as typed, whether nothing at all was found for it, and the words it was taken for."""

    typed: str
    is_unknown: bool
    taken: tuple[str, ...]


@dataclass(frozen=True)
class Hits:
    """Ids of cases in the order of showing. `more`: there are others beside these."""

    ids: tuple[int, ...]
    more: bool
    slips: tuple[Slip, ...]
    wanted: Wanted


def hits(session: Session, viewer: Viewer, asked: Asked, kind: str = "") -> Hits:
    """What the viewer finds, and nothing else: to requesters neither words nor slips of others' texts exist."""
    terms = [Term(word) for word in asked.words]
    wanted = Wanted(asked.words)
    if not terms or (kind == NOTE and not viewer.is_staff):
        return Hits((), False, (), wanted)
    found = _ordered(session, viewer, terms, kind)
    if kind in ("", NAME):
        found = list(dict.fromkeys([*_named(session, viewer, asked.text), *found]))
    slips: tuple[Slip, ...] = ()
    if len(found) < FEW:
        slips, others = _slipped(session, viewer, terms, kind)
        new = [each for each in others if each not in found]
        found, slips = [*found, *new], slips if new else ()
    wanted = replace(wanted, whole=tuple(word for slip in slips for word in slip.taken))
    return Hits(tuple(found[:MOST]), len(found) > MOST, slips, wanted)


def direct(session: Session, viewer: Viewer, text: str) -> tuple[str, str] | None:
    """Where a number typed exactly leads: ("case" or "request", its number); None for other words and for what the
    viewer may not know of."""
    for kind, look in (("case", _case), ("request", _request)):
        if (number := look(session, viewer, text)) is not None:
            return kind, number
    return None


def case_ids(session: Session, viewer: Viewer, q: str, limit: int = MOST) -> list[int]:
    """Ids of the first cases the viewer finds by these words, slips mended."""
    return list(hits(session, viewer, read(q)).ids[:limit])


def inside(session: Session, viewer: Viewer, asked: Asked) -> Any:
    """As a selection to stand inside another statement: ids of the cases with all of these words that the viewer finds,
    the newest INSIDE of them, and of those that were merged the root's. Slips are not mended here."""
    terms = [Term(word) for word in asked.words]
    found = search_engine.selection(session, viewer, terms, INSIDE).cte("found")
    key = name_key(asked.text)
    named = select(MatchKey.case_id).where(MatchKey.kind == "name", MatchKey.name == "", MatchKey.value == key)
    roots = select(Case.root_id).join(found, found.c.id == Case.id)
    return union_all(select(found.c.id), roots, named.where(MatchKey.case_id.is_not(None)))


def partaking(account_id: int | None, case_id: Any, root_id: Any) -> Select[int]:
    """The account's requests on this case, or below it where it is a root: of what others' cases were merged into the
    same tree it knows nothing."""
    member = aliased(Case)
    mine = select(Request.id).join(member, member.id == Request.case_id)
    on_it = or_(member.id == case_id, and_(member.root_id == case_id, root_id == case_id))
    return mine.where(on_it, Request.account_id == account_id)


def _ordered(session: Session, viewer: Viewer, terms: Sequence[Term], kind: str) -> list[int]:
    if kind:
        return _found(session, viewer, terms, kind, MOST + 1)
    first = _found(session, viewer, terms, NAME, MOST + 1)
    if len(first) > MOST:
        return first
    return list(dict.fromkeys([*first, *_found(session, viewer, terms, "", MOST + 1)]))


def _found(session: Session, viewer: Viewer, terms: Sequence[Term], kind: str, limit: int) -> list[int]:
    if viewer.is_staff:
        return search_engine.of_staff(session, terms, kind, limit)
    if viewer.account_id is None:
        return []
    return search_engine.of_account(session, viewer.account_id, terms, kind, limit)


def _named(session: Session, viewer: Viewer, text: str) -> list[int]:
    """Cases of exactly this name: they have keys from the moment they are sent."""
    key = name_key(text)
    keyed = select(MatchKey.case_id).where(MatchKey.kind == "name", MatchKey.name == "", MatchKey.value == key)
    found = select(Case.id).where(Case.id.in_(keyed.where(MatchKey.case_id > 0)))
    if not viewer.is_staff:
        found = found.where(partaking(viewer.account_id, Case.id, Case.root_id).exists())
    return list(session.scalars(found.order_by(Case.id.desc()).limit(NAMED))) if key else []


def _slipped(session: Session, viewer: Viewer, terms: Sequence[Term], kind: str) -> tuple[tuple[Slip, ...], list[int]]:
    """What was taken for what, and what is found so."""
    like = _like(session, [term.typed for term in terms if has_slips(term.typed)])
    taken = {word: _readable(session, viewer, nearest(word, among), kind) for word, among in like.items()}
    mended = [replace(term, others=taken.get(term.typed, ())) for term in terms]
    if not any(term.others for term in mended):
        return (), []
    slips = tuple(
        Slip(term.typed, not _found(session, viewer, [replace(term, others=())], "", 1), term.others)
        for term in mended
        if term.others
    )
    return slips, _ordered(session, viewer, mended, kind)


def _like(session: Session, words: Iterable[str]) -> dict[str, list[str]]:
    """For each word those that share a key with it."""
    keys = {word: slip_keys(word) for word in words}
    if not keys:
        return {}
    asked = sorted({key for each in keys.values() for key in each})
    rows = session.execute(select(SearchWord.key, SearchWord.word).where(SearchWord.key.in_(asked)).limit(LIKE * 8))
    found: dict[str, list[str]] = {word: [] for word in keys}
    for key, word in rows:
        for typed, mine in keys.items():
            if key in mine:
                found[typed].append(word)
    return {typed: sorted(set(among)) for typed, among in found.items()}


def _readable(session: Session, viewer: Viewer, words: Sequence[str], kind: str) -> tuple[str, ...]:
    """The likeliest of the words that stand in what the viewer may read."""
    found: list[str] = []
    for word in words[:TRIED]:
        if len(found) < TAKEN and _found(session, viewer, [Term(word, whole=True)], kind, 1):
            found.append(word)
    return tuple(found)


def _case(session: Session, viewer: Viewer, text: str) -> str | None:
    try:
        case = session.get(Case, cases.case_id(text))
    except NoSuchCase:
        return None
    if case is None:
        return None
    if viewer.is_staff or case.root_id is None:
        return case.number if viewer.is_staff else None
    mine = session.scalar(partaking(viewer.account_id, case.id, case.root_id).order_by(Request.id).limit(1))
    return requests.request_number(mine) if mine is not None else None


def _request(session: Session, viewer: Viewer, text: str) -> str | None:
    try:
        request = session.get(Request, requests.request_id(text))
    except NoSuchRequest:
        return None
    if request is None or not (viewer.is_staff or request.account_id == viewer.account_id):
        return None
    return request.number


KNOWN_KINDS = ("", *KINDS)

"""Candidate duplicates by indexed keys: what the form, the API and the case page suggest, with reasons in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from request_tracker.rules.matching import Counter, Entry, Knowledge, Match, Prepared, prepare, rank
from request_tracker.store import cards, cases, lookup
from request_tracker.store.cards import Card
from request_tracker.store.cases import Case, case_number
from request_tracker.store.catalogue import CatalogueEntry, MatchKey
from request_tracker.store.dismissals import roots_dismissed_with
from request_tracker.store.lookup import Key, Owner
from request_tracker.store.requests import Request

READ = 150
FEW = 24
"""Of what was found so many are read, and so many that may be shown are compared."""
MEMBERS = 5
"""Of a tree so many different entries are compared with the other roots."""


@dataclass(frozen=True)
class Suggestion:
    """A live case or a catalogue entry that may be the same service. It shows nothing but the public card."""

    kind: str
    number: str
    service_name: str
    phase: str
    outcome: str | None
    accounts: int
    docs_url: str
    score: float
    decision: str
    reasons: tuple[str, ...]


def index_case(session: Session, case: Case, knowledge: Knowledge) -> None:
    """(Re)write the keys under which the case is found; those that stay the same are not touched."""
    _write(session, MatchKey.case_id == case.id, key_rows(prepare(_entry_of_case(case), knowledge), case_id=case.id))


def index_catalogue(session: Session, entry: CatalogueEntry, knowledge: Knowledge) -> None:
    """(Re)write the keys under which the catalogue entry is found."""
    prepared = prepare(cards.entry_of_catalogue(entry.name, entry.domain, entry.docs_url), knowledge)
    _write(session, MatchKey.catalogue_id == entry.id, key_rows(prepared, catalogue_id=entry.id))


def key_rows(
    prepared: Prepared, *, case_id: int | None = None, catalogue_id: int | None = None
) -> list[dict[str, Any]]:
    """The match keys of a case or a catalogue entry as rows to insert, the same order every time."""
    owner = {"case_id": case_id, "catalogue_id": catalogue_id}
    return [{**key._asdict(), **owner} for key in lookup.of(prepared)]


def affected(
    session: Session,
    keys: Iterable[tuple[str, str]],
    *,
    after_case: int = 0,
    after_catalogue: int = 0,
    limit: int = 500,
) -> tuple[list[int], list[int]]:
    """Ids of the cases and of the catalogue entries that carry one of these keys (kind, value), a page of each.

    Ascending, at most `limit` of each; the next page comes after the last ids of this one, and two empty lists end it.
    """
    wanted = list(keys)
    return (
        _carrying(session, wanted, MatchKey.case_id, after_case, limit),
        _carrying(session, wanted, MatchKey.catalogue_id, after_catalogue, limit),
    )


def suggest(
    session: Session, entry: Entry, knowledge: Knowledge, *, beside: int | None = None, limit: int = 5
) -> list[Suggestion]:
    """The best few matches, best first. `beside`: a case id whose own tree and dismissed pairs are left out."""
    left_out = _left_out(session, session.get_one(Case, beside)) if beside is not None else frozenset()
    best = _best(session, entry, knowledge, left_out=left_out)[:limit]
    counts = _accounts(session, [card.shown for card, _ in best if card.is_case])
    return [_suggestion(card, counts.get(card.shown, 0), match) for card, match in best]


def best_pairs(session: Session, case: Case, knowledge: Knowledge, limit: int = 8) -> list[tuple[int, Match]]:
    """The other roots most like the case or what is merged into it: (root's case id, match), best first.

    None of its own tree, and none because of a pair that was dismissed.
    """
    best: dict[int, Match] = {}
    left_out = _left_out(session, case)
    for member in _members(session, case):
        found = _best(session, _entry_of_case(member), knowledge, left_out=left_out, catalogue=False)
        for card, match in found:
            if card.shown not in best or match.score > best[card.shown].score:
                best[card.shown] = match
    return sorted(best.items(), key=lambda pair: (-pair[1].score, pair[0]))[:limit]


def _best(
    session: Session, entry: Entry, knowledge: Knowledge, *, left_out: frozenset[int], catalogue: bool = True
) -> list[tuple[Card, Match]]:
    """What answers the same wish, best first; each root once, for whatever of its tree is most alike."""
    session.flush()
    query = prepare(entry, knowledge)
    shared = lookup.shared(session, query, catalogue=catalogue)
    by_owner = {card.found: card for card in _pool(session, shared.weights, left_out)}
    pool = [(found, prepare(card.entry, knowledge)) for found, card in by_owner.items()]
    best: dict[Owner, tuple[Card, Match]] = {}
    for found, match in _ranked(session, query, pool, shared.names_on_domain, knowledge):
        best.setdefault(by_owner[found].shown, (by_owner[found], match))
    return list(best.values())


def _ranked(
    session: Session,
    query: Prepared,
    pool: list[tuple[Owner, Prepared]],
    on_domain: dict[str, int],
    knowledge: Knowledge,
) -> list[tuple[Owner, Match]]:
    """The pool best first, without those that are no match.

    First as if every word were common, which is the best that can be said; only the words of what is left are counted.
    """

    def ranked(pool: list[tuple[Owner, Prepared]], with_word: Counter) -> list[tuple[Owner, Match]]:
        return rank(
            query,
            pool,
            limit=len(pool),
            names_on_domain=lambda domain: on_domain.get(domain, 1),
            names_with_word=with_word,
            tuning=knowledge.tuning,
        )

    possible = {found for found, _ in ranked(pool, lambda word: lookup.MOST_WITH_WORD)}
    left = [one for one in pool if one[0] in possible]
    with_word = lookup.names_with(session, _left_words(query, left))
    return ranked(left, lambda word: with_word.get(word, 1))


def _pool(session: Session, weights: dict[Owner, float], left_out: frozenset[int]) -> list[Card]:
    """The few most telling of what was found, as far as they may be shown; equal ones of one tree count once."""
    nearest = sorted(weights, key=weights.__getitem__, reverse=True)[:READ]
    found = {card.found: card for card in cards.read(session, nearest)}
    kept = (found[owner] for owner in nearest if owner in found and not _is_left_out(found[owner], left_out))
    return list({(card.shown, card.entry): card for card in kept}.values())[:FEW]


def _is_left_out(card: Card, left_out: frozenset[int]) -> bool:
    return not left_out.isdisjoint((card.found, card.shown))


def _left_words(query: Prepared, pool: Iterable[tuple[Owner, Prepared]]) -> set[str]:
    """All words that one of a pair has and the other has not: their rarity counts."""
    own = set(query.words)
    return {
        word for _, other in pool if other.name_key != query.name_key for word in own.symmetric_difference(other.words)
    }


def _entry_of_case(case: Case) -> Entry:
    return Entry(case.service_name, case.service_url, case.api_docs_url)


def _members(session: Session, case: Case) -> list[Case]:
    """The root and what is merged into it, as far as they are written differently."""
    root = cases.root_of(session, case)
    entries = {_entry_of_case(member): member for member in reversed([root, *cases.tree(session, root.id)])}
    return list(reversed(entries.values()))[:MEMBERS]


def _left_out(session: Session, case: Case) -> frozenset[int]:
    """The own tree, and every tree of which a case was called different from one of it."""
    own = {case.id, *(member.id for member in cases.tree(session, case.root_id or case.id))}
    return frozenset(own | roots_dismissed_with(session, own))


def _write(session: Session, owned: ColumnElement[bool], rows: list[dict[str, Any]]) -> None:
    there = session.execute(select(MatchKey.kind, MatchKey.value, MatchKey.name, MatchKey.id).where(owned)).all()
    kept = {Key(kind, value, name): row_id for kind, value, name, row_id in there}
    wanted = {Key(row["kind"], row["value"], row["name"]): row for row in rows}
    gone = {row_id for _, _, _, row_id in there} - {row_id for key, row_id in kept.items() if key in wanted}
    if gone:
        session.execute(delete(MatchKey).where(MatchKey.id.in_(gone)))
    if new := [row for key, row in wanted.items() if key not in kept]:
        session.execute(insert(MatchKey), new)


def _carrying(
    session: Session, keys: list[tuple[str, str]], column: InstrumentedAttribute[int | None], after: int, limit: int
) -> list[int]:
    """Each key is read no further than the page reaches."""
    each = [
        select(
            select(column)
            .where(MatchKey.kind == key.kind, MatchKey.value == key.value, MatchKey.name == key.name, column > after)
            .order_by(column)
            .limit(limit)
            .subquery()
        )
        for key in (lookup.stored(Key(kind, value)) for kind, value in keys)
    ]
    found = session.scalars(union_all(*each)) if each else ()
    return sorted({one for one in found if one is not None})[:limit]


def _accounts(session: Session, roots: list[int]) -> dict[int, int]:
    if not roots:
        return {}
    rows = session.execute(
        select(Case.root_id, func.count(Request.account_id.distinct()))
        .join(Request, Request.case_id == Case.id)
        .where(Case.root_id.in_(roots), Request.withdrawn_at.is_(None))
        .group_by(Case.root_id)
    ).all()
    return {row[0]: row[1] for row in rows if row[0] is not None}


def _suggestion(card: Card, accounts: int, match: Match) -> Suggestion:
    number = case_number(card.shown) if card.is_case else card.service
    return Suggestion(
        "case" if card.is_case else "catalogue", number, card.service_name, card.phase, card.outcome, accounts,
        card.docs_url, match.score, match.decision, match.reasons,
    )  # fmt: skip

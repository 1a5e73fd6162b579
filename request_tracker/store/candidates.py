"""Candidate duplicates by indexed keys: what the form, the API and the case page suggest, with reasons in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, text
from sqlalchemy.orm import Session

from request_tracker.rules.matching import Entry, Knowledge, Match, Prepared, keys, prepare, rank, trigrams
from request_tracker.rules.terms import Outcome
from request_tracker.store.cases import Case, case_number
from request_tracker.store.catalogue import CatalogueEntry, MatchKey
from request_tracker.store.dismissals import dismissed_with
from request_tracker.store.requests import Request

RAREST = 6
FEW = 60
CROWDED = 2000
ENOUGH = 6000
TRIGRAM = "tri"
ANSWERING = (None, Outcome.RELEASED, Outcome.NOT_A_CANDIDATE)
KINDS = ("name", "domain", "page", "label")


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
    """(Re)write the keys under which the case is found."""
    session.execute(delete(MatchKey).where(MatchKey.case_id == case.id))
    _write(session, _of_case(case, knowledge), case_id=case.id)


def index_catalogue(session: Session, entry: CatalogueEntry, knowledge: Knowledge) -> None:
    session.execute(delete(MatchKey).where(MatchKey.catalogue_id == entry.id))
    _write(session, _of_entry(entry, knowledge), catalogue_id=entry.id)


def key_rows(
    prepared: Prepared, *, case_id: int | None = None, catalogue_id: int | None = None
) -> list[dict[str, Any]]:
    """The match keys of a case or a catalogue entry as rows to insert, the same order every time."""
    found = sorted({*keys(prepared), *((TRIGRAM, piece) for piece in trigrams(prepared))})
    owner = {"case_id": case_id, "catalogue_id": catalogue_id}
    return [{"kind": kind, "value": value[:255], **owner} for kind, value in found]


def suggest(
    session: Session, entry: Entry, knowledge: Knowledge, *, beside: int | None = None, limit: int = 5
) -> list[Suggestion]:
    """The best few matches, best first. `beside`: a case id whose own tree and dismissed pairs are left out."""
    query = prepare(entry, knowledge)
    case_ids, catalogue_ids = _found(session, query)
    cards = _cases(session, case_ids, beside)
    listed = _catalogue(session, catalogue_ids)
    pool: list[tuple[tuple[str, int], Prepared]] = [
        *((("case", row.id), _of_case(row, knowledge)) for row in cards.values()),
        *((("catalogue", row.id), _of_entry(row, knowledge)) for row in listed.values()),
    ]
    counts = _accounts(session, cards)
    return [
        _from_case(cards[row_id], counts.get(row_id, 0), match)
        if kind == "case"
        else _from_catalogue(listed[row_id], match)
        for (kind, row_id), match in rank(query, pool, limit=limit)
    ]


def _of_case(case: Case, knowledge: Knowledge) -> Prepared:
    return prepare(Entry(case.service_name, case.service_url, case.api_docs_url), knowledge)


def _of_entry(entry: CatalogueEntry, knowledge: Knowledge) -> Prepared:
    url = f"https://{entry.domain}/" if entry.domain else ""
    return prepare(Entry(entry.name, url, entry.docs_url), knowledge)


def _write(
    session: Session, prepared: Prepared, *, case_id: int | None = None, catalogue_id: int | None = None
) -> None:
    rows = key_rows(prepared, case_id=case_id, catalogue_id=catalogue_id)
    if rows:
        session.execute(insert(MatchKey), rows)


def _found(session: Session, query: Prepared) -> tuple[set[int], set[int]]:
    wanted = [MatchKey.value.in_([value[:255] for _, value in keys(query)]) & MatchKey.kind.in_(KINDS)]
    rare = _rarest(session, trigrams(query))
    if rare:
        wanted.append(MatchKey.value.in_(rare) & (MatchKey.kind == TRIGRAM))
    shared = func.count()
    rows = session.execute(
        select(MatchKey.case_id, MatchKey.catalogue_id)
        .where(or_(*wanted))
        .group_by(MatchKey.case_id, MatchKey.catalogue_id)
        .order_by(shared.desc(), MatchKey.case_id, MatchKey.catalogue_id)
        .limit(FEW)
    ).all()
    return {row[0] for row in rows if row[0]}, {row[1] for row in rows if row[1]}


def _rarest(session: Session, pieces: Iterable[str]) -> list[str]:
    """The few rarest pieces that anything has, rarest first; together they lead to no more rows than ENOUGH.

    Each is counted up to CROWDED only, and a crowded one tells too little to be followed: so the work stays the same
    however many cases there are.
    """
    asked = sorted(pieces)[:60]
    if not asked:
        return []
    values = {"most": CROWDED, **{f"p{at}": piece for at, piece in enumerate(asked)}}
    counted = session.execute(text(_counting(len(asked))), values)
    known = sorted((found, asked[at]) for at, found in counted if 0 < found < CROWDED)[:RAREST]
    totals = accumulate(found for found, _ in known)
    return [piece for (_, piece), total in zip(known, totals, strict=True) if total <= ENOUGH]


@cache
def _counting(number: int) -> str:
    """One statement that counts so many pieces, each for itself."""
    one = (
        "SELECT {at}, (SELECT count(*) FROM (SELECT 1 FROM match_key WHERE kind = '{kind}' AND value = :p{at}"
        " LIMIT :most) AS few)"
    )
    return " UNION ALL ".join(one.format(at=at, kind=TRIGRAM) for at in range(number))


def _cases(session: Session, ids: set[int], beside: int | None) -> dict[int, Case]:
    """The roots of what was found: live, or ended with a verdict that answers the same wish."""
    if not ids:
        return {}
    roots = select(Case.root_id).where(Case.id.in_(ids))
    # The outcome is looked at here: asked for it, SQLite walks the index of outcomes, which grows with the program.
    rows = [row for row in session.scalars(select(Case).where(Case.id.in_(roots))) if row.outcome in ANSWERING]
    left_out = _left_out(session, beside)
    return {row.id: row for row in rows if row.id not in left_out}


def _left_out(session: Session, beside: int | None) -> set[int]:
    if beside is None:
        return set()
    case = session.get_one(Case, beside)
    return {beside, case.root_id or beside, *dismissed_with(session, beside)}


def _catalogue(session: Session, ids: set[int]) -> dict[int, CatalogueEntry]:
    if not ids:
        return {}
    rows = session.scalars(
        select(CatalogueEntry).where(CatalogueEntry.id.in_(ids), CatalogueEntry.service_status != "sunset")
    )
    return {row.id: row for row in rows}


def _accounts(session: Session, cards: dict[int, Case]) -> dict[int, int]:
    if not cards:
        return {}
    rows = session.execute(
        select(Case.root_id, func.count(Request.account_id.distinct()))
        .join(Request, Request.case_id == Case.id)
        .where(Case.root_id.in_(cards), Request.withdrawn_at.is_(None))
        .group_by(Case.root_id)
    ).all()
    return {row[0]: row[1] for row in rows if row[0] is not None}


def _from_case(case: Case, accounts: int, match: Match) -> Suggestion:
    return Suggestion(
        "case", case_number(case.id), case.service_name, case.phase, case.outcome, accounts,
        case.api_docs_url, match.score, match.decision, match.reasons,
    )  # fmt: skip


def _from_catalogue(entry: CatalogueEntry, match: Match) -> Suggestion:
    return Suggestion(
        "catalogue", entry.service, entry.name, entry.service_status, None, 0,
        entry.docs_url, match.score, match.decision, match.reasons,
    )  # fmt: skip

"""What matching knows, as pages show it: rows by kind, the log of changes, what a merge taught."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.orm import Session

from request_tracker.rules.claims import Leads, alias_fault
from request_tracker.rules.entries import Entry, Knowledge, prepare
from request_tracker.rules.names import name_key
from request_tracker.store.aliases import SUBJECTS, Alias, DeclinedOffer, KnowledgeChange, facts_of, leads, row_of
from request_tracker.store.cases import Case, case_number
from request_tracker.store.merges import Merge
from request_tracker.store.people import Person
from request_tracker.store.reading_queue import BadFilter

PAGE = 50
MOST_ROWS = 2**31
MOST_OFFERS = 3
MOST_MERGES = 20
KEY = 255


@dataclass(frozen=True)
class Wanted:
    """What to list. `state`: used or retired."""

    subject: str
    q: str = ""
    kind: str = ""
    state: str = "used"
    cursor: str = ""


@dataclass(frozen=True)
class Row:
    """`facts`: the fields of store.aliases.SUBJECTS."""

    id: int
    facts: dict[str, str]
    added_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True)
class RowsPage:
    """`total` counts all that fit, `used` and `retired` all there are."""

    items: tuple[Row, ...]
    total: int
    used: int
    retired: int
    next_cursor: str


@dataclass(frozen=True)
class Change:
    """`by` is empty for what was seeded; such a line tells of many rows."""

    id: int
    subject: str
    row_id: int | None
    act: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    by: str
    at: datetime


@dataclass(frozen=True)
class Offer:
    """After a merge: two names that are not known as one. `alias` would lead to `canonical`."""

    merge_id: int
    child: str
    root: str
    alias: str
    canonical: str


def page(session: Session, wanted: Wanted) -> RowsPage:
    """One page of rows in the order of their first field. Raises BadFilter for a cursor that is none."""
    model, names = SUBJECTS[wanted.subject]
    retired = model.retired_at.isnot(None)
    fits = [*_conditions(wanted), retired if wanted.state == "retired" else ~retired]
    order = (func.lower(getattr(model, names[0])), model.id)
    found = select(model, order[0]).where(*fits).order_by(*order).limit(PAGE + 1)
    if wanted.cursor:
        found = found.where(tuple_(*order) > _uncursor(wanted.cursor))
    rows = session.execute(found).all()
    more = len(rows) > PAGE
    counted = {bool(row[0]): row[1] for row in session.execute(select(retired, func.count()).group_by(retired)).all()}
    return RowsPage(
        tuple(_row(wanted.subject, row[0]) for row in rows[:PAGE]),
        session.scalar(select(func.count()).select_from(model).where(*fits)) or 0,
        counted.get(False, 0),
        counted.get(True, 0),
        _cursor(rows[PAGE - 1][1], rows[PAGE - 1][0].id) if more else "",
    )


def one(session: Session, subject: str, row_id: int) -> Row:
    """Raises NoSuchKnowledge."""
    return _row(subject, row_of(session, subject, row_id))


def changes(session: Session, *, before: int = 0, limit: int = PAGE) -> tuple[Change, ...]:
    """The log, newest first; `before` an id to go on from."""
    found = _logged().order_by(KnowledgeChange.id.desc()).limit(limit)
    rows = session.execute(found.where(KnowledgeChange.id < before) if before else found).all()
    return tuple(_change(*row) for row in rows)


def story(session: Session, subject: str, row_id: int) -> tuple[Change, ...]:
    """What happened to one row, newest first."""
    mine = (KnowledgeChange.subject == subject) & (KnowledgeChange.row_id == row_id)
    rows = session.execute(_logged().where(mine).order_by(KnowledgeChange.id.desc()).limit(PAGE)).all()
    return tuple(_change(*row) for row in rows)


def every_alias(session: Session) -> list[dict[str, str]]:
    """The aliases in use, in the order of the page."""
    rows = session.scalars(
        select(Alias).where(Alias.retired_at.is_(None)).order_by(func.lower(Alias.canonical), Alias.id)
    )
    return [facts_of("alias", row) for row in rows]


def offers(session: Session, root: Case, known: Knowledge) -> tuple[Offer, ...]:
    """Names in the tree of this root that are not known as its own name and may be: the newest few merges."""
    links = session.execute(
        select(Merge, Case)
        .join(Case, Case.id == Merge.child_id)
        .where(Case.root_id == root.id, Merge.unmerged_at.is_(None))
        .order_by(Merge.id.desc())
        .limit(MOST_MERGES)
    ).all()
    strange = [(link, child) for link, child in links if not _known_as_one(child, root, known)]
    known_leads = leads(session, known.registrable) if strange else Leads()
    found: dict[tuple[str, str], Offer] = {}
    for link, child in strange:
        offer = _offer(session, link, child, root, known, known_leads)
        if offer:
            found.setdefault((offer.alias, offer.canonical), offer)
    return tuple(found.values())[:MOST_OFFERS]


def offer_of(session: Session, root: Case, merge_id: int, known: Knowledge) -> Offer | None:
    """The offer of one merge in the tree of this root; None where there is nothing to remember (any more)."""
    link = session.get(Merge, merge_id, populate_existing=True)
    child = session.get(Case, link.child_id) if link and link.unmerged_at is None else None
    if link is None or child is None or child.root_id != root.id or _known_as_one(child, root, known):
        return None
    return _offer(session, link, child, root, known, leads(session, known.registrable))


def name_keys(offer: Offer) -> tuple[str, str]:
    """The two names as keys, in order: one pair however the merge went."""
    left, right = sorted(name_key(name) for name in (offer.alias, offer.canonical))
    return left[:KEY], right[:KEY]


def _offer(
    session: Session, link: Merge, child: Case, root: Case, known: Knowledge, known_leads: Leads
) -> Offer | None:
    """The direction that could be stored, the root's name first as the one that stays. What was retired is over."""
    ends = (link.id, case_number(child.id), case_number(root.id))
    for alias, canonical in ((child.service_name, root.service_name), (root.service_name, child.service_name)):
        offer = Offer(*ends, " ".join(alias.split()), " ".join(canonical.split()))
        facts = {"alias": offer.alias, "canonical": offer.canonical, "kind": "confirmed", "source": "at the merge"}
        if alias_fault(facts, known_leads, known) is None:
            return None if _declined(session, offer) or _retired(session, offer) else offer
    return None


def _retired(session: Session, offer: Offer) -> bool:
    """Whether somebody retired just this, in either direction: only an admin may restore it."""
    names = [offer.alias, offer.canonical]
    both = select(Alias.id).where(Alias.alias.in_(names), Alias.canonical.in_(names), Alias.retired_at.isnot(None))
    return session.scalar(both.limit(1)) is not None


def _declined(session: Session, offer: Offer) -> bool:
    left, right = name_keys(offer)
    said_no = select(DeclinedOffer.id).where(DeclinedOffer.left_key == left, DeclinedOffer.right_key == right)
    return session.scalar(said_no) is not None


def _known_as_one(left: Case, right: Case, known: Knowledge) -> bool:
    return bool(_names(left, known) & _names(right, known))


def _names(case: Case, known: Knowledge) -> frozenset[str]:
    found = prepare(Entry(case.service_name), known)
    return frozenset({found.name_key, found.canonical}) | found.other_keys


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    model, names = SUBJECTS[wanted.subject]
    found: list[ColumnElement[bool]] = []
    searched = [name for name in names if name not in ("kind", "source")]
    if words := wanted.q.strip()[:200]:
        found.append(or_(*(getattr(model, name).icontains(words, autoescape=True) for name in searched)))
    if wanted.kind and "kind" in names:
        found.append(model.kind == wanted.kind)
    return found


def _row(subject: str, row: Any) -> Row:
    return Row(row.id, facts_of(subject, row), row.added_at, row.retired_at)


def _logged() -> Any:
    return select(KnowledgeChange, Person.name).outerjoin(Person, Person.id == KnowledgeChange.by_id)


def _change(row: KnowledgeChange, by: str | None) -> Change:
    return Change(row.id, row.subject, row.row_id, row.act, row.before, row.after, by or "", row.at)


def _cursor(text: str, row_id: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([text, row_id]).encode()).decode().rstrip("=")


def _uncursor(cursor: str) -> tuple[str, int]:
    try:
        text, last = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(text, str) or "\x00" in text or not isinstance(last, int) or not 0 <= last < MOST_ROWS:
            raise ValueError(cursor)
        text.encode()
        return text, last
    except (ValueError, TypeError, RecursionError) as fault:
        raise BadFilter("cursor: go back to the first page") from fault

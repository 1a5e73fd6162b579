"""The timeline: append-only, hash-chained per case; text sits in a table of its own that can be erased."""

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of
from request_tracker.store.cases import Case, case_number

UNLED = "unled"
"""In the data of an entry with words written while nobody led the case: they are nobody's own but the staff's."""


class Entry(Base):
    """`audience`: public (everybody in the tree), account (the account's people and staff), staff.

    `data` holds ids, before and after, never text of a person; `text_digest` is the salted digest of the text.
    """

    __tablename__ = "timeline"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    seq: Mapped[int]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    audience: Mapped[str] = mapped_column(String(10))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(40))
    data: Mapped[dict[str, Any]]
    text_digest: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[datetime]
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    __table_args__ = (
        one_of("audience", ("public", "account", "staff")),
        Index("uq_timeline_seq", "case_id", "seq", unique=True),
        Index("ix_timeline_at", "at", "kind", "case_id"),
    )


class EntryText(Base):
    """The words of an entry. Erasing empties `body` and `salt`: the chain stays whole, the words are gone."""

    __tablename__ = "timeline_text"
    entry_id: Mapped[int] = mapped_column(ForeignKey("timeline.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    salt: Mapped[str | None] = mapped_column(String(32))
    body: Mapped[str | None] = mapped_column(Text)
    erased_at: Mapped[datetime | None]


class Undone(Base):
    """Marks an entry whose effects were taken back; a row of its own, since entries never change."""

    __tablename__ = "undone"
    entry_id: Mapped[int] = mapped_column(ForeignKey("timeline.id"), primary_key=True)
    by_entry_id: Mapped[int] = mapped_column(ForeignKey("timeline.id"))
    at: Mapped[datetime]


class ChainAnchor(Base):
    """A nightly digest over all chain heads."""

    __tablename__ = "chain_anchor"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    cases: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))


def append(
    session: Session,
    case: Case,
    kind: str,
    *,
    actor_id: int | None,
    now: datetime,
    data: dict[str, Any] | None = None,
    text: str = "",
    audience: str = "public",
    account_id: int | None = None,
) -> Entry:
    """Write the next entry of the case's chain and move the head kept on the case row."""
    salt = secrets.token_hex(16) if text else None
    entry = Entry(
        case_id=case.id,
        seq=case.chain_count + 1,
        account_id=account_id or case.account_id,
        audience=audience,
        actor_id=actor_id,
        kind=kind,
        data=data or {},
        text_digest=_text_digest(salt, text) if salt else None,
        at=now,
        previous=case.chain_head,
    )
    entry.digest = digest_of(entry)
    session.add(entry)
    session.flush()
    case.chain_head, case.chain_count, case.touched_at = entry.digest, entry.seq, now
    if salt:
        session.add(EntryText(entry_id=entry.id, account_id=entry.account_id, salt=salt, body=text))
    return entry


def digest_of(entry: Any) -> str:
    """SHA-256 over the previous digest and every column that must never change, of an Entry or a row of its columns."""
    kept = [
        entry.previous, entry.case_id, entry.seq, entry.account_id, entry.audience, entry.actor_id, entry.kind,
        entry.data, entry.text_digest, entry.at.isoformat(timespec="microseconds"),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _text_digest(salt: str | None, text: str) -> str:
    return hashlib.sha256(f"{salt}{text}".encode(errors="surrogatepass")).hexdigest()


def is_own(entry: Entry, account_id: int | None) -> bool:
    """Whether the typed words of the entry are this account's to read."""
    return entry.account_id == account_id and not entry.data.get(UNLED)


def stands(session: Session, entry_id: int) -> bool:
    """Whether what the entry did has not been taken back."""
    return session.get(Undone, entry_id) is None


def anchor(session: Session, now: datetime) -> bool:
    """Keep a digest over the heads of all chains, once a day. True when one was written."""
    last = session.scalar(select(ChainAnchor.at).order_by(ChainAnchor.id.desc()).limit(1))
    if last is not None and now < last + timedelta(days=1):
        return False
    total, digest = 0, hashlib.sha256()
    for case_id, head in session.execute(select(Case.id, Case.chain_head).order_by(Case.id)):
        total += 1
        digest.update(f"{case_id}:{head}\n".encode())
    session.add(ChainAnchor(at=now, cases=total, digest=digest.hexdigest()))
    return True


@dataclass(frozen=True)
class Stretch:
    """The chains of some cases, looked at: the last case's id (0: there were none), and by case what is not whole."""

    upto: int
    cases: int
    entries: int
    faults: Mapping[int, str]


def broken(session: Session) -> list[str]:
    """A sentence for each case whose chain is not whole; empty when all are."""
    found, upto = dict[int, str](), 0
    while (stretch := verify(session, after=upto)).cases:
        upto = stretch.upto
        found |= stretch.faults
    return [f"{case_number(case_id)}: {fault}" for case_id, fault in found.items()]


def verify(session: Session, *, after: int = 0, limit: int = 200, only: Collection[int] = ()) -> Stretch:
    """Look at the chains of the next cases by id, or of these alone. Three statements, however many there are.

    A case that is written to meanwhile may look broken: look at it again while it is locked before it is told.
    """
    wanted = Case.id.in_(only) if only else Case.id > after
    found = select(Case.id, Case.chain_head, Case.chain_count).where(wanted).order_by(Case.id).limit(limit)
    heads = {case_id: (head, count) for case_id, head, count in session.execute(found)}
    chains = _chains(session, heads)
    faults = {case_id: said for case_id, head in heads.items() if (said := _fault(chains[case_id], *head))}
    return Stretch(max(heads, default=0), len(heads), sum(map(len, chains.values())), faults)


def _chains(session: Session, case_ids: Collection[int]) -> dict[int, list[Any]]:
    """The entries of each case in their order, each with salt, body and erased_at of its words."""
    kept = Entry.__table__.c
    chains: dict[int, list[Any]] = {case_id: [] for case_id in case_ids}
    found = (
        select(*kept, EntryText.entry_id, EntryText.salt, EntryText.body, EntryText.erased_at)
        .outerjoin(EntryText, EntryText.entry_id == Entry.id)
        .where(Entry.case_id.in_(case_ids))
        .order_by(Entry.case_id, Entry.seq)
    )
    for row in session.execute(found):
        chains[row.case_id].append(row)
    return chains


def _fault(entries: Sequence[Any], head: str, count: int) -> str:
    previous = ""
    for number, entry in enumerate(entries, 1):
        if entry.seq != number or entry.previous != previous or digest_of(entry) != entry.digest:
            return f"entry {entry.seq} does not follow from the one before"
        if _text_changed(entry):
            return f"the text of entry {entry.seq} was changed"
        previous = entry.digest
    return "" if (head, count) == (previous, len(entries)) else "the last entries are missing"


def _text_changed(entry: Any) -> bool:
    if entry.entry_id is None or entry.erased_at is not None:
        return bool(entry.entry_id is None and entry.text_digest is not None)
    return bool(_text_digest(entry.salt, entry.body or "") != entry.text_digest)

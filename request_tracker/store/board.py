"""The public board as rows to read from: each case's place on it, kept up by the worker; and what staff took off it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import ForeignKey, Index, String, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.addresses import host_and_path
from request_tracker.rules.board import CUSTOMERS, EVERYONE, OFF, stage
from request_tracker.rules.names import name_key
from request_tracker.rules.people import Viewer
from request_tracker.rules.submission import web_address
from request_tracker.store import policies
from request_tracker.store.base import Base, insertion, partial
from request_tracker.store.cases import Case
from request_tracker.store.facts import supporting_accounts

AT_ONCE = 1_000
LOOK_BACK = timedelta(minutes=10)
"""Who wrote first need not be committed first: so far back is looked for what was missed."""
BY_LETTER = String(255).with_variant(String(255, collation="C"), "postgresql")
"""Text whose beginning an index finds."""


class Unlisted(Base):
    """The case stays off the board, for as long as the row stands."""

    __tablename__ = "board_unlisted"
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class BoardRow(Base):
    """A case as the board sorts and finds it; `stage` is empty while it is not on it. It may be a minute behind: what
    is shown, and whether it is shown, is read from the case itself.

    `host` is that of the documentation: the website may name a customer's own place. `touched_at` and `seq` (the
    length of its history) are the case's when the row was written.
    """

    __tablename__ = "board_row"
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True, autoincrement=False)
    stage: Mapped[str] = mapped_column(String(30))
    accounts: Mapped[int]
    opened_at: Mapped[datetime]
    name_key: Mapped[str] = mapped_column(BY_LETTER)
    host: Mapped[str] = mapped_column(BY_LETTER)
    touched_at: Mapped[datetime]
    seq: Mapped[int]
    __table_args__ = (
        partial("ix_board_row_accounts", "accounts", "case_id", where="stage <> ''"),
        partial("ix_board_row_opened", "opened_at", "case_id", where="stage <> ''"),
        Index("ix_board_row_stage_accounts", "stage", "accounts", "case_id"),
        Index("ix_board_row_stage_opened", "stage", "opened_at", "case_id"),
        partial("ix_board_row_name", "name_key", where="stage <> ''"),
        partial("ix_board_row_host", "host", where="stage <> ''"),
        Index("ix_board_row_touched", "touched_at"),
    )


def level(session: Session) -> str:
    """Who may read the board; off where nobody ever decided."""
    row = policies.in_force(session, policies.BOARD)
    return str(row.value["level"]) if row else OFF


def may_read(session: Session, viewer: Viewer | None) -> bool:
    return is_open(level(session), viewer)


def is_open(level: str, viewer: Viewer | None) -> bool:
    return level in ((EVERYONE,) if viewer is None else (CUSTOMERS, EVERYONE))


def unlisted(session: Session, case_id: int) -> Unlisted | None:
    return session.get(Unlisted, case_id)


def public_docs(url: str) -> str:
    """The documentation's address as everybody may read it: without what somebody's session put behind it."""
    if not web_address(url):
        return ""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def docs_host(url: str) -> str:
    """`docs.acme.com` → `acme.com`, as somebody would type it: the part that every vendor has is left out."""
    host = host_and_path(url)[0]
    first, _, rest = host.partition(".")
    return rest if "." in rest and first in _USUAL else host


def host_begins(typed: str) -> str:
    """What the host begins with, where only its beginning was typed: `docs.acm` → `acm`."""
    host = host_and_path(typed)[0] or typed.lower()
    first, _, rest = host.partition(".")
    return rest if rest and first in _USUAL else host


_USUAL = frozenset({"www", "docs", "doc", "api", "apis", "developer", "developers", "dev", "help", "support", "rest"})


def refresh(session: Session) -> int:
    """Write the rows of the next cases that changed since they were written, oldest change first. Answers how many.

    Running twice, or in two places at once, writes the same rows.
    """
    found = _changed(session)
    counts = supporting_accounts(session, [case.id for case in found]) if found else {}
    rows = [_row(case, counts.get(case.id, 0)) for case in found]
    if rows:
        put = insertion(session, BoardRow)
        told = {name: put.excluded[name] for name in rows[0] if name != "case_id"}
        session.execute(put.on_conflict_do_update(index_elements=["case_id"], set_=told), rows)
    return len(rows)


def _changed(session: Session) -> Sequence[Case]:
    newest = session.scalar(select(func.max(BoardRow.touched_at)))
    since = [Case.touched_at >= newest - LOOK_BACK] if newest else []
    other = or_(BoardRow.case_id.is_(None), BoardRow.seq != Case.chain_count, BoardRow.touched_at != Case.touched_at)
    wanted = select(Case).outerjoin(BoardRow, BoardRow.case_id == Case.id).where(other, *since)
    return session.scalars(wanted.order_by(Case.touched_at, Case.id).limit(AT_ONCE)).all()


def _row(case: Case, accounts: int) -> dict[str, object]:
    return {
        "case_id": case.id,
        "stage": stage(case.phase, case.outcome, is_root=case.merged_into_id is None),
        "accounts": accounts,
        "opened_at": case.opened_at,
        "name_key": name_key(case.service_name)[:255],
        "host": docs_host(case.api_docs_url)[:255],
        "touched_at": case.touched_at,
        "seq": case.chain_count,
    }

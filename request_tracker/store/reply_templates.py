"""Words that are used again: questions and declines with a name, for all specialists."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.terms import Criterion
from request_tracker.store.base import Base, one_of, partial, tied
from request_tracker.store.people import Person

KINDS = ("question", "decline", "comment")


class ReplyTemplate(Base):
    """`criterion` and `alternatives` (one a line) only with a decline."""

    __tablename__ = "reply_template"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(80))
    body: Mapped[str] = mapped_column(Text)
    criterion: Mapped[str | None] = mapped_column(String(30))
    alternatives: Mapped[str] = mapped_column(Text, default="")
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    changed_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("kind", KINDS),
        one_of("criterion", Criterion),
        tied("name <> '' AND body <> ''", "has_words"),
        tied("kind = 'decline' OR (criterion IS NULL AND alternatives = '')", "declines_have_criteria"),
        partial("uq_reply_template_name", "kind", "name", where="retired_at IS NULL", unique=True),
    )


@dataclass(frozen=True)
class Words:
    """A template as pages show it."""

    id: int
    kind: str
    name: str
    body: str
    criterion: str | None
    alternatives: str
    changed_by: str
    changed_at: datetime
    retired_at: datetime | None


def all_of(session: Session) -> tuple[Words, ...]:
    """Every template, retired ones too, by kind and name."""
    found = (
        select(ReplyTemplate, Person.name)
        .outerjoin(Person, Person.id == ReplyTemplate.changed_by_id)
        .order_by(ReplyTemplate.kind, ReplyTemplate.name, ReplyTemplate.id)
    )
    return tuple(_words(row, name) for row, name in session.execute(found))


def offered(session: Session) -> tuple[Words, ...]:
    """Those that can be used, by kind and name. One statement."""
    found = (
        select(ReplyTemplate)
        .where(ReplyTemplate.retired_at.is_(None))
        .order_by(ReplyTemplate.kind, ReplyTemplate.name, ReplyTemplate.id)
    )
    return tuple(_words(row, None) for row in session.scalars(found))


def one(session: Session, template_id: int) -> Words | None:
    row = session.get(ReplyTemplate, template_id)
    return _words(row, None) if row is not None else None


def _words(row: ReplyTemplate, who: str | None) -> Words:
    return Words(
        row.id, row.kind, row.name, row.body, row.criterion, row.alternatives, who or "", row.changed_at,
        row.retired_at,
    )  # fmt: skip

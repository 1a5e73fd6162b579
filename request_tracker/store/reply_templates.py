"""Words that are used again: questions and declines with a name, for all specialists."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.rules.terms import Criterion
from request_tracker.store.base import Base, one_of, partial, tied

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

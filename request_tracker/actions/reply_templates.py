"""Templates for questions, declines and comments are written, changed and retired."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import auditing
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.reply_words import BLANKS, unknown
from request_tracker.rules.strangers import plain
from request_tracker.rules.terms import Criterion, Role
from request_tracker.store.reply_templates import KINDS, ReplyTemplate

MAY_WRITE = (Role.SPECIALIST, Role.LEAD, Role.ADMIN)
MOST_NAME, MOST_BODY = 80, 4000


class NoSuchTemplate(LookupError):
    """There is no template of this id."""


@dataclass(frozen=True)
class Draft:
    """What was typed. `criterion` and `alternatives` count with a decline only."""

    kind: str
    name: str
    body: str
    criterion: str = ""
    alternatives: str = ""


def save(session: Session, template_id: int | None, draft: Draft, act: Act) -> ReplyTemplate:
    """Write a new template (id None) or change one. Raises Unfit, NotAllowed, NoSuchTemplate."""
    _may(act)
    row = ReplyTemplate(kind=draft.kind) if template_id is None else found(session, template_id)
    if row.retired_at is not None:
        raise Unfit("name", "This template was retired: bring it back before you change it")
    _check(session, row, draft)
    decline = row.kind == "decline"
    row.name, row.body = plain(draft.name, MOST_NAME), draft.body.strip()
    row.criterion = (draft.criterion or None) if decline else None
    row.alternatives = "\n".join(_lines(draft.alternatives)) if decline else ""
    row.changed_by_id, row.changed_at = act.who.id, act.now
    session.add(row)
    session.flush()
    auditing.note(session, act, "template.saved", _named(row), template=row.id)
    return row


def retire(session: Session, template_id: int, act: Act) -> ReplyTemplate:
    """Take it out of the lists; what was sent with its words stays. Idempotent."""
    _may(act)
    row = found(session, template_id)
    if row.retired_at is None:
        row.retired_at = row.changed_at = act.now
        row.changed_by_id = act.who.id
        auditing.note(session, act, "template.retired", _named(row), template=row.id)
    return row


def restore(session: Session, template_id: int, act: Act) -> ReplyTemplate:
    """Bring a retired one back. Raises Unfit where another has its name by now."""
    _may(act)
    row = found(session, template_id)
    if row.retired_at is not None:
        _must_be_free(session, row, row.name)
        row.retired_at = None
        row.changed_by_id, row.changed_at = act.who.id, act.now
        auditing.note(session, act, "template.restored", _named(row), template=row.id)
    return row


def found(session: Session, template_id: int) -> ReplyTemplate:
    row = session.get(ReplyTemplate, template_id)
    if row is None:
        raise NoSuchTemplate("There is no such template")
    return row


def _may(act: Act) -> None:
    if act.who.role not in MAY_WRITE:
        raise NotAllowed("Only a specialist, a lead or an admin may write templates")


def _check(session: Session, row: ReplyTemplate, draft: Draft) -> None:
    if row.kind not in KINDS:
        raise Unfit("kind", "Choose what the words are for")
    name = plain(draft.name, MOST_NAME + 1)
    if not name:
        raise Unfit("name", "Give it a name by which colleagues find it")
    short_enough("name", name, most=MOST_NAME)
    _must_be_free(session, row, name)
    _check_words(draft)
    if draft.criterion and draft.criterion not in list(Criterion):
        raise Unfit("criterion", "Choose a criterion from the list, or none")


def _check_words(draft: Draft) -> None:
    if not draft.body.strip():
        raise Unfit("body", "Write the words")
    for field, text in (("body", draft.body), ("alternatives", draft.alternatives)):
        short_enough(field, text, most=MOST_BODY)
        if strange := unknown(text):
            known = ", ".join(f"{{{name}}}" for name in BLANKS)
            raise Unfit(field, f"{strange[0]} would stand in the letter as it is: the blanks are {known}")


def _must_be_free(session: Session, row: ReplyTemplate, name: str) -> None:
    same = select(ReplyTemplate.id).where(
        ReplyTemplate.kind == row.kind, ReplyTemplate.name == name, ReplyTemplate.retired_at.is_(None)
    )
    if row.id is not None:
        same = same.where(ReplyTemplate.id != row.id)
    if session.scalar(same.limit(1)) is not None:
        raise Unfit("name", "Another template of this kind has this name: choose another, or change that one")


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _named(row: ReplyTemplate) -> str:
    return f"“{row.name}” ({row.kind})"

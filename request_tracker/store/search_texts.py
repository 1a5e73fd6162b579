"""What is written on cases, piece by piece, with whose it is: what the search index holds and snippets show."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from request_tracker.rules import telling
from request_tracker.rules.people import Viewer
from request_tracker.rules.searching import NAME, NOTE, REQUEST, TALK
from request_tracker.store.cases import Case
from request_tracker.store.people import Account, Person
from request_tracker.store.requests import Request, request_number
from request_tracker.store.timeline import UNLED, Entry, EntryText

SHARED, STAFF = "shared", "staff"
THE_NAME = "the service’s name"
TYPED = (
    ("service_name", NAME, THE_NAME),
    ("service_url", NAME, "the website"),
    ("api_docs_url", NAME, "the address of the API documentation"),
    ("use_case", REQUEST, "the use case"),
    ("data_needed", REQUEST, "the data needed"),
    ("custom_fields", REQUEST, "the custom fields"),
    ("also_tell", REQUEST, "who else should be told"),
    ("group_wanted", REQUEST, "the group wished for"),
    ("fivetran_role", REQUEST, "the requester’s role"),
)
"""What somebody typed into the form: column, kind, and where it was found, after “in ”."""
TOLD = {
    "comment": "a comment",
    "comment.internal": "an internal note",
    "hold.on": "a question",
    "hold.answered": "an answer",
    "slots": "the times offered for a call",
    "meeting.asked": "a wish for another meeting time",
    "minutes.objected": "what was said of the minutes",
    "evidence": "a note on evidence",
    "assessment": "the assessment",
    "corrected": "a correction",
}


@dataclass(frozen=True)
class Source:
    """One text. `audience`: `shared` is read by everybody who takes part in the case, `staff` by staff alone, `account`
    by staff and the people of `account_id`."""

    case_id: int
    audience: str
    account_id: int | None
    kind: str
    where: str
    text: str

    def is_read_by(self, account_id: int | None) -> bool:
        """Whether the people of the account may read it (None: staff)."""
        return account_id is None or self.audience == SHARED or self.account_id == account_id


def cards(session: Session, ids: Collection[int]) -> Iterator[Source]:
    """The name and documentation of each case and of the root it belongs to; the case's website is for staff."""
    root = aliased(Case)
    found = select(
        Case.id, Case.service_name, Case.service_url, Case.api_docs_url, root.service_name, root.api_docs_url, root.id
    ).join(root, root.id == Case.root_id)
    for own, name, url, docs, above, docs_above, root_id in session.execute(found.where(Case.id.in_(ids))):
        yield Source(own, SHARED, None, NAME, THE_NAME, name)
        yield Source(own, STAFF, None, NAME, TYPED[1][2], url)
        yield Source(own, SHARED, None, NAME, TYPED[2][2], docs)
        if root_id != own:
            yield Source(own, SHARED, None, NAME, THE_NAME, above)
            yield Source(own, SHARED, None, NAME, TYPED[2][2], docs_above)


def requests(session: Session, ids: Collection[int], viewer: Viewer | None = None) -> Iterator[Source]:
    """What was typed into the requests of these cases, and who asked; to a requester their own account's alone."""
    columns = [getattr(Request, column) for column, _, _ in TYPED]
    found = (
        select(Request.id, Request.case_id, Request.account_id, Person.name, Account.name, *columns)
        .join(Person, Person.id == Request.person_id)
        .join(Account, Account.id == Request.account_id)
        .where(Request.case_id.in_(ids))
        .order_by(Request.id)
    )
    if viewer is not None and not viewer.is_staff:
        found = found.where(Request.account_id == viewer.account_id)
    for request_id, case_id, account_id, person, account, *texts in session.execute(found):
        whose = (case_id, "account", account_id)
        yield Source(*whose, NAME, "its number", request_number(request_id))
        for (_, kind, where), text in zip(TYPED, texts, strict=True):
            yield Source(*whose, kind, where, text)
        yield Source(*whose, REQUEST, "who asked", person)
        yield Source(case_id, STAFF, None, NAME, "the account", account)


def told(session: Session, ids: Collection[int], viewer: Viewer | None = None) -> Iterator[Source]:
    """The words on the timelines of these cases, as store.reading_timeline tells whose they are; newest first."""
    found = (
        select(Entry.case_id, Entry.audience, Entry.account_id, Entry.kind, Entry.data, EntryText.body)
        .join(EntryText, EntryText.entry_id == Entry.id)
        .where(Entry.case_id.in_(ids), EntryText.body.is_not(None))
        .order_by(Entry.id.desc())
    )
    if viewer is not None and not viewer.is_staff:
        found = found.where(Entry.account_id == viewer.account_id, Entry.audience != "staff")
    for case_id, audience, account_id, kind, data, body in session.execute(found):
        is_theirs = audience != "staff" and not data.get(UNLED)
        mine, owner = ("account", account_id) if is_theirs else (STAFF, None)
        for _, text in telling.words(body):
            yield Source(case_id, mine, owner, TALK if audience != "staff" else NOTE, _where(kind), text)


def _where(kind: str) -> str:
    return TOLD.get(kind) or ("the reasons of a decision" if kind.startswith("move.") else "the history")

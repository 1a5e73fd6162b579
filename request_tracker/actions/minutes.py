"""The minutes of the consultation: three records made at once, and the requester's word that something is not right."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from request_tracker.actions import evidence, meetings, record
from request_tracker.actions.evidence import Fact
from request_tracker.actions.meetings import Plan
from request_tracker.actions.rooted import must_be_root
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.rules.evidence import EVIDENCE, MINUTES
from request_tracker.rules.meetings import MeetingState
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Phase
from request_tracker.store import evidence as kept
from request_tracker.store import meetings as kept_meetings
from request_tracker.store import requests
from request_tracker.store.cases import Case
from request_tracker.store.holds import Comment
from request_tracker.store.timeline import Entry

WRONG = "The requester says that this is not right"
ACCESS = "Access: "
"""Begins the line about access in the note of what was shown."""


@dataclass(frozen=True)
class Minutes:
    """The three things. `access`: how it is granted, or what was shown of it; it stands in the note of what was shown,
    as access itself is seen by the system."""

    access: str = ""
    shown: str = ""
    use_cases: str = ""
    data: str = ""

    def notes(self) -> dict[str, str]:
        """By key of evidence."""
        access = " ".join(self.access.split())
        shown = "\n".join(filter(None, [self.shown.strip(), f"{ACCESS}{access}" if access else ""]))
        return dict(zip(MINUTES, (shown, self.use_cases.strip(), self.data.strip()), strict=True))


FIELDS = ("shown", "use_cases", "data")
"""The fields of Minutes in the order of the evidence they are recorded as."""


def split(note: str) -> tuple[str, str]:
    """What was shown, and the line about access, out of the note they stand in together."""
    shown, found, access = f"\n{note}".rpartition(f"\n{ACCESS}")
    return (shown.strip(), access.strip()) if found else (note, "")


def put(session: Session, case: Case, minutes: Minutes, act: Act) -> bool:
    """Record what came out of the meeting, in one go: a booked one that has begun was held. The requester gets one
    letter and confirms. What stands as it is stays; False where all does. Raises NotAllowed, Refused, Unfit."""
    must_be_root(case)
    if case.outcome is None and Phase(case.phase) is not Phase.CONSULTATION:
        raise Unfit("shown", "Minutes are written during the consultation")
    notes = minutes.notes()
    for field, (key, note) in zip(FIELDS, notes.items(), strict=True):
        if not split(note)[0]:
            raise Unfit(field, f"Write a line about this: {EVIDENCE[key].label.lower()}")
        short_enough(field, note)
    standing = kept.standing(session, case.id)
    new = [Fact(key, note=note) for key, note in notes.items() if key not in standing or standing[key].note != note]
    for fact in new:
        evidence.put(session, case, fact, act, tell=fact is new[-1])
    _held(session, case, act)
    return bool(new)


def object_to(session: Session, case: Case, keys: Collection[str], act: Act, *, words: str) -> Entry:
    """The primary requester says what is not right: those records no longer stand until they are written anew, and who
    works on the case is told. Raises NotAllowed, Unfit (parts, words)."""
    must_be_root(case)
    primary = requests.primary_of(session, case)
    if primary is None or primary.person_id != act.who.id:
        raise NotAllowed("Only the primary requester of this case may do this")
    standing = kept.standing(session, case.id)
    if case.outcome is not None or "minutes_confirmed" in standing or not set(MINUTES) <= set(standing):
        raise Unfit("words", "There are no minutes to confirm at the moment: write a comment instead")
    wrong = [key for key in MINUTES if key in keys]
    if not wrong:
        raise Unfit("parts", "Tick what is not right")
    if not words.strip():
        raise Unfit("words", "Write what is not right, and how it should read")
    short_enough("words", words)
    entry = record.entry(
        session, case, act, "minutes.objected", data={"keys": wrong}, words={"comment": words.strip()},
        audience="account", account_id=act.who.account_id,
    )  # fmt: skip
    _comment(session, case, act, words)
    for key in wrong:
        evidence.lose(session, case, key, act, reason=WRONG)
    record.notify(session, "minutes_wrong", case, act, entry)
    return entry


def _comment(session: Session, case: Case, act: Act, words: str) -> None:
    """It stands in the conversation too, where it is answered."""
    author, account = act.who.id, act.who.account_id
    assert author is not None, "a person objects"
    session.add(
        Comment(
            case_id=case.id,
            account_id=account or case.account_id,
            author_id=author,
            internal=False,
            body=words.strip(),
            at=act.now,
        )
    )


def _held(session: Session, case: Case, act: Act) -> None:
    found = kept_meetings.open_of(session, case.id)
    if found is None or found.state != MeetingState.BOOKED or found.starts_at is None or found.starts_at > act.now:
        return
    meetings.over(session, case, found, act, "held", Plan())

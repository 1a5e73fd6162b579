"""The small forms of a requester's page: answers, notes, comments, with what was wrong with one of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from request_tracker.rules.terms import HoldReason
from request_tracker.store.case_rows import CaseView
from request_tracker.web.case_forms import Flags, FormField, Label

COMMENT = "comment"
FILE = "file"


@dataclass(frozen=True)
class Attempt:
    """A small form that was not taken: the id of its field, what was typed, what to do about it."""

    field_id: str = ""
    typed: str = ""
    message: str = ""


@dataclass(frozen=True)
class Trouble:
    """The wrong field of a page, as parts/error_summary.html and the page's title take it."""

    fields: tuple[FormField, ...]
    form_errors: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[FormField]:
        return iter(self.fields)

    @property
    def errors(self) -> list[str]:
        return [message for field in self.fields for message in field.errors]


@dataclass(frozen=True)
class Question:
    hold_id: int
    text: str
    since: datetime
    expected_until: datetime | None
    field: FormField


def questions_of(view: CaseView, attempt: Attempt) -> tuple[Question, ...]:
    return tuple(
        Question(
            hold.id, hold.question, hold.since, hold.expected_until,
            field(f"answer-{hold.id}", "Your answer", "body", attempt),
        )
        for hold in view.open_holds
        if HoldReason(hold.reason).on_requester
    )  # fmt: skip


def note(name: str, attempt: Attempt) -> FormField:
    return field(f"note-{name}", "Anything to add?", "note", attempt, required=False)


def field(field_id: str, label: str, name: str, attempt: Attempt, *, required: bool = True) -> FormField:
    wrong = attempt.field_id == field_id
    return FormField(
        id=field_id,
        name=name,
        label=Label(label),
        data=attempt.typed if wrong else "",
        errors=(attempt.message,) if wrong else (),
        flags=Flags(required),
    )


def trouble(fields: tuple[FormField, ...]) -> Trouble | None:
    wrong = tuple(field for field in fields if field.errors)
    return Trouble(wrong) if wrong else None

"""The forms of the case page: built from the tables of the rules, with what was typed and what was wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from request_tracker.rules.phases import Blocker

Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Label:
    text: str


@dataclass(frozen=True)
class Flags:
    required: bool


@dataclass(frozen=True)
class FormField:
    """A field as templates/parts/field.html draws it. `kind`: text, area, select, radio, check, url, date or
    datetime-local."""

    id: str
    name: str
    label: Label
    kind: str = "text"
    hint: str = ""
    data: str | None = ""
    errors: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    flags: Flags = field(default_factory=lambda: Flags(True))


@dataclass(frozen=True)
class CaseForm:
    """One form of the page. `open`: shown unfolded; `danger`: it ends or takes back something; `key`: the single key
    that presses it; `words`: the kind of templates that fill it, and by what name the address asks for it (`asked`)."""

    id: str
    action: str
    button: str
    fields: tuple[FormField, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    danger: bool = False
    open: bool = False
    key: str = ""
    words: str = ""
    asked: str = ""


@dataclass(frozen=True)
class Attempt:
    """A post that was not taken: which form, what was typed, which fields were wrong, what stood in its way."""

    form_id: str = ""
    typed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    errors: tuple[tuple[str, str], ...] = ()
    blockers: tuple[Blocker, ...] = ()

    def text(self, form_id: str, name: str, default: str | None = "") -> str | None:
        """What was typed into the field, or the default where this form was not sent."""
        if form_id != self.form_id:
            return default
        return "\n".join(self.typed.get(name, ()))

    def wrong(self, form_id: str, name: str) -> tuple[str, ...]:
        return tuple(message for at, message in self.errors if at == name) if form_id == self.form_id else ()


NOTHING = Attempt()


@dataclass(frozen=True)
class Asked:
    """What the address asks of the page: a form that stands open (`do`), a section that does (`open`), the words of a
    template in that form."""

    do: str = ""
    open: str = ""
    template: str = ""

    @property
    def form_id(self) -> str:
        return DOES.get(self.do, f"move-{self.do}") if self.do else ""


DOES = {"ask": "hold", "hold": "hold", "comment": "comment", "assign": "assign", "correct": "correct"}
"""Names of what can be asked for besides moves, with the form each means."""
UNASKED = Asked()


@dataclass(frozen=True)
class Filled:
    """What the fields of forms hold to begin with, by form and field; `told`: what to say about it."""

    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    told: str = ""

    def of(self, form_id: str) -> Mapping[str, str]:
        return self.texts.get(form_id, {})


def capital(words: str) -> str:
    """`an answer from the requester` as the name of a choice."""
    return words[:1].upper() + words[1:]


def a_field(
    attempt: Attempt,
    form_id: str,
    name: str,
    label: str,
    *,
    kind: str = "text",
    hint: str = "",
    data: str | None = "",
    choices: Choices = (),
    required: bool = True,
) -> FormField:
    """The field of a form, with what was typed into it if this form was just refused."""
    return FormField(
        id=f"{form_id}-{name}",
        name=name,
        label=Label(label),
        kind=kind,
        hint=hint,
        data=attempt.text(form_id, name, data),
        errors=attempt.wrong(form_id, name),
        choices=tuple(choices),
        flags=Flags(required),
    )


@dataclass(frozen=True)
class Link:
    """A line of the error summary: where it leads on the page, and what it says."""

    id: str
    errors: tuple[str, ...]
    type: str = ""


@dataclass(frozen=True)
class Problem:
    """What templates/base.html and parts/error_summary.html take for a form with errors."""

    links: tuple[Link, ...]
    form_errors: tuple[str, ...] = ()

    @property
    def errors(self) -> bool:
        return bool(self.links or self.form_errors)

    def __iter__(self) -> Iterator[Link]:
        return iter(self.links)


def problem_of(attempt: Attempt, anchors: Mapping[str, str]) -> Problem | None:
    """The error summary: blockers lead to where they are put right, wrong fields to themselves (`anchors`: ids)."""
    if not attempt.errors and not attempt.blockers:
        return None
    wrong = [Link(anchors[name], (message,)) for name, message in attempt.errors if name in anchors]
    loose = tuple(message for name, message in attempt.errors if name not in anchors)
    return Problem((*(Link(each.fix, (each.reason,)) for each in attempt.blockers), *wrong), loose)


def lines(text: str) -> list[str]:
    """A list typed one item a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]

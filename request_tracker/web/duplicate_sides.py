"""Two cases side by side: line by line what they say, and which parts of it differ."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from request_tracker.rules.addresses import host_and_path
from request_tracker.rules.names import name_key
from request_tracker.rules.terms import HOLD_WORDS, AuthKind, HoldReason
from request_tracker.store.case_rows import CaseView, RequestRow
from request_tracker.store.keys import registrable
from request_tracker.web.case_clocks import ClockShown

LONGEST = 400
"""Letters of a name or an address in which differences are looked for."""
SAME, NEAR, DIFFERS, UNSAID = "same", "near", "differs", ""


@dataclass(frozen=True)
class Side:
    """One of the two cases, with the request that speaks for it."""

    view: CaseView
    clocks: tuple[ClockShown, ...]
    asked: RequestRow | None

    @property
    def promises(self) -> tuple[ClockShown, ...]:
        return tuple(row for row in self.clocks if not row.internal)


@dataclass(frozen=True)
class Piece:
    """Part of a text; `differs` where the other side has something else or nothing."""

    text: str
    differs: bool


@dataclass(frozen=True)
class Line:
    """One line of the comparison. `mark` is same, near, differs or empty (nothing to compare); `word` says it."""

    label: str
    left: tuple[Piece, ...]
    right: tuple[Piece, ...]
    mark: str
    word: str
    kind: str = "text"


def side(view: CaseView, clocks: tuple[ClockShown, ...]) -> Side:
    """The primary's request speaks for the case; while nobody leads, the oldest that stands."""
    own = [row for row in view.requests if row.withdrawn_at is None]
    asked = next((row for row in own if row.is_primary), own[0] if own else None)
    return Side(view, clocks, asked)


def identity(left: CaseView, right: CaseView) -> tuple[Line, ...]:
    """What tells whether they are one service: name and addresses, word by word."""
    return (
        _line("Service", left.service_name, right.service_name, *_names(left.service_name, right.service_name)),
        _address("Website", left.service_url, right.service_url),
        _address("API documentation", left.api_docs_url, right.api_docs_url),
    )


def standing(left: Side, right: Side) -> tuple[Line, ...]:
    """Where the two cases stand."""
    rows = (
        ("Phase", _phase), ("Waits for", _waits), ("Assignee", _assignee), ("Asked for by", _supporters),
        ("Starter connector", _starter), ("Sign-in of the API", _sign_in), ("API documents", _documents),
    )  # fmt: skip
    return tuple(_plain(label, of(left), of(right)) for label, of in rows)


def _phase(side: Side) -> str:
    ended = f" ({side.view.outcome.replace('_', ' ')})" if side.view.outcome else ""
    return f"{side.view.phase.words.capitalize()}{ended}"


def _waits(side: Side) -> str:
    return ", ".join(HOLD_WORDS[HoldReason(hold.reason)] for hold in side.view.open_holds).capitalize() or "Nobody"


def _assignee(side: Side) -> str:
    return side.view.assignee or "Nobody"


def _supporters(side: Side) -> str:
    persons = "1 person" if side.view.persons == 1 else f"{side.view.persons} people"
    return f"{persons} at {'1 account' if side.view.accounts == 1 else f'{side.view.accounts} accounts'}"


def _starter(side: Side) -> str:
    return side.view.connection.state.capitalize() if side.view.connection else "None"


def _sign_in(side: Side) -> str:
    return AuthKind(side.asked.auth_kind).words if side.asked else "Not said"


def _documents(side: Side) -> str:
    names = [row.filename for request in side.view.requests for row in request.documents]
    return ", ".join(names) or "None"


def _names(left: str, right: str) -> tuple[str, str]:
    if left == right:
        return SAME, "Same"
    return (NEAR, "Same but for spelling") if name_key(left) == name_key(right) else (DIFFERS, "Differs")


def _address(label: str, left: str, right: str) -> Line:
    if not left or not right:
        word = "Not given" if not (left or right) else "Only one gives it"
        return Line(label, _whole(left), _whole(right), UNSAID, word, "url")
    return _line(label, left, right, *_addresses(left, right), kind="url")


def _addresses(left: str, right: str) -> tuple[str, str]:
    one, other = host_and_path(left), host_and_path(right)
    if (one[0], one[1].rstrip("/")) == (other[0], other[1].rstrip("/")):
        return SAME, "Same"
    if one[0] == other[0]:
        return NEAR, "Same site"
    return (NEAR, "Same domain") if registrable(one[0]) == registrable(other[0]) != "" else (DIFFERS, "Differs")


def _plain(label: str, left: str, right: str) -> Line:
    mark, word = (SAME, "Same") if left == right else (DIFFERS, "Differs")
    return Line(label, _whole(left), _whole(right), mark, word)


def _line(label: str, left: str, right: str, mark: str, word: str, *, kind: str = "text") -> Line:
    if mark == SAME or max(len(left), len(right)) > LONGEST:
        return Line(label, _whole(left), _whole(right), mark, word, kind)
    one, other = _words(left), _words(right)
    steps = SequenceMatcher(None, [w.lower() for w in one], [w.lower() for w in other], autojunk=False).get_opcodes()
    ours = tuple(_joined((one[a:b], tag != "equal") for tag, a, b, _, _ in steps))
    theirs = tuple(_joined((other[a:b], tag != "equal") for tag, _, _, a, b in steps))
    return Line(label, ours, theirs, mark, word, kind)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|\W", text)


def _joined(parts: Iterator[tuple[list[str], bool]]) -> Iterator[Piece]:
    return (Piece("".join(words), differs) for words, differs in parts if words)


def _whole(text: str) -> tuple[Piece, ...]:
    return (Piece(text, False),) if text else ()

"""Searching words: what is typed and what is kept, folded alike; slips of one letter; the best piece of a text."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from request_tracker.rules.names import CAMEL, fold, is_seen

NAME, REQUEST, TALK, NOTE = "name", "request", "talk", "note"
KINDS = {
    NAME: "Names, websites and accounts",
    REQUEST: "Requests",
    TALK: "Comments and decisions",
    NOTE: "Internal notes",
}
"""Where a word may stand; internal notes are for staff."""

MOST_WORDS = 8
LONGEST = 40
LONGEST_ASKED = 200
SHORTEST_SLIP, LONGEST_SLIP = 4, 20
TWO_SLIPS = 8
"""Words of so many letters may have two slips."""
HEAD = 7
"""Slips are looked up by the first letters of a word: a slip behind them is found by the same key."""
SHORT = 300
"""Longer texts are not kept in memory: they seldom come twice, and what was erased should not linger there."""
WIDTH = 160
"""Characters of a snippet."""

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_NUMBER = r"(?<![^\W_])(?:LITE|REQ)[-\s]?0*[0-9]{1,9}(?![^\W_])"
_PIECE = re.compile(rf"{_NUMBER}|[{_CJK}]|[^\W_{_CJK}]+", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W_]+")
_ADDRESSED = frozenset({"http", "https", "www"})


@dataclass(frozen=True)
class Asked:
    """What somebody looks for: `text` as typed and tidied, `words` folded, each once."""

    text: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    """What is marked in a text: words that begin so, and words that are so."""

    beginnings: tuple[str, ...]
    whole: tuple[str, ...] = ()

    def met(self, word: str) -> str | None:
        """Which of the wanted words this one answers, if any."""
        if word in self.whole:
            return word
        return next((each for each in self.beginnings if begins(word, each)), None)


@dataclass(frozen=True)
class Piece:
    text: str
    marked: bool = False


def read(typed: str) -> Asked:
    """What was typed into the search box; of more than MOST_WORDS words the first."""
    plain = unicodedata.normalize("NFKC", typed[:LONGEST_ASKED])
    seen = "".join(" " if char.isspace() else char for char in plain if char.isspace() or is_seen(char))
    text = " ".join(seen.split())
    found = dict.fromkeys(word for _, word in _pieces(text))
    return Asked(text, tuple(found)[:MOST_WORDS])


def words_of(text: str) -> frozenset[str]:
    """The words under which a text is found: each as written, and the parts of words in camel case."""
    return _short_words(text) if len(text) <= SHORT else _words(text)


def _words(text: str) -> frozenset[str]:
    found: set[str] = set()
    for match in _PIECE.finditer(unicodedata.normalize("NFKC", text)):
        found.update(_folded(match[0]))
        parts = CAMEL.split(match[0])
        if len(parts) > 1:
            found.update(word for part in parts for word in _folded(part))
    return frozenset(found)


_short_words = lru_cache(8192)(_words)
"""Names, addresses and the sentences of a synthetic program come again and again."""


def begins(word: str, typed: str) -> bool:
    """Whether the word is found by what was typed: one letter alone stands for itself, more are a beginning."""
    return word == typed if len(typed) < 2 else word.startswith(typed)


def has_slips(word: str) -> bool:
    """Whether slips of the finger can be told from other words: not in short ones, nor in numbers."""
    return SHORTEST_SLIP <= len(word) <= LONGEST_SLIP and word.isalpha()


def slip_keys(word: str) -> frozenset[str]:
    """The word's head, and the head with each one of its letters left out: words a slip apart share one of them."""
    head = word[:HEAD]
    return frozenset({head, *(head[:i] + head[i + 1 :] for i in range(len(head)))})


def nearest(typed: str, among: Iterable[str]) -> list[str]:
    """Those of the words that what was typed is a slip of, the likeliest first; words it begins are no slips."""
    most = 2 if len(typed) >= TWO_SLIPS else 1
    found = []
    for word in among:
        slips = OSA.distance(typed, word, score_cutoff=most)
        if slips <= most and not begins(word, typed):
            found.append((slips, word[0] != typed[0], -_alike(typed, word), word))
    return [each[-1] for each in sorted(found)]


def snippet(text: str, wanted: Wanted, *, width: int = WIDTH) -> tuple[int, tuple[Piece, ...]]:
    """How many of the wanted words stand in the text, and the piece of it with most of them, theirs marked."""
    text = unicodedata.normalize("NFC", text)
    hits = list(_hits(text, wanted)) if _may_have(text, wanted) else []
    if not hits:
        return 0, (Piece(_cut(text, width)),) if text.strip() else ()
    first = max(hits, key=lambda hit: (len(_within(hits, hit[0], width)), -hit[0]))[0]
    start, end = _window(text, first, width)
    return len({word for _, _, word in hits}), tuple(_marked(text, start, end, hits))


def _alike(typed: str, word: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(typed, word, strict=False)) if a != b), min(len(typed), len(word)))


def _pieces(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Each piece of the text with each of its folded words; they are matched in the text as it stands."""
    for match in _PIECE.finditer(text):
        for word in _folded(unicodedata.normalize("NFKC", match[0])):
            yield match, word


def _folded(piece: str) -> Iterator[str]:
    """`LITE-000045` is one word, `lite45`; marks that folding leaves behind part words."""
    folded = fold(piece)
    if folded.startswith(("lite", "req")) and re.fullmatch(_NUMBER, piece, re.IGNORECASE):
        kind, number = re.match(r"([a-z]+)\W*0*([0-9]+)$", folded, re.ASCII).groups()  # type: ignore[union-attr]
        yield f"{kind}{number}"
        return
    yield from (word[:LONGEST] for word in _LETTERS.findall(folded) if word not in _ADDRESSED)


def _may_have(text: str, wanted: Wanted) -> bool:
    """A glance that spares most texts the parting: plain letters are folded by being made small."""
    if not text.isascii():
        return True
    small = text.lower()
    return any(word in small or word.startswith(("lite", "req")) for word in (*wanted.beginnings, *wanted.whole))


def _hits(text: str, wanted: Wanted) -> Iterator[tuple[int, int, str]]:
    for match, word in _pieces(text):
        met = wanted.met(word) or next((hit for part in CAMEL.split(match[0]) if (hit := wanted.met(fold(part)))), None)
        if met is not None:
            yield match.start(), match.end(), met


def _within(hits: list[tuple[int, int, str]], start: int, width: int) -> set[str]:
    return {word for begin, end, word in hits if start <= begin and end <= start + width}


def _window(text: str, first: int, width: int) -> tuple[int, int]:
    """A few words before the first hit, cut between words."""
    start = max(0, min(first - width // 4, len(text) - width))
    if start:
        space = text.find(" ", start, first)
        start = space + 1 if space >= 0 else first
    end = min(len(text), start + width)
    if end < len(text):
        space = text.rfind(" ", first + 1, end)
        end = space if space > first else end
    return start, end


def _marked(text: str, start: int, end: int, hits: list[tuple[int, int, str]]) -> Iterator[Piece]:
    at, lead = start, "… " if start else ""
    for begin, stop in dict.fromkeys((hit[0], min(hit[1], end)) for hit in hits if start <= hit[0] < end):
        if before := lead + text[at:begin]:
            yield Piece(before)
        yield Piece(text[begin:stop], marked=True)
        at, lead = stop, ""
    rest = text[at:end] + (" …" if end < len(text) else "")
    if rest:
        yield Piece(rest)


def _cut(text: str, width: int) -> str:
    plain = " ".join(text.split())
    if len(plain) <= width:
        return plain
    space = plain.rfind(" ", 0, width)
    return f"{plain[: space if space > 0 else width]} …"

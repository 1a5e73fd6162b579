"""What a request asks for, looked for in a document: its own words among tables, summaries, tags and columns."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from request_tracker.rules.plurals import singular
from request_tracker.rules.vendor_api import Analysis, Table

READ = 20_000
PHRASES = 60
TABLES = 10
COLUMNS = 200
TYPO_FROM = 6
"""Shorter words are another word after one slip (`tags`, `tabs`)."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_PARTS = re.compile(r"[^\w\s'’-]|\n|\b(?:and|or|plus)\b", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_STOPS = """
a ability able about above access according across after again all almost along also although always am an analyse
analyses analysing analysis analyze analyzing and another answer answers any anything api apis are around as ask asked
at available away back backfill basic be because been before being below best better between both bring brings build
building builds but by call called can cannot central change changed changes combine combined combining come comes
compare compares comparing complete completely connect connection connector copy could create created currently
customised customized daily dashboard dashboards data database day days dear deep destination detail detailed details
did different directly do does done due during e each eg eight either eleven else endpoint endpoints entire especially
etc even ever every everything exactly example except export exported extract far fast fetch few find finds first five
for found four fresh freshness from full fully further g general get gets give given gives go goes going good granular
had half has have having hello help helps her here hi his historic historical history hour hourly hours how however i
ideal ideally if import important in include included includes including incremental incrementally info information
insight insights into is it its join joined joining just keep kind kinds know knowing knows last later latest least
less let level like list lists live load long longer look lot made main mainly make makes many may me measure
measuring might minute minutes monitor month monthly months more most mostly much must my near nearly need needed
needs never new newest next nice nine no not nothing now of off often ok old older on once one ones only or other
others our out over overall own part past per place places please plus possible preferably pull quarter quarterly raw
read really realtime record records refresh refreshed regarding related relevant replicate report reported reporting
require required rows same save say see seeing seen sees set seven several shall she should show shows side since six
small so some something soon source still store such sure sync synced synchronise synchronize syncs table tables take
takes ten than thank thanks that the their them then there these they thing things this those three through time times
to today together too took total track tracking tracks twelve two type types under understand understanding until up
update updated updates us use used useful uses using usually various very via visualise visualize want wanting wants
warehouse was way we week weekly weeks well were what when where whether which while who whole whose why will wish
with within without work would year yearly years yet you your
"""
_STOP = frozenset(_STOPS.split())

Stems = tuple[str, ...]


@dataclass(frozen=True)
class Hit:
    """`word` as it was written; `tables` that have it, best first (none where only the documentation mentions it);
    `why` says how it was found."""

    word: str
    tables: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Needs:
    """What was found and what was not, in the order it was asked for."""

    hits: tuple[Hit, ...] = ()
    misses: tuple[str, ...] = ()


def match(words: str, analysis: Analysis, *, also: str = "") -> Needs:
    """Look for each thing named in `words` (the data needed). `also` (the use case) is prose: what is found of it
    counts, what is not says nothing."""
    book = Book(analysis)
    hits, misses, seen = [], [], set[Stems]()
    for phrase, stems in phrases(words, book.is_table):
        found = book.find(phrase, stems)
        hits.extend([found] if found else [])
        misses.extend([] if found else [phrase])
        seen.add(stems)
    for phrase, stems in phrases(also, book.is_table):
        found = None if stems in seen else book.named(phrase, stems)
        hits.extend([found] if found else [])
    return Needs(tuple(hits), tuple(misses))


def phrases(text: str, is_table: Callable[[Stems], bool] | None = None) -> tuple[tuple[str, Stems], ...]:
    """The things a text names: runs of words between stops, as written and as stems, each once.

    `is_table`: whether words are the name of a table; then even stops say something (`lists, members`).
    """
    found: dict[Stems, str] = {}
    for run in _runs(text[:READ], is_table):
        stems = stems_of(" ".join(run))
        if stems and len(found) < PHRASES:
            found.setdefault(stems, " ".join(run))
    return tuple((phrase, stems) for stems, phrase in found.items())


@lru_cache(maxsize=20_000)
def stems_of(name: str) -> Stems:
    """The words of a name in lower case and in the singular, however it is written (snake, camel, kebab, a path)."""
    plain = unicodedata.normalize("NFKC", name)
    parts = re.split(r"[\W_]+", _CAMEL.sub(" ", plain))
    return tuple(singular(each.casefold()) for each in parts if each)


@dataclass(frozen=True)
class Book:
    """A document's words, looked up by their stems."""

    analysis: Analysis

    def find(self, phrase: str, stems: Stems) -> Hit | None:
        return self.named(phrase, stems) or self._mentioned(phrase, stems) or self._misspelt(phrase, stems)

    def is_table(self, stems: Stems) -> bool:
        return bool(self._called(stems))

    def named(self, phrase: str, stems: Stems) -> Hit | None:
        """A table is called so, has it in its name, or is what the phrase ends in."""
        ways = (
            (self._called(stems), "a table is called so"),
            (self._all(self._names, stems), "part of the table's name"),
            (self._ends(stems), "the table holds what these words end in"),
        )
        return next((Hit(phrase, tables, why) for tables, why in ways if tables), None)

    def _mentioned(self, phrase: str, stems: Stems) -> Hit | None:
        ways = (
            (self._all(self._summaries, stems), "the documentation of the table mentions it"),
            (self._all(self._columns, stems), "a column is called so"),
        )
        found = next((Hit(phrase, tables, why) for tables, why in ways if tables), None)
        return found or self._elsewhere(phrase, stems)

    def _elsewhere(self, phrase: str, stems: Stems) -> Hit | None:
        if any(set(stems) <= each for each in self._posts):
            return Hit(phrase, (), "an operation by POST is called so; no table is proposed for it")
        if set(stems) <= self._words:
            return Hit(phrase, (), "the documentation mentions it")
        return None

    def _misspelt(self, phrase: str, stems: Stems) -> Hit | None:
        """One slip away from a table's name; two names that differ so little may still be two things."""
        asked = " ".join(stems)
        if len(asked) < TYPO_FROM:
            return None
        near = process.extractOne(asked, self._joined.keys(), scorer=DamerauLevenshtein.distance, score_cutoff=1)
        return Hit(phrase, self._joined[near[0]], "spelled nearly so: check that it is the same") if near else None

    def _called(self, stems: Stems) -> tuple[str, ...]:
        return self._joined.get(" ".join(stems), ())

    def _ends(self, stems: Stems) -> tuple[str, ...]:
        """`customer invoices` is what a table `invoices` holds; the shorter the rest, the better."""
        return next((found for start in range(1, len(stems)) if (found := self._called(stems[start:]))), ())

    def _all(self, index: Mapping[str, dict[str, None]], stems: Stems) -> tuple[str, ...]:
        """The tables that have every one of the stems."""
        first, *rest = [index.get(each, {}) for each in stems]
        return tuple(name for name in first if all(name in each for each in rest))[:TABLES]

    @cached_property
    def _joined(self) -> dict[str, tuple[str, ...]]:
        """Tables by their own names, and after those by the last fixed segments of their paths."""
        found: dict[str, dict[str, None]] = {}
        own = [(stems_of(table.name), table.name) for table in self._tables]
        last = [(stems_of(_last_segment(table.path)), table.name) for table in self._tables]
        for stems, name in (*own, *last):
            if stems:
                found.setdefault(" ".join(stems), {})[name] = None
        return {key: tuple(names)[:TABLES] for key, names in found.items()}

    @cached_property
    def _names(self) -> Mapping[str, dict[str, None]]:
        return self._indexed((each, (each.name, _last_segment(each.path))) for each in self._tables)

    @cached_property
    def _summaries(self) -> Mapping[str, dict[str, None]]:
        return self._indexed((each, (each.summary[:2_000], *each.tags[:20])) for each in self._tables)

    @cached_property
    def _columns(self) -> Mapping[str, dict[str, None]]:
        return self._indexed((each, (column.name for column in each.columns[:COLUMNS])) for each in self._tables)

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(stem for each in self.analysis.words for stem in stems_of(each[:200]))

    @cached_property
    def _posts(self) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(stems_of(each[:2_000])) for each in self.analysis.post_reads)

    @property
    def _tables(self) -> tuple[Table, ...]:
        return self.analysis.tables

    def _indexed(self, rows: Iterable[tuple[Table, Iterable[str]]]) -> dict[str, dict[str, None]]:
        index: dict[str, dict[str, None]] = {}
        for table, texts in rows:
            for text in texts:
                for stem in stems_of(text):
                    index.setdefault(stem, {})[table.name] = None
        return index


def _runs(text: str, is_table: Callable[[Stems], bool] | None) -> Iterator[list[str]]:
    """Runs of words that say something, item by item of a list; stops and numbers part them."""
    for item in _PARTS.split(text):
        written = _WORD.findall(item)
        if is_table is not None and is_table(stems_of(" ".join(written))):
            yield written
        else:
            yield from _telling(written)


def _telling(written: list[str]) -> Iterator[list[str]]:
    for telling, words in groupby(written, _says_something):
        if telling:
            yield list(words)


def _says_something(word: str) -> bool:
    plain = word.casefold()
    return plain not in _STOP and not word[0].isdigit() and len(word) > 1


def _last_segment(path: str) -> str:
    fixed = [each for each in path.split("/") if each and "{" not in each and not each.startswith(":")]
    return fixed[-1] if fixed else ""

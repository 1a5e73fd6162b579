"""An index of entries in memory: finds the few worth comparing by their keys and rarest trigrams, then ranks them."""

import csv
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from request_tracker.rules.matching import Entry, Knowledge, Match, Prepared, compare, keys, prepare, rank, trigrams
from request_tracker.store.keys import load_knowledge, read_rows

__all__ = ["Matchbook", "load_knowledge", "match_pairs", "match_top", "read_records"]

CANDIDATES = 40
RAREST = 8
CROWDED = 400


class Matchbook:
    """Entries by id, for some thousands of entries; adding is cheap, nothing is written anywhere."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self._entries: dict[str, Prepared] = {}
        self._by_key: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self._by_trigram: defaultdict[str, list[str]] = defaultdict(list)
        self._names_on_domain: defaultdict[str, set[str]] = defaultdict(set)
        self._names_with_word: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, entry_id: str, entry: Entry) -> None:
        """Put an entry in; ValueError if the id is taken."""
        if entry_id in self._entries:
            raise ValueError(f"There is already an entry {entry_id!r}. Give each entry its own id.")
        prepared = prepare(entry, self.knowledge)
        self._entries[entry_id] = prepared
        for key in keys(prepared):
            self._by_key[key].append(entry_id)
        for piece in trigrams(prepared):
            self._by_trigram[piece].append(entry_id)
        self._count(prepared)

    def candidates(self, prepared: Prepared, limit: int = CANDIDATES) -> list[str]:
        """Ids of entries worth comparing: all that share a rare key, then the nearest by rarest trigrams."""
        keyed = Counter(found for key in keys(prepared) for found in self._keyed(key))
        near = self._near(prepared)
        others = sorted((found for found in near if found not in keyed), key=lambda found: (-near[found], found))
        return [*sorted(keyed), *others[:limit]]

    def rank(self, query: Entry | str, limit: int = 5, *, keep_all: bool = False) -> list[tuple[str, Match]]:
        """Best matches of an entry or of an entry in the book (given by id, never its own match), best first."""
        prepared = self._entries[query] if isinstance(query, str) else prepare(query, self.knowledge)
        found = ((one, self._entries[one]) for one in self.candidates(prepared) if one != query)
        return rank(
            prepared,
            found,
            limit=limit,
            keep_all=keep_all,
            names_on_domain=self.names_on_domain,
            names_with_word=self.names_with_word,
            tuning=self.knowledge.tuning,
        )

    def compare(self, left: str, right: str) -> Match:
        """Two entries of the book against each other; KeyError for an unknown id."""
        return compare(
            self._entries[left],
            self._entries[right],
            names_on_domain=self.names_on_domain,
            names_with_word=self.names_with_word,
            tuning=self.knowledge.tuning,
        )

    def prepared(self, entry_id: str) -> Prepared:
        """The normalised view of an entry of the book; KeyError for an unknown id."""
        return self._entries[entry_id]

    def names_on_domain(self, domain: str) -> int:
        """How many different names the book holds on a registrable domain."""
        return len(self._names_on_domain.get(domain, ()))

    def names_with_word(self, word: str) -> int:
        """How many different names of the book contain a word."""
        return len(self._names_with_word.get(word, ()))

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def _count(self, prepared: Prepared) -> None:
        if not prepared.canonical:
            return
        for domain in prepared.domains:
            self._names_on_domain[domain].add(prepared.canonical)
        for word in prepared.words:
            self._names_with_word[word].add(prepared.canonical)

    def _keyed(self, key: tuple[str, str]) -> list[str]:
        found = self._by_key.get(key, [])
        return found if len(found) <= CROWDED else []

    def _near(self, prepared: Prepared) -> dict[str, float]:
        """Entries by how many of the query's rarest trigrams they share, long names counting less."""
        known = trigrams(prepared) & self._by_trigram.keys()
        asked = sorted(known, key=lambda piece: (len(self._by_trigram[piece]), piece))
        shared = Counter(found for piece in asked[:RAREST] for found in self._by_trigram[piece][:CROWDED])
        return {found: count / math.sqrt(len(trigrams(self._entries[found]))) for found, count in shared.items()}


def match_pairs(records_csv: Path, pairs_csv: Path, out: TextIO, *, knowledge: Knowledge) -> None:
    """Write left_id,right_id,score,decision,reasons for each pair of the file; KeyError for an unknown record.

    Scores have four digits; reasons are joined by "; ".
    """
    book = read_records(records_csv, knowledge)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["left_id", "right_id", "score", "decision", "reasons"])
    for row in read_rows(pairs_csv):
        match = book.compare(row["left_id"], row["right_id"])
        writer.writerow(
            [row["left_id"], row["right_id"], f"{match.score:.4f}", match.decision, "; ".join(match.reasons)]
        )


def match_top(records_csv: Path, top: int, out: TextIO, *, knowledge: Knowledge) -> None:
    """Write one JSON line a record: its best candidates among all others and the decision about the first of them."""
    book = read_records(records_csv, knowledge)
    for entry_id in book:
        found = book.rank(entry_id, top, keep_all=True)
        decision = found[0][1].decision if found else "new"
        line = {"id": entry_id, "decision": decision, "candidates": [[one, round(m.score, 4)] for one, m in found]}
        out.write(json.dumps(line, ensure_ascii=False) + "\n")


def read_records(records_csv: Path, knowledge: Knowledge) -> Matchbook:
    """A book of the rows record_id, service_name, service_url, api_docs_url; further columns are passed over."""
    book = Matchbook(knowledge)
    for row in read_rows(records_csv):
        entry = Entry(row.get("service_name", ""), row.get("service_url", ""), row.get("api_docs_url", ""))
        book.add(row["record_id"], entry)
    return book

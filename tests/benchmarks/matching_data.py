"""Labelled entries and pairs for measuring matching: what the files hold, and folds that part no family."""

import csv
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from request_tracker.rules.matching import Entry, Knowledge
from request_tracker.store.matchbook import Matchbook

FOLDS = 5
COLUMNS = {
    "records.csv": ("record_id", "service_name", "service_url", "api_docs_url", "origin_id"),
    "services.csv": ("record_id", "service_id"),
    "pairs.csv": ("left_id", "right_id", "label", "kind"),
    "unsure_services.csv": ("service_a", "service_b"),
}


class Missing(Exception):
    """The data is not there; the message says which files with which columns are needed."""


@dataclass(frozen=True)
class Pair:
    """One labelled pair; `kind` tells how hard it is."""

    left: str
    right: str
    same: bool
    kind: str


@dataclass(frozen=True)
class Labelled:
    """Entries by id, the service and the source entry of each, sure pairs, and services nobody can tell apart."""

    entries: Mapping[str, Entry]
    services: Mapping[str, str]
    origins: Mapping[str, str]
    pairs: tuple[Pair, ...]
    unsure: frozenset[frozenset[str]]

    def comparable(self, query: str, other: str) -> bool:
        """False for the entry itself and for one that was made from the same source entry."""
        return self.origins[query] != self.origins[other]

    def same(self, query: str, other: str) -> bool:
        return self.services[query] == self.services[other]

    def doubtful(self, query: str, other: str) -> bool:
        """True where reasonable people differ."""
        return frozenset((self.services[query], self.services[other])) in self.unsure

    def is_novel(self, query: str, members: Mapping[str, list[str]]) -> bool:
        """True where no other source entry is of the same service."""
        return not any(self.comparable(query, one) for one in members[self.services[query]])

    def members(self) -> dict[str, list[str]]:
        """The entries of each service."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for entry, service in self.services.items():
            found[service].append(entry)
        return found


def load(folder: Path) -> Labelled:
    """Read the four files; Missing if one of them or one of its columns is not there."""
    records, services, pairs, unsure = (list(_rows(folder, name)) for name in COLUMNS)
    return Labelled(
        entries={
            row["record_id"]: Entry(row["service_name"], row["service_url"], row["api_docs_url"]) for row in records
        },
        services={row["record_id"]: row["service_id"] for row in services},
        origins={row["record_id"]: row["origin_id"] or row["record_id"] for row in records},
        pairs=tuple(
            Pair(row["left_id"], row["right_id"], row["label"] == "1", row["kind"])
            for row in pairs
            if row["label"] != "unsure"
        ),
        unsure=frozenset(frozenset((row["service_a"], row["service_b"])) for row in unsure),
    )


def book_of(data: Labelled, knowledge: Knowledge) -> Matchbook:
    """All entries in one index."""
    book = Matchbook(knowledge)
    for entry_id, entry in data.entries.items():
        book.add(entry_id, entry)
    return book


def folds(data: Labelled) -> dict[str, int]:
    """The fold of each entry. Services that share a domain (a family) stay together, so that no model has seen any."""
    groups = _families(data)
    names = sorted(set(groups.values()))
    random.Random(3).shuffle(names)
    fold = {name: at % FOLDS for at, name in enumerate(names)}
    return {entry: fold[groups[service]] for entry, service in data.services.items()}


def _families(data: Labelled) -> dict[str, str]:
    """Each service and the first of the services that are joined to it by a pair on one domain."""
    leads: dict[str, str] = {service: service for service in data.services.values()}

    def head(service: str) -> str:
        while leads[service] != service:
            service = leads[service]
        return service

    for left, right in _joined(data):
        one, other = sorted((head(left), head(right)))
        leads[other] = one
    return {service: head(service) for service in leads}


def _joined(data: Labelled) -> Iterable[tuple[str, str]]:
    on_one_domain = (pair for pair in data.pairs if pair.kind == "same_domain")
    yield from ((data.services[pair.left], data.services[pair.right]) for pair in on_one_domain)
    known = set(data.services.values())
    for pair in sorted(sorted(one) for one in data.unsure):
        if len(pair) == 2 and known.issuperset(pair):
            yield pair[0], pair[1]


def _rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    path = folder / name
    if not path.is_file():
        raise Missing(_wanted(folder))
    with path.open(newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines)
        if not set(COLUMNS[name]) <= set(reader.fieldnames or ()):
            raise Missing(_wanted(folder))
        yield from reader


def _wanted(folder: Path) -> str:
    files = "; ".join(f"{name} ({', '.join(columns)})" for name, columns in COLUMNS.items())
    return f"No labelled data in {folder}. Name a folder with --data that holds these CSV files: {files}."

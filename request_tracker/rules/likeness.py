"""How alike two prepared entries are: named measures and the table that weighs them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rapidfuzz.distance import Indel

from request_tracker.rules.entries import Prepared
from request_tracker.rules.names import SOFT, abbreviates, leftover

Counter = Callable[[str], int]
FAMILY_FROM = 3

# A plus speaks for one service. Aliases and pages are set by hand: they are facts, whatever a sample says of them.
WEIGHTS: Mapping[str, float] = {
    "base": 0.6,
    "same name": 4.7,
    "known alias": 5.2,
    "further name": 3.8,
    "company before the name": 2.0,
    "initials": 0.5,
    "trigrams": 0.7,
    "spelling": 1.9,
    "words left on one side": -0.2,
    "words left on both sides": -1.0,
    "only soft words left": 3.3,
    "rarity of words left": -0.9,
    "same domain": 1.9,
    "names on the domain, other name": -0.9,
    "domain conflict": -0.9,
    "domain conflict, same name": 0.4,
    "name is the domain": 0.6,
    "same page of a shared host": 1.0,
    "other page of a shared host": -1.8,
    "same place": 0.7,
    "other place": -1.4,
    "no name: base": -2.3,
    "no name: same domain": 3.1,
    "no name: names on the domain": 0.9,
    "no name: domain conflict": -0.5,
    "no name: same page": 3.0,
    "no name: name is the domain": 1.0,
    "no name: name near the domain": 3.7,
    "no name: name told by the address": 2.9,
    "no name: same place": 0.3,
}


@dataclass(frozen=True)
class Likeness:
    """What was found between two entries; the measures below and the reasons both read it."""

    a: Prepared
    b: Prepared
    both_named: bool
    same_name: bool
    same_alias: bool
    initials: bool
    shared_domains: frozenset[str]
    shared_pages: frozenset[str]
    conflict: bool
    name_is_label: bool
    crowd: int
    left: tuple[str, ...]
    right: tuple[str, ...]

    @property
    def same_key(self) -> bool:
        """True where the names are one, as written or through a known alias."""
        return self.same_name or self.same_alias

    @property
    def strangers(self) -> bool:
        """True for two names without a common word."""
        whole = (self.left, self.right) == (self.a.words, self.b.words)
        return self.both_named and whole and not self.same_key

    @property
    def family(self) -> bool:
        """True for two names on a domain that several names live on: probably two products of one company."""
        return self.crowd >= FAMILY_FROM and not self.same_key


def look(a: Prepared, b: Prepared, names_on_domain: Counter) -> Likeness:
    """Compare two entries part by part."""
    both_named = bool(a.name_key and b.name_key)
    initials = both_named and (abbreviates(a.name_key, b.words) or abbreviates(b.name_key, a.words))
    compared = both_named and not initials and a.name_key != b.name_key
    domains = a.domains & b.domains
    return Likeness(
        a=a,
        b=b,
        both_named=both_named,
        same_name=both_named and a.name_key == b.name_key,
        initials=initials,
        same_alias=both_named and a.name_key != b.name_key and a.canonical == b.canonical,
        shared_domains=domains,
        shared_pages=a.pages & b.pages,
        conflict=bool(a.domains and b.domains and not domains),
        name_is_label=bool(_names(a) & b.labels or _names(b) & a.labels),
        crowd=min((names_on_domain(domain) for domain in domains), default=0),
        left=leftover(a.words, b.words) if compared else (),
        right=leftover(b.words, a.words) if compared else (),
    )


def measures(seen: Likeness, names_with_word: Counter) -> dict[str, float]:
    """The measures by name, most of them from 0 to 1; another set for pairs in which a name is missing."""
    return _named(seen, names_with_word) if seen.both_named else _nameless(seen)


def _named(seen: Likeness, names_with_word: Counter) -> dict[str, float]:
    a, b = seen.a, seen.b
    fewer, more = sorted((_heft(seen.left), _heft(seen.right)))
    same_domain = bool(seen.shared_domains)
    apart = 0.0 if seen.same_key else 1.0
    return {
        "base": 1.0,
        "same name": float(seen.same_name),
        "known alias": float(seen.same_alias),
        "further name": float(bool((_names(a) | a.other_keys) & (_names(b) | b.other_keys)) and not seen.same_key),
        "trigrams": cosine(a.trigrams, b.trigrams),
        "spelling": apart * max(0.0, Indel.normalized_similarity(a.name_key, b.name_key) - 0.8) * 5,
        "initials": float(seen.initials),
        "company before the name": apart * float(_company_before(seen)),
        "words left on one side": apart * min(more, 3.0),
        "words left on both sides": apart * min(fewer, 2.0),
        "only soft words left": apart * float(more < 0.75 and fewer == 0),
        "rarity of words left": apart * _rarity((*seen.left, *seen.right), names_with_word),
        "same domain": float(same_domain),
        "same page of a shared host": float(bool(seen.shared_pages)),
        "other page of a shared host": float(bool(a.pages and b.pages and not seen.shared_pages)),
        "domain conflict": float(seen.conflict),
        "domain conflict, same name": float(seen.conflict and seen.same_key),
        "names on the domain, other name": apart * math.log2(max(1, seen.crowd)),
        "name is the domain": apart * float(seen.name_is_label),
        "same place": apart * float(bool(a.places & b.places)),
        "other place": apart * float(_other_place(seen)),
    }


def _nameless(seen: Likeness) -> dict[str, float]:
    a, b = seen.a, seen.b
    same_domain = bool(seen.shared_domains)
    return {
        "no name: base": 1.0,
        "no name: same domain": float(same_domain),
        "no name: names on the domain": math.log2(max(1, seen.crowd)),
        "no name: same page": float(bool(seen.shared_pages)),
        "no name: domain conflict": float(seen.conflict),
        "no name: name is the domain": float(seen.name_is_label),
        "no name: name near the domain": 2 * max(0.0, max(_near_label(a, b), _near_label(b, a)) - 0.5),
        "no name: name told by the address": max(_told(a, b), _told(b, a)),
        "no name: same place": float(bool(a.places & b.places)),
    }


def weigh(found: Mapping[str, float], weights: Mapping[str, float] = WEIGHTS) -> float:
    """The logistic score from 0 to 1 of a set of measures."""
    total = sum(weights.get(name, 0.0) * value for name, value in found.items())
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


def cosine(left: frozenset[str], right: frozenset[str]) -> float:
    """Cosine of two sets, 0 to 1."""
    return len(left & right) / math.sqrt(len(left) * len(right)) if left and right else 0.0


def _names(one: Prepared) -> frozenset[str]:
    return frozenset(key for key in (one.name_key, one.canonical) if key)


def _heft(words: tuple[str, ...]) -> float:
    return sum(0.35 if word in SOFT or word.isdigit() else 1.0 for word in words)


def _rarity(words: tuple[str, ...], names_with_word: Counter) -> float:
    return max((1 / max(1, names_with_word(word)) for word in words), default=0.0)


def _company_before(seen: Likeness) -> bool:
    """Only the first word is missing on one side: "Google BigQuery" and "BigQuery"."""
    extra, words = (seen.left, seen.a.words) if seen.left else (seen.right, seen.b.words)
    return not (seen.left and seen.right) and len(extra) == 1 and len(words) > 1 and words[0] == extra[0]


def _other_place(seen: Likeness) -> bool:
    a, b = seen.a, seen.b
    return bool(seen.shared_domains and a.places and b.places and not a.places & b.places)


def _near_label(named: Prepared, other: Prepared) -> float:
    if not named.name_key or other.name_key:
        return 0.0
    scores = (Indel.normalized_similarity(named.name_key, label) for label in other.labels)
    return max(scores, default=0.0)


def _told(named: Prepared, other: Prepared) -> float:
    if not named.words or other.name_key:
        return 0.0
    carried = other.labels | other.url_words
    return 1.0 if named.name_key in carried else sum(word in carried for word in named.words) / len(named.words)

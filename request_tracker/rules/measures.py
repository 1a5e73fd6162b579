"""What was found between two entries as named measures, and the weights that add them up to a score."""

import math
from collections.abc import Mapping

from rapidfuzz.distance import Indel

from request_tracker.rules.entries import Prepared
from request_tracker.rules.likeness import Counter, Likeness, names_of
from request_tracker.rules.names import SOFT

BOTH_NAMED = (
    "base", "same name", "known alias", "further name", "same but for get or app", "initials", "trigrams", "spelling",
    "company before the name", "first word left", "word left in its own address", "word left in the other's address",
    "words left on one side", "words left on both sides", "only soft words left", "rarity of words left",
    "same domain", "names on the domain, other name", "domain conflict", "domain conflict, same name",
    "name is the domain", "same page of a shared host", "other page of a shared host", "same place", "other place",
)  # fmt: skip
NAME_MISSING = (
    "no name: base", "no name: same domain", "no name: names on the domain", "no name: domain conflict",
    "no name: same page", "no name: same address", "no name: name is the domain", "no name: name near the domain",
    "no name: domain made of the name", "no name: name told by the address", "no name: same place",
)  # fmt: skip


def measures(seen: Likeness, names_with_word: Counter) -> dict[str, float]:
    """The measures by name, most of them from 0 to 1; another set for pairs in which a name is missing."""
    return _named(seen, names_with_word) if seen.both_named else _nameless(seen)


def weigh(found: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The logistic score from 0 to 1 of a set of measures."""
    total = sum(weights[name] * value for name, value in found.items() if value)
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


def check_names(weights: Mapping[str, float]) -> None:
    """ValueError unless there is one weight for each measure and no other."""
    expected = {*BOTH_NAMED, *NAME_MISSING}
    wrong = sorted(expected.symmetric_difference(weights))
    if wrong:
        raise ValueError("weights must be those of this version; missing or unknown: " + ", ".join(wrong))


def _named(seen: Likeness, names_with_word: Counter) -> dict[str, float]:
    a, b = seen.a, seen.b
    houses = a.houses | b.houses
    fewer, more = sorted((_heft(seen.left, houses), _heft(seen.right, houses)))
    apart = 0.0 if seen.same_key else 1.0
    further = apart * float(bool((names_of(a) | a.other_keys) & (names_of(b) | b.other_keys)))
    first = _first_word_left(seen)
    company = first in houses or first in a.labels or first in b.labels
    other = 0.0 if further or company else apart * min(1.0, more)
    return {
        "base": 1.0,
        "same name": float(seen.same_name),
        "known alias": float(seen.same_alias),
        "further name": further,
        "trigrams": cosine(a.trigrams, b.trigrams),
        "spelling": apart * max(0.0, Indel.normalized_similarity(a.name_key, b.name_key) - 0.8) * 5,
        "initials": float(seen.initials),
        "same but for get or app": apart * float(bool(a.stems & b.stems)),
        "company before the name": apart * float(bool(first) and company),
        "first word left": apart * float(bool(first) and not company),
        "word left in its own address": apart * float(_beside(seen.left, a, b) or _beside(seen.right, b, a)),
        "word left in the other's address": apart * float(_beside(seen.left, b, a) or _beside(seen.right, a, b)),
        "words left on one side": apart * min(more, 3.0),
        "words left on both sides": apart * min(fewer, 2.0),
        "only soft words left": apart * float(more < 0.75 and fewer == 0),
        "rarity of words left": apart * _rarity((*seen.left, *seen.right), names_with_word),
        "same domain": float(seen.same_domain),
        "same page of a shared host": float(bool(seen.shared_pages)),
        "other page of a shared host": float(bool(a.pages and b.pages and not seen.shared_pages)),
        "domain conflict": float(seen.conflict),
        "domain conflict, same name": float(seen.conflict and seen.same_key),
        "names on the domain, other name": other * math.log2(max(2, seen.crowd)) if seen.shared_domains else 0.0,
        "name is the domain": apart * float(seen.name_is_label),
        "same place": apart * float(bool(a.places & b.places)),
        "other place": apart * float(_other_place(seen)),
    }


def _nameless(seen: Likeness) -> dict[str, float]:
    a, b = seen.a, seen.b
    return {
        "no name: base": 1.0,
        "no name: same domain": float(seen.same_domain),
        "no name: names on the domain": math.log2(max(1, seen.crowd)),
        "no name: same page": float(bool(seen.shared_pages)),
        "no name: same address": float(seen.same_address),
        "no name: domain conflict": float(seen.conflict),
        "no name: name is the domain": float(seen.name_is_label),
        "no name: name near the domain": 2 * max(0.0, max(_near_label(a, b), _near_label(b, a)) - 0.5),
        "no name: domain made of the name": max(_made_of(a, b), _made_of(b, a)),
        "no name: name told by the address": max(_told(a, b), _told(b, a)),
        "no name: same place": float(bool(a.places & b.places)),
    }


def cosine(left: frozenset[str], right: frozenset[str]) -> float:
    """Cosine of two sets, 0 to 1."""
    return len(left & right) / math.sqrt(len(left) * len(right)) if left and right else 0.0


def _heft(words: tuple[str, ...], houses: frozenset[str]) -> float:
    return sum(0.35 if word in SOFT or word in houses or word.isdigit() else 1.0 for word in words)


def _rarity(words: tuple[str, ...], names_with_word: Counter) -> float:
    return max((1 / max(1, names_with_word(word)) for word in words), default=0.0)


def _first_word_left(seen: Likeness) -> str:
    """The word before the name that one side has and the other has not: "Google BigQuery" and "BigQuery"."""
    extra, words = (seen.left, seen.a.words) if seen.left else (seen.right, seen.b.words)
    alone = not (seen.left and seen.right) and len(extra) == 1 and len(words) > 1 and words[0] == extra[0]
    return extra[0] if alone else ""


def _beside(left: tuple[str, ...], one: Prepared, other: Prepared) -> bool:
    """One of the words stands in the address of one and not of the other: "Plan" in toggl.com/plan."""
    return any(word in one.url_words and word not in other.url_words and word not in SOFT for word in left)


def _other_place(seen: Likeness) -> bool:
    a, b = seen.a, seen.b
    return bool(seen.shared_domains and a.places and b.places and not a.places & b.places)


def _near_label(named: Prepared, other: Prepared) -> float:
    if not named.name_key or other.name_key:
        return 0.0
    scores = (Indel.normalized_similarity(named.name_key, label) for label in other.labels)
    return max(scores, default=0.0)


def _made_of(named: Prepared, other: Prepared) -> float:
    """The share of a label that words of the name make up: "Carbon Emissions Intensity" and carbonintensity.org."""
    if other.name_key or not named.name_key:
        return 0.0
    return max((_covered(label, named.words) for label in other.labels), default=0.0)


def _covered(label: str, words: tuple[str, ...]) -> float:
    rest = label
    for word in words:
        if len(word) > 2:
            rest = rest.replace(word, " ", 1)
    return 1 - len(rest.replace(" ", "")) / len(label)


def _told(named: Prepared, other: Prepared) -> float:
    if not named.words or other.name_key:
        return 0.0
    carried = other.labels | other.url_words
    return 1.0 if named.name_key in carried else sum(word in carried for word in named.words) / len(named.words)

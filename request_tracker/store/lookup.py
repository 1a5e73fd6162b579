"""Match keys: which ones an entry has, who else has them, how many names a domain or a word has. Never a scan.

Every key is followed for itself and only so far, newest cases first; so the work stays the same however many cases
share a domain, a word or a piece.
"""

import json
from collections.abc import Iterable
from math import log2
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from request_tracker.rules.matching import Prepared, keys
from request_tracker.rules.names import trigrams_of

EACH = 100
"""So many cases one key leads to, and so many catalogue entries."""
MOST_NAMES = 64
MOST_WITH_WORD = 50
"""Up to so many different names are counted on a domain, and with a word: more would say nothing more."""
MOST_KEYS = 120
LONGEST_SLIP = 20
LONGEST_PIECES = 40
TELLING = {"name": 8.0, "page": 6.0, "label": 4.0, "domain": 4.0, "slip": 3.0, "word": 2.0, "tri": 1.0}
"""The kinds of keys that are followed, and what sharing one that nobody else has is worth."""
ON_DOMAIN, WITH_WORD = "at", "in"
ANY = "*"
"""Asked for in place of a first letter: whatever it is."""


class Key(NamedTuple):
    kind: str
    value: str
    name: str = ""


Owner = int
"""Whom a key leads to: the id of a case, or with a minus that of a catalogue entry."""


class Shared(NamedTuple):
    """Who shares keys, and how telling those are together (the fewer others have them the more); names by domain."""

    weights: dict[Owner, float]
    names_on_domain: dict[str, int]


def of(prepared: Prepared) -> list[Key]:
    """The match keys of an entry, the same order every time."""
    counted = {Key(ON_DOMAIN, domain, prepared.canonical) for domain in prepared.domains}
    counted |= {Key(WITH_WORD, word, prepared.canonical) for word in prepared.words}
    return sorted({stored(key) for key in _followed(prepared) | (counted if prepared.canonical else set())})


def shared(session: Session, prepared: Prepared, *, catalogue: bool = True) -> Shared:
    """Who shares keys with the entry, and how many different names its domains carry."""
    asked = _asked(prepared)
    found = Shared({}, {})
    if not asked:
        return found
    given = {**_given(session, asked), "most": EACH, "names": MOST_NAMES}
    for place, entries, cases, names in session.execute(_LEADING[dialect_of(session)], given):
        key = asked[place]
        owners = [one for one in (*_listed(entries), *_listed(cases)) if catalogue or one > 0]
        if key.kind == "domain":
            found.names_on_domain[key.value] = names
        if key.name != ANY or len(owners) < EACH:
            _weigh(found.weights, owners, TELLING[key.kind])
    return found


def names_with(session: Session, words: Iterable[str]) -> dict[str, int]:
    """How many different names each word is in, counted up to MOST_WITH_WORD."""
    asked = [stored(Key(WITH_WORD, word)) for word in sorted(words)]
    if not asked:
        return {}
    given = {**_given(session, asked), "most": MOST_WITH_WORD}
    return {str(word): int(names) for word, names in session.execute(_COUNTING[dialect_of(session)], given)}


def _weigh(weights: dict[Owner, float], owners: list[Owner], telling: float) -> None:
    worth = telling / (1 + log2(max(1, len(owners))))
    for owner in owners:
        weights[owner] = weights.get(owner, 0.0) + worth


def _asked(prepared: Prepared) -> list[Key]:
    """The most telling first. Pieces are asked for twice: where the first letter is the same, and in the few at all."""
    followed = _followed(prepared)
    found = {stored(key) for key in followed} | {stored(key._replace(name=ANY)) for key in followed if key.name}
    return sorted(found, key=lambda key: (-TELLING[key.kind], key.name == ANY, key))[:MOST_KEYS]


def _followed(prepared: Prepared) -> set[Key]:
    found = {Key(kind, value) for kind, value in keys(prepared)}
    found |= {Key("word", word) for word in prepared.words}
    for base in _bases(prepared):
        found |= {Key("slip", slip) for slip in _slips(base[:LONGEST_SLIP])}
        found |= {Key("tri", piece, base[0]) for piece in trigrams_of(base[:LONGEST_PIECES])}
    return found


def _bases(prepared: Prepared) -> Iterable[str]:
    """What a slip of the finger may be in: the name, or the domain labels where there is no name."""
    return [prepared.name_key] if prepared.name_key else sorted(prepared.labels)


def _slips(base: str) -> set[str]:
    """The base and the base without one of its letters: two bases one slip apart always have one of these in common."""
    return {base} | {base[:at] + base[at + 1 :] for at in range(len(base)) if len(base) > 3}


def stored(key: Key) -> Key:
    """The key as a database can hold it."""
    return Key(key.kind, _storable(key.value)[:255], _storable(key.name)[:100])


def _storable(value: str) -> str:
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _listed(found: Any) -> list[int]:
    """SQLite has no lists but as text."""
    return list(json.loads(found) if isinstance(found, str) else found)


def dialect_of(session: Session) -> str:
    return session.get_bind().dialect.name


def _given(session: Session, asked: list[Key]) -> dict[str, Any]:
    """The keys as parameters, in the shape the database unfolds."""
    if dialect_of(session) == "sqlite":
        return {"asked": json.dumps(asked)}
    return {part: [getattr(key, part) for key in asked] for part in Key._fields}


_ASKED = {
    "sqlite": (
        "SELECT key AS place, json_extract(value, '$[0]') AS kind, json_extract(value, '$[1]') AS value,"
        " json_extract(value, '$[2]') AS name FROM json_each(:asked)"
    ),
    "postgresql": (
        "SELECT place - 1 AS place, kind, value, name FROM unnest(CAST(:kind AS text[]), CAST(:value AS text[]),"
        " CAST(:name AS text[])) WITH ORDINALITY AS given (kind, value, name, place)"
    ),
}
_LIST = {"sqlite": "(SELECT json_group_array(id) FROM ({} LIMIT :most) AS few)", "postgresql": "ARRAY({} LIMIT :most)"}
_SAME = "found.value = asked.value AND found.kind = asked.kind AND found.name = asked.name"
_CASES = f"SELECT case_id AS id FROM match_key AS found WHERE {_SAME} AND case_id IS NOT NULL ORDER BY case_id DESC"
_ENTRIES = (
    f"SELECT -catalogue_id AS id FROM match_key AS found WHERE {_SAME} AND case_id IS NULL"
    " ORDER BY case_id DESC, catalogue_id DESC"
)
"""In the order of the index, which both databases then read no further than asked."""
_EITHER = (
    "SELECT coalesce(case_id, -catalogue_id) AS id FROM match_key AS found"
    " WHERE found.value = asked.value AND found.kind = asked.kind"
)
_NEXT = (
    "(SELECT min(found.name) FROM match_key AS found"
    " WHERE found.value = {0}.value AND found.kind = '{1}' AND found.name > {0}.name)"
)
_WALKED = (
    "walked (value, name, at) AS ("
    f"SELECT asked.value, {_NEXT.format('asked', '{0}')}, 1 {{1}} UNION ALL "
    f"SELECT walked.value, {_NEXT.format('walked', '{0}')}, at + 1 FROM walked WHERE name IS NOT NULL AND at < :{{2}})"
)
"""From one name straight to the next, so that a name that thousands share costs one step."""
_NAMES = f"(WITH RECURSIVE {_WALKED.format(ON_DOMAIN, '', 'names')} SELECT count(name) FROM walked)"
_LEADING = {
    dialect: text(
        f"WITH asked AS ({asked}) SELECT place,"
        f" {_LIST[dialect].format(_ENTRIES)}, CASE WHEN name = '{ANY}'"
        f" THEN {_LIST[dialect].format(_EITHER)} ELSE {_LIST[dialect].format(_CASES)} END,"
        f" CASE WHEN kind = 'domain' THEN {_NAMES} END FROM asked"
    )
    for dialect, asked in _ASKED.items()
}
"""Each key with its catalogue entries and its newest cases, from the index alone, and a domain with its names."""
_COUNTING = {
    dialect: text(
        f"WITH RECURSIVE asked AS ({asked}), {_WALKED.format(WITH_WORD, 'FROM asked', 'most')}"
        " SELECT value, count(name) FROM walked GROUP BY value"
    )
    for dialect, asked in _ASKED.items()
}

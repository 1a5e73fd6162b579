"""An entry (name, home page, documentation) and the normalised view of it that matching compares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from request_tracker.rules.addresses import Address, read_address
from request_tracker.rules.names import name_key, name_words, other_keys, trigrams_of

LONGEST_CHAIN = 5


@dataclass(frozen=True)
class Entry:
    """A service as somebody wrote it down; any part may be empty."""

    name: str = ""
    url: str = ""
    docs_url: str = ""


@dataclass(frozen=True)
class Knowledge:
    """What is known beforehand. Aliases lead from name key to name key, and from an old domain to the present one.

    `families`: domains that carry many products; `umbrellas`: name keys that mean a company and no product of it.
    """

    aliases: Mapping[str, str]
    shared_hosts: frozenset[str]
    registrable: Callable[[str], str]
    families: frozenset[str] = frozenset()
    umbrellas: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Prepared:
    """The normalised view of one entry. Keys have no spaces; domains are present ones; pages lie on shared hosts."""

    name: str
    words: tuple[str, ...]
    name_key: str
    canonical: str
    other_keys: frozenset[str]
    trigrams: frozenset[str]
    domains: frozenset[str]
    pages: frozenset[str]
    labels: frozenset[str]
    places: frozenset[str]
    url_words: frozenset[str]


def prepare(entry: Entry, knowledge: Knowledge) -> Prepared:
    """The normalised view; takes any text whatever and never raises."""
    key = name_key(entry.name)
    found = [read_address(url, knowledge.registrable, knowledge.shared_hosts) for url in (entry.url, entry.docs_url)]
    labels = _all(found, lambda one: one.labels)
    return Prepared(
        name=entry.name.strip()[:80],
        words=name_words(entry.name),
        name_key=key,
        canonical=resolve(key, knowledge.aliases),
        other_keys=frozenset(resolve(other, knowledge.aliases) for other in other_keys(entry.name)) - {key},
        trigrams=trigrams_of(key),
        domains=frozenset(resolve(one.domain, knowledge.aliases) for one in found if one.domain),
        pages=frozenset(one.page for one in found if one.page),
        labels=labels | {resolve(label, knowledge.aliases) for label in labels},
        places=frozenset(one.place for one in found if one.place),
        url_words=_all(found, lambda one: one.words),
    )


def keys(prepared: Prepared) -> frozenset[tuple[str, str]]:
    """Keys (kind, value) for an indexed look-up: two entries sharing one are worth comparing."""
    names = {key for key in (prepared.name_key, prepared.canonical) if key} | prepared.other_keys
    return frozenset(
        {("name", key) for key in names}
        | {("domain", domain) for domain in prepared.domains}
        | {("page", page) for page in prepared.pages}
        | {("label", label) for label in prepared.labels}
        | {("label", key) for key in names}
    )


def trigrams(prepared: Prepared) -> frozenset[str]:
    """Three-letter pieces of the name, or of the domain labels where there is no name."""
    if prepared.trigrams:
        return prepared.trigrams
    return frozenset(piece for label in prepared.labels for piece in trigrams_of(label))


def resolve(key: str, aliases: Mapping[str, str]) -> str:
    """The canonical key at the end of a short chain of aliases; the key itself if there is none."""
    for _ in range(LONGEST_CHAIN):
        following = aliases.get(key, key)
        if following == key:
            break
        key = following
    return key


def _all(found: list[Address], part: Callable[[Address], frozenset[str]]) -> frozenset[str]:
    return frozenset(value for address in found for value in part(address))

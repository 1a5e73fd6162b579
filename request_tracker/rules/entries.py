"""An entry (name, home page, documentation) and the normalised view of it that matching compares."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from request_tracker.rules.addresses import NOWHERE, Address, host_and_path, labels_of, read_address
from request_tracker.rules.names import (
    is_address,
    is_whole_address,
    name_key,
    name_words,
    other_keys,
    trigrams_of,
    widen,
)
from request_tracker.rules.tuning import Tuning

LONGEST_CHAIN = 5
LONGEST_SHOWN = 80


@dataclass(frozen=True)
class Entry:
    """A service as somebody wrote it down; any part may be empty."""

    name: str = ""
    url: str = ""
    docs_url: str = ""


@dataclass(frozen=True)
class AliasFact:
    """Why an alias leads on, as written: "Sendinblue" is a `rename` of "Brevo"."""

    alias: str
    canonical: str
    kind: str


@dataclass(frozen=True)
class Knowledge:
    """What is known beforehand. Aliases lead from name key to name key, from an old domain to the present one or to the
    name key of its owner; `facts` tell of each alias how it came to be.

    `families`: domains that carry many products, each with the key of the company; `umbrellas`: name keys that mean a
    company and no product of it.
    """

    aliases: Mapping[str, str]
    shared_hosts: frozenset[str]
    registrable: Callable[[str], str]
    families: Mapping[str, str] = field(default_factory=dict)
    umbrellas: frozenset[str] = frozenset()
    facts: Mapping[str, AliasFact] = field(default_factory=dict)
    tuning: Tuning = field(kw_only=True)


@dataclass(frozen=True)
class Prepared:
    """The normalised view of one entry. Keys have no spaces; domains are present ones; pages lie on shared hosts.

    `owners`: keys of the names to which known domains of the entry belong; `told`: the aliases that were followed;
    `families`: those of its domains that carry many products, `companies` whose these are; `umbrella`: the name means a
    company only; `houses`: words of the name that do; `stems`: the name without "get" before or "app" behind it;
    `unplaced`: it has an address under no ending that is known, of which nobody can say whose it is.
    """

    name: str
    words: tuple[str, ...]
    name_key: str
    canonical: str
    other_keys: frozenset[str]
    trigrams: frozenset[str]
    domains: frozenset[str]
    owners: frozenset[str]
    pages: frozenset[str]
    labels: frozenset[str]
    places: frozenset[str]
    url_words: frozenset[str]
    families: frozenset[str]
    companies: frozenset[str]
    umbrella: bool
    houses: frozenset[str]
    stems: frozenset[str]
    told: frozenset[AliasFact]
    unplaced: bool


def prepare(entry: Entry, knowledge: Knowledge) -> Prepared:
    """The normalised view; takes any text whatever and never raises."""
    shown = widen(entry.name)
    name = "" if is_whole_address(shown) else shown
    key, words = name_key(name), name_words(name)
    found = _addresses(entry, shown, knowledge)
    canonical = resolve(key, knowledge.aliases)
    written = frozenset(one.domain for one in found if one.domain)
    ends = {domain: resolve(domain, knowledge.aliases) for domain in written}
    owners = frozenset(end for end in ends.values() if "." not in end)
    domains = frozenset(end if "." in end else domain for domain, end in ends.items())
    families = frozenset(domain for domain in domains if domain in knowledge.families)
    labels = _all(found, lambda one: one.labels)
    return Prepared(
        name=shown[:LONGEST_SHOWN],
        words=words,
        name_key=key,
        canonical=canonical,
        other_keys=frozenset(resolve(other, knowledge.aliases) for other in other_keys(name)),
        trigrams=trigrams_of(key),
        domains=domains,
        owners=owners,
        pages=frozenset(one.page for one in found if one.page),
        labels=labels | owners | {resolve(label, knowledge.aliases) for label in labels},
        places=frozenset(one.place for one in found if one.place),
        url_words=_all(found, lambda one: one.words),
        families=families,
        companies=frozenset(knowledge.families[domain] for domain in families),
        umbrella=canonical in knowledge.umbrellas,
        houses=frozenset(word for word in words if word in knowledge.umbrellas),
        stems=labels_of(key),
        told=frozenset(_told((key, *written), knowledge)),
        unplaced=any(_is_unplaced(url, knowledge) for url in (entry.url, entry.docs_url) if url and not written),
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


def _addresses(entry: Entry, name: str, knowledge: Knowledge) -> list[Address]:
    """The addresses of an entry; a name that is written as one ("acme.com") counts too."""
    urls = [entry.url, entry.docs_url, *([name] if is_address(name) else [])]
    found = (read_address(url, knowledge.registrable, knowledge.shared_hosts) for url in urls if url)
    return [one for one in found if one is not NOWHERE]


def _is_unplaced(url: str, knowledge: Knowledge) -> bool:
    host, _ = host_and_path(url)
    return bool(host) and not knowledge.registrable(host)


def _told(starts: Iterable[str], knowledge: Knowledge) -> Iterable[AliasFact]:
    """The aliases on the way from each key to its canonical one."""
    for key in starts:
        for _ in range(LONGEST_CHAIN):
            if key in knowledge.facts:
                yield knowledge.facts[key]
            if (following := knowledge.aliases.get(key, key)) == key:
                break
            key = following


def _all(found: list[Address], part: Callable[[Address], frozenset[str]]) -> frozenset[str]:
    return frozenset(value for address in found for value in part(address))

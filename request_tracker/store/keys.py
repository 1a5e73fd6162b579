"""Match keys that need outside data: registrable domains, known aliases, shared hosts, tuning."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import tldextract

from request_tracker.rules.addresses import ascii_host, host_and_path
from request_tracker.rules.entries import AliasFact, Knowledge
from request_tracker.rules.measures import check_names
from request_tracker.rules.names import name_key
from request_tracker.rules.tuning import Tuning, read_tuning

TUNING = "matching.json"


def load_knowledge(seed_folder: Path, tuning: Tuning | None = None) -> Knowledge:
    """Knowledge from the files of the folder; an absent list counts as empty. ValueError without a tuning to use."""
    hosts = (ascii_host(row.get("host", "").strip()) for row in read_rows(seed_folder / "shared_hosts.csv"))
    rows = read_rows(seed_folder / "families.csv")
    families = read_families((row.get("family", ""), row.get("domain", "")) for row in rows)
    aliases, facts = read_aliases(read_rows(seed_folder / "aliases.csv"))
    return Knowledge(
        aliases=aliases,
        facts=facts,
        shared_hosts=frozenset(host for host in hosts if host),
        registrable=registrable,
        families=families,
        umbrellas=frozenset(families.values()),
        tuning=tuning or load_tuning(seed_folder),
    )


def load_tuning(seed_folder: Path) -> Tuning:
    """Weights, bands and figures of matching.json; ValueError names the file and says what is wrong with it."""
    path = seed_folder / TUNING
    try:
        tuning = read_tuning(json.loads(path.read_text(encoding="utf-8")))
        check_names(tuning.weights)
    except OSError as fault:
        raise ValueError(f"{path} cannot be read ({fault.strerror}): matching has no weights without it") from fault
    except ValueError as fault:
        raise ValueError(
            f"{path} cannot be used: {fault}. Put the file back, or write it with make bench-matching"
        ) from fault
    return tuning


def read_aliases(rows: Iterable[Mapping[str, str]]) -> tuple[dict[str, str], dict[str, AliasFact]]:
    """Alias key to canonical key, and alias key to the row as written, from rows with canonical, alias and kind.

    Names lead to names. A domain leads to a domain, or to the key of the name it is given for.
    """
    aliases: dict[str, str] = {}
    facts: dict[str, AliasFact] = {}
    for row in rows:
        fact = AliasFact(row.get("alias", "").strip(), row.get("canonical", "").strip(), row.get("kind", "").strip())
        alias, canonical = _ends(fact)
        if alias and canonical and alias != canonical and alias not in aliases:
            aliases[alias], facts[alias] = canonical, fact
    return aliases, facts


def read_families(rows: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The registrable domain of each family and the key of the company, from names and domains as written."""
    found = ((_domain(domain), name_key(name)) for name, domain in rows)
    return {domain: company for domain, company in found if domain and company}


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file with a header, empty text for missing cells; none for an absent file."""
    if path.is_file():
        with path.open(newline="", encoding="utf-8-sig") as lines:
            yield from ({key: value or "" for key, value in row.items() if key} for row in csv.DictReader(lines))


@lru_cache(maxsize=50_000)
def registrable(host: str) -> str:
    """The registrable domain of a host ("docs.acme.co.uk" gives "acme.co.uk"), "" if none; works without a network."""
    return _extract()(host).top_domain_under_public_suffix


def service_of(name: str, url: str) -> str:
    """What tells a service from others: the registrable domain of its address, or its name where it has none."""
    return registrable(urlsplit(url).hostname or "") or name


@cache
def _extract() -> tldextract.TLDExtract:
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def _ends(fact: AliasFact) -> tuple[str, str]:
    if "domain" not in fact.kind:
        return name_key(fact.alias), name_key(fact.canonical)
    return _domain(fact.alias), _domain(fact.canonical) or name_key(fact.canonical)


def _domain(written: str) -> str:
    host, _ = host_and_path(written)
    return registrable(host) if host else ""

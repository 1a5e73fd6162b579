"""Match keys that need outside data: the registrable domain of a host, known aliases and shared hosts."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path

import tldextract

from request_tracker.rules.addresses import ascii_host, host_and_path
from request_tracker.rules.matching import Knowledge
from request_tracker.rules.names import name_key


def load_knowledge(seed_folder: Path) -> Knowledge:
    """Knowledge from aliases.csv and shared_hosts.csv of the folder; an absent file counts as empty."""
    hosts = (ascii_host(row.get("host", "").strip()) for row in read_rows(seed_folder / "shared_hosts.csv"))
    return Knowledge(
        aliases=read_aliases(read_rows(seed_folder / "aliases.csv")),
        shared_hosts=frozenset(host for host in hosts if host),
        registrable=registrable,
    )


def read_aliases(rows: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Alias key to canonical key, from rows with canonical, alias and kind; domains map to domains, names to names.

    A domain given for a name ("old domain" of "Brevo") joins the other domains given for that name.
    """
    aliases: dict[str, str] = {}
    home_of: dict[str, str] = {}
    for row in rows:
        canonical, alias = row.get("canonical", "").strip(), row.get("alias", "").strip()
        if "domain" not in row.get("kind", ""):
            _link(aliases, name_key(alias), name_key(canonical))
        elif domain := _domain(alias):
            _link(aliases, domain, _domain(canonical) or home_of.setdefault(name_key(canonical), domain))
    return aliases


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file with a header, empty text for missing cells; none for an absent file."""
    if path.is_file():
        with path.open(newline="", encoding="utf-8-sig") as lines:
            yield from ({key: value or "" for key, value in row.items() if key} for row in csv.DictReader(lines))


@lru_cache(maxsize=50_000)
def registrable(host: str) -> str:
    """The registrable domain of a host ("docs.acme.co.uk" gives "acme.co.uk"), "" if none; works without a network."""
    return _extract()(host).top_domain_under_public_suffix


@cache
def _extract() -> tldextract.TLDExtract:
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def _domain(written: str) -> str:
    host, _ = host_and_path(written)
    return registrable(host) if host else ""


def _link(aliases: dict[str, str], alias: str, canonical: str) -> None:
    if alias and canonical and alias != canonical:
        aliases.setdefault(alias, canonical)

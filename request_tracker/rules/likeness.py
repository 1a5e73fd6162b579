"""How alike two prepared entries are: what was found between them, part by part."""

from collections.abc import Callable
from dataclasses import dataclass

from request_tracker.rules.entries import Prepared
from request_tracker.rules.names import abbreviates, leftover

Counter = Callable[[str], int]
FAMILY_FROM = 3
CROWD = 8
"""More names than this on a domain say no more: it is a family, and a slip in a name of it is still a slip."""


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
    shared_owners: frozenset[str]
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
    def same_domain(self) -> bool:
        """True where a domain of both belongs to one owner, as far as is known."""
        return bool(self.shared_domains or self.shared_owners)

    @property
    def same_address(self) -> bool:
        """True for two entries without a name that point at one and the same place."""
        a, b = self.a, self.b
        bare = not a.name_key and not b.name_key and bool(a.domains | a.pages)
        return bare and (a.domains, a.pages, a.places, a.url_words) == (b.domains, b.pages, b.places, b.url_words)

    @property
    def strangers(self) -> bool:
        """True for two names without a common word."""
        whole = (self.left, self.right) == (self.a.words, self.b.words)
        return self.both_named and whole and not self.same_key

    @property
    def family(self) -> bool:
        """True for two names on a domain that several names live on: probably two products of one company."""
        return self.crowd >= FAMILY_FROM and not self.same_key

    @property
    def umbrella(self) -> str:
        """The name that means a company, where the other one is a product of it; empty otherwise."""
        if not self.both_named or self.same_key or self.a.umbrella == self.b.umbrella:
            return ""
        company, product = (self.a, self.b) if self.a.umbrella else (self.b, self.a)
        within = product.words[: len(company.words)] == company.words
        return company.name if within or self.crowd >= FAMILY_FROM else ""


def look(a: Prepared, b: Prepared, names_on_domain: Counter) -> Likeness:
    """Compare two entries part by part."""
    both_named = bool(a.name_key and b.name_key)
    initials = both_named and (abbreviates(a.name_key, b.words) or abbreviates(b.name_key, a.words))
    compared = both_named and not initials and a.name_key != b.name_key
    domains = a.domains & b.domains
    owners = _owners(a, b)
    return Likeness(
        a=a,
        b=b,
        both_named=both_named,
        same_name=both_named and a.name_key == b.name_key,
        initials=initials,
        same_alias=both_named and a.name_key != b.name_key and a.canonical == b.canonical,
        shared_domains=domains,
        shared_owners=owners,
        shared_pages=a.pages & b.pages,
        conflict=bool(a.domains and b.domains and not domains and not owners and not a.companies & b.companies),
        name_is_label=bool(names_of(a) & b.labels or names_of(b) & a.labels),
        crowd=min((_crowd(domain, a, names_on_domain) for domain in domains), default=0),
        left=leftover(a.words, b.words) if compared else (),
        right=leftover(b.words, a.words) if compared else (),
    )


def names_of(one: Prepared) -> frozenset[str]:
    """The key of the name as written and the one it leads to."""
    return frozenset(key for key in (one.name_key, one.canonical) if key)


def _owners(a: Prepared, b: Prepared) -> frozenset[str]:
    """Names to which a known domain of one belongs, and which the other bears or has a known domain of, too."""
    if not a.owners and not b.owners:
        return frozenset()
    return (a.owners & (b.owners | {b.canonical})) | (b.owners & {a.canonical})


def _crowd(domain: str, one: Prepared, names_on_domain: Counter) -> int:
    counted = min(names_on_domain(domain), CROWD)
    return max(counted, FAMILY_FROM) if domain in one.families else counted

"""Which cases and catalogue entries a change of what is known touches: found by their match keys, page by page."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from request_tracker.rules.claims import Facts, alias_keys, domain_of
from request_tracker.rules.entries import Knowledge, resolve
from request_tracker.rules.names import name_key
from request_tracker.store.aliases import KnowledgeChange
from request_tracker.store.candidates import affected
from request_tracker.store.cases import Case
from request_tracker.store.catalogue import CatalogueEntry, MatchKey
from request_tracker.store.lookup import Key, stored

SHOWN = 5
ASKED = 500


@dataclass
class Touch:
    """The keys whose owners a change touches. `hosts` stand in addresses: what lies under them has keys of its own."""

    names: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)

    def add(self, *keys: str) -> None:
        """Keys of either kind: a domain has a dot, the key of a name has none."""
        self.domains |= {key for key in keys if "." in key}
        self.names |= {key for key in keys if key and "." not in key}

    @property
    def keys(self) -> list[tuple[str, str]]:
        """Kind and value, as they are indexed: a name may stand in a domain too."""
        names = [(kind, name) for name in sorted(self.names) for kind in ("name", "label")]
        return [*names, *(("domain", domain) for domain in sorted(self.domains))]


def of_changes(changes: Iterable[KnowledgeChange], known: Knowledge) -> Touch:
    """What was said before and what is said now, both."""
    found = Touch()
    for change in changes:
        for facts in (change.before, change.after):
            if facts and change.subject in _READ:
                _READ[change.subject](found, facts, known)
    found.add(*(resolve(key, known.aliases) for key in (*found.names, *found.domains)))
    return found


def claimed(subject: str, facts: Facts, known: Knowledge) -> Touch:
    """The keys that a row speaks of: of an alias the alias alone, as what it leads to stays where it is."""
    found = Touch()
    if subject == "alias":
        found.add(alias_keys(facts, known.registrable)[0])
    else:
        _READ[subject](found, facts, known)
    return found


def carried(session: Session, touch: Touch, *, most: int) -> tuple[int, int, list[int]]:
    """How many cases and catalogue entries carry the keys, each counted to `most`, and the first few case ids."""
    own, listed = affected(session, touch.keys, limit=most)  # the few keys of one row
    return len(own), len(listed), own[:SHOWN]


def cases(session: Session, touch: Touch, *, after: int, limit: int) -> list[int]:
    """Ids of the next cases that carry any of the keys or lie under one of the hosts, in order."""
    keyed = _keyed(session, touch, MatchKey.case_id, after, limit)
    columns = (Case.service_url, Case.api_docs_url)
    return _first(keyed, _under(session, touch, Case.id, columns, after, limit), limit)


def catalogue(session: Session, touch: Touch, *, after: int, limit: int) -> list[int]:
    """Ids of the next catalogue entries that carry any of the keys or lie under one of the hosts, in order."""
    keyed = _keyed(session, touch, MatchKey.catalogue_id, after, limit)
    columns = (CatalogueEntry.domain, CatalogueEntry.docs_url)
    return _first(keyed, _under(session, touch, CatalogueEntry.id, columns, after, limit), limit)


def _keyed(
    session: Session, touch: Touch, column: InstrumentedAttribute[int | None], after: int, limit: int
) -> set[int]:
    """An uploaded file may bring thousands of keys: many are asked for in one statement, a kind at a time."""
    kinds: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for key in (stored(Key(kind, value)) for kind, value in touch.keys):
        kinds[key.kind, key.name].append(key.value)
    found: set[int] = set()
    for (kind, name), values in kinds.items():
        for at in range(0, len(values), ASKED):
            wanted = (MatchKey.kind == kind, MatchKey.name == name, MatchKey.value.in_(values[at : at + ASKED]))
            ids = select(column).where(*wanted, column > after).distinct().order_by(column).limit(limit)
            found |= {each for each in session.scalars(ids) if each is not None}
    return found


def _first(keyed: set[int], under: list[int], limit: int) -> list[int]:
    return sorted({*keyed, *under})[:limit]


def _under(
    session: Session,
    touch: Touch,
    own: InstrumentedAttribute[int],
    columns: Iterable[InstrumentedAttribute[str]],
    after: int,
    limit: int,
) -> list[int]:
    """A host moves pages to other keys, so its rows are found by their addresses: one walk over all, in the worker."""
    if not touch.hosts:
        return []
    written = [column.icontains(host, autoescape=True) for host in sorted(touch.hosts) for column in columns]
    return list(session.scalars(select(own).where(own > after, or_(*written)).order_by(own).limit(limit)))


def _alias(found: Touch, facts: Facts, known: Knowledge) -> None:
    found.add(*alias_keys(facts, known.registrable))


def _host(found: Touch, facts: Facts, known: Knowledge) -> None:
    found.hosts.add(facts["host"])


def _family(found: Touch, facts: Facts, known: Knowledge) -> None:
    found.add(name_key(facts["name"]), domain_of(facts["domain"], known.registrable))


_READ = {"alias": _alias, "shared_host": _host, "family": _family}

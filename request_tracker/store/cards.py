"""The public cards of what a look-up found: cases lead to their root, and only what answers a wish is shown."""

import json
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from request_tracker.rules.matching import Entry
from request_tracker.rules.terms import Outcome
from request_tracker.store.lookup import Owner, dialect_of


class Card(NamedTuple):
    """What was found: its entry as it is compared, and whom it leads to, the root or the catalogue entry."""

    found: Owner
    shown: Owner
    entry: Entry
    service: str
    service_name: str
    phase: str
    outcome: str | None
    docs_url: str

    @property
    def is_case(self) -> bool:
        return self.shown > 0


def read(session: Session, owners: Collection[Owner]) -> Iterator[Card]:
    """The cards that may be shown, in no order."""
    if not owners:
        return iter(())
    dialect = dialect_of(session)
    ids = {"case": [one for one in owners if one > 0], "catalogue": [-one for one in owners if one < 0]}
    given = {kind: json.dumps(found) if dialect == "sqlite" else found for kind, found in ids.items()}
    return (_card(row) for row in session.execute(_READING[dialect], given))


def entry_of_catalogue(name: str, domain: str, docs_url: str) -> Entry:
    """A catalogue entry as it is compared."""
    return Entry(name, f"https://{domain}/" if domain else "", docs_url)


def _card(row: Row[*tuple[Any, ...]]) -> Card:
    kind, found, shown, name, url, docs_url, service, *card = row
    entry = Entry(name, url, docs_url) if kind == "case" else entry_of_catalogue(name, url, docs_url)
    return Card(found, shown, entry, service, *card)


_AMONG = {
    "sqlite": "IN (SELECT value FROM json_each(:{}))",
    "postgresql": "= ANY (CAST(:{} AS integer[]))",
}
# A live root, or one that ended with a verdict that answers the same wish. Were the outcome compared as it is, SQLite
# would walk the index of outcomes, which grows with the program.
_READING = {
    dialect: text(
        "SELECT 'case', found.id, root.id, found.service_name, found.service_url, found.api_docs_url, '',"
        " root.service_name, root.phase, root.outcome, root.api_docs_url"
        ' FROM "case" AS found JOIN "case" AS root ON root.id = coalesce(found.root_id, found.id)'
        f" WHERE found.id {among.format('case')}"
        f" AND coalesce(root.outcome, '') IN ('', '{Outcome.RELEASED}', '{Outcome.NOT_A_CANDIDATE}')"
        " UNION ALL SELECT 'catalogue', -id, -id, name, domain, docs_url, service, name, service_status, NULL, docs_url"
        f" FROM catalogue WHERE id {among.format('catalogue')} AND service_status <> 'sunset'"
    )
    for dialect, among in _AMONG.items()
}

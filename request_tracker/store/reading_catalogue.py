"""One connector of the catalogue, for anybody who is signed in: it is public knowledge."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.store.catalogue import CatalogueEntry


@dataclass(frozen=True)
class CatalogueRow:
    """`status` and `connector_class` as Fivetran's metadata names them; addresses may be empty."""

    name: str
    service: str
    domain: str
    docs_url: str
    connector_class: str
    status: str


class NoSuchConnector(LookupError):
    """No connector of the catalogue has this service id."""


def connector(session: Session, service: str) -> CatalogueRow:
    """The entry with this service id. Raises NoSuchConnector."""
    row = session.scalar(select(CatalogueEntry).where(CatalogueEntry.service == service))
    if row is None:
        raise NoSuchConnector(f"There is no connector {service[:60]!r} in the catalogue")
    return CatalogueRow(row.name, row.service, row.domain, row.docs_url, row.connector_class, row.service_status)

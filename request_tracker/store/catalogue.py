"""The catalogue of connectors that exist already, and the keys under which it and the cases are found."""

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base, partial


class CatalogueEntry(Base):
    __tablename__ = "catalogue"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    service: Mapped[str] = mapped_column(String(100), unique=True)
    domain: Mapped[str] = mapped_column(String(255), default="")
    docs_url: Mapped[str] = mapped_column(Text, default="")
    connector_class: Mapped[str] = mapped_column(String(20), default="standard")
    service_status: Mapped[str] = mapped_column(String(30), default="general_availability")
    updated_at: Mapped[datetime]


class MatchKey(Base):
    """An indexed key under which a case or a catalogue entry is found as a candidate duplicate.

    `name` tells apart what one value has of many: the first letter for a three-letter piece, the name for a key by
    which different names are counted, nothing otherwise. Rows written before there were such keys have nothing.
    """

    __tablename__ = "match_key"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    value: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(100), default="", server_default="")
    case_id: Mapped[int | None]
    catalogue_id: Mapped[int | None]
    __table_args__ = (
        Index("ix_match_key_value", "value", "kind", "name", "case_id", "catalogue_id"),
        partial("ix_match_key_case", "case_id", where="case_id IS NOT NULL"),
        partial("ix_match_key_catalogue", "catalogue_id", where="catalogue_id IS NOT NULL"),
    )

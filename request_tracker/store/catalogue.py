"""The catalogue of connectors that exist already, and the keys under which it and the cases are found."""

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base


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
    """An indexed key under which a case or a catalogue entry is found as a candidate duplicate."""

    __tablename__ = "match_key"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    value: Mapped[str] = mapped_column(String(255))
    case_id: Mapped[int | None]
    catalogue_id: Mapped[int | None]
    __table_args__ = (
        Index("ix_match_key_value", "value", "kind", "case_id", "catalogue_id"),
        Index("ix_match_key_case", "case_id"),
        Index("ix_match_key_catalogue", "catalogue_id"),
    )

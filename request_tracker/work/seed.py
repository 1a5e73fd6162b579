"""Seed data into an empty program: calendar, catalogue, aliases, people."""

import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.rules.calendar import standard
from request_tracker.rules.program import Program
from request_tracker.store import candidates
from request_tracker.store.catalogue import Alias, CatalogueEntry
from request_tracker.store.clocks import CalendarVersion
from request_tracker.store.keys import load_knowledge


def seed(session: Session, program: Program, folder: Path, now: datetime) -> str:
    """Put in what is not there yet; safe to run twice. Answers what was added, in words."""
    calendar = _calendar(session, program, folder, now)
    entries = _catalogue(session, folder, now)
    aliases = _aliases(session, folder, now)
    return f"Added {calendar} calendar, {entries} catalogue entries, {aliases} aliases."


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _calendar(session: Session, program: Program, folder: Path, now: datetime) -> int:
    if session.scalar(select(CalendarVersion.id).limit(1)) is not None:
        return 0
    holidays = [date.fromisoformat(row["date"]) for row in rows(folder / "holidays.csv")]
    session.add(CalendarVersion(body=standard(program.zone, holidays).to_json(), created_at=now))
    session.flush()
    return 1


def _catalogue(session: Session, folder: Path, now: datetime) -> int:
    known = set(session.scalars(select(CatalogueEntry.service)))
    new = [
        CatalogueEntry(
            name=row["name"],
            service=row["service"],
            domain=row["domain"],
            docs_url=row["docs_url"],
            connector_class=row["connector_class"],
            service_status=row["service_status"],
            updated_at=now,
        )
        for row in rows(folder / "catalogue.csv")
        if row["service"] not in known
    ]
    session.add_all(new)
    session.flush()
    knowledge = load_knowledge(folder)
    for entry in new:
        candidates.index_catalogue(session, entry, knowledge)
    return len(new)


def _aliases(session: Session, folder: Path, now: datetime) -> int:
    known = {(row[0], row[1]) for row in session.execute(select(Alias.canonical, Alias.alias))}
    new = [
        Alias(canonical=row["canonical"], alias=row["alias"], kind=row["kind"], source=row["source"], added_at=now)
        for row in rows(folder / "aliases.csv")
        if (row["canonical"], row["alias"]) not in known
    ]
    session.add_all(new)
    session.flush()
    return len(new)

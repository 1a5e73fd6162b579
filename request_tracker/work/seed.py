"""Seed data into an empty program: calendar, catalogue, aliases, templates."""

import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.rules.calendar import standard
from request_tracker.rules.program import Program
from request_tracker.store import candidates, jobs
from request_tracker.store.aliases import Alias, Family, KnowledgeChange, SharedHost
from request_tracker.store.cases import Case
from request_tracker.store.catalogue import CatalogueEntry
from request_tracker.store.clocks import CalendarVersion, newest_calendar
from request_tracker.store.holidays import CONFIRMED, Holiday
from request_tracker.store.keys import load_tuning, read_rows
from request_tracker.store.knowledge import read as read_knowledge
from request_tracker.store.reply_templates import ReplyTemplate


def seed(session: Session, program: Program, folder: Path, now: datetime) -> str:
    """Put in what is not there yet; safe to run twice. Answers what was added, in words."""
    calendar = _calendar(session, program, folder, now)
    aliases = _knowledge(session, folder, now)
    entries = _catalogue(session, folder, now)
    templates = _templates(session, folder, now)
    return f"Added {calendar} calendar, {entries} catalogue entries, {aliases} aliases, {templates} templates."


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _calendar(session: Session, program: Program, folder: Path, now: datetime) -> int:
    """The first calendar, and the names of its days off; days a lead took out again do not come back."""
    told = [(date.fromisoformat(row["date"]), row) for row in rows(folder / "holidays.csv")]
    added = 0
    if session.scalar(select(CalendarVersion.id).limit(1)) is None:
        calendar = standard(program.zone, [day for day, _ in told])
        reason = "The first calendar, made with the program"
        session.add(CalendarVersion(body=calendar.to_json(), created_at=now, reason=reason))
        session.flush()
        added = 1
    off = newest_calendar(session).calendar.holidays
    known = set(session.scalars(select(Holiday.day)))
    session.add_all(
        Holiday(
            day=day,
            name=row["name"],
            source=f"holidays:{row['country']}",
            state=CONFIRMED,
            proposed_at=now,
            decided_at=now,
        )
        for day, row in told
        if day in off and day not in known
    )
    session.flush()
    return added


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
        for row in read_rows(folder / "catalogue.csv")
        if row["service"] not in known
    ]
    session.add_all(new)
    session.flush()
    knowledge = read_knowledge(session, load_tuning(folder))
    for entry in new:
        candidates.index_catalogue(session, entry, knowledge)
    return len(new)


def _knowledge(session: Session, folder: Path, now: datetime) -> int:
    """Aliases, shared hosts and families that are not there yet, and one line in the log of changes."""
    new = [*_aliases(session, folder, now), *_hosts(session, folder, now), *_families(session, folder, now)]
    if new:
        session.add_all(new)
        added = {"rows": len(new)}
        session.add(KnowledgeChange(subject="seed", act="seeded", after=added, at=now))
        session.flush()
        if session.scalar(select(Case.id).limit(1)) is not None:
            jobs.put(session, "reindex_all", {"stamp": f"{now:%Y%m%dT%H%M%S}"}, now=now)
    return sum(isinstance(row, Alias) for row in new)


def _aliases(session: Session, folder: Path, now: datetime) -> list[Alias]:
    known = {(row[0], row[1]) for row in session.execute(select(Alias.canonical, Alias.alias))} | _corrected(session)
    return [
        Alias(canonical=row["canonical"], alias=row["alias"], kind=row["kind"], source=row["source"], added_at=now)
        for row in read_rows(folder / "aliases.csv")
        if (row["canonical"], row["alias"]) not in known
    ]


def _corrected(session: Session) -> set[tuple[str, str]]:
    """Aliases as they were before an admin corrected them: what was put right must not come back."""
    of_aliases = select(KnowledgeChange.before).where(KnowledgeChange.subject == "alias")
    changes = session.scalars(of_aliases.where(KnowledgeChange.act == "corrected"))
    return {(old["canonical"], old["alias"]) for old in changes if old}


def _hosts(session: Session, folder: Path, now: datetime) -> list[SharedHost]:
    known = set(session.scalars(select(SharedHost.host)))
    return [
        SharedHost(host=row["host"], kind=row["kind"], added_at=now)
        for row in read_rows(folder / "shared_hosts.csv")
        if row["host"] not in known
    ]


def _families(session: Session, folder: Path, now: datetime) -> list[Family]:
    known = {(row[0], row[1]) for row in session.execute(select(Family.name, Family.domain))}
    return [
        Family(name=row["family"], domain=row["domain"], source=row["source"], added_at=now)
        for row in read_rows(folder / "families.csv")
        if (row["family"], row["domain"]) not in known
    ]


def _templates(session: Session, folder: Path, now: datetime) -> int:
    """The first templates. Where there is any, retired or not, people keep their own: none come back."""
    if session.scalar(select(ReplyTemplate.id).limit(1)) is not None:
        return 0
    new = [
        ReplyTemplate(
            kind=row["kind"],
            name=row["name"],
            body=row["body"],
            criterion=row["criterion"] or None,
            alternatives=row["alternatives"],
            changed_at=now,
        )
        for row in rows(folder / "reply_templates.csv")
    ]
    session.add_all(new)
    session.flush()
    return len(new)

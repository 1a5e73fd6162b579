"""A synthetic program for measuring: any number of cases over two years, written in chunks of set-based inserts.

The rows are what the real actions would have left behind (chains whole, clocks folded), but for jobs and letters:
everybody has been told everything. The same seed and `now` on an empty program give the same rows.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from request_tracker.rules.matching import Knowledge, prepare
from request_tracker.rules.people import Viewer
from request_tracker.rules.program import Program
from request_tracker.rules.terms import Role
from request_tracker.store import bulk_names, bulk_story, candidates, search
from request_tracker.store.base import Base
from request_tracker.store.bulk_journey import Ids, Journey, Row, World
from request_tracker.store.bulk_names import Service
from request_tracker.store.bulk_sealed import sealed
from request_tracker.store.clocks import newest_calendar

YEARS = timedelta(days=730)
CHUNK = 500
FEWEST_ACCOUNTS = 5
STAFF = ((Role.SPECIALIST, 8), (Role.ENGINEER, 6), (Role.LEAD, 1))
ORDER = (
    "account", "person", "case", "request", "timeline", "timeline_text", "clock", "clock_event", "hold", "evidence",
    "assessment", "connection", "merge", "match_key",
)  # fmt: skip
"""Tables in the order of writing: each after those it points to."""
COUNTED = ("account", "person", "case", "request", "timeline", "clock", "clock_event", "hold", "connection")
"""Tables whose ids are handed out here; their sequences are moved on afterwards."""


@dataclass(frozen=True)
class Known:
    """What is needed beside the session: how to find match keys, the program's numbers, the present."""

    knowledge: Knowledge
    program: Program
    now: datetime


def bulk(session: Session, n: int, known: Known, *, random_seed: int = 0) -> Iterator[int]:
    """Write `n` cases (with requesters, staff and all that belongs to them) and say after each chunk how many stand.

    Needs a working calendar, else LookupError. The caller's transaction holds everything together.
    """
    writer = _Writer(session)
    world = _world(session, known, random.Random(random_seed), writer)
    askers = _askers(world, writer, accounts=max(FEWEST_ACCOUNTS, n // 20))
    done = 0
    for family in _families(world, askers, n):
        for journey in family:
            _write(writer, journey, known.knowledge)
            done += 1 + len(journey.below)
        if writer.is_full:
            writer.flush()
            yield done
    writer.flush()
    search.settle(session)
    _move_sequences(session)
    yield done


class _Writer:
    """Collects rows by table and inserts them together, parents first."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._connection = session.connection()
        self._rows: dict[str, list[Row]] = defaultdict(list)

    @property
    def is_full(self) -> bool:
        return len(self._rows["case"]) >= CHUNK

    def add(self, table: str, row: Row) -> None:
        self._rows[table].append(row)

    def flush(self) -> None:
        """Families are whole here, so what is searched of them can be read back and kept at once."""
        cases = [row["id"] for row in self._rows["case"]]
        for table in ORDER:
            if rows := self._rows.pop(table, []):
                self._connection.execute(insert(Base.metadata.tables[table]), rows)
        if cases:
            search.refresh(self._session, cases, known=False)


def _families(world: World, askers: list[Viewer], n: int) -> Iterator[list[Journey]]:
    """All cases by families, in order of the roots' opening: a root with what is merged into it, and what stays apart.

    Over two years, more of them lately; never in the last minute, so that nothing happens in the future.
    """
    start, span = world.now - YEARS, YEARS - timedelta(minutes=1)
    sizes = _sizes(world.chance, n)
    services: list[Service] = []
    for at, size in zip(sorted(start + span * world.chance.random() ** 0.8 for _ in sizes), sizes, strict=True):
        yield _family(world, askers, _service(services, world.chance), at, size)


def _sizes(chance: random.Random, n: int) -> list[int]:
    found, left = [], n
    while left:
        found.append(min(left, chance.choices((1, 2, 3, 4), (86, 9, 3, 2))[0]))
        left -= found[-1]
    return found


def _service(services: list[Service], chance: random.Random) -> Service:
    """Mostly a new one; now and then one that somebody asked for before, in other words."""
    if services and chance.random() < 0.05:
        return bulk_names.variant(chance.choice(services), chance)
    services.append(bulk_names.service(chance))
    return services[-1]


def _family(world: World, askers: list[Viewer], service: Service, at: datetime, size: int) -> list[Journey]:
    chance = world.chance
    joining = chance.choices((0, 1, 2, 3), (84, 10, 4, 2))[0]
    root = Journey(world, service, chance.choice(askers), at)
    bulk_story.lives(root, popular=joining + size > 1)
    for _ in range(joining):
        bulk_story.joins(root, chance.choice(askers))
    return [root, *_children(world, askers, root, size - 1)]


def _children(world: World, askers: list[Viewer], root: Journey, number: int) -> list[Journey]:
    """The cases of the family that could not be merged: they go their own way."""
    alone = []
    for _ in range(number):
        at = bulk_story.some_time(root, within=90)
        service = bulk_names.variant(root.service, world.chance)
        child = Journey(world, service, world.chance.choice(askers), at)
        if not bulk_story.merges(root, child, world.chance.choice(world.specialists)):
            bulk_story.lives(child, popular=False)
            alone.append(child)
    return alone


def _write(writer: _Writer, root: Journey, knowledge: Knowledge) -> None:
    for table, row in sealed(root):
        writer.add(table, row)
    for each in (root, *root.below):
        for row in candidates.key_rows(prepare(each.service.entry, knowledge), case_id=each.id):
            writer.add("match_key", row)


def _world(session: Session, known: Known, chance: random.Random, writer: _Writer) -> World:
    version = newest_calendar(session)
    ids = Ids({table: _last(session, table) for table in COUNTED})
    began = known.now - YEARS
    staff = {role: tuple(_person(ids, chance, writer, role, began) for _ in range(number)) for role, number in STAFF}
    return World(
        now=known.now,
        program=known.program,
        calendar=version.calendar,
        calendar_id=version.id,
        ids=ids,
        chance=chance,
        specialists=staff[Role.SPECIALIST],
        engineers=staff[Role.ENGINEER],
        lead=staff[Role.LEAD][0],
    )


def _askers(world: World, writer: _Writer, *, accounts: int) -> list[Viewer]:
    """Requesters of that many accounts, one to three at each."""
    found = []
    began = world.now - YEARS
    for _ in range(accounts):
        number = world.ids.next("account")
        writer.add("account", {"id": number, "name": bulk_names.account(world.chance, number), "created_at": began})
        for _ in range(world.chance.choice((1, 1, 2, 3))):
            found.append(_person(world.ids, world.chance, writer, Role.REQUESTER, began, account_id=number))
    return found


def _person(
    ids: Ids, chance: random.Random, writer: _Writer, role: Role, at: datetime, account_id: int | None = None
) -> Viewer:
    """A person who cannot sign in: without a password, and at an address that cannot be."""
    number, name = ids.next("person"), bulk_names.person(chance)
    email = f"{name.lower().replace(' ', '.')}.{number}@synthetic.invalid"
    row = {
        "id": number, "email": email, "name": name, "role": str(role), "account_id": account_id,
        "password_hash": None, "zone": "UTC", "session_key": f"{chance.getrandbits(128):032x}", "active": True,
        "created_at": at,
    }  # fmt: skip
    writer.add("person", row)
    return Viewer(number, role, account_id, name, email)


def _last(session: Session, table: str) -> int:
    return int(session.scalar(select(func.max(Base.metadata.tables[table].c.id))) or 0)


def _move_sequences(session: Session) -> None:
    """PostgreSQL hands out ids from sequences, which know nothing of the ids written here."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for table in COUNTED:
        moved = text(f"""SELECT setval(pg_get_serial_sequence('"{table}"', 'id'), (SELECT max(id) FROM "{table}"))""")
        session.execute(moved)

"""What Fivetran says of a connection against what we want: only the fields we own are compared, the rest is theirs."""

from dataclasses import dataclass

DAILY = 1440
"""Minutes; only with this frequency has a daily sync time a meaning."""
_UNITS = ((1440, "day"), (60, "hour"), (1, "minute"))


@dataclass(frozen=True)
class Fields:
    """The fields we own. An empty one is not known, or not wanted in particular, and never differs."""

    service: str = ""
    schema: str = ""
    group_id: str = ""
    sync_frequency: int | None = None
    schedule_type: str = ""
    daily_sync_time: str | None = None
    paused: bool | None = None


@dataclass(frozen=True)
class Difference:
    """`name` is the vendor's field, `label` what people call it; both values in words, and the one to put back."""

    name: str
    label: str
    wanted: str
    seen: str
    value: str | int | bool


def identity(wanted: Fields, seen: Fields) -> tuple[Difference, ...]:
    """What says which connection it is. Nobody can put it back: it is told and left alone."""
    pairs = (
        ("service", "the service", wanted.service, seen.service),
        ("schema", "the schema", wanted.schema, _schema(seen.schema, wanted.schema)),
        ("group_id", "the group", wanted.group_id, seen.group_id),
    )
    return tuple(Difference(name, label, ours, it, ours) for name, label, ours, it in pairs if _differ(ours, it))


def schedule(wanted: Fields, seen: Fields) -> tuple[Difference, ...]:
    """When it syncs: the frequency, by whom it is started, at which time of the day, and whether it rests."""
    found = []
    if _differ(wanted.sync_frequency, seen.sync_frequency):
        found.append(_one("sync_frequency", "the sync frequency", wanted.sync_frequency, seen.sync_frequency))
    if _differ(wanted.schedule_type, seen.schedule_type):
        found.append(_one("schedule_type", "the schedule", wanted.schedule_type, seen.schedule_type))
    if wanted.sync_frequency == DAILY and _differ(wanted.daily_sync_time, seen.daily_sync_time):
        found.append(_one("daily_sync_time", "the daily sync time", wanted.daily_sync_time, seen.daily_sync_time))
    if wanted.paused is True and seen.paused is False:
        found.append(Difference("paused", "the connection", "it paused until the first sync", "running", True))
    return tuple(found)


def sentence(found: tuple[Difference, ...], *, heals: bool) -> str:
    """`At Fivetran the sync frequency is every hour, we want every 6 hours. It is put back by itself.`"""
    changed = "; ".join(f"{each.label} is {each.seen}, we want {each.wanted}" for each in found)
    return f"At Fivetran {changed}. " + ("It is put back by itself." if heals else "It is left as it is.")


def every(minutes: int) -> str:
    """`every 6 hours`."""
    size, unit = next((size, unit) for size, unit in _UNITS if minutes % size == 0)
    count = minutes // size
    return f"every {unit}" if count == 1 else f"every {count} {unit}s"


def _one(name: str, label: str, wanted: str | int | None, seen: str | int | None) -> Difference:
    assert wanted is not None, "what is not wanted never differs"
    return Difference(name, label, _words(wanted), _words(seen), wanted)


def _words(value: str | int | None) -> str:
    return every(value) if isinstance(value, int) and value > 0 else str(value)


def _differ(wanted: object, seen: object) -> bool:
    return bool(wanted) and seen not in (None, "") and wanted != seen


def _schema(seen: str, wanted: str) -> str:
    """Some services answer `schema.table`."""
    return wanted if wanted and seen.startswith(f"{wanted}.") else seen

"""A connection that a configuration file wants, and how what is there differs from it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from request_tracker.rules.sync_schedule import Schedule
from request_tracker.rules.tables_wanted import Choice
from request_tracker.rules.tables_wanted import Wish as TablesWish

USUAL_FREQUENCY = 360


@dataclass(frozen=True)
class Fault:
    """What is wrong, and where: `connections[3].sync_frequency`, empty for the file as a whole."""

    place: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}" if self.place else self.sentence


@dataclass(frozen=True)
class Wish:
    """One connection as the file wants it, defaults filled in. A case's own (`case`), or one by itself.

    None and empty: nothing was said. `choices`: tables and columns. `like`: a case whose setup is copied first.
    """

    place: str
    name: str
    case: str = ""
    like: str = ""
    account: str = ""
    group: str = ""
    service: str = ""
    schema: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    paused: bool | None = None
    sync_frequency: int | None = None
    schedule_type: str | None = None
    daily_sync_time: str | None = None
    destination_schema_names: str = ""
    handling: str = ""
    choices: tuple[Choice, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Wish":
        """What `to_json` gave. Raises TypeError, KeyError for what this program never wrote."""
        return cls(**{**data, "choices": tuple(Choice(**each) for each in data["choices"])})

    @property
    def says_schedule(self) -> bool:
        return (self.sync_frequency, self.schedule_type, self.daily_sync_time) != (None, None, None)

    @property
    def schedule(self) -> Schedule:
        """As it is made: what nobody said is the usual."""
        return Schedule(self.sync_frequency or USUAL_FREQUENCY, self.schedule_type or "auto", self.daily_sync_time)

    @property
    def of_tables(self) -> TablesWish:
        return TablesWish(self.choices, self.handling)

    @property
    def says_tables(self) -> bool:
        return bool(self.choices or self.handling)

    @property
    def changes_case(self) -> bool:
        """Whether it says of a case more than that its starter connector is to be made: a person answers for that."""
        return bool(self.case) and (self.says_tables or self.says_schedule or bool(self.like))


def differences(wish: Wish, there: Mapping[str, Any]) -> dict[str, Any]:
    """The fields to change, by the vendor's names. `there`: the same fields as they are. What nobody said stays."""
    said = {
        "paused": wish.paused,
        "sync_frequency": wish.sync_frequency,
        "schedule_type": wish.schedule_type,
        "daily_sync_time": wish.daily_sync_time,
    }
    return {name: value for name, value in said.items() if value is not None and there.get(name) != value}

"""How often a connection syncs: the vendor's list of frequencies, and what a person may choose from it."""

import re
from dataclasses import dataclass

FREQUENCIES = {
    1: "every minute", 5: "every 5 minutes", 15: "every 15 minutes", 30: "every 30 minutes", 60: "every hour",
    120: "every 2 hours", 180: "every 3 hours", 360: "every 6 hours", 480: "every 8 hours", 720: "every 12 hours",
    1440: "once a day",
}  # fmt: skip
DAILY = 1440
TYPES = {"auto": "Fivetran syncs by itself", "manual": "Only when somebody starts it"}


@dataclass(frozen=True)
class Schedule:
    """`frequency` in minutes; `daily_at` as `HH:00`, UTC, and only where it syncs once a day."""

    frequency: int
    type: str = "auto"
    daily_at: str | None = None

    @property
    def fields(self) -> dict[str, str | int]:
        """The vendor's names; the time of day is sent only where it is one."""
        daily = {"daily_sync_time": self.daily_at} if self.daily_at else {}
        return {"sync_frequency": self.frequency, "schedule_type": self.type, **daily}

    @property
    def words(self) -> str:
        at = f" at {self.daily_at} UTC" if self.daily_at else ""
        often = FREQUENCIES.get(self.frequency, f"every {self.frequency} minutes")
        return f"{often}{at}" if self.type == "auto" else "only when somebody starts it"


class BadSchedule(ValueError):
    """What was chosen is no schedule; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def read(frequency: object, type_: object, daily_at: object) -> Schedule:
    """What was typed or sent, as a schedule. Raises BadSchedule."""
    typed = str(frequency)
    minutes = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    if minutes not in FREQUENCIES:
        raise BadSchedule("sync_frequency", f"Choose one of {', '.join(map(str, FREQUENCIES))} minutes")
    if type_ not in TYPES:
        raise BadSchedule("schedule_type", "Choose auto or manual")
    hour = str(daily_at or "").strip()
    if hour and not re.fullmatch(r"([01]\d|2[0-3]):00", hour, re.ASCII):
        raise BadSchedule("daily_sync_time", "Choose a full hour such as 02:00, in UTC")
    if hour and minutes != DAILY:
        raise BadSchedule(
            "daily_sync_time", "A time of day goes with a sync once a day: choose 1440 minutes, or no time"
        )
    return Schedule(minutes, str(type_), hour or None)

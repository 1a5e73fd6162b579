"""The numbers a program runs by: defaults of program.md, each to be set by the operator."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

_TARGETS = {"review": 10, "build": 20, "build_again": 10, "first_sync": 40, "starter_ready": 2, "consult_offer": 3}


@dataclass(frozen=True)
class Program:
    """Durations are timedeltas; targets are working days of the program's calendar."""

    zone: str = "UTC"
    undo_for: timedelta = timedelta(seconds=600)
    target_days: Mapping[str, int] = field(default_factory=lambda: MappingProxyType(_TARGETS))
    at_risk: tuple[float, float] = (0.75, 0.90)
    appeal_for: timedelta = timedelta(days=180)
    reinstate_for: timedelta = timedelta(days=30)
    grace_for: timedelta = timedelta(days=7)
    silence_days: int = 5
    answer_days: int = 10
    """Working days after which a question nobody answered stops holding a case, where no day was named."""
    report_link_for: timedelta = timedelta(days=30)
    lead_decides_from: int = 5
    reminders_before_waiver: int = 3
    starter_service: str = "connector_sdk"
    groups_on_demand: bool = True
    sync_frequency: int = 360
    check_every: timedelta = timedelta(minutes=5)
    settle_for: timedelta = timedelta(seconds=120)
    """How long a request that nobody answered may still have its effect; longer than our time-outs."""
    outage_after: timedelta = timedelta(minutes=10)
    """How long Fivetran may be silent before people are told."""
    heal_drift: bool = True
    """Whether what somebody changed at Fivetran in the fields we own is put back: the schedule, and rest before the
    first sync."""
    base_url: str = "http://127.0.0.1:8000"
    first_sync_for: timedelta = timedelta(hours=24)
    """How long a first sync may run before somebody is told that it is late."""
    keep_deliveries_for: timedelta = timedelta(days=90)
    """How long webhook deliveries are kept; a replay of one that was forgotten is only another look."""
    cards_an_hour: int = 20
    """Connect Cards one person may open within an hour."""
    reads_documents: bool = False
    """Whether a case's documentation is read as somebody begins with it: the settings say so outside the demo."""
    keep_documents_for: timedelta = timedelta(days=7)
    """How long a document's contents stay after its case has ended."""
    keep_samples_for: timedelta = timedelta(days=7)
    """How long what a trial sync read stays after it has ended: the sample, the rows and the state."""

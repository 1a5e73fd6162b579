"""The weekly report's figures counted once more, from exported events, by code of its own: nothing of the service.

`python recount.py export.json 2026-W47 Europe/Berlin 2026-11-22T23:00:00+00:00 [assignee id]` prints them as JSON. The
export has the plain rows of the tables in TABLES, instants in ISO 8601 UTC. What differs from the service on purpose:
working time is summed day by day, a clock is cut into stretches, and cases are replayed forwards, not taken back.
"""

import json
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from zoneinfo import ZoneInfo

TABLES = ("clock_event", "clock", "calendar", "timeline")
INTERNAL = ("starter_ready", "consult_offer")
PHASES = ("submission", "validation", "consultation", "development", "private_preview", "generally_available")
ZERO, DAY = timedelta(0), timedelta(days=1)


def recount(
    export: dict[str, Any], week: str, zone: str, as_of: datetime, assignee: int | None = None
) -> dict[str, Any]:
    """Every figure of the report on the week, as of its end or of `as_of` where that is earlier."""
    start, end = monday(week, zone, 0), monday(week, zone, 1)
    now = min(as_of, end)
    cut = min(end, as_of + timedelta(microseconds=1))
    cases = replay(export["timeline"], cut)
    mine = {each.id for each in cases.values() if assignee in (None, each.assignee)}
    logs = defaultdict(list)
    for row in export["clock_event"]:
        if instant(row["recorded_at"]) < cut and instant(row["effective_at"]) < cut:
            logs[row["clock_id"]].append(row)
    calendars = {row["id"]: json.dumps(row["body"], sort_keys=True) for row in export["calendar"]}
    clocks, corrections = [], []
    for row in export["clock"]:
        if row["case_id"] not in mine:
            continue
        found = Told(row, logs[row["id"]], calendars, now)
        clocks += [found] if found.state != "pending" else []
        before = [e for e in found.log if instant(e["recorded_at"]) < start and instant(e["effective_at"]) < start]
        late = any(instant(e["recorded_at"]) >= start > instant(e["effective_at"]) for e in found.log)
        was = Told(row, before, calendars, start).verdict
        is_now = found.verdict if found.verdict and found.verdict[1] < start else None
        if late and was != is_now and row["name"] not in INTERNAL:
            corrections.append(
                [number(row["case_id"]), row["name"], row["cycle"], was and was[0], is_now and is_now[0]]
            )
    promises = [each for each in clocks if each.name not in INTERNAL]
    named = {"all": promises, **{name: [c for c in clocks if c.name == name] for name in {c.name for c in clocks}}}
    weeks = [
        f"{y}-W{w:02}"
        for y, w, _ in ((start.astimezone(ZoneInfo(zone)) - timedelta(weeks=n)).isocalendar() for n in range(12))
    ]
    return {
        "clocks": {name: figures(held, start, end, now) for name, held in named.items()},
        "trend": {w: verdicts(promises, monday(w, zone, 0), monday(w, zone, 1)) for w in weeks},
        "breaches": sorted([number(c.case_id), c.name, c.cycle, c.verdict[1].isoformat(), round(c.over, 9)]
                           for c in promises if c.broke_at and start <= c.broke_at < end),
        "funnel": funnel([cases[i] for i in mine], start, end),
        "cohorts": {w: cohort([cases[i] for i in mine], monday(w, zone, 0), monday(w, zone, 1)) for w in weeks[:8]},
        "corrections": sorted(corrections),
    }  # fmt: skip


# Working time: one local day after another.


@cache
def hours(body: str, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """When the calendar's working hours of a local day begin and end."""
    calendar = json.loads(body)
    if day.isoformat() in calendar["holidays"]:
        return ()
    return tuple(
        (wall(calendar["zone"], day, opens), wall(calendar["zone"], day, closes))
        for opens, closes in calendar["intervals"][day.weekday()]
    )


def wall(zone: str, day: date, face: str) -> datetime:
    extra, clock = (DAY, "00:00") if face == "24:00" else (ZERO, face)
    return datetime.combine(day + extra, time.fromisoformat(clock), ZoneInfo(zone)).astimezone(UTC)


@cache
def worked(body: str, a: datetime, b: datetime) -> timedelta:
    total, day = ZERO, a.date() - DAY
    while day <= b.date() + DAY:
        total += sum((max(ZERO, min(b, closes) - max(a, opens)) for opens, closes in hours(body, day)), ZERO)
        day += DAY
    return total


def passed_at(body: str, start: datetime, wanted: timedelta) -> datetime:
    """The first working instant with so much working time since the start."""
    day = start.date() - DAY
    while True:
        for opens, closes in hours(body, day):
            stretch = max(ZERO, closes - max(start, opens))
            if wanted < stretch:
                return max(start, opens) + wanted
            wanted -= stretch
        day += DAY


def day_length(body: str) -> timedelta:
    lengths = [sum(minutes(closes) - minutes(opens) for opens, closes in day) for day in json.loads(body)["intervals"]]
    return timedelta(minutes=sum(lengths) / sum(1 for each in lengths if each))


def minutes(face: str) -> int:
    return int(face[:2]) * 60 + int(face[3:])


# A clock is the stretches between its events.


class Told:
    """What a clock's log says at an instant."""

    def __init__(
        self, row: dict[str, Any], log: list[dict[str, Any]], calendars: dict[int, str], now: datetime
    ) -> None:
        self.case_id, self.name, self.cycle, self.log = row["case_id"], row["name"], row["cycle"], log
        self.state, self.now, self.calendars = "pending", now, calendars
        self.elapsed, self.target, self.body = ZERO, ZERO, ""
        self.waits: set[str] = set()
        self.paused: dict[str, timedelta] = defaultdict(lambda: ZERO)
        self.since = self.stopped_at = self.broke_at = None
        events = standing(log, now)
        for event, upto in zip(events, [*(instant(e["effective_at"]) for e in events[1:]), now], strict=False):
            self.take(event)
            self.run(instant(event["effective_at"]), upto)

    def take(self, event: dict[str, Any]) -> None:
        kind, at = event["kind"], instant(event["effective_at"])
        if kind == "start":
            if self.state == "pending":
                self.state, self.since = "running", at
                self.target, self.body = timedelta(seconds=event["target_s"]), self.calendars[event["calendar_id"]]
        elif self.state in ("running", "paused"):
            if kind == "pause":
                self.waits.add(event["reason"])
                self.paused[event["reason"]] += ZERO
            elif kind == "resume":
                self.waits -= {event["reason"]} if event["reason"] else set(self.waits)
            elif kind in ("stop", "cancel"):
                self.state, self.stopped_at = {"stop": "stopped", "cancel": "cancelled"}[kind], at
                return
            elif kind == "recalendar":
                self.body = self.calendars[event["calendar_id"]]
            elif kind == "retarget":
                self.target = timedelta(seconds=event["target_s"])
                self.broke_at = self.broke_at or (at if self.elapsed > self.target else None)
            self.state = "paused" if self.waits else "running"

    def run(self, a: datetime, b: datetime) -> None:
        if self.state not in ("running", "paused"):
            return
        self.began, self.had = a, self.elapsed
        spent = worked(self.body, a, b)
        for reason in self.waits:
            self.paused[reason] += spent
        if self.state == "running":
            self.elapsed += spent
            if self.elapsed > self.target and self.broke_at is None:
                self.broke_at = passed_at(self.body, a, self.target - self.had)

    @property
    def verdict(self) -> tuple[str, datetime] | None:
        if self.broke_at:
            return "breached", self.broke_at
        return ("met", self.stopped_at) if self.state == "stopped" and self.stopped_at else None

    @property
    def signal(self) -> str:
        if self.broke_at or self.state == "paused":
            return "overdue" if self.broke_at else "paused"
        left = self.target * 3 / 4 - self.had
        return "at_risk" if left < ZERO or passed_at(self.body, self.began, left) <= self.now else "ok"

    @property
    def age(self) -> float:
        return self.elapsed / day_length(self.body)

    @property
    def over(self) -> float:
        return (self.elapsed - self.target) / day_length(self.body)


def standing(log: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """The events that count, in order: not those taken back, unless the taking back was taken back itself."""
    there = [e for e in log if instant(e["effective_at"]) <= now]
    gone: set[int] = set()
    for event in sorted(there, key=lambda e: -e["id"]):
        if event["kind"] == "void" and event["id"] not in gone:
            gone.add(event["voids_id"])
    kept = [e for e in there if e["id"] not in gone and e["kind"] != "void"]
    return sorted(kept, key=lambda e: (e["effective_at"], e["id"]))


def verdicts(clocks: list[Told], start: datetime, end: datetime) -> list[int]:
    found = Counter(c.verdict[0] for c in clocks if c.verdict and start <= c.verdict[1] < end)
    return [found["met"], found["breached"]]


def figures(clocks: list[Told], start: datetime, end: datetime, now: datetime) -> dict[str, Any]:
    going = [c for c in clocks if c.state in ("running", "paused")]
    done = [c for c in clocks if c.state == "stopped" and start <= c.stopped_at < end]
    signals = Counter(c.signal for c in going)
    pauses: dict[str, float] = defaultdict(float)
    for clock in done:
        for reason, spent in clock.paused.items():
            pauses[reason] += spent / day_length(clock.body)
    ages = [c.age for c in done]
    met, breached = verdicts(clocks, start, end)
    return {
        "met": met, "breached": breached, "open": len(going), "paused": signals["paused"],
        "at_risk": signals["at_risk"], "overdue": signals["overdue"], "finished": len(done),
        "median_age_days": median(c.age for c in going) if going else None,
        "oldest_age_days": max((c.age for c in going), default=None),
        "p50_days": median(ages) if ages else None, "p90_days": ninetieth(ages),
        "pauses": {reason: days for reason, days in sorted(pauses.items()) if days},
    }  # fmt: skip


def ninetieth(ages: list[float]) -> float | None:
    return quantiles(ages, n=10, method="inclusive")[8] if len(ages) > 1 else ages[0] if ages else None


# Cases, replayed forwards.


@dataclass
class Replayed:
    """A case as far as its entries were read; `merges` are the places it comes back to."""

    id: int
    opened: datetime
    phase: str = "submission"
    outcome: str | None = None
    assignee: int | None = None
    merges: list[dict[str, Any]] = field(default_factory=list)
    steps: dict[int, tuple[datetime, str, str, float]] = field(default_factory=dict)

    def stand(self, at: dict[str, Any]) -> None:
        self.phase, self.outcome, self.assignee = at["phase"], at["outcome"], at["assignee_id"]

    def step(self, entry: dict[str, Any], to: str) -> None:
        at, before = instant(entry["at"]), entry["data"]["before"]
        spent = (at - instant(before["phase_at"])).total_seconds() / 86_400
        origin = before["outcome"] or before["phase"]
        if origin != to:
            self.steps[entry["id"]] = (at, origin, to, spent)


def replay(timeline: list[dict[str, Any]], cut: datetime) -> dict[int, Replayed]:
    cases: dict[int, Replayed] = {}
    by_id = {row["id"]: row for row in timeline}
    left: dict[int, dict[str, Any]] = {}
    for row in sorted(timeline, key=lambda row: row["id"]):
        at = instant(row["at"])
        if at < cut:
            case = cases.setdefault(row["case_id"], Replayed(row["case_id"], at))
            kind = "move" if row["kind"].startswith("move.") else row["kind"]
            if kind == "swap" and "into" in row["data"]:
                kind = "merge"
            HAPPENS.get(kind, nothing)(case, row, by_id, left)
    return cases


def nothing(*_: Any) -> None:
    pass


def moved(case: Replayed, row: dict[str, Any], *_: Any) -> None:
    after = row["data"]["after"]
    case.stand(after)
    case.step(row, after["outcome"] or after["phase"])


def merged(case: Replayed, row: dict[str, Any], *_: Any) -> None:
    case.merges.append({**row["data"]["before"], "entry": row["id"]})
    case.outcome = "merged"
    case.step(row, "merged")


def swapped_up(case: Replayed, row: dict[str, Any], _: Any, left: dict[int, dict[str, Any]]) -> None:
    """The case leads again; what it was merged by is kept, for the swap may be undone."""
    left[row["id"]] = case.merges.pop()
    case.stand(left[row["id"]])


def unmerged(case: Replayed, *_: Any) -> None:
    was = case.merges.pop()
    case.steps.pop(was["entry"], None)
    case.stand(was)


def assigned(case: Replayed, row: dict[str, Any], *_: Any) -> None:
    case.assignee = row["data"]["after"]


def undone(case: Replayed, row: dict[str, Any], by_id: dict[int, Any], left: dict[int, dict[str, Any]]) -> None:
    entry = by_id[row["data"]["undone"]]
    case.stand(entry["data"]["before"])
    case.steps.pop(entry["id"], None)
    if entry["id"] in left:
        case.merges.append(left[entry["id"]])
    elif entry["kind"] == "swap":
        case.merges.pop()


HAPPENS = {
    "move": moved, "merge": merged, "swap": swapped_up, "unmerge": unmerged, "assigned": assigned, "undo": undone,
}  # fmt: skip


def funnel(cases: list[Replayed], start: datetime, end: datetime) -> dict[str, list[Any]]:
    entered, left = defaultdict(set), defaultdict(dict)
    for case in cases:
        if start <= case.opened < end:
            entered["submission"].add(case.id)
        for at, origin, to, spent in sorted(case.steps.values()):
            if start <= at < end:
                entered[to].add(case.id)
                left[origin][case.id] = spent
    live = Counter(case.phase for case in cases if case.outcome is None)
    outcomes = ("released", "not_a_candidate", "withdrawn", "merged", "invalid", "closed")
    return {
        **{p: [len(entered[p]), live[p], len(left[p]), median(left[p].values()) if left[p] else None]
           for p in PHASES[:-1]},
        **{o: [len(entered[o]), None, None, None] for o in outcomes},
    }  # fmt: skip


def cohort(cases: list[Replayed], start: datetime, end: datetime) -> dict[str, int]:
    held = [case for case in cases if start <= case.opened < end]
    ends = Counter(case.outcome for case in held)
    named = {"live": ends[None], "declined": ends["not_a_candidate"], "released": ends["released"]}
    accepted = sum(PHASES.index(case.phase) >= 2 for case in held)
    return {"submitted": len(held), **named, "accepted": accepted, "other": len(held) - sum(named.values())}


def monday(week: str, zone: str, later: int) -> datetime:
    day = date.fromisocalendar(int(week[:4]), int(week[-2:]), 1) + timedelta(weeks=later)
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


@cache
def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def number(case_id: int) -> str:
    return f"LITE-{case_id:06d}"


if __name__ == "__main__":
    path, week, zone, at, *more = sys.argv[1:]
    found = recount(json.loads(Path(path).read_text()), week, zone, instant(at), *map(int, more))
    sys.stdout.write(json.dumps(found, indent=2, sort_keys=True, default=str) + "\n")

"""What changed since the report before: figures, promises newly late or put right, the counts that moved most."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from request_tracker.rules.report_rows import Breach, ClockFact, ClockFigures, OpenClock, WeeklyReport
from request_tracker.rules.report_tally import signal_of
from request_tracker.rules.weeks import Week

MOVERS = 5
LEAST_MOVE = 2
NO_CHANGE = "±0"
NEWS = 100
"""How many of each kind of news are kept; the counts beside them are of all."""
Key = tuple[str, str, int]
_PUT_RIGHT = {
    ("overdue", "met"): "was overdue, and is known to have been kept",
    ("at_risk", "met"): "was at risk, is kept",
    ("at_risk", "ok"): "was at risk, is on track again",
}
"""Signal before, fate now. What was overdue counts as broken for good, unless that was taken back."""


@dataclass(frozen=True)
class Delta:
    """A figure then and now. `unit`: count, share (0 to 1) or days; `wish`: more, less or "" (neither is better)."""

    figure: str
    words: str
    unit: str
    wish: str
    was: float | None
    now: float | None

    @property
    def by(self) -> float | None:
        return None if self.was is None or self.now is None else self.now - self.was

    @property
    def verdict(self) -> str:
        """better, worse, same, changed (neither is better) or unknown."""
        if self.by is None:
            return "unknown"
        if said_by(self) == NO_CHANGE:
            return "same"
        return {"": "changed"}.get(self.wish, "better" if (self.by > 0) == (self.wish == "more") else "worse")


@dataclass(frozen=True)
class News:
    """One promise whose state is another than a week ago. `said`: in words, what it is now."""

    case: str
    service_name: str
    account: str
    assignee: str | None
    name: str
    label: str
    cycle: int
    said: str


@dataclass(frozen=True)
class Mover:
    """A count that changed much for its size."""

    words: str
    was: int
    now: int

    @property
    def by(self) -> int:
        return self.now - self.was


@dataclass(frozen=True)
class Changes:
    """A report against the one of the week before. `whole` is False where lists too long to compare left news out."""

    since: Week
    since_as_of: datetime
    deltas: tuple[Delta, ...]
    newly_overdue: tuple[News, ...]
    newly_overdue_count: int
    newly_at_risk: tuple[News, ...]
    newly_at_risk_count: int
    put_right: tuple[News, ...]
    put_right_count: int
    movers: tuple[Mover, ...]
    whole: bool = True

    @property
    def news_count(self) -> int:
        return self.newly_overdue_count + self.newly_at_risk_count + self.put_right_count


DELTAS: tuple[tuple[str, str, str, str], ...] = (
    ("compliance", "Promises kept, share", "share", "more"),
    ("met", "Kept in the week", "count", "more"),
    ("breached", "Broken in the week", "count", "less"),
    ("overdue", "Overdue", "count", "less"),
    ("at_risk", "At risk", "count", "less"),
    ("paused", "Paused", "count", ""),
    ("open", "Open", "count", ""),
    ("median_age_days", "Median age of the open, days", "days", "less"),
    ("p50_days", "Half finished within, days", "days", "less"),
    ("p90_days", "Nine of ten finished within, days", "days", "less"),
)
"""Figure of ClockFigures, its words, its unit, and which way is better."""


def gone(report: WeeklyReport, before: WeeklyReport) -> tuple[Key, ...]:
    """The promises that were late or nearly late before and are neither now."""
    is_now = _signals(report)
    return tuple(key for key in _signals(before) if key not in is_now)


def fates(clocks: Iterable[ClockFact], now: datetime) -> dict[Key, str]:
    """What became of clocks as of `now`: met, breached, a signal of open ones, or ended where none was decided."""
    return {(each.case, each.name, each.cycle): _fate(each, now) for each in clocks}


def _fate(clock: ClockFact, now: datetime) -> str:
    return clock.counted.verdict if clock.counted else signal_of(clock, now) if clock.is_open else "ended"


def changes_of(report: WeeklyReport, before: WeeklyReport, became: Mapping[Key, str]) -> Changes:
    """What is different in `report` from `before`, the report on an earlier week with the same filter.

    `became`: the `fates` of those that are `gone`. Put right is what was kept, and what was only at risk and is on
    track again: nothing that was broken, cancelled or only paused.
    """
    was = _signals(before)
    late = {_key(row): row for row in report.late}
    seen = _all_listed(before) and _all_listed(report)
    overdue = _newly_overdue(report, was, known=_all_listed(before))
    at_risk = [_news(row) for key, row in late.items() if row.signal == "at_risk" and key not in was] if seen else []
    right = [_told(row, said) for row in before.late if (said := _put_right(row, became))] if seen else []
    return Changes(
        since=before.week,
        since_as_of=before.as_of,
        deltas=tuple(_delta(report.total, before.total, *row) for row in DELTAS),
        newly_overdue=tuple(overdue[:NEWS]),
        newly_overdue_count=len(overdue),
        newly_at_risk=tuple(at_risk[:NEWS]),
        newly_at_risk_count=len(at_risk),
        put_right=tuple(right[:NEWS]),
        put_right_count=len(right),
        movers=_movers(report, before),
        whole=seen,
    )


def said_by(delta: Delta) -> str:
    """The difference with its sign: `+3`, `−2.5`, `±0`; shares in points of a hundred. Empty when there is none.

    It is the one between the figures as they are shown, so that whoever subtracts them finds the same.
    """
    if delta.was is None or delta.now is None:
        return ""
    by = round(_shown(delta.now, delta.unit) - _shown(delta.was, delta.unit), 1)
    return f"{'+' if by > 0 else '−'}{abs(by):.{1 if delta.unit == 'days' else 0}f}" if by else NO_CHANGE


def _shown(value: float, unit: str) -> float:
    """As report_words writes it: a share in whole hundredths rounded down, days to a tenth."""
    return {"share": int(value * 100 + 1e-9), "days": round(value, 1)}.get(unit, value)


def _delta(now: ClockFigures, was: ClockFigures, figure: str, words: str, unit: str, wish: str) -> Delta:
    return Delta(figure, words, unit, wish, getattr(was, figure), getattr(now, figure))


def _newly_overdue(report: WeeklyReport, was: dict[Key, str], *, known: bool) -> list[News]:
    """Promises broken in the week that are still open; and, where all of last week's are known, any not among them."""
    found: dict[Key, News] = {
        _key(row): _news(row) for row in report.breaches if row.state in ("running", "paused")
    }  # fmt: skip
    for row in report.late if known else ():
        if row.signal == "overdue" and was.get(_key(row)) != "overdue":
            found.setdefault(_key(row), _news(row))
    return list(found.values())


def _signals(report: WeeklyReport) -> dict[Key, str]:
    return {_key(row): row.signal for row in report.late}


def _all_listed(report: WeeklyReport) -> bool:
    """The lists hold every late promise and every breach, as the counts say."""
    return len(report.late) >= report.late_count and len(report.breaches) >= report.breach_count


def _key(row: OpenClock | Breach) -> Key:
    return row.case, row.name, row.cycle


def _news(row: OpenClock | Breach) -> News:
    over = row.over_days
    said = f"{over:.1f} working days late" if over >= 0 else f"{-over:.1f} working days left"
    return _told(row, said)


def _put_right(row: OpenClock, became: Mapping[Key, str]) -> str:
    """How it was put right; empty when it was not."""
    return _PUT_RIGHT.get((row.signal, became.get(_key(row), "")), "")


def _told(row: OpenClock | Breach, said: str) -> News:
    return News(row.case, row.service_name, row.account, row.assignee, row.name, row.label, row.cycle, said)


def _movers(report: WeeklyReport, before: WeeklyReport) -> tuple[Mover, ...]:
    """The counts that moved most, each measured against what chance alone would move a count of its size."""
    was = dict(_counts(before))
    found = [Mover(words, was.get(words, 0), count) for words, count in _counts(report)]
    moved = [each for each in found if abs(each.by) >= LEAST_MOVE]
    return tuple(sorted(moved, key=lambda each: (-abs(each.by) / sqrt(each.was + each.now), each.words))[:MOVERS])


def _counts(report: WeeklyReport) -> Iterator[tuple[str, int]]:
    """Counts below the total: promise by promise, phase by phase, ways to end."""
    for clock in report.clocks:
        for figure, words in (("open", "open"), ("overdue", "overdue"), ("breached", "broken")):
            yield f"{clock.label}: {words}", getattr(clock, figure)
    for row in report.funnel:
        yield from _FUNNEL[row.kind](row.words, row.entered, row.at_end or 0)


def _phase(words: str, entered: int, standing: int) -> Iterator[tuple[str, int]]:
    yield f"Cases in {words}", standing
    yield f"Came into {words}", entered


def _outcome(words: str, entered: int, _standing: int) -> Iterator[tuple[str, int]]:
    yield f"Ended as {words}", entered


_FUNNEL: dict[str, Callable[[str, int, int], Iterator[tuple[str, int]]]] = {"phase": _phase, "outcome": _outcome}

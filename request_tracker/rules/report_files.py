"""The weekly report as JSON and CSV, and read back from JSON; the same report gives the same bytes."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from request_tracker.rules.report_changes import Changes, said_by
from request_tracker.rules.report_rows import ClockFigures, WeeklyReport
from request_tracker.rules.weeks import Week

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII)
COLUMNS = ("section", "clock", "figure", "value", "week", "case", "service", "note")
FIGURES = (
    "met", "breached", "compliance", "open", "paused", "at_risk", "overdue", "median_age_days", "oldest_age_days",
    "finished", "p50_days", "p90_days",
)  # fmt: skip
COHORT = ("submitted", "live", "accepted", "declined", "released", "other")

NEWS = ("newly_overdue", "newly_at_risk", "put_right")

Row = dict[str, Any]


def to_json(report: WeeklyReport, changes: Changes | None = None) -> dict[str, Any]:
    """The report as plain values: instants as ISO 8601 in UTC, weeks as `2026-W47`, compliance from 0 to 1 or null.

    With `changes` they stand under that name, else null.
    """
    found: dict[str, Any] = _plain(asdict(report, dict_factory=_weeks_kept))
    return {**found, "is_final": report.is_final, "changes": _changed(changes) if changes else None}


def from_json(body: Mapping[str, Any]) -> WeeklyReport:
    """The report that `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    found = _read(WeeklyReport, body)
    assert isinstance(found, WeeklyReport)
    return found


def changes_from_json(body: Mapping[str, Any]) -> Changes | None:
    """What had changed, of a report that `to_json` wrote; None where it was written without."""
    found = _read(Changes, body["changes"]) if body.get("changes") else None
    assert found is None or isinstance(found, Changes)
    return found


def to_csv(report: WeeklyReport, changes: Changes | None = None) -> str:
    """One figure a line under the columns of COLUMNS; no cell can be taken for a formula."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    for row in (*_rows(report), *(_change_rows(changes) if changes else ())):
        writer.writerow({name: guarded(value) for name, value in row.items()})
    return out.getvalue()


def guarded(value: Any) -> str:
    """A cell that no spreadsheet runs: an apostrophe before what could begin a formula, unless it is a number."""
    text = "" if value is None else _instant(value) if isinstance(value, datetime) else str(value)
    return f"'{text}" if text.startswith(FORMULA) and not PLAIN_NUMBER.fullmatch(text) else text


def _rows(report: WeeklyReport) -> Iterator[Row]:
    yield _row("report", "week", report.week)
    yield _row("report", "zone", report.zone)
    yield _row("report", "as_of", report.as_of)
    for part in PARTS:
        yield from part(report)


def _row(section: str, figure: str, value: Any, **more: Any) -> Row:
    return {"section": section, "figure": figure, "value": value, **more}


def _figure_rows(report: WeeklyReport) -> Iterator[Row]:
    for clock in (report.total, *report.clocks):
        yield from (_row("clock", name, _value(clock, name), clock=clock.name) for name in FIGURES)
        yield from (_row("pause", each.reason, each.share, clock=clock.name, note=each.words) for each in clock.pauses)


def _value(clock: ClockFigures, name: str) -> Any:
    value = getattr(clock, name)
    return "n/a" if value is None else value


def _breach_rows(report: WeeklyReport) -> Iterator[Row]:
    for each in report.breaches:
        known = {"clock": each.name, "case": each.case, "service": each.service_name}
        yield _row("breach", "due_at", each.due_at, **known)
        yield _row("breach", "over_days", each.over_days, **known, note=each.sentence)


def _late_rows(report: WeeklyReport) -> Iterator[Row]:
    for each in report.late:
        known = {"clock": each.name, "case": each.case, "service": each.service_name}
        yield _row(each.signal, "age_days", each.age_days, **known, note=each.assignee or "")
        yield _row(each.signal, "over_days", each.over_days, **known)


def _funnel_rows(report: WeeklyReport) -> Iterator[Row]:
    for each in report.funnel:
        for name in ("entered", "at_end", "left", "median_days"):
            if getattr(each, name) is not None:
                yield _row("funnel", f"{each.place} {name}", getattr(each, name))


def _cohort_rows(report: WeeklyReport) -> Iterator[Row]:
    for each in report.cohorts:
        yield from (_row("cohort", name, getattr(each, name), week=each.week) for name in COHORT)


def _trend_rows(report: WeeklyReport) -> Iterator[Row]:
    for each in report.trend:
        compliance = "n/a" if each.compliance is None else each.compliance
        figures = (("met", each.met), ("breached", each.breached), ("compliance", compliance))
        yield from (_row("trend", name, value, week=each.week) for name, value in figures)


def _correction_rows(report: WeeklyReport) -> Iterator[Row]:
    for each in report.corrections:
        known = {"clock": each.name, "week": each.week, "case": each.case, "service": each.service_name}
        yield _row("correction", each.was or "none", each.now or "none", **known, note=each.sentence)


def _change_rows(changes: Changes) -> Iterator[Row]:
    """`value` is the difference; the figure itself stands above."""
    for delta in changes.deltas:
        by = "n/a" if delta.by is None else round(delta.by, 6)
        yield _row("change", delta.figure, by, clock="all", week=changes.since, note=delta.verdict)
    for section in NEWS:
        for each in getattr(changes, section):
            known = {"clock": each.name, "case": each.case, "service": each.service_name}
            yield _row(section, "said", each.said, **known, week=changes.since)
    yield from (_row("mover", each.words, each.by, week=changes.since) for each in changes.movers)


PARTS: tuple[Callable[[WeeklyReport], Iterator[Row]], ...] = (
    _figure_rows, _breach_rows, _late_rows, _funnel_rows, _cohort_rows, _trend_rows, _correction_rows,
)  # fmt: skip


def _changed(changes: Changes) -> dict[str, Any]:
    """The changes as plain values; beside each delta its difference in words and whether that is better."""
    found: dict[str, Any] = _plain(asdict(changes, dict_factory=_weeks_kept))
    said = [{"by": delta.by, "said": said_by(delta), "verdict": delta.verdict} for delta in changes.deltas]
    found["deltas"] = [{**row, **more} for row, more in zip(found["deltas"], said, strict=True)]
    return found


def _read(kind: Any, value: Any) -> Any:
    """The value as the type says: the inverse of `_plain`."""
    if isinstance(kind, UnionType):
        return None if value is None else _read(next(each for each in get_args(kind) if each is not type(None)), value)
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], each) for each in value)
    if kind in _READERS:
        return _READERS[kind](value)
    return _read_row(kind, value) if is_dataclass(kind) else value


def _read_row(kind: Any, value: Mapping[str, Any]) -> Any:
    """A field that a report of an earlier release does not have keeps its default."""
    known = _kinds(kind)
    return kind(**{name: _read(known[name], value[name]) for name in known if name in value})


@cache
def _kinds(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(kind)}


_READERS: dict[Any, Callable[[Any], Any]] = {Week: Week.parse, datetime: datetime.fromisoformat}
"""Numbers stay as they are: a whole one is written without a point again."""


def _weeks_kept(pairs: list[tuple[str, Any]]) -> Any:
    """A week is written as one word, not as a pair of numbers."""
    found = dict(pairs)
    return str(Week(**found)) if found.keys() == {"year", "number"} else found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return _instant(value) if isinstance(value, datetime) else value


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")

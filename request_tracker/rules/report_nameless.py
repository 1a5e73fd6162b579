"""The report without the names of customers and of people, for readers outside: accounts become letters."""

from collections.abc import Iterable
from dataclasses import replace
from string import ascii_uppercase
from typing import Any

from request_tracker.rules.report_changes import Changes
from request_tracker.rules.report_rows import WeeklyReport

SOMEBODY = "Somebody"


def nameless(report: WeeklyReport, changes: Changes) -> tuple[WeeklyReport, Changes]:
    """Both with `Account A`, `Account B` … in the order of the accounts' names, and nobody of the house by name."""
    named = (report.breaches, report.late, changes.newly_overdue, changes.newly_at_risk, changes.put_right)
    letters = _letters({row.account for rows in named for row in rows})
    return (
        replace(
            report,
            breaches=tuple(replace(_hidden(row, letters), sentence=_said(row)) for row in report.breaches),
            late=_all(report.late, letters),
        ),
        replace(
            changes,
            newly_overdue=_all(changes.newly_overdue, letters),
            newly_at_risk=_all(changes.newly_at_risk, letters),
            put_right=_all(changes.put_right, letters),
        ),
    )


def _all(rows: Iterable[Any], letters: dict[str, str]) -> tuple[Any, ...]:
    return tuple(_hidden(row, letters) for row in rows)


def _hidden(row: Any, letters: dict[str, str]) -> Any:
    """Whether somebody has the case is told, who it is not."""
    return replace(row, account=letters[row.account], assignee=SOMEBODY if row.assignee else None)


def _said(row: Any) -> str:
    """The sentence names who had the case; wherever it does, the name is left out."""
    said: str = row.sentence
    return said.replace(row.assignee, SOMEBODY) if row.assignee else said


def _letters(names: Iterable[str]) -> dict[str, str]:
    return {name: f"Account {_letter(place)}" for place, name in enumerate(sorted(names))}


def _letter(place: int) -> str:
    """A to Z, then AA, AB and so on, as columns of a table are named."""
    rest, last = divmod(place, len(ascii_uppercase))
    return (_letter(rest - 1) if rest else "") + ascii_uppercase[last]

"""Forecasts in words: for staff with their numbers, for requesters calm, and the calibration as a text table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from request_tracker.rules.backtest import MOST, Calibration, Score, Tried
from request_tracker.rules.calendar import Calendar, day_length
from request_tracker.rules.forecast import FEWEST
from request_tracker.rules.outlook import Expected
from request_tracker.rules.stays import AGAIN, is_held, phase_of
from request_tracker.rules.terms import Phase

NO_PROMISE = "This is no promise: it is how long similar requests took."
BEGINS = {
    Phase.VALIDATION: "The review begins",
    Phase.CONSULTATION: "The consultation begins, if the request is accepted",
    Phase.DEVELOPMENT: "Development begins",
    Phase.PRIVATE_PREVIEW: "The private preview opens",
    Phase.GENERALLY_AVAILABLE: "It is generally available",
}
TAKES = {
    Phase.VALIDATION: "Most requests like it wait {span} until somebody begins with them.",
    Phase.CONSULTATION: "Most requests like it take another {span} until the consultation.",
    Phase.DEVELOPMENT: "Most requests like it take another {span} until the build begins.",
    Phase.PRIVATE_PREVIEW: "Most requests like it take another {span} until the private preview.",
    Phase.GENERALLY_AVAILABLE: "Most requests like it take another {span} until everybody can use the connector.",
}
"""The whole way that is known, in a sentence for requesters."""
PROMISED = {
    Phase.CONSULTATION: ("review", "An answer is promised by"),
    Phase.PRIVATE_PREVIEW: ("build", "Promised by"),
}
"""Which promise is kept by entering which phase (a review also by declining), and how that is said beside it."""


def too_few(n: int) -> str:
    """`too few finished cases (7) to say`."""
    return f"too few finished cases ({n}) to say"


def cases(n: int) -> str:
    return f"{n} case" if n == 1 else f"{n} cases"


def percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def table(tried: Tried, found: Calibration) -> str:
    """The calibration as lines of text."""
    head = f"{'':40} {'n':>6} {'in range':>9} {'by median':>10}   each tenth of the expected dates, %"
    aim = f"{'(should be)':40} {'':6} {'80 %':>9} {'50 %':>10}   {'  '.join(['10'] * 10)}"
    lines = [head, aim, _line(found.total), *map(_line, found.groups), *map(_line, found.by_phase), "", *notes(tried)]
    return "\n".join(lines)


@dataclass(frozen=True)
class Duration:
    """How long a stage lasts until the next phase; `figures`: 10 %, half and 90 % in working days, or why not."""

    label: str
    n: int
    figures: tuple[str, ...]
    chance: str


def in_days(found: Mapping[str, Expected], calendar: Calendar) -> tuple[Duration, ...]:
    """Of the stages that cases have been seen to leave."""
    day = day_length(calendar) // timedelta(minutes=1)
    return tuple(_in_days(stage, row, day) for stage, row in found.items() if row.n)


def _in_days(stage: str, row: Expected, day: int) -> Duration:
    if not row.is_known:
        return Duration(stage_words(stage), row.n, (too_few(row.n),), "")
    figures = ("later" if each is None else f"{each / day:.1f}" for each in (row.early, row.middle, row.late))
    return Duration(stage_words(stage), row.n, tuple(figures), percent(row.chance))


def durations(found: Mapping[str, Expected], calendar: Calendar) -> str:
    """The same as lines of text."""
    lines = [f"{'working days until the next phase':40} {'n':>6} {'10 %':>8} {'half':>8} {'90 %':>8} {'go on':>6}"]
    for row in in_days(found, calendar):
        lines.append(
            f"{row.label:40} {row.n:6} {' '.join(f'{each:>8}' for each in row.figures)} {row.chance:>6}".rstrip()
        )
    return "\n".join(lines)


def stage_words(stage: str) -> str:
    again = ", a second time" if AGAIN in stage else ""
    return f"{phase_of(stage).words}{again}{', on hold' if is_held(stage) else ''}"


def notes(tried: Tried) -> Iterable[str]:
    """What the figures leave out, a sentence each."""
    yield (
        "A forecast is judged once nine in ten of its dates have passed; a case still open then counts as later than "
        f"the range. At most {MOST} cases of each Monday, spread evenly."
    )
    yield (
        f"Not judged: {tried.not_yet} whose time is still to come, {tried.otherwise} of cases that ended otherwise, "
        f"{tried.few} for which fewer than {FEWEST} cases had gone on by then."
    )


def _line(score: Score) -> str:
    tenths = "  ".join(f"{share * 100:2.0f}" for share in score.deciles)
    return f"{score.label:40} {score.n:6} {percent(score.inside):>9} {percent(score.below):>10}   {tenths}"

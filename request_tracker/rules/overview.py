"""What the lead's overview counts: bands of age, and in words how each number comes about."""

from dataclasses import dataclass
from datetime import timedelta

from request_tracker.rules.terms import DUE_WORDS


@dataclass(frozen=True)
class Band:
    """Cases opened no longer ago than `up_to`, and longer than the band before."""

    words: str
    up_to: timedelta


BANDS = (
    Band("Under 2 weeks", timedelta(weeks=2)),
    Band("2 to 4 weeks", timedelta(weeks=4)),
    Band("4 to 8 weeks", timedelta(weeks=8)),
    Band("8 to 16 weeks", timedelta(weeks=16)),
    Band("16 to 26 weeks", timedelta(weeks=26)),
    Band("Over 26 weeks", timedelta.max),
)
SIGNAL_WORDS = {**{each: DUE_WORDS[each] for each in ("overdue", "at_risk", "ok")}, "paused": "Paused"}
MEANINGS = {
    "live": (
        "Live cases: those without an outcome. A merged case counts once, as the case it was merged into.",
        "Overdue, at risk and on track: by the first promise due in the case and in what was merged into it. At risk "
        "begins at 75 % of the target.",
        "Waiting: every promise stands still, because somebody is waited for. No date: no promise runs at the moment, "
        "as between accepting and the start of the build.",
        "Each number leads to the queue, which lists exactly these cases.",
    ),
    "promises": (
        "Promises, not cases: a case may have several running. Counted as the weekly report of this week counts them.",
        "Overdue: past its date, also when it stands still by now. Paused: stands still, and was not late before.",
        "Each number leads to the promises behind it.",
    ),
    "kept": (
        "Kept: finished within the target. Broken: past its date in that week, whether or not it was finished since. "
        "What was cancelled is in neither.",
        "This week's numbers still change. A week that was reported keeps the numbers that were sent.",
    ),
    "funnel": (
        "Days in the phase so far, of the live cases in it: half are there longer, half shorter. Calendar days, since "
        "the case came into the phase. Waiting counts too.",
    ),
    "age": ("Since the request was sent that opened the case, in calendar weeks. Live cases only.",),
    "people": (
        "Live cases by who they are assigned to. Waiting: somebody else has to act first.",
        "Away: from the days people entered under their own settings.",
    ),
    "waits": ("Live cases by whom they wait for. A case that waits for several is counted for the last one asked.",),
    "broken": ("Promises to requesters only, whether finished since or not, by the moment at which they were due.",),
    "meanwhile": (
        "Cases of people who are away now or within the next two weeks, whose first promise falls into those days.",
    ),
}

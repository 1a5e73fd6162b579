"""How many working days each promise is given: the numbers the program has published, and those of one's own."""

from collections.abc import Mapping
from dataclasses import dataclass

LEAST, MOST = 0.5, 250.0
OWN = "own"


@dataclass(frozen=True)
class Target:
    """One number of Program.target_days: its key, what it is called, and whether a requester is promised it."""

    key: str
    label: str
    hint: str
    internal: bool = False


TARGETS = (
    Target("review", "Review of the request", "From the submission to our answer"),
    Target("build", "Development", "From the start of the build to the private preview"),
    Target("build_again", "Development again", "After a review in private preview found gaps"),
    Target("first_sync", "First sync", "From access granted to the start of the first sync"),
    Target("starter_ready", "Starter connector", "From accepting to a starter connector ready to use", internal=True),
    Target("consult_offer", "Consultation offered", "From accepting to times offered for the call", internal=True),
)


@dataclass(frozen=True)
class Preset:
    """Durations as they were published: `words` as the page says them, `days` as working days, at their upper end."""

    key: str
    label: str
    words: str
    days: Mapping[str, float]


_INTERNAL = {"starter_ready": 2.0, "consult_offer": 3.0}
PRESETS = (
    Preset(
        "until_2025",
        "Published until 2025",
        "Review in about two weeks, build in about four weeks, first sync six to eight weeks after access is granted.",
        {"review": 10.0, "build": 20.0, "build_again": 10.0, "first_sync": 40.0, **_INTERNAL},
    ),
    Preset(
        "now",
        "Published now",
        "Review in two to eight weeks, build in six to eight weeks, first sync six to eight weeks after access is "
        "granted. A promise is kept at the upper end: eight weeks are 40 working days.",
        {"review": 40.0, "build": 40.0, "build_again": 20.0, "first_sync": 40.0, **_INTERNAL},
    ),
)
"""Sources: the By Request page as archived until 2025, and its later copy (two to eight, six to eight weeks)."""
BY_KEY = {preset.key: preset for preset in PRESETS}


def label_of(key: str) -> str:
    """The preset's name; numbers of one's own have none."""
    return BY_KEY[key].label if key in BY_KEY else "Own numbers"


def preset_of(days: Mapping[str, float]) -> str:
    """The key of the preset with just these numbers; OWN for all others."""
    found = (preset.key for preset in PRESETS if all(preset.days[each.key] == days.get(each.key) for each in TARGETS))
    return next(found, OWN)


def read_days(text: str) -> float:
    """`7.5` or `7,5` → 7.5 working days. ValueError with a sentence."""
    try:
        found = float(text.strip().replace(",", ".")) if text.isascii() and len(text) < 20 else -1.0
    except ValueError:
        found = -1.0
    if not LEAST <= found <= MOST:
        raise ValueError(f"Enter a number of working days from {LEAST:g} to {MOST:g}, such as 10")
    return round(found, 2)

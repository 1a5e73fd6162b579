"""How values read on a page: instants and days as the reader's place writes them, in the reader's zone; numbers."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from flask import Flask, g
from markupsafe import Markup, escape

from request_tracker.access import policy, wiring
from request_tracker.rules import connection_words, time_words
from request_tracker.rules.calendar import Calendar
from request_tracker.rules.calendar_words import day_ended
from request_tracker.rules.strangers import plain
from request_tracker.rules.terms import StarterState
from request_tracker.rules.zones import zone_name, zone_or_utc
from request_tracker.store import bounces, reading_fivetran
from request_tracker.store.capped import MANY
from request_tracker.store.reading_fivetran import OutageTold
from request_tracker.web import frame


def register(app: Flask) -> None:
    for show in (when, day, both, relative, due_day, on_day, weekday, thousands, at_most, starter_words, sync_words):
        app.add_template_filter(show)
    app.add_template_filter(plain, "tidy")
    app.add_template_filter(connection_words.kind_words, "condition_words")
    app.add_template_global(comes_back)
    app.add_template_global(outage_told)
    app.context_processor(frame.around)


def when(at: datetime | None) -> Markup:
    """`21 Nov 2026, 14:05 CET` as a <time> element, in the reader's zone and as the reader's place writes it."""
    if at is None:
        return Markup("")
    return _time(at, time_words.instant_words(_local(at), _locale()))


def day(at: datetime | None) -> Markup:
    """`21 Nov 2026`; the hour and the zone stand in its title.

    Where the program's own zone has another date at that instant, the zone is named: `22 Nov 2026 NZDT`.
    """
    if at is None:
        return Markup("")
    local, tag = _local(at), _locale()
    told = time_words.day_words(local.date(), tag)
    if local.date() != at.astimezone(_zone(wiring.settings().program.zone)).date():
        told = f"{told} {zone_name(local)}"
    return _time(at, told, title=time_words.instant_words(local, tag))


def relative(at: datetime | None) -> Markup:
    """`in 3 days`; the instant itself stands in its title."""
    if at is None:
        return Markup("")
    local = _local(at)
    told = time_words.relative_words(local, wiring.now())
    return _time(at, told, title=time_words.instant_words(local, _locale()))


def both(at: datetime | None) -> Markup:
    """`21 Nov 2026, 14:05 CET, in 3 days`."""
    if at is None:
        return Markup("")
    local = _local(at)
    away = time_words.relative_words(local, wiring.now())
    return _time(at, time_words.instant_words(local, _locale())) + Markup(f', <span class="away">{escape(away)}</span>')


def due_day(at: datetime, calendar: Calendar | None) -> Markup:
    """The day a promise is due, or the working day at whose end it is."""
    ended = day_ended(calendar, at) if calendar else ""
    return _time(at, ended) if ended else day(at)


def on_day(given: date | str, *, named: bool = True) -> str:
    """`Sat 21 Nov 2026`, a date (or its ISO text) that is the same in every zone; `named` False leaves out `Sat`."""
    found = date.fromisoformat(given) if isinstance(given, str) else given
    told = time_words.day_words(found, _locale())
    return f"{found:%a} {told}" if named else told


def weekday(given: date) -> str:
    """`Saturday`."""
    return f"{given:%A}"


def thousands(number: float) -> str:
    """`1,234,567`, the way the reader's place parts the digits."""
    return time_words.number_words(int(number), _locale())


def at_most(number: int) -> str:
    """What store.capped counted: `1,000`, then `more than 1,000`."""
    return f"more than {thousands(MANY)}" if number > MANY else thousands(number)


def _time(at: datetime, told: str, *, title: str = "") -> Markup:
    """Put together by hand: a list shows a hundred of them, and `Markup.format` would take most of their time."""
    more = f' title="{escape(title)}"' if title else ""
    return Markup(f'<time datetime="{at.isoformat()}"{more}>{escape(told)}</time>')


def _local(at: datetime) -> datetime:
    viewer = g.get("viewer")
    return at.astimezone(_zone(viewer.zone if viewer else "UTC"))


def _locale() -> str:
    viewer = g.get("viewer")
    return viewer.locale if viewer else time_words.USUAL.tag


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return zone_or_utc(name)


def comes_back() -> datetime | None:
    """Since when letters to the viewer come back. A page that shows it asks; the others do not look."""
    with wiring.reading() as session:
        found = bounces.standing(session, wiring.viewer().email)
    return found.at if found else None


def starter_words(state: str) -> str:
    """What the state of a starter connector means, a sentence."""
    return connection_words.STATES[StarterState(state)]


def sync_words(state: str) -> str:
    """What Fivetran says it does now."""
    return connection_words.SYNCS.get(state) or state.replace("_", " ").capitalize() or "Not told"


def outage_told() -> OutageTold | None:
    """The outage that staff have to know of, if one stands. A page that shows it asks; the others do not look."""
    if not policy.may("queue.index", wiring.viewer().role):
        return None
    with wiring.reading() as session:
        return reading_fivetran.outage_told(session)

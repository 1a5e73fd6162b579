"""Ticks without state: each looks at the rows and does what is due, so a missed or doubled tick does no harm."""

import logging
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

from request_tracker.actions import card, deliveries, first_sync, meetings_due, refold, removal, report, strays, sweep
from request_tracker.store import presences, timeline
from request_tracker.work import (
    assessing,
    boarding,
    digests,
    forecasting,
    forgetting,
    grouping,
    hooks,
    own_webhook,
    roles,
    searching,
    tables,
    trying,
    verifying,
)
from request_tracker.work.context import Context

log = logging.getLogger(__name__)
Tick = Callable[[Context], object]


def sweep_clocks(context: Context) -> None:
    with context.database.transaction() as session:
        sweep.clocks_due(session, context.act())
        sweep.holds_expired(session, context.act())
        sweep.waits_overdue(session, context.act())
        sweep.verifications_due(session, context.act())


def sweep_meetings(context: Context) -> None:
    """Meetings whose case went elsewhere are over, and those of tomorrow are called to mind."""
    with context.database.transaction() as session:
        meetings_due.end_stranded(session, context.act())
        meetings_due.remind(session, context.act())


def sweep_asks(context: Context) -> None:
    with context.database.transaction() as session:
        sweep.asks_expired(session, context.act())


def reconcile(context: Context) -> None:
    with context.database.transaction() as session:
        sweep.connections_due(session, context.act(), plan=context.settings.fivetran_plan)


def ensure_strays(context: Context) -> None:
    """Once a day: connections in our groups that nobody answers for."""
    with context.database.transaction() as session:
        strays.ensure(session, context.act())


def ensure_nothing_forgotten(context: Context) -> None:
    """Every hour: connections whose case or whose days of grace are over, and first syncs, whose work was lost."""
    with context.database.transaction() as session:
        removal.unended(session, context.act())
        removal.overdue(session, context.act())
        first_sync.overdue(session, context.act())


def anchor(context: Context) -> None:
    """Once a day: one digest over the heads of all chains."""
    with context.database.transaction() as session:
        timeline.anchor(session, context.now())


def ensure_report(context: Context) -> None:
    with context.database.transaction() as session:
        report.ensure(session, context.now(), context.settings.program)


def ensure_refold(context: Context) -> None:
    """Once a night: every clock's cached columns are compared with what its events say."""
    with context.database.transaction() as session:
        refold.ensure(session, context.act())


def ensure_digests(context: Context) -> None:
    with context.database.transaction() as session:
        digests.ensure(session, context.now())


def ensure_forecast(context: Context) -> None:
    with context.database.transaction() as session:
        forecasting.ensure(session, context.now(), context.settings.program.zone)


def forget_deliveries(context: Context) -> None:
    """Webhook deliveries are kept for a while, some are deleted at a time; so are the ways to cards."""
    with context.database.transaction() as session:
        deliveries.forget(session, context.act())
        card.forget(session, context.act())


def forget_presences(context: Context) -> None:
    """Who looked at which case is of no use after minutes."""
    with context.database.transaction() as session:
        presences.forget(session, now=context.now())


TICKS: tuple[tuple[Tick, float], ...] = (
    (sweep_clocks, 10),
    (sweep_asks, 10),
    (sweep_meetings, 30),
    (reconcile, 10),
    (ensure_report, 60),
    (ensure_digests, 60),
    (anchor, 3600),
    (ensure_refold, 300),
    (own_webhook.ensure_webhook, 300),
    (forget_deliveries, 300),
    (forget_presences, 300),
    (hooks.fan_out, 3),
    (searching.follow, 2),
    (searching.walk, 10),
    (hooks.forget_hook_deliveries, 600),
    (ensure_forecast, 600),
    (boarding.keep_up, 60),
    (ensure_strays, 3600),
    (ensure_nothing_forgotten, 3600),
    (tables.look_daily, 600),
    (roles.ensure, 600),
    (grouping.ensure, 600),
    (assessing.look_after, 600),
    (trying.look_after, 30),
    (forgetting.forget_failures, 3600),
    (verifying.ensure, 3600),
)
"""Each tick and how often it comes, in seconds."""


def started(context: Context, *, pace: float = 1.0) -> BackgroundScheduler:
    """A running scheduler over the ticks; `pace` below 1 makes them come sooner (the demo)."""
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for tick, seconds in TICKS:
        scheduler.add_job(
            safely(tick),
            "interval",
            args=[context],
            seconds=seconds * pace,
            id=f"{tick.__module__}.{tick.__name__}",
            next_run_time=context.now(),
        )
    scheduler.start()
    return scheduler


def safely(tick: Tick) -> Tick:
    """A tick that failed is written to the log and comes again."""

    def told(context: Context) -> None:
        try:
            tick(context)
        except (SQLAlchemyError, OSError, LookupError, ValueError, RuntimeError) as fault:
            log.warning("tick %s failed: %s", tick.__name__, fault)

    return told

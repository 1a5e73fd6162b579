"""Ticks without state: each looks at the rows and does what is due, so a missed or doubled tick does no harm."""

import logging
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

from request_tracker import links
from request_tracker.actions import refold, report, sweep
from request_tracker.fivetran.client import FivetranError
from request_tracker.settings import is_loopback
from request_tracker.store import timeline
from request_tracker.work import digests, forecasting
from request_tracker.work.context import Context

log = logging.getLogger(__name__)
EVENTS = (
    "sync_start", "sync_end", "connection_successful", "connection_failure", "create_connector", "delete_connector",
)  # fmt: skip
Tick = Callable[[Context], object]


def sweep_clocks(context: Context) -> None:
    with context.database.transaction() as session:
        sweep.clocks_due(session, context.act())
        sweep.holds_expired(session, context.act())
        sweep.waits_overdue(session, context.act())
        sweep.verifications_due(session, context.act())


def sweep_asks(context: Context) -> None:
    with context.database.transaction() as session:
        sweep.asks_expired(session, context.act())


def reconcile(context: Context) -> None:
    with context.database.transaction() as session:
        sweep.connections_due(session, context.act())


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


def ensure_webhook(context: Context) -> None:
    """Keep one active webhook that points at us; without a public address there is nothing to point at."""
    address = links.webhook(context.settings.base_url)
    if is_loopback(address) and not is_loopback(context.settings.fivetran_url):
        return
    try:
        with context.fivetran() as api:
            ours = [hook for hook in api.webhooks() if hook.url == address]
            if not ours:
                api.create_webhook(address, EVENTS, context.settings.webhook_secret)
            elif not ours[0].active:
                api.reactivate_webhook(ours[0].id)
    except FivetranError as fault:
        log.warning("the webhook could not be kept alive: %s", fault.sentence)


TICKS: tuple[tuple[Tick, float], ...] = (
    (sweep_clocks, 10),
    (sweep_asks, 10),
    (reconcile, 10),
    (ensure_report, 60),
    (ensure_digests, 60),
    (anchor, 3600),
    (ensure_refold, 300),
    (ensure_webhook, 300),
    (ensure_forecast, 600),
)
"""Each tick and how often it comes, in seconds."""


def started(context: Context, *, pace: float = 1.0) -> BackgroundScheduler:
    """A running scheduler over the ticks; `pace` below 1 makes them come sooner (the demo)."""
    scheduler = BackgroundScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})
    for tick, seconds in TICKS:
        scheduler.add_job(
            safely(tick),
            "interval",
            args=[context],
            seconds=seconds * pace,
            id=tick.__name__,
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

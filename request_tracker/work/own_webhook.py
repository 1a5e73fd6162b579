"""The webhook that tells us: one at Fivetran, active, with our address, our secret and every event; kept so."""

import hashlib
import logging
from collections.abc import Iterable
from datetime import timedelta

from request_tracker import links
from request_tracker.actions import deliveries, own_webhook
from request_tracker.actions.own_webhook import Wish
from request_tracker.fivetran.client import Fivetran, FivetranError, NotFound, Refused, Webhook
from request_tracker.settings import Settings, is_loopback
from request_tracker.store import webhook_events
from request_tracker.store.webhook_events import OurWebhook
from request_tracker.work.context import Context

log = logging.getLogger(__name__)
EVENTS = (
    "sync_start", "sync_end", "status", "connection_successful", "connection_failure", "create_connector",
    "pause_connector", "resume_connector", "edit_connector", "delete_connector", "force_update_connector",
    "resync_connector", "resync_table", "transformation_start", "transformation_succeeded", "transformation_failed",
    "dbt_run_start", "dbt_run_succeeded", "dbt_run_failed",
)  # fmt: skip
"""Every event the vendor's documentation names (November 2026), the deprecated ones too."""
AGAIN_AFTER = timedelta(hours=1)
"""What Fivetran refused is not asked for again before, unless it changes or an admin says so."""
ONLY_HTTPS = (
    "Fivetran only posts to https addresses. Set REQUEST_TRACKER_BASE_URL to this installation's https address "
    "and start it again. Until then connections are looked at from time to time."
)


def ensure_webhook(context: Context, *, at_once: bool = False) -> None:
    """Keep one webhook that is as we wish; what stands in the way is written down for the admin.

    Twice, or by several workers at once: of several with our address the one we know, or else the oldest, is kept
    and the others are deleted.
    """
    settings = context.settings
    wish = wish_of(settings)
    if is_loopback(wish.url) and not is_loopback(settings.fivetran_url):
        return
    with context.database.reading() as session:
        rows = webhook_events.our_webhooks(session)
    if not at_once and own_webhook.must_wait(rows, wish, context.now()):
        return
    try:
        with context.fivetran() as api:
            _make_so(context, api, wish, rows)
    except FivetranError as fault:
        _note(context, wish, fault)


def test(context: Context) -> None:
    """Have Fivetran post to us and write down how that went. Twice: it is tested twice, which does no harm."""
    with context.database.reading() as session:
        rows = webhook_events.our_webhooks(session)
    kept = next((row for row in rows if row.webhook_id and row.url == links.webhook(context.settings.base_url)), None)
    if kept is None:
        return
    try:
        with context.fivetran() as api:
            answer = api.test_webhook(kept.webhook_id, "sync_end")
            said = "The test delivery arrived" if answer.succeeded else f"It did not arrive: {answer.message}"
    except NotFound:
        said = "Fivetran does not have this webhook any more: it is made again within minutes"
    except FivetranError as fault:
        said = fault.sentence
    with context.database.transaction() as session:
        own_webhook.tested(session, kept.webhook_id, said, context.now())


def wish_of(settings: Settings) -> Wish:
    secret = next(iter(settings.webhook_secrets), "")
    return Wish(links.webhook(settings.base_url), EVENTS, hashlib.sha256(secret.encode()).hexdigest())


def _make_so(context: Context, api: Fivetran, wish: Wish, rows: Iterable[OurWebhook]) -> None:
    hooks = api.webhooks()
    known = {row.webhook_id: row for row in rows}
    same = sorted((hook for hook in hooks if hook.url == wish.url and hook.group_id is None), key=_age)
    kept = next((hook for hook in same if hook.id in known), same[0] if same else None)
    missed = kept is None or not kept.active
    secret = next(iter(context.settings.webhook_secrets), "")
    if kept is None:
        kept = api.create_webhook(wish.url, wish.events, secret)
    elif change := _change(kept, known.get(kept.id), wish, secret):
        kept = api.update_webhook(kept.id, **change)
    with context.database.transaction() as session:
        own_webhook.keep(session, kept.id, wish, context.now())
        if missed:
            deliveries.look_at_all(session, context.now())
    _tidy(context, api, [hook.id for hook in same], known, kept.id)


def _age(hook: Webhook) -> tuple[str, str]:
    return hook.created_at.isoformat() if hook.created_at else "", hook.id


def _change(hook: Webhook, row: OurWebhook | None, wish: Wish, secret: str) -> dict[str, object]:
    """What has to be changed, in the vendor's names. A secret cannot be read: we know only which one we gave."""
    change: dict[str, object] = {}
    if set(hook.events) != set(wish.events):
        change["events"] = list(wish.events)
    if row is None or row.secret_digest != wish.secret_digest:
        change["secret"] = secret
    if not hook.active:
        change["active"] = True
    return change


def _tidy(context: Context, api: Fivetran, same: Iterable[str], known: dict[str, OurWebhook], kept: str) -> None:
    """Delete what else posts to us, and what we made for an address we no longer have; nothing else."""
    for webhook_id in sorted({*same, *known} - {kept}):
        if webhook_id:
            api.delete_webhook(webhook_id)
        with context.database.transaction() as session:
            own_webhook.forget(session, webhook_id)


def _note(context: Context, wish: Wish, fault: FivetranError) -> None:
    """Write down what is in the way. A refusal is not repeated every few minutes."""
    plain_http = isinstance(fault, Refused) and wish.url.startswith("http://")
    sentence = ONLY_HTTPS if plain_http else fault.sentence
    log.warning("the webhook could not be kept alive: %s", sentence)
    retry_at = context.now() + AGAIN_AFTER if isinstance(fault, Refused) else None
    with context.database.transaction() as session:
        own_webhook.note(session, wish, sentence, context.now(), retry_at=retry_at)

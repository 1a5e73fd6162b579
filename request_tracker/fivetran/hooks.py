"""Calls about the webhooks that Fivetran sends."""

from collections.abc import Iterable
from typing import Any

from request_tracker.fivetran.account_replies import Webhook, WebhookTest
from request_tracker.fivetran.calls import Calls, secrets_in, under
from request_tracker.fivetran.exchange import Ask

_WEBHOOKS = "/v1/webhooks"


class WebhookCalls(Calls):
    def webhooks(self) -> tuple[Webhook, ...]:
        return self._list(_WEBHOOKS, Webhook.of)

    def webhook(self, webhook_id: str) -> Webhook | None:
        """None when there is no such webhook (any more)."""
        return self._get(under(_WEBHOOKS, webhook_id), Webhook.of)

    def create_webhook(
        self, url: str, events: Iterable[str], secret: str, active: bool = True, group_id: str | None = None
    ) -> Webhook:
        """For the account, or for one group. Fivetran posts to `url` at once unless `active` is False."""
        path = under(_WEBHOOKS, "account") if group_id is None else under(_WEBHOOKS, "group", group_id)
        body = {"url": url, "events": list(events), "secret": secret, "active": active}
        return Webhook.of(self._wire.send(Ask("POST", path, body=body, hidden=(secret,))))

    def update_webhook(self, webhook_id: str, **fields: Any) -> Webhook:
        """PATCH with any of `url`, `events`, `active`, `secret`. What is activated is probed at once."""
        ask = Ask("PATCH", under(_WEBHOOKS, webhook_id), body=fields, hidden=secrets_in(fields.get("secret")))
        return Webhook.of(self._wire.send(ask))

    def test_webhook(self, webhook_id: str, event: str = "sync_end") -> WebhookTest:
        """Have Fivetran send a dummy delivery and say how the receiver answered."""
        return WebhookTest.of(self._wire.send(Ask("POST", under(_WEBHOOKS, webhook_id, "test"), body={"event": event})))

    def delete_webhook(self, webhook_id: str) -> bool:
        """True when it was deleted by this call, False when it was gone already."""
        return self._delete(under(_WEBHOOKS, webhook_id))

"""How a message goes out: its signature after the Standard Webhooks specification 1.0.0, and when it is tried again."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from standardwebhooks import Webhook

BACK_OFF = (
    timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1),
    timedelta(hours=3), timedelta(hours=8), timedelta(hours=24), timedelta(hours=24),
)  # fmt: skip
"""The pause after the first failed attempt, the second …; after the last attempt a message is dead."""
MOST_ATTEMPTS = len(BACK_OFF) + 1
GIVE_UP_AFTER = timedelta(days=5)
"""An endpoint that took nothing for so long is not posted to any more until an admin says so."""
BOTH_FOR = timedelta(hours=24)
"""How long after a new secret messages carry the signature of the old one too."""
LONGEST_WAIT = timedelta(hours=24)
GONE = 410
_SLOW_DOWN = frozenset({429, 503})
_JITTER = 0.1


def secret_of(key: str, endpoint_id: int, generation: int) -> str:
    """The endpoint's secret, as it is shown to people: 32 bytes that only who has our own key can derive."""
    raw = hmac.new(key.encode(), f"request-tracker.hook:{endpoint_id}:{generation}".encode(), hashlib.sha256).digest()
    return f"whsec_{base64.b64encode(raw).decode()}"


def secrets_of(
    key: str, endpoint_id: int, generation: int, *, rotated_at: datetime | None, now: datetime
) -> tuple[str, ...]:
    """The secrets a message is signed with now, the newest first."""
    both = generation > 1 and rotated_at is not None and now < rotated_at + BOTH_FOR
    return tuple(secret_of(key, endpoint_id, each) for each in (generation, generation - 1)[: 2 if both else 1])


def headers_of(message_id: str, body: str, secrets: tuple[str, ...], now: datetime) -> dict[str, str]:
    """What a receiver needs to believe the message: its id, the instant of this attempt, a signature a secret."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(
            Webhook(each).sign(message_id, now.astimezone(UTC).replace(microsecond=0), body) for each in secrets
        ),
    }


def is_taken(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def pause_after(delivery_id: int, attempt: int, *, asked: timedelta | None = None) -> timedelta | None:
    """How long to wait after a failed attempt (1 is the first); None: it was the last. `asked`: by the receiver.

    The jitter hangs on delivery and attempt alone, so that two workers reckon the same.
    """
    if attempt > len(BACK_OFF):
        return None
    if asked is not None:
        return asked
    share = int.from_bytes(hashlib.sha256(f"{delivery_id}:{attempt}".encode()).digest()[:4]) / 2**32
    return BACK_OFF[attempt - 1] * (1 + _JITTER * (2 * share - 1))


def asked_of(status: int, headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The pause a receiver asks for with Retry-After: seconds or an instant, between a second and a day."""
    said = headers.get("retry-after", "").strip()
    if status not in _SLOW_DOWN or not said:
        return None
    wait = timedelta(seconds=int(said[:9])) if said.isascii() and said.isdigit() else _until(said, now)
    return None if wait is None else min(max(wait, timedelta(seconds=1)), LONGEST_WAIT)


def _until(said: str, now: datetime) -> timedelta | None:
    try:
        at = parsedate_to_datetime(said)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, OverflowError):
        return None

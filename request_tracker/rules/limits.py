"""Fivetran's published rate limits as data, and a pure token bucket to stay below them.

The rows of the buckets live elsewhere (they are shared by all workers); here is only the arithmetic.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_SKEW = timedelta(minutes=5)
"""So far may the clocks of two machines lie apart; a bucket filled later than that was filled by a wrong clock."""
_SHARE = 0.95
"""What we use of a limit at most: clocks are seconds apart, and a call arrives later than it was granted."""


@dataclass(frozen=True)
class Limit:
    """At most `calls` in any rolling window of length `per_for`, counted for one account."""

    name: str
    kind: str
    calls: int
    per_for: timedelta

    @property
    def burst(self) -> int:
        """A quarter may go at once: burst + refill over one window stays below `calls`."""
        return max(1, self.calls // 4)

    @property
    def refill_per_second(self) -> float:
        return (self.calls * _SHARE - self.burst) / self.per_for.total_seconds()


# Source: the vendor's page "rest-api/rate-limiting" (2026). Rolling windows, per account.
PLANS: dict[str, tuple[Limit, ...]] = {
    "trial": (
        Limit("call/hour", "call", 500, _HOUR),
        Limit("source/minute", "source", 25, _MINUTE),
        Limit("source/hour", "source", 250, _HOUR),
        Limit("tests/hour", "tests", 50, _HOUR),
    ),
    "paid": (
        Limit("call/hour", "call", 20_000, _HOUR),
        Limit("source/minute", "source", 500, _MINUTE),
        Limit("source/hour", "source", 5_000, _HOUR),
        Limit("tests/minute", "tests", 250, _MINUTE),
        Limit("tests/hour", "tests", 2_500, _HOUR),
    ),
}

# A call that runs setup tests touches the source too, and each of them is a call.
COUNTS_AS: dict[str, frozenset[str]] = {
    "call": frozenset({"call"}),
    "source": frozenset({"call", "source"}),
    "tests": frozenset({"call", "source", "tests"}),
}


@dataclass(frozen=True)
class Bucket:
    """What is left of one limit: `tokens` at the instant `filled_at`; below zero after a Retry-After."""

    tokens: float
    filled_at: datetime


@dataclass(frozen=True)
class Taken:
    """The buckets after asking, and how long to wait. With a wait nothing was taken: ask again later."""

    buckets: dict[str, Bucket]
    wait_for: timedelta

    @property
    def granted(self) -> bool:
        return self.wait_for <= timedelta(0)


def take(kind: str, buckets: Mapping[str, Bucket], *, plan: str, now: datetime) -> Taken:
    """Take one token from each limit that `kind` falls under, or none at all.

    `buckets` is keyed by `Limit.name`; a missing one counts as full. ValueError for an unknown kind or plan.
    """
    limits = limits_of(kind, plan=plan)
    filled = {limit.name: _fill(buckets.get(limit.name), limit, now) for limit in limits}
    wait_for = max(_wait(filled[limit.name], limit) for limit in limits)
    if wait_for > timedelta(0):
        return Taken(filled, wait_for)
    return Taken({name: Bucket(bucket.tokens - 1, bucket.filled_at) for name, bucket in filled.items()}, timedelta(0))


def drain(kind: str, buckets: Mapping[str, Bucket], *, plan: str, now: datetime, retry_after: int) -> dict[str, Bucket]:
    """After a 429: empty the buckets so far that the next call of this kind waits `retry_after` seconds."""
    limits = limits_of(kind, plan=plan)
    return {limit.name: _drained(buckets.get(limit.name), limit, now, retry_after) for limit in limits}


def spare(kind: str, buckets: Mapping[str, Bucket], *, plan: str, now: datetime) -> int:
    """How many calls of `kind` may go out now until half of what may go out at once is used up."""
    limits = limits_of(kind, plan=plan)
    left = (_fill(buckets.get(limit.name), limit, now).tokens - limit.burst / 2 for limit in limits)
    return max(0, math.ceil(min(left)))


def left(limit: Limit, bucket: Bucket | None, now: datetime) -> float:
    """Calls under this limit that may go out at once now; below zero while the neighbour asked us to wait."""
    return _fill(bucket, limit, now).tokens


def limits_of(kind: str, *, plan: str) -> tuple[Limit, ...]:
    """The limits that a call of `kind` ("call", "source", "tests") counts against on `plan` ("trial", "paid")."""
    if kind not in COUNTS_AS or plan not in PLANS:
        raise ValueError(f"unknown kind {kind!r} or plan {plan!r}")
    return tuple(limit for limit in PLANS[plan] if limit.kind in COUNTS_AS[kind])


def _drained(bucket: Bucket | None, limit: Limit, now: datetime, retry_after: int) -> Bucket:
    tokens = 1 - retry_after * limit.refill_per_second
    filled = _fill(bucket, limit, now)
    return Bucket(min(tokens, filled.tokens), filled.filled_at)


def _fill(bucket: Bucket | None, limit: Limit, now: datetime) -> Bucket:
    if bucket is None:
        return Bucket(float(limit.burst), now)
    # A clock that is behind neither drains the bucket nor fills it a second time for those that are ahead.
    passed = max(0.0, (now - bucket.filled_at).total_seconds())
    is_behind = now < bucket.filled_at <= now + _SKEW
    tokens = min(float(limit.burst), bucket.tokens + passed * limit.refill_per_second)
    return Bucket(tokens, bucket.filled_at if is_behind else now)


def _wait(bucket: Bucket, limit: Limit) -> timedelta:
    # The tiny allowance keeps rounding from asking for a wait of zero microseconds again and again.
    missing = 1 - 1e-6 - bucket.tokens
    return timedelta(seconds=missing / limit.refill_per_second) if missing > 0 else timedelta(0)

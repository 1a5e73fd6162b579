"""Calls about which schemas, tables and columns of a connection are synced."""

from collections.abc import Mapping
from typing import Any

from request_tracker.fivetran.calls import Calls, under
from request_tracker.fivetran.connections import CONNECTIONS
from request_tracker.fivetran.errors import NotFound
from request_tracker.fivetran.exchange import Ask
from request_tracker.fivetran.schema_replies import ColumnSetting, Schemas, columns_of


class SchemaCalls(Calls):
    def schemas(self, connection_id: str) -> Schemas | None:
        """None before Fivetran has read the source for the first time. NotFound when the connection is gone."""
        try:
            return Schemas.of(self._wire.send(Ask("GET", _schemas(connection_id), version_2=True)))
        except NotFound as fault:
            if "schema" in fault.code.lower():
                return None
            raise

    def reload_schemas(self, connection_id: str, exclude_mode: str = "PRESERVE") -> Schemas:
        """Have Fivetran read the source again. `exclude_mode`, for what is new: PRESERVE, INCLUDE, EXCLUDE."""
        path = under(_schemas(connection_id), "reload")
        ask = Ask("POST", path, "source", body={"exclude_mode": exclude_mode}, version_2=True)
        return Schemas.of(self._wire.send(ask))

    def create_schemas(self, connection_id: str, body: Mapping[str, Any]) -> Schemas:
        """POST: like set_schemas, before there is a configuration; names may be unknown as yet. `schemas` is a must."""
        return Schemas.of(self._wire.send(Ask("POST", _schemas(connection_id), body=body, version_2=True)))

    def set_schemas(self, connection_id: str, body: Mapping[str, Any]) -> Schemas:
        """PATCH: `schema_change_handling` and, by name, which schemas, tables and columns are on or hashed."""
        return Schemas.of(self._wire.send(Ask("PATCH", _schemas(connection_id), body=body, version_2=True)))

    def columns(self, connection_id: str, schema: str, table: str) -> tuple[ColumnSetting, ...]:
        """All columns of a table: the configuration as a whole lists only those that were changed."""
        path = under(_schemas(connection_id), schema, "tables", table, "columns")
        return columns_of(self._wire.send(Ask("GET", path, "source", version_2=True)))


def _schemas(connection_id: str) -> str:
    return under(CONNECTIONS, connection_id, "schemas")

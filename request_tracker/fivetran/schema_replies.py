"""What Fivetran answers about a connection's tables and columns."""

from dataclasses import dataclass

from request_tracker.fivetran.fields import Json, mapping, maybe, named, text


@dataclass(frozen=True)
class ColumnSetting:
    """`locked`: Fivetran does not let it be switched off; `locked_because` is its reason, if it gives one."""

    name: str
    enabled: bool
    hashed: bool
    is_primary_key: bool
    locked: bool
    locked_because: str = ""

    @classmethod
    def of(cls, name: str, data: Json) -> "ColumnSetting":
        return cls(
            name,
            bool(data.get("enabled")),
            bool(data.get("hashed")),
            bool(data.get("is_primary_key")),
            _is_locked(data),
            _why_locked(data),
        )


@dataclass(frozen=True)
class TableSetting:
    """`name` is the vendor's key for it; `in_destination` what the table is called in the warehouse."""

    schema: str
    name: str
    enabled: bool
    locked: bool
    columns: tuple[ColumnSetting, ...] = ()
    schema_enabled: bool = True
    in_destination: str | None = None
    sync_mode: str | None = None
    locked_because: str = ""

    @classmethod
    def of(cls, schema: str, schema_enabled: bool, name: str, data: Json) -> "TableSetting":
        return cls(
            schema=schema,
            name=name,
            enabled=bool(data.get("enabled")),
            locked=_is_locked(data),
            columns=columns_of(data),
            schema_enabled=schema_enabled,
            in_destination=maybe(data, "name_in_destination"),
            sync_mode=maybe(data, "sync_mode"),
            locked_because=_why_locked(data),
        )


@dataclass(frozen=True)
class Schemas:
    """A connection's schema configuration. `handling` of what is new: ALLOW_ALL, ALLOW_COLUMNS, BLOCK_ALL."""

    handling: str
    tables: tuple[TableSetting, ...]

    @classmethod
    def of(cls, data: Json) -> "Schemas":
        tables = (
            TableSetting.of(schema, bool(inside.get("enabled")), name, table)
            for schema, inside in named(data, "schemas")
            for name, table in named(inside, "tables")
        )
        return cls(text(data, "schema_change_handling").upper(), tuple(tables))


def columns_of(data: Json) -> tuple[ColumnSetting, ...]:
    return tuple(ColumnSetting.of(name, column) for name, column in named(data, "columns"))


def _is_locked(data: Json) -> bool:
    return mapping(data, "enabled_patch_settings").get("allowed") is False


def _why_locked(data: Json) -> str:
    settings = mapping(data, "enabled_patch_settings")
    return text(settings, "reason") or text(settings, "reason_code")

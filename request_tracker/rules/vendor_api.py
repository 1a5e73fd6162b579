"""What a vendor's API document says, in one shape for every format: sign-in, collections, tables, figures.

`apidocs` makes an Analysis out of a document, `store` keeps it as JSON, `rules.assessment` judges it,
`apidocs.scaffold` makes a starter project of it. Every text in it comes from a stranger: it is shown escaped and never
acted upon.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class ColumnKind(StrEnum):
    """The types of a destination column, by the names Fivetran's Connector SDK gives them."""

    BOOLEAN = "BOOLEAN"
    INT = "INT"
    LONG = "LONG"
    DECIMAL = "DECIMAL"
    DOUBLE = "DOUBLE"
    DATE = "NAIVE_DATE"
    NAIVE_DATETIME = "NAIVE_DATETIME"
    UTC_DATETIME = "UTC_DATETIME"
    BINARY = "BINARY"
    STRING = "STRING"
    JSON = "JSON"


class PagingStyle(StrEnum):
    """How a list goes on after its first page. UNCLEAR: a page size can be asked for, but not the next page."""

    NEXT_URL = "next_url"
    CURSOR = "cursor"
    LINK_HEADER = "link_header"
    PAGE = "page"
    OFFSET = "offset"
    UNCLEAR = "unclear"
    NONE = "none"


class ChangeKind(StrEnum):
    """How what changed since the last sync can be read (FILTER and BOTH ask the source for it)."""

    BOTH = "both"
    FILTER = "filter"
    FIELD = "field"
    APPEND = "append"
    NONE = "none"


class SignInKind(StrEnum):
    API_KEY = "api_key"
    BEARER = "bearer"
    BASIC = "basic"
    SESSION = "session"
    OAUTH2 = "oauth2"
    NONE = "none"
    UNDECLARED = "undeclared"
    CERTIFICATE = "certificate"
    OTHER = "other"


@dataclass(frozen=True)
class Note:
    """A remark about the document: a sentence for people and the JSON pointer it is about ("" for all of it)."""

    sentence: str
    pointer: str = ""


@dataclass(frozen=True)
class SignIn:
    """One way to sign in. `place` (header, query, cookie) and `name` say where a key goes, `prefix` what stands before
    it; `login_…` belong to a session: a POST that answers with a token at `token_path` (dots between names). `also`:
    what must be sent together with it."""

    kind: SignInKind
    name: str = ""
    place: str = ""
    prefix: str = ""
    flows: tuple[str, ...] = ()
    token_url: str = ""
    scopes: tuple[str, ...] = ()
    login_path: str = ""
    login_fields: tuple[str, ...] = ()
    token_path: str = ""
    pointers: tuple[str, ...] = ()
    also: tuple["SignIn", ...] = ()


@dataclass(frozen=True)
class Paging:
    """`style` is the one to implement, `styles` all there is evidence for. `param`: the query parameter that takes the
    token, page or offset; `token_path`: where the answer holds the next token or address; `more_path`: where it says
    whether there is more; `total_path`: how many there are; `size_param` and `size`: how many to ask for at once;
    `first`: the number of the first page. Paths have dots between names."""

    style: PagingStyle = PagingStyle.NONE
    styles: tuple[str, ...] = ()
    param: str = ""
    token_path: str = ""
    more_path: str = ""
    total_path: str = ""
    size_param: str = ""
    size: int | None = None
    first: int = 1
    pointers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """`filter`: the parameter that asks for what changed since (in `place`: query, header), its value written as
    `format`: iso, date, unix, unix_ms, token (a delta token, answered at `token_path`) or expression (`template` holds
    `{since}`). `field`: where a record holds its time of change (dots between names)."""

    kind: ChangeKind = ChangeKind.NONE
    filter: str = ""
    place: str = "query"
    format: str = "iso"
    template: str = ""
    token_path: str = ""
    field: str = ""
    filters: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    pointers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """`source`: where the record holds the value (dots between names); `name`: what the destination calls it."""

    name: str
    source: str
    kind: ColumnKind = ColumnKind.STRING
    description: str = ""


@dataclass(frozen=True)
class Parent:
    """A list that must be walked first. `param` (in `place`: path or query) takes `source` of each of its records;
    `column` is what the child calls it."""

    table: str
    param: str
    source: str
    column: str
    place: str = "path"


@dataclass(frozen=True)
class Configured:
    """A parameter the person who sets up the connector has to give; `example` where the document has one."""

    param: str
    place: str = "path"
    example: str = ""
    is_scope: bool = False


@dataclass(frozen=True)
class Table:
    """A list of records as a table. `path` as the document writes it, `data_path` where the answer holds the records
    ("$": it is the list itself). `key`: columns, those of the parents first; empty: the row is hashed. `depth`: how
    many lists must be walked first. `constants`: parameters with a closed list of values, each of which is asked for;
    `constant_columns`: what the column is called that holds the value asked for, by parameter, where rows differ by it.
    `deletes`: how the API tells that a record is gone: "" (not at all), "field:<path>" (a truth value or time in the
    record). `columns` in the document's order, keys first. `is_custom`: wholly customer-defined record."""

    name: str
    path: str
    data_path: str
    method: str = "get"
    columns: tuple[Column, ...] = ()
    key: tuple[str, ...] = ()
    parents: tuple[Parent, ...] = ()
    depth: int = 0
    configured: tuple[Configured, ...] = ()
    constants: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    constant_columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    paging: Paging = Paging()
    change: Change = Change()
    deletes: str = ""
    is_typed: bool = True
    is_custom: bool = False
    is_deprecated: bool = False
    alternatives: tuple[str, ...] = ()
    summary: str = ""
    tags: tuple[str, ...] = ()
    body: str = ""
    warnings: tuple[str, ...] = ()
    pointers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Collection:
    """One GET operation that answers with a list of records: what is counted, whether proposed as a table or not."""

    path: str
    depth: int
    parents: tuple[str, ...] = ()
    config_params: tuple[str, ...] = ()
    data_path: str = "$"
    pagination: tuple[str, ...] = ()
    update_filter: tuple[str, ...] = ()
    update_fields: tuple[str, ...] = ()
    pointer: str = ""


@dataclass(frozen=True)
class Figures:
    """What was counted. None: the document alone cannot tell. Shares are of the collections whose record is known."""

    operations: int = 0
    get_operations: int = 0
    deprecated_operations: int = 0
    get_with_schema: int = 0
    get_described: int = 0
    collection_endpoints: int | None = None
    typed_collections: int = 0
    named_collections: int = 0
    """Collections whose record has at least three named columns."""
    nesting_hist: Mapping[str, int] | None = None
    nesting_max: int | None = None
    nesting_max_without_scope: int | None = None
    scope_param: str | None = None
    auth_classes: tuple[str, ...] = ()
    auth_vendor: str = "undeclared"
    """static (a fixed key, token or user and password), oauth2, none or undeclared."""
    pagination_styles: tuple[str, ...] = ()
    pagination_counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    pagination_dominant: tuple[str, ...] = ()
    incremental_param_endpoints: int | None = None
    incremental_field_endpoints: int | None = None
    open_schema_share: float | None = None
    custom_field_share: float | None = None
    fully_custom_share: float | None = None
    customer_defines_tables: bool = False
    webhooks_documented: int = 0
    callbacks: int = 0
    webhook_paths: int = 0
    graphql_only: bool = False
    external_refs: int = 0
    dangling_refs: int = 0


@dataclass(frozen=True)
class Analysis:
    """All that was found in one document. `kind`: openapi2.0, openapi3.0, openapi3.1, postman2.0, postman2.1,
    graphql-sdl, graphql-introspection or html. `sign_in`: the easiest way first. `links`: documents a page points at.
    `examples`: a few records a table, as the document has them; `made_up` names the tables whose examples were made
    from the schema instead. `pointers`: evidence a criterion, by its name; `excerpts`: the first
    lines of what stands at each of them."""

    kind: str
    title: str = ""
    version: str = ""
    base_urls: tuple[str, ...] = ()
    figures: Figures = Figures()
    sign_in: tuple[SignIn, ...] = ()
    collections: tuple[Collection, ...] = ()
    tables: tuple[Table, ...] = ()
    post_reads: tuple[str, ...] = ()
    warnings: tuple[Note, ...] = ()
    links: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    examples: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=lambda: MappingProxyType({}))
    made_up: tuple[str, ...] = ()
    pointers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    excerpts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

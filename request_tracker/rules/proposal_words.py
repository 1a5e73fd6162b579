"""What is proposed for one table, in words: its key, how it is paged, how changes are found, what to know of it."""

from request_tracker.rules.vendor_api import ChangeKind, Paging, PagingStyle, Table

PAGING = {
    PagingStyle.NEXT_URL: "By the address of the next page",
    PagingStyle.CURSOR: "By a cursor",
    PagingStyle.LINK_HEADER: "By the Link header",
    PagingStyle.PAGE: "By page number",
    PagingStyle.OFFSET: "By offset",
    PagingStyle.UNCLEAR: "Unclear: the document names a page size, and not how to get the next page",
    PagingStyle.NONE: "All in one answer",
}
CHANGES = {
    ChangeKind.BOTH: "Only what changed is asked for",
    ChangeKind.FILTER: "Only what changed is asked for",
    ChangeKind.FIELD: "Read in full, rows that did not change are skipped",
    ChangeKind.APPEND: "Only what is new is asked for: rows never change",
    ChangeKind.NONE: "Read in full at every sync",
}


def key_of(table: Table) -> str:
    return ", ".join(table.key) or "None: a hash of the row"


def paging_of(table: Table) -> str:
    """`By a cursor (starting_after)`; a name that only says the way again is left out."""
    way, name = PAGING[table.paging.style], _handle(table.paging)
    return way + _beside("" if name.lower() in way.lower().split() else name)


def changes_of(table: Table) -> str:
    """`Only what changed is asked for (updated_since)`."""
    asked = (ChangeKind.BOTH, ChangeKind.FILTER, ChangeKind.APPEND)
    by = table.change.filter if table.change.kind in asked else ""
    return CHANGES[table.change.kind] + _beside(by or table.change.field)


def marks_of(table: Table) -> tuple[str, ...]:
    """What a reader has to know before choosing it, each a few words."""
    said = (
        (table.is_deprecated, "Deprecated"),
        (not table.is_typed, "Columns not described"),
        (table.is_custom, "Columns are the customer's own"),
        (not table.key, "No key"),
    )
    return tuple(words for is_so, words in said if is_so)


def _handle(paging: Paging) -> str:
    return paging.token_path if paging.style is PagingStyle.NEXT_URL else paging.param


def _beside(name: str) -> str:
    return f" ({name})" if name else ""

"""The words by which lists, their paging and their wrappers are known."""

from request_tracker.apidocs.describing.operations import Operation
from request_tracker.apidocs.describing.words import words

LISTS = (
    "data", "items", "results", "result", "records", "value", "values", "entries", "list", "content", "contents",
    "rows", "objects", "elements", "resources", "resource", "collection", "nodes", "edges", "hits", "member",
    "members", "documents", "docs", "entities", "response", "payload",
)  # fmt: skip
"""What lists are usually called, the most telling first."""

WRAPPERS = frozenset({*LISTS, "embedded", "body"})
"""What an object round a list is usually called."""

PASSIVE = frozenset({
    "total", "totals", "max", "maximum", "expand",
    "count", "counts", "next", "prev", "previous", "has", "more", "cursor", "cursors", "after",
    "before", "page", "pages", "paging", "pagination", "paginate", "paginated", "per", "size", "limit", "offset",
    "skip", "start", "end", "first", "last", "current", "number", "num", "token", "tokens", "continuation",
    "sync", "delta", "marker", "links", "link", "href", "self", "url", "uri", "meta", "metadata", "ok", "success",
    "successful", "status", "message", "messages", "msg", "error", "errors", "err", "warning", "warnings", "code",
    "request", "response", "object", "type", "kind", "etag", "version", "timestamp", "api", "server", "knowledge",
    "odata", "jsonapi", "took", "elapsed", "duration", "execution", "is", "of", "results", "items", "records",
    "entries", "length", "found", "included", "facets", "truncated", "incomplete",
})  # fmt: skip
"""Words of properties that speak of paging or status: a property of nothing but such words is no data."""

IDENTIFIED = frozenset({"request", "trace", "correlation", "transaction", "session"})
"""Words before `id` that make it the number of an exchange, not of a record."""

BOUNDS = frozenset({"start", "end", "from", "to", "since", "until", "min", "max"})
MOMENTS = frozenset({"date", "time", "at", "datetime", "timestamp"})
"""start_date, end_time: the span that was asked for."""

BYWORDS = frozenset({"errors", "warnings", "included", "facets", "links", "messages"})
"""Arrays that stand beside the data."""

FAILURES = frozenset({"error", "warning"})

COUNTS = frozenset({
    "count", "counts", "setting", "settings", "config", "configuration", "configurations", "preferences", "cors",
    "balance", "balances", "statistics", "stats", "stat", "summary", "health", "quota", "chart", "charts",
})  # fmt: skip

LOOKUPS = frozenset({"ids", "uuids", "gids", "sids"})
READ_VERBS = frozenset({"get", "list", "search", "query", "find"})

PAGING = frozenset({
    "page", "pagenumber", "pageno", "pagenum", "pageindex", "p", "pagesize", "perpage", "limit", "offset", "skip",
    "start", "startat", "startindex", "startposition", "startkey", "cursor", "nextcursor", "pagecursor", "after",
    "before", "startingafter", "endingbefore", "aftercursor", "beforecursor", "afterid", "beforeid", "pagetoken",
    "nexttoken", "nextpagetoken", "nextpage", "continuation", "continuationtoken", "marker", "nextmarker",
    "sinceid", "maxid", "bookmark", "top", "take", "first", "last", "count", "size", "maxresults", "maxitems",
    "resultsperpage", "pagelimit", "pageoffset", "pagestart", "pageafter", "pagebefore", "paging", "pagination",
    "recordsperpage", "itemsperpage", "batchsize", "numberofitems", "resultlimit", "resultoffset", "scrollid",
    "scrollparam", "fromindex", "pageid",
})  # fmt: skip
"""Parameters that page, letters and digits only."""

MORE = frozenset({"next", "cursor", "cursors", "total", "more", "totals", "continuation"})


def squeezed(name: str) -> str:
    """A name as letters and digits in lower case: page[size] → pagesize."""
    return "".join(words(name))


def is_paging(name: str) -> bool:
    """A parameter that asks for a page or its size (also page[…], paging.… and $top)."""
    found = words(name)
    return squeezed(name) in PAGING or (len(found) > 1 and found[0] in ("page", "paging", "pagination"))


def asks_for_pages(operation: Operation) -> bool:
    """The request takes a parameter for paging."""
    return any(is_paging(parameter.name) for parameter in operation.placed("query"))


def is_passive(name: str) -> bool:
    """A property about paging or status: total_count, has_more, links, request_id."""
    found = words(name)
    if not found or name.startswith(("@", "_links")):
        return True
    if found[-1] == "id":
        return found[0] in IDENTIFIED
    return all(word in PASSIVE for word in found) or (found[0] in BOUNDS and found[-1] in MOMENTS)


def tells_of_more(name: str) -> bool:
    """A property that says there is more, or how much: next_page, total, has_more, cursor."""
    return bool(MORE & set(words(name)))

"""The question that asks for one page of a GraphQL list, with variables for what changes, and how it is paged."""

from collections.abc import Sequence

from request_tracker.apidocs.graphql.graphql_lists import Listing
from request_tracker.apidocs.graphql.graphql_types import Argument, Graph
from request_tracker.rules.vendor_api import Change, Column, Paging, PagingStyle

SIZE = 100

_TOKENS = ("endCursor", "nextCursor", "next_cursor", "cursor", "nextToken", "nextPageToken")
_MORE = ("hasNextPage", "hasMore", "has_more")
_SIZES = ("first", "limit", "take", "perPage", "pageSize", "per_page", "page_size")
_BY_STYLE = (
    (PagingStyle.CURSOR, ("after", "cursor", "nextToken", "pageToken", "page_token")),
    (PagingStyle.PAGE, ("page", "pageNumber", "page_number")),
    (PagingStyle.OFFSET, ("offset", "skip")),
)


def paging(each: Listing, graph: Graph) -> Paging:
    """How a list is paged: `first` and `after` are a cursor; only a page size is unclear."""
    arguments = {one.name: one for one in each.field.arguments if not one.type.is_list}
    found = [(style, next((name for name in names if name in arguments), "")) for style, names in _BY_STYLE]
    evidence = [(style, name) for style, name in found if name]
    token, more = page_info(each, graph)
    size = next((name for name in _SIZES if name in arguments and arguments[name].type.name == "Int"), "")
    style, param = evidence[0] if evidence else (PagingStyle.UNCLEAR if size else PagingStyle.NONE, "")
    base = f"data.{each.field.name}"
    return Paging(
        style=style,
        styles=tuple(str(one) for one, _ in evidence) or (str(PagingStyle.NONE),),
        param=param,
        token_path=f"{base}.{token}" if token and style is PagingStyle.CURSOR else "",
        more_path=f"{base}.{more}" if more else "",
        size_param=size,
        size=SIZE if size else None,
        first=0 if style is PagingStyle.OFFSET else 1,
        pointers=(f"/{graph.query}/{each.field.name}",),
    )


def page_info(each: Listing, graph: Graph) -> tuple[str, str]:
    """Where a page tells the next cursor, and whether there is more: beneath `pageInfo`, or on the page itself."""
    page = graph.objects.get(each.page, {})
    info = graph.objects.get(page["pageInfo"].type.name, {}) if "pageInfo" in page else {}
    places = (("pageInfo.", info), ("", page))
    found = [
        next((prefix + name for prefix, fields in places for name in names if name in fields), "")
        for names in (_TOKENS, _MORE)
    ]
    return found[0], found[1]


def question(each: Listing, own: Sequence[Column], page: Paging, change: Change) -> str:
    """The text of the query: all its names passed GraphQL's rule when the schema was read."""
    asked = [one for one in each.field.arguments if _is_asked(one, each, page, change)]
    variables = ", ".join(f"${one.name}: {one.type.written}" for one in asked)
    arguments = ", ".join(f"{one.name}: ${one.name}" for one in asked)
    head = f"query Rows({variables})" if asked else "query Rows"
    call = f"{each.field.name}({arguments})" if asked else each.field.name
    return f"{head} {{ {call} {_selection(each, own, page)} }}"


def _is_asked(one: Argument, each: Listing, page: Paging, change: Change) -> bool:
    return one in each.needed or one.name in (page.param, page.size_param, change.filter)


def _selection(each: Listing, own: Sequence[Column], page: Paging) -> str:
    fields = " ".join(column.source.rsplit(".", 1)[-1] for column in own) or "__typename"
    inner = f"{{ {each.inner} {{ {fields} }} }}" if each.inner else f"{{ {fields} }}"
    if not each.holder:
        return inner
    return f"{{ {each.holder} {inner}{_further(each, page)} }}"


def _further(each: Listing, page: Paging) -> str:
    """What the page says of the next one."""
    base = f"data.{each.field.name}."
    told = [path.removeprefix(base) for path in (page.token_path, page.more_path) if path]
    outer = [path for path in told if "." not in path]
    info = [path.removeprefix("pageInfo.") for path in told if path.startswith("pageInfo.")]
    return "".join(f" {name}" for name in outer) + (f" pageInfo {{ {' '.join(info)} }}" if info else "")

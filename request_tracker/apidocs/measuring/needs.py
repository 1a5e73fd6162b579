"""What must be known to ask for a list: its groups of path parameters and its required query parameters."""

from dataclasses import dataclass

from request_tracker.apidocs.describing.operations import Parameter
from request_tracker.apidocs.describing.paths import groups
from request_tracker.apidocs.describing.words import words
from request_tracker.apidocs.measuring.collected import Listed
from request_tracker.apidocs.measuring.list_words import is_paging, squeezed

ENDINGS = frozenset({"id", "uuid", "guid", "gid", "key", "slug", "sid", "name"})
"""Last words of a parameter that say what of a record is meant, not which record."""

NAMING = frozenset({"id", "gid", "sid", "uuid", "guid", "key"})
"""Endings of a query parameter that names a record."""

CREDENTIALS = frozenset({
    "apikey", "key", "accesstoken", "token", "auth", "authtoken", "authkey", "authorization", "clientid",
    "clientsecret", "secret", "signature", "password", "appkey", "appid", "applicationkey", "userkey", "apitoken",
    "sessionid", "sessionkey", "sessiontoken", "jwt", "apisecret", "subscriptionkey",
})  # fmt: skip


@dataclass(frozen=True)
class Need:
    """Parameters that one list has to supply together. `before`: the path ahead of them as its shape; `ahead`: the
    words of the fixed segment ahead. `values`: the closed list, when there is one. `is_naming`: a query parameter whose
    name alone says that it takes a record's id."""

    names: tuple[str, ...]
    place: str = "path"
    before: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    is_naming: bool = True


def needs_of(listed: Listed, credentials: frozenset[str]) -> tuple[Need, ...]:
    """The needs of a list, those of the path first, each parameter with a closed list on its own."""
    known = {each.name: each for each in listed.operation.placed("path")}
    found: list[Need] = []
    for group in groups(listed.path):
        open_names = tuple(name for name in group.names if not _values(known.get(name)))
        found += [Need((name,), values=_values(known.get(name))) for name in group.names if _values(known.get(name))]
        if open_names:
            found.append(Need(open_names, "path", group.before, group.words))
    query = (each for each in listed.operation.placed("query") if each.is_required and each.default is None)
    found += [_asked(each) for each in query if not is_paging(each.name) and not signs_in(each.name, credentials)]
    return tuple(dict.fromkeys(found))


def _asked(parameter: Parameter) -> Need:
    ends = words(parameter.name)[-1:]
    is_naming = bool(ends) and (ends[0] in NAMING or _glued(ends[0]) != ends[0])
    return Need((parameter.name,), "query", values=_values(parameter), is_naming=is_naming)


def naming_words(name: str) -> tuple[tuple[str, ...], ...]:
    """The words of a parameter that may say which record is meant, the likeliest reading first: customer_id and
    customerIdOrKey → customer; customerid → customerid, customer; id → nothing."""
    found = words(name)
    while found and (found[-1] in ENDINGS or found[-1] == "or"):
        found = found[:-1]
    if not found:
        return ()
    unglued = (*found[:-1], _glued(found[-1]))
    return (found,) if unglued == found else (found, unglued)


def _glued(word: str) -> str:
    ending = next((ending for ending in ("uuid", "guid", "gid", "sid", "id") if word.endswith(ending)), "")
    return word[: -len(ending)] if ending and len(word) - len(ending) >= 4 else word


def _values(parameter: Parameter | None) -> tuple[str, ...]:
    return parameter.values if parameter else ()


def signs_in(name: str, credentials: frozenset[str] = frozenset()) -> bool:
    """A parameter that takes a key, a token or the like."""
    return squeezed(name) in CREDENTIALS or name in credentials

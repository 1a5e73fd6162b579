"""What the calls of every subject share: the wire, safe paths, deleting, lists."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from request_tracker.fivetran.errors import NotFound
from request_tracker.fivetran.exchange import Ask
from request_tracker.fivetran.fields import SHORTEST_SECRET, Json
from request_tracker.fivetran.wire import Wire

T = TypeVar("T")
PAGE = {"limit": 1000}


class Calls:
    """One subject's calls; `client.Fivetran` joins them all."""

    _wire: Wire

    def _get(self, path: str, of: Callable[[Json], T], *, version_2: bool = False) -> T | None:
        """None when there is no such thing (any more)."""
        try:
            return of(self._wire.send(Ask("GET", path, version_2=version_2)))
        except NotFound:
            return None

    def _list(self, path: str, of: Callable[[Json], T], params: Json | None = None) -> tuple[T, ...]:
        return tuple(of(item) for item in self._wire.pages(Ask("GET", path, params={**PAGE, **(params or {})})))

    def _delete(self, path: str, *, version_2: bool = False) -> bool:
        """True when it was deleted by this call, False when it was gone already."""
        try:
            self._wire.send(Ask("DELETE", path, version_2=version_2))
        except NotFound:
            return False
        return True


def under(base: str, *parts: str) -> str:
    """A path below `base`; no part can lead to another place."""
    return "/".join((base, *(_part(part) for part in parts)))


def _part(part: str) -> str:
    # A dot segment would be folded away on the wire even though its signs are harmless.
    return quote(part, safe="").replace(".", "%2E") if part in {".", ".."} else quote(part, safe="")


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def secrets_in(value: object) -> tuple[str, ...]:
    """The texts in a config that must not come back in an error's words."""
    if isinstance(value, str):
        return (value,) if len(value) >= SHORTEST_SECRET else ()
    inner: Iterable[object] = ()
    if isinstance(value, Mapping):
        inner = value.values()
    elif isinstance(value, list | tuple):
        inner = value
    return tuple(found for each in inner for found in secrets_in(each))

"""Both spellings of a connection's paths: `/connections`, and `/connectors` as it was called before."""

from collections.abc import Callable
from functools import wraps

from flask import Blueprint, Response

_EITHER = "<any(connections, connectors):spelling>"
View = Callable[..., Response]


def both(blueprint: Blueprint, method: str, path: str) -> Callable[[View], View]:
    """Route a view under both spellings; `%s` in the path is the word. One rule, as each costs time at every start."""

    def add(view: View) -> View:
        @wraps(view)
        def spelt(spelling: str, **values: str) -> Response:
            return view(**values)

        blueprint.add_url_rule(path % _EITHER, view_func=spelt, methods=[method])
        return view

    return add

"""Headers that hold addresses stay whole: Python cuts a long one into encoded words, which no mail program reads."""

from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.policy import SMTP, Policy
from typing import cast

WHOLE = ("list-unsubscribe", "list-id", "in-reply-to", "references")


class _Whole(UnstructuredHeader):
    """On one line, however long: RFC 5322 allows 998 characters."""

    name: str

    def fold(self, *, policy: Policy) -> str:
        text = str(self)
        if not text.isascii():
            return cast(BaseHeader, super()).fold(policy=policy)
        return f"{self.name}: {text}{policy.linesep}"


def _registry() -> HeaderRegistry:
    found = HeaderRegistry()
    for name in WHOLE:
        found.map_to_type(name, cast(type[BaseHeader], _Whole))
    return found


WIRE = SMTP.clone(header_factory=_registry())
"""How our letters become bytes."""

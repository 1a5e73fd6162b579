"""How a parameter that asks for changes wants its value written: a time, a number, a token or an expression."""

import re
from collections.abc import Sequence

from request_tracker.apidocs.describing.operations import Parameter
from request_tracker.apidocs.describing.words import words

TOKENS = (
    ("last", "knowledge"),
    ("sync", "token"),
    ("delta", "token"),
    ("synctoken",),
    ("deltatoken",),
    ("delta", "link"),
)


def written(asks: Parameter, fields: Sequence[str]) -> tuple[str, str]:
    """The format of the value and, for an expression, its template."""
    text = asks.description[:2000].lower()
    if is_token(words(asks.name)):
        return "token", ""
    if words(asks.name) in {("filter",), ("filters",), ("q",), ("query",), ("where",), ("search",)}:
        return "expression", _expression(asks.description[:2000], fields)
    if re.search(r"milli-?seconds|unix_ms|epoch ms", text) or "ms" in words(asks.name):
        return "unix_ms", ""
    if asks.type in ("integer", "number") or asks.format in ("unix-time", "timestamp") or _UNIX.search(text):
        return "unix", ""
    return ("date" if asks.format == "date" or re.search(r"yyyy-mm-dd(?!t)\b(?! ?hh)", text) else "iso"), ""


_UNIX = re.compile(r"\b(unix|epoch)\b")


def _expression(text: str, fields: Sequence[str]) -> str:
    """The filter with `{since}` where the time goes, in the way the description writes comparisons; "" if in none we
    know. Only the name of the field comes out of the document."""
    field = fields[0].rsplit(".", 1)[-1] if fields else "updated_at"
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,60}", field):
        return ""
    for pattern, template in _WAYS:
        if re.search(pattern, text):
            return template.replace("FIELD", field)
    return ""


_WAYS = (
    (r"greater-than\(|greater-or-equal\(", "greater-than(FIELD,{since})"),
    (r"(?i)\b(ge|gt)\b(?! ?[=:(])", "FIELD gt {since}"),
    (r"(?i)\bgte?\(", "gt(FIELD,{since})"),
    (r">=?", "FIELD>{since}"),
)


def is_token(named: tuple[str, ...]) -> bool:
    """The parameter takes a token that stands for all that was read so far."""
    return any(named[index : index + len(token)] == token for token in TOKENS for index in range(len(named)))

"""A value as Python source that holds literals only, laid out as the formatter would: data, never code."""

from collections.abc import Mapping, Sequence
from typing import Any

WIDTH = 120


def literal(value: Any, indent: int = 0, used: int = 0) -> str:
    """The source of a value of texts, numbers, truth values, None, lists and mappings. ASCII only: what is not is
    escaped. `indent`: columns of the line it begins on; `used`: columns taken on that line by what stands around it."""
    flat = _flat(value)
    is_long = used + len(flat) > WIDTH and isinstance(value, Mapping | list | tuple) and len(value) > 0
    if not is_long:
        return flat
    inner = indent + 4
    pad, end = " " * inner, " " * indent
    if isinstance(value, Mapping):
        rows = [f"{pad}{_text(str(key))}: {_value(str(key), held, inner)},\n" for key, held in value.items()]
        return "{\n" + "".join(rows) + end + "}"
    items = [f"{pad}{literal(held, inner, inner + 1)},\n" for held in value]
    return "[\n" + "".join(items) + end + "]"


def _value(key: str, held: Any, inner: int) -> str:
    return literal(held, inner, inner + len(_text(key)) + 3)


def _flat(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | int):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(str(key))}: {_flat(held)}" for key, held in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_flat(held) for held in value) + "]"
    raise TypeError(f"{type(value).__name__} is no literal")


def _text(text: str) -> str:
    """As `ascii` writes it, in double quotes where neither kind of quote occurs."""
    made = ascii(text)
    return f'"{made[1:-1]}"' if "'" not in made[1:-1] and '"' not in made else made

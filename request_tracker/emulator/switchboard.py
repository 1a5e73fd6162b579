"""The switches of the emulator at run time: shown, checked, changed, and remembered across a restart."""

import json
from dataclasses import asdict, fields, replace
from typing import Any, get_args, get_origin, get_type_hints

from request_tracker.emulator.answers import invalid
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import CHOICES, Switches, World

_ID = "switches"
_WORDS: Doc = {"true": True, "on": True, "false": False, "off": False}


def shown(here: World) -> Doc:
    """Every switch with its value."""
    return asdict(here.switches)


def turn(here: World, wish: Doc) -> Doc:
    """Set these switches, all or none; what they all are now. ApiError 400 for an unknown name or an odd value."""
    checked = {name: _checked(name, value) for name, value in wish.items()}
    with here.state.changing():
        kept = here.state.get("switches", _ID) or {"id": _ID}
        here.state.put("switches", {**kept, **wish})
    here.turn(replace(here.switches, **checked))
    return shown(here)


def read(text: str) -> Any:
    """A value as a person writes it: JSON, or plain text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def remember(here: World) -> None:
    """Take up what the control had set before the emulator was last stopped. A switch that is gone is passed over."""
    kept = here.state.get("switches", _ID) or {}
    known = {one.name for one in fields(Switches)}
    found = {name: _checked(name, value) for name, value in kept.items() if name in known}
    here.turn(replace(here.switches, **found))


def kind_of(name: str) -> str:
    """What a switch takes, in words for its page."""
    if name in CHOICES:
        return "one of " + ", ".join(CHOICES[name])
    return _in_words(get_type_hints(Switches)[name])


def _checked(name: str, value: Any) -> Any:
    hints = get_type_hints(Switches)
    if name not in hints:
        raise invalid(f"Unknown switch '{name}', use one of {', '.join(hints)}")
    if name in CHOICES and value not in CHOICES[name]:
        raise invalid(f"Switch '{name}' must be one of {', '.join(CHOICES[name])}")
    try:
        return _as(hints[name], value)
    except (TypeError, ValueError):
        raise invalid(f"Switch '{name}' must be {_in_words(hints[name])}") from None


def _as(kind: Any, value: Any) -> Any:
    """The value as this type. ValueError or TypeError where it is none."""
    if get_origin(kind) is tuple:
        return _tuple_as(get_args(kind), value)
    if type(None) in get_args(kind):
        return None if value is None else _as(get_args(kind)[0], value)
    if kind is bool:
        return _WORDS[value.lower()] if isinstance(value, str) and value.lower() in _WORDS else _only(bool, value)
    if kind is float and type(value) is int:
        return _not_below_zero(float(value))
    return _not_below_zero(_only(kind, value))


def _tuple_as(kinds: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    values = _only(list, value if not isinstance(value, tuple) else list(value))
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_as(kinds[0], each) for each in values)
    return tuple(_as(kind, each) for kind, each in zip(kinds, values, strict=True))


def _only(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError
    return value


def _not_below_zero(value: Any) -> Any:
    # NaN is not at least zero either.
    if isinstance(value, int | float) and not value >= 0:
        raise ValueError
    return value


def _in_words(kind: Any) -> str:
    if get_origin(kind) is tuple:
        args = get_args(kind)
        if args[-1] is Ellipsis:
            return f"a list, each {_in_words(args[0])}"
        return "a list of " + " and ".join(_in_words(each) for each in args)
    if type(None) in get_args(kind):
        return f"{_in_words(get_args(kind)[0])} or null"
    return {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[kind]

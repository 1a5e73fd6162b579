"""Faults that can be switched on: slow, silent, broken, throttled, contradicting, losing webhooks, down."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from request_tracker.emulator.answers import ApiError, invalid
from request_tracker.emulator.state import Doc, State
from request_tracker.emulator.words import two_words

_DEFAULTS: Doc = {"method": "*", "path": "*", "count": None, "probability": 1.0, "seconds": 5.0, "status": 503}


@dataclass(frozen=True)
class Kind:
    """A kind of fault: its name, when it strikes, and what it does in words."""

    name: str
    when: str
    words: str


KINDS = (
    Kind("down", "before", "Every API call is answered 503, nothing is done."),
    Kind("latency", "before", "The call waits for `seconds` first, then is answered as usual."),
    Kind("too_many_requests", "before", "429 with `Retry-After: seconds`, nothing is done."),
    Kind("error_before", "before", "The answer is `status` (5xx), nothing is done."),
    Kind("conflict", "before", "409, nothing is done."),
    Kind("timeout_after_effect", "after", "The call is carried out, the answer comes only after `seconds`."),
    Kind("error_after", "after", "The call is carried out, but the answer is `status` (5xx)."),
    Kind("lost_webhook", "event", "The webhook is never sent; `path` is matched with the event's name."),
)
_WHEN = {kind.name: kind.when for kind in KINDS}


class Faults:
    """The rules in force, kept in the emulator's memory. `chance()` gives numbers in [0, 1)."""

    def __init__(self, state: State, chance: Callable[[], float]) -> None:
        self._state = state
        self._chance = chance

    def all(self) -> list[Doc]:
        return self._state.find("fault")

    def add(self, wish: Doc) -> Doc:
        """Add a rule: kind, and optionally method, path (a shell pattern), count, probability, seconds, status."""
        rule = _rule(wish)
        return self._state.put("fault", {"id": two_words(), **rule})

    def clear(self) -> None:
        with self._state.changing():
            for rule in self.all():
                self._state.drop("fault", rule["id"])

    def strike(self, when: str, method: str, path: str) -> list[Doc]:
        """The rules that strike now, each counted down by one."""
        with self._state.changing():
            hits = [rule for rule in self.all() if _WHEN[rule["kind"]] == when and self._hits(rule, method, path)]
            for rule in hits:
                self._count_down(rule)
        return hits

    def loses(self, event: str) -> bool:
        return bool(self.strike("event", "*", event))

    def _hits(self, rule: Doc, method: str, path: str) -> bool:
        fits = rule["method"] in ("*", method) or method == "*"
        return fits and fnmatchcase(path, rule["path"]) and self._chance() < rule["probability"]

    def _count_down(self, rule: Doc) -> None:
        if rule["count"] is None:
            return
        if rule["count"] <= 1:
            self._state.drop("fault", rule["id"])
        else:
            self._state.put("fault", {**rule, "count": rule["count"] - 1})


def refusal(rule: Doc) -> ApiError | None:
    """What a fault that strikes before the effect answers; None when it only delays."""
    return {
        "down": ApiError(503, "ServiceUnavailable", "The emulator is told to be down"),
        "too_many_requests": ApiError(
            429, "TooManyRequests", "Too many requests", {"Retry-After": str(int(rule["seconds"]))}
        ),
        "error_before": injected(rule),
        "conflict": ApiError(409, "Conflict", "The emulator is told to answer with a conflict"),
    }.get(rule["kind"])


def injected(rule: Doc) -> ApiError:
    return ApiError(int(rule["status"]), "InternalServerError", "The emulator is told to fail")


def _rule(wish: Doc) -> Doc:
    rule = {**_DEFAULTS, **{name: value for name, value in wish.items() if value not in (None, "")}}
    if rule.get("kind") not in _WHEN:
        raise invalid(f"Field 'kind' must be one of {', '.join(_WHEN)}")
    unknown = set(rule) - set(_DEFAULTS) - {"kind", "id"}
    if unknown:
        raise invalid(f"Unknown field(s) {', '.join(sorted(unknown))}")
    count = rule["count"]
    return {
        "kind": rule["kind"],
        "method": str(rule["method"]).upper(),
        "path": str(rule["path"]),
        "count": None if count is None else int(_number("count", count, 1, 1_000_000)),
        "probability": _number("probability", rule["probability"], 0, 1),
        "seconds": _number("seconds", rule["seconds"], 0, 3600),
        "status": int(_number("status", rule["status"], 500, 599)),
    }


def _number(name: str, value: Any, low: float, high: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = low - 1
    if not low <= number <= high:
        raise invalid(f"Field '{name}' must be a number from {low:g} to {high:g}")
    return number

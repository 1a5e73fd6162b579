"""Faults that can be switched on: the rules in force, how often they strike, and what each kind means."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from request_tracker.emulator.answers import invalid
from request_tracker.emulator.state import Doc, State
from request_tracker.emulator.words import two_words

_DEFAULTS: Doc = {
    "method": "*",
    "path": "*",
    "count": None,
    "probability": 1.0,
    "seconds": 5.0,
    "status": 503,
    "lasting": None,
}
_ALWAYS = timedelta(days=3650)


@dataclass(frozen=True)
class Kind:
    """A kind of fault: its name, when it strikes, and what it does in words.

    `when` is before or after a call's effect; tests: after a call that runs setup tests; read: before a read of one
    connection; event: as a webhook is put in the post.
    """

    name: str
    when: str
    words: str


KINDS = (
    Kind("down", "before", "Every API call is answered 503, nothing is done."),
    Kind("latency", "before", "The call waits for `seconds` first, then is answered as usual."),
    Kind("too_many_requests", "before", "429 with `Retry-After: seconds`, nothing is done."),
    Kind("error_before", "before", "The answer is `status` (5xx), nothing is done."),
    Kind("conflict", "before", "409, nothing is done."),
    Kind("expired_key", "before", "401 as for a key that has run out, nothing is done."),
    Kind("hang_up_before", "before", "The connection is closed without an answer, nothing is done."),
    Kind("hang_up_after", "after", "The call is carried out, then the connection is closed without an answer."),
    Kind("timeout_after_effect", "after", "The call is carried out, the answer comes only after `seconds`."),
    Kind("error_after", "after", "The call is carried out, but the answer is `status` (5xx)."),
    Kind("garbled_answer", "after", "The call is carried out, the answer is a gateway's HTML page with status 200."),
    Kind("drip", "after", "The call is carried out, the answer comes a byte at a time and takes `seconds`."),
    Kind("slow_setup_tests", "tests", "A call that runs setup tests is carried out and answered after `seconds`."),
    Kind("deleted_behind", "read", "The connection that is read next was deleted by somebody; no webhook tells."),
    Kind("lost_webhook", "event", "The webhook is never sent; for webhooks `path` is matched with the event's name."),
    Kind("duplicated_webhook", "event", "The webhook is sent twice."),
    Kind("late_webhook", "event", "The webhook is sent after `seconds`."),
    Kind("reordered_webhook", "event", "The webhook waits a random part of `seconds`, so that others overtake it."),
    Kind("forged_webhook", "event", "A forged one goes out first: it says what is not so and has a wrong signature."),
    Kind("malformed_webhook", "event", "A broken body goes out first, rightly signed; the true one follows."),
)
_WHEN = {kind.name: kind.when for kind in KINDS}


class Faults:
    """The rules in force, kept in the emulator's memory. `chance()` gives numbers in [0, 1)."""

    def __init__(self, state: State, chance: Callable[[], float], now: Callable[[], datetime]) -> None:
        self._state = state
        self._chance = chance
        self._now = now

    def all(self) -> list[Doc]:
        """The rules whose time is not over."""
        now = self._now().isoformat()
        return [rule for rule in self._state.find("fault") if rule.get("until") is None or now < rule["until"]]

    def add(self, wish: Doc) -> Doc:
        """Add a rule: kind, and optionally method, path (a shell pattern), count, probability, seconds, status, and
        `lasting`: seconds after which it goes by itself."""
        rule = _rule(wish)
        lasting = rule.pop("lasting")
        until = None if lasting is None else (self._now() + timedelta(seconds=lasting)).isoformat()
        return self._state.put("fault", {"id": two_words(), **rule, "until": until, "struck": 0})

    def remove(self, key: str) -> None:
        self._state.drop("fault", key)

    def clear(self) -> None:
        self._state.drop_all("fault")

    def sow(self, seed: int | None) -> None:
        """From here on chance repeats itself whenever the same seed is sown; with None it never does."""
        self._chance = random.Random(seed).random

    def chance(self) -> float:
        return self._chance()

    def strike(self, when: str, method: str, path: str) -> list[Doc]:
        """The rules that strike now, each counted down by one."""
        if not self._state.count("fault"):
            return []
        with self._state.changing():
            hits = [rule for rule in self.all() if _WHEN[rule["kind"]] == when and self._hits(rule, method, path)]
            for rule in hits:
                self._count_down(rule)
        return hits

    def _hits(self, rule: Doc, method: str, path: str) -> bool:
        fits = rule["method"] in ("*", method) or method == "*"
        return fits and fnmatchcase(path, rule["path"]) and self._chance() < rule["probability"]

    def _count_down(self, rule: Doc) -> None:
        if rule["count"] == 1:
            self._state.drop("fault", rule["id"])
            return
        left = None if rule["count"] is None else rule["count"] - 1
        self._state.put("fault", {**rule, "count": left, "struck": rule["struck"] + 1})


def _rule(wish: Doc) -> Doc:
    rule = {**_DEFAULTS, **{name: value for name, value in wish.items() if value not in (None, "")}}
    if rule.get("kind") not in _WHEN:
        raise invalid(f"Field 'kind' must be one of {', '.join(_WHEN)}")
    unknown = set(rule) - set(_DEFAULTS) - {"kind", "id", "until", "struck"}
    if unknown:
        raise invalid(f"Unknown field(s) {', '.join(sorted(unknown))}")
    count, lasting = rule["count"], rule["lasting"]
    return {
        "kind": rule["kind"],
        "method": str(rule["method"]).upper(),
        "path": str(rule["path"]),
        "count": None if count is None else int(_number("count", count, 1, 1_000_000)),
        "probability": _number("probability", rule["probability"], 0, 1),
        "seconds": _number("seconds", rule["seconds"], 0, 3600),
        "status": int(_number("status", rule["status"], 500, 599)),
        "lasting": None if lasting is None else _number("lasting", lasting, 0, _ALWAYS.total_seconds()),
    }


def _number(name: str, value: Any, low: float, high: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = low - 1
    if not low <= number <= high:
        raise invalid(f"Field '{name}' must be a number from {low:g} to {high:.10g}")
    return number

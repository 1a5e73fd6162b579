"""A clock's events as somebody may read them who may not know all it waited for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from request_tracker.rules.sla import ClockEvent, EventKind, in_order


def veiled(events: Iterable[ClockEvent], told: Collection[int], *, as_of: datetime) -> tuple[ClockEvent, ...]:
    """The events up to the instant; a wait keeps its reason only where the event that began it is among those `told`.

    Any other wait's reason is replaced by one that says nothing, and what else happened has none. What pauses and
    resumes belongs together as before, so the clock counts the same.
    """
    veil = _Veil(told)
    found = [veil.over(event, stands=taken_back_by is None) for event, taken_back_by in in_order(events, as_of)]
    return tuple(sorted(found, key=lambda event: event.id))


@dataclass
class _Veil:
    """`names`: how each reason is called now; `waiting`: the reasons that are open."""

    told: Collection[int]
    names: dict[str, str] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    hidden: dict[str, str] = field(default_factory=dict)

    def over(self, event: ClockEvent, *, stands: bool) -> ClockEvent:
        if event.kind is EventKind.PAUSE:
            return replace(event, reason=self._of_wait(event, stands))
        if event.kind is not EventKind.RESUME:
            return replace(event, reason="")
        if stands:
            self.waiting -= {event.reason} if event.reason else set(self.waiting)
        return replace(event, reason=self.names.get(event.reason) or self._hide(event.reason))

    def _of_wait(self, event: ClockEvent, stands: bool) -> str:
        name = event.reason if event.id in self.told else self._hide(event.reason)
        if not stands:
            return name
        if event.reason not in self.waiting:
            self.names[event.reason] = name
        self.waiting.add(event.reason)
        return self.names[event.reason]

    def _hide(self, reason: str) -> str:
        """The same for the same reason, so that two waits at a time stay two."""
        count = len(self.hidden)
        return self.hidden.setdefault(reason, f"another wait ({count})" if count else "a wait") if reason else ""

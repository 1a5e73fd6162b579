"""The line to Fivetran: paces, sends, retries what is safe, pages, and finds out how paths are spelt."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

import httpx

from request_tracker.fivetran.answers import data_of, error_of, is_no_such_route
from request_tracker.fivetran.errors import Throttled, Unreachable
from request_tracker.fivetran.exchange import Answer, Ask, Exchange
from request_tracker.fivetran.fields import SHORTEST_SECRET, Json, mappings

# Seconds for the whole exchange. Setup tests run inside the request and may take minutes.
TIME_OUTS: Mapping[str, float] = {"call": 30.0, "source": 60.0, "tests": 300.0}
MOST_PAGES = 1000
_PAUSES = (0.5, 2.0)
_SHORT_WAIT = 1.0
_MOST_WAITS = 5
_SPELLINGS = ("/v1/connections", "/v1/connectors")


class Pace(Protocol):
    """What keeps all workers together below the published limits. Kinds: "call", "source", "tests"."""

    def take(self, kind: str) -> float:
        """Seconds to wait before asking again; 0.0: granted and taken."""
        ...

    def throttled(self, kind: str, retry_after: int) -> None:
        """Fivetran answered 429: nobody calls for so many seconds."""
        ...


class Unpaced:
    """Grants everything: for tests, tools and an emulator."""

    def take(self, kind: str) -> float:
        return 0.0

    def throttled(self, kind: str, retry_after: int) -> None:
        return None


class Wire:
    """Sends an Ask and returns the envelope's `data`. Only safe calls are repeated, at most twice.

    `jitter()` lies in 0..1 and stretches pauses by up to a half either way, so that workers do not come back together.
    """

    def __init__(
        self,
        http: httpx.Client,
        *,
        hidden: tuple[str, ...],
        pace: Pace,
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
        time_outs: Mapping[str, float],
    ) -> None:
        self._exchange = Exchange(http)
        self._hidden = hidden
        self._pace = pace
        self._sleep = sleep
        self._jitter = jitter
        self._time_outs = {**TIME_OUTS, **time_outs}
        self._spelling = 0
        self._spelling_is_known = False

    def send(self, ask: Ask) -> Json:
        """Raises FivetranError's kinds. An answer without `data` gives an empty mapping."""
        for pause in _PAUSES if ask.is_safe else ():
            try:
                return self._once(ask)
            except Unreachable:
                self._sleep(pause * (0.5 + self._jitter()))
        return self._once(ask)

    def pages(self, ask: Ask) -> Iterator[Json]:
        """Every item of a list. A cursor that comes back, or pages without end, end it: no answer loops for ever."""
        seen: set[str] = set()
        params = dict(ask.params)
        while True:
            data = self.send(replace(ask, params=params))
            yield from mappings(data, "items")
            cursor = data.get("next_cursor")
            if not isinstance(cursor, str) or not cursor or cursor in seen or len(seen) >= MOST_PAGES - 1:
                return
            seen.add(cursor)
            params = {**params, "cursor": cursor}

    def _once(self, ask: Ask) -> Json:
        answer = self._answer(ask)
        error = error_of(ask, answer, lambda text: self._clean(text, ask))
        if isinstance(error, Throttled):
            self._pace.throttled(ask.kind, error.retry_after)
        if error is not None:
            raise error
        return data_of(ask, answer, self._without_pair)

    def _answer(self, ask: Ask) -> Answer:
        """An old gateway knows connections as connectors only: a missing route is asked for under the other name."""
        first = self._paced(_spelt(ask, self._spelling))
        if not ask.path.startswith(_SPELLINGS[0]) or self._spelling_is_known:
            return first
        if not is_no_such_route(first):
            self._spelling_is_known = first.is_success or first.status == 404
            return first
        second = self._paced(_spelt(ask, 1 - self._spelling))
        if is_no_such_route(second):
            return first
        self._spelling, self._spelling_is_known = 1 - self._spelling, True
        return second

    def _paced(self, ask: Ask) -> Answer:
        for _ in range(_MOST_WAITS):
            wait = self._pace.take(ask.kind)
            if wait <= 0:
                return self._exchange.run(ask, self._time_outs[ask.kind])
            if wait > _SHORT_WAIT:
                break
            self._sleep(wait)
        raise Throttled(math.ceil(wait))

    def _clean(self, text: str, ask: Ask) -> str:
        for secret in (*self._hidden, *ask.hidden):
            text = text.replace(secret, "******") if secret else text
        return text

    def _without_pair(self, text: str) -> str:
        """Of a success only the pair is hidden: it may rightly repeat what it was asked, as a card's address does."""
        for secret in self._hidden:
            text = text.replace(secret, "******") if len(secret) >= SHORTEST_SECRET else text
        return text


def _spelt(ask: Ask, spelling: int) -> Ask:
    if not spelling or not ask.path.startswith(_SPELLINGS[0]):
        return ask
    return replace(ask, path=_SPELLINGS[spelling] + ask.path.removeprefix(_SPELLINGS[0]))

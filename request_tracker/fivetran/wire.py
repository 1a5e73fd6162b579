"""One HTTP exchange with Fivetran: sends, times out, retries what is safe, turns answers into data or errors."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from request_tracker.fivetran.errors import (
    AuthFailed,
    Conflict,
    FivetranError,
    NotFound,
    Refused,
    Throttled,
    Unreachable,
)

Json = Mapping[str, Any]

# Seconds. Setup tests run inside the request and may take minutes.
TIME_OUTS: Mapping[str, float] = {"call": 30.0, "source": 60.0, "tests": 300.0}
_CONNECT_TIME_OUT = 5.0
_PAUSES = (0.5, 2.0)
_DEFAULT_RETRY_AFTER = 60
_LONGEST_MESSAGE = 500
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_REFUSALS: dict[int, type[Refused]] = {404: NotFound, 409: Conflict}


@dataclass(frozen=True)
class Ask:
    """One call: what, where, with what; `kind` is "call", "source" or "tests"."""

    method: str
    path: str
    kind: str = "call"
    body: Json | None = field(default=None, repr=False)
    params: Json = field(default_factory=dict)
    version_2: bool = False
    hidden: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_safe(self) -> bool:
        return self.method == "GET"


class Wire:
    """Sends an Ask and returns the envelope's `data`. Only safe calls are repeated, at most twice."""

    def __init__(
        self,
        http: httpx.Client,
        *,
        hidden: tuple[str, ...],
        pace: Callable[[str], None],
        sleep: Callable[[float], None],
        time_outs: Mapping[str, float],
    ) -> None:
        self._http = http
        self._hidden = hidden
        self._pace = pace
        self._sleep = sleep
        self._time_outs = time_outs

    def send(self, ask: Ask) -> Json:
        """Raises FivetranError's kinds. An answer without `data` gives an empty mapping."""
        for pause in _PAUSES if ask.is_safe else ():
            try:
                return self._once(ask)
            except Unreachable:
                self._sleep(pause)
        return self._once(ask)

    def pages(self, ask: Ask) -> Iterator[Json]:
        """Every item of a list. A cursor that comes back a second time ends it, so no answer can loop for ever."""
        seen: set[str] = set()
        params = dict(ask.params)
        while True:
            data = self.send(Ask("GET", ask.path, ask.kind, params=params, version_2=ask.version_2))
            yield from (item for item in data.get("items") or () if isinstance(item, Mapping))
            cursor = data.get("next_cursor")
            if not cursor or cursor in seen:
                return
            seen.add(cursor)
            params["cursor"] = cursor

    def _once(self, ask: Ask) -> Json:
        self._pace(ask.kind)
        answer = self._exchange(ask)
        error = self._error(ask, answer)
        if error is not None:
            raise error
        return _data(ask, answer)

    def _exchange(self, ask: Ask) -> httpx.Response:
        # `from None`: the inner exception carries the request with its credentials.
        try:
            return self._http.request(
                ask.method,
                ask.path,
                json=ask.body,
                params=ask.params or None,
                headers={"Accept": "application/json;version=2" if ask.version_2 else "application/json"},
                timeout=httpx.Timeout(self._time_outs[ask.kind], connect=_CONNECT_TIME_OUT),
            )
        except _NEVER_SENT as error:
            raise Unreachable(type(error).__name__, doubtful=False) from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise Unreachable(type(error).__name__, doubtful=not ask.is_safe) from None

    def _error(self, ask: Ask, answer: httpx.Response) -> FivetranError | None:
        status, request_id = answer.status_code, answer.headers.get("X-Request-Id", "")
        if answer.is_success:
            return None
        if status == 401:
            return AuthFailed(request_id=request_id)
        if status == 429:
            return Throttled(_retry_after(answer), request_id=request_id)
        if status >= 500:
            return Unreachable(f"HTTP {status}", doubtful=not ask.is_safe, request_id=request_id)
        code, message = _code_and_message(answer)
        kind = Refused if _is_no_such_route(status, code, message) else _REFUSALS.get(status, Refused)
        return kind(status, self._clean(code, ask), self._clean(message, ask), request_id=request_id)

    def _clean(self, message: str, ask: Ask) -> str:
        for secret in (*self._hidden, *ask.hidden):
            message = message.replace(secret, "******") if secret else message
        return message[:_LONGEST_MESSAGE]


def _data(ask: Ask, answer: httpx.Response) -> Json:
    if not answer.content:
        return {}
    envelope = _object(answer)
    if envelope is None:
        raise Unreachable("not a JSON object", doubtful=not ask.is_safe)
    data = envelope.get("data")
    return data if isinstance(data, Mapping) else {}


def _is_no_such_route(status: int, code: str, message: str) -> bool:
    # A wrong base address or a proxy's own 404 must not read as "your connection was deleted".
    return status == 404 and (not code.startswith("NotFound") or message == "HTTP 404 Not Found")


def _code_and_message(answer: httpx.Response) -> tuple[str, str]:
    envelope = _object(answer) or {}
    return str(envelope.get("code") or "unknown"), str(envelope.get("message") or "no explanation was given")


def _object(answer: httpx.Response) -> Json | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, Mapping) else None


def _retry_after(answer: httpx.Response) -> int:
    text = answer.headers.get("Retry-After", "").strip()
    return int(text) if text.isascii() and text.isdigit() else _DEFAULT_RETRY_AFTER

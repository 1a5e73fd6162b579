"""Requests to the source: one address, one sign-in, bounded waiting and trying again. Nothing secret is ever told."""

import json
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests

import signin
from settings import Misconfigured, setting

TRIES = 6
LONGEST_WAIT = 300.0
TIMEOUT = (10.0, 60.0)
BIGGEST_ANSWER = 64_000_000
REDIRECTS = 5
AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))
LONE = re.compile(r"\\(?:ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(ud[89a-f][0-9a-f]{2})|.)", re.I | re.S)
"""Halves of a character that JSON can spell and nothing can store: group 1."""
LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


class SourceError(RuntimeError):
    """The source did not give what was asked for. `status` is 0 where there was no answer at all."""

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """What came back: the JSON body, the address asked, and the next page's address of a Link header."""

    body: Any
    url: str
    next_link: str = ""


class Client:
    """Speaks to the configured address only. `sleep` and `now` (seconds since 1970) are handed in by tests."""

    def __init__(
        self,
        data: Mapping[str, Any],
        configuration: Mapping[str, Any],
        *,
        tell: Callable[[str], None] = print,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.base = _address(setting(configuration, "base_url"))
        self._tell, self._sleep, self._now = tell, sleep, now
        self._session = requests.Session()
        self._session.headers.update({"Accept": "application/json", "User-Agent": "fivetran-connector-sdk-project"})
        self._sign_in = signin.of(data["sign_in"], configuration, self._fetch_token)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def ask(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        """GET, or POST where there is a body. `path` may be a whole address, if it is one of the configured source's.

        Raises SourceError with a sentence for the log, and refuses every address that is not the source's.
        """
        url = self.whole(path)
        answer = self._signed(url, dict(params or {}), dict(headers or {}), body)
        return Answer(_read(answer, url), url, answer.links.get("next", {}).get("url", ""))

    def whole(self, path: str) -> str:
        """The address of a path, or of a next page relative to nothing but the source itself."""
        if "://" not in path and not path.startswith("//"):
            return f"{self.base}/{path.lstrip('/')}" if not path.startswith("?") else self.base + path
        wanted, ours = _split(path), urlsplit(self.base)
        if (wanted.hostname, wanted.port or ours.port) != (ours.hostname, ours.port) or "@" in wanted.netloc:
            raise SourceError("The source pointed to an address on another host, which is not asked: see base_url")
        return wanted._replace(scheme=ours.scheme, netloc=ours.netloc, fragment="").geturl()

    def kept(self, url: str) -> str:
        """The address without what signs in, so that it may be saved in the state."""
        return self._sign_in.without(url)

    def _signed(self, url: str, params: dict[str, str], headers: dict[str, str], body: Any) -> requests.Response:
        answer = self._tried(url, params, headers, body, signed=True)
        if answer.status_code == 401 and self._sign_in.renew():
            answer.close()
            answer = self._tried(url, params, headers, body, signed=True)
        if answer.status_code >= 400:
            answer.close()
            raise SourceError(_refusal(answer.status_code, url), answer.status_code)
        return answer

    def _fetch_token(self, url: str, headers: Mapping[str, str], form: Mapping[str, str], is_json: bool) -> Any:
        """What a token address or login answers. A token address may be on another host: it gets no other secret."""
        address = _address(url) if "://" in url else self.whole(url)
        body = dict(form) if is_json else None
        answer = self._tried(address, {}, dict(headers), body, form=None if is_json else dict(form))
        if answer.status_code >= 400:
            raise SourceError(
                f"Signing in at {_shown(address)} was refused ({answer.status_code}): check configuration.json",
                answer.status_code,
            )
        return _read(answer, address)

    def _tried(
        self,
        url: str,
        params: dict[str, str],
        headers: dict[str, str],
        body: Any,
        *,
        form: dict[str, str] | None = None,
        signed: bool = False,
    ) -> requests.Response:
        """An answer that is not worth another try; after TRIES of them the last one, or SourceError without any."""
        for attempt in range(TRIES):
            auth = self._sign_in if signed else signin.Unsigned()
            try:
                answer = self._followed(url, params, headers, body, form, auth)
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as fault:
                if attempt == TRIES - 1:
                    raise SourceError(f"{_shown(url)} did not answer ({type(fault).__name__})") from None
                self._sleep(_back_off(attempt))
                continue
            except Misconfigured:
                raise
            except (requests.RequestException, ValueError) as fault:
                # Their own words may hold the whole address or header, and with it what signs in.
                raise SourceError(f"{_shown(url)} cannot be asked ({type(fault).__name__})") from None
            if answer.status_code not in AGAIN or attempt == TRIES - 1:
                self._heed_limit(answer)
                return answer
            answer.close()
            wait = _asked_wait(answer, self._now())
            self._tell(f"{_shown(url)} answered {answer.status_code}: trying again")
            self._sleep(min(LONGEST_WAIT, _back_off(attempt) if wait is None else wait))
        raise SourceError(f"{_shown(url)} did not answer")

    def _followed(
        self, url: str, params: dict[str, str], headers: dict[str, str], body: Any, form: Any, auth: signin.SignIn
    ) -> requests.Response:
        method = "POST" if body is not None or form is not None else "GET"
        for _ in range(REDIRECTS):
            answer = self._session.request(
                method,
                url,
                params=params,
                headers=headers,
                json=body,
                data=form,
                auth=auth,
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
            )
            if not answer.is_redirect:
                return answer
            answer.close()
            url, params = self.whole(joined(url, answer.headers["Location"])), {}
        raise SourceError(f"{_shown(url)} redirects without end")

    def _heed_limit(self, answer: requests.Response) -> None:
        """Waits where the source says that nothing is left until a moment (seconds from now, or since 1970)."""
        left = answer.headers.get("X-RateLimit-Remaining") or answer.headers.get("RateLimit-Remaining")
        reset = answer.headers.get("X-RateLimit-Reset") or answer.headers.get("RateLimit-Reset")
        if left != "0" or not reset or not _is_number(reset):
            return
        moment = int(reset)
        wait = moment - self._now() if moment > 1_000_000_000 else moment
        self._sleep(max(0.0, min(LONGEST_WAIT, wait)))


def joined(url: str, link: str) -> str:
    """The address that a link on a page leads to. Raises SourceError for what is none."""
    try:
        return urljoin(url, link)
    except ValueError:
        raise SourceError("The source pointed to something that is no address") from None


def _address(url: str) -> str:
    """An address fit for secrets: https, or plain http on this machine. Raises Misconfigured."""
    parts = urlsplit(url.strip())
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not is_safe or not parts.hostname or parts.username or parts.password:
        raise Misconfigured("base_url and token_url must be addresses with https:// and without user or password")
    return parts._replace(fragment="").geturl().rstrip("/")


def _split(url: str) -> SplitResult:
    """The parts of an address that came from the source. Raises SourceError for what is none."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it raises for what is no number
        return parts
    except ValueError:
        raise SourceError("The source pointed to something that is no address") from None


def _read(answer: requests.Response, url: str) -> Any:
    """The JSON body; None where there is none (204, 304). Refuses what is too long to be a page."""
    if answer.status_code in (204, 304):
        return None
    text = bytearray()
    try:
        for part in answer.iter_content(65_536):
            text += part
            if len(text) > BIGGEST_ANSWER:
                raise SourceError(f"{_shown(url)} answered with more than {BIGGEST_ANSWER:,} bytes")
    except requests.RequestException as fault:
        raise SourceError(f"{_shown(url)} broke off ({type(fault).__name__})") from None
    try:
        return json.loads(LONE.sub(_whole_character, bytes(text).decode("utf-8-sig"))) if text.strip() else None
    except (ValueError, RecursionError):
        raise SourceError(f"{_shown(url)} did not answer with JSON", answer.status_code) from None


def _whole_character(found: re.Match[str]) -> str:
    return "\\ufffd" if found[1] else found[0]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15


def _asked_wait(answer: requests.Response, now: float) -> float | None:
    """Retry-After: seconds, or a date."""
    asked = answer.headers.get("Retry-After", "").strip()
    if _is_number(asked):
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - now)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _back_off(attempt: int) -> float:
    return float(min(60, 2**attempt)) * random.uniform(0.5, 1.0)


def _shown(url: str) -> str:
    """Host and path, without the query: it may hold what signs in."""
    parts = urlsplit(url)
    return f"{parts.hostname}{parts.path}"[:200]


def _refusal(status: int, url: str) -> str:
    told = {
        401: "the sign-in was refused: check the secrets in configuration.json",
        403: "the sign-in may not read this: give it the right to, or leave the table out of tables.py",
        404: "there is nothing at this address: check base_url",
    }
    usual = "it cannot be read as tables.py says"
    if status in AGAIN:
        usual = "it was asked again and again: sync later, or less often"
    return f"{_shown(url)} answered {status}: {told.get(status, usual)}"

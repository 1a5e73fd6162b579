"""Fetches a document from the address somebody gave: from the internet only, within bounds, as nobody in particular.

Every hop of a redirection is judged like the first. Names are resolved once a hop and the connection goes to an address
that was judged. No cookies, no credentials, nothing followed but an exact redirection.
"""

import queue
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import httpx

from request_tracker import guard
from request_tracker.apidocs.fetching import addresses, unpacked
from request_tracker.apidocs.fetching.addresses import UPLOAD
from request_tracker.apidocs.fetching.addresses import NotFetched as NotFetched
from request_tracker.apidocs.fetching.deadline import Deadline
from request_tracker.apidocs.loading.bounds import MOST_BYTES

OnStep = Callable[[str], None]
_MOST_REDIRECTIONS = 5
_ALL_SECONDS = 30.0
_PAUSE_SECONDS = 10.0
_HEADERS = {
    "User-Agent": "request-tracker (reads API documents)",
    "Accept": "application/json, application/yaml, text/yaml, text/html;q=0.8, */*;q=0.5",
    "Accept-Encoding": "gzip, deflate",
}
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_SENTENCES = {
    401: "The server asks for a login, and documents are fetched without one. " + UPLOAD,
    403: "The server does not let us read this. " + UPLOAD,
    404: "There is nothing at this address: look whether it is written as the vendor has it, or upload the document.",
    410: "The document is no longer at this address: look for its new place, or upload the document.",
    429: "The server asks us to wait. Try again in a few minutes, or upload the document.",
}
_EMPTY = "The server sent an empty document. Look whether the address is right, or upload the document."
_CIRCLE = "The address leads round in a circle. " + UPLOAD
_TOO_SLOW = "The server took longer than 30 seconds. Try again later, or upload the document."
_TOO_LARGE = "The document is larger than 20 MB: upload the part of it that this request is about."
_SILENT = "The server cannot be reached. Look whether the address is right, or upload the document."
_INSIDE = "This address lies inside our own network, which is never called. " + UPLOAD
_WEAKER = "The address leads from https to unprotected http. Give that address yourself, or upload the document."


@dataclass(frozen=True)
class Fetched:
    """What was fetched: the address it came from in the end, the body unpacked, its media type (as the server says,
    in lower case, may be empty), and the last part of the address as a name (letters, digits, `._-`; to be shown)."""

    url: str
    body: bytes
    media_type: str
    filename: str


def fetch(
    url: str, *, this_machine: bool = False, resolve: guard.Resolve | None = None, on_step: OnStep | None = None
) -> Fetched:
    """The document at an address. `this_machine` lets loopback and all ports through (demo, tests).

    Raises NotFetched with a sentence that says what to do.
    """
    first = addresses.judged(url, any_port=this_machine)
    deadline = Deadline(_ALL_SECONDS)
    transport = guard.Guarded(this_machine=this_machine, resolve=_in_time(resolve or guard.resolved, deadline))
    with transport, deadline:
        try:
            return _followed(transport, first, this_machine, deadline, on_step)
        except unpacked.TooLarge:
            raise NotFetched(_TOO_LARGE) from None
        except unpacked.Broken:
            raise NotFetched("What the server sent cannot be unpacked. " + UPLOAD) from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as fault:
            raise NotFetched(_said_of(fault, deadline)) from None


def _followed(
    transport: httpx.BaseTransport, url: httpx.URL, this_machine: bool, deadline: Deadline, on_step: OnStep | None
) -> Fetched:
    seen = {url}
    for _ in range(_MOST_REDIRECTIONS + 1):
        if on_step is not None:
            on_step(f"Asking {url.host[:100]}")
        found = _asked(transport, url, deadline)
        if isinstance(found, Fetched):
            return found
        onward = addresses.judged(str(url.join(found)), any_port=this_machine)
        if onward in seen:
            raise NotFetched(_CIRCLE)
        if url.scheme == "https" and onward.scheme == "http":
            raise NotFetched(_WEAKER)
        seen.add(onward)
        url = onward
    raise NotFetched("The address was redirected more than five times. " + UPLOAD)


def _asked(transport: httpx.BaseTransport, url: httpx.URL, deadline: Deadline) -> Fetched | str:
    """What one hop answers: the document, or where it sends us."""
    pause = dict.fromkeys(("connect", "read", "write", "pool"), min(_PAUSE_SECONDS, deadline.left()))
    request = httpx.Request("GET", url, headers=_HEADERS, extensions={"timeout": pause, "trace": deadline.watch})
    answer = transport.handle_request(request)
    answer.request = request
    try:
        if answer.has_redirect_location:
            return answer.headers["location"]
        if answer.status_code != 200:
            raise NotFetched(_refusal(answer.status_code))
        return _taken(answer, url, deadline)
    finally:
        answer.close()


def _taken(answer: httpx.Response, url: httpx.URL, deadline: Deadline) -> Fetched:
    announced = answer.headers.get("content-length", "")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > MOST_BYTES:
        raise unpacked.TooLarge
    body = unpacked.within(answer.iter_raw(), answer.headers.get("content-encoding", ""), MOST_BYTES)
    deadline.check()
    if not body.strip():
        raise NotFetched(_EMPTY)
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Fetched(str(url), body, media_type[:100], _named(url))


def _named(url: httpx.URL) -> str:
    name = _UNFIT.sub("-", url.path.rstrip("/").rpartition("/")[2]).strip(".-")
    return name[-100:] or _UNFIT.sub("-", url.host)[:100]


def _refusal(status: int) -> str:
    if status >= 500:
        return f"The server has a fault of its own (status {status}). Try again later, or upload the document."
    return _SENTENCES.get(status, f"The server answers with status {status} instead of a document. {UPLOAD}")


def _said_of(fault: Exception, deadline: Deadline) -> str:
    if isinstance(fault, guard.Inside):
        return _INSIDE
    if deadline.is_over() or isinstance(fault, httpx.TimeoutException | TimeoutError):
        return _TOO_SLOW
    if isinstance(fault, httpx.ConnectError) and "certificate" in str(fault).lower():
        return "The server's certificate is not valid for this address. " + UPLOAD
    if isinstance(fault, httpx.NetworkError):
        return _SILENT
    return "The server's answer makes no sense. " + UPLOAD


def _in_time(resolve: guard.Resolve, deadline: Deadline) -> guard.Resolve:
    """A name server may take its time; the thread that waits for it is left behind."""

    def resolved(host: str, port: int) -> Iterable[str]:
        answer: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
        threading.Thread(target=lambda: answer.put(list(resolve(host, port))), daemon=True).start()
        try:
            return answer.get(timeout=deadline.left())
        except queue.Empty:
            raise TimeoutError from None

    return resolved

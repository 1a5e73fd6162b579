"""Which addresses this server may call on somebody's word: public ones. What is typed by a person goes through here."""

import socket
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address

import httpx

from request_tracker.public import is_public

__all__ = ["Guarded", "Inside", "Resolve", "TooLong", "is_public", "resolved", "within"]

Resolve = Callable[[str, int], Iterable[str]]

_MOST_TRIED = 3
_SCHEMES = ("http", "https")


class Inside(httpx.RequestError):
    """The address leads to this machine or its own network: it is never called. The message says what to do."""


class TooLong(ValueError):
    """The answer is longer than allowed."""


class Guarded(httpx.HTTPTransport):
    """A transport that calls public addresses only, whatever a name resolves to now or a moment later.

    The name is resolved once, every address it has is judged, and the connection goes to one that was judged: a name
    server that answers differently the second time gains nothing. `this_machine` lets loopback through (the demo).
    Redirects are the client's business: leave `follow_redirects` off, or each hop is judged here again.
    """

    def __init__(self, *, this_machine: bool = False, resolve: Resolve | None = None, **transport: object) -> None:
        super().__init__(trust_env=False, **transport)  # type: ignore[arg-type]  # httpx's own keywords
        self._this_machine = this_machine
        self._resolve = resolve or resolved

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        fault: httpx.ConnectError | None = None
        for address in self._allowed(request)[:_MOST_TRIED]:
            try:
                return super().handle_request(_towards(request, address))
            except httpx.ConnectError as refused:
                fault = refused
        raise fault or httpx.ConnectError("The name has no address", request=request)

    def _allowed(self, request: httpx.Request) -> list[str]:
        url = request.url
        if url.scheme not in _SCHEMES:
            raise Inside("Only http and https addresses are called", request=request)
        found = list(dict.fromkeys(self._resolve(url.host, url.port or (443 if url.scheme == "https" else 80))))
        if not all(is_public(each) or (self._this_machine and _is_loopback(each)) for each in found):
            raise Inside(
                "This address lies inside our own network: use one that the internet can reach", request=request
            )
        return found


def resolved(host: str, port: int) -> Iterator[str]:
    """The addresses of a host name; none where it has none."""
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return
    for row in rows:
        yield str(row[4][0])


def within(answer: httpx.Response, most: int) -> bytes:
    """The body of a streamed answer. Raises TooLong above `most` bytes, counted after decompression."""
    body = bytearray()
    for piece in answer.iter_bytes():
        body += piece
        if len(body) > most:
            raise TooLong(f"The answer is longer than {most} bytes")
    return bytes(body)


def _is_loopback(address: str) -> bool:
    return ip_address(address.partition("%")[0]).is_loopback


def _towards(request: httpx.Request, address: str) -> httpx.Request:
    """The same request to one address; the certificate is still checked for the name that was asked for."""
    name = {} if request.url.host == address else {"sni_hostname": request.url.host}
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, **name},
    )

"""Fetching by address: bounded, judged hop by hop, and never into our own network."""

import gzip
import socket
import socketserver
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress

import pytest

from request_tracker.apidocs import fetch as fetching
from request_tracker.apidocs.fetch import Fetched, NotFetched, fetch

BODY = b"openapi: 3.0.3\npaths: {}\n"
MB = 2**20


def bomb() -> bytes:
    """8 kB that unpack to 8 MB, three times over: 24 MB."""
    return gzip.compress(b" " * (24 * MB), 9)


def plain(body: bytes = BODY, *headers: str, status: str = "200 OK") -> bytes:
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", "")
    return "\r\n".join(lines).encode() + body


def moved(where: str, status: str = "302 Found") -> bytes:
    return plain(b"", f"Location: {where}", status=status)


class Vendor(socketserver.ThreadingTCPServer):
    """A vendor's server: says what it was told to say at each path, and counts who came."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Serving)
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.drips = 0.0
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def at(self, path: str, host: str = "docs.example") -> str:
        return f"http://{host}:{self.server_address[1]}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that hangs up is what some tests are about."""


class Serving(socketserver.StreamRequestHandler):
    server: Vendor

    def handle(self) -> None:
        asked = b""
        while line := self.rfile.readline().strip():
            asked += line + b"\n"
        self.server.asked.append(asked.decode())
        answer = self.server.pages.get(asked.split(b" ")[1].decode(), plain(b"no", status="404 Not Found"))
        if not self.server.drips:
            self.wfile.write(answer)
            return
        with suppress(OSError):
            for byte in answer:
                self.wfile.write(bytes([byte]))
                time.sleep(self.server.drips)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as server:
        yield server
        server.shutdown()


def here(*_: object) -> tuple[str, ...]:
    return ("127.0.0.1",)


def ask(url: str) -> Fetched:
    return fetch(url, this_machine=True, resolve=here)


def test_a_document_comes_with_its_address_its_type_and_a_name_that_is_safe_to_show(vendor: Vendor) -> None:
    vendor.pages["/v1/..%2fopen%20api.yaml?x=1"] = plain(BODY, "Content-Type: Application/YAML; charset=utf-8")
    steps: list[str] = []
    found = fetch(vendor.at("/v1/..%2fopen%20api.yaml?x=1#top"), this_machine=True, resolve=here, on_step=steps.append)
    assert found == Fetched(vendor.at("/v1/..%2fopen%20api.yaml?x=1"), BODY, "application/yaml", "open-api.yaml")
    assert steps == ["Asking docs.example"]
    assert "cookie" not in vendor.asked[0].lower()
    assert "authorization" not in vendor.asked[0].lower()


PACKED = {
    "gzip": gzip.compress(BODY),
    "deflate": zlib.compress(BODY),
    "Deflate": zlib.compress(BODY)[2:-4],
    "identity": BODY,
}


@pytest.mark.parametrize("encoding", PACKED)
def test_packed_answers_are_unpacked(vendor: Vendor, encoding: str) -> None:
    vendor.pages["/a"] = plain(PACKED[encoding], f"Content-Encoding: {encoding}")
    assert ask(vendor.at("/a")).body == BODY


REFUSED = {
    "missing": (plain(b"no", status="404 Not Found"), "nothing at this address"),
    "login": (plain(b"no", status="401 Unauthorized"), "asks for a login"),
    "faulty": (plain(b"no", status="503 Busy"), "Try again later"),
    "no content": (plain(b"", status="204 No Content"), "status 204"),
    "empty": (plain(b"  \n"), "empty document"),
    "bomb": (plain(bomb(), "Content-Encoding: gzip"), "larger than 20 MB"),
    "packed twice": (plain(gzip.compress(gzip.compress(BODY)), "Content-Encoding: gzip, gzip"), "cannot be unpacked"),
    "brotli": (plain(b"\x0b\x02\x80", "Content-Encoding: br"), "cannot be unpacked"),
    "cut off": (plain(gzip.compress(BODY)[:-9], "Content-Encoding: gzip"), "cannot be unpacked"),
    "announced": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "larger than 20 MB"),
    "endless": (b"HTTP/1.0 200 OK\r\n\r\n" + b" " * (20 * MB), "larger than 20 MB"),
    "nonsense": (b"220 smtp.example ready\r\n", "makes no sense"),
    "to a file": (moved("file:///etc/passwd"), "begin with https"),
    "inside": (moved("http://10.0.0.1/"), "inside our own network"),
    "metadata": (moved("//169.254.169.254/latest/meta-data"), "inside our own network"),
    "with a user": (moved("http://admin:secret@docs.example/"), "user name"),
    "circle": (moved("/bad"), "circle"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_an_answer_that_cannot_be_taken_is_told_in_words(vendor: Vendor, case: str) -> None:
    vendor.pages["/bad"], told = REFUSED[case]

    def resolve(host: str, port: int) -> tuple[str, ...]:
        return (host,) if host[0].isdigit() else ("127.0.0.1",)

    with pytest.raises(NotFetched, match=told) as refused:
        fetch(vendor.at("/bad"), this_machine=True, resolve=resolve)
    assert "secret" not in refused.value.sentence
    assert len(vendor.asked) == 1


def test_five_redirections_are_followed_each_judged_and_not_a_sixth(vendor: Vendor) -> None:
    vendor.pages |= {f"/{number}": moved(f"/{number + 1}", "308 Permanent") for number in range(6)}
    with pytest.raises(NotFetched, match="more than five"):
        ask(vendor.at("/0"))
    assert len(vendor.asked) == 6
    vendor.pages["/5"] = plain()
    assert ask(vendor.at("/0")).url == vendor.at("/5")


REFUSED_BEFORE_ASKING = [
    ("ftp://docs.example/openapi.json", "begin with https"),
    ("file:///etc/passwd", "begin with https"),
    ("gopher://127.0.0.1:25/_HELO", "begin with https"),
    ("docs.example/openapi.json", "begin with https"),
    ("https://me:secret@docs.example/", "user name"),
    ("https://docs.example@10.0.0.1/", "user name"),
    ("https://docs.example:8443/", "80 and 443"),
    ("http://docs.example:22/", "80 and 443"),
    ("https:///openapi.json", "names no server"),
    ("http://2130706433/", "unusual number"),
    ("http://0x7f000001/", "unusual number"),
    ("http://0177.0.0.1/", "no address"),
    ("http://127.1/", "unusual number"),
    ("http://127.0.0.1./", "unusual number"),
    ("http://[::ffff:127.0.0.1]/", "inside our own"),
    ("http://[64:ff9b::7f00:1]/", "inside our own"),
    ("http://127.0.0.1/", "inside our own"),
    ("http://127。0。0。1/", "inside our own"),
    ("http://localhost/", "inside our own"),
    ("http://①②⑦.0.0.1/", "no address"),
    ("http://[::1/", "no address"),
    ("http://docs.example/" + "a" * 2000, "longer than 2000"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "told"), REFUSED_BEFORE_ASKING, ids=[url[:40] for url, _ in REFUSED_BEFORE_ASKING])
def test_tricks_of_spelling_lead_nowhere(url: str, told: str) -> None:
    with pytest.raises(NotFetched, match=told) as refused:
        fetch(url)
    assert "secret" not in refused.value.sentence


def test_a_name_that_changes_its_address_gains_nothing(vendor: Vendor) -> None:
    """The first answer is judged and called; the second hop is judged by what the name says then."""
    vendor.pages |= {"/first": moved("/second"), "/second": plain()}
    answers = iter([("127.0.0.1",), ("10.0.0.1",)])
    with pytest.raises(NotFetched, match="inside our own network"):
        fetch(vendor.at("/first"), this_machine=True, resolve=lambda *_: next(answers))
    assert len(vendor.asked) == 1
    with pytest.raises(NotFetched, match="inside our own network"):
        fetch("http://docs.example/first", resolve=here)


def test_a_way_from_https_to_http_is_not_followed(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_asked", lambda *_: "http://docs.example/openapi.json")
    with pytest.raises(NotFetched, match="unprotected http"):
        fetch("https://docs.example/openapi.json")


@pytest.mark.parametrize("drips", ["head", "body", "name"])
def test_a_server_that_drips_is_left_when_the_time_is_up(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch, drips: str
) -> None:
    monkeypatch.setattr(fetching, "_ALL_SECONDS", 0.3)
    vendor.drips = 0.05
    vendor.pages["/slow"] = plain() if drips == "head" else b"HTTP/1.0 200\r\n\r\n" + b"x" * 1000
    over = threading.Event()

    def resolve(host: str, port: int) -> tuple[str, ...]:
        if drips == "name":
            over.wait(20)
        return ("127.0.0.1",)

    begun = time.monotonic()
    with pytest.raises(NotFetched, match="longer than 30 seconds"):
        fetch(vendor.at("/slow"), this_machine=True, resolve=resolve)
    over.set()
    assert time.monotonic() - begun < 5


def test_a_server_that_is_not_there_is_told_as_that() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotFetched, match="cannot be reached"):
        ask(f"http://docs.example:{port}/")
    with pytest.raises(NotFetched, match="cannot be reached"):
        fetch("https://nowhere.example/", resolve=lambda *_: ())

"""The guard: public addresses are called, nothing of our own network, whatever it is written like."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
import trustme

from request_tracker.guard import Guarded, Inside, TooLong, is_public, within


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        said = f"{self.headers['Host']} {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    found = HTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


PUBLIC = ("93.184.216.34", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1")
INTERNAL = (
    "127.0.0.1", "127.255.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::1",
    "::127.0.0.1", "fec0::1", "64:ff9b:1::7f00:1", "::5efe:7f00:1", "3fff::1", "5f00::1", "168.63.129.16",
    "192.0.0.192", "192.88.99.1", "not an address", "",
)  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", INTERNAL)
def test_our_own_network_is_not_however_it_is_written(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_every_way_to_write_this_machine_is_refused(server: HTTPServer, host: str) -> None:
    with httpx.Client(transport=Guarded()) as client, pytest.raises((Inside, httpx.ConnectError, httpx.InvalidURL)):
        client.get(f"http://{host}:{server.server_port}/")


def test_a_name_with_one_inner_address_among_public_ones_is_refused() -> None:
    both = Guarded(resolve=lambda *_: ("93.184.216.34", "10.0.0.1"))
    with httpx.Client(transport=both) as client, pytest.raises(Inside, match="own network"):
        client.get("http://split.example/")


def test_the_name_is_resolved_once_and_the_judged_address_is_called(server: HTTPServer) -> None:
    asked: list[str] = []

    def resolve(host: str, _: int) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else ("10.0.0.1",)

    with httpx.Client(transport=Guarded(this_machine=True, resolve=resolve)) as client:
        answer = client.get(f"http://hooks.example:{server.server_port}/here?x=1")
    assert asked == ["hooks.example"]
    assert answer.text == f"hooks.example:{server.server_port} /here?x=1", "the receiver sees the name, not the address"


def test_the_certificate_is_checked_for_the_name_not_for_the_address(server: HTTPServer) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    here = Guarded(this_machine=True, resolve=lambda *_: ("127.0.0.1",), verify=trusting)
    with httpx.Client(transport=here) as client:
        assert client.get(f"https://hooks.example:{server.server_port}/").status_code == 200
        with pytest.raises(httpx.ConnectError, match="certificate"):
            client.get(f"https://other.example:{server.server_port}/")


def test_an_unknown_name_and_another_scheme_are_told_as_what_they_are() -> None:
    with httpx.Client(transport=Guarded(resolve=lambda *_: ())) as client:
        with pytest.raises(httpx.ConnectError, match="no address"):
            client.get("http://nowhere.example/")
        with pytest.raises(Inside, match="http and https"):
            client.get("ftp://files.example/")


@pytest.mark.parametrize(("most", "cut"), [(4999, True), (5000, False)])
def test_an_endless_answer_is_cut(most: int, cut: bool) -> None:
    endless = httpx.MockTransport(lambda _: httpx.Response(200, content=b"x" * 5000))
    with httpx.Client(transport=endless) as client, client.stream("GET", "http://a.example/") as answer:
        if not cut:
            assert len(within(answer, most)) == 5000
            return
        with pytest.raises(TooLong):
            within(answer, most)

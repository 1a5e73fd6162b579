"""How heavy the pages are: what a browser that comes for the first time is sent, all of it from us."""

import re
from contextlib import ExitStack, closing
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from pages import PAGES
from running import Running

pytestmark = [pytest.mark.browser, pytest.mark.deep]
MOST = 100_000
LOADED = re.compile(r'<(?:link|script|img|iframe|source)\b[^>]*?\b(?:href|src)="([^"]+)"')


@dataclass(frozen=True)
class Weight:
    """A page as it is sent, in bytes; `calls`: how many addresses are asked for it, `elsewhere`: those of others."""

    path: str
    page: int
    css: int
    js: int
    other: int
    calls: int
    elsewhere: tuple[str, ...]

    @property
    def whole(self) -> int:
        return self.page + self.css + self.js + self.other


def test_every_page_is_light_and_all_ours(demo: Running) -> None:
    weighed = everything(demo)
    assert len(weighed) == len(PAGES)
    assert min(each.css for each in weighed) > 1000, "the styles are no longer found"
    assert [each for each in weighed if each.elsewhere] == []
    heaviest = sorted(weighed, key=lambda each: -each.whole)[:5]
    assert [(each.path, each.whole) for each in heaviest if each.whole >= MOST] == []


def everything(demo: Running) -> list[Weight]:
    with ExitStack() as stack:
        clients = {who: stack.enter_context(closing(_signed_in(demo, who))) for who in {who for who, _ in PAGES}}
        return [weigh(clients[who], demo.web, path) for who, path in PAGES]


def weigh(client: httpx.Client, web: str, path: str) -> Weight:
    answer = client.get(path)
    assert answer.status_code == 200, path
    loaded = {urljoin(web + path, each) for each in LOADED.findall(answer.text)}
    ours = {each for each in loaded if urlsplit(each).netloc == urlsplit(web).netloc}
    sizes = {each: _sent(client, each) for each in ours}
    of = {
        ending: sum(size for each, size in sizes.items() if urlsplit(each).path.endswith(ending))
        for ending in (".css", ".js")
    }
    css, js = of.values()
    other = sum(sizes.values()) - css - js
    page = len(answer.content) if "Content-Encoding" not in answer.headers else 0
    return Weight(path, page, css, js, other, 1 + len(ours), tuple(sorted(loaded - ours)))


def _sent(client: httpx.Client, address: str) -> int:
    """What goes over the line, as it is packed."""
    with client.stream("GET", address) as answer:
        assert answer.status_code == 200, address
        return sum(len(piece) for piece in answer.iter_raw())


def _signed_in(demo: Running, who: str) -> httpx.Client:
    role, _, account = who.partition(" ")
    person = next(each for each in demo.people if each["role"] == role and account in ("", each["account"]))
    client = httpx.Client(base_url=demo.web, follow_redirects=True, timeout=30)
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token
    typed = {"email": person["email"], "password": person["password"], "csrf_token": token[1], "next": ""}
    assert client.post("/sign-in", data=typed).status_code == 200
    return client

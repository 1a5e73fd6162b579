"""Whether an address that somebody gave may be asked for a document, before any name is looked up."""

import re
from ipaddress import ip_address

import httpx

_SCHEMES = {"http": 80, "https": 443}
_LONGEST = 2000
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\Z", re.IGNORECASE)
UPLOAD = "Download the document yourself and upload it here."


class NotFetched(Exception):
    """The document was not fetched. The only argument is a sentence for the person who gave the address."""

    @property
    def sentence(self) -> str:
        return str(self.args[0])


def judged(address: str, *, any_port: bool = False) -> httpx.URL:
    """The address as one that may be called, as far as its spelling tells. Raises NotFetched.

    Which machine it leads to is judged when it is called, by the addresses its name has then.
    """
    url = _parsed(address)
    if url.scheme not in _SCHEMES:
        raise NotFetched("Only addresses that begin with https:// or http:// are fetched. " + UPLOAD)
    if url.userinfo:
        raise NotFetched("The address holds a user name or password: leave them out. " + UPLOAD)
    if not url.host:
        raise NotFetched("The address names no server: write it whole, beginning with https://.")
    if not any_port and url.port not in (None, 80, 443):
        raise NotFetched("Only the usual ports of the web (80 and 443) are called. " + UPLOAD)
    _judge_numbers(url.host)
    return url.copy_with(fragment=None)


def _parsed(address: str) -> httpx.URL:
    if len(address) > _LONGEST:
        raise NotFetched(f"The address is longer than {_LONGEST} characters. {UPLOAD}")
    try:
        return httpx.URL(address.strip())
    except (httpx.InvalidURL, ValueError):
        raise NotFetched("This is no address that can be called: write it whole, beginning with https://.") from None


def _judge_numbers(host: str) -> None:
    """A server given by number must be written in the one usual way: 2130706433, 0x7f.1 and 0177.0.0.1 are tricks."""
    last = host.rstrip(".").rpartition(".")[2]
    if not _NUMBER.match(last):
        return
    try:
        ip_address(host)
    except ValueError:
        raise NotFetched("The server is given by an unusual number: give its name. " + UPLOAD) from None

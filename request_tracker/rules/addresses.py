"""Web addresses made comparable: whose domain, which page of a shared host, which words they carry."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from request_tracker.rules.names import fold, is_seen, word_set

LONGEST = 500
MOST_PARTS = 4

EVERYWHERE = word_set("""
    www api apis rest docs doc documentation developer developers dev reference references help support status
    app apps login signin account accounts auth oauth oauth2 authorize token public portal platform my web en
    us de eu hc articles guide guides learn start getting started overview intro introduction index html htm
    php http https com io net org v1 v2 v3 v4 v5 api-docs apidocs products product company about news press
    press-kit trust marketplace engineering authentication openapi swagger services service explorer
    getting-started get
""")
LABEL_PREFIXES = ("get", "try", "use", "join", "go", "my", "the", "api", "with")
LABEL_SUFFIXES = ("app", "apps", "hq", "api", "apis", "software", "io", "inc", "data", "crm", "labs")


@dataclass(frozen=True)
class Address:
    """One address: its own domain or a page of a shared host, its labels, the product it points at, its words."""

    domain: str = ""
    page: str = ""
    labels: frozenset[str] = frozenset()
    place: str = ""
    words: frozenset[str] = frozenset()


NOWHERE = Address()


def read_address(url: str, registrable: Callable[[str], str], shared_hosts: Collection[str]) -> Address:
    """What an address says about identity; NOWHERE for an empty, broken or purely local one."""
    host, path = host_and_path(url)
    domain = registrable(host) if host else ""
    if not domain:
        return NOWHERE
    shared = shared_host_of(host, shared_hosts)
    parts = [part for part in path.split("/") if part][:MOST_PARTS]
    if shared:
        return _on_shared_host(host, shared, parts)
    outer = host.removesuffix(domain).strip(".").split(".")
    telling = [fold(part) for part in [*reversed(outer), *parts] if part and fold(part) not in EVERYWHERE]
    place = f"{domain}/{_plain(telling[0])}" if telling else ""
    return Address(domain, "", labels_of(domain.split(".")[0]), place, _words(telling))


def host_and_path(url: str) -> tuple[str, str]:
    """The lower-case ASCII host and the path; two empty strings when no host can be read. A missing scheme is added."""
    text = "".join(char for char in url.strip()[:LONGEST] if is_seen(char)).strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return "", ""
    host = ascii_host(host)
    return (host, parts.path) if host else ("", "")


def ascii_host(host: str) -> str:
    """The host in ASCII (punycode for other scripts); empty when it is no host name."""
    try:
        written = host.encode("idna").decode("ascii").lower() if not host.isascii() else host.lower()
    except UnicodeError:
        return ""
    return written if re.fullmatch(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9])?", written) else ""


def shared_host_of(host: str, shared_hosts: Collection[str]) -> str:
    """The shared host this host is or lies under; empty if it is somebody's own."""
    labels = host.split(".")
    parents = (".".join(labels[i:]) for i in range(len(labels)))
    return next((parent for parent in parents if parent in shared_hosts), "")


def labels_of(label: str) -> frozenset[str]:
    """Names a domain label may stand for: "getacme" gives "getacme" and "acme"; punycode is read."""
    name = _plain(_spoken(label))
    bare = {name.removeprefix(prefix) for prefix in LABEL_PREFIXES} | {name.removesuffix(end) for end in LABEL_SUFFIXES}
    return frozenset({name} | {short for short in bare if len(short) > 3}) - {""}


def _on_shared_host(host: str, shared: str, parts: list[str]) -> Address:
    outer = [part for part in host.removesuffix(shared).strip(".").split(".") if part and part not in EVERYWHERE]
    if outer:
        return Address("", f"{outer[-1]}.{shared}", labels_of(outer[-1]), "", _words([*outer, *parts]))
    if not parts:
        return NOWHERE
    first = fold(parts[0])
    labels = labels_of(first) if first not in EVERYWHERE else frozenset()
    return Address("", f"{shared}/{first}", labels, "", _words(parts))


def _spoken(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label.encode("ascii").decode("idna")
    except UnicodeError:
        return label


def _plain(text: str) -> str:
    return "".join(char for char in fold(text) if char.isalnum())


def _words(parts: list[str]) -> frozenset[str]:
    folded = [fold(part) for part in parts]
    pieces = [piece for part in folded for piece in re.split(r"[\W_]+", part)] + [_plain(part) for part in folded]
    return frozenset(piece for piece in pieces if len(piece) > 1 and piece not in EVERYWHERE)

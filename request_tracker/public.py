"""Which addresses belong to the internet. The standard library alone: a trial's child loads this file by its path."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

_NAT64 = ip_network("64:ff9b::/96")
_INTERNET = ip_network("2000::/3")
"""All IPv6 addresses given out so far; the rest is reserved, local, or IPv4 in some old disguise."""
_NEVER = tuple(map(ip_network, ("3fff::/20", "192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
"""What Python 3.11 takes for the internet: documentation, protocols' own addresses (a cloud answers with its secrets at
one of them), relays given up long ago; and the host beneath every machine of Azure's."""


def is_public(address: str) -> bool:
    """Whether an address belongs to the internet, seen through every way of writing an IPv4 address into IPv6."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(_is_given_out(each) for each in _meant(found))


def _meant(found: Address) -> tuple[Address, ...]:
    """What an address leads to: itself, and the IPv4 addresses that a gateway would take out of it."""
    if isinstance(found, IPv4Address):
        return (found,)
    if found.ipv4_mapped is not None:
        return (found.ipv4_mapped,)
    inner: list[Address] = [found]
    if found in _NAT64:
        inner = [IPv4Address(int(found) & 0xFFFFFFFF)]
    if found.sixtofour is not None:
        inner.append(found.sixtofour)
    if found.teredo is not None:
        inner.extend(found.teredo)
    return tuple(inner)


def _is_given_out(found: Address) -> bool:
    if found.version == 6 and found not in _INTERNET:
        return False
    return found.is_global and not found.is_multicast and not any(found in each for each in _NEVER)

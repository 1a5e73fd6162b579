"""A compressed body unpacked piece by piece, never further than allowed: 8 kB can stand for 8 GB."""

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

_PLAIN = ("", "identity")
_HEADER, _NO_HEADER, _GZIP = zlib.MAX_WBITS, -zlib.MAX_WBITS, zlib.MAX_WBITS | 16
_WAYS = {"gzip": (_GZIP,), "x-gzip": (_GZIP,), "deflate": (_HEADER, _NO_HEADER)}
"""What to try: some servers leave out the header of "deflate"."""


class TooLarge(ValueError):
    """The body is longer than allowed."""


class Broken(ValueError):
    """The body is packed in a way that is not known, or not as it says."""


def within(pieces: Iterable[bytes], encoding: str, most: int) -> bytes:
    """The body. `encoding` as in Content-Encoding. Raises TooLarge above `most` bytes (packed or not), or Broken."""
    named = encoding.strip().lower()
    if named not in _PLAIN and named not in _WAYS:
        raise Broken("Packed twice, or in a way nobody asked for")
    body = bytearray()
    for piece in pieces if named in _PLAIN else _unpacked(_bounded(pieces, most), _WAYS[named], most):
        body += piece
        if len(body) > most:
            raise TooLarge
    return bytes(body)


def _bounded(pieces: Iterable[bytes], most: int) -> Iterator[bytes]:
    for piece in pieces:
        most -= len(piece)
        if most < 0:
            raise TooLarge
        yield piece


def _unpacked(pieces: Iterable[bytes], ways: tuple[int, ...], most: int) -> Iterator[bytes]:
    """At most one byte more than `most` is ever made, whatever the body promises."""
    rest = iter(pieces)
    first = next(rest, b"")
    unpacking = next(filter(None, (_begun(first, way) for way in ways)), None)
    if unpacking is None:
        raise Broken("Not packed the way it says")
    for piece in chain((first,), rest):
        try:
            made = unpacking.decompress(piece, most + 1)
        except zlib.error:
            raise Broken("Not packed the way it says") from None
        most -= len(made)
        yield made
        if most < 0:
            raise TooLarge
    if not unpacking.eof:
        raise Broken("Cut off before its end")


def _begun(first: bytes, way: int) -> "zlib._Decompress | None":
    """What unpacks a body that begins like this; None where that is not the way it is packed."""
    try:
        zlib.decompressobj(way).decompress(first, 1)
    except zlib.error:
        return None
    return zlib.decompressobj(way)

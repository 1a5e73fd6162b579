"""Bytes to text: byte-order marks, encodings, and what is no text at all."""

import codecs
import re

from request_tracker.apidocs.loading import bounds, refusals
from request_tracker.apidocs.loading.refusals import Unreadable
from request_tracker.rules.vendor_api import Note

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""UTF-32 before UTF-16: the mark of the one begins with that of the other."""
_WITHOUT_MARK = (
    (re.compile(rb"\0\0\0[^\0]"), "utf-32-be"),
    (re.compile(rb"[^\0]\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0[^\0]"), "utf-16-be"),
    (re.compile(rb"[^\0]\0"), "utf-16-le"),
)
"""A document begins with plain letters, so the zeros tell the width (RFC 4627, section 3)."""
_PACKED = (b"PK\3\4", b"PK\5\6", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf", b"Rar!")
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")
_PDF = f"This is a PDF, made for people to read. {refusals.ASK}"
_PICTURE = f"This is a picture. {refusals.ASK}"
_TAR_AT = slice(257, 262)
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\u200d\u2010-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""What YAML does not allow, and the marks that turn the direction of writing."""
_MOST_UNPRINTABLE = 0.05


def text_of(body: bytes) -> tuple[str, tuple[Note, ...]]:
    """The text, without controls, and what is to be said about its encoding. Raises Unreadable where it is no text."""
    if len(body) > bounds.MOST_BYTES:
        raise Unreadable(refusals.TOO_LARGE)
    _refuse_other_files(body)
    text, notes = _decoded(body)
    if not text.strip("\ufeff\0 \t\r\n"):
        raise Unreadable(refusals.EMPTY)
    return _checked(text), notes


def printable(text: str) -> str:
    """Without controls and marks that turn the direction of writing: U+FFFD stands for each."""
    return _UNPRINTABLE.sub("\ufffd", text)


def _refuse_other_files(body: bytes) -> None:
    if body.startswith(_PACKED) or body[_TAR_AT] == b"ustar":
        raise Unreadable(refusals.COMPRESSED)
    if body[:1024].lstrip().startswith(b"%PDF-"):
        raise Unreadable(_PDF)
    if body.startswith(_PICTURES) and b"\0" in body[:512]:
        raise Unreadable(_PICTURE)


def _decoded(body: bytes) -> tuple[str, tuple[Note, ...]]:
    marked = next(((mark, name) for mark, name in _MARKS if body.startswith(mark)), None)
    if marked:
        return body[len(marked[0]) :].decode(marked[1], errors="replace"), ()
    guessed = next((name for pattern, name in _WITHOUT_MARK if pattern.match(body)), "utf-8")
    try:
        return body.decode(guessed), ()
    except UnicodeDecodeError:
        said = Note("The document is not written in UTF-8: it was read as Western European (Windows-1252)")
        return body.decode("cp1252", errors="replace"), (said,)


def _checked(text: str) -> str:
    clean, replaced = _UNPRINTABLE.subn("\ufffd", text.removeprefix("\ufeff"))
    if replaced > max(100, len(text) * _MOST_UNPRINTABLE):
        raise Unreadable(refusals.BINARY)
    return clean

"""Styles, scripts and pictures: addressed by what is in them, so browsers keep them for a year; sent packed.

Only these files are ever compressed. Pages are not: they carry a form token beside words that somebody else may have
typed, and the length of a compressed page would tell the token letter by letter (BREACH). So pages are kept short.
"""

import gzip
import hashlib
import mimetypes
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response
from flask import request as http
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

YEAR, HOUR = 365 * 24 * 3600, 3600
BUNDLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "css/site.css": (
        ("css/tokens.css", ""), ("css/base.css", ""), ("css/layout.css", ""), ("css/forms.css", ""),
        ("css/parts.css", ""), ("css/print.css", "print"),
    ),
    "js/site.js": (("js/app.js", ""), ("js/offline.js", "")),
}  # fmt: skip
"""Files that are sent as one; styles each with the media they are for (empty: all)."""
PACKED = frozenset({"text/css", "text/javascript", "image/svg+xml", "text/plain"})


@dataclass(frozen=True)
class Served:
    """A file as it is sent; `packed` is empty where packing it does not pay."""

    kind: str
    body: bytes
    packed: bytes
    digest: str


@dataclass(frozen=True)
class Kept:
    """A file at hand, where it lies, and when it was changed last: every page asks for the digests of a few."""

    paths: tuple[str, ...]
    state: tuple[int, ...]
    served: Served


class Files:
    """The folder of static files. A file is read when it is first asked for, and again after it was changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: dict[str, Kept] = {}

    def get(self, name: str) -> Served | None:
        """The file of this name, or None where there is none in the folder."""
        known = self._kept.get(name)
        paths = known.paths if known else self._paths(name)
        if not paths:
            return None
        state = tuple(os.stat(path).st_mtime_ns for path in paths)
        if known is None or known.state != state:
            known = self._kept[name] = Kept(paths, state, _served(name, self._read(name)))
        return known.served

    def _paths(self, name: str) -> tuple[str, ...]:
        """The files it is made of; none where one of them is not in the folder."""
        found = [safe_join(str(self.folder), part) for part, _ in BUNDLES.get(name, ((name, ""),))]
        there = tuple(path for path in found if path is not None and Path(path).is_file())
        return there if len(there) == len(found) else ()

    def _read(self, name: str) -> bytes:
        if name not in BUNDLES:
            return (self.folder / name).read_bytes()
        parts = [((self.folder / part).read_text("utf-8"), media) for part, media in BUNDLES[name]]
        return "\n".join(f"@media {media} {{\n{text}\n}}" if media else text for text, media in parts).encode()


class Sessions(SecureCookieSessionInterface):
    """Files have nothing to do with who is signed in: an answer that varied by cookie would be kept by no cache."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if http.endpoint != "static":
            super().save_session(app, session, response)


def register(app: Flask, folder: Path) -> None:
    files = Files(folder)
    app.session_interface = Sessions()

    def static(filename: str) -> ResponseReturnValue:
        found = files.get(filename)
        if found is None:
            raise NotFound
        return _answer(found)

    def by_content(endpoint: str, values: dict[str, Any]) -> None:
        found = files.get(values.get("filename", "")) if endpoint == "static" else None
        if found is not None:
            values.setdefault("v", found.digest)

    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=static)
    app.url_defaults(by_content)


def _answer(found: Served) -> Response:
    packed = bool(found.packed) and http.accept_encodings.quality("gzip") > 0
    answer = Response(found.packed if packed else found.body, content_type=found.kind)
    if packed:
        answer.headers["Content-Encoding"] = "gzip"
    answer.vary.add("Accept-Encoding")
    answer.cache_control.public = True
    answer.cache_control.max_age = YEAR if http.args.get("v") == found.digest else HOUR
    answer.cache_control.immutable = http.args.get("v") == found.digest
    answer.set_etag(f"{found.digest}{'-gzip' if packed else ''}")
    answer.make_conditional(http)
    return answer


def _served(name: str, raw: bytes) -> Served:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    body = _shortened(raw.decode()).encode() if kind == "text/css" else raw
    packed = gzip.compress(body, 9, mtime=0) if kind in PACKED else b""
    digest = hashlib.sha256(body).hexdigest()[:12]
    told = f"{kind}; charset=utf-8" if kind in PACKED else kind
    return Served(told, body, packed if len(packed) < len(body) else b"", digest)


def _shortened(css: str) -> str:
    """Without comments, and with one space or none where there were many: what is written for people to read."""
    bare = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return re.sub(r"\s*([{};])\s*", r"\1", re.sub(r"\s+", " ", bare)).replace(";}", "}").strip()

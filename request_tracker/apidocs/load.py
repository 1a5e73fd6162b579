"""Bytes to a document that can be measured: what it is, read safely, bounded, whatever it is called.

Nothing is inlined and no reference is followed. What a stranger wrote stays data: no types of a language, no
time stamps, no patterns.
"""

import re
from dataclasses import dataclass
from typing import Any

from request_tracker.apidocs.loading import html_links, json_text, kinds, refusals, texts, yaml_text
from request_tracker.apidocs.loading.refusals import Unreadable as Unreadable
from request_tracker.rules.vendor_api import Note

_MARKUP = re.compile(r"\s*<[!?a-z]", re.IGNORECASE)
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|redoc|script|rapi-doc|elements-api)\b", re.IGNORECASE)
_SDL = re.compile(
    r"^[ \t]*(?:extend[ \t]+)?(?:schema(?:[ \t]+@\w+[^\n{]*)?[ \t]*\{|type[ \t]+\w+[^\n:{]{0,400}\{)", re.MULTILINE
)
_KEYED = re.compile(r"""^["']?(?:openapi|swagger|swaggerVersion|asyncapi|info|paths)["']?[ \t]*:""", re.MULTILINE)
_OTHERS = (
    (re.compile(r"#%RAML\b"), "RAML"),
    (re.compile(r"FORMAT:[ \t]*1A\b"), "API Blueprint"),
    (re.compile(r"""[\s\S]{0,4000}^syntax[ \t]*=[ \t]*["']proto\d["']""", re.MULTILINE), "Protocol Buffers"),
)
_XML = (
    (re.compile(r"<(?:\w+:)?definitions\b|schemas\.xmlsoap\.org/wsdl", re.IGNORECASE), "WSDL"),
    (re.compile(r"<(?:\w+:)?Edmx\b", re.IGNORECASE), "OData metadata"),
    (re.compile(r"wadl\.dev\.java\.net|<application\b", re.IGNORECASE), "WADL"),
)
_BEGINNING = 4000


@dataclass(frozen=True)
class Loaded:
    """A document as it was read. `kind` is one of Analysis.kind's. `tree`: a plain dict with texts for keys (OpenAPI,
    Postman, introspection: the dict that holds `__schema`), or the text itself (graphql-sdl, html). Parts of a YAML
    tree may be shared, never cyclic; at most 200 levels and two million values, shared ones counted as often as they
    occur. `links`: documents that an HTML page points at, absolute, the likeliest first."""

    kind: str
    tree: Any
    warnings: tuple[Note, ...] = ()
    links: tuple[str, ...] = ()


def load(body: bytes, *, name: str = "") -> Loaded:
    """Reads a document of at most 20 MB; `name` is a file name or the address it came from (links are relative to it).

    Raises Unreadable with a sentence that says what to send instead.
    """
    text, notes = texts.text_of(body)
    if _MARKUP.match(text):
        return _marked_up(text, name, notes)
    _refuse_others(text)
    if text.lstrip()[:1] not in ("{", "[") and _SDL.search(text) and not _KEYED.search(text):
        return Loaded("graphql-sdl", text, notes)
    tree, more = _structured(text)
    kind, tree, also = kinds.recognised(tree)
    return Loaded(kind, tree, (*notes, *more, *also))


def _structured(text: str) -> tuple[Any, tuple[Note, ...]]:
    """JSON where it is JSON; YAML reads the rest, JSON with comments or commas too many among it."""
    if text.lstrip()[:1] not in ("{", "["):
        return _yaml(text)
    try:
        return json_text.parse(text)
    except json_text.NotJson as fault:
        try:
            return yaml_text.parse(text)
        except yaml_text.NotYaml:
            raise Unreadable(f"The JSON stops making sense {fault}. Put it right there, or send it again.") from None


def _yaml(text: str) -> tuple[Any, tuple[Note, ...]]:
    try:
        tree, notes = yaml_text.parse(text)
    except yaml_text.NotYaml as fault:
        if _KEYED.search(text):
            raise Unreadable(f"The YAML stops making sense {fault}. Put it right there, or send JSON.") from None
        raise Unreadable(refusals.PROSE) from None
    if isinstance(tree, dict):
        return tree, notes
    raise Unreadable(refusals.PROSE)


def _refuse_others(text: str) -> None:
    beginning = text.lstrip()[:_BEGINNING]
    for pattern, called in _OTHERS:
        if pattern.match(beginning):
            raise Unreadable(f"This is {called}, which is not read here. {refusals.ASK}")


def _marked_up(text: str, name: str, notes: tuple[Note, ...]) -> Loaded:
    beginning = text[:_BEGINNING]
    is_xml = beginning.lstrip().startswith("<?xml") and "<html" not in beginning.lower()
    if _HTML.search(beginning) and not is_xml:
        links, more = html_links.found(text, base=name)
        return Loaded("html", text, (*notes, *more), links)
    called = next((each for pattern, each in _XML if pattern.search(beginning)), "XML")
    raise Unreadable(f"This is {called}, which is not read here. {refusals.ASK}")

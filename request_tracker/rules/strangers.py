"""Texts that strangers wrote (a document, a record, a person elsewhere), made fit to be shown: the one way to do it."""

import unicodedata


def plain(text: object, most: int = 200) -> str:
    """A text on one line of at most `most` characters, without those that steer the reading instead of being read."""
    cut = str(text)[: most * 4]
    if not (cut.isascii() and cut.isprintable()):
        cut = "".join(map(_read, cut))
    line = " ".join(cut.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _read(character: str) -> str:
    """Controls and white space of all kinds are spaces; format (bidirectional marks), surrogates and characters of no
    meaning are nothing."""
    category = unicodedata.category(character)
    if character.isspace() or category == "Cc":
        return " "
    return "" if category[0] == "C" else character

"""Words that are used again: how a template's blanks are filled, and what a template may look like."""

import re
from collections.abc import Mapping

BLANKS = {
    "service": "the service's name",
    "requester": "the name of who asked first",
    "number": "the number of the requester's request",
}
_BLANK = re.compile("|".join(rf"\{{{name}\}}" for name in BLANKS))
_SHAPE = re.compile(r"\{[^{}\s]{1,40}\}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its blanks filled. A plain replacement in one pass: what is put in is not read again, and braces
    of no meaning stay as they are."""
    return _BLANK.sub(lambda found: values.get(found[0][1:-1]) or found[0], text)


def unknown(text: str) -> list[str]:
    """What looks like a blank and is none."""
    return [each for each in dict.fromkeys(_SHAPE.findall(text)) if each[1:-1] not in BLANKS]

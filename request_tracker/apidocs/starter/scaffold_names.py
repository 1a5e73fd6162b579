"""Names out of a document, made fit for a starter project: tables, columns, settings. Those of a measured document are
fit already (column_names), so the proposal and the project call everything the same."""

import re
from collections.abc import Iterable

from request_tracker.apidocs.describing.column_names import LENGTH, snake, unlike, unreserved
from request_tracker.rules.strangers import plain

_VALID = re.compile(r"[a-z][a-z0-9_]{0,59}")
GENERIC = frozenset(("id", "uuid", "gid", "sid", "key", "name", "slug", "code", "number", "value"))


def fit(name: str, taken: Iterable[str], ending: str = "value") -> str:
    """A name in lower case, digits and underscores, a letter first, at most 60 characters, unlike all those taken."""
    others = set(taken)
    word = snake(str(name)[:200])[:LENGTH].strip("_")
    word = word if _VALID.fullmatch(word) else "value"
    word = unreserved(word, ending)
    return word if word not in others else unlike(word[: LENGTH - 6].rstrip("_"), others)


def setting_name(param: str, path: str) -> str:
    """What configuration.json calls a parameter: by its name, or by the segment before it where that says nothing."""
    name = snake(param[:200])[:LENGTH]
    if name not in GENERIC:
        return name
    before = re.search(r"([^/{}]+)/\{" + re.escape(param) + r"\}", path[:2000])
    return snake(f"{before[1]}_{name}")[:LENGTH] if before else f"{name}_value"


def markdown(text: str, longest: int = 200) -> str:
    """A text as it is in Markdown: no mark-up, no link, no HTML, one line, bounded."""
    said = plain(text, longest).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#!|~@$])", r"\\\1", said).replace("://", ":\u200b//")


def address(url: str) -> str:
    """A web address that is fit to be shown between backticks; "" for anything else."""
    return url if re.fullmatch(r"https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]{1,500}", url) else ""

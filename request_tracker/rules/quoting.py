"""Words of others, as they are kept and shown: what no database can hold is taken out, and what might be a secret."""

import re

MOST = 300
_OPAQUE = re.compile(r"(?=[\w+=~-]*\d)(?=[\w+=~-]*[A-Za-z])[\w+=~-]{20,}")
_NAMES = r"(?:api|access|secret|private)?[ _-]?(?:key|token|secret|password|passwd|auth)"
_SECRET = re.compile(rf"(?i)\b({_NAMES}\s*[=:]\s*|bearer\s+|basic\s+)\S+")
_QUERY = re.compile(r"(https?://[^\s?#]*)[?#]\S*")


def storable(text: str) -> str:
    """Without what JSON may spell and no database or page can hold: NUL, and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def quoted(reason: str) -> str:
    """A reason as Fivetran words it, on one line, short, and without what might be a secret."""
    text = " ".join(reason.split())
    text = _OPAQUE.sub("…", _SECRET.sub(r"\1…", _QUERY.sub(r"\1", text)))
    return text if len(text) <= MOST else text[: MOST - 1].rstrip() + "…"

"""What looks like a credential: refused wherever somebody hands in a configuration, for access is granted by a card."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

SENTENCE = (
    "this looks like a credential, and credentials are never taken here: leave it out; whoever owns the source grants "
    "access on a Connect Card"
)
_WORDS = frozenset(
    {
        "password", "passwd", "pwd", "pass", "passphrase", "passcode", "pin", "pat", "secret", "secrets", "token",
        "tokens", "credential", "credentials", "creds", "apikey", "auth", "authorization", "bearer", "cookie", "jwt",
        "pem", "oauth", "signature", "privatekey", "secretkey", "accesskey", "otp",
    }
)  # fmt: skip
_INNOCENT_KEYS = frozenset({"primary", "foreign", "partition", "sort", "public", "cluster", "object", "row"})
_JOINED = (
    "password", "passwd", "secret", "apikey", "accesskey", "privatekey", "privkey", "accesstoken", "authtoken",
    "refreshtoken", "connectionstring", "userpass",
)  # fmt: skip
"""Found also where the words of a name are written without a gap."""
_ABOUT = frozenset(
    {
        "type", "types", "mode", "method", "environment", "url", "uri", "region", "host", "port", "name", "names",
        "enabled", "required", "available", "encoding", "source", "path", "id", "ids", "at",
    }
)  # fmt: skip
"""A name that ends so tells about a credential and holds none: `auth_type`, `token_url`, `pat_name`."""
_NAMES, _VALUES = ("name", "parameter", "param", "header", "field"), ("value", "val", "content")
_VALUE = re.compile(
    r"-----BEGIN|LS0tLS1CRUdJTi|://[^/\s:@]*:[^/\s@]+@|://[^/\s:@]{16,}@|\bauthorization\s*[:=]|"
    r"\bbearer\s+(?!auth|token)\S{8,}|\bbasic\s+(?=\S*[\d=._/+])\S{8,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.|"
    r"\b(?:sk|pk|rk|ghp|gho|xox[abps]|glpat|github_pat)[-_][\w-]{12,}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|"
    r"\bAIza[\w-]{30,}|\bSG\.[\w-]{16,}\.|"
    r"[?&;](?:sig|[\w-]*(?:signature|token|api_?key|password|secret))=|"
    r"(?:^|[;\s])(?:password|passwd|pwd|accountkey|sharedaccesskey|sharedaccesssignature)\s*=\s*[^;\s]",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def found_in(config: Any, place: str) -> Iterator[str]:
    """The places of all that looks like a credential, by name or by what it holds; never what stands there."""
    waiting = [(place, config)]
    while waiting:
        where, value = waiting.pop()
        if isinstance(value, str):
            if _VALUE.search(value):
                yield where
            elif (inner := _written_in(value)) is not None:
                waiting.append((where, inner))
        elif isinstance(value, list):
            waiting += [(f"{where}[{index}]", each) for index, each in enumerate(value)]
        elif isinstance(value, dict):
            if (place_of := _paired(value)) is not None:
                yield f"{where}.{place_of}"
            for name, each in value.items():
                if is_secret_name(name) and not (each is None or isinstance(each, bool) or each == ""):
                    yield f"{where}.{_shown(name)}"
                else:
                    waiting.append((f"{where}.{_shown(name)}", each))


def is_secret_name(name: str) -> bool:
    """Whether a field of this name would hold a credential: `api_key`, `clientSecret`, `db-password`."""
    plain = unicodedata.normalize("NFKC", name)
    words = [word.lower() for word in _WORD.findall(plain) if not word.isdigit()]
    if words and words[-1] in _ABOUT:
        return False
    joined = "".join(each for each in plain.casefold() if each.isalnum())
    if any(word in _WORDS for word in words) or any(each in joined for each in _JOINED):
        return True
    return bool(words) and words[-1] in ("key", "keys") and not _INNOCENT_KEYS & set(words)


def _paired(value: Mapping[str, Any]) -> str | None:
    """Where a list of names and values says by a name that the value beside it is one: `Authorization`."""
    named = (value.get(each) for each in _NAMES)
    if any(isinstance(each, str) and is_secret_name(each) for each in named):
        return next((each for each in _VALUES if value.get(each)), None)
    return None


def _written_in(text: str) -> Any:
    """The JSON that a text holds, such as the key file of a service account; None for other texts."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _shown(name: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in name[:60])

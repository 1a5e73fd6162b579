"""Sessions: a POST that takes a user and a password, or a key, and answers with a token for the calls that follow."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from request_tracker.apidocs.describing.inferred import schema_of
from request_tracker.apidocs.describing.operations import Description, Operation
from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.describing.words import plain, words
from request_tracker.rules.vendor_api import SignIn, SignInKind

_LOGINS = re.compile(
    r"log-?_?in|log-?_?on|sign-?_?in|sessions?|authenticate|authentication|auth|tokens?|access-?_?tokens?", re.I
)
_SECRETS = frozenset({"password", "passwd", "pwd", "secret", "key", "apikey", "passphrase"})
_TOKENS = (("access", "token"), ("session", "token"), ("auth", "token"), ("token",), ("jwt",), ("id", "token"),
           ("session", "id"), ("sessionid",), ("session", "key"), ("authentication", "token"))  # fmt: skip
_WITHIN = ("data", "result", "session", "response", "authentication", "auth")
_OWN_HEADER = re.compile(
    r"[Hh]eader [`'\"*]*(X-[A-Za-z-]{2,60}|[A-Za-z-]{2,60}-Token)\b|\b(X-[A-Za-z-]{2,60})\b[`'\"*]* header"
)
FIELDS = 10


def sessions(description: Description) -> Iterator[SignIn]:
    """The login operations of a document, as ways to sign in."""
    for operation in description.operations:
        if operation.method == "post" and _is_login(operation.path):
            way = _session(operation, description.schemas)
            if way is not None:
                yield way


def _is_login(path: str) -> bool:
    segments = [segment for segment in path[:2000].split("/") if segment]
    return bool(segments) and "{" not in segments[-1] and bool(_LOGINS.fullmatch(segments[-1].removesuffix(".json")))


def _session(operation: Operation, schemas: Schemas) -> SignIn | None:
    fields = _fields(operation, schemas)
    token = _token_path(operation, schemas)
    if not token or not any(set(words(name)) & _SECRETS for name in fields):
        return None
    name, before = _place(operation)
    return SignIn(
        SignInKind.SESSION,
        name,
        "header" if name else "",
        before,
        login_path=operation.path,
        login_fields=tuple(plain(name, 100) for name in fields[:FIELDS]),
        token_path=token,
        pointers=(operation.pointer,) if operation.pointer else (),
    )


def prefix(text: str) -> str:
    """What the description says to put in front of a key in the header Authorization, with its space."""
    if shown := re.search(r"Authorization:? [\"'`]?([A-Za-z][A-Za-z-]{1,30}) [<{\[$]", text):
        return f"{shown[1]} "
    said = re.search(
        r"[\"'`]?\b(Bearer|Token|Basic|ApiKey|Api-Key|Key|SSWS|GenieKey|Klaviyo-API-Key)(?=[ :=<{\"'`])", text
    )
    return f"{said[1]} " if said else ""


def _place(operation: Operation) -> tuple[str, str]:
    """(the header, what stands before the token) as the login's own words tell them; "" where they do not."""
    answer = operation.answer
    said = f"{operation.summary} {operation.description} {answer.description if answer else ''}"[:4_000]
    before = prefix(said) if "authorization" in said.lower() else ""
    if before:
        return "Authorization", before
    own = _OWN_HEADER.search(said)
    return (own[1] or own[2], "") if own else ("", "")


def _fields(operation: Operation, schemas: Schemas) -> list[str]:
    """The names a login asks for: those it must have, where the document tells."""
    body = operation.body_schema
    if body is None and isinstance(operation.body_example, Mapping):
        body = schema_of(operation.body_example)
    names = [name for name in schemas.properties(body) if schemas.kind(schemas.properties(body)[name]) != "object"]
    names += [each.name for each in operation.parameters if each.place == "formData"]
    needed = schemas.required(body) | {each.name for each in operation.parameters if each.is_required}
    return [name for name in names if name in needed] or names


def _token_path(operation: Operation, schemas: Schemas) -> str:
    answer = operation.answer
    if answer is None:
        return ""
    node: Any = answer.schema if schemas.properties(answer.schema) else schema_of(answer.example)
    for outer in ("", *_WITHIN):
        inner = schemas.properties(schemas.properties(node).get(outer) if outer else node)
        named = {words(name): name for name in inner if schemas.kind(inner[name]) in ("string", "")}
        found = next((named[token] for token in _TOKENS if token in named), "")
        if found and "." not in found:
            return f"{outer}.{found}" if outer else found
    return ""

"""Fit hints: what the rubric would say of a form while it is typed. Advice, never a barrier."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from request_tracker.public import is_public
from request_tracker.rules.assessment_words import shown
from request_tracker.rules.needs import phrases
from request_tracker.rules.rubric import RUBRIC, Rubric
from request_tracker.rules.submission import web_address
from request_tracker.rules.terms import AuthKind

GOOD, ADVICE = "good", "advice"
BRIEF = 40
"""A use case in fewer characters than this says little."""
MOST_COUNTED = 100_000
READABLE = (".json", ".yaml", ".yml", ".graphql", ".graphqls", ".gql")
WORDS_READABLE = ("openapi", "swagger", "postman", "asyncapi")
INSIDE = (".local", ".internal", ".intranet", ".corp", ".lan", ".home", ".test", ".localhost")


@dataclass(frozen=True)
class Hint:
    """`field` of the form it is about; `tone`: good (it fits) or advice (what would help)."""

    field: str
    tone: str
    sentence: str


def hints(typed: Mapping[str, Any], rubric: Rubric = RUBRIC) -> tuple[Hint, ...]:
    """The hints on what was typed so far, by the names of the form's fields; at most one a field, none on what is
    empty or cannot be read."""
    found = ((name, tell(str(typed.get(name) or "").strip(), rubric)) for name, tell in HINTS.items())
    return tuple(Hint(name, *each) for name, each in found if each is not None)


def _auth_kind(typed: str, rubric: Rubric) -> tuple[str, str] | None:
    best = max(rubric.sign_in.values())
    if typed in (AuthKind.API_KEY, AuthKind.BASIC) and rubric.sign_in["static"] == best:
        return GOOD, "A fixed key or password is the easiest way to connect."
    return SIGN_IN.get(typed)


def _endpoint_count(typed: str, rubric: Rubric) -> tuple[str, str] | None:
    if not (typed.isascii() and typed.isdigit() and len(typed) < 7 and int(typed) <= MOST_COUNTED):
        return None
    count, (fewest, ideal) = int(typed), rubric.ideal()
    if count == 0:
        return ADVICE, "Without an endpoint there is nothing to read. Leave this empty if you do not know."
    if count < fewest:
        return ADVICE, f"With so few endpoints (usually {fewest} or more), say under “Data needed” what each gives you."
    if count <= ideal:
        return GOOD, f"Around {rubric.around} endpoints is ideal: {count} fits."
    if count <= rubric.most:
        return (
            ADVICE,
            f"Around {rubric.around} endpoints is ideal. With about {count}, it helps to say which you need most.",
        )
    return (
        ADVICE,
        f"Around {rubric.around} endpoints is ideal. With about {count:,}, say under “Data needed” which you need.",
    )


def _custom_fields(typed: str, rubric: Rubric) -> tuple[str, str] | None:
    if len(typed) < 2:
        return None
    return ADVICE, (
        "Custom fields fit beside the service's own. Where your people define whole tables, tell us: "
        "one connector cannot know them."
    )


def _api_docs_url(typed: str, rubric: Rubric) -> tuple[str, str] | None:
    if not web_address(typed):
        return None
    parts = urlsplit(typed)
    host, path = (parts.hostname or "").rstrip("."), parts.path.lower()
    if _is_inside(host):
        return ADVICE, "We cannot reach this address from outside: upload the description below as well."
    if path.endswith(READABLE) or any(word in path for word in WORDS_READABLE):
        return GOOD, "This looks like a description we can measure at once."
    if path.endswith(".pdf"):
        return ADVICE, "A PDF has to be read by a person. If there is an OpenAPI or Postman document, we answer sooner."
    if "graphql" in path:
        return ADVICE, "For a GraphQL API, upload its schema below: the address alone does not say what data there is."
    return None


def _use_case(typed: str, rubric: Rubric) -> tuple[str, str] | None:
    if typed and len(typed) < BRIEF:
        return ADVICE, "A sentence more helps: which question will the data answer, and for whom?"
    return None


def _data_needed(typed: str, rubric: Rubric) -> tuple[str, str] | None:
    if not typed:
        return None
    named = [shown(phrase, 40) for phrase, _ in phrases(typed)]
    if not named:
        return ADVICE, "Name the records you need, like invoices or contacts: we look for them in the API."
    more = f" and {len(named) - 6} more" if len(named) > 6 else ""
    return ADVICE, f"We will look for: {', '.join(named[:6])}{more}."


SIGN_IN: Mapping[str, tuple[str, str]] = {
    AuthKind.OAUTH2: (
        ADVICE,
        "OAuth 2.0 works and takes longer to set up. If the service offers an API key too, say so.",
    ),
    AuthKind.OTHER: (ADVICE, "Say in the use case how it signs in. An API key is preferred, OAuth 2.0 works too."),
}
HINTS: Mapping[str, Callable[[str, Rubric], tuple[str, str] | None]] = {
    "api_docs_url": _api_docs_url,
    "use_case": _use_case,
    "data_needed": _data_needed,
    "auth_kind": _auth_kind,
    "endpoint_count": _endpoint_count,
    "custom_fields": _custom_fields,
}
"""What is said of each field, in the order of the form."""


def _is_inside(host: str) -> bool:
    """A name or number that only a network of their own knows."""
    is_number = ":" in host or host.replace(".", "").isdigit()
    return not is_public(host) if is_number else "." not in host or host.endswith(INSIDE)

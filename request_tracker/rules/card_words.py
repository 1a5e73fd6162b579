"""The Connect Card in words: what its reader needs before it, and what a failed setup test asks of them after it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from request_tracker.rules.terms import AuthKind

FAILED = frozenset({"FAILED", "JOB_FAILED", "TASK"})
"""Findings that somebody has to act on."""
LONGEST = 300

OAUTH = (
    "The service asks you to sign in to it and to agree that Fivetran may read your data (OAuth 2.0). "
    "Use an account there that may agree for your organisation, often an administrator's.",
    "If the card asks for a client ID and a client secret, the service wants an OAuth app of your own: make one in the "
    "service first and enter the redirect address that the card names.",
)
API_KEY = (
    "Have an API key of the service at hand, one that may read everything you asked for. "
    "Make a key for this purpose alone, so that it can be taken back without harm.",
)
PASSWORD = (
    "Have a user of the service at hand that may read everything you asked for. "
    "Use one made for this purpose, not a person's own.",
)
UNKNOWN = ("Have at hand what the service asks a program for: an API key, or a user who may agree to the access.",)
NEEDED = {
    AuthKind.OAUTH2: OAUTH,
    AuthKind.API_KEY: API_KEY,
    AuthKind.BASIC: PASSWORD,
}
_ADVICE = (
    (("expired", "revoked", "reconnect", "reauthor", "re-author"),
     "The access has run out or was taken back. Open the card again and grant it anew."),
    (("permission", "scope", "forbidden", "403", "privilege", "not allowed"),
     "The credentials are right but may not read everything. Give them the missing rights in the service, "
     "then open the card again."),
    (("credential", "auth", "401", "api key", "apikey", "token", "secret", "password", "login"),
     "The service did not accept the credentials. Check them in the service, then open the card again and enter them "
     "anew."),
    (("host", "connect", "dns", "resolve", "timeout", "timed out", "unreachable", "firewall", "ssl", "certificate"),
     "Fivetran could not reach the service. Check the address in the card, and whether the service lets Fivetran's "
     "addresses in."),
    (("rate", "limit", "429", "quota"),
     "The service said that it was asked too often. Wait some minutes, then open the card again."),
)  # fmt: skip
ELSE = "Open the card again and follow what it says there. If it does not help, write a comment on your request."


@dataclass(frozen=True)
class Failure:
    """A setup test that failed, or a task Fivetran sets: its name, what Fivetran says, what to do about it."""

    title: str
    said: str
    advice: str


def needed(auth_kind: str, figure: str = "") -> tuple[str, ...]:
    """What the requester needs before the card. `figure`: what the assessment measured, where nobody said the kind."""
    known = NEEDED.get(AuthKind(auth_kind))
    if known:
        return known
    measured = figure.lower()
    found = [OAUTH for word in ("oauth",) if word in measured] + [API_KEY for word in ("key",) if word in measured]
    return found[0] if len(found) == 1 else UNKNOWN


def failures(findings: Iterable[Mapping[str, Any]]) -> tuple[Failure, ...]:
    """What has to be put right before access is granted; tests that passed or only warn are left out."""
    return tuple(
        Failure(_title(each), str(each.get("message") or "")[:LONGEST], _advice(each))
        for each in findings
        if str(each.get("status", "")).upper() in FAILED
    )


def _title(finding: Mapping[str, Any]) -> str:
    title = str(finding.get("title") or "").strip()
    return title.replace("_", " ").capitalize() if title.islower() else title or "Setup test"


def _advice(finding: Mapping[str, Any]) -> str:
    text = f"{finding.get('title', '')} {finding.get('message', '')}".lower()
    return next((advice for words, advice in _ADVICE if any(word in text for word in words)), ELSE)

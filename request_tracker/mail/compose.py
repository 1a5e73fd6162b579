"""A letter is written: a notice's three templates and what they are told become subject, text and HTML."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from request_tracker import resources
from request_tracker.rules.meeting_times import beside
from request_tracker.rules.zones import zone_name, zone_or_utc


@dataclass(frozen=True)
class Composed:
    subject: str
    text: str
    html: str


def compose(notice: str, context: Mapping[str, Any]) -> Composed:
    """The letter of the notice. `context` has every name the templates use, and `zone`, the reader's time zone.

    Raises jinja2.UndefinedError for a name that is missing, TemplateNotFound for an unknown notice.
    """
    return Composed(
        subject=one_line(_render(f"{notice}/subject.txt", context)),
        text=_tidy(_render(f"{notice}/body.txt", context)),
        html=_tidy(_render(f"{notice}/body.html", context)),
    )


def host_of(mail_from: str) -> str:
    """The domain letters come from: `By Request <by-request@example.org>` → `example.org`."""
    return parseaddr(mail_from)[1].partition("@")[2] or "localhost"


def message_id(unique_key: str, host: str, secret: str) -> str:
    """The same letter has the same Message-ID however often it is sent, so that mail programs drop the second copy.

    An HMAC: keys can be guessed, and whoever returns a Message-ID proves to have had the letter.
    """
    return f"<{hmac.new(secret.encode(), f'letter:{unique_key}'.encode(), hashlib.sha256).hexdigest()[:40]}@{host}>"


def is_message_id(text: str, unique_key: str, secret: str) -> bool:
    """Whether a letter's Message-ID was made with the secret, whatever host letters came from then."""
    local, _, host = text.removesuffix(">").partition("@")
    return bool(local) and hmac.compare_digest(text, message_id(unique_key, host, secret))


@dataclass(frozen=True)
class MailingList:
    """What a letter belongs to for a mail program: `name` in its address, `words` for people, and the https address
    that ends it with one click (empty: it cannot be ended)."""

    name: str = ""
    words: str = ""
    unsubscribe: str = ""


def headers(*, number: str, host: str, belongs_to: MailingList = MailingList()) -> dict[str, str]:
    """What the machines on the way read: no machine answers; letters to one reader about one matter are a thread, named
    by the number the reader knows; what may be ended is ended with one click (RFC 8058).

    No `Precedence`: RFC 2076 discourages it, some filters take it for advertising, and List-Id and Auto-Submitted
    already keep absence notes away (RFC 3834, RFC 5230).
    """
    found = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", **_listed(belongs_to, host)}
    if number:
        thread = f"<thread.{number.lower()}@{host}>"
        found |= {"In-Reply-To": thread, "References": thread, "X-Request-Number": number}
    return {name: one_line(value) for name, value in found.items()}


def _listed(belongs_to: MailingList, host: str) -> dict[str, str]:
    """RFC 2919, 2369 and 8058. The address is https, as the last asks, wherever letters leave this machine: the
    settings refuse another."""
    inside = f"{belongs_to.name}.by-request.{host}" if belongs_to.name else f"by-request.{host}"
    words = f"By Request: {belongs_to.words}" if belongs_to.words else "By Request"
    found = {"List-Id": f'"{words}" <{inside}>'}
    if belongs_to.unsubscribe:
        found["List-Unsubscribe"] = f"<{belongs_to.unsubscribe}>"
        found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return found


def one_line(text: str) -> str:
    """Every run of white space and control characters becomes one space: nothing can begin a new header."""
    return re.sub(r"[\s\x00-\x1f\x7f\u0085\u2028\u2029]+", " ", text).strip()


def when(at: datetime, zone: str) -> str:
    """`Monday 16 November 2026, 10:00 CET`."""
    local = at.astimezone(zone_or_utc(zone))
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M} {zone_name(local)}"


def day(at: datetime, zone: str) -> str:
    """`1 May 2027 (CEST)`."""
    local = at.astimezone(zone_or_utc(zone))
    return f"{local.day} {local:%B %Y} ({zone_name(local)})"


def _render(name: str, context: Mapping[str, Any]) -> str:
    return _templates().get_template(name).render(context)


@cache
def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(resources.TEMPLATES / "mail"),
        autoescape=select_autoescape(("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"when": _when, "beside": _beside, "day": _day, "due": _due, "quoted": _quoted}
    return found


@pass_context
def _when(context: Context, at: datetime) -> str:
    return when(at, context["zone"])


@pass_context
def _beside(context: Context, at: datetime, zone: str) -> str:
    """The same instant in another zone, in brackets after the reader's own; empty where their clocks show the same."""
    found = beside(at, zone, context["zone"])
    return f" ({found})" if found else ""


@pass_context
def _due(context: Context, at: datetime, ends: str) -> str:
    """The working day at whose end something is due, or else the instant."""
    return ends or when(at, context["zone"])


@pass_context
def _day(context: Context, at: datetime) -> str:
    return day(at, context["zone"])


def _quoted(text: object) -> str:
    """A person's words, set off line by line."""
    return "\n".join(f"> {line}".rstrip() for line in str(text).splitlines())


def _tidy(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"

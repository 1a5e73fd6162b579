"""A letter is written: a notice's three templates and what they are told become subject, text and HTML."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from request_tracker import resources


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


def message_id(unique_key: str, host: str) -> str:
    """The same letter has the same Message-ID however often it is sent, so that mail programs drop the second copy."""
    return f"<{hashlib.sha256(unique_key.encode()).hexdigest()[:40]}@{host}>"


def headers(*, number: str, case_number: str, host: str) -> dict[str, str]:
    """What the machines on the way read. All letters about one case hang on one thread, named after the case."""
    found = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    if case_number:
        thread = f"<case.{case_number.lower()}@{host}>"
        list_id = f"By Request {case_number} <{case_number.lower()}.{host}>"
        found |= {"List-Id": list_id, "In-Reply-To": thread, "References": thread, "X-Request-Number": number}
    return {name: one_line(value) for name, value in found.items()}


def one_line(text: str) -> str:
    """Every run of white space and control characters becomes one space: nothing can begin a new header."""
    return re.sub(r"[\s\x00-\x1f\x7f\u0085\u2028\u2029]+", " ", text).strip()


def when(at: datetime, zone: str) -> str:
    """`Monday 16 November 2026, 10:00 CET`."""
    local = at.astimezone(_zone(zone))
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M} {_name(local)}"


def day(at: datetime, zone: str) -> str:
    """`1 May 2027 (CEST)`."""
    local = at.astimezone(_zone(zone))
    return f"{local.day} {local:%B %Y} ({_name(local)})"


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
    found.filters |= {"when": _when, "day": _day, "quoted": _quoted}
    return found


@pass_context
def _when(context: Context, at: datetime) -> str:
    return when(at, context["zone"])


@pass_context
def _day(context: Context, at: datetime) -> str:
    return day(at, context["zone"])


def _quoted(text: object) -> str:
    """A person's words, set off line by line."""
    return "\n".join(f"> {line}".rstrip() for line in str(text).splitlines())


def _tidy(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _zone(name: str) -> ZoneInfo:
    """A letter with times in UTC is better than none: an unknown zone is read as UTC."""
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):
        return ZoneInfo("UTC")


def _name(local: datetime) -> str:
    """Zones without letters of their own are named by their offset: UTC+05:45."""
    name = local.strftime("%Z")
    return f"UTC{name[:3]}:{name[3:] or '00'}" if name[:1] in "+-" else name

"""Letters that come back: the address they come back to, and delivery status notifications (RFC 3464) read."""

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.message import Message
from email.policy import compat32
from email.utils import parseaddr

from request_tracker.rules.bouncing import UNSAID, finer, kind_of, status_in, status_of

MOST_BYTES = 1024 * 1024
"""A notification says what it has to say at its beginning; what it returns of the letter may be cut off."""
_MOST_SAID = 500
_MOST_PARTS = 100
_MOST_DEPTH = 4
_MAC_CHARS = 12
_TAG = re.compile(rf"([1-9]\d{{0,17}})-([0-9a-f]{{{_MAC_CHARS}}})")
_ASIDE = frozenset({"delayed", "delivered", "relayed", "expanded"})
_ARRIVED_AT = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To")
_MACHINES = ("mailer-daemon", "postmaster", "mail-daemon")
_GARBAGE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class NoBounce(ValueError):
    """The message tells of no letter of ours that failed; the sentence says what it is instead."""


@dataclass(frozen=True)
class Returned:
    """One letter that came back. `status` as in RFC 3463; `said`: the server's words, one short line.

    `arrived_at` and `message_ids` name the letter, the likeliest first; `addresses` the persons it did not reach.
    """

    status: str
    said: str
    addresses: tuple[str, ...]
    arrived_at: tuple[str, ...]
    message_ids: tuple[str, ...]

    @property
    def kind(self) -> str:
        return kind_of(self.status)


def comes_back_to(bounce_address: str, letter_id: int, secret: str) -> str:
    """`bounces@host` → `bounces+17-5f3a…@host`: the envelope sender of letter 17, and of no other (VERP).

    The part after the dash is an HMAC of the number. Numbers can be guessed, and whoever could name a letter could
    silence the person it went to by sending a false notification; only the servers a letter passed know its mac.
    Small letters and digits, since some servers change the case of what stands before the @.
    """
    name, _, host = parseaddr(bounce_address)[1].rpartition("@")
    return f"{name}+{letter_id}-{_mac(letter_id, secret)}@{host}"


def letter_named(addresses: tuple[str, ...], bounce_address: str, secret: str) -> int | None:
    """The letter that one of these addresses was made for. Raises NoBounce when one is ours but its mac is false."""
    name, _, host = parseaddr(bounce_address)[1].lower().rpartition("@")
    for address in addresses:
        local, _, at = address.lower().rpartition("@")
        if not name or at != host or not local.startswith(f"{name}+"):
            continue
        found = _TAG.fullmatch(local.removeprefix(f"{name}+"))
        if found is None or not hmac.compare_digest(found[2], _mac(int(found[1]), secret)):
            raise NoBounce(f"Nothing was ever sent from {_one_line(address)}: somebody made this notification up")
        return int(found[1])
    return None


def read(raw: bytes, recipient: str = "") -> Returned:
    """The failed letter a message tells of. `recipient`: where it arrived, if the mail server says so.

    Raises NoBounce for everything else: replies of people and of machines, receipts, notices of a delay.
    """
    try:
        message = message_from_bytes(raw[:MOST_BYTES], policy=compat32)
        parts = [part for part, _ in zip(message.walk(), range(_MOST_PARTS), strict=False)]
        failed = _from_report(message) or _from_header(message, parts)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as fault:
        if isinstance(fault, NoBounce):
            raise
        raise NoBounce("The message cannot be read: its parts do not fit together") from fault
    if failed is None:
        raise NoBounce(_what_else(message))
    status, said, addresses = failed
    arrived = (_address(recipient), *_arrived_at(message), *_sent_from(parts))
    return Returned(status, said, addresses, tuple(filter(None, arrived)), _message_ids(parts))


_Failed = tuple[str, str, tuple[str, ...]]


def _from_report(message: Message) -> _Failed | None:
    """The first recipient a delivery status notification calls failed."""
    report, aside = _report_in(message), ""
    for group in _groups(report) if report is not None else ():
        action, status = _field(group, "Action").lower(), status_in(_field(group, "Status"))
        if action in _ASIDE or (not action and status[:1] == "2"):
            aside = action or "delivered"
        elif action or status:
            said = _after_kind(_field(group, "Diagnostic-Code"))
            status = finer(status, said)
            return status, said[:_MOST_SAID] or status, _recipients(group)
    if aside:
        raise NoBounce(f"No letter failed: it was {aside}")
    return None


def _report_in(message: Message, depth: int = 0) -> Message | None:
    """The report itself, or within what a gateway put around it; never one that somebody attached as a letter."""
    if message.get_content_type() == "multipart/report":
        return message
    if message.get_content_maintype() != "multipart" or depth == _MOST_DEPTH:
        return None
    return next((found for part in _children(message) if (found := _report_in(part, depth + 1)) is not None), None)


def _groups(report: Message) -> Iterator[Message]:
    """The groups of fields in a status part: about the message first, then one a recipient."""
    for part in _children(report):
        if part.get_content_type() not in ("message/delivery-status", "message/global-delivery-status"):
            continue
        for group in _children(part):
            yield group
            rest = group.get_payload()
            if isinstance(rest, str) and rest.strip():
                yield from (message_from_string(each) for each in re.split(r"\n\s*\n", rest.strip())[:_MOST_PARTS])


def _children(part: Message) -> list[Message]:
    inner = part.get_payload()
    return [each for each in inner[:_MOST_PARTS] if isinstance(each, Message)] if isinstance(inner, list) else []


def _from_header(message: Message, parts: list[Message]) -> _Failed | None:
    """What servers older than the standard send (Exim, qmail): a plain letter from the mail system itself."""
    failed = _field(message, "X-Failed-Recipients")
    sender = _address(_field(message, "From")).partition("@")[0].lower()
    if not failed and sender not in _MACHINES:
        return None
    text = next((_text(part) for part in parts if part.get_content_type() == "text/plain"), "")
    status = next((found for part in re.split(r"\n\s*\n", text) if (found := status_of(_one_line(part)))), "")
    if not failed and not status.startswith("5."):
        return None
    addresses = tuple(filter(None, (_address(each) for each in failed.split(",")[:_MOST_PARTS])))
    return status or UNSAID, _said_around(text, status), addresses


def _recipients(group: Message) -> tuple[str, ...]:
    """Whom we wrote to, then where a forwarding sent it on to."""
    found = (_address(_after_kind(_field(group, name))) for name in ("Original-Recipient", "Final-Recipient"))
    return tuple(dict.fromkeys(filter(None, found)))


def _arrived_at(message: Message) -> tuple[str, ...]:
    found = [_address(_one_line(value)) for name in _ARRIVED_AT for value in message.get_all(name, [])[:20]]
    return tuple(filter(None, found))


def _sent_from(parts: list[Message]) -> tuple[str, ...]:
    """The envelope sender that the returned letter kept as Return-Path."""
    return tuple(_address(_field(part, "Return-Path")) for part in _letters(parts))


def _message_ids(parts: list[Message]) -> tuple[str, ...]:
    found = (_field(part, "Message-ID") for part in _letters(parts))
    return tuple(dict.fromkeys(each[:200] for each in found if each))


def _letters(parts: list[Message]) -> Iterator[Message]:
    """The returned letter, whole or its headers only. The notification itself is no letter of ours."""
    for part in parts[1:]:
        if part.get_content_type() in ("text/rfc822-headers", "message/global-headers"):
            yield message_from_string(_text(part).lstrip())
        elif _field(part, "Message-ID"):
            yield part


def _what_else(message: Message) -> str:
    if message.get_content_type() == "multipart/report":
        return f"This is a report of another kind: {_one_line(str(message.get_param('report-type') or 'unnamed'))[:60]}"
    if _field(message, "Auto-Submitted").lower().startswith("auto-replied"):
        return "This is an automatic reply: it tells of no letter that failed"
    return "This tells of no letter that failed"


def _text(part: Message) -> str:
    """What it says, whatever it claims about its encoding."""
    body = part.get_payload(decode=True)
    return body.decode(errors="replace")[:MOST_BYTES] if isinstance(body, bytes) else str(part.get_payload())


def _said_around(text: str, status: str) -> str:
    line = next((line for line in text.splitlines() if status and status in line), "")
    return _one_line(line or text)[:_MOST_SAID]


def _field(message: Message, name: str) -> str:
    return _one_line(str(message.get(name) or ""))


def _after_kind(value: str) -> str:
    """`rfc822; ada@x` → `ada@x`; `smtp; 550 no` → `550 no`."""
    kind, semicolon, rest = value.partition(";")
    return rest.strip() if semicolon and re.fullmatch(r"\s*[\w.-]+\s*", kind) else value


def _address(text: str) -> str:
    found = parseaddr(text.strip()[:1000])[1].lower()
    return found if "@" in found and len(found) <= 320 else ""


def _one_line(text: str) -> str:
    return _GARBAGE.sub(" ", text).strip()


def _mac(letter_id: int, secret: str) -> str:
    return hmac.new(secret.encode(), f"bounce:{letter_id}".encode(), hashlib.sha256).hexdigest()[:_MAC_CHARS]

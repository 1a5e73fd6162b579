"""A letter is sent: to nobody (the mailbox keeps it), to memory (tests), or to a mail server by SMTP."""

import base64
import binascii
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from request_tracker.mail.uncut import WIRE
from request_tracker.rules.bouncing import is_about_address, status_of

TIMEOUT_S = 20.0
_PORTS = {"smtp": 25, "smtps": 465}
_OUR_OWN_FAULT = frozenset({530, 534, 535, 538})
"""Answers that say our sign-in is wrong: no fault of the letter, so it waits until an operator put it right."""
_AT_THE_DOOR = (smtplib.SMTPConnectError, smtplib.SMTPHeloError)
"""The server turned us away before it heard of any letter."""


@dataclass(frozen=True)
class Outgoing:
    """What goes out. `attachments`: {filename, media_type, content (base64)} each; `at`: aware UTC, for Date.

    `sender` is the envelope's, to which the letter comes back; empty means the address it is from.
    """

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: Sequence[Mapping[str, Any]] = ()
    sender: str = ""


class Undeliverable(Exception):
    """The letter did not go out; `sentence` says why. `permanent`: trying again would not help.

    `status` is there when the server refused the person it was for: RFC 3463, such as 5.1.1.
    """

    def __init__(self, sentence: str, *, permanent: bool, status: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.permanent = permanent
        self.status = status


class Transport(Protocol):
    """`leaves`: whether sending speaks to another machine, which no database transaction may wait for."""

    leaves: bool

    def send(self, letter: Outgoing) -> None: ...


class Mailbox:
    """Nothing to do: the row of a sent letter is what the mailbox page shows."""

    leaves = False

    def send(self, letter: Outgoing) -> None:
        pass


class Memory:
    """For tests: keeps what was sent."""

    leaves = True

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    def send(self, letter: Outgoing) -> None:
        self.sent.append(letter)


@dataclass(frozen=True)
class Server:
    """Where the mail server listens. `tls` from the first byte (smtps), else STARTTLS where it is offered.

    With `must_encrypt` a server that offers none gets no letter, as somebody on the way may have struck the offer out.
    """

    host: str
    port: int
    tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)
    must_encrypt: bool = False


class Smtp:
    """One connection a letter. Certificates are verified; a password is never sent in the clear to another machine."""

    leaves = True

    def __init__(self, server: Server, mail_from: str, *, context: ssl.SSLContext | None = None) -> None:
        self.server = server
        self.mail_from = mail_from
        self.context = context or ssl.create_default_context()

    def send(self, letter: Outgoing) -> None:
        """Hand the letter to the server. Raises Undeliverable."""
        message = build(letter, self.mail_from)
        try:
            self._hand_over(message, letter.sender or parseaddr(self.mail_from)[1], letter.to)
        except (OSError, smtplib.SMTPException, ValueError) as fault:
            raise _undeliverable(fault, letter.to) from fault

    def probe(self) -> None:
        """Connect and sign in, sending nothing. Raises OSError, smtplib.SMTPException or Undeliverable."""
        server = self._connect()
        try:
            self._sign_in(server)
        finally:
            server.close()

    def _hand_over(self, message: EmailMessage, sender: str, to: str) -> None:
        server = self._connect()
        try:
            self._sign_in(server)
            server.send_message(message, from_addr=sender, to_addrs=[to])
        finally:
            with suppress(OSError, smtplib.SMTPException):  # what was taken stays taken, however the goodbye goes
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        if self.server.tls:
            return smtplib.SMTP_SSL(self.server.host, self.server.port, timeout=TIMEOUT_S, context=self.context)
        server = smtplib.SMTP(self.server.host, self.server.port, timeout=TIMEOUT_S)
        try:
            server.ehlo_or_helo_if_needed()
            if server.has_extn("starttls"):
                server.starttls(context=self.context)
                server.ehlo()
            elif self.server.must_encrypt:
                raise _open_line("no letter was handed over")
        except BaseException:
            server.close()
            raise
        return server

    def _sign_in(self, server: smtplib.SMTP) -> None:
        if not self.server.user:
            return
        if not isinstance(server.sock, ssl.SSLSocket) and not _is_loopback(self.server.host):
            raise _open_line("the password was not sent")
        server.login(self.server.user, self.server.password)


def transport_for(smtp_url: str, mail_from: str) -> Transport:
    """`mailbox:` → Mailbox; `smtp://` or `smtps://[user:password@]host[:port][?tls=required]` → Smtp.

    Raises ValueError for anything else, saying what to write instead.
    """
    if smtp_url.startswith("mailbox:"):
        return Mailbox()
    try:
        parts = urlsplit(smtp_url)
        port = parts.port
    except ValueError:
        raise ValueError("The mail address cannot be read: it looks like smtp://user:password@host:587") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("Mail goes by mailbox:, smtp://host:port or smtps://host:port; set REQUEST_TRACKER_SMTP_URL")
    if parts.query not in ("", "tls=required"):
        raise ValueError(
            "After the mail server's address only ?tls=required can stand, as in smtp://host:587?tls=required"
        )
    return Smtp(_server(parts, port), mail_from)


def build(letter: Outgoing, mail_from: str) -> EmailMessage:
    """The letter as a MIME message: text, HTML, attachments. Raises Undeliverable for what no header may hold."""
    message = EmailMessage(policy=WIRE)
    try:
        for name, value in _header_lines(letter, mail_from):
            message[name] = value
        message["To"] = Address(addr_spec=letter.to)
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        for each in filter(_is_invitation, letter.attachments):
            _invite(message, each)
        for each in letter.attachments:
            _attach(message, each)
    except (ValueError, MessageError, binascii.Error, IndexError) as fault:
        raise Undeliverable(f"This letter cannot be written as a mail: {fault}", permanent=True) from fault
    return message


def _header_lines(letter: Outgoing, mail_from: str) -> list[tuple[str, str]]:
    fixed = {
        "From": mail_from,
        "Subject": letter.subject,
        "Date": format_datetime(letter.at),
        "Message-ID": letter.message_id,
    }
    return [*fixed.items(), *letter.headers.items()]


def _is_invitation(attachment: Mapping[str, Any]) -> bool:
    return str(attachment["media_type"]).startswith("text/calendar;")


def _invite(message: EmailMessage, attachment: Mapping[str, Any]) -> None:
    """The third way to read the letter: mail programs that know calendars take the meeting up (RFC 6047)."""
    kind = EmailMessage(policy=SMTP)
    kind["Content-Type"] = str(attachment["media_type"])
    said = base64.b64decode(str(attachment["content"]), validate=True).decode()
    message.add_alternative(said, subtype="calendar", params={"method": kind["Content-Type"].params["method"]})


def _attach(message: EmailMessage, attachment: Mapping[str, Any]) -> None:
    """A file beside the letter. An invitation goes as a plain calendar file: as a second one of a method, some programs
    would show it twice."""
    kind = EmailMessage(policy=SMTP)
    kind["Content-Type"] = "application/ics" if _is_invitation(attachment) else str(attachment["media_type"])
    message.add_attachment(
        base64.b64decode(str(attachment["content"]), validate=True),
        maintype=kind.get_content_maintype(),
        subtype=kind.get_content_subtype(),
        filename=str(attachment["filename"]),
        params=dict(kind["Content-Type"].params),
    )


def _server(parts: SplitResult, port: int | None) -> Server:
    return Server(
        host=parts.hostname or "",
        port=port or _PORTS[parts.scheme],
        tls=parts.scheme == "smtps",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        must_encrypt=parts.query == "tls=required",
    )


def _undeliverable(fault: Exception, to: str) -> Undeliverable:
    """A server's 5xx about this letter is final; everything else (no answer, 4xx, our sign-in) is tried again."""
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        code, said = fault.recipients.get(to, (550, b""))
        return _refused(code, said, to_person=True)
    if isinstance(fault, smtplib.SMTPResponseException) and not isinstance(fault, _AT_THE_DOOR):
        return _refused(fault.smtp_code, fault.smtp_error, of_letter=isinstance(fault, smtplib.SMTPDataError))
    if isinstance(fault, smtplib.SMTPNotSupportedError):
        return Undeliverable(f"The mail server cannot take this letter: {fault}", permanent=not to.isascii())
    return Undeliverable(f"The mail server could not be reached: {fault}", permanent=False)


def _refused(code: int, said: bytes | str, *, to_person: bool = False, of_letter: bool = False) -> Undeliverable:
    """Of a whole letter a refusal is recorded only where it speaks of the address: some servers say it that late."""
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    permanent = code >= 500 and code not in _OUR_OWN_FAULT
    status = status_of(f"{code} {words}") if permanent and (to_person or of_letter) else ""
    status = status if to_person or is_about_address(status) else ""
    return Undeliverable(f"The mail server refused: {code} {words}".strip(), permanent=permanent, status=status)


def _open_line(what: str) -> Undeliverable:
    return Undeliverable(
        f"The mail server offers no encryption, so {what}: use smtps:// or a server with STARTTLS", permanent=False
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False

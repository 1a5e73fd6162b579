"""How a letter becomes a MIME message, and which address means which transport."""

import base64
import smtplib
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from request_tracker.mail.deliver import Mailbox, Outgoing, Smtp, Undeliverable, build, transport_for

SENDER = "By Request <by-request@example.org>"


def a_letter(**changes: Any) -> Outgoing:
    plain: dict[str, Any] = {
        "to": "ada@northwind.example",
        "subject": "Your request Ünïcode",
        "text": "Dear Ada,\n",
        "html": "<p>Dear Ada,</p>\n",
        "message_id": "<1@example.org>",
        "at": datetime(2026, 11, 2, 9, 0, tzinfo=UTC),
        "headers": {"Auto-Submitted": "auto-generated"},
    }
    return Outgoing(**{**plain, **changes})


def test_a_message_has_both_versions_and_its_headers() -> None:
    message = build(a_letter(), SENDER)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["From"] == SENDER
    assert message["To"] == "ada@northwind.example"
    assert message["Message-ID"] == "<1@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Mon, 02 Nov 2026 09:00:00 +0000"
    assert message["Subject"] == "Your request Ünïcode"


def test_attachments_keep_name_type_and_bytes() -> None:
    table = {
        "filename": "promises.csv",
        "media_type": "text/csv; charset=utf-8; header=present",
        "content": base64.b64encode("kept – ü".encode()).decode(),
    }
    message = build(a_letter(attachments=[table]), SENDER)
    (attached,) = [part for part in message.iter_attachments() if isinstance(part, EmailMessage)]
    assert attached.get_filename() == "promises.csv"
    assert attached["Content-Type"].params["header"] == "present"
    assert attached.get_payload(decode=True) == "kept – ü".encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "x\nBcc: eve@evil.example"},
        {"headers": {"X-Request-Number": "REQ-1\r\nBcc: eve@evil.example"}},
        {"to": "ada@northwind.example\nBcc: eve@evil.example"},
        {"to": "ada@northwind.example, eve@evil.example"},
        {"to": "nobody"},
        {"message_id": "<1@e>\nBcc: eve@evil.example"},
        {"attachments": [{"filename": "a", "media_type": "text/plain", "content": "no base64!"}]},
    ],
    ids=str,
)
def test_what_no_header_may_hold_is_refused_for_good(changes: dict[str, Any]) -> None:
    with pytest.raises(Undeliverable) as refused:
        build(a_letter(**changes), SENDER)
    assert refused.value.permanent


def test_the_mailbox_is_the_default() -> None:
    assert isinstance(transport_for("mailbox:", SENDER), Mailbox)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", ("mail.example", 25, False, "", "")),
        ("smtp://u%40x:p%3Aw@mail.example:587", ("mail.example", 587, False, "u@x", "p:w")),
        ("smtps://u:p@mail.example", ("mail.example", 465, True, "u", "p")),
    ],
)
def test_addresses_of_mail_servers(url: str, expected: tuple[Any, ...]) -> None:
    found = transport_for(url, SENDER)
    assert isinstance(found, Smtp)
    server = found.server
    assert (server.host, server.port, server.tls, server.user, server.password) == expected


def test_the_password_is_in_no_log_line() -> None:
    found = transport_for("smtp://u:hush-hush@mail.example", SENDER)
    assert isinstance(found, Smtp)
    assert "hush" not in repr(found.server)


@pytest.mark.parametrize("url", ["", "http://mail.example", "smtp://", "smtp://host:port"])
def test_other_addresses_are_refused_with_a_way_out(url: str) -> None:
    with pytest.raises(ValueError, match="smtp://"):
        transport_for(url, SENDER)


class Server:
    """Stands in for smtplib.SMTP: offers no STARTTLS, fails where it is told to."""

    sock = None

    def __init__(self, faults: dict[str, Exception]) -> None:
        self.faults = faults
        self.called: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *_args, **_named: self._call(name)

    def _call(self, name: str) -> bool:
        self.called.append(name)
        if name in self.faults:
            raise self.faults[name]
        return False


def send(monkeypatch: pytest.MonkeyPatch, url: str, **faults: Exception) -> Server:
    server = Server(faults)
    monkeypatch.setattr(smtplib, "SMTP", lambda *_args, **_named: server._call("connect") or server)
    transport_for(url, SENDER).send(a_letter())
    return server


@pytest.mark.parametrize(
    ("step", "fault", "permanent"),
    [
        ("connect", OSError("no route"), False),
        ("connect", smtplib.SMTPConnectError(554, b"go away"), False),
        ("login", smtplib.SMTPAuthenticationError(535, b"wrong password"), False),
        ("send_message", smtplib.SMTPSenderRefused(530, b"sign in first", "x"), False),
        ("send_message", smtplib.SMTPSenderRefused(550, b"not from there", "x"), True),
        ("send_message", smtplib.SMTPDataError(554, b"looks like spam"), True),
        ("send_message", smtplib.SMTPDataError(451, b"later"), False),
        ("send_message", smtplib.SMTPServerDisconnected("gone"), False),
        ("send_message", smtplib.SMTPRecipientsRefused({"ada@northwind.example": (550, b"no such person")}), True),
        ("send_message", smtplib.SMTPRecipientsRefused({"ada@northwind.example": (450, b"busy")}), False),
    ],
    ids=str,
)
def test_only_a_final_answer_about_the_letter_is_final(
    monkeypatch: pytest.MonkeyPatch, step: str, fault: Exception, permanent: bool
) -> None:
    with pytest.raises(Undeliverable) as refused:
        send(monkeypatch, "smtp://u:p@127.0.0.1", **{step: fault})
    assert refused.value.permanent is permanent
    assert refused.value.sentence.startswith("The mail server")


ADA = "ada@northwind.example"


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (smtplib.SMTPRecipientsRefused({ADA: (550, b"No such user here")}), "5.1.1"),
        (smtplib.SMTPRecipientsRefused({ADA: (550, b"relay not permitted")}), "5.7.0"),
        (smtplib.SMTPRecipientsRefused({ADA: (450, b"busy")}), ""),
        (smtplib.SMTPDataError(550, b"5.1.1 no such user"), "5.1.1"),
        (smtplib.SMTPDataError(554, b"looks like spam"), ""),
        (smtplib.SMTPSenderRefused(550, b"mailbox unavailable", "x"), ""),
    ],
    ids=str,
)
def test_a_refusal_has_a_status_where_it_is_about_the_person(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, status: str
) -> None:
    with pytest.raises(Undeliverable) as refused:
        send(monkeypatch, "smtp://u:p@127.0.0.1", send_message=fault)
    assert refused.value.status == status


def test_a_password_is_not_sent_in_the_clear_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Undeliverable, match="no encryption") as refused:
        send(monkeypatch, "smtp://u:p@mail.example")
    assert not refused.value.permanent
    assert "login" in send(monkeypatch, "smtp://u:p@127.0.0.1").called


def test_a_bad_goodbye_does_not_unsend_a_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    server = send(monkeypatch, "smtp://mail.example", quit=TimeoutError("slow"))
    assert server.called[-2:] == ["quit", "close"]

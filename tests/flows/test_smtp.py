"""A letter goes through a real SMTP server: what arrives, and what a refusal does."""

from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from factories import MONDAY, a_case, a_cast, act
from sqlalchemy import select

from request_tracker.mail.deliver import Undeliverable, transport_for
from request_tracker.rules.people import SYSTEM
from request_tracker.settings import Settings
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.session import Database
from request_tracker.work import post


class Inbox:
    """The server's end: keeps what arrives, or answers with a refusal."""

    def __init__(self) -> None:
        self.got: list[tuple[list[str], EmailMessage]] = []
        self.answer = "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.got.append((envelope.rcpt_tos, message))
        return "250 OK"


class OnAFreePort(Controller):
    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def smtp_url(inbox: Inbox) -> Iterator[str]:
    server = OnAFreePort(inbox, hostname="127.0.0.1", port=0)
    server.start()
    yield f"smtp://127.0.0.1:{server.port}"
    server.stop()


@pytest.fixture
def settings() -> Settings:
    return Settings(mail_from="By Request <by-request@program.example>")


@pytest.fixture
def send(fresh: Database, smtp_url: str, settings: Settings) -> Callable[..., tuple[str, Letter]]:
    """Submit a request, write its receipt, send it."""

    def sent(**typed: Any) -> tuple[str, Letter]:
        with fresh.transaction() as session:
            a_case(session, a_cast(session), **typed)
            (job,) = session.scalars(select(Job).where(Job.kind == "notify"))
            post.notify(session, job.args, job.event_id, act(SYSTEM), settings)
            (letter,) = session.scalars(select(Letter))
        state = post.deliver(fresh, letter.id, MONDAY, transport_for(smtp_url, settings.mail_from))
        with fresh.reading() as session:
            return state, session.get_one(Letter, letter.id)

    return sent


def test_a_receipt_arrives_with_headers_and_both_versions(inbox: Inbox, send: Callable[..., Any]) -> None:
    state, letter = send(service_name="Büro & Söhne")
    assert (state, letter.sent_at) == ("sent", MONDAY)
    ((to, message),) = inbox.got
    assert to == ["ada@northwind.example"]
    assert message["From"] == "By Request <by-request@program.example>"
    assert message["To"] == "ada@northwind.example"
    assert message["Subject"] == letter.subject == "We have your request REQ-000001: Büro & Söhne"
    assert message["Message-ID"] == letter.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["References"] == message["In-Reply-To"] == "<case.lite-000001@program.example>"
    assert message["List-Id"] == "By Request LITE-000001 <lite-000001.program.example>"
    assert message["X-Request-Number"] == "REQ-000001"
    text, html = message.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == letter.text
    assert html.get_content().replace("\r\n", "\n") == letter.html


def test_a_name_cannot_add_a_header(inbox: Inbox, send: Callable[..., Any]) -> None:
    send(service_name="x\nBcc: eve@evil.example\n\nHello")
    ((to, message),) = inbox.got
    assert to == ["ada@northwind.example"]
    assert message["Bcc"] is None
    assert message["Subject"].endswith("x Bcc: eve@evil.example Hello")


def test_a_final_refusal_is_recorded(inbox: Inbox, send: Callable[..., Any]) -> None:
    inbox.answer = "550 5.1.1 no such person"
    state, letter = send()
    assert state == letter.state == "dead"
    assert "550" in letter.error
    assert "no such person" in letter.error


def test_a_passing_refusal_is_tried_again(inbox: Inbox, send: Callable[..., Any], fresh: Database) -> None:
    inbox.answer = "450 4.2.1 mailbox busy"
    with pytest.raises(Undeliverable) as refused:
        send()
    assert not refused.value.permanent
    with fresh.reading() as session:
        assert session.scalars(select(Letter.state)).all() == ["waiting"]


def test_no_server_is_tried_again(fresh: Database, settings: Settings) -> None:
    server = OnAFreePort(Inbox(), hostname="127.0.0.1", port=0)
    server.start()
    server.stop()
    with fresh.transaction() as session:
        a_case(session, a_cast(session))
        (job,) = session.scalars(select(Job).where(Job.kind == "notify"))
        post.notify(session, job.args, job.event_id, act(SYSTEM), settings)
    gone = transport_for(f"smtp://127.0.0.1:{server.port}", settings.mail_from)
    with pytest.raises(Undeliverable, match="could not be reached") as refused:
        post.deliver(fresh, 1, MONDAY, gone)
    assert not refused.value.permanent

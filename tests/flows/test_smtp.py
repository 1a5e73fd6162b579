"""A letter goes through a real SMTP server: what arrives, by which line, and what a refusal does."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import returned_mail
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from click.testing import CliRunner
from factories import MONDAY, a_case, a_cast, a_request, act
from sqlalchemy import delete, select

from request_tracker.actions import bounces as returning
from request_tracker.cli import main
from request_tracker.mail import deliver as sending
from request_tracker.mail.deliver import Outgoing, Undeliverable, transport_for
from request_tracker.rules.people import SYSTEM
from request_tracker.settings import Settings
from request_tracker.store import bounces
from request_tracker.store.bounces import Bounce
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.session import Database
from request_tracker.work import delivery, post
from request_tracker.work.context import Context
from request_tracker.work.worker import Worker


class Inbox:
    """The server's end: keeps what arrives, or answers with a refusal."""

    def __init__(self) -> None:
        self.got: list[tuple[list[str], EmailMessage]] = []
        self.answer = "250 OK"
        self.senders: list[str] = []
        self.signed_in: list[tuple[str, bool]] = []
        self.encrypted: list[bool] = []
        self.asked = 0

    def authenticate(
        self, server: Any, session: Any, _envelope: Any, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        self.signed_in.append((given.password.decode(), session.ssl is not None))
        return AuthResult(success=given.password == b"p:w", handled=False)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        self.asked += 1
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.got.append((envelope.rcpt_tos, message))
        self.senders.append(envelope.mail_from)
        self.encrypted.append(session.ssl is not None)
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
        state = delivery.deliver(fresh, letter.id, MONDAY, transport_for(smtp_url, settings.mail_from))
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
    assert message["References"] == message["In-Reply-To"] == "<thread.req-000001@program.example>"
    assert message["List-Id"] == '"By Request" <by-request.program.example>'
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
        delivery.deliver(fresh, 1, MONDAY, gone)
    assert not refused.value.permanent


AUTHORITY = trustme.CA()
LOCAL = AUTHORITY.issue_cert("localhost")


@contextmanager
def a_server(inbox: Inbox, certificate: trustme.LeafCert | None = LOCAL, **how: Any) -> Iterator[int]:
    """A server on a free port; with a certificate it offers STARTTLS, or speaks TLS from the first byte."""
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        how = {"ssl_context" if how.pop("at_once", False) else "tls_context": context, **how}
    server = OnAFreePort(inbox, hostname="127.0.0.1", port=0, server_hostname="localhost", **how)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own authority is the only one this machine trusts."""
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


def a_letter() -> Outgoing:
    return Outgoing("ada@northwind.example", "Hello", "Dear Ada", "<p>Dear Ada</p>", "<1@program.example>", MONDAY)


def hand_over(url: str) -> None:
    transport_for(url, "By Request <by-request@program.example>").send(a_letter())


def signing_in(inbox: Inbox, **how: Any) -> dict[str, Any]:
    return {"authenticator": inbox.authenticate, "auth_required": True, **how}


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("scheme", "how"),
    [
        ("smtp", {"require_starttls": True}),
        ("smtps", {"at_once": True, "auth_require_tls": False, "auth_required": False}),
    ],
    ids=["STARTTLS", "smtps"],
)
def test_the_line_is_encrypted_before_the_password_is_said(inbox: Inbox, scheme: str, how: dict[str, Any]) -> None:
    with a_server(inbox, **signing_in(inbox, **how)) as port:
        hand_over(f"{scheme}://by-request:p%3Aw@localhost:{port}")
        with pytest.raises(Undeliverable, match="535") as refused:
            hand_over(f"{scheme}://by-request:wrong@localhost:{port}")
    assert not refused.value.permanent, "a wrong password is ours to put right: the letter waits"
    assert [password for password, _ in inbox.signed_in][:2] == ["p:w", "wrong"]
    assert scheme == "smtps" or all(encrypted for _, encrypted in inbox.signed_in)
    assert len(inbox.got) == 1
    assert scheme == "smtps" or inbox.encrypted == [True]


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("at_once", [False, True], ids=["STARTTLS", "smtps"])
@pytest.mark.parametrize(
    "certificate",
    [trustme.CA().issue_cert("localhost"), AUTHORITY.issue_cert("mail.elsewhere.example")],
    ids=["unknown authority", "another name"],
)
def test_a_wrong_certificate_gets_neither_password_nor_letter(
    inbox: Inbox, at_once: bool, certificate: trustme.LeafCert
) -> None:
    with (
        a_server(inbox, certificate, **signing_in(inbox, at_once=at_once)) as port,
        pytest.raises(Undeliverable, match="certificate") as refused,
    ):
        hand_over(f"{'smtps' if at_once else 'smtp'}://by-request:p%3Aw@localhost:{port}")
    assert not refused.value.permanent
    assert inbox.signed_in == inbox.got == []


@pytest.mark.usefixtures("trusted")
def test_where_encryption_is_required_an_open_line_carries_nothing(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_server(inbox, None, **signing_in(inbox, auth_required=False, auth_require_tls=False)) as port:
        with pytest.raises(Undeliverable, match="no letter was handed over") as refused:
            hand_over(f"smtp://localhost:{port}?tls=required")
        monkeypatch.setattr(sending, "_is_loopback", lambda _host: False)
        with pytest.raises(Undeliverable, match="the password was not sent"):
            hand_over(f"smtp://by-request:p%3Aw@localhost:{port}")
        assert not refused.value.permanent
        assert inbox.signed_in == inbox.got == []
        hand_over(f"smtp://localhost:{port}")
    assert len(inbox.got) == 1
    with a_server(inbox) as port:
        hand_over(f"smtp://localhost:{port}?tls=required")
    assert inbox.encrypted == [False, True]


class Office:
    """A worker over a database of its own, whose clock the test moves."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings, self.now = database, settings, MONDAY
        self.worker = Worker(Context(database, settings, lambda: self.now, lambda: pytest.fail("no network")))

    def write(self, *services: str) -> None:
        with self.database.transaction() as session:
            cast = a_cast(session)
            for service in services:
                a_request(session, cast.ada, service_name=service)
            for job in session.scalars(select(Job).where(Job.kind == "notify")).all():
                post.notify(session, job.args, job.event_id, act(SYSTEM), self.settings)
            session.execute(delete(Job).where(Job.kind != "deliver"))

    def letters(self) -> list[Letter]:
        with self.database.reading() as session:
            return list(session.scalars(select(Letter).order_by(Letter.id)))

    def job(self) -> Job:
        with self.database.reading() as session:
            return session.scalars(select(Job)).one()

    def attempt(self) -> str:
        """Wait until something is due, and do it."""
        self.now = max(self.now, self.job().run_at)
        self.worker.drain()
        return self.letters()[0].state


@pytest.fixture
def office(fresh: Database, smtp_url: str, settings: Settings) -> Office:
    return Office(fresh, replace(settings, smtp_url=smtp_url, secret_key="s" * 40))


def test_a_busy_server_is_asked_again_ever_later_and_then_given_up(inbox: Inbox, office: Office) -> None:
    office.write("Acme")
    inbox.answer = "451 4.3.0 try again later"
    waits = []
    while office.attempt() == "waiting":
        waits.append((office.job().run_at - office.now).total_seconds())
    assert waits == [5, 15, 60, 300, 900, *[3600] * 6]
    assert inbox.asked == office.job().max_attempts == 12
    (letter,) = office.letters()
    assert (letter.state, letter.error) == (
        "dead",
        "Tried too often. The mail server refused: 451 4.3.0 try again later",
    )
    assert office.job().state == "done", "the letter says it all: a second, dead job would only be tried in vain"
    with office.database.transaction() as session:
        assert bounces.standing(session, letter.to_address) is None, "a busy server is no wrong address"
        assert returning.send_again(session, letter.id, act(SYSTEM, office.now))
        session.execute(delete(Job).where(Job.state == "done"))
    inbox.answer = "250 OK"
    assert office.attempt() == "sent"
    assert [message["Message-ID"] for _, message in inbox.got] == [letter.message_id]


def test_a_server_that_is_away_is_tried_again(office: Office, inbox: Inbox) -> None:
    server = OnAFreePort(inbox, hostname="127.0.0.1", port=0)
    server.start()
    server.stop()
    away = Office(office.database, replace(office.settings, smtp_url=f"smtp://127.0.0.1:{server.port}"))
    away.write("Acme")
    assert away.attempt() == "waiting"
    assert "could not be reached" in away.job().last_error
    office.now = away.now
    assert office.attempt() == "sent"


def test_a_refused_person_gets_no_second_letter(inbox: Inbox, office: Office) -> None:
    office.write("Acme", "Zebra")
    inbox.answer = "550 5.1.1 no such person"
    office.worker.drain()
    inbox.answer = "250 OK"
    office.worker.drain()
    first, second = office.letters()
    assert (first.state, second.state, inbox.asked, inbox.got) == ("dead", "dead", 1, [])
    assert "5.1.1 no such person" in second.error
    with office.database.reading() as session:
        (bounce,) = session.scalars(select(Bounce))
    assert (bounce.letter_id, bounce.kind, bounce.status, bounce.address) == (
        first.id,
        "hard",
        "5.1.1",
        "ada@northwind.example",
    )


@pytest.mark.parametrize("answer", ["550 5.7.1 relaying denied", "550 relay not permitted"])
def test_a_refused_letter_condemns_no_address(answer: str, inbox: Inbox, office: Office) -> None:
    office.write("Acme", "Zebra")
    inbox.answer = answer
    office.worker.one()
    inbox.answer = "250 OK"
    office.worker.drain()
    assert [letter.state for letter in office.letters()] == ["dead", "sent"]


def test_a_crash_after_the_server_took_it_sends_the_same_letter_again(
    inbox: Inbox, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.write("Acme")
    record = delivery._record
    with monkeypatch.context() as broken:
        broken.setattr(delivery, "_record", lambda *_args, **_named: (_ for _ in ()).throw(RuntimeError("killed")))
        assert office.attempt() == "waiting"
    assert delivery._record is record
    assert office.attempt() == "sent"
    office.worker.drain()
    (first, second) = [message for _, message in inbox.got]
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Subject"] == second["Subject"]


def test_what_comes_back_names_its_letter_and_stops_the_next(
    inbox: Inbox, office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the envelope sender a server sees, by the notification it sends there, to the next letter."""
    office = Office(office.database, replace(office.settings, bounce_address="Post <bounces@program.example>"))
    office.write("Acme", "Zebra")
    office.worker.one()
    (sender,) = inbox.senders
    assert sender.startswith("bounces+1-")
    assert inbox.got[0][1]["From"] == "By Request <by-request@program.example>", "only the envelope is changed"
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'fresh.sqlite3'}", "SECRET_KEY": "s" * 40,
        "BOUNCE_ADDRESS": "bounces@program.example",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"REQUEST_TRACKER_{name}", value)

    def piped(text: str, *options: str) -> int:
        return CliRunner().invoke(main, ["bounce", *options], input=text).exit_code

    assert piped(returned_mail.VACATION.replace("@TAG@", sender)) == 65
    assert piped(returned_mail.DELAYED.replace("@TAG@", sender)) == 65
    assert piped(returned_mail.POSTFIX.replace("@TAG@", sender.replace("+1-", "+2-"))) == 65, "a made-up tag"
    strangers = returned_mail.POSTFIX.replace("ada@northwind", "eve@elsewhere").replace(
        "@TAG@", "bounces@program.example"
    )
    assert piped(strangers) == 65
    with office.database.reading() as session:
        assert session.scalars(select(Bounce)).all() == []
    assert piped(returned_mail.EXIM.replace("@TAG@", "bounces@program.example")) == 0
    with office.database.reading() as session:
        assert bounces.standing(session, "ada@northwind.example") is None, "untagged, so anybody could have sent it"
    assert piped(returned_mail.POSTFIX.replace("@TAG@", "somebody@program.example"), "--recipient", sender) == 0
    assert piped(returned_mail.POSTFIX.replace("@TAG@", sender)) == 0, "handed over twice"
    office.worker.drain()
    assert [letter.state for letter in office.letters()] == ["sent", "dead"]
    with office.database.reading() as session:
        assert [(row.kind, row.letter_id) for row in session.scalars(select(Bounce).order_by(Bounce.id))] == [
            ("soft", None),
            ("hard", 1),
        ]
    monkeypatch.setenv("REQUEST_TRACKER_DATABASE_URL", f"sqlite:///{tmp_path / 'nothing' / 'here.sqlite3'}")
    assert piped(returned_mail.POSTFIX.replace("@TAG@", sender)) == 75

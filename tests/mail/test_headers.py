"""What every letter carries: its reader's own number and thread, a date with zone, how to end it or why it comes."""

import ast
import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from factories import MONDAY, Cast, a_case, a_request, act
from sqlalchemy import select
from sqlalchemy.orm import Session

import request_tracker
from request_tracker import resources
from request_tracker.actions import hold, merge
from request_tracker.actions import preferences as action
from request_tracker.mail.compose import MailingList, headers
from request_tracker.mail.deliver import Outgoing, build
from request_tracker.rules.notices import NOTICES, Topic
from request_tracker.rules.people import SYSTEM
from request_tracker.rules.phases import MOVES
from request_tracker.settings import Settings
from request_tracker.store.letters import Letter
from request_tracker.store.people import Account, Person
from request_tracker.work import post

PACKAGE = Path(request_tracker.__file__).parent
SILENT = {"discard": "spam and tests are answered by nobody"}
"""Moves that tell nobody, and why."""
HOMES = {"Northwind": ("Northwind", "Ada", "Ben"), "Contoso": ("Contoso", "Cleo")}
MONTH = "(January|February|March|April|May|June|July|August|September|October|November|December)"


def test_every_move_tells_somebody_or_says_why_not() -> None:
    told = {move.name: [name for name in move.then if name.startswith("mail.")] for move in MOVES}
    assert {name for name, mails in told.items() if not mails} == set(SILENT)
    named = {name.removeprefix("mail.") for mails in told.values() for name in mails}
    assert named <= set(NOTICES)


def test_every_notice_is_named_by_an_action_and_every_named_one_has_its_row() -> None:
    named = {name.removeprefix("mail.") for move in MOVES for name in move.then if name.startswith("mail.")}
    for module in [*(PACKAGE / "actions").glob("*.py"), *(PACKAGE / "work").glob("*.py")]:
        tree = ast.parse(module.read_text())
        named |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)} & set(NOTICES)
        for call in [node for node in ast.walk(tree) if isinstance(node, ast.Call)]:
            if isinstance(call.func, ast.Attribute) and call.func.attr == "notify" and len(call.args) > 1:
                assert _written_out(call.args[1]) <= set(NOTICES), (module.name, ast.unparse(call))
    assert set(NOTICES) - named == set(), "rows that nothing uses"


def _written_out(name: ast.expr) -> set[object]:
    """The names a call spells out; "mail.<name>" comes from the moves, which are looked at above."""
    either = (name.body, name.orelse) if isinstance(name, ast.IfExp) else (name,)
    return {each.value for each in either if isinstance(each, ast.Constant)}


def test_every_notice_has_its_three_templates_and_none_is_left_over() -> None:
    folders = {each.name: {file.name for file in each.iterdir()} for each in (resources.TEMPLATES / "mail").iterdir()
               if each.is_dir()}  # fmt: skip
    assert set(NOTICES) <= set(folders)
    assert all({"subject.txt", "body.txt", "body.html"} <= folders[name] for name in NOTICES)


@pytest.fixture
def written(session: Session, cast: Cast, settings: Settings) -> list[Letter]:
    """A letter of each notice about Ada's case, below which Cleo's own case was merged and which Ben joined."""
    session.get_one(Person, cast.cleo.id).zone = "Asia/Kathmandu"
    session.get_one(Person, cast.lead.id).zone = "America/New_York"
    case = a_case(session, cast, phase="consultation")
    a_request(session, cast.ben, join=case.number)
    below = a_request(session, cast.cleo, service_name="Acme, as Contoso calls it")
    child = session.get_one(type(case), below.case_id)
    lead = act(cast.lead)
    merge.merge(session, child, case, lead, version=child.version, into_version=case.version)
    entry = hold.comment(session, case, act(cast.specialist), body="Hello", internal=False, account_id=case.account_id)
    for name, notice in NOTICES.items():
        if notice.audience and name not in ("weekly_report", "primary_asked"):
            args = {"notice": name, "case_id": case.id, "round": 1}
            post.notify(session, args, None if name in ("connect",) else entry.id, act(SYSTEM), settings)
    return list(session.scalars(select(Letter).order_by(Letter.id)))


def test_a_letter_names_its_readers_own_number_and_nobody_of_another_account(
    written: list[Letter], session: Session
) -> None:
    assert {row.notice for row in written} >= {"accepted", "comment", "breach", "bind_group"}
    assert len({row.account_id for row in written}) == 3
    threads: dict[int | None, set[str]] = {}
    for row in written:
        number = row.headers["X-Request-Number"]
        assert number in row.subject + row.text, row.notice
        assert row.request_id is None or number == f"REQ-{row.request_id:06d}"
        assert row.headers["References"] == row.headers["In-Reply-To"] != row.message_id
        threads.setdefault(row.person_id, set()).add(row.headers["References"])
        head = row.subject + "".join(f"{key}{value}" for key, value in row.headers.items())
        assert "\n" not in head
        own = session.get_one(Account, row.account_id).name if row.account_id is not None else None
        foreign = [word for account, words in HOMES.items() if own not in (None, account) for word in words]
        assert not [word for word in foreign if re.search(rf"\b{word}\b", head)], (row.notice, head)
    assert all(len(found) == 1 for found in threads.values())
    requesters = {row.person_id for row in written if row.account_id is not None}
    assert len(set.union(*(threads[each] for each in requesters))) == len(requesters), "a merged supporter's is his own"


def test_a_letter_tells_a_date_in_its_readers_zone(written: list[Letter], session: Session) -> None:
    zones = {"UTC": "UTC", "Asia/Kathmandu": r"UTC\+05:45", "America/New_York": "E[SD]T"}
    seen = set()
    for row in written:
        zone = session.get_one(Person, row.person_id).zone
        seen.add(zone)
        for version in (row.text, row.html):
            assert re.search(rf"\b\d{{1,2}} {MONTH} 20\d\d, \d\d:\d\d {zones[zone]}", version), (row.notice, zone)
            assert f"All times are in {zone}" in version
    assert seen == set(zones)


def test_what_may_be_ended_ends_with_one_click_and_what_may_not_says_why(
    written: list[Letter], settings: Settings
) -> None:
    for row in written:
        notice, both = NOTICES[row.notice], (row.text, row.html)
        assert row.headers["Auto-Submitted"] == "auto-generated"
        assert row.headers["X-Auto-Response-Suppress"] == "All"
        assert "Precedence" not in row.headers
        assert all(f"{settings.base_url}/settings/letters" in version for version in both)
        if notice.topic is None:
            assert not {name for name in row.headers if name.startswith("List-Unsubscribe")}
            assert row.headers["List-Id"] == '"By Request" <by-request.localhost>'
            assert all(f"comes whatever you chose about letters: {notice.because}." in version for version in both)
            continue
        link = row.headers["List-Unsubscribe"].strip("<>")
        assert row.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        token = link.removeprefix(f"{settings.base_url}/unsubscribe/")
        assert action.read_leaving(settings.secret_key, token, act(SYSTEM)) == (row.person_id, (notice.topic,))
        assert all(link in version and f"“{notice.topic.words}”" in version for version in both)
        assert f"<{notice.topic}.by-request.localhost>" in row.headers["List-Id"]


def test_long_headers_reach_the_mail_program_whole() -> None:
    """Python's own folding would turn a long address into encoded words, which end nothing."""
    token = action.leaving("s" * 40, 1_234_567, tuple(Topic))
    link = f"https://by-request.platform.customer-success.example.org/unsubscribe/{token}"
    host = "mail.platform.customer-success." + "long." * 12 + "example.org"
    named = headers(number="REQ-000001", host=host, belongs_to=MailingList("report", "The weekly report", link))
    letter = Outgoing("a@b.example", "x", "t", "<p>t</p>", "<x@y>", MONDAY, named)
    raw = build(letter, "By Request <a@b.example>").as_bytes()
    assert f"List-Unsubscribe: <{link}>\r\n".encode() in raw
    assert b"=?" not in raw.partition(b"\r\n\r\n")[0]
    parsed = message_from_bytes(raw, policy=policy.default)
    assert {name: parsed[name] for name in named} == named
    assert parsed["Date"].datetime == datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def test_no_header_can_begin_a_new_one() -> None:
    named = headers(
        number="REQ-1\r\nBcc: eve@evil.example",
        host="e.org",
        belongs_to=MailingList("x", "y\nBcc: z", "https://e.org/\r\nBcc: q"),
    )
    assert not [value for value in named.values() if "\n" in value or "\r" in value]

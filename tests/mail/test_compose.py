"""Every notice has its three templates; they compose with what a letter is told, and say the same twice."""

from datetime import UTC, datetime
from typing import Any

import html5lib
import pytest

from request_tracker.mail.compose import compose, day, host_of, message_id, one_line, when
from request_tracker.rules.notices import NOTICES
from request_tracker.work.inviting import Told
from request_tracker.work.particulars import Moved, Promise

LETTERS = [name for name, row in NOTICES.items() if row.audience and name != "weekly_report"]
NOVEMBER = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


def a_context(**changes: Any) -> dict[str, Any]:
    words = {
        "question": "Which plan\ndo you have?", "answer": "The big one", "comment": "Any <b>news</b>?",
        "reason": "It fits & is documented", "criterion": "documentation", "explanation": "There is no API",
        "alternatives": ["Connector SDK", "File connector"], "findings": "The docs moved", "gaps": ["No invoices"],
        "new_information": "There is an API now", "note": "seen", "times": "Tuesday 15:00 or Thursday 10:00",
        "consent": "By phone on 2 November",
    }  # fmt: skip
    return {
        "name": "Ada", "zone": "Europe/Berlin", "number": "REQ-000001", "is_staff": False, "is_primary": True,
        "page": "https://by.example/requests/REQ-000001", "words": words, "criterion": "Public API documentation",
        "minutes": ("Use cases: invoices",), "later_tables": ("acme.refunds: some are missing",),
        "actor": "Sam", "about_number": "REQ-000001", "account": "Northwind",
        "title": "A title", "service": "Acme Billing", "root_service": "Acme", "phase": "validation",
        "has_ended": False, "ends_case": False, "waits_for": "", "specialist": "Sam", "persons": 3, "accounts": 2,
        "connect_link": "https://by.example/connect/LITE-000001", "access_needs": ("Have a key.",),
        "slots": [NOVEMBER], "at": NOVEMBER,
        "meeting": Told(NOVEMBER, NOVEMBER, 60, "https://call.example/1", True, "Sam", "UTC", "Ada", "Europe/Berlin"),
        "promise": Promise("Review of the request", NOVEMBER, False),
        "clock": Promise("Review of the request", NOVEMBER, False),
        "appeal_until": NOVEMBER, "return_until": NOVEMBER, "grace_days": 7, "silence_days": 5,
        "until": NOVEMBER, "moved": Moved("Review", NOVEMBER, NOVEMBER, True), "differing": 2,
        "clocks_page": "https://by.example/admin/clocks", "waiting": 2, "since": NOVEMBER,
        "fivetran_page": "https://by.example/admin/fivetran", "queue_page": "https://by.example/queue",
        "hook_page": "https://by.example/admin/hooks/7", "hook_gone": False, "joined": False, "would_preview": True,
        "outcome": "",
        "withdrawal": "https://by.example/requests/REQ-000001/withdrawal", "topic": "Comments", "because": "",
        "letter_settings": "https://by.example/settings/letters", "unsubscribe": "https://by.example/unsubscribe/x",
        **changes,
    }  # fmt: skip


BARE = {
    "promise": None, "clock": None, "access_needs": (), "slots": [], "meeting": None, "minutes": (), "later_tables": (),
    "specialist": "", "is_primary": False, "criterion": "",
    "until": None, "moved": None, "differing": 1, "joined": True, "would_preview": False,
    "has_ended": True, "ends_case": True, "waits_for": "a decision", "persons": 1, "accounts": 1,
    "words": dict.fromkeys(a_context()["words"], ""),
}  # fmt: skip


@pytest.mark.parametrize("changes", [{}, BARE, {**BARE, "is_staff": True}, {"is_staff": True}], ids=str)
@pytest.mark.parametrize("notice", LETTERS)
def test_composes_and_both_versions_say_the_same(notice: str, changes: dict[str, Any]) -> None:
    letter = compose(notice, a_context(**changes))
    assert letter.subject
    assert len(letter.subject.splitlines()) == 1
    assert letter.text.startswith("Dear Ada,\n\n")
    assert "REQ-000001" in letter.subject + letter.text
    parser = html5lib.HTMLParser()
    shown = " ".join("".join(parser.parse(letter.html).itertext()).split())
    assert not parser.errors
    for line in _sentences(letter.text):
        assert line in shown
    assert "{{" not in letter.text + letter.html
    assert "None" not in letter.text


def _sentences(text: str) -> list[str]:
    """The lines of the plain version without its marks; a link's label counts, its address does not."""
    body = text.rpartition("\n--\n")[0]
    lines = [
        line.lstrip("->").strip().rpartition(": http")[0] or line.lstrip("->").strip() for line in body.split("\n")
    ]
    return [" ".join(line.split()) for line in lines if line]


@pytest.mark.parametrize("notice", LETTERS)
def test_a_letter_links_to_our_own_page(notice: str) -> None:
    letter = compose(notice, a_context())
    assert "https://by.example/requests/REQ-000001" in letter.text
    assert 'href="https://by.example/requests/REQ-000001"' in letter.html


def test_a_decline_says_criterion_explanation_alternatives_and_how_to_appeal() -> None:
    text = compose("declined", a_context()).text
    for told in ("Public API documentation", "> There is no API", "- Connector SDK", "appeal until 16 November 2026"):
        assert told in text


def test_typed_words_are_escaped_in_html_only() -> None:
    letter = compose("reply", a_context())
    assert "Any &lt;b&gt;news&lt;/b&gt;?" in letter.html
    assert "> Any <b>news</b>?" in letter.text


def test_a_line_break_in_a_name_begins_no_new_header() -> None:
    subject = compose("receipt", a_context(service="x\r\nBcc: y\u2028z")).subject
    assert subject == "We have your request REQ-000001: x Bcc: y z"


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Berlin", "Monday 16 November 2026, 10:00 CET"),
        ("Asia/Kathmandu", "Monday 16 November 2026, 14:45 UTC+05:45"),
        ("America/Sao_Paulo", "Monday 16 November 2026, 06:00 UTC-03:00"),
        ("No/Where", "Monday 16 November 2026, 09:00 UTC"),
    ],
)
def test_times_name_their_zone(zone: str, expected: str) -> None:
    assert when(NOVEMBER, zone) == expected


def test_a_day_names_its_zone() -> None:
    assert day(datetime(2027, 5, 1, 23, 30, tzinfo=UTC), "Europe/Berlin") == "2 May 2027 (CEST)"


def test_the_same_letter_has_the_same_message_id() -> None:
    found = message_id("receipt:1:2", "example.org", "secret")
    assert found == message_id("receipt:1:2", "example.org", "secret")
    assert found != message_id("receipt:1:3", "example.org", "secret")
    assert found != message_id("receipt:1:2", "example.org", "guess"), "nobody else can tell it from the key"


def test_the_host_is_the_senders() -> None:
    assert host_of("By Request <by-request@example.org>") == "example.org"
    assert host_of("nonsense") == "localhost"


def test_one_line_keeps_the_words() -> None:
    assert one_line(" a\x00b\r\n\tc ") == "a b c"

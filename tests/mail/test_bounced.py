"""Returned mails as servers write them, and as nobody should: what is read, and what is left alone."""

import time

import pytest
from returned_mail import EXIM, HARD, LETTER, MESSAGE_ID, NO_RETURNS, POSTFIX, QMAIL, SOFT

from request_tracker.mail.bounced import NoBounce, Returned, comes_back_to, letter_named, read

SECRET = "secret " * 6
BOUNCES = "bounces@program.example"
TAG = comes_back_to(BOUNCES, 17, SECRET)


def reading(text: str, recipient: str = "") -> Returned:
    return read(text.replace("@TAG@", TAG).encode(), recipient)


@pytest.mark.parametrize("name", [*HARD, *SOFT])
def test_a_failure_is_read_whoever_wrote_it(name: str) -> None:
    text, status = {**HARD, **SOFT}[name]
    found = reading(text)
    assert found.status == status
    assert found.kind == ("hard" if name in HARD else "soft")
    assert letter_named(found.arrived_at, BOUNCES, SECRET) == 17
    assert found.said
    assert "\n" not in found.said
    if name != "qmail":
        assert found.message_ids == (MESSAGE_ID,)
        assert found.addresses[0] == "ada@northwind.example"


OLD_EXIM = QMAIL.replace("Return-Path: <>", "X-Failed-Recipients: ada@northwind.example")


@pytest.mark.parametrize(
    ("text", "said", "expected"),
    [
        (EXIM.replace("550 5.1.1 No such user here", "@SAID@"), "550 Sender verify failed", "soft"),
        (EXIM.replace("550 5.1.1 No such user here", "@SAID@"), "550 No such user here", "hard"),
        (OLD_EXIM.replace("550 5.1.1 unknown user", "@SAID@"), "550 relay not permitted", "soft"),
        (OLD_EXIM.replace("550 5.1.1 unknown user", "@SAID@"), "550 unknown user", "hard"),
        (OLD_EXIM.replace("550 5.1.1 unknown user", "@SAID@"), "It did not work", "soft"),
    ],
)
def test_without_a_code_the_words_decide(text: str, said: str, expected: str) -> None:
    assert reading(text.replace("@SAID@", said)).kind == expected


@pytest.mark.parametrize("name", NO_RETURNS)
def test_everything_else_is_no_failure(name: str) -> None:
    with pytest.raises(NoBounce):
        reading(NO_RETURNS[name])


def test_the_letter_is_named_by_any_of_its_traces() -> None:
    plain = POSTFIX.replace("@TAG@", "postmaster@program.example")
    assert letter_named(read(plain.encode()).arrived_at, BOUNCES, SECRET) is None
    assert letter_named(read(plain.encode(), TAG.upper()).arrived_at, BOUNCES, SECRET) == 17
    returned = plain.replace(
        LETTER.strip().replace("@TAG@", "postmaster@program.example"), LETTER.replace("@TAG@", TAG)
    )
    assert letter_named(read(returned.encode()).arrived_at, BOUNCES, SECRET) == 17


@pytest.mark.parametrize(
    "address",
    [
        TAG.replace("17-", "18-"),
        comes_back_to(BOUNCES, 17, "another secret"),
        "bounces+17@program.example",
        "bounces+17-@program.example",
        "bounces+x@program.example",
        "bounces+0017-" + "0" * 12 + "@program.example",
    ],
)
def test_a_made_up_address_names_no_letter(address: str) -> None:
    with pytest.raises(NoBounce, match="made"):
        letter_named((address,), BOUNCES, SECRET)


def test_the_tag_is_an_address_servers_accept() -> None:
    tag = comes_back_to("By Request <Bounces+x@program.example>", 10**15, SECRET)
    assert len(tag.partition("@")[0]) <= 64
    assert letter_named((tag.lower(),), "Bounces+x@program.example", SECRET) == 10**15


NESTED = "Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"
MEAN = {
    "huge": POSTFIX + "x" * 5_000_000,
    "nested": "".join(NESTED.format(n=n) for n in range(3000)),
    "letters in letters": "Content-Type: message/rfc822\n\n" * 3000,
    "no boundary": "Content-Type: multipart/report; report-type=delivery-status\n\nAction: failed\n",
    "a text that says it is a report": 'Content-Type: multipart/report; boundary="x"\n\n--x--',
    "wrong charset": POSTFIX.replace("charset=us-ascii", "charset=klingon"),
    "no charset": POSTFIX.replace("; charset=us-ascii", ""),
    "bad base64": POSTFIX.replace(
        "Content-Type: text/rfc822-headers", "Content-Transfer-Encoding: base64\nContent-Type: text/rfc822-headers"
    ),
    "raw bytes": POSTFIX.replace("User unknown", "Usu\udcffrio \udce9 desconocido"),
    "many groups": POSTFIX.replace("Action: failed", "Action: failed\n\n" + "Action: failed\nStatus: 5.1.1\n\n" * 5000),
    "header injection": POSTFIX.replace("User unknown", "User\r\x00\x0bBcc: eve@evil.example\x85unknown"),
    "an address that is none": POSTFIX.replace("ada@northwind.example", "a" * 5000),
    "a number that is none": POSTFIX.replace("5.1.1", "5.1.1.1.1 or 999.999.999"),
    "encoded words": POSTFIX.replace("Subject: Undelivered", "Subject: =?utf-8?b?////?= Undelivered"),
}


@pytest.mark.parametrize("name", MEAN)
def test_nothing_mean_breaks_the_reader(name: str) -> None:
    began = time.process_time()
    try:
        found = read(MEAN[name].replace("@TAG@", TAG).encode(errors="surrogateescape"), "x" * 100_000)
    except NoBounce:
        assert name not in ("huge", "no charset", "wrong charset", "raw bytes", "header injection", "many groups")
    else:
        assert len(found.said) <= 500
        assert all(ord(each) >= 32 and not 0x7F <= ord(each) < 0xA0 for each in found.said + "".join(found.addresses))
        assert all(len(each) <= 320 for each in (*found.addresses, *found.arrived_at, *found.message_ids))
        found.said.encode()
    assert time.process_time() - began < 5

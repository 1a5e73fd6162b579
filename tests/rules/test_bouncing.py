"""What mail servers answer, and what it means for the next letter to the same address."""

import time

import pytest

from request_tracker.rules.bouncing import HARD, SOFT, finer, is_about_address, kind_of, status_of


@pytest.mark.parametrize(
    ("words", "status", "kind", "counts"),
    [
        ("550 No such user here", "5.1.1", HARD, True),
        ("550 <spam@x.example>: Recipient address rejected: User unknown in mailbox table", "5.1.1", HARD, True),
        ("550 Requested action not taken: mailbox unavailable", "5.1.1", HARD, True),
        ("551 This account is disabled", "5.2.1", HARD, True),
        ("550-5.1.1 The email account that you tried to reach", "5.1.1", HARD, True),
        ("550 5.0.0 Mailbox does not exist", "5.1.1", HARD, True),
        # whom it would silence for good is one person, if any: what is not clear condemns the letter only
        ("550 Relaying denied", "5.7.0", SOFT, False),
        ("550 relay not permitted", "5.7.0", SOFT, False),
        ("553 sorry, that domain isn't in my list of allowed rcpthosts", "5.7.0", SOFT, False),
        ("550 SPF check failed: mailbox unavailable for you", "5.7.0", SOFT, False),
        ("550 Unauthenticated email is not accepted due to DMARC", "5.7.0", SOFT, False),
        ("554 Service unavailable; client host [192.0.2.7] blocked using list.example", "5.7.0", SOFT, False),
        ("550 5.1.0 Sender rejected", "5.7.0", SOFT, False),
        ("552 Message size exceeds fixed limit", "5.7.0", SOFT, False),
        ("550 Rejected", "5.0.0", SOFT, False),
        ("554 no such user", "5.0.0", SOFT, False),
        ("550 5.7.1 User unknown", "5.7.1", SOFT, False),
        ("550 5.1.8 Sender address has no mail exchanger", "5.1.8", SOFT, False),
        ("554 5.6.0 Malformed", "5.6.0", SOFT, False),
        ("451 4.3.0 try again later", "4.3.0", SOFT, False),
        ("552 Mailbox full", "5.2.2", SOFT, True),
        ("450 4.2.1 not now", "4.2.1", SOFT, True),
        ("550 5.4.4 Host not found", "5.4.4", SOFT, True),
    ],
)
def test_only_what_clearly_speaks_of_the_mailbox_silences_it(words: str, status: str, kind: str, counts: bool) -> None:
    assert (status_of(words), kind_of(status), is_about_address(status)) == (status, kind, counts)


def test_the_finer_of_a_status_and_its_words_counts() -> None:
    assert finer("5.0.0", "550 relay not permitted") == "5.7.0"
    assert finer("5.0.0", "550 unknown user") == "5.1.1"
    assert finer("5.1.1", "550 5.7.1 relaying denied") == "5.1.1"
    assert finer("4.0.0", "550 unknown user") == "4.0.0"
    assert finer("", "hm") == finer("5.0.0", "") == "5.0.0"


@pytest.mark.parametrize("words", ["550 " + "a" * 10**6, "550 " + "mailbox " * 10**5, "550 " + "x@" * 10**5])
def test_long_words_are_read_in_no_time(words: str) -> None:
    began = time.process_time()
    assert kind_of(status_of(words)) == SOFT
    assert time.process_time() - began < 1

"""Webhooks out: the signature against the specification, patterns, pauses, addresses, and what a message may say."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_tracker.rules import hook_sending as sending
from request_tracker.rules import hooks

NOW = datetime(2026, 11, 2, 9, 0, 0, 250_000, tzinfo=UTC)
KEY = "a key of our own, of some length"


def oracle(secret: str, message_id: str, stamp: str, body: str) -> str:
    """As the specification has it, without the library."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{stamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


@given(body=st.text(st.characters(codec="utf-8"), max_size=60), number=st.integers(1, 2**31))
def test_a_message_is_signed_as_the_specification_says(body: str, number: int) -> None:
    secrets = sending.secrets_of(KEY, number, 2, rotated_at=NOW, now=NOW + timedelta(hours=23))
    sent = sending.headers_of(f"evt_{number}", body, secrets, NOW)
    assert sent["webhook-timestamp"] == "1793610000"
    assert sent["webhook-signature"].split(" ") == [
        oracle(secret, f"evt_{number}", sent["webhook-timestamp"], body) for secret in secrets
    ]


def test_the_specifications_own_example() -> None:
    """Its example secret and body, signed by an implementation of others (the reference libraries' test)."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", '{"test": 2432232314}'
    sent = sending.headers_of("msg_p5jXN8AQM9LWM0D4loKWxJek", body, (secret,), datetime.fromtimestamp(1614265330, UTC))
    assert sent["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_secrets_are_of_their_endpoint_and_generation_and_the_old_one_ends() -> None:
    found = {sending.secret_of(key, number, made) for key in (KEY, "x") for number in (1, 11) for made in (1, 2)}
    assert len(found) == 8
    assert all(len(base64.b64decode(each.removeprefix("whsec_"))) == 32 for each in found)
    assert sending.secrets_of(KEY, 1, 1, rotated_at=None, now=NOW) == (sending.secret_of(KEY, 1, 1),)
    over = sending.secrets_of(KEY, 1, 2, rotated_at=NOW, now=NOW + timedelta(hours=24))
    assert over == (sending.secret_of(KEY, 1, 2),)


def test_pauses_grow_come_the_same_twice_and_end() -> None:
    pauses = [sending.pause_after(7, attempt) for attempt in range(1, sending.MOST_ATTEMPTS)]
    assert sending.pause_after(7, sending.MOST_ATTEMPTS) is None
    assert sending.pause_after(7, sending.MOST_ATTEMPTS, asked=timedelta(1)) is None
    assert pauses == [sending.pause_after(7, attempt) for attempt in range(1, sending.MOST_ATTEMPTS)]
    for pause, plain in zip(pauses, sending.BACK_OFF, strict=True):
        assert pause is not None
        assert 0.9 <= pause / plain <= 1.1
    assert len({sending.pause_after(each, 1) for each in range(20)}) > 15, "not all at the same moment"
    assert timedelta(days=2) < sum(sending.BACK_OFF, timedelta()) < sending.GIVE_UP_AFTER


@pytest.mark.parametrize(
    ("status", "said", "seconds"),
    [
        (429, "120", 120), (503, "7", 7), (429, "0", 1), (429, "9" * 30, 86_400), (429, "", None), (429, "soon", None),
        (500, "120", None), (429, "Mon, 02 Nov 2026 09:05:00 GMT", 299.75), (429, "Mon, 02 Nov 2020 09:05:00 GMT", 1),
        (503, "Mon, 01 Jan 99999999999 00:00:00 GMT", None), (503, "Mon, 99999999999999999999 Jan 2027", None),
    ],
)  # fmt: skip
def test_a_receiver_may_ask_for_a_pause(status: int, said: str, seconds: float | None) -> None:
    asked = sending.asked_of(status, {"retry-after": said}, NOW)
    assert asked == (None if seconds is None else timedelta(seconds=seconds))


def test_patterns_fit_by_name_or_up_to_the_star() -> None:
    assert hooks.wants(["move.*"], "move.accept")
    assert not hooks.wants(["move.*"], "moved")
    assert not hooks.wants(["move"], "move.accept")
    assert hooks.wants(["merge", "sync.failed"], "sync.failed")
    assert all(hooks.wants(["*"], kind) for kind in hooks.kinds())
    assert not any(hooks.wants(["*", kind], kind) for kind in hooks.QUIET)
    assert hooks.unknown(["move.*", "sync.failed", "*", "mvoe.*", "comment.internal"]) == ("mvoe.*", "comment.internal")


def test_every_kind_belongs_to_one_group_that_can_be_ticked() -> None:
    for kind in hooks.kinds():
        assert [each.key for each in hooks.GROUPS if hooks.wants(each.patterns, kind)], f"{kind} is in no group"


@given(
    st.recursive(
        st.text(min_size=1),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=6,
    ),
    st.sampled_from(["name", "fields", "before", "reason", "value", "forgotten", "connection"]),
)
def test_no_text_but_our_own_words_leaves_the_house(typed: Any, name: str) -> None:
    marked = _marked(typed)
    body = hooks.body_of(hooks.Event("evt_1_1", "assigned", NOW, "staff", {name: marked, "before": 7}), None)
    assert "Ünser" not in body
    assert json.loads(body)["data"].get("before", 7) is not None


def _marked(value: Any) -> Any:
    if isinstance(value, str):
        return f"Ünser {value}"
    if isinstance(value, list):
        return [_marked(each) for each in value]
    return {_marked(name): _marked(each) for name, each in value.items()}


def test_what_programs_need_is_kept() -> None:
    data = {
        "before": {"phase": "validation", "assignee_id": 4, "ended_at": None, "phase_at": NOW.isoformat()},
        "automatic": True, "other": "LITE-000012", "name": "review", "connection": "plain_words", "minutes": 360,
    }  # fmt: skip
    assert hooks.sifted(data) == data
    assert hooks.sifted({"name": "Sam", "forgotten": [["acme", "Acme Billing"]]}) == {"forgotten": [[]]}


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://hooks.example/x?y=1", ""), ("https://93.184.216.34:8443/", ""),
        ("http://hooks.example/", "https://"), ("ftp://hooks.example/", "https://"),
        ("https://me:secret@hooks.example/", "password"), ("https://me@hooks.example/", "password"),
        ("https://hooks.example/#here", "after #"), ("https://hooks.example/a b", "like"), ("https://", "like"),
        ("https://[::1", "like"), ("https://hooks.example:99999/", "like"), ("https://höoks.example/", "like"),
        ("https://hooks.example/" + "x" * 2000, "like"), ("https://localhost/", "internet"),
        ("https://127.0.0.1/", "internet"), ("http://127.0.0.1:8000/", "https://"), ("", "like"),
    ],
)  # fmt: skip
def test_addresses(url: str, fault: str) -> None:
    said = hooks.fault_of(url, this_machine=False)
    assert fault in said
    assert bool(said) is bool(fault)


def test_this_machine_is_for_the_demo_alone() -> None:
    assert not hooks.fault_of("http://127.0.0.1:8000/x", this_machine=True)
    assert not hooks.fault_of("http://localhost:8000/x", this_machine=True)
    assert hooks.fault_of("http://hooks.example/x", this_machine=True)


def test_what_a_receiver_says_is_made_plain() -> None:
    assert hooks.said_of(b"no\x1b[31m\r\nthanks\x00\xff" + b"x" * 400) == "no [31m thanks �" + "x" * 284

"""Deliveries: genuine or not, and what they say."""

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from request_tracker.fivetran.webhook import read, verify

# The shape and key order of a recorded delivery.
RAW = (
    b'{"event":"sync_end","created":"2026-05-21T10:00:00.123Z","connector_type":"connector_sdk",'
    b'"connector_id":"decent_dropsy","connector_name":"lite_000045",'
    b'"sync_id":"0c5c9f9e-2f8e-4a53-9a7e-111111111111","destination_group_id":"plain_group",'
    b'"data":{"status":"SUCCESSFUL"}}'
)
SECRET = "hook-s3cret"
GOOD = hmac.new(SECRET.encode(), RAW, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("signature", [GOOD, GOOD.upper(), f" {GOOD} "])
def test_a_genuine_delivery_is_accepted_in_either_case(signature: str) -> None:
    assert verify(RAW, signature, SECRET)


@pytest.mark.parametrize("signature", [None, "", "0" * 64, GOOD[:-1], f"sha256={GOOD}", "é" * 64])
def test_anything_else_is_refused(signature: str | None) -> None:
    assert not verify(RAW, signature, SECRET)


def test_a_changed_body_or_another_secret_is_refused() -> None:
    assert not verify(RAW + b" ", GOOD, SECRET)
    assert not verify(RAW, GOOD, "another")


def test_no_secret_opens_nothing() -> None:
    assert not verify(RAW, hmac.new(b"", RAW, hashlib.sha256).hexdigest(), "")


def test_a_recorded_delivery_is_read() -> None:
    event = read(RAW)
    assert (event.event, event.connector_id, event.group_id) == ("sync_end", "decent_dropsy", "plain_group")
    assert event.created == datetime(2026, 5, 21, 10, 0, 0, 123000, tzinfo=UTC)
    assert event.sync_id == "0c5c9f9e-2f8e-4a53-9a7e-111111111111"
    assert event.data == {"status": "SUCCESSFUL"}


def test_the_probe_has_no_sync_and_says_group_id() -> None:
    event = read(b'{"event":"test_event","created":"2026-05-21T10:00:00Z","group_id":"_destination_1"}')
    assert (event.sync_id, event.group_id, event.connector_id, event.data) == (None, "_destination_1", None, {})


def test_unknown_kinds_and_odd_fields_are_taken_in() -> None:
    event = read(b'{"event":"something_new","created":"never","connection_id":"c1","data":[1]}')
    assert (event.event, event.created, event.connector_id, event.data) == ("something_new", None, "c1", {})


def test_the_natural_key_is_equal_only_for_the_same_event() -> None:
    body = json.loads(RAW)
    respaced = json.dumps(body).encode()
    others = [json.dumps({**body, name: "other"}).encode() for name in ("event", "created", "connector_id", "sync_id")]
    assert read(respaced).natural_key == read(RAW).natural_key
    assert len({read(raw).natural_key for raw in [RAW, *others]}) == 5


def test_without_names_the_key_is_the_bodys_digest() -> None:
    one, two = read(b'{"a":1}'), read(b'{"a":2}')
    assert one.natural_key == "sha256:" + hashlib.sha256(b'{"a":1}').hexdigest()
    assert one.natural_key != two.natural_key


def test_the_key_stays_short() -> None:
    long = json.dumps({"event": "e" * 5000, "created": "2026-05-21T10:00:00Z"}).encode()
    assert len(read(long).natural_key) <= 200


@pytest.mark.parametrize("raw", [b"", b"no json", b"[1]", b'"text"', b"null", b"\xff\xfe\x00", b"[" * 100_000])
def test_what_is_no_json_object_is_an_error(raw: bytes) -> None:
    with pytest.raises(ValueError, match="webhook's body"):
        read(raw)


@pytest.mark.parametrize("created", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z"])
def test_an_instant_that_no_zone_can_tell_is_none(created: str) -> None:
    assert read(json.dumps({"event": "sync_end", "created": created}).encode()).created is None

"""The file of `provision`: whatever it is, it gives wishes or faults with places; and never a credential."""

import json
import string
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from request_tracker.rules import config_file, no_credentials
from request_tracker.rules.config_fields import FIELDS
from request_tracker.rules.config_file import ConfigFile, parse, read
from request_tracker.rules.tables_wanted import Choice
from request_tracker.rules.wishes import Wish, differences

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAME = st.text(string.ascii_lowercase, min_size=1, max_size=12)
SOUND: dict[str, st.SearchStrategy[Any]] = {
    "name": NAME,
    "service": NAME,
    "group": NAME,
    "account": NAME,
    "sync_frequency": st.sampled_from([5, 60, 360, 1440]),
    "schedule_type": st.sampled_from(["auto", "manual"]),
    "daily_sync_time": st.sampled_from(["02:00", "23:00"]),
    "paused": st.booleans(),
    "case": st.integers(1, 999).map("LITE-{:06d}".format),
    "like": st.integers(1, 999).map("LITE-{:06d}".format),
    "config": st.dictionaries(NAME, st.integers() | NAME, max_size=2),
    "tables": st.dictionaries(NAME, st.fixed_dictionaries({"enabled": st.booleans()}), max_size=2),
    "schema_change_handling": st.sampled_from(["ALLOW_COLUMNS", "BLOCK_ALL"]),
    "destination_schema_names": st.sampled_from(["FIVETRAN_NAMING", "SOURCE_NAMING"]),
}
NEARLY = st.fixed_dictionaries({}, optional={name: strategy | ANY for name, strategy in SOUND.items()})
FILE = st.fixed_dictionaries(
    {"connections": st.lists(NEARLY | ANY, max_size=3)},
    optional={"defaults": NEARLY | ANY, "groups_on_demand": st.lists(NAME, max_size=2) | ANY, "x": ANY},
)


def _holds_together(config: ConfigFile) -> None:
    assert bool(config.wishes) != bool(config.faults)
    assert all(fault.sentence and str(fault).isprintable() for fault in config.faults)
    for wish in config.wishes:
        assert Wish.of(json.loads(json.dumps(wish.to_json()))) == wish
        assert bool(wish.case) != bool(wish.schema)
        assert list(no_credentials.found_in(dict(wish.config), "")) == []
        assert not differences(wish, {name: getattr(wish, name) for name in ("paused", *SCHEDULE)})
    if config.wishes:
        json.dumps([each.to_json() for each in config.wishes]).encode()


SCHEDULE = ("sync_frequency", "schedule_type", "daily_sync_time")


LAWS = settings(derandomize=True, database=None, deadline=None, max_examples=80)


@LAWS
@given(FILE | ANY)
@example({"connections": [{"name": "a", "service": "b", "group": "c"}, {"case": "LITE-000001"}]})
@example({"connections": [{"name": "a", "service": "b", "group": "c", "config": {"deep": [[[[]]]], "x": "\ud800"}}]})
def test_any_json_gives_wishes_or_faults_with_places(data: Any) -> None:
    _holds_together(read(data))


@LAWS
@given(st.text(max_size=40) | ANY.map(json.dumps))
@example("[" * 200_000)
@example('{"connections": [' + "9" * 5000 + "]}")
@example('{"a": 1, "a": 2}')
@example(
    '{"connections": [{"name": "a", "service": "s", "group": "g", "config": ' + '{"a":' * 400 + "1" + "}" * 403 + "]}"
)
def test_any_text_gives_wishes_or_faults(text: str) -> None:
    _holds_together(parse(text))


def _faults(*rows: Any, **more: Any) -> list[str]:
    return [str(each) for each in read({"connections": list(rows), **more}).faults]


SOUND_ROW = {"name": "billing", "service": "postgres", "group": "northwind"}


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"sync_frequency": 42}, ".sync_frequency", "use one of 1, 5, 15"),
        ({"sync_frequency": True}, ".sync_frequency", "use one of"),
        ({"daily_sync_time": "02:00"}, ".daily_sync_time", "once a day"),
        ({"sync_freqency": 60}, ".sync_freqency", "did you mean “sync_frequency”?"),
        ({"auth": {"x": 1}}, ".auth", "Connect Card"),
        ({"config": {"db": {"clientSecret": "x"}}}, ".config.db.clientSecret", "Connect Card"),
        ({"config": {"schema": "x"}}, ".config.schema", "“schema” of the connection"),
        ({"schema": "Billing"}, ".schema", "small letters"),
        ({"schema": "lite_x"}, ".name", "kept for cases"),
        ({"schema_change_handling": "ALLOW_ALL"}, ".schema_change_handling", "ALLOW_COLUMNS, BLOCK_ALL"),
        ({"tables": {"a": {"enabled": False}}}, ".tables", "at least one table"),
        ({"tables": {"a": {"hash": ["x"]}}}, ".tables", "“enabled” and “hashed”"),
        ({"case": "LITE-000001"}, ".name", "follows from the case"),
        ({"like": "12"}, ".like", "LITE-000045"),
    ],
)
def test_a_fault_names_its_place_and_what_to_do(change: dict[str, Any], place: str, words: str) -> None:
    said = _faults({**SOUND_ROW, "name": "other"}, {**SOUND_ROW, **change})
    assert any(each.startswith(f"connections[1]{place}: ") and words in each for each in said), said


def test_what_would_be_one_connection_twice_is_a_fault() -> None:
    assert _faults(SOUND_ROW, SOUND_ROW) == ["connections[1].name: the same as connections[0]: keep one"]
    assert "connections[1].schema" in _faults(SOUND_ROW, {**SOUND_ROW, "name": "b", "schema": "billing"})[0]
    assert "connections[1].case" in _faults({"case": "LITE-000001"}, {"case": "LITE-000001"})[0]
    assert _faults(SOUND_ROW, {**SOUND_ROW, "name": "b"}, {**SOUND_ROW, "name": "c", "group": "contoso"}) == []


@pytest.mark.parametrize("name", ["account_12_northwind", "service_x", "all_accounts", "1st", "a b"])
def test_a_group_of_the_policy_is_not_made_for_a_file(name: str) -> None:
    assert _faults(SOUND_ROW, groups_on_demand=[name])[0].startswith("groups_on_demand: ")
    assert _faults(SOUND_ROW, groups_on_demand=["northwind"]) == []


def test_defaults_fill_in_and_a_digest_is_of_the_meaning() -> None:
    defaults = {"group": "northwind", "service": "postgres", "sync_frequency": 1440, "daily_sync_time": "02:00"}
    rows = [{"name": "a", "tables": {"public.orders": {"hashed": ["email"]}}}, {"name": "b", "sync_frequency": 60}]
    found = read({"defaults": defaults, "connections": [*rows, {"case": "LITE-000007"}]})
    one, two, three = found.wishes
    assert (one.group, one.schedule.daily_at, two.schedule.daily_at) == ("northwind", "02:00", None)
    assert one.choices == (Choice("public", "orders"), Choice("public", "orders", "email", hashed=True))
    assert (three.group, three.service, three.sync_frequency, three.changes_case) == ("", "", 1440, True)
    spelt_out = [{**rows[1], "group": "northwind", "service": "postgres"}, {"case": "LITE-000007"}, rows[0]]
    assert read({"connections": spelt_out, "defaults": defaults}).digest == found.digest
    rows[1]["sync_frequency"] = 120
    assert read({"defaults": defaults, "connections": [*rows, {"case": "LITE-000007"}]}).digest != found.digest


@pytest.mark.parametrize(
    "name",
    ["password", "api_key", "apiKey", "client-secret", "PRIVATE_KEY", "token", "access_key", "user_pwd", "sshKey",
     "pat", "oauth", "aws_secret_access_key", "key", "passphrase", "account_key", "bearerToken", "CLIENTSECRET",
     "clientsecret", "accesstoken", "connection_string", "ｐａｓｓｗｏｒｄ", "secret1"],
)  # fmt: skip
def test_credentials_are_known_by_their_names(name: str) -> None:
    assert list(no_credentials.found_in({"a": [{name: "x"}]}, "config")) == [f"config.a[0].{name}"]


@pytest.mark.parametrize(
    "name",
    ["host", "port", "database", "primary_key", "path", "compass", "tables", "update_method", "auth_type", "authMode",
     "auth_method", "token_url", "pat_name", "api_key_name", "oauth2_client_id", "access_key_id"],
)  # fmt: skip
def test_what_is_none_passes(name: str) -> None:
    assert list(no_credentials.found_in({name: "value", "n": 1}, "config")) == []


@pytest.mark.parametrize(
    "value",
    ["-----BEGIN RSA", "postgres://me:hunter2@host/db", "Bearer abcdefghijk", "https://x.example/?token=abc",
     "Authorization: Basic dXNlcjpw", "https://x.example/?access_token=abc", "Server=x;User Id=a;Password=hunter2;",
     '{"type": "service_account", "private_key": "abc"}', "AIzaSyA1234567890abcdefghijklmnopqrstuv",
     "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t", "https://0123456789abcdef0123@git.example/x"],
)  # fmt: skip
def test_credentials_are_known_by_what_they_look_like(value: str) -> None:
    (place,) = no_credentials.found_in({"host": [value]}, "config")
    assert place.startswith("config.host[0]")
    assert value not in str(_faults({**SOUND_ROW, "config": {"host": value}}))


def test_a_name_beside_a_value_gives_it_away_and_a_yes_or_no_is_none() -> None:
    headers = [
        {"name": "Authorization", "value": "Token 1"},
        {"name": "Accept", "value": "x"},
        {"parameter": "password"},
    ]
    config = {"headers": headers, "use_oauth": True, "private_key": "", "auth_type": "Basic authentication"}
    assert list(no_credentials.found_in(config, "config")) == ["config.headers[0].value"]


def test_every_field_of_the_file_is_tried_here() -> None:
    assert set(FIELDS) - {"schema"} == set(SOUND)
    assert config_file.MOST > 1_000

"""The four ways of groups and the three namings, as the admin guide promises them, each tried on the emulator."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from many import Many, many
from sqlalchemy import delete

from request_tracker.rules.starter import LAYOUTS, WAYS, GroupPolicy, Layout, Way
from request_tracker.settings import Settings
from request_tracker.store import connections
from request_tracker.store.connections import Condition, Connection
from request_tracker.store.groups import GroupIntent
from request_tracker.store.session import Database
from request_tracker.work import grouping, making

GUIDE = Path(__file__).parents[2] / "docs" / "provisioning.md"
WAY = {label: way for way, (label, _) in WAYS.items()}
LAYOUT = {label: layout for layout, (label, _) in LAYOUTS.items()}
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| `([^`]+)` \| `([^`]+)` \| (never|yes) \|$", re.MULTILINE)
ROWS = ROW.findall(GUIDE.read_text())


@pytest.fixture
def stage(fresh: Database, settings: Settings, tmp_path: Path) -> Iterator[Many]:
    with many(fresh, settings, tmp_path) as made:
        yield made


def test_the_guide_has_every_way_with_every_naming() -> None:
    assert {(WAY[row[0]], LAYOUT[row[1]]) for row in ROWS} == {(way, layout) for way in Way for layout in Layout}
    assert len(ROWS) == len(Way) * len(Layout)


def test_every_row_of_the_guide_is_what_happens(stage: Many) -> None:
    about = {"service_name": "Acme Billing", "service_url": "https://billing.example.com/"}
    ids = [*stage.cases(1, **about), *stage.cases(1, who=stage.cast.cleo, **about)]
    for row in ROWS:
        _nothing_is_there(stage)
        _as_the_guide_says(stage, ids, row)


def _as_the_guide_says(stage: Many, ids: list[int], row: tuple[str, ...]) -> None:
    way, layout, group, schema, others = row
    stage.decide(GroupPolicy(WAY[way], LAYOUT[layout]))
    for case_id in ids:
        making.provision(stage.context, case_id)
    names = {each.id: each.name for each in stage.plain.groups()}
    ours, theirs = stage.rows()
    assert (names[ours.group_id or ""], ours.schema_name) == (group, schema), row
    assert ours.schema_name != theirs.schema_name, row
    assert (ours.group_id == theirs.group_id) == (others == "yes") == WAY[way].is_shared, row
    there = {each["schema"]: each["group_id"] for each in stage.there()}
    assert there == {each.schema_name: each.group_id for each in (ours, theirs)}, row
    if LAYOUT[layout] is not Layout.SEPARATE:
        return
    assert _destinations(stage) == ["missing", "missing"], "a group may be without one"
    _add_destination(stage, ours.group_id or "")
    grouping.look(stage.context)
    assert _destinations(stage) == ["ready", "ready" if others == "yes" else "missing"], row


def _add_destination(stage: Many, group_id: str) -> None:
    """What the owner of a warehouse does in Fivetran."""
    wish = {"group_id": group_id, "service": "snowflake", "time_zone_offset": "0", "run_setup_tests": True}
    stage.control.post("/v1/destinations", json=wish).raise_for_status()


def _destinations(stage: Many) -> list[str]:
    with stage.database.reading() as session:
        said = [connections.conditions(session, row.id) for row in stage.rows()]
    return [next(each.reason for each in row if each.kind == "destination") for row in said]


def _nothing_is_there(stage: Many) -> None:
    for each in stage.there():
        stage.plain.delete_connection(each["id"])
    for group in stage.plain.groups():
        stage.control.delete(f"/v1/destinations/{group.id}")
        stage.plain.delete_group(group.id)
    with stage.database.transaction() as session:
        for kind in (Condition, Connection, GroupIntent):
            session.execute(delete(kind))

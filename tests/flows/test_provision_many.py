"""Many connections at once: from the page, from a file, and the same setup for another account; never one too many."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from factories import act
from many import MADE, Killed, Many, many
from sqlalchemy import func, select
from webclient import Browser

from request_tracker.actions import provision_many, table_choices
from request_tracker.actions.table_choices import Chosen
from request_tracker.emulator.world import EXTENSION
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.starter import GroupPolicy
from request_tracker.rules.tables_wanted import Choice
from request_tracker.settings import Settings
from request_tracker.store import connections, reading_provisioning, schema_choices, timeline
from request_tracker.store.cases import Case, case_number
from request_tracker.store.jobs import Job
from request_tracker.store.provision_runs import ProvisionRun
from request_tracker.store.session import Database
from request_tracker.store.timeline import Entry

PAGE = "/admin/provisioning"


@pytest.fixture
def stage(fresh: Database, settings: Settings, tmp_path: Path) -> Iterator[Many]:
    with many(fresh, settings, tmp_path) as made:
        yield made


@pytest.fixture
def on_both(own: Database, settings: Settings, tmp_path: Path) -> Iterator[Many]:
    with many(own, settings, tmp_path) as made:
        yield made


def _waiting_for_a_group(stage: Many, count: int) -> list[int]:
    """Cases that were accepted while no group could be used."""
    stage.decide(GroupPolicy(on_demand=False))
    found = stage.cases(count)
    stage.drain()
    assert stage.there() == []
    return found


def test_a_run_from_the_page_is_stopped_and_resumed_and_makes_one_each(
    stage: Many, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provision_many, "PIECE", 2)
    ids = _waiting_for_a_group(stage, 4)
    group = stage.bind("northwind", stage.cast.ada)
    lead = Browser(stage.app).sign_in(stage.cast.lead)
    page = lead.get(PAGE).text
    assert "4 cases wait" in page
    assert page.count("An admin has to bind a Fivetran group") == 4
    nothing = lead.post(PAGE, {}, status=422)
    assert "Pick at least one case" in nothing.text
    run = lead.post(PAGE, {"cases": [str(each) for each in ids]}).location
    stage.drain(most=2)
    assert lead.post(f"{run}/stop").location.endswith(run)
    stage.pass_by(12)
    held = len(stage.there())
    assert 0 < held <= 2, "what was under way has ended, and nothing new began"
    told = lead.get(run).text
    assert "Nothing new begins until it is resumed" in told
    assert "Resume" in told
    again = lead.post(PAGE, {"cases": [str(ids[-1])]}).location
    assert "It is in run 1 already" in lead.get(again).text
    lead.post(f"{run}/resume")
    stage.pass_by(12)
    assert set(stage.items().values()) == {("done", "It is there")}
    assert [each["group_id"] for each in stage.there()] == [group] * 4
    assert len(set(stage.names())) == 4
    assert "Over: 4 of 4 done" in lead.get(f"{run}/progress").text
    assert "No case waits" in lead.get(PAGE).text
    specialist = Browser(stage.app).sign_in(stage.cast.specialist)
    assert "Provision those picked" not in specialist.get(PAGE).text
    specialist.post(PAGE, {"cases": [str(ids[0])]}, status=403)
    specialist.get(run)


def test_a_worker_killed_in_a_run_doubles_nothing(on_both: Many) -> None:
    stage = on_both
    ids = _waiting_for_a_group(stage, 3)
    stage.bind("northwind", stage.cast.ada)
    with stage.database.transaction() as session:
        provision_many.start(session, ids, act(stage.cast.admin, stage.now))
        again = provision_many.start(session, ids, act(stage.cast.lead, stage.now))
    assert {sentence for _, sentence in stage.items(again.id).values()} == {"It is in run 1 already"}
    with stage.database.transaction() as session, pytest.raises(NotAllowed):
        provision_many.start(session, ids, act(stage.cast.specialist, stage.now))
    for fate in ("killed", "lost after", "late"):
        stage.line.fates[MADE] = [fate]
        stage.pass_by(4)
        stage.line.land()
    stage.pass_by(150, step=25)
    assert {state for state, _ in stage.items().values()} == {"done"}
    assert sorted(row.schema_name for row in stage.rows()) == stage.names()
    with stage.database.reading() as session:
        states = dict(session.execute(select(ProvisionRun.id, ProvisionRun.state)).all())
        assert timeline.broken(session) == []
    assert states == {1: "done", 2: "done"}


def test_what_failed_says_why_and_is_tried_again(stage: Many) -> None:
    (case_id,) = _waiting_for_a_group(stage, 1)
    with stage.database.transaction() as session:
        run_id = provision_many.start(session, [case_id], act(stage.cast.admin, stage.now)).id
    stage.pass_by(6)
    ((state, sentence),) = stage.items().values()
    assert (state, "bind a Fivetran group" in sentence) == ("failed", True)
    stage.bind("northwind", stage.cast.ada)
    world = stage.emulator.extensions[EXTENSION]
    world.turn(replace(world.switches, refuse_unknown_services=True))
    with stage.database.transaction() as session:
        session.get_one(connections.Connection, stage.rows()[0].id).service = "no_such_service"
        assert provision_many.retry(session, run_id, act(stage.cast.admin, stage.now)) == 1
    stage.pass_by(6)
    ((state, sentence),) = stage.items().values()
    assert state == "failed"
    assert "Fivetran refused" in sentence
    with stage.database.reading() as session:
        assert "Fivetran refused" in reading_provisioning.candidates(session)[0].why
    world.turn(replace(world.switches, refuse_unknown_services=False))
    with stage.database.transaction() as session:
        assert provision_many.retry(session, run_id, act(stage.cast.admin, stage.now)) == 1
    stage.pass_by(6)
    assert stage.items() == {case_number(case_id): ("done", "It is there")}
    assert len(stage.there()) == 1


def test_an_item_whose_job_was_given_up_fails_and_the_run_ends(stage: Many) -> None:
    (case_id,) = _waiting_for_a_group(stage, 1)
    with stage.database.transaction() as session:
        run_id = provision_many.start(session, [case_id], act(stage.cast.lead, stage.now)).id
        assert provision_many.feed(session, run_id, act(stage.cast.lead, stage.now))
        job = session.scalars(select(Job).where(Job.kind == "provision_item")).one()
        job.state, job.last_error = "dead", "The disk was full"
        assert not provision_many.feed(session, run_id, act(stage.cast.lead, stage.now))
    assert stage.items(run_id) == {case_number(case_id): ("failed", "Given up: The disk was full")}


def test_a_dry_run_tells_and_writes_nothing(stage: Many) -> None:
    (case_id,) = _waiting_for_a_group(stage, 1)
    group = stage.bind("northwind", stage.cast.ada)
    stage.plain.create_connection(group_id=group, service="postgres", schema="by_hand")
    taken = next(each["id"] for each in stage.there())
    stage.control.post(f"/_control/grant/{taken}").raise_for_status()
    before = stage.there()
    path = stage.file(
        {"case": case_number(case_id)},
        {"name": "by_hand", "service": "postgres"},
        {"name": "billing", "service": "postgres", "sync_frequency": 60},
        {"name": "news", "service": "postgres", "group": "contoso_group"},
        defaults={"group": "northwind"},
        groups_on_demand=["contoso_group"],
    )
    stage.line.calls.clear()
    told = stage.run(path, "--dry-run")
    assert told.exit_code == 0, told.output
    assert [line.split(":")[0] for line in told.stdout.splitlines()] == [
        "make       LITE-000001",
        "collision  by_hand",
        "make       billing",
        "make       news",
    ]
    assert stage.line.calls
    assert stage.writes() == []
    assert stage.there() == before
    with stage.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ProvisionRun)) == 0
    done = stage.run(path)
    assert done.exit_code == 1
    assert "use another schema, or remove it" in done.stderr
    assert stage.names() == ["billing", "by_hand", stage.rows()[0].schema_name, "news"]
    differs = stage.file(
        {"name": "billing", "service": "postgres", "sync_frequency": 360}, defaults={"group": "northwind"}
    )
    stage.line.calls.clear()
    assert "differs    billing: sync_frequency 360" in stage.run(differs, "--dry-run").stdout
    assert stage.writes() == []
    assert stage.run(differs).exit_code == 0
    assert next(each["sync_frequency"] for each in stage.there() if each["schema"] == "billing") == 360
    assert "exists     billing" in stage.run(differs, "--dry-run").stdout


def _three(stage: Many) -> Path:
    rows = [{"name": f"plain_{number}", "service": "postgres"} for number in range(3)]
    return stage.file(*rows, defaults={"group": "made_for_it"}, groups_on_demand=["made_for_it"])


THREE = ["plain_0", "plain_1", "plain_2"]


@pytest.mark.parametrize("fates", [["killed"], ["ok", "lost", "lost after"], ["late"], ["late", "ok", "killed"]])
def test_a_file_cut_off_and_run_again_makes_each_once(stage: Many, fates: list[str]) -> None:
    path = _three(stage)
    stage.line.fates[MADE] = list(fates)
    stage.line.end = KeyboardInterrupt
    first = stage.run(path)
    assert first.exit_code == (130 if "killed" in fates else 0), first.output
    if "late" in fates:
        assert len(stage.there()) <= len(THREE)
        stage.line.land()
    second = stage.run(path)
    assert second.exit_code == 0, second.output
    assert sorted(set(stage.names())) == THREE
    if "late" not in fates:
        assert stage.names() == THREE
    assert [each.name for each in stage.plain.groups()] == ["made_for_it"]
    assert "Run" in second.stdout
    third = stage.run(path, "--dry-run").stdout
    assert third.count("exists") == 3


def test_a_file_waits_for_the_rate_limit_and_goes_on(stage: Many) -> None:
    path = _three(stage)
    stage.emulator.extensions[EXTENSION].turn(replace(stage.switches, calls_per_hour=8))
    began = stage.now
    done = stage.run(path)
    assert done.exit_code == 0, done.output
    assert "Waiting" in done.stderr
    assert stage.now - began > timedelta(minutes=50)
    stage.emulator.extensions[EXTENSION].turn(stage.switches)
    assert stage.names() == THREE


def test_a_killed_process_leaves_a_run_that_goes_on(on_both: Many) -> None:
    stage, path = on_both, _three(on_both)
    stage.line.fates[("POST", "/v1/groups")] = ["killed"]
    with pytest.raises(Killed):
        stage.run(path)
    assert stage.there() == []
    stage.line.fates[MADE] = ["ok", "killed"]
    with pytest.raises(Killed):
        stage.run(path)
    assert [state for state, _ in stage.items().values()].count("done") == 1
    assert stage.run(path).exit_code == 0
    assert stage.names() == THREE
    assert len(stage.plain.groups()) == 1
    assert "1  done" in stage.run(path, "--status").stdout


def test_a_file_with_faults_does_nothing_and_names_every_place(stage: Many) -> None:
    stage.bind("contoso", stage.cast.cleo)
    stage.plain.create_group("unbound")
    path = stage.file(
        {"case": "LITE-000099"},
        {"name": "a", "service": "postgres", "group": "contoso", "account": "Northwind"},
        {"name": "b", "service": "postgres", "group": "unbound"},
        {"name": "c", "service": "postgres", "account": "Northwind"},
        {"name": "d", "service": "postgres", "account": "Nobody"},
    )
    stage.line.calls.clear()
    said = stage.run(path)
    assert said.exit_code == 2
    assert re.findall(r"^connections\[(\d)\]\.(\w+): ", said.stderr, re.MULTILINE) == [
        ("0", "case"), ("1", "group"), ("2", "group"), ("3", "account"), ("4", "account"),
    ]  # fmt: skip
    assert stage.writes() == []
    secret = stage.file({"name": "a", "service": "postgres", "group": "contoso", "config": {"password": "hunter2"}})
    said = stage.run(secret)
    assert said.exit_code == 2
    assert "Connect Card" in said.stderr
    assert "hunter2" not in said.output


def test_tables_of_a_file_wait_for_access_and_a_case_needs_somebody_to_answer(stage: Many) -> None:
    (case_id,) = _waiting_for_a_group(stage, 1)
    stage.bind("northwind", stage.cast.ada)
    of_case = {"case": case_number(case_id), "tables": {"orders": {"hashed": ["email"]}}, "sync_frequency": 60}
    alone = {"name": "billing", "service": "postgres", "account": "northwind", "tables": {"demo.accounts": {}}}
    path = stage.file(of_case, alone)
    assert "--by" in stage.run(path).stderr
    done = stage.run(path, "--by", stage.cast.specialist.email)
    assert done.exit_code == 0, done.output
    assert "its tables wait until access is granted" in done.stdout
    (row,) = stage.rows()
    assert (row.sync_frequency, row.state) == (60, "created")
    with stage.database.reading() as session:
        chosen = schema_choices.choices_of(session, case_id)
    assert set(chosen) == {Choice("", "orders"), Choice("", "orders", "email", hashed=True)}
    made = next(each["id"] for each in stage.there() if each["schema"] == "billing")
    stage.control.post(f"/_control/grant/{made}").raise_for_status()
    known = stage.plain.reload_schemas(made).tables[0]
    alone["tables"] = {f"{known.schema}.{known.name}": {}}
    path = stage.file(of_case, alone)
    assert "its tables would be" in stage.run(path, "--by", stage.cast.specialist.email, "--dry-run").stdout
    assert stage.run(path, "--by", stage.cast.specialist.email).exit_code == 0
    after = stage.plain.schemas(made)
    assert after is not None
    assert [each.name for each in after.tables if each.enabled and each.schema_enabled] == [known.name]
    assert after.handling == "ALLOW_COLUMNS"


def test_the_same_setup_for_another_account_tells_nothing_of_the_first(stage: Many) -> None:
    one = {"service_name": "Acme Billing", "service_url": "https://www.acmebilling.example/"}
    (source,) = stage.cases(1, **one)
    (target,) = stage.cases(1, who=stage.cast.cleo, **one)
    stage.drain()
    choices = (
        Choice("", "orders"), Choice("", "orders", "email", hashed=True), Choice("", "northwind_prices"),
        Choice("", "drafts", enabled=False),
    )  # fmt: skip
    with stage.database.transaction() as session:
        specialist = act(stage.cast.specialist, stage.now)
        table_choices.choose(session, session.get_one(Case, source), Chosen(choices, "BLOCK_ALL"), specialist)
        row = connections.live(session, source)
        assert row is not None
        row.sync_frequency, row.service = 60, "fivetran_log"
    staff = Browser(stage.app).sign_in(stage.cast.specialist)
    address = f"/cases/{case_number(source)}/same-setup"
    assert "Use the same setup for another account" in staff.get(f"/cases/{case_number(source)}").text
    assert case_number(target) in staff.get(address).text
    staff.post(address, {"target": case_number(source)}, status=422)
    staff.post(address, {"target": case_number(target)})
    with stage.database.reading() as session:
        got = schema_choices.choices_of(session, target)
        copied, own = connections.live(session, target), connections.live(session, source)
        entries = list(session.scalars(select(Entry).where(Entry.kind == "starter.cloned")))
    assert copied is not None
    assert own is not None
    assert set(got) == set(choices) - {Choice("", "northwind_prices")}
    assert (copied.sync_frequency, copied.change_handling, copied.cloned_from_id) == (60, "BLOCK_ALL", own.id)
    assert copied.service == "connector_sdk", "it is made already: its type stays"
    assert copied.group_id != own.group_id
    assert [(each.case_id, each.audience, each.data["left_out"]) for each in entries] == [(target, "staff", 1)]
    theirs = Browser(stage.app).sign_in(stage.cast.cleo)
    page = theirs.get("/requests/REQ-000002").text
    assert "orders" in staff.get(f"/cases/{case_number(target)}/tables").text
    assert "orders" not in page, "a copied choice is told once it is in their own source"
    assert "northwind" not in page.casefold()
    staff.post(address, {"target": case_number(target)}, status=422)
    staff.post(address, {"target": case_number(target), "replace": "y"})

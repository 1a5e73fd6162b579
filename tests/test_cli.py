"""The commands as others script them."""

import csv
import io
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from request_tracker import serve, showing
from request_tracker.cli import main
from request_tracker.work import checking

SECRET = "s" * 40


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Run a command on a database of the test's own."""
    for name in [name for name in os.environ if name.startswith(("REQUEST_TRACKER_", "FIVETRAN_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REQUEST_TRACKER_DATABASE_URL", f"sqlite:///{tmp_path / 'cli.sqlite3'}")

    def call(*words: str, status: int = 0) -> Result:
        result = CliRunner().invoke(main, words)
        assert result.exit_code == status, result.output + str(result.exception)
        return result

    return call


def test_from_an_empty_folder_to_a_token(run) -> None:  # type: ignore[no-untyped-def]
    assert "migrate" in run("seed", status=1).output
    run("migrate")
    assert "759" in run("seed").output
    assert "Added 0 calendar" in run("seed").output, "seeding twice adds nothing"
    run("people", "add", "--email", "Lead@Program.example", "--role", "lead", "--password", "a long password")
    run("people", "add", "--email", "ada@northwind.example", "--role", "requester", "--account", "Northwind")
    assert "known already" in run("people", "add", "--email", "lead@program.example", "--role", "lead", status=1).output
    run("people", "add", "--email", "x@y.example", "--role", "requester", status=2)
    listed = json.loads(run("people", "list", "--json").output)
    assert listed == [
        {"email": "lead@program.example", "role": "lead", "account": None},
        {"email": "ada@northwind.example", "role": "requester", "account": "Northwind"},
    ]
    token = run("token", "new", "--person", "lead@program.example", "--scope", "read", "--expires-in", "60").output
    assert token.startswith("rt_")
    assert len(token.split()) == 1
    run("token", "new", "--person", "nobody@x.example", "--scope", "read", status=1)
    kept = json.loads(run("export", "--person", "lead@program.example").output)
    assert [each["scope"] for each in kept["tokens"]] == ["read"]
    assert token.strip() not in json.dumps(kept), "what opens something is never given out"
    run("export", "--person", "nobody@x.example", status=1)
    assert "whole" in run("audit", "verify").output
    assert "Every clock" in run("audit", "clocks").output


def test_starting_on_unsafe_settings_is_refused(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    for part in ("web", "worker"):
        said = run(part, status=1).output
        assert "REQUEST_TRACKER_SECRET_KEY" in said
        assert "FIVETRAN_WEBHOOK_SECRET" in said
        assert "before the @" not in said
    monkeypatch.setenv("FIVETRAN_API_URL", "https://key:secret@api.fivetran.com")
    assert "before the @" in run("web", status=1).output, "an admin page shows the address"
    monkeypatch.delenv("FIVETRAN_API_URL")
    monkeypatch.setenv("REQUEST_TRACKER_SECRET_KEY", SECRET)
    monkeypatch.setenv("FIVETRAN_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("REQUEST_TRACKER_BASE_URL", "http://by.example")
    assert "https" in run("web", status=1).output
    monkeypatch.setenv("REQUEST_TRACKER_DEMO", "1")
    assert "demo" in run("worker", status=1).output
    monkeypatch.setenv("REQUEST_TRACKER_TIMEZONE", "Mars/Base")
    assert "REQUEST_TRACKER_TIMEZONE" in run("worker", status=1).output


def test_check_says_what_to_put_right(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("FIVETRAN_API_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUEST_TRACKER_SMTP_URL", "smtp://127.0.0.1:1")
    said = run("check", status=1).output
    assert "migrate" in said
    assert "REQUEST_TRACKER_SMTP_URL" in said
    assert "Fivetran" in said
    monkeypatch.setattr(checking, "_fivetran", lambda _: [])  # it tries for seconds, and once is enough
    run("migrate")
    assert "request-tracker seed" in run("check", status=1).output
    run("seed")
    assert "request-tracker seed" not in run("check", status=1).output


def test_the_process_is_printed_and_the_readme_is_in_step(run) -> None:  # type: ignore[no-untyped-def]
    assert "stateDiagram-v2" in run("process").output
    run("process", "--check")


def test_match_in_both_forms(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    records, pairs = tmp_path / "r.csv", tmp_path / "p.csv"
    records.write_text(
        "record_id,service_name,service_url,api_docs_url\n"
        "a,Sendinblue,https://www.sendinblue.com/,\nb,Brevo,https://www.brevo.com/,\nc,Jira,https://jira.com/,\n"
    )
    pairs.write_text("left_id,right_id\na,b\na,c\n")
    rows = list(csv.DictReader(io.StringIO(run("match", "--records", str(records), "--pairs", str(pairs)).output)))
    assert [row["left_id"] + row["right_id"] for row in rows] == ["ab", "ac"]
    assert float(rows[0]["score"]) > 0.9 > float(rows[1]["score"])
    lines = run("match", "--records", str(records), "--top", "2").output.splitlines()
    first = json.loads(lines[0])
    assert (first["id"], first["candidates"][0][0]) == ("a", "b")
    run("match", "--records", str(records), status=2)


def test_the_report_as_files(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run("migrate")
    run("seed")
    out = tmp_path / "out"
    run("report", "--week", "2026-W45", "--out", str(out))
    assert {path.name for path in out.iterdir()} == {"report.html", "report.txt", "report.csv", "report.json"}
    assert json.loads((out / "report.json").read_text())["week"]
    assert "week" in run("report", "--week", "45", "--out", str(out), status=1).output.lower()


@pytest.mark.deep
def test_the_demo_program_can_be_seeded_into_any_database(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    run("migrate")
    monkeypatch.setenv("REQUEST_TRACKER_SMTP_URL", "smtp://127.0.0.1:1")
    assert "signs in with" in run("seed", "--demo").output
    assert len(json.loads(run("people", "list", "--json").output)) == 19
    assert "of its own" in run("seed", "--demo", status=1).output
    assert "whole" in run("audit", "verify").output


def test_a_demo_comes_up_where_it_is_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "is_free", lambda port: True)
    monkeypatch.setattr(serve, "free_port", lambda: 50_123)
    ports = {wanted: showing._place(tmp_path, wanted, {}).web.rpartition(":")[2] for wanted in (None, 0, 8_765)}
    assert ports == {None: "8000", 0: "50123", 8_765: "8765"}
    monkeypatch.setattr(serve, "is_free", lambda port: False)
    assert showing._place(tmp_path, None, {}).web.endswith(":50123")

"""The vendor's own client tools work against the emulator: the CLI's commands and the Connector SDK's deploy.

They live in an environment of their own (`make tools`), and run as they are: only the address is changed.
"""

import base64
import html
import io
import json
import os
import shlex
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from apidocs import starter_analysis

from request_tracker.apidocs.scaffold import scaffold
from request_tracker.serve import free_port, wait_until_up

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".venv-tools" / "bin"
KEY, SECRET = "tools-key", "tools-secret"
PAIR = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
# The CLI's address is a constant: no flag and no variable changes it.
LAUNCHER = """
import sys, fivetran_cli, fivetran_cli.http.config
fivetran_cli.http.config.DEFAULT_BASE_URL = sys.argv.pop(1)
raise SystemExit(fivetran_cli.main())
"""
CONNECTOR = """
from fivetran_connector_sdk import Connector, Operations as op

def schema(configuration: dict):
    return [{"table": "hello", "primary_key": ["id"]}]

def update(configuration: dict, state: dict):
    op.upsert("hello", {"id": 1})
    op.checkpoint({"id": 1})

connector = Connector(update=update, schema=schema)
"""

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(
        not TOOLS.exists() and not os.environ.get("REQUIRE_ALL"),
        reason="the vendor's tools are not installed: run `make tools`",
    ),
]


class Tools:
    """The tools, spoken to as on a command line; `account` is a plain client to compare with."""

    def __init__(self, url: str, home: Path) -> None:
        self.url = url
        self.account = httpx.Client(base_url=url, auth=(KEY, SECRET), trust_env=False)
        self.home = home
        config = home / ".fivetran" / "connector_sdk"
        config.mkdir(parents=True)
        (config / "_config.json").write_text(json.dumps({"production_base_url": url}))
        # Otherwise it asks for newer versions of itself.
        (config / "_last_version_check").write_text(str(int(time.time())))
        # Nothing of this machine's settings reaches the tools.
        self.environment = {
            "PATH": f"{TOOLS}:/usr/bin:/bin",
            "HOME": str(home),
            "DO_NOT_TRACK": "1",
            "FIVETRAN_API_KEY": PAIR,
            "NO_PROXY": "*",
        }

    def run(self, *command: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=folder or self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def cli(self, *words: str, **flags: Any) -> Any:
        """What the API answered, unwrapped; a failure of the tool fails the test."""
        done = self.attempt(*words, **flags)
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        found = json.loads(done.stdout)
        return found.get("data", found)

    def attempt(self, *words: str, **flags: Any) -> subprocess.CompletedProcess[str]:
        given = [part for name, value in flags.items() for part in (f"--{name.replace('_', '-')}", _text(value))]
        python = str(TOOLS / "python")
        return self.run(python, "-c", LAUNCHER, self.url, "beta", *words, *given, "--output", "json")

    def deploy(self, project: Path, connection: str, *words: str) -> subprocess.CompletedProcess[str]:
        given = ("--api-key", PAIR, "--destination", "acme", "--connection", connection, *words)
        return self.run(str(TOOLS / "fivetran"), "deploy", *given, folder=project)

    def items(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.account.get(path).json()["data"]["items"]
        return found


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    port = free_port()
    command = [sys.executable, "-m", "request_tracker", "emulator", "--port", str(port)]
    given = {**os.environ, "FIVETRAN_API_KEY": KEY, "FIVETRAN_API_SECRET": SECRET}
    with (tmp_path / "emulator.log").open("wb") as log:
        process = subprocess.Popen([*command, "--data", str(tmp_path / "state")], env=given, stdout=log, stderr=log)
        try:
            wait_until_up([f"http://127.0.0.1:{port}/"])
            made = Tools(f"http://127.0.0.1:{port}", tmp_path)
            yield made
            made.account.close()
        finally:
            process.terminate()
            process.wait(15)


def test_the_environment_is_the_one_whose_licence_lets_us(tools: Tools) -> None:
    told = tools.run(str(TOOLS / "python"), "-m", "pip", "list", "--format", "freeze").stdout
    listed = told.lower().replace("_", "-")
    assert "fivetran-cli==1.1.0" in listed
    assert "fivetran-connector-sdk==2.13.1" in listed
    assert "fivetran-connector-sdk-core" not in listed


def test_the_commands_of_the_cli_succeed(tools: Tools) -> None:
    cli = tools.cli
    group = cli("group", "create", config={"name": "acme"})["id"]
    assert cli("group", "list")["items"] == [cli("group", "get", group_id=group)]
    walk_destination(cli, group)
    connection = walk_connection(cli, group)
    assert len(tools.items(f"/v1/connections/{connection}/sync-history")) == 2
    walk_schemas(cli, connection)
    walk_webhooks(cli, group)
    walk_people(cli, group)
    assert cli("account", "get")["account_id"]
    assert cli("connector-metadata", "get", service="cursor")["connector_class"] == "lite"
    assert len(cli("connector-metadata", "list")["items"]) > 10
    assert len(cli("public-connector", "list")) > 10
    cli("connection", "delete", "--yes", connection_id=connection)
    gone = tools.attempt("connection", "get", connection_id=connection)
    assert (gone.returncode, "doesn't exist" in gone.stdout + gone.stderr) == (1, True)
    cli("destination", "delete", "--yes", destination_id=group)
    cli("group", "delete", "--yes", group_id=group)
    assert tools.items("/v1/groups") == []


def test_deploys_make_one_connection_and_then_change_it(tools: Tools) -> None:
    project = a_project(tools.home)
    group = tools.cli("group", "create", config={"name": "acme"})["id"]
    wish = {"group_id": group, "service": "snowflake", "time_zone_offset": "0", "config": {"password": "p"}}
    tools.cli("destination", "create", config=wish)
    first = tools.deploy(project, "sdk_one", "--non-interactive", "--python-version", "3.12")
    made = connection_named(tools, "sdk_one")
    again = tools.deploy(project, "sdk_one", "--yes")
    changed = connection_named(tools, "sdk_one")
    assert (first.returncode, again.returncode) == (0, 0), f"{first.stdout}\n{again.stdout}"
    assert (made["status"]["setup_state"], made["paused"], made["config"]["python_version"]) == (
        "connected",
        True,
        "3.12",
    )
    assert (changed["id"], changed["config"]["package_id"] in first.stdout) == (made["id"], False)
    packages = {one["id"]: one["connection_id"] for one in tools.cli("connector-sdk-package", "list")["items"]}
    assert packages[changed["config"]["package_id"]] == made["id"]
    assert len(packages) == 2


def test_a_starter_project_is_deployed_onto_the_connection_we_made(tools: Tools) -> None:
    """With the command its README prints, twice; what signs in, and what a trial left behind, stay on this machine."""
    group = tools.cli("group", "create", config={"name": "acme"})["id"]
    ours = {"group_id": group, "service": "connector_sdk", "config": {"schema": "lite_acme_1"}, "paused": True}
    made = tools.cli("connection", "create", config={**ours, "run_setup_tests": False})
    project = tools.home / "starter"
    scaffold(starter_analysis.an_analysis("keys"), schema="lite_acme_1").write(project)
    given = json.loads((project / "configuration.json").read_text()) | {"dd_api_key": "s-deploy-1"}
    (project / "configuration.json").write_text(json.dumps(given))
    for left in (".trial/rows.duckdb", "files/warehouse.db", "__pycache__/sync.pyc"):
        (project / left).parent.mkdir(exist_ok=True)
        (project / left).write_text("s-deploy-2")
    printed = next(line for line in (project / "README.md").read_text().splitlines() if line.startswith("fivetran dep"))
    assert printed in html.unescape((ROOT / "templates" / "proposal" / "project.html").read_text()).replace(
        "{{ found.schema }}", "lite_acme_1"
    )
    # It looks for what `requests` is called in the package index; nothing here leaves this machine.
    (tools.home / "pipreqs").write_text('#!/bin/sh\n: > "$3"\n')
    (tools.home / "pipreqs").chmod(0o755)
    tools.environment["PATH"] = f"{tools.home}:{tools.environment['PATH']}"
    before = {path.name for path in project.iterdir()}
    command = shlex.split(printed.replace("<BASE64_API_KEY>", PAIR).replace("<DESTINATION>", "acme"))
    for _ in range(2):
        done = tools.run(str(TOOLS / command[0]), *command[1:], "--yes", folder=project)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        (connection,) = tools.items("/v1/connections")
        assert connection["id"] == made["id"]
        package = tools.account.get(f"/v1/connector-sdk/packages/{connection['config']['package_id']}/download").content
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            held = {name: archive.read(name) for name in archive.namelist()}
        assert {"connector.py", "sync.py", "tables.py", "tests/test_connector.py"} <= set(held)
        kept = (".trial", "files", "configuration.json", "__pycache__")
        assert not [name for name in held if name.startswith(kept)]
        assert b"s-deploy" not in b"".join(held.values())
        assert "s-deploy" not in done.stdout + done.stderr
    gone = {"requirements.txt"}  # names nothing: the SDK deletes it
    assert {path.name for path in project.iterdir()} == before - gone
    assert (connection["config"]["python_version"], connection["service"]) == ("3.12", "connector_sdk")


def test_a_deploy_under_a_name_that_is_taken_makes_no_second_connection(tools: Tools) -> None:
    group = tools.cli("group", "create", config={"name": "acme"})["id"]
    ours = {"group_id": group, "service": "cursor", "config": {"schema": "lite_1"}, "run_setup_tests": False}
    made = tools.cli("connection", "create", config=ours)
    done = tools.deploy(a_project(tools.home), "lite_1", "--yes")
    assert (done.returncode, connection_named(tools, "lite_1")["id"]) == (1, made["id"])
    assert "not a Connector SDK connection" in done.stdout + done.stderr


def walk_destination(cli: Callable[..., Any], group: str) -> None:
    wish = {"group_id": group, "service": "snowflake", "time_zone_offset": "-5", "config": {"password": "p-123"}}
    assert cli("destination", "create", config=wish)["config"] == {"password": "******"}
    assert cli("destination", "test", destination_id=group)["setup_tests"]
    assert cli("destination", "update", destination_id=group, config={"region": "AWS_US_EAST_1"})["id"] == group
    assert [one["region"] for one in cli("destination", "list")["items"]] == ["AWS_US_EAST_1"]
    assert cli("destination", "get", destination_id=group)["group_id"] == group


def walk_connection(cli: Callable[..., Any], group: str) -> str:
    wish = {"group_id": group, "service": "cursor", "config": {"schema": "lite_1", "api_key": "k-123"}, "paused": True}
    key = str(cli("connection", "create", config=wish)["id"])
    assert key in [one["id"] for one in cli("connection", "list")["items"]]
    assert key in [one["id"] for one in cli("group", "connection", "list", group_id=group)["items"]]
    assert cli("connection", "test", connection_id=key, config={})["setup_tests"][0]["status"] == "PASSED"
    assert cli("connection", "update", connection_id=key, config={"sync_frequency": 60})["sync_frequency"] == 60
    cli("connection", "sync", connection_id=key)
    assert cli("connection", "get", connection_id=key)["status"]["setup_state"] == "connected"
    cli("connection", "resync", "--yes", connection_id=key)
    return key


def walk_schemas(cli: Callable[..., Any], key: str) -> None:
    names = {"connection_id": key, "schema_name": "lite_1"}
    contact, email = {**names, "table_name": "contact"}, {"enabled": False}
    cli("connection-schema", "reload", "--yes", connection_id=key, config={"exclude_mode": "PRESERVE"})
    cli("connection-schema", "update", connection_id=key, config={"schema_change_handling": "ALLOW_COLUMNS"})
    cli("connection-schema", "schema", "update", **names, config={"enabled": True})
    cli("connection-schema", "table", "update", **contact, config={"enabled": True})
    cli("connection-schema", "column", "update", **contact, column_name="email", config=email)
    cli("connection-schema", "column", "drop", "--yes", **contact, column_name="email")
    read = cli("connection-schema", "get", connection_id=key)
    assert read["schema_change_handling"] == "ALLOW_COLUMNS"
    assert read["schemas"]["lite_1"]["tables"]["contact"]["columns"]["email"]["enabled"] is False
    cli("connection-schema", "resync-table", "--yes", connection_id=key, config={"lite_1": ["contact"]})


def walk_webhooks(cli: Callable[..., Any], group: str) -> None:
    # Nobody listens there; a webhook that is not active is not probed.
    wish = {"url": "https://127.0.0.1:9/hook", "events": ["sync_end"], "secret": "s-123", "active": False}
    key = cli("webhook", "create-account", config=wish)["id"]
    cli("webhook", "create-group", group_id=group, config=wish)
    assert cli("webhook", "test", webhook_id=key, config={"event": "sync_end"})["succeed"] is False
    assert [one["type"] for one in cli("webhook", "list")["items"]] == ["account", "group"]
    assert cli("webhook", "get", webhook_id=key)["secret"] == "******"
    for one in cli("webhook", "list")["items"]:
        cli("webhook", "delete", "--yes", webhook_id=one["id"])


def walk_people(cli: Callable[..., Any], group: str) -> None:
    wish = {"email": "ada@customer.example", "given_name": "Ada", "family_name": "Lovelace", "role": "Account Reviewer"}
    key = cli("user", "invite", config=wish)["id"]
    assert [one["email"] for one in cli("user", "list")["items"]][1:] == [wish["email"]]
    assert {"name": "Manage Destination"}.items() <= cli("role", "list")["items"][-4].items()
    cli("group", "user", "add", group_id=group, config={"email": wish["email"], "role": "Destination Reviewer"})
    assert len(cli("group", "user", "list", group_id=group)["items"]) == 2
    cli("group", "user", "remove", "--yes", group_id=group, user_id=key)
    cli("user", "delete", "--yes", id=key)


def a_project(home: Path) -> Path:
    """Imports nothing but the SDK: what it cannot find, the SDK would ask the package index for."""
    project = home / "project"
    project.mkdir()
    (project / "connector.py").write_text(CONNECTOR)
    (project / "configuration.json").write_text("{}")
    return project


def connection_named(tools: Tools, schema: str) -> dict[str, Any]:
    (one,) = tools.items(f"/v1/connections?schema={schema}")
    return one


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)

"""A starter project: fixed files and data, whatever the document is called and says; and what it does when it runs."""

import ast
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from apidocs import starter_analysis
from apidocs.documents import analysed, array, body, get, query
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from request_tracker.apidocs import load, measure
from request_tracker.apidocs.describing.column_names import RESERVED
from request_tracker.apidocs.scaffold import FIXED, MOST_TABLES, Project, Unsuitable, scaffold
from request_tracker.apidocs.starter.scaffold_literal import literal
from request_tracker.apidocs.starter.scaffold_names import fit
from request_tracker.cli.scaffold import scaffold as command
from request_tracker.rules.vendor_api import (
    Analysis,
    Change,
    ChangeKind,
    Column,
    Configured,
    Figures,
    Paging,
    PagingStyle,
    Parent,
    SignIn,
    SignInKind,
    Table,
)

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
TOOLS = ROOT / ".venv-tools" / "bin"
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
OF_THE_DOCUMENT = ("README.md", "configuration.json", "tables.py", "tests/examples.json")
"""The files that hold something of the document."""
HOSTILE = (
    "../../x",
    "__import__('os').system('id')",
    "'; DROP TABLE users; --",
    "{{7*7}}{% raw %}",
    '"""\nimport os\n"""',
    "back\\slash\\",
    "x" * 10_000,
    "line\r\nX-Evil: 1",
    "\u202emoc.live\u2066",
    "\ud800\x00\x1b[31m",
    "<script>alert(1)</script>",
    "_fivetran_synced",
    "select",
    "",
)


def a_hostile_analysis() -> Analysis:
    """Every text of the analysis is one of the hostile ones."""
    tables = tuple(a_hostile_table(text, HOSTILE[number - 1]) for number, text in enumerate(HOSTILE))
    way = SignIn(SignInKind.API_KEY, name="X-Key", place="header", prefix=HOSTILE[4], scopes=HOSTILE)
    evil = SignIn(SignInKind.API_KEY, name="X\r\nX-Evil", place="header")
    return Analysis(
        kind="openapi3.0",
        title=HOSTILE[3] + HOSTILE[4],
        version=HOSTILE[1],
        base_urls=("https://x/'\"\n",),
        sign_in=(evil, way),
        tables=tables,
        post_reads=HOSTILE,
        examples={text: ({text: text, "id": text},) for text in HOSTILE},
    )


def a_hostile_table(text: str, other: str) -> Table:
    return Table(
        name=text,
        path=f"/{text}/{{{text}}}",
        data_path=text,
        columns=tuple(Column(each, each, description=each) for each in HOSTILE),
        key=(text,),
        parents=(Parent(other, text, text, text),),
        configured=(Configured(text, example=text), Configured(text, "header")),
        constants={text: HOSTILE},
        headers={text: text, "X-Fine": "1\r\nX-Evil: 2"},
        paging=Paging(
            PagingStyle.CURSOR, param=text, token_path=text, more_path=text, total_path=text, size_param=text
        ),
        change=Change(ChangeKind.BOTH, filter=text, place="header", format=text, template=text, field=text),
        deletes=f"field:{text}",
        body=text,
        summary=text,
    )


def data_of(project: Project) -> dict[str, Any]:
    (held,) = (node for node in ast.parse(project.files["tables.py"]).body if isinstance(node, ast.AnnAssign))
    assert held.value is not None
    found: dict[str, Any] = ast.literal_eval(held.value)
    return found


def test_a_hostile_document_changes_nothing_but_data() -> None:
    usual = scaffold(starter_analysis.an_analysis(), schema="lite_acme_1")
    hostile = scaffold(a_hostile_analysis(), schema="lite_evil_1", docs_url=f"https://x/{HOSTILE[4]}")
    assert set(hostile.files) == set(usual.files) == {*FIXED, *OF_THE_DOCUMENT}
    assert {path: hostile.files[path] for path in FIXED} == {path: usual.files[path] for path in FIXED}
    for path, text in hostile.files.items():
        if path.endswith(".py"):
            compile(text, path, "exec")
    assert hostile.files["tables.py"].isascii()
    assert hostile.files["tests/examples.json"].isascii()


def test_tables_hold_literals_only() -> None:
    tree = ast.parse(scaffold(a_hostile_analysis(), schema="x").files["tables.py"])
    docstring, imported, held = tree.body
    allowed = (ast.Dict, ast.List, ast.Constant, ast.Load)
    assert isinstance(docstring, ast.Expr)
    assert ast.unparse(imported) == "from typing import Any"
    assert isinstance(held, ast.AnnAssign)
    assert ast.unparse(held.target) == "DATA"
    assert held.value is not None
    assert {type(node) for node in ast.walk(held.value)} <= set(allowed)


def test_names_are_fit_whatever_the_document_calls_them() -> None:
    project = scaffold(a_hostile_analysis(), schema="x")
    tables = data_of(project)["tables"]
    assert len({table["name"] for table in tables}) == len(HOSTILE)
    for table in tables:
        columns = list(table["columns"])
        asked = [each["setting"] for each in table["configured"]]
        assert all(NAME.fullmatch(name) for name in (table["name"], *columns, *table["key"], *asked))
        assert not RESERVED & {table["name"], *columns}
        assert set(table["key"]) <= set(columns)
        assert not [name for name in (*table["headers"], *table["headers"].values()) if re.search(r"[\r\n]", name)]
    assert data_of(project)["sign_in"]["name"] == "X-Key"
    configuration = json.loads(project.files["configuration.json"])
    assert configuration["base_url"] == "<BASE_URL>"
    assert all(NAME.fullmatch(name) and isinstance(value, str) for name, value in configuration.items())


def test_the_readme_escapes_what_the_document_says() -> None:
    text = scaffold(a_hostile_analysis(), schema="x", service=HOSTILE[3], docs_url="javascript:alert(1)").files[
        "README.md"
    ]
    assert not re.search(r"<script|\]\(javascript|[\u202a-\u202e\u2066-\u2069\x00\x1b\r]", text)
    assert r"\{\{7\*7\}\}" in text
    assert "49" not in text.partition("\n")[0]
    assert max(len(line) for line in text.splitlines()) < 5_000


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=90), max_size=8))
def test_any_names_become_valid_ones_that_differ(texts: list[str]) -> None:
    taken: list[str] = []
    for text in texts:
        taken.append(fit(text, taken))
    assert len(set(taken)) == len(taken)
    assert all(NAME.fullmatch(name) and name not in RESERVED for name in taken)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None, exclude_categories=()), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(_VALUES)
def test_a_literal_reads_back_as_it_was(value: Any) -> None:
    assert ast.literal_eval(literal(value)) == value
    assert literal(value).isascii()


def test_an_archive_is_the_same_each_time_and_stays_in_its_folder() -> None:
    analysis = starter_analysis.an_analysis()
    one, other = (scaffold(analysis, schema="lite_acme_1").archive() for _ in range(2))
    assert one == other
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        assert archive.testzip() is None
        assert {name.partition("/")[0] for name in archive.namelist()} == {"lite_acme_1"}
        assert {name.partition("/")[2] for name in archive.namelist()} == {*FIXED, *OF_THE_DOCUMENT}


_UNSUITABLE: dict[str, tuple[dict[str, Any], str]] = {
    "page": ({"kind": "html"}, "page for people"),
    "nothing": ({"tables": ()}, "no list of records"),
    "customers' tables": ({"figures": Figures(customer_defines_tables=True)}, "Each customer defines"),
    "certificate": ({"sign_in": (SignIn(SignInKind.CERTIFICATE), SignIn(SignInKind.OTHER))}, "client certificate"),
}


@pytest.mark.parametrize("name", _UNSUITABLE)
def test_what_no_project_can_be_made_of_is_refused_with_a_reason(name: str) -> None:
    changed, words = _UNSUITABLE[name]
    with pytest.raises(Unsuitable, match=words):
        scaffold(starter_analysis.an_analysis(**changed), schema="lite_acme_1")


@pytest.mark.parametrize("wanted", [frozenset({"nope"}), frozenset()])
def test_only_tables_of_the_document_can_be_wanted(wanted: frozenset[str]) -> None:
    with pytest.raises(Unsuitable, match="choose"):
        scaffold(starter_analysis.an_analysis(), schema="x", wanted=wanted)
    with pytest.raises(Unsuitable, match="schema"):
        scaffold(starter_analysis.an_analysis(), schema="../x")


def test_parents_nobody_asked_for_are_walked_and_not_delivered() -> None:
    project = scaffold(starter_analysis.an_analysis(), schema="x", wanted=frozenset({"comments"}))
    tables = {table["name"]: table for table in data_of(project)["tables"]}
    assert {name: table["delivered"] for name, table in tables.items()} == {
        "companies": False, "projects": False, "tasks": False, "comments": True,
    }  # fmt: skip
    assert [tables[name]["under"] for name in ("companies", "projects", "tasks", "comments")] == [
        "", "companies", "projects", "tasks",
    ]  # fmt: skip
    assert "not delivered: companies, projects, tasks" in project.files["README.md"]


def test_parents_in_a_circle_are_asked_for_instead() -> None:
    one = Table(
        "a", "/b/{b}/a", "$", columns=(Column("id", "id"),), key=("id",), parents=(Parent("b", "b", "id", "b_id"),)
    )
    other = replace(
        one, name="b", path="/a/{a}/b", parents=(Parent("a", "a", "id", "a_id"), Parent("b", "b", "id", "b_id"))
    )
    rows = data_of(scaffold(starter_analysis.an_analysis(tables=(one, other)), schema="x"))["tables"]
    first, second = rows
    assert (first["parents"], [each["param"] for each in first["configured"]]) == ([], ["b"])
    assert [parent["table"] for parent in second["parents"]] == ["a"]


def test_the_easiest_way_to_sign_in_is_used_and_the_others_are_named() -> None:
    ways = (SignIn(SignInKind.CERTIFICATE), starter_analysis.WAYS["basic"], starter_analysis.WAYS["oauth"])
    project = scaffold(starter_analysis.an_analysis(sign_in=ways), schema="x")
    assert data_of(project)["sign_in"]["kind"] == "basic"
    configuration = json.loads(project.files["configuration.json"])
    assert (configuration["username"], configuration["password"]) == ("<USERNAME>", "<PASSWORD>")
    assert "a client certificate; OAuth 2.0" in project.files["README.md"]


def test_keys_that_go_together_have_settings_of_their_own() -> None:
    project = scaffold(starter_analysis.an_analysis("keys"), schema="x")
    sign_in = data_of(project)["sign_in"]
    assert [(part["name"], part["setting"]) for part in (sign_in, *sign_in["also"])] == [
        ("DD-API-KEY", "dd_api_key"), ("DD-APPLICATION-KEY", "dd_application_key"),
    ]  # fmt: skip
    configuration = json.loads(project.files["configuration.json"])
    assert [value for name, value in configuration.items() if name.startswith("dd_")] == [
        "<DD_API_KEY>", "<DD_APPLICATION_KEY>",
    ]  # fmt: skip
    readme = project.files["README.md"]
    assert "an API key and, together with it, an API key" in readme
    assert "* `dd_application_key`" in readme
    key = SignIn(SignInKind.API_KEY, "X-Key", "header")
    for beside in (key, SignIn(SignInKind.CERTIFICATE)):
        with pytest.raises(Unsuitable):
            scaffold(starter_analysis.an_analysis(sign_in=(replace(key, also=(beside,)),)), schema="x")


def test_the_proposal_and_the_project_call_everything_the_same() -> None:
    record = body(id=str, order=str, group=int, select=str, orderValue=str, values=str)
    analysis = analysed({
        "/table": get(array(record)), "/order/{group}/values": get(array(record)), "/orders": get(array(record)),
        "/table/{table_id}/from": get(array(record), query("interval", required=True, enum=["day", "hour"])),
    })  # fmt: skip
    tables = data_of(scaffold(analysis, schema="x"))["tables"]
    assert {table["name"] for table in tables} == {table.name for table in analysis.tables}
    for proposed in analysis.tables:
        (table,) = (each for each in tables if each["name"] == proposed.name)
        columns = [*(parent.column for parent in proposed.parents), *proposed.constant_columns.values()]
        assert list(table["columns"]) == [*columns, *(column.name for column in proposed.columns)]
        assert table["key"] == list(proposed.key)
        assert not RESERVED & {table["name"], *table["columns"]}


def test_what_is_asked_for_is_a_column_where_the_record_does_not_tell_it() -> None:
    asked = [query(name, required=True, enum=["a", "b"]) for name in ("period", "order_by", "status", "kind")]
    analysis = analysed({"/usage": get(array(body(id=str, kind=str, n=int)), *asked)})
    (table,) = analysis.tables
    assert table.constant_columns == {"period": "period", "status": "status"}
    assert table.key == ("period", "id")
    assert table.constants["order_by"] == ("a",)


def test_a_sync_over_time(tmp_path: Path) -> None:
    """First syncs, changes, deletes, new parents, cuts and resumes: see starter_scenarios and starter_cuts."""
    scaffold(starter_analysis.an_analysis(), schema="lite_acme_1").write(tmp_path)
    done = unittest_in(tmp_path, Path(sys.executable), "starter_scenarios", "starter_cuts")
    assert done.returncode == 0, done.stderr
    assert int(re.findall(r"Ran (\d+) tests", done.stderr)[0]) >= 21


@pytest.mark.deep
def test_a_sync_that_dies_at_any_checkpoint(tmp_path: Path) -> None:
    """Every checkpoint of several sources, where test_a_sync_over_time takes a few of one."""
    scaffold(starter_analysis.an_analysis(), schema="lite_acme_1").write(tmp_path)
    done = unittest_in(tmp_path, Path(sys.executable), "starter_cuts", STARTER_SEEDS="4")
    assert done.returncode == 0, done.stderr


def test_the_command_makes_a_project_once_and_says_what_is_next(tmp_path: Path) -> None:
    document, out = tmp_path / "shop.json", tmp_path / "out"
    document.write_text(json.dumps(SHOP))
    made = CliRunner().invoke(command, [str(document), "--out", str(out), "--table", "orders"])
    assert made.exit_code == 0, made.output
    assert f"request-tracker trial {out}" in made.output
    assert "--connection lite_shop " in (out / "README.md").read_text()
    again = CliRunner().invoke(command, [str(document), "--out", str(out)])
    assert (again.exit_code, "is not empty" in again.output) == (1, True)
    (out / "tables.py").write_text("mine")
    forced = CliRunner().invoke(command, [str(document), "--out", str(out), "--force", "--schema", "other"])
    assert (forced.exit_code, (out / "tables.py").read_text() == "mine") == (0, False)
    for place in (str(tmp_path / "none.json"), str(out / "README.md")):
        assert CliRunner().invoke(command, [place, "--out", str(tmp_path / "new")]).exit_code == 1
    assert not (tmp_path / "new").exists()


SHOP = {
    "openapi": "3.0.3",
    "info": {"title": "Shop", "version": "1"},
    "paths": {"/orders": {"get": {"responses": {"200": {"description": "", "content": {"application/json": {"schema": {
        "type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}}}}}}}}},
}  # fmt: skip


@pytest.mark.deep
def test_the_code_passes_ruff_and_mypy(tmp_path: Path) -> None:
    for name, analysis in (("usual", starter_analysis.an_analysis()), ("hostile", a_hostile_analysis())):
        folder = tmp_path / name
        scaffold(analysis, schema="lite_acme_1").write(folder)
        for words in (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy", ".")):
            command_line = [str(Path(sys.executable).parent / words[0]), *words[1:]]
            done = subprocess.run(command_line, cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{name} {words}: {done.stdout}{done.stderr}"


needs_sdk = pytest.mark.skipif(
    not TOOLS.exists() and not os.environ.get("REQUIRE_ALL"), reason="the SDK is not installed: run `make tools`"
)


@pytest.mark.deep
@needs_sdk
@pytest.mark.parametrize("way", starter_analysis.WAYS)
def test_a_projects_own_tests_pass(tmp_path: Path, way: str) -> None:
    scaffold(starter_analysis.an_analysis(way), schema="lite_acme_1").write(tmp_path)
    done = unittest_in(tmp_path, TOOLS / "python")
    assert done.returncode == 0, done.stderr


_DATA = os.environ.get("REQUEST_TRACKER_OPENAPI_DATA", "")


@pytest.mark.deep
@needs_sdk
@pytest.mark.skipif(not _DATA, reason="REQUEST_TRACKER_OPENAPI_DATA names no folder of documents")
def test_projects_of_real_documents_pass_their_own_tests(tmp_path: Path) -> None:
    passed = 0
    for document in sorted(Path(_DATA).iterdir()):
        if document.suffix not in (".json", ".yaml", ".yml") or document.name == "truth.json":
            continue
        analysis = measure.analyse(load.load(document.read_bytes(), name=document.name))
        try:
            project = scaffold(analysis, schema="lite_real")
        except Unsuitable:
            continue
        project.write(tmp_path / document.stem)
        done = unittest_in(tmp_path / document.stem, TOOLS / "python")
        assert done.returncode == 0, f"{document.name}: {done.stderr}"
        passed += 1
    assert passed >= 10


def unittest_in(folder: Path, python: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "DO_NOT_TRACK": "1", "NO_PROXY": "*"}
    paths = {"PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [str(python), "-W", "error::ResourceWarning", "-m", "unittest", *words],
        cwd=folder,
        env={**environment, **paths, **more},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_link_in_the_folder_leads_nothing_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("mine")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "connector.py").symlink_to(outside)
    Project("p", {"connector.py": "ours"}).write(folder)
    assert (outside.read_text(), (folder / "connector.py").read_text()) == ("mine", "ours")


def test_more_tables_than_a_project_can_sync_well_are_to_be_chosen_from() -> None:
    tables = tuple(Table(f"t{each}", f"/t{each}", "$") for each in range(MOST_TABLES + 1))
    analysis = Analysis(kind="openapi3.0", tables=tables, sign_in=(SignIn(SignInKind.BEARER),))
    with pytest.raises(Unsuitable, match="choose the ones needed"):
        scaffold(analysis, schema="lite_1")
    assert scaffold(analysis, schema="lite_1", wanted=frozenset({"t7"})).files

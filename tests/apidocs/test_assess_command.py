"""The assess command: one line a document, in order, and never a failure of its own for a bad one."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from request_tracker.apidocs import fetch
from request_tracker.apidocs.fetch import Fetched, NotFetched
from request_tracker.cli.assess import assess

SHOP = {
    "openapi": "3.0.3",
    "info": {"title": "Shop\u202e \x1b[31m", "version": "1"},
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    "security": [{"key": []}],
    "paths": {
        path: {
            "get": {
                "summary": f"All {name}",
                "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer"}}],
                "responses": {"200": {"description": "", "content": {"application/json": {"schema": {
                    "type": "array", "items": {"type": "object", "properties": {
                        "id": {"type": "string"}, "name": {"type": "string"},
                        "updated_at": {"type": "string", "format": "date-time"}}}}}}}},
            }
        }
        for path, name in [
            ("/orders", "orders"), ("/customers", "customers"), ("/products", "products"),
            ("/orders/{order_id}/lines", "lines"), ("/refunds", "refunds"),
        ]
    },
}  # fmt: skip
SCORED = {
    "id", "file", "verdict", "score", "format", "graphql_only", "nesting_max", "nesting_max_without_scope",
    "auth_vendor", "operations", "get_operations", "deprecated_operations", "collection_endpoints",
    "incremental_param_endpoints", "incremental_field_endpoints", "webhooks_documented", "webhook_paths",
    "open_schema_share", "custom_field_share", "fully_custom_share", "auth_classes", "pagination_styles",
    "pagination_dominant", "pagination_counts", "nesting_hist", "collections", "scope_param", "external_refs",
    "dangling_refs", "callbacks", "criteria", "caps", "warnings",
}  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.v1.json").write_text(json.dumps(SHOP))
    return tmp_path / "shop.v1.json"


def _lines(*arguments: str) -> list[dict[str, Any]]:
    ran = CliRunner(env={"REQUEST_TRACKER_DATABASE_URL": "sqlite:////nowhere/at/all"}).invoke(assess, list(arguments))
    assert (ran.exit_code, ran.stderr) == (0, "")
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_one_line_a_document_in_the_order_given(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.yaml").write_text("[1, 2")
    fetched = {"https://docs.example/api/remote.json?x=1": Fetched("", shop.read_bytes(), "application/json", "")}

    def fetch_it(url: str, **_: Any) -> Fetched:
        if url in fetched:
            return fetched[url]
        raise NotFetched("This address cannot be reached: check it.")

    monkeypatch.setattr(fetch, "fetch", fetch_it)
    gone, remote = str(tmp_path / "gone.json"), next(iter(fetched))
    lines = _lines(str(tmp_path / "bad.yaml"), str(shop), gone, remote, "http://inside.example/openapi.json")
    assert [each["id"] for each in lines] == ["bad", "shop.v1", "gone", "remote", "openapi"]
    assert [each["file"] for each in lines][1] == "shop.v1.json"
    assert [each["verdict"] for each in lines] == ["unknown", "great", "unknown", "great", "unknown"]
    assert ["error" in each for each in lines] == [True, False, True, False, True]
    assert "no such file" in lines[2]["error"]
    assert lines[4]["error"] == "This address cannot be reached: check it."
    measured = lines[1]
    assert set(measured) >= SCORED
    assert {each["path"]: (each["depth"], each["parents"]) for each in measured["collections"]} == {
        **{f"/{name}": (0, []) for name in ("orders", "customers", "products", "refunds")},
        "/orders/{order_id}/lines": (1, ["/orders"]),
    }
    assert all(each["reason"] and each["threshold"] for each in measured["criteria"])


def test_for_people(shop: Path) -> None:
    ran = CliRunner().invoke(assess, ["--pretty", "--needed", "orders and unicorns", str(shop)])
    assert ran.exit_code == 0
    assert "great, " in ran.stdout
    assert "1 of 2 things asked for are found: orders; not found: unicorns" in ran.stdout
    assert not {"\u202e", "\x1b"} & set(ran.stdout)


def test_the_id_can_be_the_whole_name(shop: Path) -> None:
    assert [each["id"] for each in _lines("--id", "file", str(shop))] == ["shop.v1.json"]


@pytest.mark.deep
@pytest.mark.skipif("REQUEST_TRACKER_OPENAPI_DATA" not in os.environ, reason="needs a folder of real documents")
def test_real_documents_are_judged_as_a_reviewer_would_and_in_bounds() -> None:
    folder = Path(os.environ["REQUEST_TRACKER_OPENAPI_DATA"])
    truth = {row["file"]: row for row in json.loads((folder / "truth.json").read_text())}
    lines = _lines(*(str(folder / file) for file in truth))
    judged = [(each["verdict"], truth[each["file"]].get("verdict_acceptable")) for each in lines]
    told = [verdict in acceptable for verdict, acceptable in judged if acceptable]
    assert sum(told) >= 0.9 * len(told)
    assert max(each["seconds"] for each in lines) < 5
    assert max(each["peak_mb"] for each in lines) < 600

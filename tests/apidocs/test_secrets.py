"""Tokens in a collection out of somebody's own client are in nothing that is kept of it."""

import json

import msgspec
import pytest

from request_tracker.apidocs import load, measure
from request_tracker.apidocs.measuring.secrets import is_secret

ADDRESS = "https://api.acme.example/invoices?api_key=SECRET&limit=10"
ROW = [{"id": 7, "access_token": "SECRET", "inner": {"password": "SECRET"}, "total": 3}]
COLLECTION = {
    "info": {"name": "Acme", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
    "auth": {"type": "apikey", "apikey": [{"key": "key", "value": "X-Key"}, {"key": "value", "value": "SECRET"}]},
    "variable": [{"key": "base", "value": "https://me:SECRET@api.acme.example"}],
    "item": [
        {
            "name": "Invoices",
            "request": {
                "method": "GET",
                "header": [{"key": "Authorization", "value": "Bearer SECRET"}],
                "url": {"raw": ADDRESS, "host": ["api", "acme", "example"], "path": ["invoices"]},
            },
            "response": [
                {"code": 200, "header": [{"key": "Set-Cookie", "value": "SECRET"}], "body": json.dumps(ROW)},
            ],
        }
    ],
}
OPENAPI = {
    "openapi": "3.0.0",
    "info": {"title": "Acme", "version": "1"},
    "servers": [{"url": "https://me:SECRET@api.acme.example"}],
    "paths": {
        "/invoices": {
            "get": {
                "parameters": [{"name": "api_key", "in": "query", "required": True, "example": "SECRET"}],
                "responses": {"200": {"description": "", "content": {"application/json": {"example": ROW}}}},
            }
        }
    },
}


@pytest.mark.parametrize("document", [COLLECTION, OPENAPI])
def test_no_secret_is_kept(document: dict[str, object]) -> None:
    found = measure.analyse(load.load(json.dumps(document).encode()))
    assert [table.name for table in found.tables] == ["invoices"]
    assert found.examples["invoices"][0]["total"] == 3
    assert found.excerpts
    assert b"SECRET" not in msgspec.json.encode(found, enc_hook=dict)


def test_the_way_to_a_secret_and_what_counts_records_is_none() -> None:
    names = ("tokenUrl", "session_id", "token_type", "name", "access_token", "X-Api-Key", "client_secret", "Password")
    assert [is_secret(name) for name in names] == [False] * 4 + [True] * 4

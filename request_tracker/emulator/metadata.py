"""The catalogue of connector types: a small one of its own, to which the control can add entries."""

from flask import Blueprint, Response

from request_tracker.emulator.answers import missing, page, success
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, world

metadata = Blueprint("metadata", __name__)

# id, name, type, class, status
_KNOWN = (
    ("asana", "Asana", "Productivity", "standard", "general_availability"),
    ("connector_sdk", "Connector SDK", "Function", "standard", "general_availability"),
    ("cursor", "Cursor", "Engineering", "lite", "private_preview"),
    ("freshdesk", "Freshdesk", "Support", "standard", "general_availability"),
    ("github", "GitHub", "Engineering", "standard", "general_availability"),
    ("google_ads", "Google Ads", "Marketing", "standard", "general_availability"),
    ("google_sheets", "Google Sheets", "File", "standard", "general_availability"),
    ("greenhouse", "Greenhouse", "HumanResources", "standard", "general_availability"),
    ("hubspot", "HubSpot", "Marketing", "standard", "general_availability"),
    ("intercom", "Intercom", "Support", "standard", "general_availability"),
    ("jira", "Jira", "Engineering", "standard", "general_availability"),
    ("mailchimp", "Mailchimp", "Marketing", "standard", "general_availability"),
    ("okta", "Okta", "Security", "standard", "general_availability"),
    ("pipedrive", "Pipedrive", "Sales", "standard", "general_availability"),
    ("postgres", "PostgreSQL", "Database", "standard", "general_availability"),
    ("productboard", "Productboard", "Productivity", "lite", "general_availability"),
    ("salesforce", "Salesforce", "Sales", "standard", "general_availability"),
    ("sendgrid", "SendGrid", "Marketing", "lite", "beta"),
    ("shopify", "Shopify", "Sales", "standard", "general_availability"),
    ("stripe", "Stripe", "Finance", "standard", "general_availability"),
    ("typeform", "Typeform", "Marketing", "standard", "general_availability"),
    ("zendesk", "Zendesk Support", "Support", "standard", "general_availability"),
)


@metadata.get("/v1/metadata/connector-types")
@metadata.get("/v1/metadata/connectors")
def list_types() -> Response:
    return page(_types(world()), "Connectors list retrieved successfully")


@metadata.get("/v1/metadata/connector-types/<key>")
@metadata.get("/v1/metadata/connectors/<key>")
def get_type(key: str) -> Response:
    found = next((one for one in _types(world()) if one["id"] == key), None)
    if found is None:
        raise missing("Service", key)
    config = {"type": "object", "properties": {"schema": {"type": "string"}, "api_key": {"type": "string"}}}
    return success("Connector metadata retrieved successfully", {**found, "config": config, "auth": {}})


@metadata.get("/public/connector-types")
def list_public() -> Response:
    return success("Success", _types(world()))


def knows(here: World, service: str) -> bool:
    return any(one["id"] == service for one in _types(here))


def name_of(here: World, service: str) -> str:
    """A service's name for people; its id where the catalogue does not have it."""
    return str(next((one["name"] for one in _types(here) if one["id"] == service), service))


def set_type(here: World, wish: Doc) -> Doc:
    """Add or change an entry, so that a connector's way through its release phases can be played."""
    known = {one["id"]: one for one in _types(here)}.get(wish["id"], {})
    named = _entry(
        str(wish["id"]),
        str(wish.get("name") or known.get("name") or wish["id"]),
        str(wish.get("type") or known.get("type") or "API"),
        str(wish.get("connector_class") or known.get("connector_class") or "lite"),
        str(wish.get("service_status") or known.get("service_status") or "development"),
    )
    changed_on = here.now().date().isoformat()
    return here.state.put("connector_type", {**named, "service_status_updated_at": changed_on})


def _types(here: World) -> list[Doc]:
    known = {row[0]: _entry(*row) for row in _KNOWN}
    return list((known | {one["id"]: one for one in here.state.find("connector_type")}).values())


def _entry(key: str, name: str, kind: str, connector_class: str, status: str) -> Doc:
    return {
        "id": key,
        "name": name,
        "type": kind,
        "description": f"{name}, as the emulator knows it",
        "icons": [],
        "icon_url": f"https://docs.example/icons/{key}.svg",
        "link_to_docs": f"https://docs.example/connectors/{key}",
        "connector_class": connector_class,
        "supported_features": [],
        "service_status": status,
        "service_status_updated_at": "2026-01-05",
    }

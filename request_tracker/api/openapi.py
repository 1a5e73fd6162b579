"""The OpenAPI 3.1 document, made from the table of calls and the schemas that check the bodies."""

from typing import Any

from request_tracker.api.schemas import BODIES

Json = dict[str, Any]
CALLS = (
    ("post", "/requests", "Send a request", "Submission", 201),
    ("get", "/requests/{number}", "Read a request of your account", None, 200),
    ("post", "/requests/{number}/documents", "Add a document (multipart part `file`)", None, 201),
    ("post", "/requests/{number}/withdrawal", "Withdraw a request", None, 200),
    ("delete", "/requests/{number}/withdrawal", "Take a withdrawal back", None, 200),
    ("post", "/requests/{number}/primary", "Say whether you take the lead", "PrimaryAnswer", 200),
    ("post", "/requests/{number}/wanted", "Say that you still want a starter connector that is gone", None, 200),
    ("put", "/requests/{number}/would-preview", "Say whether you would join the private preview", "PreviewAnswer", 200),
    ("get", "/suggestions", "Similar cases and connectors that exist already", None, 200),
    ("get", "/board", "The public board, where the program opened it", None, 200),
    ("get", "/cases", "The queue, page by page", None, 200),
    ("get", "/search", "Cases by words in names, requests, comments and decisions", None, 200),
    ("get", "/cases/{number}", "Read a case", None, 200),
    ("post", "/cases/{number}/moves", "Make a move", "Move", 200),
    ("post", "/cases/{number}/undo", "Undo the last move or merge", "Version", 200),
    ("post", "/cases/{number}/sync", "Start the first sync", None, 200),
    ("get", "/cases/{number}/syncs", "The last syncs and the tables they bring", None, 200),
    ("get", "/cases/{number}/completeness", "The completeness review, table by table", None, 200),
    ("put", "/cases/{number}/completeness", "Say what was found of tables, or record the review", "Completeness", 200),
    ("get", "/cases/{number}/proposal", "The tables proposed from the API document, and which are needed", None, 200),
    ("put", "/cases/{number}/proposal", "Say which of the proposed tables are needed", "Proposal", 200),
    ("get", "/cases/{number}/project", "The starter project for them (zip)", None, 200),
    ("post", "/cases/{number}/trials", "Try the starter project against the document's examples", "Trial", 202),
    ("get", "/cases/{number}/trials", "The trial syncs of the case", None, 200),
    ("get", "/cases/{number}/trials/{run_id}", "A trial sync: counts, tables and warnings", None, 200),
    ("post", "/cases/{number}/evidence", "Record evidence", "Evidence", 201),
    ("delete", "/cases/{number}/evidence/{key}", "Void evidence", "Reason", 200),
    ("post", "/cases/{number}/documents", "Hand in an API document, or as multipart part `file`", "Document", 202),
    ("get", "/cases/{number}/documents", "API documents and how reading them stands", None, 200),
    ("get", "/cases/{number}/assessment", "What was measured, with evidence, and what was decided", None, 200),
    ("put", "/cases/{number}/assessment", "Confirm or override the assessment", "Assessment", 200),
    ("post", "/cases/{number}/holds", "Put on hold, with a question", "Hold", 201),
    ("post", "/cases/{number}/holds/{hold_id}/answer", "Answer a question", "Answer", 200),
    ("delete", "/cases/{number}/holds/{hold_id}", "Lift a hold", None, 200),
    ("post", "/cases/{number}/comments", "Comment", "Comment", 201),
    ("get", "/cases/{number}/meetings", "Consultation meetings, the newest first", None, 200),
    ("post", "/cases/{number}/meetings", "Offer meeting times", "MeetingOffer", 201),
    (
        "post",
        "/cases/{number}/meetings/{meeting_id}/{step}",
        "Book, move or cancel a meeting, propose other times, or note that it was held or missed",
        "MeetingStep",
        200,
    ),
    ("post", "/cases/{number}/merges", "Merge into another case", "Merge", 201),
    ("get", "/cases/{number}/merges/preview", "What a merge would change", None, 200),
    ("delete", "/merges/{merge_id}", "Unmerge", None, 200),
    ("post", "/merges/{merge_id}/swap", "Let the merged case lead instead", "Swap", 201),
    ("delete", "/merges/{merge_id}/together", "Undo all merges made together with this one", None, 200),
    ("post", "/cases/{number}/merges/bulk", "Merge several cases into this one, or none", "Merges", 201),
    ("post", "/cases/{number}/primary", "Choose who leads, or ask everybody again", "Primary", 200),
    ("put", "/cases/{number}/service", "Correct the service's name and addresses", "Correction", 200),
    ("get", "/cases/{number}/timeline", "What happened", None, 200),
    ("get", "/cases/{number}/clocks", "Clocks with every event and the arithmetic", None, 200),
    ("get", "/clock-changes/preview", "What a change of running clocks would do", None, 200),
    ("post", "/clock-changes", "Give running clocks another target or calendar", "ClockChange", 201),
    ("get", "/clock-changes/{change_id}", "How far a change of running clocks is", None, 200),
    ("get", "/cases/{number}/forecast", "When the next phases will likely begin", None, 200),
    ("get", "/cases/{number}/tables", "What the starter connector brings, and what was chosen", None, 200),
    ("put", "/cases/{number}/tables", "Choose tables, and columns to be hashed or left out", "Tables", 200),
    ("put", "/cases/{number}/schedule", "Choose how often the starter connector syncs", "Schedule", 200),
    ("get", "/me/letters", "How you hear of what, and your time zone", None, 200),
    ("put", "/me/letters", "Choose how you hear of what, and your time zone", "Letters", 200),
    ("get", "/reports/weekly", "The weekly report", None, 200),
)
QUERIES = {
    "/suggestions": ("service_name", "service_url", "api_docs_url"),
    "/board": ("q", "phase", "sort", "cursor"),
    "/search": ("q", "kind", "cursor", "limit"),
    "/cases": ("phase", "outcome", "assignee", "hold", "due", "q", "sort", "cursor", "limit"),
    "/cases/{number}/merges/preview": ("into",),
    "/clock-changes/preview": ("kind", "clock_id", "name", "target_days", "calendar_id"),
    "/reports/weekly": ("week", "specialist", "account"),
}


def document(base_url: str) -> Json:
    """The whole description; every call of the API has a row here (a test compares it with the routes)."""
    paths: Json = {}
    for method, path, summary, body, status in CALLS:
        paths.setdefault(path, {})[method] = _call(path, summary, body, status)
    return {
        "openapi": "3.1.0",
        "info": {"title": "request_tracker", "version": "1"},
        "servers": [{"url": f"{base_url}/api/v1"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": {**BODIES, "Problem": _problem()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _call(path: str, summary: str, body: str | None, status: int) -> Json:
    answer = {"description": "Done", "content": {"application/json": {"schema": {"type": "object"}}}}
    found: Json = {
        "summary": summary,
        "parameters": _parameters(path),
        "responses": {str(status): answer, "default": _fault()},
    }
    if body:
        schema = {"$ref": f"#/components/schemas/{body}"}
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return found


def _parameters(path: str) -> list[Json]:
    names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    return [
        *({"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names),
        *({"name": name, "in": "query", "schema": {"type": "string"}} for name in QUERIES.get(path, ())),
    ]


def _fault() -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": "A problem", "content": {"application/problem+json": {"schema": schema}}}


def _problem() -> Json:
    return {
        "type": "object",
        "required": ["title", "status"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": {"type": "array", "items": {"type": "object"}},
            "blockers": {"type": "array", "items": {"type": "object"}},
            "current_version": {"type": "integer"},
        },
    }

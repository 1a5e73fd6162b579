"""Merges over the API: preview, merge, unmerge."""

from typing import Any

from flask import Response, jsonify
from flask import request as http

from request_tracker.access import wiring
from request_tracker.actions import merge as merging
from request_tracker.actions.advance import Stale
from request_tracker.actions.unfit import Unfit
from request_tracker.api import api
from request_tracker.api.problems import problem
from request_tracker.api.schemas import read_body
from request_tracker.store import cases, merges, reading_case
from request_tracker.store.cases import Case, case_number


@api.post("/cases/<number>/merges")
def create_merge(number: str) -> Response:
    body = read_body("Merge")
    try:
        with wiring.transaction() as session:
            child = reading_case.case_for(session, number, wiring.viewer())
            into = reading_case.case_for(session, body["into"], wiring.viewer())
            link = merging.merge(
                session, child, into, wiring.act(), version=body["version"], into_version=body["into_version"]
            )
            answer = jsonify({"id": link.id, "child": child.number, "root": case_number(link.into_id)})
    except Stale as stale:
        return _stale(stale, number, body["into"])
    answer.status_code = 201
    return answer


def _stale(stale: Stale, number: str, into_number: str) -> Response:
    """Somebody was quicker: the answer carries a fresh preview to decide by."""
    with wiring.reading() as session:
        child, into = cases.by_number(session, number), cases.by_number(session, into_number)
        fresh = _shape(merging.preview(session, child, into, wiring.act()))
    return problem(409, "stale", detail=str(stale), current_version=stale.case.version, preview=fresh)


@api.get("/cases/<number>/merges/preview")
def preview_merge(number: str) -> Response:
    into_number = http.args.get("into", "")
    if not into_number:
        raise Unfit("into", "Name the case to merge into, for example ?into=LITE-000045")
    with wiring.reading() as session:
        child = cases.by_number(session, number)
        into = cases.by_number(session, into_number)
        return jsonify(_shape(merging.preview(session, child, into, wiring.act())))


@api.delete("/merges/<int(max=2147483647):merge_id>")
def delete_merge(merge_id: int) -> Response:
    with wiring.transaction() as session:
        link = merging.unmerge(session, merges.by_id(session, merge_id), wiring.act())
        child = session.get_one(Case, link.child_id)
        return jsonify({"id": link.id, "child": child.number, "root": child.number, "version": child.version})


def _shape(found: merging.Preview) -> dict[str, Any]:
    persons, accounts = found.after
    return {
        "child": found.child.number,
        "root": found.root.number,
        "version": found.child.version,
        "into_version": found.root.version,
        "allowed": not found.blockers,
        "blockers": [{"key": b.key, "reason": b.reason, "fix": b.fix} for b in found.blockers],
        "swap_is_better": found.swap,
        "supporters": {
            "child": _count(found.before[0]),
            "root": _count(found.before[1]),
            "after": {"persons": persons, "accounts": accounts},
        },
        "persons_told": found.told,
        "answers_review": found.closes,
    }


def _count(pair: tuple[int, int]) -> dict[str, int]:
    return {"persons": pair[0], "accounts": pair[1]}

"""Merges over the API: preview, merge (one or several), swap, unmerge."""

from typing import Any

from flask import Response, jsonify
from flask import request as http
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from request_tracker.access import wiring
from request_tracker.actions import merge as merging
from request_tracker.actions.merge import NotAll, RowFault
from request_tracker.actions.merge_preview import Count, Preview, preview, preview_swap
from request_tracker.actions.unfit import Unfit
from request_tracker.actions.versions import Stale
from request_tracker.api import api, shapes
from request_tracker.api.problems import problem
from request_tracker.api.schemas import read_body
from request_tracker.rules.phases import Blocker
from request_tracker.rules.process import Refused
from request_tracker.store import cases, merges, reading_case
from request_tracker.store.cases import Case, NoSuchCase, case_number
from request_tracker.store.merges import Merge

Json = dict[str, Any]
STALE = (Stale, StaleDataError, IntegrityError)


class NoSuchCases(NotAll):
    """Some of the numbers are no case's."""

    def __str__(self) -> str:
        return "; ".join(row.blockers[0].reason for row in self.rows)


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
            answer = jsonify(_link(link))
    except STALE as fault:
        return _stale(fault, preview=_fresh(number, body["into"]))
    except Refused as fault:
        return _refused(fault, preview=_fresh(number, body["into"]))
    answer.status_code = 201
    return answer


@api.get("/cases/<number>/merges/preview")
def preview_merge(number: str) -> Response:
    into_number = http.args.get("into", "")
    if not into_number:
        raise Unfit("into", "Name the case to merge into, for example ?into=LITE-000045")
    return jsonify(_fresh(number, into_number))


@api.post("/cases/<number>/merges/bulk")
def create_merges(number: str) -> Response:
    """Several cases into this one: all of them, or none."""
    body = read_body("Merges")
    try:
        with wiring.transaction() as session:
            into = reading_case.case_for(session, number, wiring.viewer())
            rows = _children(session, body["children"])
            made = merging.merge_all(session, rows, into, wiring.act(), into_version=body["into_version"])
            answer = jsonify([_link(link) for link in made])
    except NoSuchCases as fault:
        return problem(404, "No such case", detail=str(fault), rows=[_row(row) for row in fault.rows])
    except NotAll as fault:
        return problem(409, "not all of these can be merged", rows=[_row(row) for row in fault.rows])
    except STALE as fault:
        return _stale(fault)
    answer.status_code = 201
    return answer


@api.delete("/merges/<int(max=2147483647):merge_id>")
def delete_merge(merge_id: int) -> Response:
    with wiring.transaction() as session:
        link = merging.unmerge(session, merges.by_id(session, merge_id), wiring.act())
        child = session.get_one(Case, link.child_id)
        return jsonify({"id": link.id, "child": child.number, "root": child.number, "version": child.version})


@api.post("/merges/<int(max=2147483647):merge_id>/swap")
def swap_merge(merge_id: int) -> Response:
    """The child leads from now on: `version` is the child's, `into_version` that of the case above it."""
    body = read_body("Swap")
    try:
        with wiring.transaction() as session:
            link = merges.by_id(session, merge_id)
            new = merging.swap(session, link, wiring.act(), version=body["version"], into_version=body["into_version"])
            answer = jsonify(_link(new))
    except STALE as fault:
        return _stale(fault, preview=_fresh_swap(merge_id))
    except Refused as fault:
        return _refused(fault, preview=_fresh_swap(merge_id))
    answer.status_code = 201
    return answer


@api.delete("/merges/<int(max=2147483647):merge_id>/together")
def undo_merges(merge_id: int) -> Response:
    """Undo all merges that were made together with this one, inside the undo window."""
    with wiring.transaction() as session:
        found = merging.unmerge_all(session, merges.by_id(session, merge_id), wiring.act())
        return jsonify([{"id": link.id, "child": case_number(link.child_id)} for link in found])


def _children(session: Session, sent: list[Json]) -> list[tuple[Case, int]]:
    """Each case with the version it was looked at. Raises NoSuchCases with every number that no case has."""
    found: list[tuple[Case, int]] = []
    faults: list[RowFault] = []
    for each in sent:
        try:
            found.append((reading_case.case_for(session, each["number"], wiring.viewer()), each["version"]))
        except NoSuchCase as fault:
            faults.append(RowFault(each["number"], (Blocker("unknown", str(fault), "merges"),)))
    if faults:
        raise NoSuchCases(faults)
    return found


def _link(link: Merge) -> Json:
    return {"id": link.id, "child": case_number(link.child_id), "root": case_number(link.into_id)}


def _row(row: RowFault) -> Json:
    return {"number": row.number, "stale": True} if row.stale else {"number": row.number, "blockers": _told(row)}


def _told(fault: RowFault | Refused | Preview) -> list[Json]:
    return [{"key": b.key, "reason": b.reason, "fix": b.fix} for b in fault.blockers]


def _stale(fault: Exception, **more: Any) -> Response:
    """Somebody was quicker: the answer carries what to decide by now."""
    if isinstance(fault, Stale):
        return problem(409, "stale", detail=str(fault), current_version=fault.case.version, **more)
    return problem(409, "stale", detail="Somebody else did something at the same moment: look again", **more)


def _refused(fault: Refused, **more: Any) -> Response:
    return problem(409, fault.title, blockers=_told(fault), **more)


def _fresh(number: str, into_number: str) -> Json:
    with wiring.reading() as session:
        child, into = cases.by_number(session, number), cases.by_number(session, into_number)
        return _shape(preview(session, child, into, wiring.act()))


def _fresh_swap(merge_id: int) -> Json | None:
    with wiring.reading() as session:
        link = merges.by_id(session, merge_id)
        return _shape(preview_swap(session, link, wiring.act())) if link.unmerged_at is None else None


def _shape(found: Preview) -> Json:
    mine, theirs, after = found.counts
    return {
        "child": found.child.number,
        "root": found.root.number,
        "version": found.child.version,
        "into_version": found.root.version,
        "allowed": not found.blockers,
        "blockers": _told(found),
        "swap_is_better": found.swap,
        "supporters": {
            "child": _count(mine),
            "root": _count(theirs),
            "after": _count(after),
            "overlap": _count(found.overlap),
        },
        "would_join": {"child": mine.would_join, "root": theirs.would_join, "after": after.would_join},
        "persons_told": found.told,
        "letters": [
            {"notice": each.notice, "title": each.title, "persons": each.persons, "at": shapes.instant(each.at)}
            for each in found.letters
        ],
        "answers_review": found.closes,
        "clocks": [
            {
                "case": each.case,
                "label": each.label,
                "due_at": shapes.instant(each.due_at),
                "overdue": each.is_overdue,
                "after": each.after,
            }
            for each in found.clocks
        ],
        "stays_overdue": found.stays_overdue,
        "waiting": [{"waits_for": each.waits_for, "question": each.question} for each in found.waiting],
        "starter": found.starter or None,
        "asked_to_lead": found.asked or None,
    }


def _count(count: Count) -> Json:
    return {"persons": count.persons, "accounts": count.accounts}

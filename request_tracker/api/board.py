"""The public board over the API, for whoever may read it: off unless the program opened it."""

from flask import Response, abort, jsonify
from flask import request as http

from request_tracker.access import wiring
from request_tracker.api import api, shapes
from request_tracker.store import board as store
from request_tracker.store import reading_board
from request_tracker.store.reading_board import Asked, BoardCase


@api.get("/board")
def board() -> Response:
    names = ("q", "phase", "cursor")
    asked = Asked(
        **{name: http.args.get(name, "") for name in names}, sort=http.args.get("sort", "") or reading_board.SORTS[0]
    )
    with wiring.reading() as session:
        if not store.may_read(session, wiring.viewer()):
            abort(404, "There is no public board in this program")
        page = reading_board.page(session, asked, wiring.viewer())
    exists = [{"name": each.name, "service": each.service} for each in page.exists]
    return jsonify({"items": [_row(each) for each in page.items], "exists": exists, "next_cursor": page.next_cursor})


def _row(row: BoardCase) -> dict[str, object]:
    return {
        "case": row.number,
        "service_name": row.service_name,
        "phase": row.stage,
        "docs_url": row.docs_url or None,
        "opened_at": shapes.instant(row.opened_at),
        "accounts": row.accounts,
        "own_request": row.mine or None,
    }

"""The local mailbox: what was sent, so that nothing needs a mail server to be tried."""

from typing import Any

from flask import Blueprint, Response, abort, jsonify, make_response, render_template
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.store import reading_mailbox
from request_tracker.store.reading_mailbox import LetterRow, NoSuchLetter

mailbox = Blueprint("mailbox", __name__)
ON_A_PAGE = 50
FOR_PROGRAMS = 1000
LETTER_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
"""A letter carries its style within it, as mail must; scripts in it can run neither by this nor by the sandbox."""


@mailbox.get("/mailbox")
def index() -> ResponseReturnValue:
    if _wants_json():
        return as_json()
    with wiring.reading() as session:
        box = reading_mailbox.sent(session, limit=ON_A_PAGE, before=http.args.get("before", type=int))
    return _varied(render_template("mailbox/index.html", box=box))


@mailbox.get("/mailbox.json")
def as_json() -> Response:
    with wiring.reading() as session:
        box = reading_mailbox.sent(session, limit=FOR_PROGRAMS, before=http.args.get("before", type=int))
    return _varied(jsonify({"items": [_shape(row) for row in box.items]}))


@mailbox.get("/mailbox/<int(max=2147483647):letter_id>")
def letter(letter_id: int) -> Response:
    try:
        with wiring.reading() as session:
            found = reading_mailbox.letter(session, letter_id)
    except NoSuchLetter as fault:
        abort(404, str(fault))
    answer = make_response(render_template("mailbox/letter.html", letter=found))
    answer.headers["Content-Security-Policy"] = LETTER_POLICY
    return answer


def _wants_json() -> bool:
    best = http.accept_mimetypes.best_match(("text/html", "application/json"), default="text/html")
    return best == "application/json"


def _varied(body: str | Response) -> Response:
    answer = make_response(body)
    answer.vary.add("Accept")
    return answer


def _shape(row: LetterRow) -> dict[str, Any]:
    return {
        "to": row.to,
        "subject": row.subject,
        "text": row.text,
        "html": row.html,
        "message_id": row.message_id,
        "sent_at": row.sent_at.isoformat().replace("+00:00", "Z"),
    }

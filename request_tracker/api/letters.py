"""Over the API: how the one who asks hears of what, and in which zone."""

from typing import Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import preferences as action
from request_tracker.api import api, shapes
from request_tracker.api.keyed import keyed
from request_tracker.api.schemas import read_body
from request_tracker.rules.notices import Topic, topics_of, ways_of
from request_tracker.store import preferences
from request_tracker.store.people import Person


@api.get("/me/letters")
def read_letters() -> ResponseReturnValue:
    with wiring.reading() as session:
        return jsonify(_shape(session))


@api.put("/me/letters")
def put_letters() -> Response:
    """Only what is named is changed; all or nothing."""
    body = read_body("Letters")
    with wiring.transaction() as session:

        def done() -> dict[str, Any]:
            ways = {Topic(name): way for name, way in body.get("topics", {}).items()}
            action.choose(session, ways, wiring.act())
            if "zone" in body:
                action.live_in(session, body["zone"], wiring.act())
            session.flush()
            return _shape(session)

        return keyed(session, done)


def _shape(session: Session) -> dict[str, Any]:
    viewer = wiring.viewer()
    assert viewer.id is not None, "a token belongs to a person"
    chosen, ways = preferences.chosen(session, viewer.id), preferences.ways(session, viewer.id)
    topics = {
        str(topic): {
            "way": ways[topic],
            "ways": ways_of(topic),
            "via": row.via if row else None,
            "since": shapes.instant(row.changed_at) if row else None,
        }
        for topic in topics_of(viewer.role)
        for row in (chosen[topic],)
    }
    zone, waiting = session.get_one(Person, viewer.id).zone, preferences.waiting(session, viewer.id)
    return {"topics": topics, "zone": zone, "waiting": waiting}

"""Places in the list of pairs: where a page ends, as a cursor that an address can carry."""

import base64
import json
import math
from typing import NamedTuple

from request_tracker.store.reading_queue import MOST_ROWS, BadFilter


class Place(NamedTuple):
    """Where a pair stands in the list: what comes after it has a lower score, or the same and a lower id."""

    score: float
    id: int


def cursor_of(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def place_at(cursor: str) -> Place:
    """Raises BadFilter for what no page ever gave."""
    try:
        score, last = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = Place(float(score), int(last))
        if not (math.isfinite(place.score) and 0 <= place.id < MOST_ROWS):
            raise ValueError(cursor)
        return place
    except (ValueError, TypeError, OverflowError, RecursionError) as fault:
        raise BadFilter("cursor: use the link to the next page, unchanged") from fault

"""A person chooses how to hear of what: on their page, or by the link in a letter; and in which zone."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from request_tracker import seals
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.notices import Topic, Way, topics_of, ways_of
from request_tracker.rules.people import Act
from request_tracker.rules.zones import zone_missing, zone_named
from request_tracker.store import preferences
from request_tracker.store.people import Person

_PURPOSE = "unsubscribe"


def choose(session: Session, ways: Mapping[Topic, str], act: Act) -> tuple[Topic, ...]:
    """Keep what the person typed for these topics; answers those that changed. Raises Unfit."""
    assert act.who.id is not None, "only a person chooses"
    fitting = {topic: _fitting(topic, typed, act) for topic, typed in ways.items()}
    before = preferences.ways(session, act.who.id)
    changed = tuple(topic for topic, way in fitting.items() if before[topic] is not way)
    for topic in changed:
        preferences.put(session, act.who.id, topic, fitting[topic], via="page", now=act.now)
    return changed


def live_in(session: Session, zone: str, act: Act) -> bool:
    """Letters and pages tell times in this zone from now on; True when it is another. Raises Unfit."""
    assert act.who.id is not None, "only a person lives somewhere"
    named = zone_named(zone)
    if not named:
        raise Unfit("zone", zone_missing(zone))
    person = session.get_one(Person, act.who.id)
    changed = person.zone != named
    person.zone = named
    return changed


def leaving(secret: str, person_id: int, topics: Sequence[Topic]) -> str:
    """The part of an address by which a person's letters on the topics are turned off without a sign-in.

    It never ends: a letter can be found again after years, and its link must still work (RFC 8058).
    """
    return seals.sealed(secret, _PURPOSE, {"person": person_id, "topics": [topic.value for topic in topics]})


def read_leaving(secret: str, token: str, act: Act) -> tuple[int, tuple[Topic, ...]]:
    """Whose letters on which topics the link is about. Raises seals.BadSeal."""
    words = seals.opened(secret, _PURPOSE, token, now=act.now)
    try:
        return int(words["person"]), tuple(Topic(each) for each in words["topics"])
    except (KeyError, TypeError, ValueError) as fault:
        raise seals.BadSeal("This link is not complete: open it from the letter again") from fault


def leave(session: Session, person_id: int, topics: Sequence[Topic], act: Act) -> bool:
    """Turn these topics off for the owner of the link. False when all were off already: nothing changes then."""
    ways = preferences.ways(session, person_id)
    still_on = [topic for topic in topics if ways[topic] is not Way.OFF]
    for topic in still_on:
        preferences.put(session, person_id, topic, Way.OFF, via="link", now=act.now)
    return bool(still_on)


def _fitting(topic: Topic, typed: str, act: Act) -> Way:
    try:
        way = Way(typed)
    except ValueError:
        raise Unfit(topic, f"Choose how to hear of “{topic.words}”") from None
    if topic not in topics_of(act.who.role):
        raise Unfit(topic, f"Your role gets no letters on “{topic.words}”")
    if way not in ways_of(topic):
        raise Unfit(topic, f"“{topic.words}” comes at once or not at all")
    return way

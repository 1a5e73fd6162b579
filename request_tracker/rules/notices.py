"""The table of notices: event → to whom, which template, what must be said."""

from dataclasses import dataclass
from enum import StrEnum

from request_tracker.rules.terms import Role


class Audience(StrEnum):
    PRIMARY = "primary"
    EVERYBODY = "everybody"
    ASSIGNEE = "assignee"
    SUBMITTER = "submitter"
    SPECIALISTS = "specialists"
    LEADS = "leads"
    ADMINS = "admins"
    GUEST = "guest"
    HOST = "host"


class Topic(StrEnum):
    """What a person may ask to hear of later, gathered, or not at all."""

    PROGRESS = "progress"
    COMMENTS = "comments"
    PROMISES = "promises"
    DUTIES = "duties"
    REPORT = "report"

    @property
    def words(self) -> str:
        return TOPIC_WORDS[self]


TOPIC_WORDS = {
    Topic.PROGRESS: "How your requests move on",
    Topic.COMMENTS: "Comments and answers",
    Topic.PROMISES: "Promises at risk or broken",
    Topic.DUTIES: "Cases and accounts that need somebody",
    Topic.REPORT: "The weekly report",
}


class Way(StrEnum):
    """How somebody hears of a topic."""

    INSTANT = "instant"
    DAILY = "daily"
    WEEKLY = "weekly"
    OFF = "off"

    @property
    def gathers(self) -> bool:
        return self in (Way.DAILY, Way.WEEKLY)

    @property
    def words(self) -> str:
        return WAY_WORDS[self]


WAY_WORDS = {
    Way.INSTANT: "At once",
    Way.DAILY: "Once a day",
    Way.WEEKLY: "Once a week",
    Way.OFF: "Not by letter",
}

_WORKERS = frozenset({Role.SPECIALIST, Role.LEAD, Role.ENGINEER})
TOPIC_ROLES = {
    Topic.PROGRESS: frozenset({Role.REQUESTER}),
    Topic.COMMENTS: frozenset({Role.REQUESTER}) | _WORKERS,
    Topic.PROMISES: _WORKERS,
    Topic.DUTIES: _WORKERS | {Role.ADMIN},
    Topic.REPORT: _WORKERS | {Role.ADMIN, Role.AUDITOR},
}
"""Whom letters on a topic can reach, so who may choose how."""


def topics_of(role: Role) -> tuple[Topic, ...]:
    return tuple(topic for topic in Topic if role in TOPIC_ROLES[topic])


def reaches(notice: "Notice", role: Role) -> bool:
    """Whether letters of this notice can go to somebody of the role."""
    roles = {
        Audience.ASSIGNEE: _WORKERS,
        Audience.SPECIALISTS: frozenset({Role.SPECIALIST, Role.LEAD}),
        Audience.HOST: frozenset({Role.SPECIALIST, Role.LEAD}),
        Audience.LEADS: frozenset({Role.LEAD}),
        Audience.ADMINS: frozenset({Role.ADMIN}),
    }
    return any(role in roles.get(audience, frozenset({Role.REQUESTER})) for audience in notice.audience)


def ways_of(topic: Topic) -> tuple[Way, ...]:
    """What may be chosen. The weekly report is gathered already: it comes whole, or not at all."""
    return (Way.INSTANT, Way.OFF) if topic is Topic.REPORT else tuple(Way)


@dataclass(frozen=True)
class Notice:
    """`template` is a folder under templates/mail; `at_once` ones do not wait for the undo window.

    Without a `topic` it must be said: always, at once, whatever its reader chose. Without an audience it is sent to
    nobody by itself: others' letters are told in it.
    """

    name: str
    audience: tuple[Audience, ...]
    title: str
    at_once: bool = False
    topic: Topic | None = None

    @property
    def must(self) -> bool:
        return self.topic is None and bool(self.audience)

    @property
    def because(self) -> str:
        """Why it comes whatever its reader chose; empty for what may be chosen."""
        return _BECAUSE.get(self.name, DECIDED) if self.must else ""

    @property
    def template(self) -> str:
        return self.name


ASKED = "it asks something of you that others wait for"
CONFIRMED = "it confirms what was sent in your name"
MEETS = "it is about a meeting that you take part in"
DECIDED = "it tells you what was decided, which you must know"
_BECAUSE = {
    **dict.fromkeys(("receipt", "joined", "on_behalf"), CONFIRMED),
    **dict.fromkeys(
        ("question", "connect", "slots", "minutes", "access_lost", "verify", "primary_asked", "promoted"), ASKED
    ),
    **dict.fromkeys(("still_wanted", "access_broken", "fivetran_key", "many_missing"), ASKED),
    **dict.fromkeys(("meeting_asked", "minutes_wrong"), ASKED),
    **dict.fromkeys(("meeting_booked", "meeting_moved", "meeting_cancelled", "meeting_tomorrow"), MEETS),
}
"""All others that must be said tell of a decision."""

_EVERYBODY = (Audience.EVERYBODY,)
_PRIMARY = (Audience.PRIMARY,)
_STAFF = (Audience.ASSIGNEE, Audience.LEADS)
_MET = (Audience.GUEST, Audience.HOST)
"""Both who meet."""
NOTICES = {
    notice.name: notice
    for notice in (
        Notice("receipt", (Audience.SUBMITTER,), "We have your request", at_once=True),
        Notice("joined", (Audience.SUBMITTER,), "You joined a request", at_once=True),
        Notice("in_review", _EVERYBODY, "Your request is in review", topic=Topic.PROGRESS),
        Notice("question", _PRIMARY, "We have a question", at_once=True),
        Notice("answered", (Audience.ASSIGNEE,), "The requester answered", at_once=True, topic=Topic.COMMENTS),
        Notice("accepted", _EVERYBODY, "Your request was accepted"),
        Notice("declined", _EVERYBODY, "About your request"),
        Notice("declined_late", _EVERYBODY, "We cannot build this connector after all"),
        Notice("connect", _PRIMARY, "Grant access to your service"),
        Notice("slots", _PRIMARY, "Times for our meeting", at_once=True),
        Notice("meeting_booked", _MET, "Our meeting is booked", at_once=True),
        Notice("meeting_moved", _MET, "Our meeting has changed", at_once=True),
        Notice("meeting_cancelled", _MET, "Our meeting is cancelled", at_once=True),
        Notice("meeting_tomorrow", _MET, "Our meeting is near", at_once=True),
        Notice("meeting_asked", (Audience.HOST,), "Another meeting time is asked for", at_once=True),
        Notice("minutes_wrong", (Audience.ASSIGNEE,), "The minutes are not right", at_once=True),
        Notice("minutes", _PRIMARY, "Please confirm what we noted", at_once=True),
        Notice("build_started", _EVERYBODY, "We started building", topic=Topic.PROGRESS),
        Notice("rescoped", _EVERYBODY, "Your request is reviewed once more", topic=Topic.PROGRESS),
        Notice("access_lost", _PRIMARY, "We lost access to your service"),
        Notice("preview_opened", _EVERYBODY, "Your connector is in private preview"),
        Notice("verify", _PRIMARY, "Please check the data"),
        Notice("rework", _EVERYBODY, "We are closing gaps in your connector", topic=Topic.PROGRESS),
        Notice("released", _EVERYBODY, "Your connector is generally available"),
        Notice("withdrawn", (Audience.SUBMITTER, Audience.ASSIGNEE), "Your request was withdrawn"),
        Notice("promoted", _PRIMARY, "You are now the main contact for this request"),
        Notice("primary_asked", (Audience.SUBMITTER,), "Will you take the lead?"),
        Notice("primary_vacant", (Audience.ASSIGNEE,), "Nobody leads a case", at_once=True, topic=Topic.DUTIES),
        Notice("on_behalf", (Audience.SUBMITTER,), "We sent a request for you", at_once=True),
        Notice("reopened", _EVERYBODY, "Your request is reviewed again", topic=Topic.PROGRESS),
        Notice("reinstated", _EVERYBODY, "Your request goes on", topic=Topic.PROGRESS),
        Notice("closed", _EVERYBODY, "Your request was closed"),
        Notice("merged", (Audience.SUBMITTER,), "Your request was combined with another"),
        Notice("unmerged", (Audience.SUBMITTER,), "Your request stands alone again"),
        Notice("comment", (Audience.ASSIGNEE,), "A new comment", at_once=True, topic=Topic.COMMENTS),
        Notice("reply", _PRIMARY, "A new comment", at_once=True, topic=Topic.COMMENTS),
        Notice("promise_moved", _EVERYBODY, "Your promised date has moved", at_once=True, topic=Topic.PROGRESS),
        Notice("at_risk", (Audience.ASSIGNEE,), "A promise is at risk", topic=Topic.PROMISES),
        Notice("breach", _STAFF, "A promise was broken", topic=Topic.PROMISES),
        Notice("wait_over", (Audience.ASSIGNEE,), "A wait goes on", at_once=True, topic=Topic.DUTIES),
        Notice("clocks_differ", (Audience.ADMINS, Audience.LEADS), "Clocks were put right", topic=Topic.DUTIES),
        Notice("starter_missing", (Audience.ASSIGNEE,), "A starter connector is missing", topic=Topic.DUTIES),
        Notice("sync_failed", (Audience.ASSIGNEE,), "A sync failed", topic=Topic.DUTIES),
        Notice("sync_late", (Audience.ASSIGNEE,), "A first sync is late", topic=Topic.DUTIES),
        Notice("still_wanted", _PRIMARY, "Do you still want the starter connector?"),
        Notice("access_broken", _PRIMARY, "Please grant access again"),
        Notice("fivetran_down", (Audience.SPECIALISTS,), "Fivetran does not answer", at_once=True, topic=Topic.DUTIES),
        Notice("fivetran_key", (Audience.ADMINS,), "Fivetran does not take our key", at_once=True),
        Notice("many_missing", (Audience.ADMINS,), "Many connections are missing at once", at_once=True),
        Notice("hook_stopped", (Audience.ADMINS,), "A webhook was stopped", at_once=True, topic=Topic.DUTIES),
        Notice("starter_failed", (Audience.ASSIGNEE,), "A starter connector was refused", topic=Topic.DUTIES),
        Notice("starter_left", (Audience.ADMINS,), "A connection is left in Fivetran", topic=Topic.DUTIES),
        Notice("bind_group", (Audience.ADMINS,), "A customer account needs a Fivetran group", topic=Topic.DUTIES),
        Notice("digest", (), "What happened since the last letter", at_once=True),
        Notice("weekly_report", (Audience.LEADS,), "Weekly report", topic=Topic.REPORT),
    )
}

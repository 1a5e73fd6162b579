"""The table of notices: event → to whom, which template, what must be said."""

from dataclasses import dataclass
from enum import StrEnum


class Audience(StrEnum):
    PRIMARY = "primary"
    EVERYBODY = "everybody"
    ASSIGNEE = "assignee"
    SUBMITTER = "submitter"
    LEADS = "leads"
    ADMINS = "admins"


@dataclass(frozen=True)
class Notice:
    """`template` is a folder under templates/mail; `at_once` ones do not wait for the undo window."""

    name: str
    audience: tuple[Audience, ...]
    title: str
    at_once: bool = False
    must: bool = False

    @property
    def template(self) -> str:
        return self.name


_EVERYBODY = (Audience.EVERYBODY,)
_PRIMARY = (Audience.PRIMARY,)
_STAFF = (Audience.ASSIGNEE, Audience.LEADS)
NOTICES = {
    notice.name: notice
    for notice in (
        Notice("receipt", (Audience.SUBMITTER,), "We have your request", at_once=True, must=True),
        Notice("joined", (Audience.SUBMITTER,), "You joined a request", at_once=True, must=True),
        Notice("in_review", _EVERYBODY, "Your request is in review"),
        Notice("question", _PRIMARY, "We have a question", at_once=True, must=True),
        Notice("answered", (Audience.ASSIGNEE,), "The requester answered", at_once=True),
        Notice("accepted", _EVERYBODY, "Your request was accepted", must=True),
        Notice("declined", _EVERYBODY, "About your request", must=True),
        Notice("declined_late", _EVERYBODY, "We cannot build this connector after all", must=True),
        Notice("connect", _PRIMARY, "Grant access to your service", must=True),
        Notice("slots", _PRIMARY, "Times for our meeting", at_once=True, must=True),
        Notice("minutes", _PRIMARY, "Please confirm what we noted", at_once=True, must=True),
        Notice("build_started", _EVERYBODY, "We started building"),
        Notice("rescoped", _EVERYBODY, "Your request is reviewed once more"),
        Notice("access_lost", _PRIMARY, "We lost access to your service", must=True),
        Notice("preview_opened", _EVERYBODY, "Your connector is in private preview", must=True),
        Notice("verify", _PRIMARY, "Please check the data", must=True),
        Notice("rework", _EVERYBODY, "We are closing gaps in your connector"),
        Notice("released", _EVERYBODY, "Your connector is generally available", must=True),
        Notice("withdrawn", (Audience.SUBMITTER, Audience.ASSIGNEE), "Your request was withdrawn", must=True),
        Notice("promoted", _PRIMARY, "You are now the main contact for this request", must=True),
        Notice("primary_asked", (Audience.SUBMITTER,), "Will you take the lead?", must=True),
        Notice("primary_vacant", (Audience.ASSIGNEE,), "Nobody leads a case", at_once=True),
        Notice("on_behalf", (Audience.SUBMITTER,), "We sent a request for you", at_once=True, must=True),
        Notice("reopened", _EVERYBODY, "Your request is reviewed again"),
        Notice("reinstated", _EVERYBODY, "Your request goes on"),
        Notice("closed", _EVERYBODY, "Your request was closed", must=True),
        Notice("merged", (Audience.SUBMITTER,), "Your request was combined with another", must=True),
        Notice("unmerged", (Audience.SUBMITTER,), "Your request stands alone again", must=True),
        Notice("comment", (Audience.ASSIGNEE,), "A new comment", at_once=True),
        Notice("reply", _PRIMARY, "A new comment", at_once=True),
        Notice("at_risk", (Audience.ASSIGNEE,), "A promise is at risk"),
        Notice("breach", _STAFF, "A promise was broken"),
        Notice("starter_missing", (Audience.ASSIGNEE,), "A starter connector is missing"),
        Notice("bind_group", (Audience.ADMINS,), "A customer account needs a Fivetran group"),
        Notice("weekly_report", (Audience.LEADS,), "Weekly report"),
    )
}

"""What is posted from the case page about the case itself: its name put right, and who leads it."""

from collections.abc import Callable

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import correct as correcting
from request_tracker.actions import heir
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.correcting import FIELDS
from request_tracker.store import reading_case
from request_tracker.store.cases import Case
from request_tracker.store.requests import NoSuchRequest
from request_tracker.web.case_writes import typed, version, write
from request_tracker.web.texts import say


def correct(number: str) -> ResponseReturnValue:
    def work(session: Session, case: Case) -> object:
        wanted = {name: typed(name) for name in FIELDS}
        known = wiring.knowledge(session)
        return correcting.correct(session, case, wanted, wiring.act(), version=version(), knowledge=known)

    done = say("case_corrected")
    return write(number, "correct", work, done=done, anchor="request")


def make_primary(number: str) -> ResponseReturnValue:
    def work(session: Session, case: Case) -> object:
        try:
            request = reading_case.request_for(session, typed("request"), wiring.viewer())
        except NoSuchRequest as fault:
            raise Unfit("request", "Choose one of those who ask for this now") from fault
        heir.choose(session, case, request, wiring.act(), version=version(), consent=typed("consent"))
        return case

    return write(number, "primary", work, done=say("primary_again"), anchor="supporters")


def ask_again(number: str) -> ResponseReturnValue:
    def work(session: Session, case: Case) -> object:
        heir.ask_again(session, case, wiring.act(), version=version())
        return case

    done = say("all_asked_again")
    return write(number, "ask-again", work, done=done, anchor="supporters")


ROUTES: tuple[tuple[str, Callable[..., ResponseReturnValue]], ...] = (
    ("/correction", correct),
    ("/primary", make_primary),
    ("/primary/ask", ask_again),
)
"""Below /cases/<number>; the endpoint is the function's name."""

"""How a promise is counted, for the people it was made to."""

from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.rules.phases import CLOCKS
from request_tracker.store import cases, clocks, reading_case
from request_tracker.store.cases import Case
from request_tracker.web import clock_story
from request_tracker.web.clock_story import Story

promises = Blueprint("promises", __name__)


@dataclass(frozen=True)
class PromiseTold:
    id: int
    label: str
    story: Story


@promises.get("/requests/<number>/promise")
def show(number: str) -> ResponseReturnValue:
    """Every promise of the case the request goes on in, those that have ended too."""
    viewer = wiring.viewer()
    with wiring.reading() as session:
        request = reading_case.request_for(session, number, viewer)
        root = cases.root_of(session, session.get_one(Case, request.case_id))
        full = reading_case.view(session, root, wiring.act()).full
        kept = [
            row for row in clocks.of_case(session, root.id) if row.state != "void" and not CLOCKS[row.name].internal
        ]
        told = [
            PromiseTold(
                row.id,
                CLOCKS[row.name].words(row.cycle),
                clock_story.story(session, row, viewer, wiring.now(), full=full),
            )
            for row in reversed(kept)
        ]
    return render_template("requests/promise.html", number=request.number, service=request.service_name, told=told)

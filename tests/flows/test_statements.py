"""What a page asks of the database does not grow with its rows: the pages that count nowhere else."""

import pytest
from factories import MONDAY, Cast, Counted, a_case, a_request, act
from flask import Flask
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.actions import hold
from request_tracker.store import people
from request_tracker.store.people import Person

MOST = {"/requests/new": 4, "/admin/people": 8, "/admin/accounts": 7, "/admin/audit": 5, "/queue/views": 3}
MOST_OF_REQUEST = 40


def test_the_request_page_asks_no_more_when_there_is_more_to_show(app: Flask, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    own = a_request(session, cast.cleo, join=case.number)
    session.commit()
    at = Browser(app).sign_in(cast.cleo)
    few = _counted(session, at, f"/requests/{own.number}")
    for number in range(4):
        hold.comment(session, case, act(cast.cleo), body=f"Note {number}", internal=False, account_id=own.account_id)
    a_request(session, cast.ben, join=case.number)
    session.commit()
    assert _counted(session, at, f"/requests/{own.number}") == few <= MOST_OF_REQUEST


@pytest.mark.parametrize("path", MOST)
def test_lists_ask_as_much_for_many_rows_as_for_few(app: Flask, session: Session, cast: Cast, path: str) -> None:
    at = Browser(app).sign_in(cast.cleo if path == "/requests/new" else cast.admin)
    few = _counted(session, at, path)
    for number in range(5):
        account = people.account_named(session, f"House {number}", MONDAY)
        guest = Person(email=f"guest{number}@house.example", name="Guest", role="requester", created_at=MONDAY)
        guest.account_id = account.id
        session.add(guest)
    session.commit()
    assert _counted(session, at, path) == few <= MOST[path]


def _counted(session: Session, at: Browser, path: str) -> int:
    session.expire_all()
    with Counted(session) as counted:
        at.get(path)
    return len(counted.statements)

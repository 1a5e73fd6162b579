"""Searching through pages and API: the box, what was found, where to look, numbers, and nothing of anybody else."""

import re
from typing import Any

from factories import MONDAY, Cast, a_case, a_request, act
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.actions import hold
from request_tracker.store import search, tokens
from request_tracker.store.cases import Case


def written(session: Session, cast: Cast) -> Case:
    """Ada's case with words of everybody on it; Cleo supports it."""
    case = a_case(session, cast, phase="validation", use_case="Watch <script>alert(1)</script> the walrus herd")
    for who, body, internal in (
        (cast.specialist, "Do not tell them of the kraken", True),
        (cast.ada, "The walrus moves on Friday", False),
    ):
        hold.comment(session, case, act(who), body=body, internal=internal, account_id=case.account_id)
    a_request(session, cast.cleo, join=case.number, use_case="Our narwhal count")
    search.refresh(session, list(session.scalars(select(Case.id))))
    session.commit()
    return case


def test_staff_find_words_and_see_where_they_stand(app: Flask, session: Session, cast: Cast) -> None:
    case = written(session, cast)
    at = Browser(app).sign_in(cast.specialist)
    assert "What are you looking for?" in at.get("/search").text
    found = at.get("/search?q=walrus+herd").text
    assert f'href="/cases/{case.number}"' in found
    assert "1 case found" in found
    assert "In the use case:" in found
    assert "Watch &lt;script&gt;alert(1)&lt;/script&gt; the <mark>walrus</mark> <mark>herd</mark>" in found
    assert "In an internal note:" in at.get("/search?q=kraken").text
    assert "In the account:" in at.get("/search?q=contoso").text
    slip = at.get("/search?q=narwahl").text
    assert "Nothing for “narwahl”: showing “narwhal”." in slip
    assert "Our <mark>narwhal</mark> count" in slip
    assert "Nothing found for “kraken unicorn”" in at.get("/search?q=kraken+unicorn").text
    narrow = at.get("/search?q=kraken&kind=talk").text
    assert "Nothing found in “Comments and decisions”" in narrow
    assert 'href="/search?q=kraken"' in narrow
    assert "There is no word in this" in at.get("/search?q=%2F%2F").text
    assert at.get(f"/search?q={case.number.lower()}", status=303).location == f"/cases/{case.number}"
    at.get("/search?q=x&kind=elsewhere", status=422)
    at.get("/search?q=x&cursor=-1", status=422)


def test_requesters_find_their_own_and_nothing_tells_of_the_rest(app: Flask, session: Session, cast: Cast) -> None:
    case = written(session, cast)
    cleo, ada = Browser(app).sign_in(cast.cleo), Browser(app).sign_in(cast.ada)
    own = cleo.get("/search?q=narwhal").text
    number = re.findall(r'href="/requests/(REQ-\d+)"', own)[0]
    assert "1 request found" in own
    assert "Internal notes" not in own
    assert cleo.get(f"/search?q={number}", status=303).location == f"/requests/{number}"
    assert cleo.get(f"/search?q={case.number}", status=303).location == f"/requests/{number}"
    nothing = plain(cleo.get("/search?q=unheardof").text, "unheardof")
    for word in ("walrus", "walrs", "kraken", "krken", "herd", "friday", "northwind"):
        assert plain(cleo.get(f"/search?q={word}").text, word) == nothing, word
    assert "The <mark>walrus</mark> <mark>moves</mark> on" in ada.get("/search?q=walrus+moves").text
    assert plain(ada.get("/search?q=narwhal").text, "narwhal") == plain(ada.get("/search?q=nothng").text, "nothng")
    assert "In the service’s name: Acme <mark>Billing</mark>" in tagless(cleo.get("/search?q=billing").text)


def plain(page: str, word: str) -> str:
    return re.sub(r"nonce-\S+|\?v=\w+|value=\"[^\"]{20,}\"", "", page).replace(word, "…")


def tagless(page: str) -> str:
    return page.replace('<span class="found-where">', "").replace("</span>", "")


def test_programs_search_with_the_same_rights(app: Flask, session: Session, cast: Cast) -> None:
    case = written(session, cast)
    staff = ask(app, session, cast.specialist, "q=walrus&limit=5")
    (row,) = staff["items"]
    assert (row["number"], row["where"], row["assignee"]) == (case.number, "the use case", "Specialist")
    assert [each["text"] for each in row["text"] if each["marked"]] == ["walrus"]
    assert (staff["total"], staff["more"], staff["next_cursor"], staff["instead"]) == (1, False, None, [])
    assert ask(app, session, cast.cleo, "q=walrus")["items"] == []
    mended = ask(app, session, cast.cleo, "q=narwahl")
    assert mended["instead"] == [{"typed": "narwahl", "found": False, "taken": ["narwhal"]}]
    for wrong in ("limit=x", "kind=all", "cursor=a"):
        ask(app, session, cast.lead, f"q=walrus&{wrong}", status=422)
    (queued,) = ask(app, session, cast.ada, "q=walrus", path="/api/v1/cases")["items"]
    assert queued["number"] == case.number
    assert ask(app, session, cast.cleo, "q=walrus", path="/api/v1/cases")["items"] == []


def ask(
    app: Flask, session: Session, who: Any, query: str, *, status: int = 200, path: str = "/api/v1/search"
) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {tokens.issue(session, who.id, 'all', MONDAY)}"}
    session.commit()
    answer = app.test_client().get(f"{path}?{query}", headers=headers)
    assert answer.status_code == status, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    return found


def test_more_rows_take_no_more_statements(app: Flask, session: Session, cast: Cast) -> None:
    for at in range(2):
        a_request(session, cast.ada, service_name=f"Kelp {at}", use_case="Seaweed and weeds")
    indexed(session)
    counts = {}
    for who in (cast.specialist, cast.ada):
        browser = Browser(app).sign_in(who)
        browser.get("/search?q=seaweed")
        counts[who.name] = statements(session, browser)
    for at in range(6):
        a_request(session, cast.ada, service_name=f"Algae {at}", use_case="Seaweed again")
    indexed(session)
    for who in (cast.specialist, cast.ada):
        browser = Browser(app).sign_in(who)
        browser.get("/search?q=seaweed")
        more = statements(session, browser)
        assert len(more) <= min(len(counts[who.name]), 12), "\n".join(more)


def indexed(session: Session) -> None:
    search.refresh(session, list(session.scalars(select(Case.id))))
    session.commit()


def statements(session: Session, browser: Browser) -> list[str]:
    seen: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE")):
            seen.append(" ".join(statement.split())[:200])

    engine = session.get_bind().engine
    event.listen(engine, "before_cursor_execute", see)
    try:
        browser.get("/search?q=seaweed")
    finally:
        event.remove(engine, "before_cursor_execute", see)
    assert seen
    return seen

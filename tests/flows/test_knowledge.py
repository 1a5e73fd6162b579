"""The pages on which an admin keeps what matching knows, the offer after a merge, and the policy to merge by itself."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from factories import CLOCK, MONDAY, Cast, Counted, a_case, a_request, act, case_of
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from webclient import Browser, Page

from request_tracker import resources
from request_tracker.actions import automatic, merge
from request_tracker.actions.knowledge import add as store
from request_tracker.rules.people import SYSTEM, Act, Viewer
from request_tracker.rules.program import Program
from request_tracker.store import candidates, policies
from request_tracker.store.aliases import Alias, Family, KnowledgeChange, SharedHost
from request_tracker.store.cases import Case
from request_tracker.store.jobs import Job
from request_tracker.store.knowledge import Shelf
from request_tracker.store.merges import Merge
from request_tracker.store.pairs import DuplicatePair

BREVO = {"canonical": "Brevo", "alias": "Sendinblue", "kind": "rename", "source": "vendor announcement 2023"}
HOME = "/admin/knowledge"
ALIASES = f"{HOME}/aliases"
POLICY = "/admin/policies/merging"

As = Callable[[Viewer], Browser]


@pytest.fixture
def sign_in(app: Flask) -> As:
    return lambda who: Browser(app).sign_in(who)


@pytest.fixture
def admin(sign_in: As, cast: Cast) -> Browser:
    return sign_in(cast.admin)


def known(session: Session) -> Any:
    return Shelf(resources.SEED_DATA).knowledge(session)


def make(session: Session, cast: Cast, subject: str = "alias", **facts: str) -> int:
    row = store(session, subject, facts or BREVO, act(cast.admin), known(session)).row_id
    session.commit()
    return row


def hidden(page: Page, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, f"the page has a hidden field {name}"
    return found[1]


def test_an_admin_adds_an_alias_after_seeing_what_it_touches(session: Session, cast: Cast, admin: Browser) -> None:
    case = a_case(session, cast, service_name="Sendinblue")
    candidates.index_case(session, case, known(session))
    session.commit()
    assert "Add an alias" in admin.get(HOME).text
    page = admin.get(f"{ALIASES}/new?canonical=Brevo&alias=Sendinblue&kind=rename&source=vendor+announcement+2023")
    assert "1 case carries this" in page.text
    assert case.number in page.text
    sent = {name: hidden(page, name) for name in BREVO}
    assert sent == BREVO
    done = admin.follow(admin.post(ALIASES, sent))
    assert "stored and in use" in done.text
    assert admin.post(ALIASES, sent).status == 303
    assert session.scalar(select(func.count()).select_from(Alias)) == 1
    (change,) = session.scalars(select(KnowledgeChange))
    assert session.scalars(select(Job.args).where(Job.kind == "reindex")).all() == [{"change_id": change.id}]


def test_what_cannot_be_stored_comes_back_with_what_was_typed(cast: Cast, admin: Browser, session: Session) -> None:
    make(session, cast)
    checked = admin.get(f"{ALIASES}/new?canonical=Mailjet&alias=Sendinblue&kind=rename&source=x")
    assert "leads to “Brevo” already" in checked.text
    assert "<title>Error: " in checked.text
    page = admin.post(ALIASES, {**BREVO, "canonical": "Mailjet", "source": "a good reason"}, status=422)
    assert "leads to “Brevo” already" in page.text
    assert 'value="a good reason"' in page.text
    assert 'href="#alias"' in page.text
    page = admin.post(f"{HOME}/hosts", {"host": "co.uk", "kind": "documentation"}, status=422)
    assert "public ending" in page.text
    page = admin.post(f"{HOME}/families", {"name": "Globex", "domain": "x", "source": "s"}, status=422)
    assert "is no domain" in page.text


def test_a_row_is_corrected_retired_and_restored(session: Session, cast: Cast, admin: Browser) -> None:
    row_id = make(session, cast)
    place = f"{ALIASES}/{row_id}"
    first = admin.get(place)
    admin.post(place, {**BREVO, "source": "rename 2023", "seen": hidden(first, "seen")})
    late = admin.post(place, {**BREVO, "source": "mine", "seen": hidden(first, "seen")}, status=409)
    assert "Somebody changed this" in late.text
    assert 'value="mine"' in late.text
    page = admin.get(place)
    assert "Source before: vendor announcement 2023, now: rename 2023" in page.text
    retired = admin.follow(admin.post(f"{place}/retire", {"seen": hidden(page, "seen")}))
    assert "Out of use since" in retired.text
    assert "Sendinblue" not in admin.get(HOME).text
    assert "Sendinblue" in admin.get(f"{ALIASES}?state=retired").text
    again = admin.follow(admin.post(f"{place}/retire", {"seen": hidden(page, "seen")}))
    assert "Retired" in again.text
    admin.post(f"{place}/restore", {"seen": hidden(admin.get(place), "seen")})
    assert "Sendinblue" in admin.get(HOME).text
    told = admin.get(f"{HOME}/changes").text
    assert [told.count(f"<strong>{word}</strong>") for word in ("Added", "Corrected", "Retired", "Restored")] == [1] * 4


def test_hosts_and_families_are_kept_the_same_way(session: Session, cast: Cast, admin: Browser) -> None:
    host = make(session, cast, "shared_host", host="readme.io", kind="documentation")
    family = make(session, cast, "family", name="Globex", domain="globex.com", source="vendor site")
    for tab, row_id, word in (("hosts", host, "readme.io"), ("families", family, "Globex")):
        assert word in admin.get(f"{HOME}/{tab}").text
        page = admin.get(f"{HOME}/{tab}/{row_id}")
        admin.post(f"{HOME}/{tab}/{row_id}/retire", {"seen": hidden(page, "seen")})
        assert word not in admin.get(f"{HOME}/{tab}").text
    session.expire_all()
    assert session.get_one(SharedHost, host).retired_at == MONDAY
    assert session.get_one(Family, family).retired_at == MONDAY


def test_a_thousand_aliases_are_read_page_by_page(session: Session, cast: Cast, admin: Browser) -> None:
    session.add_all(
        Alias(canonical=f"Name {n:04d}", alias=f"Old{n:04d}", kind="acronym" if n % 4 == 0 else "rename", source="s",
              added_at=MONDAY)
        for n in range(120)
    )  # fmt: skip
    session.commit()
    shown: list[str] = []
    address = HOME
    while address:
        page = admin.get(address)
        shown += re.findall(r">Name (\d{4})<span", page.text)
        onward = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = onward[1].replace("&amp;", "&") if onward else ""
    assert shown == [f"{n:04d}" for n in range(120)]
    found = admin.get(f"{ALIASES}?q=old011&kind=acronym").text
    assert re.findall(r">Name (\d{4})<span", found) == ["0112", "0116"]
    assert "Nothing fits" in admin.get(f"{ALIASES}?q=%25").text
    for odd in ("xyz", "W10", "eyJhIjoxfQ", "W251bGwsIDFd", "WyJhIiwgMS41XQ"):
        assert "Unknown filter" in admin.get(f"{ALIASES}?cursor={odd}", status=422).text


def test_what_is_done_already_is_said_so(session: Session, cast: Cast, admin: Browser) -> None:
    row_id = make(session, cast)
    for what, done, already in (
        ("retire", "Retired: it is kept", "retired already: nothing was changed"),
        ("restore", "Restored: it is in use", "in use already: nothing was changed"),
    ):
        address = f"{ALIASES}/{row_id}"
        seen = {"seen": hidden(admin.get(address), "seen")}
        assert done in admin.follow(admin.post(f"{address}/{what}", seen)).text
        seen = {"seen": hidden(admin.get(address), "seen")}
        again = admin.follow(admin.post(f"{address}/{what}", seen)).text
        assert already in again
        assert done not in again


@pytest.mark.parametrize("name", ["specialist", "lead"])
def test_specialists_read_and_do_not_write(session: Session, cast: Cast, sign_in: As, name: str) -> None:
    row_id = make(session, cast)
    browser = sign_in(getattr(cast, name))
    assert "Add an alias" not in browser.get(HOME).text
    page = browser.get(f"{ALIASES}/{row_id}").text
    assert "vendor announcement 2023" in page
    assert "<form" not in page.split("<main")[1]
    assert "Index everything" not in browser.get(f"{HOME}/changes").text
    for path in (ALIASES, f"{ALIASES}/{row_id}", f"{ALIASES}/{row_id}/retire", f"{HOME}/upload", f"{HOME}/reindex"):
        browser.post(path, BREVO, status=403, on=HOME)


@pytest.mark.parametrize("name", ["ada", "engineer", "auditor"])
def test_others_see_none_of_it(cast: Cast, sign_in: As, name: str) -> None:
    browser = sign_in(getattr(cast, name))
    for path in (HOME, ALIASES, f"{HOME}/changes", f"{HOME}/aliases.csv", POLICY):
        browser.get(path, status=403)


def test_unknown_tabs_and_rows_are_not_there(admin: Browser) -> None:
    for path in (f"{HOME}/x", f"{HOME}/x/new", f"{HOME}/x/1", f"{ALIASES}/999"):
        admin.get(path, status=404)
    admin.post(f"{ALIASES}/999", BREVO, status=404, on=HOME)
    admin.post(f"{ALIASES}/999/retire", status=404, on=HOME)


def upload(admin: Browser, text: str, status: int) -> Page:
    token = admin._token(admin.get(f"{HOME}/upload").text)
    data = {"csrf_token": token, "file": (io.BytesIO(text.encode()), "aliases.csv")}
    answer = admin.client.post(f"{HOME}/upload", data=data, content_type="multipart/form-data")
    return admin._page(answer, status)


def test_a_file_goes_round_and_a_bad_one_is_told_row_by_row(session: Session, cast: Cast, admin: Browser) -> None:
    make(session, cast)
    make(session, cast, canonical="Plus", alias="=cmd()", kind="rename", source="s")
    answer = admin.client.get(f"{HOME}/aliases.csv")
    assert answer.headers["Content-Disposition"] == "attachment; filename=aliases.csv"
    text = answer.get_data(as_text=True)
    assert "'=cmd()" in text
    assert "0 aliases were added; 2 known already" in admin.follow(upload(admin, text, 303)).text
    page = upload(admin, f"{text}Zephyr,Zeph,rename,s\nZephyr,API,rename,s\n", 422)
    assert "Nothing was stored: 1 of 4 rows cannot be taken" in page.text
    assert "Row </span>4" in page.text
    assert "too general" in page.text
    spaced = upload(admin, f"{text}\n,,,\nZephyr,API,rename,s\n", 422)
    assert "Nothing was stored: 1 of 3 rows cannot be taken" in spaced.text
    assert "Row </span>5" in spaced.text
    assert session.scalar(select(func.count()).select_from(Alias)) == 2
    taken = admin.follow(upload(admin, f"{text}Zephyr,Zeph,rename,s\n", 303))
    assert "1 alias was added; 2 known already" in taken.text
    assert "Choose a CSV file" in admin.post(f"{HOME}/upload", status=422, on=HOME).text


def test_everything_is_indexed_anew_from_a_button(session: Session, admin: Browser) -> None:
    assert "indexed anew" in admin.follow(admin.post(f"{HOME}/reindex", on=f"{HOME}/changes")).text
    assert "being indexed already" in admin.follow(admin.post(f"{HOME}/reindex", on=f"{HOME}/changes")).text
    assert session.scalar(select(func.count()).select_from(Job).where(Job.kind == "reindex_all")) == 1
    assert "Reindex all" in admin.get("/admin/jobs").text


# After a merge


@pytest.fixture
def merged(session: Session, cast: Cast) -> Merge:
    root = a_case(session, cast, service_name="Brevo")
    child = case_of(session, a_request(session, cast.cleo, service_name="Sendinblue <b>"))
    link = merge.merge(session, child, root, act(cast.lead), version=child.version, into_version=root.version)
    session.commit()
    return link


def test_a_specialist_has_two_names_remembered(session: Session, cast: Cast, sign_in: As, merged: Merge) -> None:
    root = session.get_one(Case, merged.into_id).number
    browser = sign_in(cast.specialist)
    answer = browser.post(f"/cases/{root}/aliases", {"merge_id": str(merged.id), "kind": "rename"})
    assert answer.location.endswith(f"/cases/{root}#duplicates")
    assert "now leads to “Brevo”" in browser.follow(answer).text
    row = session.scalars(select(Alias)).one()
    assert (row.canonical, row.alias, row.kind) == ("Brevo", "Sendinblue <b>", "rename")
    again = browser.post(f"/cases/{root}/aliases", {"merge_id": str(merged.id), "kind": "rename"})
    assert "nothing to remember here any more" in browser.follow(again).text


def test_a_specialist_says_no_once(session: Session, cast: Cast, sign_in: As, merged: Merge) -> None:
    root = session.get_one(Case, merged.into_id).number
    browser = sign_in(cast.lead)
    for words in ("will not be offered again", "nothing to remember"):
        answer = browser.post(f"/cases/{root}/aliases/declined", {"merge_id": str(merged.id)})
        assert words in browser.follow(answer).text
    for odd in ("", "x", "999", "٣"):
        assert browser.post(f"/cases/{root}/aliases", {"merge_id": odd}).status == 303
    assert session.scalar(select(func.count()).select_from(Alias)) == 0


def test_the_offer_is_drawn_for_the_root(app: Flask, session: Session, cast: Cast, merged: Merge) -> None:
    from request_tracker.store import reading_knowledge
    from request_tracker.web.knowledge_forms import OFFERED

    offers = reading_knowledge.offers(session, session.get_one(Case, merged.into_id), known(session))
    with app.test_request_context("/"):
        drawn = app.jinja_env.get_template("knowledge/_offer.html").render(offers=offers, offered=OFFERED)
    assert "Remember that “Sendinblue &lt;b&gt;” is another name of “Brevo”?" in drawn
    assert drawn.count("csrf_token") == 2
    assert re.findall(r'<option value="(\w+)">', drawn) == ["confirmed", "rename", "acronym"]


# The policy


def pair_up(session: Session, cast: Cast) -> tuple[Case, Case]:
    first = a_case(session, cast)
    second = case_of(session, a_request(session, cast.cleo, now=MONDAY + timedelta(minutes=1)))
    session.add(
        DuplicatePair(
            left_id=first.id,
            right_id=second.id,
            score=0.98,
            decision="merge",
            reasons=["same name"],
            scored_at=MONDAY + timedelta(minutes=1),
        )
    )
    session.commit()
    return first, second


def test_the_page_asks_as_often_for_many_pairs_as_for_one(session: Session, cast: Cast, sign_in: As) -> None:
    browser = sign_in(cast.lead)
    counts = []
    for number in (1, 4):
        for _ in range(number):
            pair_up(session, cast)
        browser.get(POLICY)
        with Counted(session) as counted:
            browser.get(POLICY)
        counts.append(len(counted.statements))
    assert counts[1] == counts[0] < 30


@pytest.mark.parametrize("name", ["lead", "admin"])
def test_who_decides_sees_what_it_would_do_and_switches_it_on(
    session: Session, cast: Cast, sign_in: As, name: str
) -> None:
    first, second = pair_up(session, cast)
    browser = sign_in(getattr(cast, name))
    page = browser.get(POLICY)
    assert "Off" in page.text
    assert "1 waiting pair would be merged and 0 pairs are left" in page.text
    assert first.number in page.text
    assert second.number in page.text
    assert "0 waiting pairs would be merged" in browser.get(f"{POLICY}?from=99").text
    sent = {"on": "yes", "from_score": "97,5", "reason": "It was measured", "seen": hidden(page, "seen")}
    done = browser.follow(browser.post(POLICY, sent))
    assert "Automatic merging is on." in done.text
    assert "On from 97.5" in done.text
    assert "It was measured" in done.text
    assert policies.automatic_merge(session).from_score == 0.975
    late = browser.post(POLICY, {**sent, "on": "no"}, status=409)
    assert "Somebody decided about this" in late.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": " "}, "Say why"),
        ({"from_score": "50"}, "nothing was measured"),
        ({"from_score": "many"}, "Enter a number"),
        ({"from_score": "nan"}, "Enter a number"),
        ({"from_score": "101"}, "Enter a number"),
        ({"on": "perhaps"}, "Choose on or off"),
        ({"on": ""}, "Choose on or off"),
    ],
)
def test_a_decision_that_cannot_be_taken_says_why(
    session: Session, cast: Cast, sign_in: As, changes: dict[str, str], words: str
) -> None:
    sent = {"on": "yes", "from_score": "97", "reason": "A good one", "seen": "0", **changes}
    page = sign_in(cast.lead).post(POLICY, sent, status=422)
    assert words in page.text
    assert not policies.automatic_merge(session).on


def test_a_specialist_does_not_decide(cast: Cast, sign_in: As) -> None:
    browser = sign_in(cast.specialist)
    browser.get(POLICY, status=403)
    browser.post(POLICY, {"on": "yes"}, status=403, on=HOME)
    assert POLICY not in browser.get(HOME).text


def test_automatic_merges_are_listed_and_taken_apart(session: Session, cast: Cast, sign_in: As) -> None:
    first, second = pair_up(session, cast)
    automatic.decide(session, True, 0.95, "Measured", act(cast.lead), known(session), seen=0)
    link = automatic.consider(session, second, Act(SYSTEM, MONDAY, Program()), known(session))
    session.commit()
    assert link is not None
    assert "Stands" in sign_in(cast.admin).get(POLICY).text
    lead = sign_in(cast.lead)
    assert f'action="/merges/{link.id}/unmerge"' in lead.get(POLICY).text
    CLOCK["now"] = MONDAY + timedelta(hours=1)
    lead.post(f"/merges/{link.id}/unmerge", on=POLICY)
    assert "Unmerged by Lead" in lead.get(POLICY).text
    session.expire_all()
    assert session.get_one(Case, second.id).outcome is None
    assert session.get_one(Case, first.id).outcome is None

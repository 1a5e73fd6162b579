"""Searching, on both databases: who finds what, at once and after each change; slips; forgetting; the index as written
by hand and by the thousand."""

import re
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from factories import MONDAY, Cast, a_case, a_request, act
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from request_tracker import resources
from request_tracker.actions import correct, hold, merge, submit, undo, withdraw
from request_tracker.actions import erase as erasing
from request_tracker.rules import submission
from request_tracker.rules.people import Viewer
from request_tracker.rules.program import Program
from request_tracker.rules.searching import KINDS, read, words_of
from request_tracker.store import search, search_engine, search_hits, search_texts
from request_tracker.store.bulk import Known, bulk
from request_tracker.store.cases import Case, case_number
from request_tracker.store.keys import load_knowledge
from request_tracker.store.people import Account
from request_tracker.store.reading_queue import Filter
from request_tracker.store.reading_queue import page as queue_page
from request_tracker.store.reading_search import page
from request_tracker.store.requests import Request
from request_tracker.store.search_docs import SearchDoc, SearchMark, SearchWord
from request_tracker.store.search_engine import Term
from request_tracker.store.timeline import Entry
from request_tracker.work import searching


@pytest.fixture(scope="module")
def knowledge() -> Any:
    return load_knowledge(resources.SEED_DATA)


def indexed(session: Session) -> None:
    """As the ticks leave it: everything that was written is taken in."""
    ids = list(session.scalars(select(Case.id)))
    while ids:
        ids = search.refresh(session, ids)


def found(session: Session, who: Viewer, q: str, kind: str = "") -> list[str]:
    return [row.number for row in page(session, who, read(q), kind=kind).items]


def texts(session: Session, who: Viewer, q: str) -> list[str]:
    rows = page(session, who, read(q)).items
    return [f"{row.where}: " + "".join(f"[{p.text}]" if p.marked else p.text for p in row.pieces) for row in rows]


def test_each_kind_of_text_is_found_by_those_who_may_read_it(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation", use_case="Forecast the zeppelin demand", custom_fields="hull_mark")
    staff = act(cast.specialist)
    hold.comment(session, case, staff, body="Beware of the kraken", internal=True, account_id=case.account_id)
    hold.comment(session, case, act(cast.ada), body="We moor at Büsum", internal=False, account_id=case.account_id)
    theirs = a_request(session, cast.cleo, join=case.number, use_case="Count the narwhals")
    indexed(session)
    own = session.scalars(select(Request).where(Request.case_id == case.id).order_by(Request.id)).first()
    assert own is not None
    for word in ("acme", "ACME bill", "zeppelin", "hull_mark", "busum", "BÜSUM", "zep for", "docs.acmebilling"):
        assert found(session, cast.specialist, word) == [case.number], word
        assert found(session, cast.ben, word) == [own.number], word
    for word in ("kraken", "narwhal", "northwind", "contoso", "northwind zeppelin narwhals kraken"):
        assert found(session, cast.auditor, word) == [case.number], word
        assert found(session, cast.ada, word) == [], word
    assert found(session, cast.cleo, "narwhal acme") == [theirs.number]
    for word in ("zeppelin", "busum", "kraken", "www.acmebilling.example moor"):
        assert found(session, cast.cleo, word) == [], word
    assert [found(session, cast.lead, "kraken", kind) for kind in KINDS] == [[], [], [], [case.number]]
    assert [found(session, cast.ada, "zeppelin", kind) for kind in KINDS] == [[], [own.number], [], []]


def test_a_snippet_says_where_and_marks_the_words(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation", use_case="Bring <b>invoices</b> next to " + "figures & " * 40)
    hold.comment(session, case, act(cast.specialist), body="A ledger, then", internal=True, account_id=case.account_id)
    indexed(session)
    assert texts(session, cast.specialist, "ledg") == ["an internal note: A [ledger], then"]
    (one,) = texts(session, cast.specialist, "invo figures")
    assert one.startswith("the use case: Bring <b>[invoices]</b> next to [figures] & [figures]")
    assert one.endswith(" …")
    assert texts(session, cast.ada, "billing") == ["the service’s name: Acme [Billing]"]


def test_a_slip_is_mended_by_words_the_reader_may_read(session: Session, cast: Cast) -> None:
    a_request(session, cast.ada, service_name="Salesforce", use_case="Opportunities", service_url="https://sf.example")
    a_request(session, cast.cleo, service_name="Zendesk", use_case="A secret tramontana", data_needed="Tickets")
    indexed(session)
    for typed in ("slaesforce", "saleforce", "salesforcce", "salezforce", "opportunitis"):
        hits = search_hits.hits(session, cast.ada, read(typed))
        assert len(hits.ids) == 1, typed
        assert [(slip.typed, slip.is_unknown) for slip in hits.slips] == [(typed, True)]
        assert found(session, cast.cleo, typed) == [], typed
    assert search_hits.hits(session, cast.cleo, read("tramontna")).slips[0].taken == ("tramontana",)
    for typed in ("tramontana", "tramontna", "tram", "tramontana opportunities"):
        hits = search_hits.hits(session, cast.ada, read(typed))
        assert (hits.ids, hits.slips, hits.more) == ((), (), False), typed
    assert search_hits.hits(session, cast.specialist, read("tramontna zendsk")).ids


WORDS = re.findall(
    r"\w+",
    "glacier pelican trawler compass harbour lantern meridian anchor isthmus monsoon estuary schooner bowsprit dinghies"
    " cutlass galleon barnacle porthole rudder mizzen keelson ballast spinnaker windlass corsair flotilla tundra",
)


def test_every_word_of_a_request_finds_it_for_those_who_may_read_it(session: Session, cast: Cast) -> None:
    """Also with a letter dropped; and for nobody else, though the cases are combined and support each other."""
    chance = Random(40)
    words = iter(chance.sample(WORDS, len(WORDS)))
    written: list[tuple[str, int, int | None]] = []
    cases = []
    for at, who in enumerate((cast.ada, cast.cleo, cast.ben, cast.cleo)):
        typed = {name: next(words) for name in ("use_case", "data_needed", "custom_fields")}
        request = a_request(
            session, who, service_name=f"Service{at}", join=cases[0].number if at == 3 else None, **typed
        )
        cases.append(session.get_one(Case, request.case_id))
        written += [(word, request.case_id, who.account_id) for word in typed.values()]
        internal, comment = next(words), next(words)
        hold.comment(session, cases[-1], act(cast.lead), body=internal, internal=True, account_id=who.account_id or 0)
        hold.comment(session, cases[-1], act(who), body=comment, internal=False, account_id=who.account_id or 0)
        written += [(internal, request.case_id, None), (comment, request.case_id, who.account_id)]
    merged(session, cases[1], cases[0], cast)
    indexed(session)
    for word, case_id, owner in written:
        at = chance.randrange(1, len(word))
        for typed in (word, word[:at] + word[at + 1 :]):
            for reader in (cast.specialist, cast.ada, cast.cleo):
                hits = search_hits.hits(session, reader, read(typed))
                may = reader.is_staff or reader.account_id == owner
                assert (case_id in hits.ids, bool(hits.ids)) == (may, may), (typed, word, reader.name)


def merged(session: Session, child: Case, root: Case, cast: Cast) -> None:
    merge.merge(session, child, root, act(cast.specialist), version=child.version, into_version=root.version)


def test_a_merge_lends_the_roots_name_and_takes_it_back(session: Session, cast: Cast) -> None:
    root = a_case(session, cast, phase="validation", service_name="Oldenburg Ledger")
    request = a_request(session, cast.cleo, service_name="OLL", use_case="Bookings", service_url="https://oll.example")
    child = session.get_one(Case, request.case_id)
    indexed(session)
    assert found(session, cast.cleo, "oldenburg") == []
    merged(session, child, root, cast)
    indexed(session)
    assert found(session, cast.cleo, "oldenburg") == [request.number]
    assert [row.number for row in queue_page(session, Filter(q="oll"), cast.specialist, MONDAY).items] == [root.number]
    correct.correct(
        session,
        root,
        {"service_name": "Wilhelmshaven Ledger", "service_url": root.service_url, "api_docs_url": root.api_docs_url},
        act(cast.specialist),
        version=root.version,
        knowledge=load_knowledge(resources.SEED_DATA),
    )
    for each in search.refresh(session, [root.id]):
        search.refresh(session, [each])
    assert found(session, cast.cleo, "wilhelmshaven") == [request.number], "who hangs below is written anew"
    assert found(session, cast.cleo, "oldenburg") == []


def test_what_no_longer_belongs_together_is_not_found_together_even_before_the_index_knows(
    session: Session, cast: Cast
) -> None:
    root = a_case(session, cast, phase="validation")
    request = a_request(session, cast.cleo, service_name="OLL", use_case="Bookings", service_url="https://oll.example")
    child = session.get_one(Case, request.case_id)
    merged(session, child, root, cast)
    hold.comment(
        session, root, act(cast.specialist), body="Ask Zanzibar", internal=False, account_id=cast.cleo.account_id or 0
    )
    indexed(session)
    assert found(session, cast.cleo, "zanzibar") == [request.number]
    undo.undo(session, child, version=child.version, act=act(cast.specialist))
    assert found(session, cast.cleo, "zanzibar") == []
    assert search_hits.hits(session, cast.cleo, read("zanzibr")).ids == ()


def test_numbers_and_names_are_found_before_the_index_knows_them(session: Session, cast: Cast, knowledge: Any) -> None:
    typed = submission.read({**BILLING, "service_name": "Kiwi Fleet"})
    request = submit.submit(session, typed, act(cast.ada), knowledge=knowledge)
    number = case_number(request.case_id)
    for q in ("kiwi fleet", "Kiwi-Fleet", "KiwiFleet"):
        assert found(session, cast.specialist, q) == [number], q
        assert found(session, cast.ada, q) == [request.number], q
        assert found(session, cast.cleo, q) == [], q
    assert [row.number for row in queue_page(session, Filter(q="kiwi fleet"), cast.lead, MONDAY).items] == [number]
    assert search_hits.direct(session, cast.specialist, f" {number.lower()} ".strip()) == ("case", number)
    assert search_hits.direct(session, cast.ben, request.number) == ("request", request.number)
    assert search_hits.direct(session, cast.ben, number) == ("case", request.number)
    assert search_hits.direct(session, cast.cleo, number) is None
    assert search_hits.direct(session, cast.cleo, request.number) is None
    assert search_hits.direct(session, cast.lead, "LITE-999999") is None

    theirs = submission.read({**BILLING, "service_name": "Zebra Fleet", "service_url": "https://zebra.example/"})
    beside = submit.submit(session, theirs, act(cast.cleo), knowledge=knowledge)
    child = session.get_one(Case, beside.case_id)
    merged(session, child, session.get_one(Case, request.case_id), cast)
    assert search_hits.direct(session, cast.cleo, child.number) == ("case", beside.number)
    assert search_hits.direct(session, cast.cleo, number) == ("case", beside.number), "the root is theirs as well"
    assert search_hits.direct(session, cast.ada, child.number) is None, "what was merged into hers is not told"
    assert (found(session, cast.ada, "zebra fleet"), found(session, cast.cleo, "zebra fleet")) == ([], [beside.number])


BILLING = {
    "service_url": "https://www.kiwi.example/", "api_docs_url": "https://docs.kiwi.example/api", "terms_accepted": True,
    "use_case": "Vans", "data_needed": "Trips",
}  # fmt: skip


def test_what_is_erased_is_gone_at_once_from_the_index_and_from_the_words_it_knows(
    session: Session, cast: Cast
) -> None:
    request = a_request(session, cast.ben, use_case="The chupacabra files", also_tell="Mister Yeti")
    other = a_request(session, cast.ada, service_name="Yeti", use_case="Ice")
    indexed(session)
    withdraw.withdraw(session, request, act(cast.ben))
    assert known(session) >= {"chupacabra", "yeti"}
    erasing.erase(session, cast.ben.id or 0, act(cast.admin))
    for who in (cast.specialist, cast.ada):
        assert not search_hits.hits(session, who, read("chupacabra")).ids
        assert found(session, who, "chupacabr") == []
    assert "chupacabra" not in known(session)
    assert "yeti" in known(session), "somebody else says it, too"
    assert found(session, cast.ada, "yeti") == [other.number]


def known(session: Session) -> set[str]:
    return set(session.scalars(select(SearchWord.word)))


def test_more_than_can_be_shown_is_said_and_pages_follow_each_other(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    same = {name: getattr(case, name) for name in COPIED}
    others = [Case(service_name=f"Common {at}", **same) for at in range(search_hits.MOST + 3)]
    session.add_all(others)
    session.flush()
    session.execute(update(Case).where(Case.id > case.id).values(root_id=Case.id))
    many = [each.id for each in others]
    indexed(session)
    first = page(session, cast.specialist, read("common"))
    assert (first.total, first.more, len(first.items)) == (search_hits.MOST, True, 20)
    second = page(session, cast.specialist, read("common"), cursor=first.next_cursor or "")
    shown = [row.number for row in (*first.items, *second.items)]
    assert shown == [case_number(each) for each in sorted(many, reverse=True)[:40]]
    last = page(session, cast.specialist, read("common"), cursor="180")
    assert (len(last.items), last.next_cursor) == (20, None)
    assert page(session, cast.specialist, read(f"common {7}")).total >= 1


COPIED = ("service_url", "api_docs_url", "account_id", "phase", "opened_at", "phase_at", "touched_at", "queue_at")


class Held:
    """Enough of a context for the ticks."""

    def __init__(self, database: Any, now: Any) -> None:
        self.database, self.now = database, lambda: now


def test_the_ticks_take_in_what_was_written_and_heal_what_was_not(rolled: Any, session: Session, cast: Cast) -> None:
    request = a_request(session, cast.ada, use_case="Falcons")
    session.commit()
    soon, late = MONDAY + timedelta(seconds=5), MONDAY + timedelta(hours=1)
    searching.follow(Held(rolled, soon))  # type: ignore[arg-type]
    assert found(session, cast.ada, "falcon") == [request.number]
    mark = session.scalars(select(SearchMark)).one()
    session.refresh(mark)
    assert mark.entry_id == 0, "the last minute is looked at again"
    searching.follow(Held(rolled, late))  # type: ignore[arg-type]
    session.refresh(mark)
    assert mark.entry_id == session.scalar(select(func.max(Entry.id)))
    case = session.get_one(Case, request.case_id)
    account = session.get_one(Account, case.account_id)
    account.name = "Skuld & Sons"
    search.outdate(session, account.id)
    session.commit()
    searching.follow(Held(rolled, late))  # type: ignore[arg-type]
    assert found(session, cast.lead, "skuld") == [], "nothing was written on the case"
    searching.walk(Held(rolled, late))  # type: ignore[arg-type]
    assert found(session, cast.lead, "skuld sons") == [case.number]
    assert session.scalar(select(SearchMark.walked_id)) == 0, "the walk begins anew at the end"


def test_what_stays_the_same_is_not_written(session: Session, cast: Cast) -> None:
    request = a_request(session, cast.ada)
    indexed(session)
    before = state(session)
    case = session.get_one(Case, request.case_id)
    hold.comment(session, case, act(cast.lead), body="...", internal=True, account_id=case.account_id)
    indexed(session)
    after = state(session)
    assert [row[1:] for row in after] == [row[1:] for row in before]
    assert [row[0] for row in after] > [row[0] for row in before]


def state(session: Session) -> list[Any]:
    columns = (SearchDoc.seq, SearchDoc.id, SearchDoc.case_id, SearchDoc.account_id, SearchDoc.digest)
    return [tuple(row) for row in session.execute(select(*columns).order_by(SearchDoc.id))]


def test_a_program_of_many_cases_has_the_index_that_the_ticks_would_write(
    session: Session, cast: Cast, knowledge: Any
) -> None:
    list(bulk(session, 60, Known(knowledge, Program(), MONDAY)))
    assert session.scalar(select(func.count()).select_from(SearchDoc)) > 100
    assert search.behind(session, 0, 10) == []
    before = state(session)
    session.execute(update(SearchDoc).values(digest="", seq=-1))
    indexed(session)
    assert state(session) == before
    row = session.scalars(select(Request).order_by(Request.id.desc())).first()
    assert row is not None
    requester = replace(cast.ada, account_id=row.account_id)
    assert row.case_id in search_hits.hits(session, requester, read(row.service_name)).ids


HOSTILE = (
    "'", '"', "a* OR b", "NEAR(a b)", "{name}: x", "x:*", "\\", "%", "LITE-", "日本", "\0", "é" * 300, "n:ab", "a1",
)  # fmt: skip


def test_whatever_is_typed_is_words_and_nothing_else(session: Session, cast: Cast) -> None:
    request = a_request(session, cast.ada, use_case="日本語 or near O'Hara", service_name="Ab")
    indexed(session)
    for who in (cast.specialist, cast.ada, cast.cleo):
        for q in HOSTILE:
            page(session, who, read(q))
            queue_page(session, Filter(q=q), who, MONDAY)
    assert found(session, cast.ada, "日語 o'hara") == [request.number]
    assert found(session, cast.ada, f"a{cast.ada.account_id}") == []
    assert found(session, cast.ada, "n:ab") == [], "two words, of which nobody wrote one"


def test_of_a_case_with_too_many_words_the_newest_are_found(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = a_case(session, cast, phase="validation")
    for words in ("mammoth " + "alpha beta gamma delta " * 9, "narwhal"):
        hold.comment(session, case, act(cast.ada), body=words, internal=False, account_id=case.account_id)
    told = {word for source in search_texts.cards(session, [case.id]) for word in words_of(source.text)}
    asked = {word for source in search_texts.requests(session, [case.id]) for word in words_of(source.text)}
    monkeypatch.setattr(search_engine, "ROOM", 2 * (search_engine.room_for(told) + search_engine.room_for(asked)))
    indexed(session)
    assert found(session, cast.lead, "narwhal") == found(session, cast.lead, "acme") == [case.number]
    monkeypatch.setattr(search_engine, "ROOM", 0)
    search.refresh(session, [case.id])
    assert found(session, cast.lead, "narwhal") == []


def test_the_fullest_document_is_found_by_each_of_its_words(session: Session) -> None:
    words = [f"{number:06d}{'é' * 17}" for number in range(search_engine.ROOM // 84)]
    assert 0 <= search_engine.ROOM - search_engine.room_for(words) < 100
    search_engine.write(session, [search_engine.Written(77, None, {"talk": words})])
    for word in (words[0], words[len(words) // 2], words[-1]):
        assert search_engine.of_staff(session, [Term(word)], "talk", 5) == [77], word

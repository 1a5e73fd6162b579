"""Matching: any text can be prepared, order does not matter, and each rule of thumb shows in score and reasons."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from request_tracker import resources
from request_tracker.rules.addresses import read_address
from request_tracker.rules.matching import (
    AliasFact,
    Entry,
    Knowledge,
    Match,
    Prepared,
    compare,
    keys,
    prepare,
    rank,
    trigrams,
)
from request_tracker.rules.names import abbreviates, is_telling, leftover, name_key, name_words, other_keys
from request_tracker.rules.tuning import Measured
from request_tracker.store.keys import load_tuning, read_aliases


def last_two_labels(host: str) -> str:
    labels = host.split(".")
    return ".".join(labels[-2:]) if len(labels) > 1 and not labels[-1].isdigit() else ""


TUNING = load_tuning(resources.SEED_DATA)
BANDS = TUNING.bands
ROWS = """
Brevo|Sendinblue|rename
brevo.com|sendinblue.com|old_domain
Google Ads|AdWords|rename
Google Analytics 4|GA4|acronym
Mailchimp Transactional|mandrillapp.com|second_domain
Bigtool|Toolbig|confirmed
"""


def rows(text: str) -> list[dict[str, str]]:
    return [
        dict(zip(("canonical", "alias", "kind"), line.split("|"), strict=True)) for line in text.split("\n") if line
    ]


def knowing(aliases: Mapping[str, str], facts: Mapping[str, AliasFact]) -> Knowledge:
    return Knowledge(
        aliases=aliases,
        facts=facts,
        shared_hosts=frozenset({"readme.io", "github.com"}),
        registrable=last_two_labels,
        families={"google.com": "google", "googleapis.com": "google"},
        umbrellas=frozenset({"google"}),
        tuning=TUNING,
    )


KNOWN = knowing(*read_aliases(rows(ROWS)))


def match(left: Entry, right: Entry, names: int = 1, known: Knowledge = KNOWN) -> Match:
    return compare(prepare(left, known), prepare(right, known), names_on_domain=lambda _: names, tuning=TUNING)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Google Ads", "googleads"),
        ("google_ads", "googleads"),
        ("source-google-ads", "googleads"),
        ("GoogleAds (OAuth 2.0)", "googleads"),
        ("Google Ads API v2", "googleads"),
        ("Pardot Sandbox", "pardot"),
        ("Wise (API Key)", "wise"),
        ("Ringover (EU)", "ringover"),
        ("Brønnøysund", "bronnoysund"),
        ("Ｗｉｄｅ　Ｎａｍｅ", "widename"),
        ("Gооgle Ads", "googleads"),  # two Cyrillic letters
        ("Яндекс Метрика", "яндексметрика"),
        ("百度统计", "百度统计"),
        ("API", "api"),
        ("🚀", "🚀"),
        ("Acme\u200b\u202eAds", "acmeads"),
        ("   ", ""),
        ("Display & Video 360", "displayandvideo360"),
        ("Customer.io", "customerio"),
    ],
)
def test_a_name_key_keeps_what_tells_services_apart(name: str, key: str) -> None:
    assert name_key(name) == key


def test_further_names_of_one_entry() -> None:
    assert other_keys("HighLevel (LeadConnector)") == {"highlevel", "leadconnector"}
    assert "clubhouse" in other_keys("Shortcut, formerly Clubhouse")
    assert "ascend" in other_keys("Ascend by Partnerize")
    assert other_keys("Shopify (GraphQL)") == frozenset()


def test_left_over_words_meet_however_they_are_cut() -> None:
    assert leftover(name_words("Git Hub"), name_words("github")) == ()
    assert leftover(name_words("Google Ads"), name_words("Google Docs")) == ("ads",)
    assert leftover(name_words("Google Sheet"), name_words("google sheets")) == ()


def test_initials_stand_for_a_name() -> None:
    assert abbreviates("dv360", name_words("Display & Video 360"))
    assert abbreviates("ga4", name_words("Google Analytics 4"))
    assert abbreviates("nytimes", name_words("New York Times"))
    assert not abbreviates("ga", name_words("Google Ads"))


@pytest.mark.parametrize(
    ("url", "domain", "page"),
    [
        ("https://docs.acme.com/reference", "acme.com", ""),
        ("acme.com/api", "acme.com", ""),
        ("HTTPS://WWW.Acme.COM.", "acme.com", ""),
        ("https://user:pw@acme.com:8443/x", "acme.com", ""),
        ("https://acme.readme.io/reference", "", "acme.readme.io"),
        ("https://github.com/acme/api", "", "github.com/acme"),
        ("https://github.com", "", ""),
        ("https://müller.de/", "xn--mller-kva.de", ""),
        ("http://localhost:8080/", "", ""),
        ("http://[bad", "", ""),
        ("https://", "", ""),
        ("mailto:a@b", "", ""),
        ("no address at all", "", ""),
        ("http://127.0.0.1/", "", ""),
    ],
)
def test_an_address_gives_a_domain_or_a_page_of_a_shared_host(url: str, domain: str, page: str) -> None:
    read = read_address(url, last_two_labels, KNOWN.shared_hosts)
    assert (read.domain, read.page) == (domain, page)


def test_punycode_is_read_as_a_name() -> None:
    assert "muller" in prepare(Entry(url="https://xn--mller-kva.de"), KNOWN).labels
    assert prepare(Entry(url="https://xn--999999999.de"), KNOWN).domains


def test_keys_lead_to_each_other() -> None:
    named, addressed = prepare(Entry("Brevo"), KNOWN), prepare(Entry(url="https://www.brevo.com"), KNOWN)
    assert keys(named) & keys(addressed) == {("label", "brevo")}
    assert keys(prepare(Entry("Sendinblue"), KNOWN)) & keys(named)
    assert keys(prepare(Entry(docs_url="https://a.readme.io"), KNOWN)) & keys(
        prepare(Entry("A", docs_url="https://a.readme.io/x"), KNOWN)
    )
    assert trigrams(addressed) == trigrams(named)


def test_same_name_and_domain_merges() -> None:
    found = match(Entry("Acme", "https://acme.com"), Entry("acme", docs_url="https://docs.acme.com"))
    assert found.decision == "merge"
    assert found.score >= BANDS.merge
    assert found.reasons == ("same name", "same website domain (acme.com)")


def test_a_rename_merges_and_says_so() -> None:
    found = match(Entry("Sendinblue", "https://sendinblue.com"), Entry("Brevo", "https://brevo.com"))
    assert found.decision == "merge"
    assert found.reasons == (
        "Sendinblue was renamed Brevo",
        "same website domain (brevo.com)",
        "sendinblue.com is an old address of brevo.com",
    )


def test_only_who_gave_no_address_is_told_so() -> None:
    """One that is there and lies under no known ending is no gap a person could fill."""
    none, there = "no web address to compare", Entry("Acme", "https://acme.com")
    assert none in match(there, Entry("Acme")).reasons
    assert none in match(Entry("Acme", "https://10.0.0.1"), Entry("Acme")).reasons
    assert none not in match(there, Entry("Acme", "https://10.0.0.1/api")).reasons


@pytest.mark.parametrize(
    ("left", "right", "reason"),
    [
        (Entry("ga4"), Entry("Google Analytics 4"), "GA4 is short for Google Analytics 4"),
        (Entry("google_ads"), Entry("AdWords API"), "AdWords was renamed Google Ads"),
        (Entry("toolbig"), Entry("BigTool"), "a specialist confirmed that Toolbig is Bigtool"),
        (
            Entry("Mailchimp Transactional", "https://mailchimp.com"),
            Entry(url="https://mandrillapp.com/api"),
            "mandrillapp.com is a second address of Mailchimp Transactional",
        ),
    ],
)
def test_an_alias_merges_and_tells_its_kind(left: Entry, right: Entry, reason: str) -> None:
    found = match(left, right)
    assert found.decision == "merge"
    assert reason in found.reasons


def test_a_known_address_is_no_contradiction() -> None:
    named, moved = Entry("Brevo", "https://brevo.com"), Entry("Brevo", "https://sendinblue.com")
    assert "different domains" not in " ".join(match(named, moved).reasons)
    owner = Entry("Mailchimp Transactional", "https://mailchimp.com")
    second = Entry("Mailchimp Transactional", "https://mandrillapp.com")
    assert match(owner, second).decision == "merge"
    other = Entry("Mailchimp", "https://mailchimp.com")
    assert match(other, second).decision != "merge"


@pytest.mark.parametrize(
    "product",
    [Entry("Google Ads", "https://google.com"), Entry("Google Docs"), Entry("BigQuery", "https://google.com")],
)
def test_a_company_is_never_one_of_its_products(product: Entry) -> None:
    found = match(Entry("Google", "https://google.com"), product)
    assert found.decision != "merge"
    assert "Google names the company, not one product: only suggested" in found.reasons
    assert match(Entry("Google"), Entry("google", "https://google.com")).decision == "merge"


def test_a_known_family_needs_no_counting() -> None:
    pair = Entry("Google Ads", "https://google.com"), Entry("Google Docs", "https://google.com")
    assert "two products of one family: only suggested" in match(*pair).reasons
    assert match(Entry(url="https://google.com"), Entry("Google", "https://google.com")).decision == "suggest"
    apart = match(Entry("BigQuery", "https://google.com"), Entry("BigQuery", "https://bigquery.googleapis.com"))
    assert apart.decision == "merge"


def test_same_name_on_another_domain_is_only_suggested() -> None:
    found = match(Entry("Raindrop", "https://raindrop.io"), Entry("Raindrop", "https://raindrop.ai"))
    assert found.decision == "suggest"
    assert "different domains (raindrop.ai and raindrop.io)" in found.reasons


@pytest.mark.parametrize("names", [1, 3, 30])
def test_another_word_never_merges(names: int) -> None:
    found = match(Entry("Acme Ads", "https://acme.com"), Entry("Acme", "https://acme.com"), names)
    assert found.decision != "merge"
    assert "names differ by one word: Ads" in found.reasons
    assert ("two products of one family: only suggested" in found.reasons) == (names >= 3)


def test_a_crowded_domain_says_less() -> None:
    pair = Entry("Acme Ads", "https://acme.com"), Entry("Acme Docs", "https://acme.com")
    assert match(*pair, 30).score < match(*pair, 1).score


def test_an_address_says_less_the_more_names_live_there() -> None:
    scores = [match(Entry(url="https://acme.com"), Entry("Zebra", "https://acme.com"), n).score for n in (1, 2, 4, 8)]
    assert scores == sorted(set(scores), reverse=True)


def test_an_address_alone_finds_its_name() -> None:
    assert match(Entry(url="https://acme.com"), Entry("Acme", "https://www.acme.com")).decision == "merge"
    assert match(Entry(url="https://acme.com"), Entry("Acme")).decision == "suggest"
    assert match(Entry(url="https://acme.com"), Entry("Acme", "https://acme.com"), 9).decision == "suggest"


@pytest.mark.parametrize("name", ["acme.com", "https://acme.com", "www.acme.com/api", "HTTP://Acme.com:8080"])
def test_a_name_that_is_an_address_is_read_as_one(name: str) -> None:
    assert prepare(Entry(name), KNOWN).domains == {"acme.com"}
    named = match(Entry(name), Entry("Acme", "https://www.acme.com"))
    assert named.decision == ("suggest" if name == "acme.com" else "merge")
    assert match(Entry(name), Entry(url="https://acme.com")).decision != "new"


@pytest.mark.parametrize("name", ["http://localhost", "http://127.0.0.1/", "https://", "www.", "http://[::1]:80/x"])
def test_a_name_that_is_an_address_of_nobody_says_nothing(name: str) -> None:
    prepared = prepare(Entry(name), KNOWN)
    assert (prepared.name_key, keys(prepared)) == ("", frozenset())
    assert match(Entry(name), Entry(name)).decision == "new"


def test_the_same_address_without_any_name_is_the_same() -> None:
    found = match(Entry(url="https://acme.com/x"), Entry(docs_url="http://www.acme.com/x/"))
    assert (found.decision, "the same address" in found.reasons) == ("merge", True)
    assert match(Entry(url="https://acme.com/x"), Entry(url="https://acme.com/x"), 3).decision == "suggest"


def test_a_word_that_has_a_place_of_its_own_is_another_product() -> None:
    plain, own = Entry("Toggl", "https://toggl.com"), Entry("Toggl Plan", "https://toggl.com/plan/")
    assert match(plain, own).score < match(plain, Entry("Toggl Plan", "https://toggl.com")).score


def test_the_company_before_the_name_counts_less_than_any_word() -> None:
    with_company = match(Entry("Google BigQuery"), Entry("BigQuery"))
    assert with_company.score > match(Entry("Open BigQuery"), Entry("BigQuery")).score


def test_a_shared_host_is_no_identity() -> None:
    other = match(Entry("Acme", docs_url="https://acme.readme.io"), Entry("Bolt", docs_url="https://bolt.readme.io"))
    assert other.decision == "new"
    same = match(Entry("Acme", docs_url="https://acme.readme.io"), Entry("Acme", docs_url="https://acme.readme.io/x"))
    assert "same documentation site (acme.readme.io)" in same.reasons


@pytest.mark.parametrize("name", ["API", "Data", "🚀", "?", "x"])
def test_names_anybody_may_give_do_not_merge_by_themselves(name: str) -> None:
    assert match(Entry(name), Entry(name)).decision == "suggest"


def test_nothing_matches_nothing() -> None:
    found = match(Entry(), Entry())
    assert (found.decision, found.reasons) == ("new", ("little in common",))


def test_rank_leaves_out_what_is_new_unless_all_are_wanted() -> None:
    query = prepare(Entry("Acme"), KNOWN)
    others = [(1, prepare(Entry("Zebra"), KNOWN)), (2, prepare(Entry("Acme"), KNOWN))]
    assert [key for key, _ in rank(query, others, tuning=TUNING)] == [2]
    assert [key for key, _ in rank(query, others, keep_all=True, tuning=TUNING)] == [2, 1]
    assert [key for key, _ in rank(query, others, keep_all=True, limit=1, tuning=TUNING)] == [2]


ANY_TEXT = st.text(st.characters(), max_size=60) | st.sampled_from(
    [
        "\ud800",
        "\u202eemcA\u202c",
        "Acme\x00\x07",
        "https://acme.com/\udfff",
        "acme.com",
        "xn--mller-kva.de",
        "192.168.0.1",
        "http://localhost:80",
        "",
        "Google Ads",
        "google_ads (OAuth)",
        "مرحبا",
        "שלום",
        "Gооgle",
        "👩‍👩‍👧",
        "x" * 10_000,
        "( ) [",
        "&&&",
        "İstanbul API",
    ]
)
ANY_URL = ANY_TEXT | st.sampled_from(
    [
        "http://localhost",
        "https://xn--mller-kva.de/ü",
        "http://[::1",
        "acme.com",
        "https://a.readme.io/é",
        "//",
        "http://%zz",
    ]
)
ENTRIES = st.builds(Entry, ANY_TEXT, ANY_URL, ANY_URL)


@given(ENTRIES)
@settings(deadline=None)
def test_anything_can_be_prepared(entry: Entry) -> None:
    prepared = prepare(entry, KNOWN)
    assert len(prepared.words) <= 12
    assert all(kind and value for kind, value in keys(prepared))
    assert all(value.encode() for _, value in keys(prepared)), "a key goes into the database"
    assert all(piece.encode() for piece in trigrams(prepared))


@given(ENTRIES, ENTRIES, st.integers(0, 50))
@settings(deadline=None)
def test_the_order_of_two_entries_does_not_matter(left: Entry, right: Entry, names: int) -> None:
    there, back = match(left, right, names), match(right, left, names)
    assert (there.score, there.decision, set(there.reasons)) == (back.score, back.decision, set(back.reasons))
    assert 0 <= there.score <= 1
    assert (there.decision == "merge") == (there.score >= BANDS.merge)
    assert there.reasons


@given(st.builds(Entry, st.text("abcdefgh ", min_size=3), ANY_URL, ANY_URL), st.lists(ENTRIES, max_size=6))
@settings(deadline=None)
def test_an_identical_entry_is_never_beaten(entry: Entry, others: list[Entry]) -> None:
    query = prepare(entry, KNOWN)
    candidates = [*((index, prepare(other, KNOWN)) for index, other in enumerate(others)), (-1, query)]
    best = rank(query, candidates, limit=1, keep_all=True, tuning=TUNING)[0][1]
    assert best.score == compare(query, query, tuning=TUNING).score


def tells(one: Prepared) -> bool:
    """Something in the entry says which service it is."""
    if one.name_key:
        return bool(one.domains) or is_telling(one.words)
    return bool(one.domains or one.pages)


@given(ENTRIES)
@settings(deadline=None)
def test_an_entry_is_certainly_itself_unless_it_says_nothing(entry: Entry) -> None:
    prepared = prepare(entry, replace(KNOWN, families={}))
    found = compare(prepared, prepared, tuning=TUNING)
    assert (found.decision == "merge") == tells(prepared)


SHORT = st.sampled_from(["Acme", "Acme Ads", "acmeads app", "Bolt", "Bolt (Acme)", "The Bolt", "Get Acme", "AA"])
PLACES = st.sampled_from(
    ["", "https://acme.com", "https://bolt.io/ads", "https://acme.readme.io", "https://ads.acme.com"]
)


@given(st.builds(Entry, SHORT, PLACES, PLACES), st.builds(Entry, SHORT, PLACES, PLACES), st.integers(1, 9))
@settings(deadline=None, max_examples=300)
def test_an_alias_never_makes_its_own_pair_less_alike(left: Entry, right: Entry, names: int) -> None:
    bare = knowing({}, {})
    told = knowing(*read_aliases([{"canonical": right.name, "alias": left.name, "kind": "rename"}]))
    before, after = match(left, right, names, bare), match(left, right, names, told)
    assert after.score >= before.score


@given(ENTRIES, ENTRIES)
@settings(deadline=None)
def test_reasons_can_be_written_anywhere(left: Entry, right: Entry) -> None:
    assert all(reason.encode() and reason.isprintable() for reason in match(left, right).reasons)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Ｇｏｏｇｌｅ Ads", "google_ads"),
        ("Gооgle Ads", "Google Ads"),
        ("\u202eGoogle\u202c Ads", "Google Ads"),
        ("Яндекс Метрика", "яндекс-метрика"),
        ("百度统计", "百度统计 API"),
        ("Müller", "Mu\u0308ller"),
        ("Acme\ud800", "Acme"),
    ],
)
def test_the_same_name_in_odd_letters(left: str, right: str) -> None:
    assert match(Entry(left), Entry(right)).decision == "merge"


@pytest.mark.parametrize(
    ("precision", "decisions", "least", "most"),
    [(1.0, 1482, 0.002, 0.003), (1.0, 0, 0.7, 1.0), (0.99, 1000, 0.01, 0.02)],
)
def test_no_wrong_decision_seen_is_not_none(precision: float, decisions: int, least: float, most: float) -> None:
    figures = dict.fromkeys(("novel", "f1", "slice_f1", "average_precision", "recall_at_5"), 0.0)
    found = Measured(
        auto_precision=precision, auto_share=1.0, services=0, records=decisions, pairs=0, on="", when="", **figures
    )
    assert found.decisions == decisions
    assert least < found.at_most_wrong <= most

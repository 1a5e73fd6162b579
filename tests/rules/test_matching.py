"""Matching: any text can be prepared, order does not matter, and each rule of thumb shows in score and reasons."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from request_tracker.rules.addresses import read_address
from request_tracker.rules.matching import BANDS, Entry, Knowledge, Match, compare, keys, prepare, rank, trigrams
from request_tracker.rules.names import abbreviates, leftover, name_key, name_words, other_keys


def last_two_labels(host: str) -> str:
    labels = host.split(".")
    return ".".join(labels[-2:]) if len(labels) > 1 and not labels[-1].isdigit() else ""


KNOWN = Knowledge(
    aliases={"sendinblue": "brevo", "sendinblue.com": "brevo.com", "adwords": "googleads"},
    shared_hosts=frozenset({"readme.io", "github.com"}),
    registrable=last_two_labels,
)


def match(left: Entry, right: Entry, names: int = 1) -> Match:
    return compare(prepare(left, KNOWN), prepare(right, KNOWN), names_on_domain=lambda _: names)


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
    assert other_keys("Shopify (GraphQL)") == frozenset()


def test_left_over_words_meet_however_they_are_cut() -> None:
    assert leftover(name_words("Git Hub"), name_words("github")) == ()
    assert leftover(name_words("Google Ads"), name_words("Google Docs")) == ("ads",)
    assert leftover(name_words("Google Sheet"), name_words("google sheets")) == ()


def test_initials_stand_for_a_name() -> None:
    assert abbreviates("dv360", name_words("Display & Video 360"))
    assert abbreviates("ga4", name_words("Google Analytics 4"))
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
    assert "Sendinblue is known as Brevo" in found.reasons
    assert "same website domain (brevo.com)" in found.reasons


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


def test_an_address_alone_finds_its_name() -> None:
    assert match(Entry(url="https://acme.com"), Entry("Acme", "https://www.acme.com")).decision == "merge"
    assert match(Entry(url="https://acme.com"), Entry("Acme")).decision == "suggest"
    assert match(Entry(url="https://acme.com"), Entry("Acme", "https://acme.com"), 9).decision == "suggest"


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
    assert [key for key, _ in rank(query, others)] == [2]
    assert [key for key, _ in rank(query, others, keep_all=True)] == [2, 1]
    assert [key for key, _ in rank(query, others, keep_all=True, limit=1)] == [2]


ANY_TEXT = st.text(max_size=60) | st.sampled_from(
    [
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
    best = rank(query, candidates, limit=1, keep_all=True)[0][1]
    assert best.score == compare(query, query).score

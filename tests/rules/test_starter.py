"""Where a starter connector goes, and its name there."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_tracker.rules.starter import LAYOUTS, MAX_NAME, WAYS, GroupPolicy, Layout, Owner, Way, place, schema_name

NAME = re.compile(r"[_a-z][_a-z0-9]{0,59}")
NORTHWIND, CONTOSO = Owner(1, "Northwind"), Owner(2, "Contoso")
CHOICES = list(product(Way, Layout))


@given(
    service=st.text(max_size=90), account=st.text(max_size=90), case_id=st.integers(1, 10**9), more=st.integers(1, 99)
)
def test_every_name_is_one_that_fivetran_takes(service: str, account: str, case_id: int, more: int) -> None:
    for layout in Layout:
        names = [schema_name(service, case_id, n, layout=layout, account_name=account) for n in (1, more, more + 1)]
        assert all(NAME.fullmatch(each) and len(each) <= MAX_NAME for each in names), names
        assert len(set(names)) >= 2
    for way in Way:
        assert NAME.fullmatch(place(GroupPolicy(way), Owner(case_id, account), service).name)


@pytest.mark.parametrize(
    ("layout", "name"),
    [
        (Layout.SEPARATE, "lite_acme_billing_45"),
        (Layout.SHARED_BY_ACCOUNT, "lite_northwind_acme_billing_45"),
        (Layout.SHARED_BY_SERVICE, "lite_acme_billing_northwind_45"),
    ],
)
def test_the_layout_says_what_stands_together(layout: Layout, name: str) -> None:
    assert schema_name("Acme Billing", 45, layout=layout, account_name="Northwind") == name


@pytest.mark.parametrize("way", list(Way))
def test_accounts_meet_only_where_the_way_says_so(way: Way) -> None:
    here, there = (place(GroupPolicy(way), owner, "acme.com") for owner in (NORTHWIND, CONTOSO))
    assert (here.key == there.key) is way.is_shared
    assert (here.name == there.name) is way.is_shared
    assert (here.account_id is None) is way.is_shared


@given(st.lists(st.text("abc.-_ 1", min_size=1, max_size=80), min_size=2, max_size=6, unique=True))
def test_two_services_never_share_a_group(services: list[str]) -> None:
    places = [place(GroupPolicy(Way.PER_SERVICE), NORTHWIND, each) for each in services]
    assert len({each.key for each in places}) == len({each.name for each in places})


def test_every_choice_is_explained_and_kept() -> None:
    assert set(WAYS) == set(Way)
    assert set(LAYOUTS) == set(Layout)
    for way, layout in CHOICES:
        policy = GroupPolicy(way, layout, on_demand=way.is_shared)
        assert GroupPolicy.of(policy.to_json()) == policy

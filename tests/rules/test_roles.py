"""Roles in Fivetran: two published lists, one meaning, and a verdict that says when nobody knows."""

import pytest

from request_tracker.rules import roles
from request_tracker.rules.roles import BY_KEY, PUBLISHED, Known, judge, resolved, sets_up

OLDER, NEWER = BY_KEY["older"].names, BY_KEY["newer"].names


def test_both_lists_are_as_published() -> None:
    assert OLDER == (
        "Account Administrator", "Account Analyst", "Connector Administrator", "Connector Creator",
        "Destination Administrator", "Destination Analyst", "Destination Creator",
    )  # fmt: skip
    assert NEWER == (
        "Account Administrator", "Account Analyst", "Manage Connection", "Create Connection",
        "Manage Destination", "Edit Destination", "Destination Creator",
    )  # fmt: skip
    assert roles.DEFAULT.names == OLDER


@pytest.mark.parametrize("accepted", [OLDER, NEWER])
def test_a_role_counts_by_its_older_and_its_newer_name(accepted: tuple[str, ...]) -> None:
    assert all(sets_up(name, accepted) for name in PUBLISHED)
    assert sets_up(" manage connection ", accepted)
    assert not any(sets_up(name, accepted) for name in ("", roles.ANOTHER, "Connector Reviewer"))


def test_what_fivetran_lists_decides_and_replacements_are_followed() -> None:
    known = {
        each.name: each
        for each in (
            Known("Old Creator", "Create Connection"), Known("Create Connection"), Known("Viewer"),
            Known("Ring A", "Ring B"), Known("Ring B", "Ring A"),
        )
    }  # fmt: skip
    assert resolved("Old Creator", known) == "Create Connection"
    assert resolved("Ring A", known) == "Ring B"
    assert [judge(name, known, OLDER).may for name in ("Old Creator", "Viewer", "Ring A", "", "Custom")] == [
        "yes", "no", "no", "unknown", "unknown",
    ]  # fmt: skip


def test_a_list_of_ones_own_is_read_line_by_line() -> None:
    assert roles.read_names(" A  b \n\nA b\nC") == ("A b", "C")
    for text in ("", " \n", "x" * 101, "\n".join(map(str, range(31)))):
        with pytest.raises(ValueError, match="Name at"):
            roles.read_names(text)
    assert roles.what_to_ask(("A", "B", "C")).endswith(": A, B or C.")

"""Excerpts: the first lines of what stands at a place, whatever hangs below it."""

from typing import Any

from request_tracker.apidocs.measuring.excerpts import LONGEST, MOST_LINES, excerpts

TREE: dict[str, Any] = {
    "paths": {
        "/a/{b}": {"get": {"summary": "All b", "deprecated": True, "tags": ["x"], "responses": {"200": {"c": {}}}}}
    }
}


def test_the_first_lines_are_shown_and_what_lies_deep_is_cut() -> None:
    shown = excerpts(TREE, ["/paths/~1a~1{b}/get"])["/paths/~1a~1{b}/get"]
    assert shown.splitlines() == [
        "summary: All b", "deprecated: true", "tags:", "  - x", "responses:", "  200:", "    c: nothing",
    ]  # fmt: skip


def test_places_that_are_not_there_have_no_excerpt() -> None:
    assert excerpts(TREE, ["/paths/~1a/get", "/paths/0", "/paths/~1a~1{b}/get/tags/7", "nowhere/at/all"]) == {}


def test_an_endless_tree_costs_its_first_lines_only() -> None:
    bomb: list[Any] = ["x" * 10_000]
    for _ in range(60):
        bomb = [bomb] * 9
    loop: dict[str, Any] = {"name": "n" * 10_000}
    loop["self"] = loop
    shown = excerpts({"bomb": bomb, "loop": loop, "wide": dict.fromkeys(map(str, range(10_000)), 1)},
                     ["/bomb", "/loop", "/wide"])  # fmt: skip
    assert len(shown) == 3
    for text in shown.values():
        assert len(text.splitlines()) <= MOST_LINES + 1
        assert all(len(line) <= LONGEST + 1 for line in text.splitlines())

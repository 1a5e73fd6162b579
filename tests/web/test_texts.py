"""The table of sentences: each is said somewhere with the values it needs, and each that is said is there."""

import ast
import string
from functools import cache
from pathlib import Path

import pytest

import request_tracker
from request_tracker.web.texts import TEXTS, counted, say

WEB = Path(request_tracker.__file__).parent / "web"
PLACES = {"say": (0,), "counted": (1, 2)}
"""Where the keys stand among what is handed over."""


def test_every_sentence_that_is_said_is_in_the_table() -> None:
    assert len(said()) > 60, "the modules are no longer read as they are written"
    assert {key for key, _ in said()} - set(TEXTS) == set()


def test_every_sentence_is_said_with_the_values_it_needs() -> None:
    needed = {key: {name for _, name, _, _ in string.Formatter().parse(text) if name} for key, text in TEXTS.items()}
    assert [(key, names) for key, names in said() if None not in names and not needed[key] <= names] == []


def test_a_key_made_of_parts_leads_to_a_sentence() -> None:
    """`say(f"sent_{key}")`: at least one row begins so."""
    assert [start for start in begun() if not any(key.startswith(start) for key in TEXTS)] == []


def test_no_sentence_is_left_over() -> None:
    source = "".join(module.read_text() for module in sorted(WEB.glob("*.py")) if module.name != "texts.py")
    starts = tuple(begun())
    whole = {key for key in TEXTS if f'"{key}"' in source}
    assert [key for key in TEXTS if key not in whole and not key.startswith(starts)] == []


@pytest.mark.parametrize(("count", "words"), [(1, "1 day waits for"), (2, "2 days wait for"), (0, "0 days wait for")])
def test_one_and_many(count: int, words: str) -> None:
    assert counted(count, "days_wait_one", "days_wait_many").startswith(words)


def test_what_is_put_in_is_text_and_no_pattern() -> None:
    assert say("person_added", name="{0.__class__} {name}") == "{0.__class__} {name} was added."


def said() -> list[tuple[str, set[str | None]]]:
    """Every key written out, with the names of the values handed over (None: a mapping, not read here)."""
    return [
        (part.value, {word.arg for word in call.keywords} | ({"count"} if name == "counted" else set()))
        for name, call in calls()
        for place in PLACES[name]
        for part in ast.walk(call.args[place])
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and _is_key(part, call.args[place])
    ]


def begun() -> list[str]:
    """How the keys begin that are made when they are needed."""
    parts = [part for name, call in calls() for place in PLACES[name] for part in ast.walk(call.args[place])]
    made = [part.values[0] for part in parts if isinstance(part, ast.JoinedStr)]
    return [first.value for first in made if isinstance(first, ast.Constant)]


def _is_key(part: ast.Constant, given: ast.expr) -> bool:
    """The text itself or a side of an `if`; not what is compared, and no piece of a key that is made."""
    if isinstance(given, ast.IfExp):
        return _is_key(part, given.body) or _is_key(part, given.orelse)
    return part is given


@cache
def calls() -> list[tuple[str, ast.Call]]:
    texts = [module.read_text() for module in sorted(WEB.glob("*.py")) if module.name != "texts.py"]
    trees = [ast.parse(text) for text in texts if "say(" in text or "counted(" in text]
    found = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [(node.func.id, node) for node in found if isinstance(node.func, ast.Name) and node.func.id in PLACES]

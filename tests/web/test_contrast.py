"""The colours of the pages: every text can be read on its ground, light and dark (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

import request_tracker

CSS = Path(request_tracker.__file__).parent / "web" / "static" / "css"
THEMES = ("light", "dark")
GROUNDS = ("ground", "surface", "sunken")
SIGNALS = ("ok", "at-risk", "overdue", "waiting")
SOFT = ("accent-soft", *(f"{signal}-soft" for signal in SIGNALS))

# Text that stands on a ground set by another rule; rules that set both are read from the files.
INHERITED = [
    *[(text, ground) for text in ("ink", "ink-soft", "accent", "accent-strong", "overdue") for ground in GROUNDS],
    *[(text, ground) for text in ("ink", "ink-soft", "accent", "accent-strong") for ground in SOFT],
    *[(signal, ground) for signal in SIGNALS for ground in ("ground", "surface", f"{signal}-soft")],
    *[("accent-ink", ground) for ground in ("accent", "accent-strong")],
]
# Borders of inputs and marks that carry meaning.
EDGES = [(edge, ground) for edge in ("line-strong", "accent", "overdue") for ground in GROUNDS]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "ground"), INHERITED)
def test_text_can_be_read(theme: str, text: str, ground: str) -> None:
    assert contrast(tokens(theme)[text], tokens(theme)[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_edges_can_be_seen(theme: str, edge: str, ground: str) -> None:
    assert contrast(tokens(theme)[edge], tokens(theme)[ground]) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_rules_that_set_text_and_ground_can_be_read(theme: str) -> None:
    colours, pairs = tokens(theme), pairs_in_rules()
    assert ("accent-ink", "accent") in pairs, "the files are no longer read as they are written"
    assert [pair for pair in sorted(pairs) if contrast(*(colours[name] for name in pair)) < 4.5] == []


def test_every_colour_is_named_in_both_themes() -> None:
    light, dark = blocks()
    assert set(light) == set(dark)


def test_every_colour_used_for_text_or_ground_is_measured() -> None:
    measured = {name for pair in [*INHERITED, *EDGES, *pairs_in_rules()] for name in pair}
    assert set(tokens("light")) - measured == {"line"}, "line only separates and carries no meaning"


def test_colours_are_written_as_tokens_only() -> None:
    others = [path for path in CSS.glob("*.css") if path.name != "tokens.css"]
    assert others
    assert [
        path.name for path in others if re.search(r"#[0-9a-f]{3,8}\b|\b(rgb|hsl|oklch)a?\(", path.read_text())
    ] == []


def test_the_measure_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def tokens(theme: str) -> dict[str, str]:
    """Names (without dashes) to #rrggbb, as the theme sees them."""
    light, dark = blocks()
    return light if theme == "light" else light | dark


def blocks() -> tuple[dict[str, str], dict[str, str]]:
    light, dark = (CSS / "tokens.css").read_text().split("@media screen and (prefers-color-scheme: dark)")
    return _colours(light), _colours(dark)


def _colours(text: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6})\s*;", text))


def pairs_in_rules() -> set[tuple[str, str]]:
    """Every (text, ground) that one rule sets together, over all files."""
    rules = [body for path in CSS.glob("*.css") for body in re.findall(r"{([^{}]*)}", path.read_text())]
    found = [(_token(r"(?<![\w-])color", body), _token("background", body)) for body in rules]
    return {(text, ground) for text, ground in found if text and ground}


def _token(name: str, body: str) -> str:
    match = re.search(name + r":\s*var\(--([a-z-]+)\)\s*(;|$)", body)
    return match[1] if match else ""


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio of two #rrggbb colours, 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

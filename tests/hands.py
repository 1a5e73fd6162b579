"""Ways of working at a page: each kind of hands presses what is named and fills what is labelled in its own way, so
that a task is written once. Every page a hand comes to has to fit the window."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ElementHandle, Locator, Page, expect

MOST_TABS = 120
SMALLEST = 24
"""CSS pixels that a thing to tap measures at least (WCAG 2.2, 2.5.8)."""
WHERE = "el => Math.sign(el.compareDocumentPosition(document.activeElement) & 2) || -1"
"""1: what has the focus comes before the element, -1: after it."""
SEEN = """el => {
  const style = getComputedStyle(el), box = el.getBoundingClientRect();
  const drawn = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none";
  const shown = el.type === "datetime-local" || (el.matches(":focus-visible") && drawn);
  return shown && box.bottom > 0 && box.top < innerHeight;
}"""
"""The button within a field of day and time has a ring of the browser's own."""
ON_PICKER = "el => document.activeElement === el && !el.matches(':focus')"
PARTS = 6
"""Of a field of day and time, the half of the day among them."""
SKIPS = "el => document.activeElement.matches('.skip') && document.querySelector('main').contains(el)"
"""Whether the link that skips the header is a help."""
Words = str | re.Pattern[str]


def axe(page: Page) -> None:
    """Nothing on the page violates a rule of axe."""
    found = Axe().run(page).response["violations"]
    assert [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found] == []


def press_key(page: Page, key: str) -> None:
    """Press a key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


@dataclass
class Hands:
    """What all hands can do. `pages`: how many they were led to, `keys`: how many keys they pressed, `looks`: how often
    they had to find something."""

    page: Page
    pages: int = 0
    keys: int = 0
    looks: int = 0
    loading: list[float] = field(default_factory=list)
    window: ClassVar[dict[str, Any]] = {}

    def open(self, path: str) -> None:
        """Where the task begins."""
        self.page.goto(path)

    def follow(self, name: Words, within: str = "main", key: str = "") -> None:
        self._led(self.page.locator(within).get_by_role("link", name=name).first, "Enter", key)

    def row(self, name: Words) -> None:
        """Open what a row of a list is about."""
        self.follow(name)

    def press(self, name: Words, within: str = "main", key: str = "") -> None:
        """A button that sends something."""
        self._led(self.page.locator(within).get_by_role("button", name=name).first, "Enter", key)

    def unfold(self, words: Words, within: str = "main", key: str = "") -> None:
        fold = self.page.locator(f"{within} details:has(> summary)").filter(
            has=self.page.locator("> summary", has_text=words)
        )
        summary = fold.last.locator("> summary")
        expect(summary).to_be_visible()
        if fold.last.get_attribute("open") is None:
            self._reach(summary, key)
            self._strike(summary, "Enter", key)

    def fill(self, label: Words, words: str, within: str = "main") -> None:
        found = self._labelled(label, within)
        self._enter(found)
        if found.input_value():
            self._key("Control+a")
        self._type(words)
        expect(found).to_have_value(words)

    def moment(self, label: Words, at: str, within: str = "main") -> None:
        """Into a field of day and time; at: like 2026-12-01T10:00."""
        self._labelled(label, within).fill(at)

    def choose(self, label: Words, option: str, within: str = "main") -> None:
        self._labelled(label, within).select_option(label=option)

    def tick(self, label: Words, within: str = "main") -> None:
        found = self._labelled(label, within)
        self._reach(found)
        if not found.is_checked():
            self._strike(found, "Space")
        expect(found).to_be_checked()

    def attach(self, label: Words, file: Path) -> None:
        found = self._labelled(label, "main")
        self._reach(found)
        with self.page.expect_file_chooser() as chooser:
            self._strike(found, "Enter")
        chooser.value.set_files(file)

    def _labelled(self, label: Words, within: str) -> Locator:
        return self.page.locator(within).get_by_label(label).first

    def _led(self, found: Locator, pressed: str, key: str) -> None:
        expect(found).to_be_visible()
        self._reach(found, key)
        with self.page.expect_navigation():
            self._strike(found, pressed, key)
        self.pages += 1
        self._arrived()

    def _arrived(self) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        wide, whole = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= whole, f"{self.page.url}: {wide} px wide"

    def _enter(self, found: Locator) -> None:
        """Into a field, to type there."""
        self._reach(found)
        self._strike(found, "")

    def _key(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.keys += 1

    def _type(self, words: str) -> None:
        self.page.keyboard.insert_text(words)

    def _reach(self, found: Locator, key: str = "") -> None:
        """Get to it, unless a key is as good."""

    def _strike(self, found: Locator, pressed: str, key: str = "") -> None:
        """Use it: by its single key, else by the key that uses what has the focus; hands with a pointer point."""
        raise NotImplementedError


class Mouse(Hands):
    """Clicks only."""

    def _strike(self, found: Locator, pressed: str, key: str = "") -> None:
        found.click()


class Bare(Mouse):
    """As a mouse, but no script runs."""

    window: ClassVar[dict[str, Any]] = {"java_script_enabled": False}


class Thumb(Hands):
    """A phone in the dark: what is tapped is large enough."""

    window: ClassVar[dict[str, Any]] = {
        "viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "color_scheme": "dark",
    }  # fmt: skip

    def _strike(self, found: Locator, pressed: str, key: str = "") -> None:
        found.scroll_into_view_if_needed()
        box = found.bounding_box()
        assert box
        if not found.evaluate("el => getComputedStyle(el).display === 'inline' || el.labels?.length"):
            assert min(box["width"], box["height"]) >= SMALLEST, (found, box)
        found.tap()


class Keyboard(Hands):
    """Tab, Shift and Tab, Enter, Space, arrows and the single keys: no mouse, and no focus that was not walked to."""

    def row(self, name: Words) -> None:
        """By j down the list, and o."""
        found = self.page.locator("[data-row]").filter(has_text=name).first
        expect(found).to_be_visible()
        handle = _handle(found)
        for _ in range(MOST_TABS):
            self._key("j")
            if self._is_on(handle):
                break
        assert handle.evaluate(SEEN), f"the focus is not seen on {name}"
        self._led(found, "Enter", "o")

    def choose(self, label: Words, option: str, within: str = "main") -> None:
        found = self._labelled(label, within)
        self._enter(found)
        self._type(option)
        assert found.evaluate("el => el.selectedOptions[0].label") == option

    def moment(self, label: Words, at: str, within: str = "main") -> None:
        """Part by part, as the fields of an American browser are laid out."""
        day, clock = at.split("T")
        year, month, date = day.split("-")
        hour = int(clock[:2])
        found = self._labelled(label, within)
        self._enter(found)
        if found.evaluate(ON_PICKER):
            self._key("Shift+Tab")
        for _ in range(PARTS - 1):
            self._key("ArrowLeft")
        self._type(month + date + year)
        self._key("ArrowRight")
        self._type(f"{(hour - 1) % 12 + 1:02}{clock[3:]}{'AM' if hour < 12 else 'PM'}")
        expect(found).to_have_value(at)

    def _reach(self, found: Locator, key: str = "") -> None:
        self.looks += 1
        if not key:
            self._walk_to(_handle(found))

    def _strike(self, found: Locator, pressed: str, key: str = "") -> None:
        if key or pressed:
            self._key(key or pressed)

    def _walk_to(self, handle: ElementHandle) -> None:
        if not self._is_on(handle) and self.page.evaluate("document.activeElement === document.body"):
            self._key("Tab")
            if handle.evaluate(SKIPS):
                self._key("Enter")
        for _ in range(MOST_TABS):
            if self._is_on(handle):
                assert handle.evaluate(SEEN), f"the focus is not seen on {handle.evaluate('el => el.outerHTML')[:300]}"
                return
            self._key(self._next(handle))
        raise AssertionError(f"not reached by keyboard: {handle.evaluate('el => el.outerHTML')[:300]}")

    def _next(self, handle: ElementHandle) -> str:
        """The key that brings the focus nearer; within a group of choices that is an arrow."""
        ahead = handle.evaluate(WHERE) == 1
        same = "el => el.type === 'radio' && document.activeElement.name === el.name"
        if handle.evaluate(same):
            return "ArrowDown" if ahead else "ArrowUp"
        return "Tab" if ahead else "Shift+Tab"

    def _is_on(self, handle: ElementHandle) -> bool:
        return bool(handle.evaluate("el => document.activeElement === el"))

    def _type(self, words: str) -> None:
        self.page.keyboard.type(words)
        self.keys += len(words)

    def _arrived(self) -> None:
        super()._arrived()
        timing = "performance.getEntriesByType('navigation')[0].duration"
        self.loading.append(float(self.page.evaluate(timing)) / 1000)


def _handle(found: Locator) -> ElementHandle:
    handle = found.element_handle()
    assert handle
    return handle


WAYS: dict[str, type[Hands]] = {"mouse": Mouse, "keyboard": Keyboard, "bare": Bare, "phone": Thumb}

"""A whole visit by keyboard alone: no step of it presses a mouse, or sets a focus."""

import json

import pytest

from tests.page.conftest import OpenTab
from tests.page.inspecting import CLIPBOARD
from tests.page.shown_chains import INTRODUCTION
from tests.page.tab import Tab
from tests.page.threads import begun_with, until_read
from tests.page.wire import Wire
from tests.serving import Served

pytestmark = pytest.mark.needs("chromium")

# What can be used here and now; of radio buttons, tabs and conversations, arrows lead to the others.
USABLE = """
[...document.querySelectorAll("a[href], button, select, textarea, input, summary, [tabindex]")].filter(
    (node) => node.checkVisibility({ visibilityProperty: true }) && !node.disabled && !node.closest("[inert]")
    && !(node.role === "tab" && node.tabIndex < 0)
    && !node.closest(".threads li:not([data-stop])")
    && !(node.type === "radio" && !node.checked))
"""
NAME = """
(() => {
    const { activeElement: node } = document;
    return node.ariaLabel || (node.labels?.[0] ?? node).textContent.trim().replace(/\\s+/g, " ");
})()
"""
MOST_STEPS = 80


class Keyboard:
    """The keys of `tab`, and where its focus is."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self.press = tab.page.keyboard.press
        self.type = tab.page.keyboard.type

    @property
    def at(self) -> str:
        """The name of what has the focus."""
        return str(self._tab.page.evaluate(NAME))

    def go_to(self, beginning: str, key: str = "Tab") -> None:
        for _ in range(MOST_STEPS):
            if self.at.startswith(beginning):
                return
            self.press(key)
        raise AssertionError(f"no {key} leads to {beginning!r}; the focus is on {self.at!r}")


@pytest.fixture
def tab(open_tab: OpenTab, wire: Wire) -> Tab:
    return open_tab(wire.url, permissions=CLIPBOARD).ready()


@pytest.fixture
def keys(tab: Tab) -> Keyboard:
    return Keyboard(tab)


def clipboard(tab: Tab) -> str:
    return str(tab.page.evaluate("navigator.clipboard.readText()"))


def test_a_run_is_asked_for_approved_looked_into_and_copied(tab: Tab, keys: Keyboard) -> None:
    keys.go_to("Chain")
    keys.type("asking_agent")
    keys.go_to("Prompt", "Shift+Tab")
    keys.type("tool=gated tokens=3")
    keys.press("Enter")
    tab.until_status("waiting")
    keys.go_to("Approve", "Shift+Tab")
    keys.press("Enter")
    tab.until_ended()
    assert tab.answer.startswith(INTRODUCTION)

    keys.go_to("Inspect", "Shift+Tab")
    keys.press("Enter")
    assert keys.at == "Turn"
    keys.go_to("Events")
    keys.go_to("Filter events by text")
    keys.type("let through")
    tab.until("() => document.querySelectorAll('.frame').length === 1")
    keys.go_to("Pause")
    keys.press("Space")
    tab.page.get_by_role("button", name="Paused,").wait_for()
    keys.press("Space")
    keys.go_to("Copy the events shown")
    keys.press("Enter")
    tab.page.get_by_role("button", name="NDJSON: copied").wait_for()
    assert json.loads(clipboard(tab))["event"] == "tool_end"
    keys.go_to("tool_end")
    keys.press("Enter")
    keys.go_to("Frames")
    keys.press("ArrowUp")
    keys.go_to("Copy the data")
    keys.press("Enter")
    tab.page.get_by_role("button", name="data: copied").wait_for()
    assert json.loads(clipboard(tab))["output"] == "let through"

    keys.go_to("Events", "Shift+Tab")
    keys.press("ArrowRight")
    assert keys.at == "Formats"
    keys.go_to("Format")
    keys.press("Tab")
    assert keys.at == "Format"
    keys.type("text")
    tab.until("(text) => document.querySelector('.format-panel .raw').textContent === text", tab.answer)
    keys.go_to("Formats", "Shift+Tab")
    keys.press("End")
    assert keys.at == "Copy as"
    keys.press("Tab")
    keys.go_to("Copy as Python")
    keys.press("Enter")
    tab.page.get_by_role("button", name="Python: copied").wait_for()
    assert "asking_agent" in clipboard(tab)
    keys.press("Escape")
    assert not tab.page.locator("#inspector").is_visible()
    assert keys.at == "Inspect"


def test_the_frames_are_gone_through_by_arrows_pages_and_to_both_ends(tab: Tab, keys: Keyboard) -> None:
    tab.ask("tokens=200")
    tab.until_ended()
    keys.go_to("Inspect", "Shift+Tab")
    keys.press("Enter")
    keys.go_to("Frames")
    chosen = "Number(document.querySelector('.frame[aria-selected=true]').dataset.number)"
    active = (
        "document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).dataset.number"
    )

    def number_after(key: str) -> int:
        keys.press(key)
        assert tab.page.evaluate(active) == str(tab.page.evaluate(chosen))
        seen = tab.page.evaluate(
            """() => {
                const list = document.querySelector(".frames").getBoundingClientRect();
                const row = document.querySelector(".frame[aria-selected=true]").getBoundingClientRect();
                return row.top >= list.top && row.bottom <= list.bottom;
            }"""
        )
        assert seen
        return int(tab.page.evaluate(chosen))

    last = number_after("End")
    assert last > 200
    assert number_after("ArrowUp") == last - 1
    assert number_after("PageUp") < last - 3
    assert number_after("Home") == 1
    assert number_after("ArrowUp") == 1
    assert number_after("ArrowDown") == 2
    assert 4 < number_after("PageDown") < last
    assert number_after("End") == last


def test_a_conversation_is_found_opened_renamed_and_deleted(tab: Tab, shown: Served, keys: Keyboard) -> None:
    begun_with(shown, "by keys one")
    begun_with(shown, "by keys two")
    tab.ready().page.get_by_text("by keys two", exact=True).wait_for()
    keys.go_to("by keys two", "Shift+Tab")
    keys.press("ArrowDown")
    assert keys.at.startswith("by keys one")
    keys.press("Enter")
    until_read(tab, 1)
    keys.press("Tab")
    assert keys.at == "Rename “by keys one”"
    keys.press("Enter")
    keys.type("by keys new")
    keys.press("Enter")
    tab.until("() => document.title.startsWith('by keys new')")
    assert keys.at.startswith("by keys new")
    keys.go_to("Delete “by keys new”")
    keys.press("Enter")
    assert keys.at == "Keep"
    keys.press("Escape")
    assert keys.at == "Delete “by keys new”"
    keys.press("Enter")
    keys.press("Shift+Tab")
    keys.press("Enter")
    tab.until("() => document.body.classList.contains('fresh')")
    keys.go_to("Conversations", "Shift+Tab")
    keys.press("Enter")
    assert not tab.page.locator("#sidebar").is_visible()
    keys.press("Enter")
    assert keys.at == "New conversation"


def test_the_versions_of_a_turn_are_gone_through(tab: Tab, keys: Keyboard) -> None:
    tab.ask("one", "recalling")
    tab.until_ended()
    keys.go_to("Retry", "Shift+Tab")
    keys.press("Enter")
    tab.page.get_by_role("group", name="Versions").wait_for()
    tab.until_ended()
    keys.go_to("The version before", "Shift+Tab")
    keys.press("Enter")
    tab.page.get_by_text("1 / 2").wait_for()
    assert keys.at == "The next version"
    keys.press("Enter")
    tab.page.get_by_text("2 / 2").wait_for()


def test_a_theme_is_chosen_by_arrows(tab: Tab, keys: Keyboard) -> None:
    keys.go_to("System", "Shift+Tab")
    keys.press("ArrowRight")
    assert tab.page.evaluate("document.documentElement.dataset.theme") == "light"
    keys.press("ArrowRight")
    assert tab.page.evaluate("document.documentElement.dataset.theme") == "dark"
    keys.press("ArrowRight")
    assert tab.page.evaluate("document.documentElement.dataset.theme ?? null") is None


@pytest.mark.parametrize("drawer", [False, True], ids=["closed", "open"])
def test_tab_leads_to_everything_that_can_be_used(tab: Tab, keys: Keyboard, drawer: bool) -> None:
    tab.ask("tool=gated twice=1 tokens=3", "talking_agent")
    tab.until_ended()
    tab.until("() => document.querySelector('.threads li[data-stop] [aria-current=page]') !== null")
    if drawer:
        keys.go_to("Inspect", "Shift+Tab")
        keys.press("Enter")
    count = tab.page.evaluate(f"(window.usable = {USABLE}).length")
    missed = set(range(count))
    for _ in range(2 * count):  # a round, though what was counted may have grown since
        keys.press("Tab")
        missed.discard(tab.page.evaluate("usable.indexOf(document.activeElement)"))
    assert tab.page.evaluate("(missed) => missed.map((at) => usable[at].outerHTML)", sorted(missed)) == []
    assert count > (15 if drawer else 5)

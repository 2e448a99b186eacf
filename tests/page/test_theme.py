"""Light or dark: as the system is, or as chosen; and nothing moves for those who do not want it."""

import pytest

from tests.page.conftest import OpenTab
from tests.page.tab import Tab
from tests.serving import Served

pytestmark = pytest.mark.needs("chromium")

LIGHT, DARK = "rgb(250, 250, 248)", "rgb(19, 20, 19)"
PAPER = "getComputedStyle(document.body).backgroundColor"
SCRIPTS = "**/static/*/app.js"


def choose(tab: Tab, theme: str) -> None:
    tab.page.get_by_role("radiogroup", name="Theme").get_by_role("radio", name=theme).check()


@pytest.mark.parametrize(("scheme", "paper"), [("light", LIGHT), ("dark", DARK)])
def test_the_page_is_as_the_system_is(open_tab: OpenTab, shown: Served, scheme: str, paper: str) -> None:
    tab = open_tab(shown.url, color_scheme=scheme).ready()
    assert tab.page.evaluate(PAPER) == paper
    assert tab.page.get_by_role("radio", name="System").is_checked()


@pytest.mark.parametrize(("scheme", "other", "paper"), [("light", "Dark", DARK), ("dark", "Light", LIGHT)])
def test_a_chosen_theme_holds_after_a_reload_from_the_first_frame_and_in_the_docs(
    open_tab: OpenTab, shown: Served, scheme: str, other: str, paper: str
) -> None:
    tab = open_tab(shown.url, color_scheme=scheme).ready()
    choose(tab, other)
    assert tab.page.evaluate(PAPER) == paper
    tab.page.route(SCRIPTS, lambda route: route.abort())  # the modules come after the first frame, or never
    tab.open()
    assert tab.page.evaluate(PAPER) == paper
    tab.excuse("Failed to load resource")
    tab.page.unroute(SCRIPTS)
    tab.ready()
    assert tab.page.get_by_role("radio", name=other).is_checked()
    tab.open("/docs")
    tab.page.wait_for_selector(".opblock")
    assert tab.page.evaluate("document.documentElement.classList.contains('dark-mode')") == (other == "Dark")


def test_the_system_can_be_followed_again(open_tab: OpenTab, shown: Served) -> None:
    tab = open_tab(shown.url, color_scheme="light").ready()
    choose(tab, "Dark")
    choose(tab, "System")
    assert tab.page.evaluate(PAPER) == LIGHT
    tab.page.emulate_media(color_scheme="dark")
    assert tab.page.evaluate(PAPER) == DARK
    assert tab.page.evaluate("localStorage.length") == 0


def test_a_theme_is_chosen_in_every_tab_at_once(open_tab: OpenTab, shown: Served) -> None:
    tab = open_tab(shown.url, color_scheme="light").ready()
    other = tab.page.context.new_page()
    other.goto(shown.url)
    choose(tab, "Dark")
    other.wait_for_function(f"() => {PAPER} === '{DARK}'")
    assert other.get_by_role("radio", name="Dark").is_checked()


def test_a_browser_that_keeps_nothing_can_choose_all_the_same(open_tab: OpenTab, shown: Served) -> None:
    tab = open_tab(shown.url, color_scheme="light")
    refuse = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no'); } });"
    tab.page.add_init_script(refuse)
    tab.ready()
    choose(tab, "Dark")
    assert tab.page.evaluate(PAPER) == DARK


def test_nothing_moves_for_those_who_want_it_still(open_tab: OpenTab, shown: Served, gate: str) -> None:
    moving = "() => document.getAnimations().filter(({ playState }) => playState === 'running').length"
    for motion, count in (("no-preference", True), ("reduce", False)):
        tab = open_tab(shown.url, reduced_motion=motion).ready()
        tab.ask(f"tool=gated gate={gate}", "talking_agent")
        tab.until_card("running")
        assert bool(tab.page.evaluate(moving)) is count
        tab.page.click("#stop")
        tab.until_ended("cancelled")

"""The page of the client server in a real Chromium: what it draws of the hops, and when."""

import json
import re
from collections.abc import Iterator
from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest

from tests.examples.chained import chained
from tests.examples.cutting import cutting, random_lengths
from tests.needs import chromium_path
from tests.page.axe import grave_findings
from tests.page.conftest import QUIET
from tests.page.runs import get_run, wait_for_status
from tests.page.runs import numbered as written
from tests.page.tab import NETWORK, Tab
from tests.served_chains import GATES
from tests.serving import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.needs("chromium")

FIGURES = ".hop .figures"


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def client(numbered: Served) -> Iterator[Served]:
    with chained(numbered.url, chain="numbered") as client:
        yield client


@pytest.fixture
def tab(browser: "Browser", client: Served) -> Iterator[Tab]:
    """The page; none of what it does may fail or be stopped by its policy, but what a test excuses."""
    with browser.new_context() as context:
        tab = Tab(context, client.url).open()
        yield tab
        assert tab.complaints == []


def ask(tab: Tab, message: str) -> None:
    tab.page.fill("#message", message)
    tab.page.press("#message", "Enter")


def until_shown(tab: Tab, text: str) -> None:
    tab.until("(text) => document.getElementById('answer').textContent === text", text)


def until_told(tab: Tab, pattern: str) -> None:
    tab.until("(text) => new RegExp(text).test(document.getElementById('status').textContent)", pattern)


def test_each_hop_draws_a_token_before_the_next_is_written(tab: Tab, gate: str) -> None:
    ask(tab, f"tokens=5 hold=3 gate={gate}")
    until_shown(tab, written(2))
    tab.until(
        f"() => [...document.querySelectorAll('{FIGURES}')].every((node) => node.innerText.match(/2.tokens/))"
    )
    assert all(
        "first token" in figures.replace("\xa0", " ")
        for figures in tab.page.locator(FIGURES).all_inner_texts()
    )
    assert tab.page.locator(".reached").count() == 4
    GATES[gate].open()
    until_told(tab, r"a token took \d")
    until_shown(tab, written(5))
    marks = tab.page.locator(".hop .token").evaluate_all(
        "(paths) => paths.map((path) => path.getAttribute('d').split('M').length - 1)"
    )
    assert marks == [5, 5, 5]
    assert re.fullmatch(r"[\d.]+ ms", tab.page.inner_text("#streamed"))


def test_without_streaming_nothing_is_shown_before_all_is_written(tab: Tab, gate: str) -> None:
    tab.page.get_by_role("switch", name="Streaming").click()
    ask(tab, f"tokens=3 hold=3 gate={gate}")
    assert GATES[gate].reached.wait(10)
    assert tab.page.inner_text("#answer") == ""
    GATES[gate].open()
    until_told(tab, "Every hop waited")
    until_shown(tab, written(3))
    assert re.fullmatch(r"[\d.,]+ ms", tab.page.inner_text("#whole"))


def test_stop_cancels_the_run_and_keeps_what_was_written(tab: Tab, numbered: Served, gate: str) -> None:
    ask(tab, f"tokens=5 hold=3 gate={gate}")
    until_shown(tab, written(2))
    tab.page.get_by_role("button", name="Stop").click()
    until_told(tab, "Stopped")
    until_shown(tab, written(2))


def test_leaving_the_page_cancels_its_run_at_once(tab: Tab, numbered: Served, gate: str) -> None:
    """The service itself would wait ten seconds for the reader to come back."""
    ask(tab, f"tokens=5 hold=3 gate={gate}")
    until_shown(tab, written(2))
    [run] = json.loads(numbered.get("/runs?limit=1").text)["items"]
    tab.page.goto("about:blank")
    wait_for_status(numbered, run["run_id"], "cancelled")
    assert get_run(numbered, run["run_id"])["cancel_reason"] == "user"


@pytest.mark.parametrize(
    ("lengths", "clean"), [(random_lengths(7), True), (chain([3000], repeat(10**6)), False)]
)
def test_an_answer_is_whole_though_its_connections_are_cut(
    browser: "Browser", client: Served, lengths: Iterator[int], clean: bool
) -> None:
    with cutting(client.port, lengths, clean=clean) as (url, cutter), browser.new_context() as context:
        tab = Tab(context, url).open()
        tab.excuse(NETWORK)
        ask(tab, "tokens=60")
        until_told(tab, "a token took")
        until_shown(tab, written(60))
        assert cutter.cuts > 2 * clean
        assert tab.complaints == []


def test_what_goes_wrong_is_said_in_words(tab: Tab) -> None:
    ask(tab, "tokens=5 fail=3")
    until_told(tab, "The model call failed")
    until_shown(tab, written(2))
    assert "bad" in (tab.page.get_attribute("#status", "class") or "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_by_everybody_and_fits_a_phone(
    browser: "Browser", client: Served, scheme: str
) -> None:
    with browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme) as context:  # type: ignore[arg-type]
        tab = Tab(context, client.url).open()
        ask(tab, "tokens=40")
        until_told(tab, "a token took")
        assert grave_findings(tab) == []
        assert tab.page.evaluate("() => document.documentElement.scrollWidth") == 390

"""The system text, temperature and length of answers that a request asks for."""

from typing import Any

import pytest

from tests.page.conftest import OpenTab
from tests.page.runs import body_of
from tests.page.sse import DONE, STARTED, stream
from tests.page.tab import NETWORK, Tab
from tests.page.wire import Wire

pytestmark = pytest.mark.needs("chromium")

MESSAGES = {"properties": {"messages": {"type": "array"}}}
CHAINS = [
    {"name": "open", "default": True, "model_fixed": False, "input_schema": MESSAGES},
    {"name": "fixed", "default": False, "model_fixed": True, "input_schema": MESSAGES},
    {"name": "textual", "default": False, "model_fixed": False, "input_schema": {"type": "string"}},
]
SET = {"system": "Be brief.", "temperature": "0.5", "max-tokens": "64"}


@pytest.fixture
def offered(open_tab: OpenTab, wire: Wire) -> Tab:
    tab = open_tab(wire.url)
    chains = [{"description": "", "examples": [], **chain} for chain in CHAINS]
    tab.page.route("**/chains", lambda route: route.fulfill(json={"items": chains, "models": ["a:b"]}))
    tab.stream_instead(stream(STARTED, DONE))
    return tab.ready()


def fill(tab: Tab, fields: dict[str, str]) -> None:
    tab.page.locator("#parameters summary").click()
    for name, value in fields.items():
        tab.page.fill(f"#{name}", value)
    tab.page.keyboard.press("Escape")


def asked_for(tab: Tab, chain: str) -> dict[str, Any]:
    with tab.page.expect_request("**/runs") as started:
        tab.ask("anything", chain)
    tab.until_ended()
    body = body_of(started.value)
    return {name: body[name] for name in ("params", "system") if name in body}


def test_nothing_is_asked_for_that_was_not_set(offered: Tab) -> None:
    assert asked_for(offered, "open") == {}


def test_what_is_set_is_asked_for_of_chains_that_take_it(offered: Tab) -> None:
    fill(offered, SET)
    params = {"temperature": 0.5, "max_tokens": 64}
    assert asked_for(offered, "open") == {"params": params, "system": "Be brief."}
    assert asked_for(offered, "fixed") == {"system": "Be brief."}
    assert asked_for(offered, "textual") == {"params": params}


@pytest.mark.parametrize(
    ("chain", "grey", "note"),
    [
        ("open", [], ""),
        ("fixed", ["temperature", "max-tokens"], "brings its own model"),
        ("textual", ["system"], "takes no system text"),
    ],
)
def test_what_a_chain_does_not_take_is_grey_and_says_why(
    offered: Tab, chain: str, grey: list[str], note: str
) -> None:
    offered.page.select_option("#chain", chain)
    disabled = "[...document.querySelectorAll('#parameters :disabled')].map(({ id }) => id)"
    assert offered.page.evaluate(disabled) == grey
    assert note in (offered.page.locator("#parameters .note").text_content() or "")


def test_how_many_are_set_is_seen_without_opening_them(offered: Tab) -> None:
    summary = offered.page.locator("#parameters summary")
    assert summary.inner_text() == "Parameters"
    fill(offered, SET)
    assert summary.inner_text() == "Parameters · 3"
    offered.page.select_option("#chain", "fixed")
    assert summary.inner_text() == "Parameters · 1"


def test_escape_a_press_elsewhere_and_the_focus_elsewhere_close_them(offered: Tab) -> None:
    details = offered.page.locator("#parameters")
    details.locator("summary").click()
    offered.page.keyboard.press("Escape")
    assert details.get_attribute("open") is None
    assert offered.page.evaluate("document.activeElement.localName") == "summary"
    details.locator("summary").click()
    offered.page.click("h1")
    assert details.get_attribute("open") is None
    details.locator("summary").click()
    for _ in range(4):
        offered.page.keyboard.press("Tab")
    assert offered.page.evaluate("document.activeElement.id") == "send"
    assert details.get_attribute("open") is None


def test_a_value_that_no_model_takes_is_told_before_it_is_sent(offered: Tab) -> None:
    fill(offered, {"temperature": "9"})
    offered.page.fill("#prompt", "anything")
    offered.page.press("#prompt", "Enter")
    assert offered.page.evaluate("document.activeElement.id") == "temperature"
    assert offered.page.locator("article").count() == 0
    assert offered.page.input_value("#prompt") == "anything"


def test_what_is_set_is_set_after_a_reload(offered: Tab) -> None:
    fill(offered, SET)
    asked_for(offered, "textual")
    offered.excuse(NETWORK)  # of what was asked here the service knows nothing
    offered.page.reload()
    offered.page.wait_for_selector("#chain:not([hidden])")
    assert offered.page.input_value("#chain") == "textual"
    assert {name: offered.page.input_value(f"#{name}") for name in SET} == SET

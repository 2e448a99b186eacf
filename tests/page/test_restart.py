"""A model that dies in mid-answer: what it wrote is struck out, and another one answers instead."""

from collections.abc import Iterator

import pytest

from tests.fake_provider import fake_provider
from tests.fake_provider.script import token
from tests.page.axe import grave_findings
from tests.page.conftest import OpenTab
from tests.page.inspecting import CLIPBOARD
from tests.page.sse import DONE, STARTED, stream, tool, tool_call
from tests.page.sse import token as said
from tests.page.tab import Tab
from tests.providers.asking import MODELS, at
from tests.serving import Served, serving

pytestmark = pytest.mark.needs("chromium")

PHONE = {"width": 390, "height": 844}
DIES = "gpt-4.1-mini/cut=10 tokens=12"  # after the tenth token
TEN = "".join(map(token, range(1, 11))).strip()
TWELVE = "".join(map(token, range(1, 13))).strip()
STRUCK = "[...document.querySelectorAll('article del .text')].map((node) => node.source.trim())"
RESTART = (
    "restart",
    {
        "t": 1,
        "attempt": 1,
        "reason": "fallback",
        "discard_from": 2,
        "message_id": "m1",
        "code": "provider_cut",
        "model": "first",
        "next_model": "second",
    },
)


@pytest.fixture(scope="module")
def backed() -> Iterator[Served]:
    """A service whose model is OpenAI's, with Groq's to go on."""
    with fake_provider() as provider:
        settings = at(provider) | {"model": MODELS["openai"], "fallback_models": (MODELS["groq"],)}
        with serving(chains=(), offline=False, breaker_failures=1000, **settings) as served:
            yield served


def test_superseded_text_is_struck_out_and_the_fallback_goes_on(open_tab: OpenTab, backed: Served) -> None:
    tab = open_tab(backed.url).ready()
    tab.ask(DIES, "chat")
    tab.until_ended()
    assert tab.page.evaluate(STRUCK) == [TEN]
    assert tab.answer.strip() == TWELVE
    assert tab.parts == ["superseded", "restart", "text"]
    assert (
        tab.run.locator("del").evaluate("(node) => getComputedStyle(node).textDecorationLine")
        == "line-through"
    )
    note = tab.run.locator(".restart").inner_text()
    assert note.startswith("gpt-4.1-mini failed (provider_cut)")
    assert note.endswith("llama-3.1-8b-instant answers instead.")
    assert grave_findings(tab) == []


def test_a_copied_answer_has_only_what_counts_also_after_a_reload(open_tab: OpenTab, backed: Served) -> None:
    tab = open_tab(backed.url, permissions=CLIPBOARD).ready()
    tab.ask(DIES, "chat")
    for _ in range(2):
        tab.until_ended()
        tab.until("() => document.querySelector('article del')")
        assert tab.page.evaluate(STRUCK) == [TEN]
        tab.run.get_by_role("button", name="Copy", exact=True).click()
        tab.until("() => document.querySelector('.actions button')?.textContent === 'Copied'")
        assert str(tab.page.evaluate("navigator.clipboard.readText()")).strip() == TWELVE
        tab.page.reload()


def test_what_follows_in_the_thread_is_told_only_what_counts(open_tab: OpenTab, backed: Served) -> None:
    tab = open_tab(backed.url).ready()
    tab.ask(DIES, "chat")
    tab.until_ended()
    tab.ask("tokens=1", "chat")
    tab.until("() => document.querySelectorAll('article[data-status=succeeded]').length === 2")
    [first] = tab.page.evaluate(
        """async () => {
            const id = new URL(location).searchParams.get("thread");
            const { runs } = await (await fetch(`/threads/${id}`)).json();
            return runs.slice(0, 1).map(({ response }) => response.trim());
        }"""
    )
    assert first == TWELVE


def test_calls_of_a_model_that_died_are_struck_out_and_run_once(open_tab: OpenTab, backed: Served) -> None:
    tab = open_tab(backed.url).ready()
    tab.ask("gpt-4.1-mini/cut=1 tools=2 tokens=2", "agent")
    tab.until_ended()
    cards = tab.run.locator(".tool")
    assert [card.get_attribute("data-state") for card in cards.all()] == [
        "superseded",
        "succeeded",
        "succeeded",
    ]
    name = cards.first.locator(".tool-name")
    assert name.evaluate("(node) => getComputedStyle(node).textDecorationLine") == "line-through"


def test_a_phone_shows_a_restart_without_scrolling_sideways(open_tab: OpenTab, backed: Served) -> None:
    tab = open_tab(backed.url, viewport=PHONE).ready()
    tab.ask(DIES, "chat")
    tab.until_ended()
    assert tab.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_a_call_of_the_same_id_is_a_card_of_its_own(tab: Tab) -> None:
    started, ended = tool("tool_start", "c1", input={}), tool("tool_end", "c1", output=2, duration_ms=1)
    body = stream(STARTED, tool_call("c1", "{"), RESTART, tool_call("c1", "{}", "m2"), started, ended, DONE)
    tab.stream_instead(body, times=1)
    tab.ask("anything")
    tab.until_ended()
    states = [card.get_attribute("data-state") for card in tab.run.locator(".tool").all()]
    assert states == ["superseded", "succeeded"]


def test_other_messages_that_are_written_meanwhile_still_count(tab: Tab) -> None:
    events = said("one "), said("other.", "m2"), RESTART, said("anew.", "m3"), DONE
    tab.stream_instead(stream(STARTED, *events), times=1)
    tab.ask("anything")
    tab.until_ended()
    assert tab.page.evaluate(STRUCK) == ["one"]
    assert tab.answer == "other.anew."


def test_what_takes_the_place_of_superseded_text_is_read_out(tab: Tab) -> None:
    read = tab.page.evaluate(
        """async () => {
            const { Announcer } = await imported("announcer.js");
            const node = document.createElement("p");
            const announcer = new Announcer(node);
            announcer.begin("Before. It was long, and wrong.");
            announcer.follow("Before. ");
            announcer.follow("Before. It is short.");
            announcer.end();
            return node.textContent;
        }"""
    )
    assert read == "It is short."

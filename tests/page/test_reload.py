"""A page that is loaded again shows its conversation, and follows a run that still streams."""

import json
from collections.abc import Iterator

import pytest

from tests.page.conftest import OpenTab
from tests.page.runs import numbered, run_ids
from tests.page.shown_chains import INTRODUCTION
from tests.page.tab import NETWORK, Tab
from tests.page.wire import Wire, wired_to
from tests.served_chains import GATES, MODEL_CALLS
from tests.serving import Served, serving

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture
def one_run(shown: Served) -> Iterator[None]:
    """The test may start one run and no more."""
    before = run_ids(shown)
    yield
    assert len(run_ids(shown) - before) == 1


def reload(tab: Tab) -> None:
    tab.page.reload()
    tab.page.wait_for_selector("#chain:not([hidden])")


def answers(tab: Tab) -> list[str]:
    return [text.strip() for text in tab.page.locator(".text[data-channel=answer]").all_text_contents()]


@pytest.mark.usefixtures("one_run")
def test_a_reload_in_mid_answer_loses_and_repeats_no_word(tab: Tab, gate: str) -> None:
    prompt = f"tokens=30 hold=10 gate={gate}"
    tab.ask(prompt)
    tab.until_answer(numbered(9))
    reload(tab)
    tab.until_answer(numbered(9))
    assert tab.page.locator(".prompt").all_inner_texts() == [prompt]
    assert tab.page.locator("#stop").is_visible()
    GATES[gate].open()
    tab.until_ended()
    assert tab.answer == numbered(30)
    assert MODEL_CALLS.count(prompt) == 1
    assert "Page reloaded, 10 events read again, none lost" in tab.run.locator(".connection").inner_text()


@pytest.mark.usefixtures("one_run")
def test_a_reload_in_mid_tool_shows_its_card_and_then_its_result(tab: Tab, gate: str) -> None:
    tab.ask(f"tool=gated tokens=5 gate={gate}", "talking_agent")
    tab.until_card("running")
    reload(tab)
    tab.until_card("running")
    GATES[gate].open()
    tab.until_ended()
    assert tab.parts == ["text", "tools", "text"]
    assert tab.answer == INTRODUCTION + numbered(5)


@pytest.mark.usefixtures("one_run")
def test_a_reload_before_the_start_was_answered_finds_the_run_by_its_key(
    tab: Tab, wire: Wire, gate: str
) -> None:
    wire.hold_before(b"HTTP/1.1 202")
    tab.ask(f"tokens=30 hold=10 gate={gate}")
    wire.wait_until_held()
    wire.cut()
    reload(tab)
    tab.until_answer(numbered(9))
    GATES[gate].open()
    tab.until_ended()
    assert tab.answer == numbered(30)
    tab.excuse(NETWORK)


@pytest.mark.usefixtures("one_run")
def test_a_reload_while_the_run_waits_shows_the_card_that_can_be_decided(tab: Tab) -> None:
    tab.ask("tool=gated tokens=3", "asking_agent")
    tab.until_approval("open")
    tab.until_connection("waiting")
    reload(tab)
    tab.until_approval("open")
    tab.page.get_by_role("button", name="Approve", exact=True).click()
    tab.until_ended()
    assert tab.answer == INTRODUCTION + numbered(3)


def test_a_reload_after_the_end_shows_all_turns_and_goes_on_with_them(tab: Tab) -> None:
    tab.ask("one", "recalling")
    tab.until_ended()
    tab.ask("tokens=2")
    tab.until("() => document.querySelectorAll('article[data-status=succeeded]').length === 2")
    reload(tab)
    tab.until("() => document.querySelectorAll('article[data-status=succeeded]').length === 2")
    assert answers(tab) == ["human: one", numbered(2).strip()]
    assert not tab.page.get_by_role("heading", name="Ask something").is_visible()
    assert tab.page.input_value("#chain") == "numbered"
    tab.until_ended()
    tab.ask("two", "recalling")
    tab.until("() => document.querySelectorAll('article[data-status=succeeded]').length === 3")
    assert tab.answer == "\n".join(
        ["human: one", "ai: human: one", "human: tokens=2", f"ai: {numbered(2)}", "human: two"]
    )


def test_what_was_stopped_failed_or_refused_is_so_after_a_reload(tab: Tab, shown: Served, gate: str) -> None:
    tab.ask(f"tokens=9 hold=3 gate={gate}")
    tab.until_answer(numbered(2))
    tab.page.keyboard.press("Escape")
    tab.until_ended("cancelled")
    tab.ask("anything", "failing")
    tab.until_status("failed")
    tab.page.evaluate("document.querySelector('#chain').selectedOptions[0].value = 'gone'")
    tab.page.fill("#prompt", "to nobody")
    tab.page.press("#prompt", "Enter")
    tab.until("() => document.querySelectorAll('article[data-status=failed]').length === 2")
    tab.excuse(NETWORK)
    before = run_ids(shown)
    ends = tab.page.locator(".end").all_inner_texts()
    reload(tab)
    tab.until("() => document.querySelectorAll('.end:not([hidden])').length === 3")
    assert tab.page.locator(".end").all_inner_texts() == ends
    assert answers(tab) == [numbered(2).strip()]
    assert run_ids(shown) == before


@pytest.mark.parametrize("chain, status", [("numbered", "succeeded"), ("failing", "failed")])
def test_a_run_whose_events_cannot_be_read_is_shown_by_its_answer(tab: Tab, chain: str, status: str) -> None:
    tab.ask("tokens=3", chain)
    tab.until_ended(status)
    answer = answers(tab)
    tab.excuse(NETWORK)
    missing = {"status": 503, "json": {"code": "busy", "detail": "Too much to do."}}
    tab.page.route("**/runs/*/events?**", lambda route: route.fulfill(**missing))
    reload(tab)
    tab.page.wait_for_selector(".end:not([hidden])")
    assert tab.run.get_attribute("data-status") == status
    assert answers(tab) == answer
    assert "cannot be shown: Too much to do." in tab.run.locator(".connection").inner_text()


def test_a_run_whose_log_is_gone_is_shown_from_what_is_kept(open_tab: OpenTab) -> None:
    with serving(run_log_ttl_seconds=0) as served, wired_to(served.port) as wire:
        tab = open_tab(wire.url).ready()
        tab.ask("tokens=3")
        tab.until_ended()
        reload(tab)
        tab.until_ended()
        assert tab.answer.strip() == numbered(3).strip()


def test_a_new_conversation_is_empty_after_a_reload_too(tab: Tab) -> None:
    tab.ask("tokens=2")
    tab.until_ended()
    tab.page.get_by_role("button", name="New conversation").click()
    reload(tab)
    assert tab.page.locator("article").count() == 0


def test_another_tab_has_a_conversation_of_its_own(tab: Tab, open_tab: OpenTab, wire: Wire) -> None:
    tab.ask("tokens=2")
    tab.until_ended()
    assert open_tab(wire.url).ready().page.locator("article").count() == 0


@pytest.mark.parametrize("kept", ["no JSON", "null", '{"turn": "odd"}', '{"turn": {"prompt": 1}}'])
def test_what_is_kept_wrong_is_no_conversation(tab: Tab, kept: str) -> None:
    tab.page.evaluate("(kept) => sessionStorage.setItem(`chainstream:${location.pathname}`, kept)", kept)
    reload(tab)
    assert tab.page.locator("article").count() == 0
    tab.ask("tokens=2")
    tab.until_ended()


def test_of_a_prompt_that_is_too_long_for_the_tabs_storage_only_what_was_chosen_is_kept(tab: Tab) -> None:
    kept = tab.page.evaluate(
        """async () => {
            const { save, saved } = await imported("saved-conversation.js");
            const turn = { key: "k", request: { thread_id: "t" }, prompt: "x".repeat(1_000_000) };
            save({ turn, chosen: { chain: "c" } });
            return saved();
        }"""
    )
    assert kept == {"turn": None, "chosen": {"chain": "c"}}


def test_of_what_is_over_nothing_is_kept_in_the_tab(tab: Tab) -> None:
    tab.ask("tokens=2")
    tab.until_ended()
    kept = tab.page.evaluate("sessionStorage.getItem(`chainstream:${location.pathname}`)")
    assert json.loads(kept)["turn"] is None

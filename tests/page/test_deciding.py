"""A person decides in the page what a real graph waits for, and the graph goes on."""

import json
from typing import TYPE_CHECKING

import pytest

from tests.page.runs import get_run, numbered, run_ids
from tests.page.shown_chains import INTRODUCTION
from tests.page.tab import NETWORK, Tab
from tests.page.wire import Wire
from tests.serving import Served

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = pytest.mark.needs("chromium")

PROMPT = "tool=gated tokens=3"


def ask(tab: Tab, prompt: str = PROMPT, chain: str = "asking_agent") -> "Locator":
    """The card, once the run waits."""
    tab.ask(prompt, chain)
    tab.until_connection("waiting")
    tab.until_approval("open")
    return tab.run.locator(".approval")


def press(within: "Locator", name: str) -> None:
    within.get_by_role("button", name=name, exact=True).click()


def last_run_id(tab: Tab) -> str:
    return tab.run.locator(".connection").inner_text().rpartition("last id ")[2].split(".")[0]


def test_an_approved_call_of_an_agent_runs(tab: Tab, shown: Served) -> None:
    tab.record()
    before = run_ids(shown)
    card = ask(tab)
    assert tab.page.inner_text("#status") == "Waiting for you"
    assert tab.card_states() == ["called"]
    assert card.locator("h4").inner_text() == "gated"
    assert card.locator(".description").inner_text() == "Tool execution requires approval"
    press(card, "Approve")
    tab.until_ended()
    assert tab.answer == INTRODUCTION + numbered(3)
    assert tab.parts == ["text", "tools", "approval", "text"]
    assert tab.card_state() == "succeeded"
    assert card.locator(".outcome").inner_text() == "Approved"
    assert "cut" not in tab.run.locator(".connection").inner_text()
    assert len(run_ids(shown) - before) == 1


def test_an_edited_call_runs_with_what_was_edited(tab: Tab, shown: Served) -> None:
    card = ask(tab)
    press(card, "Edit")
    card.get_by_label("Arguments").fill('{"prompt": "edited"}')
    press(card, "Approve edited")
    tab.until_ended()
    (tool,) = get_run(shown, last_run_id(tab))["tools"]
    assert (tool["status"], tool["input"]) == ("succeeded", {"prompt": "edited"})


def test_a_rejected_call_does_not_run_and_the_agent_goes_on(tab: Tab) -> None:
    tab.record()
    card = ask(tab)
    press(card, "Reject")
    card.get_by_label("Reason").fill("too dear")
    press(card, "Reject")
    tab.until_ended()
    assert tab.card_states() == ["called", "rejected"]
    assert "too dear" in tab.run.locator(".tool-result").inner_text()
    assert tab.answer == INTRODUCTION + numbered(3)


def test_the_calls_of_one_message_are_decided_together(tab: Tab) -> None:
    card = ask(tab, f"{PROMPT} twice=1")
    first, second = card.locator(".request").all()
    press(first, "Reject")
    press(first, "Reject")
    press(second, "Approve")
    press(card, "Send 2 decisions")
    tab.until_ended()
    assert (tab.card_state(0), tab.card_state(1)) == ("rejected", "succeeded")


def test_a_tool_that_asks_by_itself_goes_on_with_the_answer(tab: Tab) -> None:
    card = ask(tab, "tool=confirmed tokens=3")
    assert card.locator(".question").inner_text() == "Really?"
    press(card, "Approve")
    tab.until_ended()
    assert tab.page.locator(".tool").count() == 1
    assert tab.run.locator(".tool-result").inner_text() == "answered True"


def test_a_node_that_asks_gets_any_value(tab: Tab) -> None:
    card = ask(tab, "How many?", "asking_node")
    assert card.locator(".request-input:visible").inner_text() == '{"asked":"How many?"}'
    card.get_by_label("Or your answer").fill('{"n": 3}')
    press(card, "Respond")
    tab.until_ended()
    assert tab.answer == "You said {'n': 3}."


def test_a_run_that_waits_is_cancelled_by_stop(tab: Tab) -> None:
    card = ask(tab)
    tab.page.click("#stop")
    tab.until_ended("cancelled")
    assert card.locator("h3").inner_text() == "Not decided"
    assert tab.end.startswith("Cancelled (user)")
    assert tab.answer == INTRODUCTION


def test_what_another_client_decided_first_is_told_and_the_run_goes_on(tab: Tab, shown: Served) -> None:
    card = ask(tab)
    run = get_run(shown, last_run_id(tab))
    path = f"/runs/{run['run_id']}/approvals/{run['approvals'][0]['interrupt_id']}"
    shown.post(path, json.dumps({"decisions": [{"type": "approve"}]}).encode())
    press(card, "Reject")
    press(card, "Reject")
    tab.until_ended()
    assert card.locator("h3").inner_text() == "Decided elsewhere"
    assert tab.card_state() == "succeeded"
    assert tab.answer == INTRODUCTION + numbered(3)
    tab.excuse(NETWORK)


def test_what_another_client_decided_is_noticed_and_the_run_goes_on(lone_tab: Tab, shown: Served) -> None:
    lone_tab.page.clock.install()
    card = ask(lone_tab)
    run = get_run(shown, last_run_id(lone_tab))
    path = f"/runs/{run['run_id']}/approvals/{run['approvals'][0]['interrupt_id']}"
    shown.post(path, json.dumps({"decisions": [{"type": "approve"}]}).encode())
    lone_tab.page.clock.fast_forward(5_000)
    lone_tab.until_ended()
    assert card.locator("h3").inner_text() == "Decided elsewhere"
    assert lone_tab.answer == INTRODUCTION + numbered(3)


def test_decisions_that_the_service_does_not_take_are_told(tab: Tab) -> None:
    card = ask(tab)
    nothing = json.dumps({"decisions": []})  # which the page itself never sends
    tab.page.route("**/approvals/*", lambda route: route.continue_(post_data=nothing), times=1)
    press(card, "Approve")
    tab.until("() => document.querySelector('.approval > .complaint:not([hidden])')")
    assert card.get_by_role("alert").inner_text()
    press(card, "Approve")
    tab.until_ended()
    assert tab.card_state() == "succeeded"
    tab.excuse(NETWORK)


@pytest.mark.parametrize("mark", [b"event: approval", b"event: paused"])
def test_a_run_that_is_cut_as_it_begins_to_wait_shows_its_card_once(
    tab: Tab, wire: Wire, mark: bytes
) -> None:
    wire.hold_before(mark)
    tab.ask(PROMPT, "asking_agent")
    wire.wait_until_held()
    tab.until_card("called")
    wire.cut()
    tab.until_connection("waiting")
    tab.until_approval("open")
    assert tab.page.locator(".approval").count() == 1
    assert tab.page.inner_text("#status") == "Waiting for you"
    press(tab.run.locator(".approval"), "Approve")
    tab.until_ended()
    assert tab.answer == INTRODUCTION + numbered(3)
    tab.excuse(NETWORK)

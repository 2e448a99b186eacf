"""A conversation of several turns: what a chain is told of it; asking again, editing, and beginning anew."""

import json
from typing import Any

import pytest

from tests.page.conftest import OpenTab
from tests.page.runs import body_of, get_run, numbered, run_ids, wait_for_status
from tests.page.shown_chains import INTRODUCTION
from tests.page.tab import NETWORK, Tab
from tests.page.test_layout import PHONE
from tests.page.wire import Wire
from tests.serving import Served

pytestmark = pytest.mark.needs("chromium")


def press(tab: Tab, name: str, turn: int = -1) -> None:
    """A button of a turn; of the last, unless another is meant."""
    tab.page.locator("article").nth(turn).get_by_role("button", name=name, exact=True).click()


def edit(tab: Tab, prompt: str, turn: int = -1) -> None:
    press(tab, "Edit", turn)
    tab.page.get_by_label("Your prompt").fill(prompt)
    tab.page.get_by_label("Your prompt").press("Enter")


def prompts(tab: Tab) -> list[str]:
    return tab.page.locator(".prompt").all_text_contents()


def ask(tab: Tab, prompt: str, chain: str = "recalling") -> str:
    """The answer."""
    turns = tab.page.locator("article").count()
    tab.ask(prompt, chain)
    tab.until("(n) => document.querySelectorAll('article').length === n", turns + 1)
    tab.until_ended()
    return tab.answer


def test_a_chain_that_takes_messages_is_told_the_whole_conversation(tab: Tab) -> None:
    assert ask(tab, "one") == "human: one"
    assert ask(tab, "two") == "human: one\nai: human: one\nhuman: two"


def test_a_chain_that_takes_text_is_told_the_prompt_alone(tab: Tab) -> None:
    ask(tab, "one")
    assert ask(tab, "two", "silent") == "said two"


def test_an_answer_that_was_stopped_stays_in_the_conversation_and_one_that_never_came_does_not(
    tab: Tab, gate: str
) -> None:
    tab.ask(f"tokens=9 hold=3 gate={gate}")
    tab.until_answer(numbered(2))
    tab.page.keyboard.press("Escape")
    tab.until_ended("cancelled")
    tab.ask("fail=1")
    tab.until_status("failed")
    said = f"human: tokens=9 hold=3 gate={gate}\nai: {numbered(2)}\nhuman: what was that?"
    assert ask(tab, "what was that?") == said


def test_a_graph_with_a_memory_goes_on_in_its_thread(tab: Tab) -> None:
    assert ask(tab, "one", "remembering") == "one"
    assert ask(tab, "two", "remembering") == "one | one | two"
    edit(tab, "three")
    tab.until_answer("one | one | three")  # in a thread that has never heard of two


def test_retry_asks_the_same_again_in_the_turns_place(tab: Tab, shown: Served) -> None:
    ask(tab, "one")
    ask(tab, "two")
    before = run_ids(shown)
    with tab.page.expect_request("**/runs") as started:
        press(tab, "Retry")
    tab.until("() => document.querySelectorAll('article[data-status=succeeded]').length === 2")
    assert prompts(tab) == ["one", "two"]
    assert tab.answer == "human: one\nai: human: one\nhuman: two"
    assert len(run_ids(shown) - before) == 1
    assert body_of(started.value)["chain"] == "recalling"


def test_an_edited_prompt_takes_the_place_of_all_that_came_after_it(tab: Tab) -> None:
    for prompt in ("one", "two", "three"):
        ask(tab, prompt)
    edit(tab, "2", turn=1)
    tab.until_answer("human: one\nai: human: one\nhuman: 2")
    assert prompts(tab) == ["one", "2"]


def test_a_turn_asks_its_own_chain_again_whatever_is_chosen_meanwhile(tab: Tab) -> None:
    ask(tab, "one")
    tab.page.select_option("#chain", "silent")
    edit(tab, "uno")
    tab.until_answer("human: uno")


def test_an_edit_can_be_left_with_escape_and_is_not_sent_empty(tab: Tab) -> None:
    ask(tab, "one")
    press(tab, "Edit")
    field = tab.page.get_by_label("Your prompt")
    assert field.input_value() == "one"
    field.fill(" ")
    field.press("Enter")
    assert tab.run.get_by_role("alert").inner_text() == "Write what to ask."
    field.press("Escape")
    assert prompts(tab) == ["one"]
    assert tab.page.evaluate("document.activeElement.textContent") == "Edit"


def test_while_a_run_goes_on_no_turn_can_be_asked_again(tab: Tab, gate: str) -> None:
    ask(tab, "one")
    tab.ask(f"tokens=9 hold=3 gate={gate}")
    tab.until_answer(numbered(2))
    for name in ("Retry", "Edit"):
        assert not tab.page.locator("article").first.get_by_role("button", name=name).is_visible()
    tab.page.keyboard.press("Escape")
    tab.until_ended("cancelled")
    assert tab.page.locator("article").first.get_by_role("button", name="Retry").is_visible()


def test_a_failed_turn_can_be_tried_again(tab: Tab) -> None:
    tab.ask("anything", "failing")
    tab.until_ended("failed")
    assert not tab.run.get_by_role("button", name="Copy").is_visible()
    press(tab, "Retry")
    tab.until_ended("failed")
    assert prompts(tab) == ["anything"]


@pytest.mark.parametrize("secure", [True, False])
def test_copy_puts_the_answer_on_the_clipboard(open_tab: OpenTab, wire: Wire, secure: bool) -> None:
    """Also where the page is no secure context, which has no navigator.clipboard."""
    tab = open_tab(wire.url, permissions=["clipboard-read", "clipboard-write"]).ready()
    tab.ask("tool=gated tokens=2", "talking_agent")
    tab.until_ended()
    if not secure:
        tab.page.evaluate("navigator.clipboard.writeText = undefined")
    press(tab, "Copy")
    tab.until("() => document.querySelector('.actions').textContent.startsWith('Copied')")
    copied = tab.page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{INTRODUCTION.strip()}\n\n{numbered(2).strip()}"


def test_a_new_conversation_knows_nothing_of_the_old_one(tab: Tab) -> None:
    ask(tab, "one")
    tab.page.get_by_role("button", name="New conversation").click()
    assert tab.page.locator("article").count() == 0
    assert tab.page.get_by_role("heading", name="Ask something").is_visible()
    assert tab.page.evaluate("document.activeElement.id") == "prompt"
    assert tab.page.inner_text("#status") == ""
    assert ask(tab, "two") == "human: two"


def test_a_new_conversation_cancels_what_still_runs(tab: Tab, shown: Served, gate: str) -> None:
    before = run_ids(shown)
    tab.ask(f"tokens=9 hold=3 gate={gate}")
    tab.until_answer(numbered(2))
    (run_id,) = run_ids(shown) - before
    tab.page.get_by_role("button", name="New conversation").click()
    wait_for_status(shown, run_id, "cancelled")
    assert get_run(shown, run_id)["cancel_reason"] == "user"
    assert ask(tab, "two") == "human: two"


def test_a_run_that_nobody_reads_any_more_is_asked_to_be_cancelled(tab: Tab) -> None:
    with tab.page.expect_request("**/runs") as started:
        tab.ask("tokens=2")
    tab.until_ended()
    assert body_of(started.value)["on_disconnect"] == "cancel"
    assert len(started.value.headers["idempotency-key"]) == 36


def test_stop_while_the_start_is_under_way_cancels_the_run_that_it_began(
    tab: Tab, wire: Wire, shown: Served, gate: str
) -> None:
    before = run_ids(shown)
    wire.hold_before(b"HTTP/1.1 202")
    tab.ask(f"tokens=30 hold=5 gate={gate}")
    wire.wait_until_held()
    tab.page.keyboard.press("Escape")
    wire.let_go()
    tab.until_ended("cancelled")
    (run_id,) = run_ids(shown) - before
    assert get_run(shown, run_id)["cancel_reason"] == "user"


def test_stop_after_the_starts_answer_was_lost_finds_the_run_by_its_key_and_cancels_it(
    lone_tab: Tab, wire: Wire, shown: Served, gate: str
) -> None:
    before = run_ids(shown)
    lone_tab.page.clock.install()
    wire.hold_before(b"HTTP/1.1 202")
    lone_tab.ask(f"tokens=30 hold=5 gate={gate}")
    wire.wait_until_held()
    lone_tab.page.clock.pause_at("2999-01-01")
    lone_tab.page.click("#drop")
    wire.cut()
    lone_tab.page.click("#stop")
    lone_tab.page.clock.resume()
    lone_tab.until_ended("cancelled")
    (run_id,) = run_ids(shown) - before
    assert get_run(shown, run_id)["cancel_reason"] == "user"
    lone_tab.excuse(NETWORK)


def test_stop_before_a_refused_start_is_tried_again_starts_nothing(tab: Tab, shown: Served) -> None:
    before = run_ids(shown)
    busy = {"status": 503, "json": {"code": "busy", "detail": "Too much to do."}}
    tab.page.route("**/runs", lambda route: route.fulfill(**busy))
    tab.ask("tokens=2")
    tab.until("() => document.querySelector('#status').textContent === 'Reconnecting: Too much to do.'")
    tab.page.click("#stop")
    tab.until_ended("failed")
    assert tab.end == "Failed: stopped · Stopped before the run began."
    assert run_ids(shown) == before
    tab.excuse(NETWORK)


def test_the_reader_who_scrolled_away_gets_a_button_back_to_the_end(open_tab: OpenTab, wire: Wire) -> None:
    tab = open_tab(wire.url, viewport=PHONE).ready()
    wire.hold_before(b"run:500;", b"run:900;", b"run:1000;")
    tab.ask("tokens=1000")
    tab.until_answer(numbered(499))
    button = tab.page.get_by_role("button", name="Back to the end")
    assert not button.is_visible()
    tab.page.evaluate("scrollTo(0, 0)")
    tab.until("() => !document.querySelector('#to-end').hidden")
    wire.let_go()
    tab.until_answer(numbered(899))
    assert tab.page.evaluate("scrollY") == 0
    button.click()
    assert not button.is_visible()
    wire.let_go()
    tab.until_answer(numbered(999))
    tab.until(
        """() => document.querySelector("#log").getBoundingClientRect().bottom
            <= document.querySelector("#composer").getBoundingClientRect().top"""
    )  # it follows again
    wire.let_go()
    tab.until_ended()
    assert not button.is_visible()


def test_the_page_stays_where_somebody_unfolds_something(open_tab: OpenTab, wire: Wire) -> None:
    tab = open_tab(wire.url, viewport={"width": 390, "height": 600}).ready()
    tab.ask("tokens=2", "thinking")
    tab.until_ended()
    tab.page.evaluate("document.querySelector('summary + .text').append('one more line\\n'.repeat(60))")
    top = "document.querySelector('#log summary').getBoundingClientRect().top"
    assert not tab.page.locator("#to-end").is_visible()  # the end is in sight
    before = tab.page.evaluate(top)
    tab.page.locator("#log summary").click()
    tab.until("() => document.querySelector('#log details').open")
    tab.page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    assert tab.page.evaluate(top) == before


def test_the_event_names_are_those_that_the_service_documents(tab: Tab, shown: Served) -> None:
    schemas = json.loads(shown.get("/openapi.json").text)["components"]["schemas"]
    documented = {name.removeprefix("event.") for name in schemas if name.startswith("event.")}
    names: dict[str, Any] = tab.page.evaluate('imported("event-names.js").then((all) => ({ ...all }))')
    assert {*names["EVENT_NAMES"], *names["CONTROL_NAMES"]} == documented | {"ping", "paused", "gap"}

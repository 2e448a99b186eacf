"""What stands in an answer beside text and tools: reasoning, inner text, sources, trees, figures."""

from typing import Any

import pytest

from chains.extract import EXAMPLES
from tests.page.sse import DONE, STARTED, Event, stream, token, tool, tool_call
from tests.page.tab import NETWORK, Tab
from tests.page.wire import Wire

pytestmark = pytest.mark.needs("chromium")

USAGE = {
    "input_tokens": 10,
    "output_tokens": 50,
    "total_tokens": 60,
    "cached_tokens": 0,
    "reasoning_tokens": 0,
}


def thinks(text: str, t: int) -> Event:
    return "reasoning", {"t": t, "message_id": "m1", "step": None, "text": text}


def partial(value: Any) -> Event:
    return "partial", {"t": 2, "value": value}


def ended(message_id: str, t: int) -> list[Event]:
    usage = {"t": t, "message_id": message_id, "model": "m", **USAGE, "cost_usd": 0.00123}
    return [("message_end", {"t": t, "message_id": message_id, "finish_reason": "stop"}), ("usage", usage)]


def show(tab: Tab, *events: Event, status: str = "succeeded") -> None:
    tab.stream_instead(stream(STARTED, *events), times=1)
    tab.ask("anything")
    tab.until_ended(status)


def draw(tab: Tab, *events: Event) -> None:
    """Show a run that has had these events and goes on."""
    tab.page.evaluate(
        """async (events) => {
            const { RunView } = await imported("run-view.js");
            const { NEW_CONNECTION } = await imported("connection.js");
            const { NEW_RUN, reduce } = await imported("transcript.js");
            window.run = events.reduce((run, [name, data]) => reduce(run, name, data), window.run ?? NEW_RUN);
            window.view ??= new RunView("prompt");
            document.querySelector("#log").append(view.node);
            view.show(run, NEW_CONNECTION);
        }""",
        events,
    )


def test_reasoning_is_folded_and_told_with_how_long_it_took(tab: Tab) -> None:
    draw(tab, STARTED, thinks("First **this**, ", 100), thinks("then that.", 900))
    summary = tab.run.locator(".reasoning summary")
    tab.until("() => document.querySelector('.reasoning')?.dataset.state === 'running'")
    assert summary.inner_text() == "Thinking…"
    draw(tab, ("token", {"t": 2_400, "message_id": "m1", "channel": "answer", "text": "So it is."}))
    tab.until("() => document.querySelector('.reasoning')?.dataset.state === 'complete'")
    assert summary.inner_text() == "Thought for 2.3 s"
    text = tab.run.locator(".reasoning .text")
    assert not text.is_visible()
    summary.click()
    assert text.inner_text() == "First this, then that."
    assert text.locator("strong").inner_text() == "this"


def test_reasoning_stands_before_the_answer_and_apart_from_it(tab: Tab) -> None:
    show(tab, thinks("Hm.", 1), token("Answer."), DONE)
    assert tab.parts == ["reasoning", "text"]
    assert tab.answer == "Answer."


def test_inner_text_that_is_json_is_shown_as_it_is_written(tab: Tab) -> None:
    written = '{"a": ["*x*", "_y_"]}'
    show(
        tab, token(written[:5], "m1", "inner"), token(written[5:], "m1", "inner"), token("Done.", "m2"), DONE
    )
    tab.run.locator(".inner summary").click()
    assert tab.run.locator(".inner .text").inner_text() == written


def test_sources_are_cards_with_their_host_and_score(tab: Tab) -> None:
    web = {
        "id": "1",
        "title": "A page",
        "url": "https://example.com/a",
        "snippet": "Its words.",
        "score": 0.456,
    }
    file = {"id": "notes.md", "title": None, "url": None, "snippet": "", "score": None}
    show(tab, ("sources", {"t": 1, "items": [web, file]}), token("x"), DONE)
    assert tab.run.locator(".sources h3").inner_text() == "2 sources"
    assert tab.run.locator(".source").all_inner_texts() == [
        "A page\n\nIts words.\n\nexample.com · score 0.46",
        "notes.md",
    ]


def test_a_structured_output_grows_as_a_tree_that_keeps_its_nodes(tab: Tab) -> None:
    draw(tab, STARTED, partial({"people": ["Ann"]}))
    tab.until("() => document.querySelector('.tree .leaf')?.textContent === 'Ann'")
    tab.page.evaluate("window.leaf = document.querySelector('.tree li li .leaf')")
    draw(tab, partial({"people": ["Ann Lee", "Bo"], "count": 2, "none": []}))
    tab.until("() => document.querySelectorAll('.tree .key').length === 5")
    assert tab.page.evaluate("leaf.isConnected && leaf.textContent") == "Ann Lee"
    assert tab.run.locator(".tree .key").all_inner_texts() == ["people", "0", "1", "count", "none"]
    assert tab.run.locator(".tree-state").inner_text() == "being written"
    draw(tab, partial({"people": {"first": "Ann"}, "count": None}))
    tab.until("() => document.querySelectorAll('.tree .key').length === 4")
    assert not tab.page.evaluate("leaf.isConnected")


def test_the_shipped_extraction_is_a_tree_and_not_its_json(tab: Tab) -> None:
    tab.ask(EXAMPLES[0], "extract")
    tab.until_ended()
    assert tab.parts == ["inner", "tree"]
    assert "ann@example.com" in tab.run.locator(".tree .leaf").all_inner_texts()
    assert tab.run.locator(".tree-state").inner_text() == ""
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.run.get_by_role("button", name="Copy the output as JSON").click()
    tab.until("() => document.querySelector('.tree .copy').textContent === 'Copied'")
    assert '"ann@example.com"' in tab.page.evaluate("navigator.clipboard.readText()")


def test_an_output_that_is_json_becomes_a_tree_without_partial_ones(tab: Tab) -> None:
    show(
        tab,
        token('{"a": [1, true, null, "x"]}'),
        ("done", {**DONE[1], "output": {"a": [1, True, None, "x"]}}),
    )
    assert tab.parts == ["tree"]
    assert tab.run.locator(".tree .leaf:visible").all_inner_texts() == ["1", "true", "null", "x"]


def test_an_answer_of_a_run_whose_output_is_something_else_stays(tab: Tab) -> None:
    show(tab, token("In words."), ("done", {**DONE[1], "output": {"messages": ["In words."]}}))
    assert tab.parts == ["text"]


def test_a_tree_that_is_too_long_or_too_deep_is_cut(tab: Tab) -> None:
    deep: Any = "end"
    for _ in range(60):
        deep = [deep]
    show(tab, partial({"long": list(range(1_200)), "deep": deep}), DONE)
    assert tab.run.locator(".tree .more:visible").inner_text() == "… and 200 more"
    assert tab.run.locator(".tree .leaf", has_text="end").inner_text().startswith("[[[")


def test_a_run_tells_its_speed_its_cost_and_its_time_in_tools(tab: Tab) -> None:
    show(
        tab,
        ("token", {"t": 1_000, "message_id": "m1", "channel": "answer", "text": "One"}),
        *ended("m1", 2_000),
        tool_call("c1", "{}", "m2"),
        ("tool_start", {"t": 2_000, "tool_call_id": "c1", "name": "look", "input": {}}),
        ("tool_start", {"t": 2_100, "tool_call_id": "c2", "name": "look", "input": {}}),
        ("tool_end", {"t": 2_300, "tool_call_id": "c1", "name": "look", "output": "", "duration_ms": 300}),
        ("tool_end", {"t": 2_500, "tool_call_id": "c2", "name": "look", "output": "", "duration_ms": 400}),
        ("done", {**DONE[1], "t": 2_600, "usage": {**USAGE, "cost_usd": 0.00123}}),
    )
    assert "tools 500 ms" in tab.end
    assert "$0.0012" in tab.end


def test_each_of_several_messages_tells_its_own_figures(tab: Tab) -> None:
    one = ("token", {"t": 100, "message_id": "m1", "channel": "answer", "text": "One"})
    two = ("token", {"t": 1_300, "message_id": "m2", "channel": "answer", "text": "Two"})
    show(
        tab,
        one,
        *ended("m1", 1_100),
        tool("tool_end", "c1", output="", duration_ms=1),
        two,
        *ended("m2", 1_800),
        DONE,
    )
    figures = [node.get_attribute("data-figures") for node in tab.run.locator(".text").all()]
    assert figures[0] == "first token 100 ms · 60 tokens (10 in, 50 out) · 50 tokens/s · $0.0012"
    assert "100 tokens/s" in (figures[1] or "")
    shown = "getComputedStyle(document.querySelector('.text'), '::after').content"
    assert figures[0] in tab.page.evaluate(shown)


def test_the_figures_of_a_single_message_are_told_once(tab: Tab) -> None:
    show(tab, token("One"), *ended("m1", 1_100), DONE)
    assert tab.page.evaluate("getComputedStyle(document.querySelector('.text'), '::after').content") == "none"


def test_after_a_gap_no_speed_is_told_that_was_not_measured(tab: Tab) -> None:
    snapshot = {"messages": [], "tools": [], "approvals": [], "status": "running"}
    told = tab.page.evaluate(
        """async ([snapshot, events]) => {
            const { NEW_RUN, fromSnapshot, reduce } = await imported("transcript.js");
            const told = (run, [name, data]) => reduce(run, name, data);
            return events.reduce(told, fromSnapshot(NEW_RUN, snapshot)).end;
        }""",
        [snapshot, [token("x"), *ended("m1", 900), ("done", {**DONE[1], "usage": USAGE})]],
    )
    assert told["tokensPerSecond"] is None and told["toolsMs"] is None


def test_one_switch_hides_all_tool_cards_and_is_remembered(tab: Tab, wire: Wire) -> None:
    show(tab, tool_call("c1", "{}"), tool("tool_end", "c1", output="x", duration_ms=1), token("Done."), DONE)
    switch = tab.page.get_by_role("button", name="Tool cards")
    card = tab.run.locator(".tool")
    assert card.is_visible() and switch.get_attribute("aria-pressed") == "true"
    switch.click()
    assert not card.is_visible() and switch.get_attribute("aria-pressed") == "false"
    tab.excuse(NETWORK)  # the service knows nothing of this run
    tab.page.reload()
    tab.page.wait_for_selector("#chain:not([hidden])")
    assert switch.get_attribute("aria-pressed") == "false"
    switch.press("Enter")
    assert tab.page.evaluate("document.body.dataset.tools") == "shown"

"""What a run looks like while it goes on, and at its end."""

import pytest

from tests.page.conftest import OpenTab
from tests.page.runs import numbered
from tests.page.shown_chains import INTRODUCTION
from tests.page.sse import DONE, STARTED, stream, token, tool, tool_call
from tests.page.tab import Tab
from tests.page.wire import Wire
from tests.served_chains import GATES

pytestmark = pytest.mark.needs("chromium")

END_IN_SIGHT = """
[...document.querySelectorAll("article")].at(-1).getBoundingClientRect().bottom
    <= document.querySelector("#composer").getBoundingClientRect().top
"""


def test_each_piece_of_an_answer_is_shown_before_the_next_has_come(tab: Tab, wire: Wire) -> None:
    tab.record()
    counts = [2, 4, 5, 7, 11, 18]
    wire.hold_before(*(f"run:{count + 1};".encode() for count in counts))
    tab.ask("tokens=20")
    for count in counts:
        wire.wait_until_held()
        tab.until_answer(numbered(count))
        wire.let_go()
    tab.until_ended()
    before_the_end = {state["answer"] for state in tab.states() if state["status"] == "running"}
    assert before_the_end >= {numbered(count) for count in counts}
    assert tab.answer == numbered(20)


def test_a_done_run_tells_its_figures(tab: Tab) -> None:
    tab.ask("tokens=3")
    tab.until_ended()
    assert tab.page.inner_text("#status") == "Done"
    figures = tab.end.split(" · ")
    assert figures[0] == "Done"
    assert figures[1].startswith("first token ")
    assert figures[2].endswith((" ms", " s"))
    assert figures[3] == "10 tokens (3 in, 7 out)"


def test_a_tool_card_goes_from_called_to_running_to_progress_to_its_result(tab: Tab, wire: Wire) -> None:
    tab.record()
    wire.hold_before(b"event: tool_start", b"event: tool_progress", b"event: tool_end")
    tab.ask("tool=gated tokens=2", "talking_agent")
    tab.until_card("called")
    wire.let_go()
    tab.until_card("running")
    wire.let_go()
    tab.page.wait_for_selector(".tool progress:not([hidden])")
    assert tab.page.inner_text("#status") == "Running gated"
    assert tab.run.locator(".tool-note").inner_text() == "1 of 2"
    wire.let_go()
    tab.until_ended()
    assert tab.card_states() == ["called", "running", "succeeded"]
    progress = [state["cards"][0]["progress"] for state in tab.states() if state["cards"]]
    assert 1 in progress
    assert progress[-1] is None
    assert tab.run.locator(".tool-args").inner_text() == '{"prompt": "gated tokens=2"}'
    assert tab.run.locator(".tool-result").inner_text() == "let through"
    assert tab.run.locator(".tool-state").inner_text().startswith("done · ")


def test_a_tool_calls_arguments_grow_as_they_are_written(tab: Tab) -> None:
    recorded = "document.querySelector('.tool-args')?.textContent"
    tab.page.evaluate(
        f"""() => {{
            window.args = new Set();
            new MutationObserver(() => window.args.add({recorded})).observe(document, {{
                subtree: true, childList: true, characterData: true }});
        }}"""
    )
    pieces = ['{"pla', 'ce": "To', 'kyo"}']
    for count in range(1, len(pieces) + 1):
        tab.page.evaluate(_DRAW_CALLS, pieces[:count])
        tab.until(f"(text) => {recorded} === text", "".join(pieces[:count]))
    assert tab.page.evaluate("[...window.args]")[-3:] == ['{"pla', '{"place": "To', '{"place": "Tokyo"}']


_DRAW_CALLS = """async (pieces) => {
    const { RunView } = await imported("run-view.js");
    const { NEW_CONNECTION } = await imported("connection.js");
    const { NEW_RUN, reduce } = await imported("transcript.js");
    const call = (args_delta) => ({ tool_call_id: "c", message_id: "m1", name: "clock", args_delta });
    const called = (run, piece) => reduce(run, "tool_call", call(piece));
    window.view ??= new RunView("prompt");
    document.querySelector("#log").append(window.view.node);
    window.view.show(pieces.reduce(called, NEW_RUN), NEW_CONNECTION);
}"""


def test_a_failed_tool_says_why(tab: Tab, wire: Wire) -> None:
    tab.record()
    wire.hold_before(b"event: tool_start", b"event: tool_error")
    tab.ask("tool=broken", "talking_agent")
    tab.until_card("called")
    wire.let_go()
    tab.until_card("running")
    wire.let_go()
    tab.until_ended("failed")
    assert tab.card_states() == ["called", "running", "failed"]
    assert tab.run.locator(".tool-result").inner_text() == "tool_failed: ValueError: the tool broke"


def test_a_tool_stands_between_the_text_before_and_the_text_after_it(tab: Tab) -> None:
    tab.ask("tool=gated tokens=2", "talking_agent")
    tab.until_ended()
    assert tab.parts == ["text", "tools", "text"]
    assert tab.answer == INTRODUCTION + numbered(2)
    first, last = tab.run.locator(".text").all_inner_texts()
    assert (first.strip(), last.strip()) == (INTRODUCTION.strip(), numbered(2).strip())


def test_the_shipped_agent_shows_its_tools_and_then_what_they_found(tab: Tab) -> None:
    tab.ask("What is 37*43, and what time is it in Tokyo?", "agent")
    tab.until_ended()
    assert tab.run.locator(".tool-name").all_inner_texts() == ["calculator", "current_time"]
    assert tab.card_state(0) == tab.card_state(1) == "succeeded"
    assert tab.parts[-2:] == ["tools", "text"]
    assert "1591" in tab.run.locator(".text").last.inner_text()


def test_parallel_tools_stand_side_by_side(tab: Tab, gate: str) -> None:
    tab.ask(f"tool=gated twice=1 tokens=2 gate={gate}", "talking_agent")
    tab.until_card("running", 0)
    tab.until_card("running", 1)
    left, right = (card.bounding_box() for card in tab.run.locator(".tool").all())
    assert left and right
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] < right["x"]
    assert tab.page.inner_text("#status") == "Running gated, gated"
    GATES[gate].open()
    tab.until_ended()
    assert tab.card_state(0) == tab.card_state(1) == "succeeded"
    assert tab.parts == ["text", "tools", "text"]


def test_tools_that_follow_one_another_stand_below_one_another(tab: Tab) -> None:
    first = [tool_call("c1", "{}", "m1"), tool("tool_start", "c1", input={})]
    second = [tool_call("c2", "{}", "m2"), tool("tool_start", "c2", input={})]
    ended = [tool("tool_end", name, output="x", duration_ms=1) for name in ("c1", "c2")]
    tab.stream_instead(stream(STARTED, *first, ended[0], *second, ended[1], DONE))
    tab.ask("anything")
    tab.until_ended()
    assert tab.parts == ["tools", "tools"]


def test_parallel_messages_do_not_mix_their_words(tab: Tab) -> None:
    words = [token(text, name) for text, name in [("a1 ", "m1"), ("b1 ", "m2"), ("a2 ", "m1"), ("b2 ", "m2")]]
    card = tool_call("c1", "{}", "m1")
    tab.stream_instead(stream(STARTED, *words, card, token("a3", "m1"), DONE))
    tab.ask("anything")
    tab.until_ended()
    assert tab.run.locator(".text").all_inner_texts() == ["a1 a2", "b1 b2", "a3"]
    assert tab.parts == ["text", "text", "tools", "text"]


def test_inner_text_is_folded_apart_from_the_answer(tab: Tab) -> None:
    tab.ask("tokens=2", "thinking")
    tab.until_ended()
    assert tab.answer == numbered(2)
    inner = tab.run.locator(".text[data-channel=inner]")
    assert not inner.is_visible()
    tab.run.locator("summary").click()
    assert inner.inner_text() == "a thought"


def test_sources_are_listed_and_link_only_to_the_web(tab: Tab) -> None:
    tab.ask("anything", "searching")
    tab.until_ended()
    assert tab.parts == ["sources", "text"]
    assert tab.run.locator(".sources li").all_text_contents() == [
        "A bookThe <b>first</b> page.example.com",
        "A trapThe second page.",
    ]
    assert tab.run.locator(".sources a").get_attribute("href") == "https://example.com/"


def test_a_run_that_fails_tells_its_code_and_message(tab: Tab) -> None:
    tab.ask("anything", "failing")
    tab.until_ended("failed")
    assert "chain_failed" in tab.end
    assert "RuntimeError" in tab.end
    assert "secret-canary" not in tab.page.content()
    assert tab.page.inner_text("#status") == "Failed: chain_failed"
    assert "cut" not in tab.run.locator(".connection").inner_text()  # the run's error is not the connection's


def test_a_run_that_fails_in_mid_answer_keeps_its_text(tab: Tab) -> None:
    tab.ask("tokens=10 fail=5")
    tab.until_ended("failed")
    assert tab.answer == numbered(4)


def test_stop_keeps_the_partial_text(tab: Tab, gate: str) -> None:
    tab.ask(f"tokens=30 hold=10 gate={gate}")
    tab.until_answer(numbered(9))
    tab.page.click("#stop")
    tab.until_ended("cancelled")
    assert tab.answer == numbered(9)
    assert tab.end.startswith("Cancelled (user) · ")
    assert tab.page.inner_text("#status") == "Cancelled (user)"


def test_stop_in_mid_tool_closes_its_card(tab: Tab, gate: str) -> None:
    tab.ask(f"tool=gated gate={gate}", "talking_agent")
    tab.until_card("running")
    tab.page.click("#stop")
    tab.until_ended("cancelled")
    assert tab.card_state() == "failed"
    assert tab.run.locator(".tool-result").inner_text().startswith("cancelled")


def test_stop_before_the_first_event_stops_the_run(tab: Tab, wire: Wire, gate: str) -> None:
    wire.hold_before(b"event: run")
    tab.ask(f"tokens=30 hold=1 gate={gate}")
    wire.wait_until_held()
    tab.page.click("#stop")
    wire.let_go()
    tab.until_ended("cancelled")
    assert tab.end.startswith("Cancelled (user)")


def test_a_second_prompt_is_a_second_run_below_the_first(tab: Tab) -> None:
    tab.ask("tokens=2")
    tab.until_ended()
    tab.ask("tokens=3")
    tab.until("() => document.querySelectorAll('article[data-status=succeeded]').length === 2")
    assert tab.answer == numbered(3)
    assert tab.page.locator("article").first.locator(".text").inner_text().strip() == numbered(2).strip()
    assert tab.page.locator(".prompt").all_inner_texts() == ["tokens=2", "tokens=3"]


def test_the_status_line_changes_with_the_phases_and_not_with_the_tokens(tab: Tab, wire: Wire) -> None:
    tab.page.evaluate(
        """() => {
            window.said = [];
            const line = document.querySelector("#status");
            const say = () => { if (said.at(-1) !== line.textContent) said.push(line.textContent); };
            new MutationObserver(say).observe(line, { childList: true, characterData: true, subtree: true });
        }"""
    )
    wire.hold_before(b"event: tool_end", b"run:50;")
    tab.ask("tool=gated tokens=100", "talking_agent")
    tab.until_card("running")
    assert tab.page.get_attribute("#log", "aria-busy") == "true"
    wire.let_go()
    tab.until_answer(INTRODUCTION + numbered(49))
    wire.let_go()
    tab.until_ended()
    assert [each for each in tab.page.evaluate("said") if each != "Starting"] in (
        ["Running gated", "Answering", "Done"],
        ["Answering", "Running gated", "Answering", "Done"],
    )
    assert tab.page.get_attribute("#log", "aria-busy") == "false"


def test_a_long_answer_keeps_its_end_in_sight_until_the_reader_scrolls_away(tab: Tab, wire: Wire) -> None:
    wire.hold_before(b"run:2000;", b"run:4000;")
    tab.ask("tokens=5000")
    tab.until_answer(numbered(1999))
    tab.until(f"() => scrollY > 0 && {END_IN_SIGHT}")
    tab.page.evaluate("scrollTo(0, 0)")
    wire.let_go()
    tab.until_answer(numbered(3999))
    wire.let_go()
    tab.until_ended()
    assert tab.page.evaluate("scrollY") == 0


def test_a_new_prompts_run_is_brought_into_sight_to_its_end(open_tab: OpenTab, wire: Wire) -> None:
    tab = open_tab(wire.url, viewport={"width": 390, "height": 700}).ready()
    tab.ask("tokens=300")
    tab.until_ended()
    tab.page.evaluate("scrollTo(0, 0)")
    for prompt in ("tokens=50", "fail=2"):
        tab.ask(prompt)
        tab.until_ended("failed" if "fail" in prompt else "succeeded")
        tab.page.wait_for_selector("article:last-child .end:not([hidden])")
        assert tab.page.evaluate(END_IN_SIGHT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_light_or_dark_as_the_system_is(open_tab: OpenTab, wire: Wire, scheme: str) -> None:
    tab = open_tab(wire.url, color_scheme=scheme).ready()
    shades = tab.page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (max(shades) < 60) == (scheme == "dark")


def test_nothing_moves_for_who_wants_less_motion(open_tab: OpenTab, wire: Wire, gate: str) -> None:
    tab = open_tab(wire.url, reduced_motion="reduce").ready()
    tab.ask(f"tool=gated gate={gate}", "talking_agent")
    tab.until_card("running")
    assert tab.page.evaluate("document.getAnimations().length") == 0

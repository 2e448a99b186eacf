"""Everything can be done without a mouse, and said by what reads a page out."""

import pytest

from tests.page.runs import numbered, run_ids
from tests.page.tab import Tab
from tests.served_chains import GATES
from tests.serving import Served

pytestmark = pytest.mark.needs("chromium")

FOCUSED = "document.activeElement.id || document.activeElement.textContent"


def test_a_chain_is_chosen_a_prompt_sent_dropped_and_stopped_by_keyboard_alone(tab: Tab, gate: str) -> None:
    page, press = tab.page, tab.page.keyboard.press
    assert page.evaluate(FOCUSED) == "prompt"
    press("Tab")
    assert page.evaluate(FOCUSED) == "chain"
    page.keyboard.type("numbered")
    assert page.input_value("#chain") == "numbered"
    press("Shift+Tab")
    page.keyboard.type(f"tokens=30 hold=10 gate={gate}")
    press("Enter")
    tab.until_answer(numbered(9))
    assert page.evaluate(FOCUSED) == "prompt"
    press("Tab")
    press("Tab")
    assert page.evaluate(FOCUSED) == "drop"
    press("Enter")
    tab.until_connection("dropped")
    press("Tab")
    assert page.evaluate(FOCUSED) == "stop"
    press("Space")
    tab.until_ended("cancelled")
    assert tab.answer == numbered(9)
    assert page.evaluate(FOCUSED) == "prompt"  # and not lost with the button


def test_escape_stops_the_run(tab: Tab, gate: str) -> None:
    tab.ask(f"tokens=30 hold=10 gate={gate}")
    tab.until_answer(numbered(9))
    tab.page.keyboard.press("Escape")
    tab.until_ended("cancelled")


def test_shift_enter_breaks_the_line_and_enter_sends(tab: Tab) -> None:
    tab.page.select_option("#chain", "silent")
    tab.page.focus("#prompt")
    tab.page.keyboard.type("one")
    tab.page.keyboard.press("Shift+Enter")
    tab.page.keyboard.type("two")
    tab.page.keyboard.press("Enter")
    tab.until_ended()
    assert tab.answer == "said one\ntwo"
    assert tab.page.input_value("#prompt") == ""


def test_enter_that_takes_an_input_methods_proposal_sends_nothing(tab: Tab, shown: Served) -> None:
    before = run_ids(shown)
    tab.page.select_option("#chain", "silent")
    tab.page.focus("#prompt")
    keyboard = tab.page.context.new_cdp_session(tab.page)
    keyboard.send("Input.imeSetComposition", {"text": "にほん", "selectionStart": 3, "selectionEnd": 3})
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
    keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **enter})
    assert tab.page.locator("article").count() == 0
    assert run_ids(shown) == before
    keyboard.send("Input.insertText", {"text": "日本"})
    tab.page.keyboard.press("Enter")
    tab.until_ended()
    assert tab.answer == "said 日本"


@pytest.mark.parametrize("prompt", ["", "  \n "])
def test_an_empty_prompt_is_not_sent(tab: Tab, prompt: str) -> None:
    tab.page.fill("#prompt", prompt)
    tab.page.press("#prompt", "Enter")
    assert tab.page.locator("article").count() == 0


def test_enter_during_a_run_sends_nothing_and_loses_nothing(tab: Tab, gate: str) -> None:
    tab.ask(f"tokens=30 hold=10 gate={gate}")
    tab.until_answer(numbered(9))
    tab.page.fill("#prompt", "the next one")
    tab.page.press("#prompt", "Enter")
    assert tab.page.locator("article").count() == 1
    assert tab.page.input_value("#prompt") == "the next one"
    GATES[gate].open()
    tab.until_ended()


def test_whatever_can_be_used_has_a_name_and_shows_its_focus(tab: Tab) -> None:
    nameless = """
        [...document.querySelectorAll(`button, select, textarea, a, progress,
                [role]:not([role=presentation])`)]
            .filter((node) => ![node.ariaLabel, node.ariaLabelledByElements?.length,
                node.labels?.[0]?.textContent, node.textContent.trim(), node.role === "status"].some(Boolean))
            .map((node) => node.outerHTML)
    """
    assert tab.page.evaluate(nameless) == []
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert tab.page.get_by_role("log", name="Conversation").count() == 1
    assert tab.page.get_by_role("textbox", name="Prompt").count() == 1


def test_an_output_that_overflows_its_card_is_scrolled_by_keyboard(tab: Tab) -> None:
    tab.page.evaluate(
        """async () => {
            const { ToolsPart } = await imported("tool-card.js");
            const part = new ToolsPart();
            document.querySelector("#log").append(part.node);
            const tool = { name: "dump", status: "succeeded", args: "", durationMs: 1 };
            const outputs = ["a line", "a line\\n".repeat(5000)];
            part.draw({ tools: outputs.map((output, id) => ({ ...tool, id, output })) });
        }"""
    )
    small, large = tab.page.locator(".tool-result").all()
    assert small.get_attribute("tabindex") is None
    assert large.get_attribute("tabindex") == "0"
    large.focus()
    tab.page.keyboard.press("End")
    tab.until("() => document.activeElement.scrollTop > 1000")
    box = large.bounding_box()
    assert box and box["height"] < 250

"""What a screen reader is told of an answer: some sentences at once, the rest at its end, and no tokens."""

import pytest

from tests.page.sse import DONE, STARTED, stream, token
from tests.page.tab import EVENTS_FROM_THE_START, Tab

pytestmark = pytest.mark.needs("chromium")

LISTEN = """() => {
    window.said = [];
    const node = document.querySelector("#announcer");
    const listen = () => { if (node.textContent) said.push(node.textContent); };
    new MutationObserver(listen).observe(node, { childList: true, characterData: true, subtree: true });
}"""


def test_an_answer_that_comes_at_once_is_read_once_as_a_whole(tab: Tab) -> None:
    tab.page.evaluate(LISTEN)
    tab.stream_instead(stream(STARTED, *[token(f"Word{n} ") for n in range(50)], DONE))
    tab.ask("anything")
    tab.until_ended()
    tab.until("() => said.length > 0")
    assert tab.page.evaluate("said") == [" ".join(f"Word{n}" for n in range(50))]


def test_a_slow_answer_is_read_by_the_sentence(tab: Tab) -> None:
    said = tab.page.evaluate(
        """async () => {
            const { Announcer } = await imported("announcer.js");
            const node = document.createElement("p");
            const waiting = [];
            const timers = [window.setTimeout, window.clearTimeout];
            window.setTimeout = (then) => waiting.push(then);
            window.clearTimeout = () => {};
            const announcer = new Announcer(node);
            const said = [];
            announcer.begin();
            for (const [text, rings] of [
                ["Half a", 0], ["Half a sentence. And", 1], ["Half a sentence. And **more", 1],
                ["Half a sentence. And **more**! Then `code`", 1],
            ]) {
                announcer.follow(text);
                if (rings) waiting.shift()?.();
                said.push(node.textContent);
            }
            announcer.end();
            said.push(node.textContent);
            [window.setTimeout, window.clearTimeout] = timers;
            return said;
        }"""
    )
    first = "Half a sentence."
    assert said == ["", first, first, "And more!", "Then code"]


def test_the_log_itself_is_silent_while_and_after_it_grows(tab: Tab) -> None:
    tab.ask("tokens=20")
    tab.until_ended()
    assert tab.page.get_by_role("log").get_attribute("aria-live") == "off"
    assert tab.page.locator("#announcer").get_attribute("aria-live") == "polite"
    assert tab.page.locator("#log [aria-live], #log [role=status]").count() == 0


def test_an_answer_from_before_a_reload_is_not_read_again(tab: Tab) -> None:
    tab.ask("tokens=5")
    tab.until_ended()
    tab.page.reload()
    tab.until_ended()
    assert tab.page.inner_text("#announcer") == ""


def test_nothing_of_the_last_answer_is_read_in_the_next(tab: Tab) -> None:
    tab.stream_instead(stream(STARTED, token("The first."), DONE))
    tab.ask("anything")
    tab.until_ended()
    tab.until("() => document.querySelector('#announcer').textContent === 'The first.'")
    held = []
    tab.page.route(f"**{EVENTS_FROM_THE_START}", lambda route: held.append(route), times=1)
    tab.ask("anything")
    tab.until("() => document.querySelectorAll('article').length === 2")
    assert tab.page.inner_text("#announcer") == ""

"""Asking again makes a branch: what was there stays, and one goes between the versions of a turn."""

import pytest

from tests.page.runs import body_of
from tests.page.tab import Tab
from tests.page.test_conversation import ask, edit, press
from tests.page.threads import begun_with, prompts, run_in, thread_of, until_read
from tests.serving import Served

pytestmark = pytest.mark.needs("chromium")


def version(tab: Tab, turn: int = -1) -> str:
    """Which of how many a turn is; empty where it is the only one."""
    branches = tab.page.locator("article").nth(turn).locator(".branches")
    return branches.inner_text().replace("\n", " ") if branches.is_visible() else ""


def until_prompts(tab: Tab, *expected: str) -> None:
    shown = "[...document.querySelectorAll('.prompt')].map((node) => node.textContent)"
    tab.until(f"(expected) => JSON.stringify({shown}) === JSON.stringify(expected)", list(expected))
    until_read(tab, len(expected))


def test_a_retry_is_a_second_version_and_the_first_is_still_there(tab: Tab, shown: Served) -> None:
    ask(tab, "one")
    ask(tab, "two")
    assert version(tab) == ""
    with tab.page.expect_request("**/runs") as started:
        press(tab, "Retry")
    until_read(tab, 2)
    tab.until("() => document.querySelectorAll('.branches:not([hidden])').length === 1")
    assert version(tab) == "‹ 2 / 2 ›"
    body = body_of(started.value)
    runs = thread_of(shown, body["thread_id"])["runs"]
    assert [run["parent_run_id"] for run in runs] == [None, runs[0]["run_id"], runs[0]["run_id"]]
    assert body["input"] == "two"
    press(tab, "The version before")
    until_read(tab, 2)
    assert version(tab) == "‹ 1 / 2 ›"
    assert f"run={runs[1]['run_id']}" in tab.page.url
    assert (
        tab.page.locator("article")
        .last.locator(".place")
        .inner_text()
        .startswith(f"last id {runs[1]['run_id']}")
    )


def test_an_edit_keeps_what_followed_the_prompt_before_it(tab: Tab) -> None:
    for prompt in ("one", "two", "three"):
        ask(tab, prompt)
    edit(tab, "2", turn=1)
    until_prompts(tab, "one", "2")
    ask(tab, "3")
    press(tab, "The version before", turn=1)
    until_prompts(tab, "one", "two", "three")
    press(tab, "The next version", turn=1)
    until_prompts(tab, "one", "2", "3")
    assert tab.answer.startswith("human: one\nai: human: one\nhuman: 2\n")


def test_the_first_prompt_of_a_conversation_has_versions_too(tab: Tab) -> None:
    ask(tab, "one")
    edit(tab, "uno")
    until_prompts(tab, "uno")
    assert tab.answer == "human: uno"
    assert version(tab) == "‹ 2 / 2 ›"
    press(tab, "The version before")
    until_prompts(tab, "one")
    assert tab.page.evaluate("document.activeElement.ariaLabel") == "The next version"


def test_what_is_asked_goes_on_from_the_version_that_is_shown(tab: Tab) -> None:
    ask(tab, "one")
    edit(tab, "uno")
    until_prompts(tab, "uno")
    press(tab, "The version before")
    until_prompts(tab, "one")
    assert ask(tab, "two") == "human: one\nai: human: one\nhuman: two"


def test_a_version_that_was_chosen_is_shown_after_a_reload_too(tab: Tab, shown: Served) -> None:
    thread, (first, second) = begun_with(shown, "one", "two")
    run_in(shown, thread, "deux", parent_run_id=first)
    tab.open(f"/?thread={thread}")
    until_prompts(tab, "one", "deux")
    press(tab, "The version before")
    until_prompts(tab, "one", "two")
    tab.page.reload()
    until_prompts(tab, "one", "two")
    assert f"run={second}" in tab.page.url
    assert prompts(tab) == ["one", "two"]
    assert version(tab) == "‹ 1 / 2 ›"


def test_of_an_input_that_is_no_text_a_retry_sends_the_same(tab: Tab, shown: Served) -> None:
    given = {"messages": [{"role": "user", "content": "one"}]}
    thread, _ = begun_with(shown)
    run_in(shown, thread, "", input=given)
    tab.ready().open(f"/?thread={thread}")
    until_read(tab, 1)
    with tab.page.expect_request("**/runs") as started:
        press(tab, "Retry")
    until_read(tab, 1)
    assert body_of(started.value)["input"] == given
    assert prompts(tab) == ["one"]

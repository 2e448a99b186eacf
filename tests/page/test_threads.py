"""A conversation is opened, read with its tool cards, gone on with, and led to by its address."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.page.conftest import OpenTab
from tests.page.inspecting import CLIPBOARD
from tests.page.runs import body_of, get_run, numbered, run_ids
from tests.page.shown_chains import INTRODUCTION
from tests.page.tab import NETWORK, Tab
from tests.page.threads import answers, begun_with, choose, prompts, run_in, title_of_page, until_read
from tests.page.wire import Wire
from tests.served_chains import GATES
from tests.serving import Served

pytestmark = pytest.mark.needs("chromium")


def place(tab: Tab) -> dict[str, list[str]]:
    return parse_qs(urlsplit(tab.page.url).query)


def test_a_thread_opens_with_all_its_turns_and_their_cards(tab: Tab, shown: Served) -> None:
    thread, runs = begun_with(shown, "tool=gated tokens=3", chain="talking_agent")
    run_in(shown, thread, "and then")
    tab.open(f"/?thread={thread}")
    until_read(tab, 2)
    assert prompts(tab) == ["tool=gated tokens=3", "and then"]
    assert tab.page.locator(".tool[data-state=succeeded]").count() == 1
    assert answers(tab)[0] == INTRODUCTION.strip()
    assert f"last id {runs[0]}.1." in tab.page.locator("article").first.inner_text()
    assert title_of_page(tab) == "tool=gated tokens=3"


def test_finished_runs_are_read_one_after_the_other_and_the_latest_first(tab: Tab, shown: Served) -> None:
    thread, runs = begun_with(shown, "one", "two", "three", "four")
    asked: list[str] = []
    at_once = 0
    open_now: set[str] = set()

    def note(url: str) -> None:
        nonlocal at_once
        if "/events?" in url:
            asked.append(url)
            open_now.add(url)
            at_once = max(at_once, len(open_now))

    tab.page.on("request", lambda request: note(request.url))
    tab.page.on("requestfinished", lambda request: open_now.discard(request.url))
    tab.open(f"/?thread={thread}")
    until_read(tab, 4)
    assert [urlsplit(url).path.split("/")[2] for url in asked] == runs[::-1]
    assert {urlsplit(url).query for url in asked} == {"format=ndjson"}
    assert at_once == 1


def test_an_opened_thread_goes_on_with_what_was_said_and_sends_the_prompt_alone(
    tab: Tab, shown: Served
) -> None:
    thread, runs = begun_with(shown, "one")
    tab.open(f"/?thread={thread}")
    until_read(tab, 1)
    with tab.page.expect_request("**/runs") as started:
        tab.ask("two", "recalling")
    until_read(tab, 2)
    assert tab.answer == "human: one\nai: human: one\nhuman: two"
    body = body_of(started.value)
    assert (body["input"], body["thread_id"], body["parent_run_id"]) == ("two", thread, runs[0])


def test_a_conversation_has_an_address_from_its_first_prompt_on(tab: Tab, shown: Served) -> None:
    tab.ask("one", "recalling")
    until_read(tab, 1)
    (thread,) = place(tab)["thread"]
    assert json.loads(shown.get(f"/threads/{thread}").text)["runs"][0]["input"] == "one"
    tab.page.get_by_role("button", name="New conversation").click()
    assert place(tab) == {}
    assert title_of_page(tab) == "Chainstream"


def test_back_and_forward_go_from_conversation_to_conversation(tab: Tab, shown: Served, gate: str) -> None:
    titles = [f"one {gate}", f"two {gate}"]
    for title in titles:
        begun_with(shown, title)
    tab.ready()
    for title in titles:
        choose(tab, title)
        until_read(tab, 1)
    tab.page.go_back()
    tab.until("(prompt) => document.querySelector('.prompt')?.textContent === prompt", titles[0])
    assert title_of_page(tab) == titles[0]
    tab.page.go_back()
    tab.until("() => document.body.classList.contains('fresh')")
    tab.page.go_forward()
    tab.until("(prompt) => document.querySelector('.prompt')?.textContent === prompt", titles[0])


def test_a_run_that_still_streams_is_opened_by_its_link_in_another_tab(
    tab: Tab, open_tab: OpenTab, wire: Wire, gate: str
) -> None:
    tab.ask(f"tokens=30 hold=10 gate={gate}")
    tab.until_answer(numbered(9))
    run = tab.run.locator(".place").inner_text().removeprefix("live, last id ").split(".")[0]
    other = open_tab(wire.url).open(f"/?run={run}")
    other.until_answer(numbered(9))
    assert place(other) == {**place(tab), "run": [run]}
    GATES[gate].open()
    other.until_ended()
    tab.until_ended()
    assert other.answer == numbered(30)


def test_a_run_without_a_thread_is_opened_alone_and_what_follows_begins_one(tab: Tab, shown: Served) -> None:
    run = run_in(shown, None, "one")
    tab.ready().open(f"/?run={run}")
    tab.page.wait_for_selector("#chain:not([hidden])")
    until_read(tab, 1)
    assert prompts(tab) == ["one"]
    assert place(tab) == {"run": [run]}
    tab.ask("two", "recalling")
    until_read(tab, 2)
    assert tab.answer == "human: two"
    assert not tab.page.locator(".branches").last.is_visible()
    (thread,) = place(tab)["thread"]
    assert get_run(shown, run)["thread_id"] is None
    tab.page.reload()
    until_read(tab, 1)
    assert place(tab) == {"thread": [thread]}


def test_the_link_of_an_answer_leads_to_it(open_tab: OpenTab, wire: Wire, shown: Served) -> None:
    thread, runs = begun_with(shown, *(f"{'word ' * 300}{n}" for n in range(4)))
    tab = open_tab(wire.url, permissions=CLIPBOARD).open(f"/?thread={thread}")
    until_read(tab, 4)
    tab.page.locator("article").nth(1).get_by_role("button", name="Link").click()
    tab.page.get_by_role("button", name="Link copied").wait_for()
    link = tab.page.evaluate("navigator.clipboard.readText()")
    assert link == f"{wire.url}/?thread={thread}&run={runs[1]}"
    tab.page.goto(link)
    until_read(tab, 4)
    tab.until(
        """() => {
            const { top } = document.querySelectorAll("article")[1].getBoundingClientRect();
            return top > 0 && top < innerHeight / 2;
        }"""
    )


@pytest.mark.parametrize("query", ["thread=gone", "run=01jd0000000000000000000000", "thread=gone&run=gone"])
def test_what_is_gone_says_so(tab: Tab, query: str) -> None:
    tab.excuse(NETWORK)
    tab.ready().open(f"/?{query}")
    tab.page.get_by_role("status").filter(has_text="is gone: it was deleted").wait_for()
    assert tab.page.locator("article").count() == 0
    tab.page.get_by_role("link", name="New conversation").click()
    assert not tab.page.locator("#notice").is_visible()
    tab.page.wait_for_selector("#chain:not([hidden])")
    tab.ask("one", "recalling")
    until_read(tab, 1)


def test_a_thread_that_cannot_be_read_now_can_be_tried_again(tab: Tab, shown: Served) -> None:
    thread, _ = begun_with(shown, "one")
    tab.excuse(NETWORK)
    away = {"status": 503, "json": {"code": "history_unavailable", "detail": "The database is away."}}
    tab.page.route("**/threads/*?all=1", lambda route: route.fulfill(**away), times=1)
    tab.ready().open(f"/?thread={thread}")
    tab.page.get_by_role("status").filter(has_text="cannot reach its history right now").wait_for()
    tab.page.get_by_role("button", name="Try again").click()
    until_read(tab, 1)
    assert not tab.page.locator("#notice").is_visible()


def test_a_run_that_was_left_for_another_conversation_goes_on_and_is_found_again(
    tab: Tab, shown: Served, gate: str
) -> None:
    begun_with(shown, f"other {gate}")
    tab.ready()
    before = run_ids(shown)
    prompt = f"tokens=30 hold=10 gate={gate}"
    tab.ask(prompt)
    tab.until_answer(numbered(9))
    (run_id,) = run_ids(shown) - before
    choose(tab, f"other {gate}")
    until_read(tab, 1)
    assert tab.page.locator("#send").is_visible()
    assert get_run(shown, run_id)["status"] == "running"
    choose(tab, prompt)
    tab.until_answer(numbered(9))
    assert tab.page.locator("#stop").is_visible()
    GATES[gate].open()
    tab.until_ended()
    assert tab.answer == numbered(30)


def test_a_thread_that_is_busy_says_so_and_can_be_asked_again(
    tab: Tab, open_tab: OpenTab, wire: Wire, shown: Served, gate: str
) -> None:
    tab.ask("one", "recalling")
    until_read(tab, 1)
    other = open_tab(wire.url).ready()
    other.page.goto(tab.page.url)
    until_read(other, 1)
    other.page.wait_for_selector("#chain:not([hidden])")
    tab.ask(f"tokens=9 hold=3 gate={gate}")
    tab.until_answer(numbered(2))
    other.excuse(NETWORK)
    other.ask("two", "recalling")
    other.until_status("failed")
    assert other.end == "Another answer of this conversation is still being written. Retry once it has ended."
    GATES[gate].open()
    tab.until_ended()
    other.run.get_by_role("button", name="Retry").click()
    other.until_answer("human: one\nai: human: one\nhuman: two")


def test_a_start_that_cannot_be_recorded_waits_and_says_why(tab: Tab) -> None:
    away = {"status": 503, "json": {"code": "history_unavailable", "detail": "The database is away."}}
    tab.excuse(NETWORK)
    tab.page.route("**/runs", lambda route: route.fulfill(**away), times=1)
    tab.ask("tokens=3")
    status = "Reconnecting: The service cannot reach its history right now."
    tab.until("(status) => document.querySelector('#status').textContent === status", status)
    tab.until_ended()
    assert tab.answer == numbered(3)


@pytest.mark.parametrize(
    "given, prompt",
    [
        ({"messages": [{"role": "user", "content": "one"}]}, "one"),
        ({"messages": [{"type": "human", "content": [{"type": "text", "text": "one"}]}]}, "one"),
        ([{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}], "one"),
        ({"question": "one"}, '{\n  "question": "one"\n}'),
        (1, "1"),
    ],
)
def test_what_was_asked_in_another_form_is_shown_as_a_prompt(tab: Tab, given: object, prompt: str) -> None:
    found = tab.page.evaluate(
        "(given) => imported('chain-input.js').then(({ promptOf }) => promptOf(given))", given
    )
    assert found == prompt

"""Search over all conversations: what was found is marked, counted and led to; none of it becomes code."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.page.payloads import PAYLOADS
from tests.page.tab import NETWORK, Tab
from tests.page.threads import begun_with, until_read
from tests.serving import Served

if TYPE_CHECKING:
    from playwright.sync_api import Request, Route

pytestmark = pytest.mark.needs("chromium")

Item = dict[str, Any]


def found(snippet: str, thread: str = "t", run: str = "r", prompt: str = "one") -> Item:
    kept = {"status": "succeeded", "model": None, "chain": "recalling", "response": "", "score": 1.0}
    at = "2026-01-01T00:00:00+00:00"
    return {
        **kept,
        "run_id": run,
        "thread_id": thread,
        "prompt": prompt,
        "created_at": at,
        "snippet": snippet,
    }


def answer_searches(tab: Tab, *items: Item, total: int | None = None) -> list["Request"]:
    """Answer with these, 20 at a time; gives the requests as they come."""
    asked: list[Request] = []

    def answer(route: "Route") -> None:
        asked.append(route.request)
        offset = int(route.request.url.partition("offset=")[2])
        page = {"items": list(items[offset : offset + 20]), "limit": 20, "offset": offset}
        route.fulfill(json={**page, "total": len(items) if total is None else total})

    tab.page.route("**/search?**", answer)
    return asked


def search(tab: Tab, words: str) -> None:
    tab.page.get_by_role("searchbox", name="Search conversations").press_sequentially(words)


def until_told(tab: Tab, text: str) -> None:
    tab.until("(text) => document.querySelector('.results .list-note').textContent === text", text)


def test_what_was_found_is_marked_and_counted(lone_tab: Tab) -> None:
    tab = lone_tab
    asked = answer_searches(tab, found("the <mark>red</mark> fox &amp; a <mark>red</mark> hen &lt;b&gt;"))
    tab.page.clock.install()
    tab.page.clock.pause_at("2999-01-01")
    for letter in "red":
        search(tab, letter)
        tab.page.clock.run_for(100)
    tab.page.clock.resume()
    until_told(tab, "1 answer")
    assert tab.page.locator(".snippet").inner_text() == "the red fox & a red hen <b>"
    assert tab.page.locator(".snippet mark").all_inner_texts() == ["red", "red"]
    assert not tab.page.locator(".thread-list").is_visible()
    assert ["query=red&" in request.url for request in asked] == [True]  # once, when the typing paused
    tab.page.keyboard.press("Escape")
    tab.page.locator(".thread-list").wait_for()  # when it was read: until then it has no height
    assert tab.page.get_by_role("searchbox").input_value() == ""


def test_choosing_one_opens_its_conversation_at_that_answer(tab: Tab, shown: Served) -> None:
    thread, runs = begun_with(shown, *(f"{'word ' * 300}{n}" for n in range(4)))
    answer_searches(tab, found("<mark>word</mark> 1", thread, runs[1]))
    search(tab, "word")
    until_told(tab, "1 answer")
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("Enter")
    until_read(tab, 4)
    assert tab.page.url.endswith(f"?thread={thread}&run={runs[1]}")
    tab.until("() => Math.abs(document.querySelectorAll('article')[1].getBoundingClientRect().top) < 200")


def test_more_is_found_as_one_scrolls(tab: Tab) -> None:
    answer_searches(tab, *(found(f"<mark>{n}</mark>", run=f"r{n}") for n in range(45)))
    search(tab, "n")
    until_told(tab, "45 answers")
    for count in (40, 45):
        tab.page.locator(".lists").evaluate("(node) => node.scrollTo(0, node.scrollHeight)")
        tab.until("(count) => document.querySelectorAll('.found .row').length === count", count)
    assert tab.page.locator(".found mark").all_inner_texts() == [str(n) for n in range(45)]


@pytest.mark.parametrize("total, told", [(0, "Nothing has “fox”."), (1_000, "1,000 answers or more")])
def test_how_many_there_are_is_told(tab: Tab, total: int, told: str) -> None:
    answer_searches(tab, total=total)
    search(tab, "fox")
    until_told(tab, told)
    assert tab.page.locator(".results .list-note").get_attribute("aria-live") == "polite"


def test_an_answer_that_comes_after_another_was_asked_for_is_not_shown(tab: Tab) -> None:
    held: list[Route] = []

    def answer(route: "Route") -> None:
        if "query=a&" in route.request.url:
            held.append(route)
        else:
            page = {"items": [found("<mark>ab</mark>")], "total": 1, "limit": 20, "offset": 0}
            route.fulfill(json=page)

    tab.page.route("**/search?**", answer)
    with tab.page.expect_request("**/search?query=a&**"):
        search(tab, "a")
    search(tab, "b")
    until_told(tab, "1 answer")
    assert len(held) == 1
    assert tab.page.locator(".found mark").all_inner_texts() == ["ab"]


def test_a_search_that_is_refused_says_why(tab: Tab) -> None:
    tab.excuse(NETWORK)
    refused = {
        "status": 400,
        "json": {"code": "bad_query", "detail": "At most 50 words can be searched for."},
    }
    tab.page.route("**/search?**", lambda route: route.fulfill(**refused))
    search(tab, "many")
    until_told(tab, "At most 50 words can be searched for.")


def test_no_passage_and_no_prompt_becomes_an_element(tab: Tab) -> None:
    """Also where the service escaped nothing."""
    items = [found(f"{payload} <mark>{payload}</mark>", prompt=payload) for payload in PAYLOADS]
    tab.page.route("**/search?**", lambda route: route.fulfill(json={"items": items, "total": len(items)}))
    search(tab, "x")
    until_told(tab, f"{len(items)} answers")
    names = tab.page.evaluate("[...document.querySelectorAll('.results *')].map((node) => node.localName)")
    assert set(names) <= set("p ul div li a span time mark".split())
    assert tab.page.locator(".found .title").all_text_contents() == PAYLOADS
    assert tab.page.evaluate("window.pwned") is None


@pytest.mark.parametrize(
    "written, text",
    [
        ("&lt;&gt;&amp;&quot;&#39;&#x27;&#x1F600;", "<>&\"''😀"),
        ("&amp;lt;", "&lt;"),
        ("&nbsp;&#x110000;&;", "&nbsp;&#x110000;&;"),
        ("<MARK>a</MARK> <mark>b", "<MARK>a</MARK> <mark>b"),
    ],
)
def test_of_a_passage_entities_are_read_and_all_else_is_text(tab: Tab, written: str, text: str) -> None:
    pieces = tab.page.evaluate(
        "(html) => imported('snippet.js').then(({ piecesOf }) => piecesOf(html))", written
    )
    assert pieces == [{"text": text, "isFound": False}]

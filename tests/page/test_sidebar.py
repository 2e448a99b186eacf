"""The conversations at the page's side: listed, opened, renamed, deleted; a drawer on a phone."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.page.conftest import OpenTab
from tests.page.runs import numbered
from tests.page.tab import NETWORK, Tab
from tests.page.test_layout import OVERHANG, PHONE
from tests.page.test_safety import SOME
from tests.page.threads import CURRENT, begun_with, choose, row, thread_of, title_of_page, until_read
from tests.page.wire import Wire
from tests.serving import Served

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = pytest.mark.needs("chromium")

TITLES = "[...document.querySelectorAll('.threads .title')].map((node) => node.textContent)"


def titles(tab: Tab) -> list[str]:
    return list(tab.page.evaluate(TITLES))


def until_titles(tab: Tab, *first: str) -> None:
    """These come first in the list."""
    tab.until(f"(first) => first.every((title, at) => {TITLES}[at] === title)", list(first))


def listed(tab: Tab, count: int, page: int = 30) -> None:
    """So many threads in the service's place, `page` at a time."""

    def answer(route: "Route") -> None:
        start = int(route.request.url.partition("after=")[2] or 0)
        numbers = range(start, min(start + page, count))
        items = [thread(n) for n in numbers]
        route.fulfill(json={"items": items, "next": str(start + page) if start + page < count else None})

    tab.page.route("**/threads?**", answer)


def thread(number: int, title: str | None = None) -> dict[str, Any]:
    at = f"2026-01-01T00:{59 - number // 60:02}:{59 - number % 60:02}+00:00"
    name = f"thread {number}" if title is None else title
    return {"thread_id": f"t{number}", "title": name, "metadata": {}, "created_at": at, "updated_at": at}


def test_what_is_asked_becomes_the_first_conversation_of_the_list(tab: Tab, gate: str) -> None:
    tab.ask(f"  tokens=2\n {gate} {'long ' * 20}", "numbered")
    until_read(tab, 1)
    title = f"tokens=2 {gate} {'long ' * 20}"[:79] + "…"
    until_titles(tab, title)
    assert tab.page.evaluate(CURRENT) == [title]
    assert title_of_page(tab) == title
    tab.page.reload()
    until_titles(tab, title)  # now as the service calls it


def test_the_conversation_that_is_gone_on_with_comes_first(tab: Tab, shown: Served, gate: str) -> None:
    for name in ("one", "two"):
        begun_with(shown, f"{name} {gate}")
    tab.ready()
    until_titles(tab, f"two {gate}", f"one {gate}")
    choose(tab, f"one {gate}")
    until_read(tab, 1)
    tab.ask("more", "recalling")
    until_read(tab, 2)
    until_titles(tab, f"one {gate}", f"two {gate}")


def test_the_list_is_read_page_by_page_as_one_scrolls(tab: Tab) -> None:
    listed(tab, 75)
    tab.ready()
    tab.until(f"() => {TITLES}.length === 30")
    tab.page.locator(".lists").evaluate("(node) => node.scrollTo(0, node.scrollHeight)")
    tab.until(f"() => {TITLES}.length === 60")
    tab.page.locator(".lists").evaluate("(node) => node.scrollTo(0, node.scrollHeight)")
    tab.until(f"() => {TITLES}.length === 75")
    assert titles(tab) == [f"thread {n}" for n in range(75)]


def test_a_conversation_is_renamed_in_its_place(tab: Tab, shown: Served, gate: str) -> None:
    thread_id, _ = begun_with(shown, gate)
    tab.ready()
    choose(tab, gate)
    tab.page.get_by_role("button", name=f"Rename “{gate}”").click()
    field = tab.page.get_by_label("Title")
    assert field.input_value() == gate
    field.fill(f"Another {gate}")
    field.press("Escape")
    until_titles(tab, gate)
    tab.page.get_by_role("button", name=f"Rename “{gate}”").click()
    field.fill(f"New {gate}")
    with tab.page.expect_response("**/threads/*"):
        field.press("Enter")
    until_titles(tab, f"New {gate}")
    tab.until("(title) => document.title.startsWith(title)", f"New {gate}")
    assert thread_of(shown, thread_id)["title"] == f"New {gate}"


def test_a_conversation_is_deleted_after_it_was_asked_twice(tab: Tab, shown: Served, gate: str) -> None:
    thread_id, _ = begun_with(shown, gate)
    tab.ready()
    choose(tab, gate)
    until_read(tab, 1)
    tab.page.get_by_role("button", name=f"Delete “{gate}”").click()
    question = tab.page.get_by_role("group", name=f"Delete “{gate}”?")
    question.get_by_role("button", name="Keep").click()
    assert row(tab, gate).is_visible()
    tab.page.get_by_role("button", name=f"Delete “{gate}”").click()
    question.get_by_role("button", name="Delete").click()
    tab.until("() => document.body.classList.contains('fresh')")
    assert row(tab, gate).count() == 0
    assert tab.page.url.endswith("/")
    assert shown.get(f"/threads/{thread_id}").status == 404


def test_a_conversation_that_goes_on_can_be_deleted(tab: Tab, gate: str) -> None:
    prompt = f"tokens=9 hold=3 gate={gate}"
    tab.ask(prompt)
    tab.until_answer(numbered(2))
    tab.excuse(NETWORK)  # its run may be gone before it is cancelled
    tab.page.get_by_role("button", name=f"Delete “{prompt}”").click()
    tab.page.get_by_role("button", name="Delete", exact=True).click()
    tab.until("() => document.body.classList.contains('fresh')")
    tab.ask("tokens=2")
    tab.until_ended()


def test_a_rename_that_is_refused_says_so(tab: Tab, shown: Served, gate: str) -> None:
    begun_with(shown, gate)
    tab.ready()
    tab.excuse(NETWORK)
    away = {"status": 503, "json": {"code": "history_unavailable", "detail": "The database is away."}}
    tab.page.route("**/threads/*", lambda route: route.fulfill(**away))
    tab.page.get_by_role("button", name=f"Rename “{gate}”").click()
    tab.page.get_by_label("Title").fill("New")
    tab.page.get_by_label("Title").press("Enter")
    note = tab.page.get_by_role("status").filter(has_text="It was not renamed. The service cannot reach its")
    note.wait_for()
    until_titles(tab, gate)


def test_conversations_that_cannot_be_listed_can_be_asked_for_again(tab: Tab) -> None:
    tab.excuse(NETWORK)
    away = {"status": 503, "json": {"code": "history_unavailable", "detail": "The database is away."}}
    listed(tab, 3)
    tab.page.route("**/threads?**", lambda route: route.fulfill(**away), times=1)
    tab.ready()
    tab.page.get_by_role("status").filter(has_text="The conversations cannot be listed.").wait_for()
    tab.page.locator("#sidebar").get_by_role("button", name="Try again").click()
    until_titles(tab, "thread 0", "thread 1", "thread 2")


def test_aside_or_not_is_kept(tab: Tab) -> None:
    sidebar, toggle = tab.page.locator("#sidebar"), tab.page.get_by_role("button", name="Conversations")
    assert sidebar.is_visible()
    toggle.click()
    assert not sidebar.is_visible()
    assert toggle.get_attribute("aria-expanded") == "false"
    tab.ready()
    assert not sidebar.is_visible()
    toggle.click()
    tab.ready()
    assert sidebar.is_visible()


def test_it_makes_room_for_the_inspector_and_is_there_again_at_the_next_visit(tab: Tab) -> None:
    tab.page.get_by_role("button", name="Inspect").click()
    assert not tab.page.locator("#sidebar").is_visible()
    tab.ready()
    assert tab.page.locator("#sidebar").is_visible()


def test_on_a_phone_it_is_a_drawer_that_closes_once_a_conversation_is_chosen(
    open_tab: OpenTab, wire: Wire, shown: Served, gate: str
) -> None:
    begun_with(shown, gate)
    phone = open_tab(wire.url, viewport=PHONE).ready()
    sidebar, toggle = phone.page.locator("#sidebar"), phone.page.get_by_role("button", name="Conversations")
    assert not sidebar.is_visible()
    toggle.click()
    assert phone.page.get_by_role("dialog", name="Conversations").is_visible()
    assert phone.page.evaluate(OVERHANG) == 0
    phone.page.keyboard.press("Escape")
    assert not sidebar.is_visible()
    assert phone.page.evaluate("document.activeElement.id") == "threads"
    toggle.click()
    phone.page.mouse.click(380, 400)
    assert not sidebar.is_visible()
    toggle.click()
    choose(phone, gate)
    until_read(phone, 1)
    assert not sidebar.is_visible()
    assert phone.page.evaluate(OVERHANG) == 0


def test_no_title_becomes_an_element(tab: Tab) -> None:
    items = [thread(number, title) for number, title in enumerate(SOME)]
    tab.page.route("**/threads?**", lambda route: route.fulfill(json={"items": items, "next": None}))
    tab.ready()
    until_titles(tab, *SOME)
    tab.page.locator(".icon").nth(1).click(force=True)
    names = set(
        tab.page.evaluate("[...document.querySelectorAll('#sidebar *')].map((node) => node.localName)")
    )
    assert names <= set("header div a button input ul li span time svg path p".split())
    assert tab.page.evaluate("window.pwned") is None


DAY = 86_400


def test_a_time_is_told_in_a_word_or_two(tab: Tab) -> None:
    told = {59: "now", 60: "1 min", 3_600: "1 h", DAY - 1: "23 h", 2 * DAY: "Wed", 9 * DAY: "11 Mar"}
    found = tab.page.evaluate(
        """(agos) => imported("short-time.js").then(({ shortTime }) => {
            const now = new Date(2026, 2, 20, 23, 0);
            return agos.map((ago) => shortTime(new Date(now - ago * 1000), now));
        })""",
        list(told),
    )
    assert found == list(told.values())

"""Threads, as tests make them with the service and look for them on the page."""

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.page.tab import Tab
from tests.serving import Served

if TYPE_CHECKING:
    from playwright.sync_api import Locator

CURRENT = (
    "[...document.querySelectorAll('.threads [aria-current=page] .title')].map((node) => node.textContent)"
)


def begun_with(served: Served, *prompts: str, chain: str = "recalling") -> tuple[str, list[str]]:
    """A thread in which this was asked and answered, and its runs."""
    thread_id = uuid4().hex
    runs = [run_in(served, thread_id, prompt, chain=chain) for prompt in prompts]
    return thread_id, runs


def run_in(served: Served, thread_id: str | None, prompt: str, **more: Any) -> str:
    body = {"input": prompt, "chain": "recalling", **({"thread_id": thread_id} if thread_id else {}), **more}
    run: dict[str, Any] = json.loads(served.post("/runs/wait", json.dumps(body).encode()).text)
    return str(run["run_id"])


def thread_of(served: Served, thread_id: str) -> dict[str, Any]:
    thread: dict[str, Any] = json.loads(served.get(f"/threads/{thread_id}?all=1").text)
    return thread


def title_of_page(tab: Tab) -> str:
    return tab.page.title().removesuffix(" · Chainstream")


def row(tab: Tab, title: str) -> "Locator":
    return tab.page.locator(".threads .row", has=tab.page.get_by_text(title, exact=True))


def choose(tab: Tab, title: str) -> None:
    """Open a thread, and wait until it is there."""
    row(tab, title).get_by_role("link").click()
    tab.until(f"(title) => {CURRENT}[0] === title", title)


def until_read(tab: Tab, turns: int) -> None:
    """All turns are shown with how they ended."""
    tab.until("(n) => document.querySelectorAll('article .end:not([hidden])').length === n", turns)


def prompts(tab: Tab) -> list[str]:
    return tab.page.locator(".prompt").all_text_contents()


def answers(tab: Tab) -> list[str]:
    return [text.strip() for text in tab.page.locator(".text[data-channel=answer]").all_text_contents()]

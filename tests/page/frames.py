"""Measures the frames of a page that shows an answer of 5,000 tokens: `python -m tests.page.frames [RATE]`.

RATE is tokens per second; without it they come as fast as the service can send them.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.needs import chromium_path
from tests.page.shown_chains import SHOWN
from tests.serving import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

TOKENS = 5_000
WATCH = """
window.tasks = [];
const millisecondsOf = ({ duration }) => Math.round(duration);
new PerformanceObserver((list) => tasks.push(...list.getEntries().map(millisecondsOf)))
    .observe({ type: "longtask" });
window.frames_ = [];
let last = performance.now();
const frame = (now) => { frames_.push(now - last); last = now; requestAnimationFrame(frame); };
requestAnimationFrame(frame);
window.drawn = { added: 0, removed: 0 };
new MutationObserver((records) => {
    for (const { addedNodes, removedNodes } of records) {
        drawn.added += addedNodes.length;
        drawn.removed += removedNodes.length;
    }
}).observe(document, { subtree: true, childList: true });
"""
TOLD = """() => ({
    tokens: document.querySelector("article .text").source.match(/\\\\S+/g).length,
    blocks: document.querySelector("article .text").children.length,
    frames: frames_.length,
    longest_frame_ms: Math.round(Math.max(...frames_)),
    tasks_over_50_ms: tasks,
    nodes: drawn,
})"""


@contextmanager
def opened(url: str) -> "Iterator[Page]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(url)
        page.wait_for_selector("#chain:not([hidden])")
        yield page
        browser.close()


def measured(page: "Page", rate: str) -> dict[str, Any]:
    """Of one answer: the main thread's longest tasks in CPU time, the longest frame, the nodes made."""
    page.evaluate(f"() => {{ {WATCH} }}")
    page.select_option("#chain", "writing")
    page.fill("#prompt", f"words={TOKENS} rate={rate}")
    browser = page.context.browser
    assert browser
    browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline"])
    page.press("#prompt", "Enter")
    page.wait_for_selector("article[data-status=succeeded]", timeout=120_000)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    return {**page.evaluate(TOLD.replace("\\\\S", "\\S")), **traced(events)}


def traced(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The longest tasks of the page's main thread, in milliseconds of its CPU."""
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        event.get("tdur", event.get("dur", 0)) / 1_000
        for event in events
        if (event["pid"], event["tid"]) in main
        and event["name"] in ("RunTask", "ThreadControllerImpl::RunTask")
    ]
    return {"tasks": len(tasks), "longest_tasks_cpu_ms": [round(each, 1) for each in sorted(tasks)[-8:]]}


def main() -> None:
    with serving(chains=SHOWN) as served, opened(served.url) as page:
        # A program for people.
        print(json.dumps(measured(page, *(sys.argv[1:] or ["0"])), indent=2))  # noqa: T201


if __name__ == "__main__":
    main()

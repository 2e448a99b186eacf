"""A browser tab with the page in it: what people do there, and every state that they could have seen."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tests.page.sse import RUN_ID

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Locator

EVENTS_FROM_THE_START = "/runs/*/events?format=events"
PATIENCE = 15_000  # milliseconds; for a condition that never comes

# The newest answer as its model wrote it, if each letter and digit of it is on the page; else what is there.
# What is struck out is no part of it.
ANSWER = """
[...[...document.querySelectorAll("article")].at(-1)?.querySelectorAll(".text[data-channel=answer]") ?? []]
  .filter((node) => !node.closest("del"))
  .map((node) => {
    const clone = node.cloneNode(true);
    clone.querySelectorAll("button").forEach((button) => button.remove());
    const letters = (text) => text.replace(/[^\\p{L}\\p{N}]/gu, "");
    return letters(clone.textContent) === letters(node.source) ? node.source : clone.textContent;
  }).join("")
"""

# Every state of the newest run's article, as the DOM had it after some change.
RECORDER = (
    f"const answer = () => {ANSWER.strip()};"
    + """
window.states = [];
const state = () => {
  const article = [...document.querySelectorAll("article")].at(-1);
  if (!article) return;
  const all = (selector) => [...article.querySelectorAll(selector)];
  const now = {
    status: article.dataset.status,
    answer: answer(),
    cards: all(".tool").map((card) => ({
      id: card.dataset.toolCallId,
      state: card.dataset.state,
      progress: card.querySelector("progress:not([hidden])")?.value ?? null,
    })),
    connection: article.dataset.connection,
  };
  if (JSON.stringify(now) !== JSON.stringify(window.states.at(-1))) window.states.push(now);
};
new MutationObserver(state).observe(document, {
  subtree: true, childList: true, characterData: true, attributes: true,
});
"""
)
# What the page's policy stopped is a complaint; and tests get the very modules that the page has.
PRELUDE = """
window.imported = (name) => import(new URL(name, document.querySelector("script[type=module]").src));
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`);
});
"""
PARTS = """
[...[...document.querySelectorAll("article")].at(-1).querySelector(".answer").children]
  .filter((node) => !node.hidden).map((node) => node.classList[0])
"""
NETWORK = "Failed to load resource"  # how the console begins to tell of a connection that broke


class Tab:
    """One tab; `complaints` are the console's errors and what scripts threw, but for what was excused."""

    def __init__(self, context: "BrowserContext", url: str) -> None:
        self._url = url
        self._complaints: list[str] = []
        self._excused: list[str] = []
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self._complaints.append(str(error)))
        self.page.add_init_script(PRELUDE)

    def _on_console(self, message: "ConsoleMessage") -> None:
        if message.type in ("error", "warning"):
            self._complaints.append(message.text)

    def excuse(self, beginning: str) -> None:
        """Complaints of the console that the test itself causes."""
        self._excused.append(beginning)

    @property
    def complaints(self) -> list[str]:
        return [each for each in self._complaints if not each.startswith(tuple(self._excused))]

    def stream_instead(self, body: str, path: str | None = None, times: int | None = None) -> None:
        """Give the page this stream in the service's place: of a run that is started, or at this path."""
        if path is None:
            path = EVENTS_FROM_THE_START
            found = re.search("[0-9a-z]{26}", body)
            started = {"run_id": found[0] if found else RUN_ID, "status": "queued"}
            self.page.route("**/runs", lambda route: route.fulfill(status=202, json=started), times=times)
        self.page.route(
            f"**{path}", lambda route: route.fulfill(body=body, content_type="text/event-stream"), times=times
        )

    def streams_instead(self, bodies: Iterable[str]) -> None:
        """Give the page these streams, one for each run that is started."""
        left = iter(bodies)
        started = {"run_id": RUN_ID, "status": "queued"}
        self.page.route("**/runs", lambda route: route.fulfill(status=202, json=started))
        self.page.route(
            f"**{EVENTS_FROM_THE_START}",
            lambda route: route.fulfill(body=next(left), content_type="text/event-stream"),
        )

    def open(self, path: str = "/") -> "Tab":
        self.page.goto(self._url + path)
        return self

    def ready(self) -> "Tab":
        """Open the page and wait for its chains."""
        self.open()
        self.page.wait_for_selector("#chain:not([hidden])")
        return self

    def ask(self, prompt: str, chain: str = "numbered") -> None:
        self.page.select_option("#chain", chain)
        self.page.fill("#prompt", prompt)
        self.page.press("#prompt", "Enter")

    def until(self, condition: str, argument: object = None) -> None:
        """Wait for a condition: a JavaScript function, since the page's policy lets no other text be code."""
        self.page.wait_for_function(condition, arg=argument)

    def until_answer(self, text: str) -> None:
        self.until(f"(text) => {ANSWER.strip()} === text", text)

    def until_ended(self, status: str = "succeeded") -> None:
        self.until(
            """(status) => document.querySelector("#log").ariaBusy === "false"
                && [...document.querySelectorAll("article")].at(-1)?.dataset.status === status""",
            status,
        )

    def until_status(self, status: str) -> None:
        """Of the newest run: `waiting` for example."""
        self.until(
            "(status) => [...document.querySelectorAll('article')].at(-1)?.dataset.status === status", status
        )

    def until_approval(self, state: str, index: int = 0) -> None:
        condition = "([state, n]) => document.querySelectorAll('.approval')[n]?.dataset.state === state"
        self.until(condition, [state, index])

    def until_card(self, state: str, index: int = 0) -> None:
        condition = "([state, n]) => document.querySelectorAll('.tool')[n]?.dataset.state === state"
        self.until(condition, [state, index])

    def until_connection(self, state: str) -> None:
        self.page.wait_for_selector(f"article[data-connection={state}]")

    @property
    def answer(self) -> str:
        return str(self.page.evaluate(ANSWER))

    @property
    def run(self) -> "Locator":
        """The newest run's article."""
        return self.page.locator("article").last

    @property
    def end(self) -> str:
        return self.run.locator(".end").inner_text()

    @property
    def parts(self) -> list[str]:
        """What stands in the answer, in its order."""
        return list(self.page.evaluate(PARTS))

    def record(self) -> "Tab":
        """Keep every state of the runs from here on. It costs a look at the whole answer at each change."""
        self.page.evaluate(RECORDER)
        return self

    def states(self) -> list[dict[str, Any]]:
        return list(self.page.evaluate("window.states"))

    def card_state(self, index: int = 0) -> str | None:
        return self.page.locator(".tool").nth(index).get_attribute("data-state")

    def card_states(self, index: int = 0) -> list[str]:
        """The states that a card went through."""
        seen = [state["cards"][index]["state"] for state in self.states() if len(state["cards"]) > index]
        return [state for n, state in enumerate(seen) if n == 0 or state != seen[n - 1]]

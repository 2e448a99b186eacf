"""A run that waits for a person, as a script: its events, what the page decides, and what comes then."""

import json
from typing import TYPE_CHECKING, Any

from tests.page.sse import DONE, RUN_ID, STARTED, Event, paused, stream
from tests.page.tab import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Route

Refused = tuple[int, str, str]  # status, code and detail


class WaitingRun:
    """Shown in `tab` by `ask`; `decided` are the decisions that came, by interrupt."""

    def __init__(self, tab: Tab, *events: Event, then: tuple[Event, ...] = (DONE,)) -> None:
        self._tab = tab
        self._open = [data["interrupt_id"] for name, data in events if name == "approval"]
        self._refusals: list[Refused] = []
        self._last = len(events) + 1
        self.decided: list[tuple[str, list[dict[str, Any]]]] = []
        tab.stream_instead(stream(STARTED, *events) + paused(self._last, *self._open))
        tab.page.route(f"**/runs/{RUN_ID}", lambda route: route.fulfill(json={"status": "waiting"}))
        tab.page.route(f"**/runs/{RUN_ID}/approvals/*", self._take)
        self.go_on_with(*then)

    def go_on_with(self, *events: Event) -> None:
        tail = stream(*events, first=self._last + 1)
        self._tab.stream_instead(tail, f"/runs/{RUN_ID}/events?after={RUN_ID}.1.{self._last}&**")

    def refuse_once(self, *refused: Refused) -> None:
        """Answer the next decisions with these problems."""
        self._refusals.extend(refused)

    def ask(self) -> "WaitingRun":
        self._tab.ask("anything")
        self._tab.until_status("waiting")
        return self

    @property
    def card(self) -> "Locator":
        """The first, or only."""
        return self._tab.run.locator(".approval").first

    def press(self, name: str, within: "Locator | None" = None) -> None:
        (within or self.card).get_by_role("button", name=name, exact=True).click()

    def _take(self, route: "Route") -> None:
        if self._refusals:
            status, code, detail = self._refusals.pop(0)
            route.fulfill(status=status, json={"code": code, "detail": detail})
            return
        interrupt_id = route.request.url.rpartition("/")[2]
        assert route.request.method == "POST"
        self.decided.append((interrupt_id, json.loads(route.request.post_data or "")["decisions"]))
        self._open.remove(interrupt_id)
        status_now = "waiting" if self._open else "running"
        route.fulfill(json={"run_id": RUN_ID, "status": status_now, "approvals": []})

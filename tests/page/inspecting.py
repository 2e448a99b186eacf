"""The inspector, as a test uses it."""

import json
from typing import TYPE_CHECKING, Any

from tests.page.tab import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Locator

CLIPBOARD = ["clipboard-read", "clipboard-write"]


class Inspecting:
    """The drawer in `tab`, opened."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self.node = tab.page.locator("#inspector")
        tab.page.get_by_role("button", name="Inspect").click()
        self.node.wait_for()

    def open(self, name: str) -> "Locator":
        """One of its tabs; gives the panel."""
        self.node.get_by_role("tab", name=name).click()
        return self.node.get_by_role("tabpanel", name=name)

    @property
    def run_id(self) -> str:
        self._tab.until("() => /run [0-9a-z]+/.test(document.querySelector('.inspector-state').textContent)")
        return (self.node.locator(".inspector-state").text_content() or "").partition("run ")[2].split(" ")[0]

    @property
    def note(self) -> str:
        return self.node.get_by_role("tabpanel").locator(".inspector-note").inner_text()

    def until_note(self, beginning: str) -> None:
        self._tab.until(
            """(beginning) => document
                .querySelector("#inspector [role=tabpanel]:not([hidden]) .inspector-note")
                .textContent.startsWith(beginning)""",
            beginning,
        )

    def copy(self, name: str) -> str:
        """What is in the clipboard after a press of this button. The tab's context needs CLIPBOARD."""
        button = self.node.get_by_role("button", name=name, exact=True)
        button.click()
        self.node.get_by_role("button", name=f"{name}: copied", exact=True).wait_for()
        return str(self._tab.page.evaluate("navigator.clipboard.readText()"))

    def copied_events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.copy("Copy the events shown as NDJSON").splitlines()]

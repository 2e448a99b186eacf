"""The question for the key, as a test answers it."""

from typing import TYPE_CHECKING

from tests.page.tab import NETWORK, Tab

if TYPE_CHECKING:
    from playwright.sync_api import Locator

KEY = "sk-the-key-of-all-tests"
COMPLAINS = "(text) => document.querySelector('.key-dialog .complaint')?.textContent.startsWith(text)"


def dialog(tab: Tab) -> "Locator":
    return tab.page.get_by_role("dialog", name="This service asks for a key")


def until_asked(tab: Tab) -> None:
    tab.excuse(NETWORK)
    dialog(tab).wait_for()


def give(tab: Tab, key: str) -> None:
    until_asked(tab)
    tab.page.get_by_label("Key", exact=True).fill(key)
    tab.page.keyboard.press("Enter")


def sign_in(tab: Tab, key: str = KEY) -> None:
    give(tab, key)
    dialog(tab).wait_for(state="detached")
    tab.page.wait_for_selector("#chain:not([hidden])")

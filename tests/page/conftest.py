"""One Chromium for all tests of the page, a server with chains to look at, and a wire between them."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.needs import chromium_path
from tests.page.shown_chains import SHOWN
from tests.page.tab import Tab
from tests.page.wire import Wire, wired_to
from tests.served_chains import SERVED
from tests.serving import Served, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

OpenTab = Callable[..., Tab]


@pytest.fixture(scope="package")
def browser() -> "Iterator[Browser]":
    """Of this package and no longer: while Playwright's own loop runs, no other test could run one."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def shown() -> Iterator[Served]:
    with serving(chains=(*SERVED, *SHOWN)) as shown:
        yield shown


@pytest.fixture
def wire(shown: Served) -> Iterator[Wire]:
    with wired_to(shown.port) as wire:
        yield wire


@pytest.fixture
def open_tab(browser: "Browser") -> Iterator[OpenTab]:
    """Tabs with a context each. In none may the console have an error that the test did not excuse."""
    tabs: list[Tab] = []

    def open_tab(url: str, **context: Any) -> Tab:
        tabs.append(Tab(browser.new_context(**context), url))
        return tabs[-1]

    yield open_tab
    complaints = [complaint for tab in tabs for complaint in tab.complaints]
    for tab in tabs:
        tab.page.context.close()
    assert complaints == []


@pytest.fixture
def tab(open_tab: OpenTab, wire: Wire) -> Tab:
    """The page, ready, at the other end of the wire."""
    return open_tab(wire.url).ready()

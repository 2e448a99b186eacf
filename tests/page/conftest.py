"""One Chromium for all tests of the page, a server with chains to look at, and a wire between them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.needs import chromium_path
from tests.page.contexts import SharedContext
from tests.page.shown_chains import SHOWN
from tests.page.tab import Tab
from tests.page.wire import Doorway, Wire
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
    "--renderer-process-limit=1",  # for each context; pages of one site are in one, which has their code
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


@pytest.fixture(scope="package")
def shared_context(browser: "Browser") -> SharedContext:
    return SharedContext(browser)


@pytest.fixture(scope="package")
def doorway() -> Iterator[Doorway]:
    """Of one address for all tests: what browsers keep is by address."""
    with Doorway() as doorway:
        yield doorway


@pytest.fixture
def wire(shown: Served, doorway: Doorway) -> Iterator[Wire]:
    with doorway.wired_to(shown.port) as wire:
        yield wire


@pytest.fixture
def open_tab(browser: "Browser", shared_context: SharedContext) -> Iterator[OpenTab]:
    """Tabs, in none of which the console may have an error that the test did not excuse.

    They are in one context, which is emptied after the test. One with `alone`, or with other options of
    contexts than these, has its own, for what stays with one: a clock, or that nothing is cached yet.
    """
    tabs: list[Tab] = []
    origins: set[str] = set()

    def open_tab(
        url: str,
        *,
        alone: bool = False,
        permissions: Sequence[str] = (),
        viewport: Any = None,
        color_scheme: Any = None,
        reduced_motion: Any = None,
        **options: Any,
    ) -> Tab:
        if alone or options:
            context = browser.new_context(**options)
            closing.callback(context.close)
        else:
            context = shared_context.context
            origins.add("{0.scheme}://{0.netloc}".format(urlsplit(url)))
        if permissions:
            context.grant_permissions(permissions)
        tabs.append(Tab(context, url))
        if viewport:
            tabs[-1].page.set_viewport_size(viewport)
        if color_scheme or reduced_motion:
            tabs[-1].page.emulate_media(color_scheme=color_scheme, reduced_motion=reduced_motion)
        return tabs[-1]

    with ExitStack() as closing:
        closing.callback(lambda: shared_context.empty(origins))
        yield open_tab
        complaints = [complaint for tab in tabs for complaint in tab.complaints]
    assert complaints == []


@pytest.fixture
def tab(open_tab: OpenTab, wire: Wire) -> Tab:
    """The page, ready, at the other end of the wire."""
    return open_tab(wire.url).ready()


@pytest.fixture
def lone_tab(open_tab: OpenTab, wire: Wire) -> Tab:
    """The same in a context of its own, for a clock."""
    return open_tab(wire.url, alone=True).ready()

"""The page's files come over the network once; and no test finds what another one left in the browser."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.page.conftest import OpenTab
from tests.page.contexts import SharedContext
from tests.page.tab import Tab
from tests.serving import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.needs("chromium")

# Whether each of the page's files came over the network, by its path.
SENT = """
Object.fromEntries(performance.getEntriesByType("resource")
  .map(({ name, transferSize }) => [new URL(name).pathname, transferSize > 0])
  .filter(([path]) => path.startsWith("/static/")))
"""


def test_a_page_that_was_open_before_is_loaded_without_asking_for_its_files(
    open_tab: OpenTab, shown: Served
) -> None:
    tab = open_tab(shown.url, alone=True).ready()
    first: dict[str, bool] = tab.page.evaluate(SENT)
    assert len(first) > 80 and set(first.values()) == {True}
    assert len({path.split("/")[2] for path in first}) == 1  # each import keeps the version
    again = Tab(tab.page.context, shown.url).ready()
    assert again.page.evaluate(SENT) == dict.fromkeys(first, False)


@pytest.fixture
def shared(browser: "Browser") -> Iterator[SharedContext]:
    """One that no other test uses."""
    shared = SharedContext(browser)
    yield shared
    shared.context.close()


def test_what_a_test_left_in_the_shared_context_is_gone(shared: SharedContext, shown: Served) -> None:
    origin = shown.url
    allowed = "navigator.permissions.query({ name: 'clipboard-read' }).then(({ state }) => state)"
    left = f"Promise.all([localStorage.length, document.cookie, indexedDB.databases(), {allowed}])"
    tab = Tab(shared.context, shown.url).ready()
    fresh = tab.page.evaluate(left)
    tab.page.evaluate("localStorage.a = sessionStorage.b = '1', document.cookie = 'c=1; max-age=1000'")
    tab.page.evaluate("new Promise((resolve) => (indexedDB.open('d').onsuccess = () => resolve()))")
    shared.context.grant_permissions(["clipboard-read"])
    shared.context.route("**/chains", lambda route: route.abort())
    shared.context.set_offline(True)
    shared.empty([origin])
    assert tab.page.is_closed()
    again = Tab(shared.context, shown.url).ready()
    assert again.page.evaluate(left) == fresh == [0, "", [], "prompt"]
    assert again.page.evaluate("sessionStorage.b") is None
    assert not any(again.page.evaluate(SENT).values())


def test_a_clock_in_the_shared_context_is_told(shared: SharedContext, shown: Served) -> None:
    Tab(shared.context, shown.url).ready().page.clock.install()
    with pytest.raises(AssertionError, match="lone_tab"):
        shared.empty([shown.url])

"""The browser context that tests share: what it has cached stays, what a test stored or was allowed goes."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

STORED = "cookies,local_storage,indexeddb,cache_storage,service_workers,file_systems"
REAL = "() => /native code/.test(setTimeout)"


class SharedContext:
    """One for all tests, so that the page's files come out of its cache.

    Chromium ends a renderer with its last page, and the next has nothing compiled; so an empty page stays.
    """

    def __init__(self, browser: "Browser") -> None:
        self.context: BrowserContext = browser.new_context()
        self._staying = self.context.new_page()
        self._session = self.context.new_cdp_session(self._staying)

    def empty(self, origins: Iterable[str]) -> None:
        """As it was before the test, which was at these origins, but for the cache."""
        for page in self.context.pages:
            if page != self._staying:
                page.close()
        for origin in origins:
            self._session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": STORED})
        self.context.clear_permissions()
        self.context.unroute_all()
        self.context.set_offline(False)
        assert self._staying.evaluate(REAL), "A clock stays in its context: take `lone_tab`, or `alone=True`."

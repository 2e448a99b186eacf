"""/docs: Swagger UI from our own files."""

import json
import re
from urllib.parse import urlsplit

import pytest

from service.api import pages
from tests.page.conftest import OpenTab
from tests.serving import Served

pytestmark = pytest.mark.needs("chromium")

VENDORED = pages.STATIC / "vendor" / "swagger-ui"


def test_the_docs_show_every_route_and_ask_no_other_host(open_tab: OpenTab, served: Served) -> None:
    tab = open_tab(served.url)
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.open("/docs")
    tab.page.wait_for_selector(".opblock")
    document = json.loads(served.get("/openapi.json").text)
    operations = sum(len(methods) for methods in document["paths"].values())
    assert tab.page.locator(".opblock").count() == operations
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith("data:")}
    assert hosts == {f"127.0.0.1:{served.port}"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_docs_are_light_or_dark_as_the_system_is(open_tab: OpenTab, served: Served, scheme: str) -> None:
    tab = open_tab(served.url, color_scheme=scheme).open("/docs")
    tab.page.wait_for_selector(".opblock")
    assert tab.page.evaluate("document.documentElement.classList.contains('dark-mode')") == (scheme == "dark")


def test_a_route_can_be_tried_from_the_docs(open_tab: OpenTab, served: Served) -> None:
    tab = open_tab(served.url).open("/docs")
    tab.page.locator(".opblock", has_text="/health").locator("button.opblock-summary-control").click()
    tab.page.get_by_role("button", name="Try it out").click()
    tab.page.get_by_role("button", name="Execute").click()
    tab.page.wait_for_selector(".live-responses-table .highlight-code")
    assert '"status": "ok"' in tab.page.inner_text(".live-responses-table .highlight-code")


def test_vendored_files_name_no_source_map_and_load_no_address() -> None:
    for path in VENDORED.iterdir():
        assert "sourceMappingURL" not in path.read_text(), path.name
    css = (VENDORED / "swagger-ui.css").read_text()
    assert re.findall(r"@import|url\((?![\"']?data:).{0,40}", css) == []


def test_vendored_files_come_with_their_licence_and_version() -> None:
    assert "Apache License" in (VENDORED / "LICENSE").read_text()
    assert re.search(r"swagger-ui-dist` \d+\.\d+\.\d+", (VENDORED / "README.md").read_text())

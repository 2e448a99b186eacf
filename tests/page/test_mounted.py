"""The page of a service that another application has under a prefix."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI

from service.app import create_app
from service.settings import Settings
from tests import serving as servers
from tests.page.conftest import OpenTab
from tests.page.inspecting import CLIPBOARD, Inspecting
from tests.page.runs import numbered
from tests.page.shown_chains import INTRODUCTION, SHOWN
from tests.page.tab import Tab
from tests.page.wire import Wire, wired_to
from tests.served_chains import GATES, SERVED
from tests.serving import Served, serving

if TYPE_CHECKING:
    from playwright.sync_api import Request

pytestmark = pytest.mark.needs("chromium")

PREFIX = "/agents"


def inside_another(settings: Settings) -> FastAPI:
    """An application that has the service at /agents, and nothing else."""
    app = create_app(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with app.router.lifespan_context(app):
            yield

    outer = FastAPI(lifespan=lifespan, openapi_url=None)
    outer.mount(PREFIX, app)
    return outer


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(servers, "create_app", inside_another)
    with serving(chains=(*SERVED, *SHOWN)) as mounted:
        yield mounted


@pytest.fixture
def mounted_wire(mounted: Served) -> Iterator[Wire]:
    with wired_to(mounted.port) as wire:
        yield wire


def asked_by(tab: Tab) -> list[str]:
    """The paths that the tab asks for from now on."""
    paths: list[str] = []

    def note(request: "Request") -> None:
        url = urlsplit(request.url)
        if url.scheme == "http":
            paths.append(url.path)

    tab.page.on("request", note)
    return paths


def test_a_whole_conversation_under_a_prefix(open_tab: OpenTab, mounted_wire: Wire, gate: str) -> None:
    tab = open_tab(mounted_wire.url + PREFIX)
    paths = asked_by(tab)
    tab.ready()
    tab.ask(f"tool=gated tokens=5 gate={gate}", "talking_agent")
    tab.until_card("running")
    tab.page.click("#drop")
    tab.until_connection("dropped")
    GATES[gate].open()
    tab.until_ended()
    assert tab.answer == INTRODUCTION + numbered(5)
    assert "cut once" in tab.run.locator(".connection").inner_text()
    tab.ask(f"tokens=30 hold=10 gate={gate}-2")
    tab.until_answer(numbered(9))
    tab.page.click("#stop")
    tab.until_ended("cancelled")
    assert tab.answer == numbered(9)
    GATES[f"{gate}-2"].open()
    assert [path for path in paths if not path.startswith(f"{PREFIX}/")] == []
    assert {path.rpartition("/")[2] for path in paths} >= {
        "chains",
        "runs",
        "events",
        "cancel",
    }


def test_a_conversation_under_a_prefix_has_an_address_there(open_tab: OpenTab, mounted: Served) -> None:
    tab = open_tab(mounted.url + PREFIX, permissions=CLIPBOARD)
    paths = asked_by(tab)
    tab.ready()
    tab.ask("tokens=3")
    tab.until_ended()
    tab.run.get_by_role("button", name="Link").click()
    tab.page.get_by_role("button", name="Link copied").wait_for()
    link = tab.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{mounted.url}{PREFIX}/?thread=")
    tab.page.get_by_role("link", name="New conversation").click()
    assert tab.page.url == f"{mounted.url}{PREFIX}/"
    tab.page.goto(link)
    tab.until_answer(numbered(3))
    assert [path for path in paths if not path.startswith(f"{PREFIX}/")] == []


def test_the_inspector_under_a_prefix_reads_and_copies_what_is_there(
    open_tab: OpenTab, mounted: Served
) -> None:
    tab = open_tab(mounted.url + PREFIX, permissions=CLIPBOARD)
    paths = asked_by(tab)
    tab.ready()
    tab.ask("tokens=3")
    tab.until_ended()
    drawer = Inspecting(tab)
    drawer.open("Formats")
    drawer.until_note("200 · ")
    assert f"{PREFIX}/runs/{drawer.run_id}/events" in paths
    assert [path for path in paths if not path.startswith(f"{PREFIX}/")] == []
    drawer.open("Copy as")
    for language in ("curl", "JavaScript", "Python"):
        assert f"{mounted.url}{PREFIX}/runs/stream?" in drawer.copy(f"Copy as {language}")


def test_the_page_under_a_prefix_leads_to_its_docs_which_work(open_tab: OpenTab, mounted: Served) -> None:
    tab = open_tab(mounted.url + PREFIX)
    paths = asked_by(tab)
    tab.ready()
    tab.page.get_by_role("link", name="API docs").click()
    tab.page.locator(".opblock", has_text="/health").locator("button.opblock-summary-control").click()
    tab.page.get_by_role("button", name="Try it out").click()
    tab.page.get_by_role("button", name="Execute").click()
    tab.page.wait_for_selector(".live-responses-table .highlight-code")
    assert '"status": "ok"' in tab.page.inner_text(".live-responses-table .highlight-code")
    assert {f"{PREFIX}/docs", f"{PREFIX}/openapi.json", f"{PREFIX}/health"} <= set(paths)
    assert [path for path in paths if not path.startswith(f"{PREFIX}/")] == []


def test_a_prefix_without_its_slash_leads_to_the_page(open_tab: OpenTab, mounted: Served) -> None:
    tab = open_tab(mounted.url).open(PREFIX)
    tab.page.wait_for_selector("#chain:not([hidden])")
    assert tab.page.url == f"{mounted.url}{PREFIX}/"

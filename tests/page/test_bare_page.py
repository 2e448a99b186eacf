"""The three lines that the README shows: a bare page in static/ gets the story, whatever the network does."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from service.api import pages
from tests.page.conftest import OpenTab
from tests.page.runs import get_run, run_ids
from tests.page.tab import NETWORK, Tab
from tests.page.wire import Wire, wired_to
from tests.serving import Served, serving

pytestmark = pytest.mark.needs("chromium")

BARE_PAGE = """\
<!doctype html>
<link rel="icon" href="data:,">
<pre id=output></pre>
<script>
const e = new EventSource("/stream?query=Tell me a story about a brave knight"); \
e.onmessage = m => { if (m.data === "[DONE]") e.close(); else output.textContent += m.data }
</script>
"""


@pytest.fixture
def served_bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A service whose static/ is a copy with the bare page in it."""
    shutil.copytree(pages.STATIC, tmp_path / "static")
    (tmp_path / "static" / "bare.html").write_text(BARE_PAGE)
    monkeypatch.setattr(pages, "STATIC", tmp_path / "static")
    with serving() as served:
        yield served


HAS_TEXT = "output.textContent.length > 20"


@pytest.fixture
def bare_wire(served_bare: Served) -> Iterator[Wire]:
    with wired_to(served_bare.port) as wire:
        yield wire


def told(tab: Tab) -> str:
    """What the page shows once it has closed its EventSource."""
    tab.until("() => e.readyState === EventSource.CLOSED")
    return str(tab.page.evaluate("output.textContent"))


def story_of(served: Served) -> str:
    """The output of the only run there was."""
    (run_id,) = run_ids(served)
    return str(get_run(served, run_id)["output"])


def test_the_bare_page_shows_the_story_and_starts_one_run(open_tab: OpenTab, served_bare: Served) -> None:
    tab = open_tab(served_bare.url).open("/static/bare.html")
    story = told(tab)
    assert len(story.split()) > 5
    assert story == story_of(served_bare)


@pytest.mark.parametrize(
    "mark",
    [
        pytest.param(b"data: ", id="after the first frame and before the first token"),
        pytest.param(b"event: done", id="before the end"),
        pytest.param(b"data: [DONE]", id="before the last frame"),
    ],
)
def test_the_bare_pages_story_is_whole_and_one_run_when_it_is_cut(
    open_tab: OpenTab, served_bare: Served, bare_wire: Wire, mark: bytes
) -> None:
    tab = open_tab(bare_wire.url)
    tab.excuse(NETWORK)
    bare_wire.hold_before(mark)
    tab.open("/static/bare.html")
    bare_wire.wait_until_held()
    # What the network has is not yet what the page has: cut before that, it has no id to come back with.
    tab.until("() => e.readyState === EventSource.OPEN" + ("" if mark == b"data: " else f" && {HAS_TEXT}"))
    with tab.page.expect_request("**/stream?**") as again:
        bare_wire.cut()
    assert parse_qs(urlsplit(again.value.url).query)["query"] == ["Tell me a story about a brave knight"]
    assert told(tab) == story_of(served_bare)


def test_the_bare_pages_story_is_whole_when_it_is_cut_twice(
    open_tab: OpenTab, served_bare: Served, bare_wire: Wire
) -> None:
    tab = open_tab(bare_wire.url)
    tab.excuse(NETWORK)
    bare_wire.hold_before(b"event: done")
    tab.open("/static/bare.html")
    bare_wire.wait_until_held()
    tab.until(f"() => {HAS_TEXT}")
    bare_wire.cut(b"event: done")  # the next is held when only its opening frame has come
    bare_wire.wait_until_held()
    tab.until("() => e.readyState === EventSource.OPEN")
    bare_wire.cut()
    assert told(tab) == story_of(served_bare)

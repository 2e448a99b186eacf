"""axe-core finds nothing serious in any state of the page, light or dark."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.page.axe import grave_findings
from tests.page.conftest import OpenTab
from tests.page.inspecting import Inspecting
from tests.page.signing_in import COMPLAINS, until_asked
from tests.page.sse import DONE, STARTED, approval, request, stream, token, tool, tool_call
from tests.page.tab import NETWORK, Tab
from tests.page.waiting_run import WaitingRun
from tests.serving import Served

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

pytestmark = pytest.mark.needs("chromium")

PHONE: "ViewportSize" = {"width": 390, "height": 844}
SOURCE = {
    "id": "1",
    "title": "A book",
    "url": "https://example.com/",
    "snippet": "Its first page.",
    "score": 0.5,
}
FAILED = {"t": 9, "code": "provider_error", "message": "It broke.", "fault": "provider", "retryable": True}
LONG = "line\n" * 200
WHOLE = stream(
    STARTED,
    ("step_start", {"t": 1, "step": "s1", "name": "agent", "parent": None}),
    ("reasoning", {"t": 1, "message_id": "m1", "step": "s1", "text": "Let me think."}),
    token("A thought", "m0", "inner"),
    token("# Let me look\n\n`code` and a [link](https://example.com/).\n\n```python\nprint(1)\n```\n"),
    tool_call("c1", '{"of": "all"}'),
    tool_call("c2", "{}"),
    tool_call("c3", "{}"),
    tool("tool_start", "c1", input={"of": "all"}),
    tool("tool_start", "c2", input={}),
    tool("tool_start", "c3", input={}),
    tool("tool_end", "c1", output=LONG, duration_ms=12),
    tool("tool_error", "c2", code="tool_failed", message="It broke.", duration_ms=7),
    tool("tool_progress", "c3", data={"done": 1, "total": 2}),
    ("sources", {"t": 1, "items": [SOURCE, {**SOURCE, "url": None}]}),
    ("partial", {"t": 1, "value": {"name": "Ada", "born": 1815, "works": ["notes"]}}),
    token("And so it is.", "m2"),
    DONE,
)


def fresh(tab: Tab) -> None:
    """Nothing was asked yet."""


def answered(tab: Tab) -> None:
    tab.stream_instead(WHOLE)
    tab.ask("Everything")
    tab.until_ended()


def unfolded(tab: Tab) -> None:
    answered(tab)
    tab.page.evaluate("document.querySelectorAll('#log details').forEach((each) => (each.open = true))")


def running(tab: Tab) -> None:
    tab.ask("tool=gated twice=1 gate=accessible", "talking_agent")
    tab.until_card("running", 1)


def dropped(tab: Tab) -> None:
    running(tab)
    tab.page.click("#drop")
    tab.until_connection("dropped")


def failed(tab: Tab) -> None:
    tab.stream_instead(stream(STARTED, token("Half"), ("error", FAILED)))
    tab.ask("anything")
    tab.until_ended("failed")


def refused(tab: Tab) -> None:
    tab.page.evaluate("document.querySelector('#chain').selectedOptions[0].value = 'gone'")
    tab.page.fill("#prompt", "hello")
    tab.page.press("#prompt", "Enter")
    tab.until_ended("failed")
    tab.excuse(NETWORK)


def waiting(tab: Tab) -> None:
    asked = [request("send", tool_call_id="c1", to="ada"), request("pay", tool_call_id="c2", sum=3)]
    WaitingRun(tab, approval("i1", *asked), approval("i2", value="Really?")).ask()


def editing(tab: Tab) -> None:
    run = WaitingRun(tab, approval("i1", request("send", to="ada"))).ask()
    run.press("Edit")
    tab.page.get_by_role("textbox").last.wait_for()


def decided(tab: Tab) -> None:
    run = WaitingRun(tab, approval("i1", request("send", to="ada"))).ask()
    run.press("Approve")
    tab.until_ended()


def inspecting_events(tab: Tab) -> None:
    answered(tab)
    drawer = Inspecting(tab)
    drawer.node.get_by_role("button", name="token").click()
    tab.page.locator(".frame").first.click()
    drawer.node.get_by_role("region", name="The chosen frame").wait_for()


def inspecting_formats(tab: Tab) -> None:
    tab.ask("tokens=5")
    tab.until_ended()
    drawer = Inspecting(tab)
    drawer.open("Formats")
    drawer.until_note("200")


def inspecting_code(tab: Tab) -> None:
    answered(tab)
    Inspecting(tab).open("Copy as")


def inspecting_nothing(tab: Tab) -> None:
    Inspecting(tab)


def listing(tab: Tab) -> None:
    """Every conversation aside; on a phone in its drawer."""
    tab.ask("tokens=5", "recalling")
    tab.until_ended()
    if not tab.page.locator("#sidebar").is_visible():
        tab.page.get_by_role("button", name="Conversations").click()
    tab.page.locator(".threads .row").first.hover()


def renaming(tab: Tab) -> None:
    listing(tab)
    tab.page.locator(".threads .icon").first.click()
    tab.page.get_by_label("Title").wait_for()


def deleting(tab: Tab) -> None:
    listing(tab)
    tab.page.locator(".threads .icon").nth(1).click()
    tab.page.get_by_role("button", name="Keep").wait_for()


def searching(tab: Tab) -> None:
    listing(tab)
    at = "2026-01-01T00:00:00+00:00"
    item = {"run_id": "r", "thread_id": "t", "prompt": "one", "created_at": at, "snippet": "<mark>a</mark> b"}
    found = {"items": [item], "total": 1, "limit": 20, "offset": 0}
    tab.page.route("**/search?**", lambda route: route.fulfill(json=found))
    tab.page.get_by_role("searchbox").fill("a")
    tab.page.locator("mark").wait_for()


def versions(tab: Tab) -> None:
    tab.ask("one", "recalling")
    tab.until_ended()
    tab.run.get_by_role("button", name="Retry").click()
    tab.page.get_by_role("group", name="Versions").wait_for()
    tab.until_ended()


def gone(tab: Tab) -> None:
    tab.excuse(NETWORK)
    tab.open("/?thread=gone")
    tab.page.get_by_text("This conversation is gone").wait_for()


def asking_for_a_key(tab: Tab) -> None:
    refusal = {"code": "no_key", "detail": "This route needs a key."}
    tab.page.route("**/threads?**", lambda route: route.fulfill(status=401, json=refusal))
    tab.open()
    until_asked(tab)
    tab.page.keyboard.press("Enter")
    tab.until(COMPLAINS, "Write the key first.")


STATES: tuple[Callable[[Tab], None], ...] = (
    fresh,
    answered,
    unfolded,
    running,
    dropped,
    failed,
    refused,
    waiting,
    editing,
    decided,
    inspecting_events,
    inspecting_formats,
    inspecting_code,
    inspecting_nothing,
    listing,
    renaming,
    deleting,
    searching,
    versions,
    gone,
    asking_for_a_key,
)


# On a phone these are in a drawer, which is not open where a wide window becomes narrow.
IN_A_DRAWER = (listing, renaming, deleting, searching)


def findings_in_both_schemes(tab: Tab) -> list[str]:
    tab.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    findings = grave_findings(tab)
    tab.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    return findings + grave_findings(tab, "color-contrast")  # all that the scheme changes


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__.replace("_", " "))
def test_axe_finds_nothing_serious_in_a_wide_window_and_on_a_phone(
    open_tab: OpenTab, shown: Served, state: Callable[[Tab], None]
) -> None:
    # What moves is not seen whole at any one time.
    tab = open_tab(shown.url, reduced_motion="reduce").ready()
    state(tab)
    assert findings_in_both_schemes(tab) == []
    if state in IN_A_DRAWER:
        tab = open_tab(shown.url, reduced_motion="reduce", viewport=PHONE).ready()
        state(tab)
    tab.page.set_viewport_size(PHONE)
    assert findings_in_both_schemes(tab) == []


def test_axe_sees_what_is_wrong(open_tab: OpenTab, shown: Served) -> None:
    tab = open_tab(shown.url).ready()
    tab.page.evaluate("document.querySelector('#about').style.color = '#bbb'")
    tab.page.evaluate("document.querySelector('#prompt').labels[0].remove()")
    tab.page.evaluate("document.querySelector('#prompt').placeholder = ''")
    assert {finding.split(":")[0] for finding in grave_findings(tab)} == {"color-contrast", "label"}

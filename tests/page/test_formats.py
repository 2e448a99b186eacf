"""The inspector reads the same run again, in any format, as raw text."""

import pytest

from service.wire import FORMATS
from tests.page.inspecting import Inspecting
from tests.page.runs import numbered
from tests.page.tab import NETWORK, Tab
from tests.served_chains import GATES
from tests.serving import Served

pytestmark = pytest.mark.needs("chromium")

RAW = "document.querySelector('.format-panel .raw').textContent"


def test_the_same_run_is_there_in_every_format(tab: Tab, shown: Served) -> None:
    tab.ask("tool=gated tokens=12", "talking_agent")
    tab.until_ended()
    drawer = Inspecting(tab)
    panel = drawer.open("Formats")
    choice = panel.get_by_role("combobox", name="Format")
    offered = choice.locator("option").evaluate_all("(options) => options.map(({ value }) => value)")
    assert sorted(offered) == sorted(FORMATS)
    for name in offered:
        choice.select_option(name)
        path = f"/runs/{drawer.run_id}/events?format={name}"
        tab.until(f"(text) => {RAW} === text", shown.get(path).text)
        assert panel.locator(".inspector-address").inner_text() == f"GET {path[1:]}"
        tab.until(
            "() => document.querySelector('.format-panel .inspector-note').textContent.includes('whole')"
        )
        assert drawer.note.startswith("200 · ")


def test_a_run_that_goes_on_is_read_as_it_goes(tab: Tab, gate: str) -> None:
    tab.ask(f"tokens=30 hold=10 gate={gate}")
    tab.until_answer(numbered(9))
    panel = Inspecting(tab).open("Formats")
    panel.get_by_role("combobox", name="Format").select_option("text")
    tab.until(f"(text) => {RAW} === text", numbered(9))
    GATES[gate].open()
    tab.until(f"(text) => {RAW} === text", numbered(30))
    tab.until_ended()


def test_nobody_reads_on_behind_a_closed_drawer(tab: Tab, gate: str) -> None:
    tab.ask(f"tokens=30 hold=10 gate={gate}")
    tab.until_answer(numbered(9))
    drawer = Inspecting(tab)
    drawer.open("Formats")
    tab.until(f"() => {RAW}.includes('run:9; ')")
    with tab.page.expect_event("requestfailed", lambda request: "/events?format=events" in request.url):
        drawer.node.get_by_role("button", name="Close").click()
    GATES[gate].open()
    tab.until_ended()
    with tab.page.expect_request("**/events?format=events"):
        tab.page.get_by_role("button", name="Inspect").click()
    tab.until(f"() => {RAW}.includes('event: done')")


def test_a_format_that_is_refused_says_why_and_can_be_read_again(tab: Tab) -> None:
    tab.ask("tokens=3")
    tab.until_ended()
    drawer = Inspecting(tab)
    problem = {"status": 404, "json": {"code": "run_not_found", "detail": "There is no such run."}}
    tab.page.route("**/events?format=events", lambda route: route.fulfill(**problem), times=1)
    drawer.open("Formats")
    drawer.until_note("Broken off: There is no such run.")
    tab.excuse(NETWORK)
    drawer.node.get_by_role("button", name="Read again").click()
    tab.until(f"() => {RAW}.includes('event: done')")


def test_raw_text_is_kept_exactly_up_to_a_bound(tab: Tab) -> None:
    exact, size, most, dropped, came, ends = tab.page.evaluate(
        """async () => {
            const { RawText, MOST_CHARACTERS } = await imported("raw-text.js");
            const raw = new RawText("raw");
            document.body.append(raw.node);
            let text = "";
            const put = (part) => { raw.append(part); text += part; };
            for (let n = 0; n < 3000; n++) put(`${n}:${"x".repeat(n % 97)}${n % 3 ? "\\n" : ""}`);
            put("y".repeat(50_000));
            const exact = raw.text === text;
            put("z".repeat(MOST_CHARACTERS) + "end");
            const size = raw.text.length;
            return [exact, size, MOST_CHARACTERS, raw.dropped, text.length, raw.text.endsWith("zend")];
        }"""
    )
    assert exact
    assert ends
    assert size <= most
    assert size + dropped == came

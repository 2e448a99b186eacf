"""The inspector's drawer: a turn's raw events as they come, filtered, held, bounded, copied."""

import json
from typing import Any

import pytest

from tests.page.conftest import OpenTab
from tests.page.inspecting import CLIPBOARD, Inspecting
from tests.page.runs import numbered
from tests.page.sse import DONE, STARTED, stream, token, tool
from tests.page.tab import Tab
from tests.page.wire import Wire
from tests.served_chains import GATES
from tests.serving import Served

pytestmark = pytest.mark.needs("chromium")

PHONE = {"width": 390, "height": 844}
ROWS = "[...document.querySelectorAll('.frame')]"
# An inspector of the test's own, to be fed by hand.
OWN = """
const { Inspector, MOST_TURNS } = await imported("inspector.js");
const { MOST_FRAMES, MOST_CHARACTERS } = await imported("frame-record.js");
document.querySelector("#inspector").remove();
const drawer = document.createElement("aside");
drawer.id = "inspector";
drawer.className = "inspector";
drawer.hidden = true;
const toggle = document.querySelector("#inspect").cloneNode(true);
document.querySelector("#inspect").replaceWith(toggle);
const inspector = new Inspector({ drawer, toggle });
document.body.append(drawer);
const frame = (seq, event = "token", data = `{"text":"${seq}"}`) =>
    ({ id: `r.1.${seq}`, event, data, at: performance.now() });
"""


@pytest.fixture
def copying(open_tab: OpenTab, wire: Wire) -> Tab:
    """The page, with a clipboard."""
    return open_tab(wire.url, permissions=CLIPBOARD).ready()


def events_of(served: Served, run_id: str) -> list[dict[str, Any]]:
    lines = served.get(f"/runs/{run_id}/events?format=ndjson").text.splitlines()
    return [json.loads(line) for line in lines]


def shown_names(tab: Tab) -> list[str]:
    return list(tab.page.evaluate(f"{ROWS}.map((row) => row.dataset.event)"))


def own(tab: Tab, script: str) -> Any:
    return tab.page.evaluate(f"async () => {{ {OWN} {script} }}")


def test_every_event_of_a_run_is_there_as_it_came(copying: Tab, shown: Served) -> None:
    copying.ask("tool=gated twice=1 tokens=30", "talking_agent")
    copying.until_ended()
    drawer = Inspecting(copying)
    expected = events_of(shown, drawer.run_id)
    assert len(expected) > 30
    assert drawer.copied_events() == expected


def test_events_are_shown_while_they_come(tab: Tab, gate: str) -> None:
    drawer = Inspecting(tab)
    tab.ask(f"tokens=30 hold=10 gate={gate}")
    last = f"() => {ROWS}.some((row) => row.textContent.includes('run:9; '))"
    tab.until(last)
    tab.until(f"() => !{ROWS}.some((row) => row.dataset.event === 'done')")
    GATES[gate].open()
    tab.until(f"() => {ROWS}.some((row) => row.dataset.event === 'done')")
    assert drawer.node.locator(".inspector-state").get_attribute("data-state") == "closed"


def test_a_cut_stands_among_the_events_of_which_none_is_lost_or_repeated(
    copying: Tab, shown: Served, gate: str
) -> None:
    drawer = Inspecting(copying)
    copying.ask(f"tokens=30 hold=10 gate={gate}")
    copying.until_answer(numbered(9))
    copying.page.click("#drop")
    copying.until(f"() => {ROWS}.some((row) => row.textContent.includes('dropped, last id'))")
    GATES[gate].open()
    copying.until_ended()
    assert drawer.copied_events() == events_of(shown, drawer.run_id)
    drawer.node.get_by_role("button", name="connection").click()
    drawer.until_note("6 of ")
    told = copying.page.locator(".frame[data-event=connection] .frame-data").all_text_contents()
    assert told[2].startswith("dropped, last id 1.")
    assert [line.split(",")[0] for line in told] == [
        "connecting",
        "live",
        "dropped",
        "reconnecting",
        "live",
        "closed",
    ]


def test_events_are_filtered_by_name_and_by_text(copying: Tab) -> None:
    copying.stream_instead(
        stream(STARTED, token("apple"), token("pear"), tool("tool_start", "c1", input="apple"), DONE)
    )
    copying.ask("anything")
    copying.until_ended()
    drawer = Inspecting(copying)
    drawer.until_note("8 frames")
    chips = drawer.node.get_by_role("group", name="Only events of these names")
    assert chips.get_by_role("button").all_text_contents() == [
        "connection 3",
        "run 1",
        "token 2",
        "tool_start 1",
        "done 1",
    ]
    chips.get_by_role("button", name="token").click()
    drawer.until_note("2 of 8 frames")
    assert shown_names(copying) == ["token", "token"]
    drawer.node.get_by_role("searchbox").fill("APPLE")
    drawer.until_note("1 of 8 frames")
    chips.get_by_role("button", name="token").click()
    drawer.until_note("2 of 8 frames")
    assert [event["event"] for event in drawer.copied_events()] == ["token", "tool_start"]
    drawer.node.get_by_role("searchbox").press("Escape")
    drawer.until_note("8 frames")


def test_while_it_is_paused_the_list_stands_still_and_then_has_all(
    copying: Tab, shown: Served, gate: str
) -> None:
    drawer = Inspecting(copying)
    copying.ask(f"tokens=30 hold=10 gate={gate}")
    copying.until(f"() => {ROWS}.some((row) => row.textContent.includes('run:9; '))")
    drawer.node.get_by_role("button", name="Pause").click()
    drawer.node.get_by_role("button", name="Paused, 0 new").wait_for()
    before = drawer.note
    GATES[gate].open()
    copying.until_ended()
    held = drawer.node.get_by_role("button", name="Paused, 2")
    held.wait_for()
    assert drawer.note == before
    assert "done" not in shown_names(copying)
    held.click()
    copying.until(f"() => {ROWS}.some((row) => row.dataset.event === 'done')")
    assert drawer.copied_events() == events_of(shown, drawer.run_id)


def test_a_frame_is_shown_in_full_and_copied(copying: Tab) -> None:
    payload = "<img src=x onerror='window.pwned=1'>" + "x" * 1_000
    copying.stream_instead(stream(STARTED, token(payload), DONE))
    copying.ask("anything")
    copying.until_ended()
    drawer = Inspecting(copying)
    copying.page.locator(".frame[data-event=token]").click()
    detail = drawer.node.get_by_role("region", name="The chosen frame")
    assert json.loads(detail.locator("pre").text_content() or "")["text"] == payload
    assert json.loads(drawer.copy("Copy the data"))["text"] == payload
    assert copying.page.evaluate("window.pwned") is None
    assert drawer.node.locator("img").count() == 0


def test_the_frames_of_a_turn_are_bounded_by_count_and_told_of(tab: Tab) -> None:
    kept, most = own(
        tab,
        """
        inspector.begin("a", { prompt: "a", request: {} });
        for (let seq = 1; seq <= MOST_FRAMES + 500; seq++) inspector.raw("a", frame(seq));
        toggle.click();
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const note = drawer.querySelector(".events-panel .inspector-note").textContent;
        return [note, MOST_FRAMES];
        """,
    )
    assert kept == f"{most - 100} frames · the oldest {most // 10} are not kept"
    assert tab.page.locator(".chip").text_content() == f"token {most - 100}"
    assert 0 < tab.page.locator(".frame").count() < 100
    assert tab.page.locator(".frame").last.get_attribute("data-number") == str(most + 500)


def test_the_frames_of_a_turn_are_bounded_by_size(tab: Tab) -> None:
    size, most, last = own(
        tab,
        """
        const { FrameRecord } = await imported("frame-record.js");
        const record = new FrameRecord(0);
        for (let seq = 1; seq <= 50; seq++) record.add(frame(seq, "partial", "x".repeat(100_000)));
        record.add(frame(51, "done", "y".repeat(MOST_CHARACTERS * 2)));
        record.add(frame(52));
        const sizes = record.frames.map(({ data }) => data.length);
        return [sizes.reduce((sum, size) => sum + size), MOST_CHARACTERS, record.frames.at(-1).number];
        """,
    )
    assert size <= most
    assert last == 52


def test_the_turns_are_bounded_and_the_oldest_go(tab: Tab) -> None:
    names, most = own(
        tab,
        """
        for (let n = 1; n <= MOST_TURNS + 2; n++) {
            inspector.begin(`${n}`, { prompt: `number ${n}`, request: {} });
        }
        return [[...drawer.querySelector("select").options].map(({ text }) => text), MOST_TURNS];
        """,
    )
    assert names == [f"{n}. number {n}" for n in range(3, most + 3)]


def test_the_newest_turn_is_shown_unless_another_was_chosen(tab: Tab) -> None:
    chosen = own(
        tab,
        """
        const choice = drawer.querySelector("select");
        const seen = [];
        for (const key of ["a", "b"]) inspector.begin(key, { prompt: key, request: {} });
        seen.push(choice.value);
        inspector.select("a");
        seen.push(choice.value);
        inspector.begin("c", { prompt: "c", request: {} });
        seen.push(choice.value, drawer.hidden);
        return seen;
        """,
    )
    assert chosen == ["b", "a", "a", False]


def test_beside_the_page_the_drawer_leaves_the_page_in_use(tab: Tab) -> None:
    Inspecting(tab)
    tab.ask("tokens=3")
    tab.until_ended()
    drawer, composer = (
        tab.page.locator("#inspector").bounding_box(),
        tab.page.locator("#composer").bounding_box(),
    )
    assert drawer and composer
    assert composer["x"] + composer["width"] <= drawer["x"]


def test_on_a_phone_the_drawer_is_a_sheet_that_keeps_the_focus(open_tab: OpenTab, wire: Wire) -> None:
    phone = open_tab(wire.url, viewport=PHONE).ready()
    phone.ask("tokens=3")
    phone.until_ended()
    drawer = Inspecting(phone)
    assert phone.page.get_by_role("dialog", name="Inspector").count() == 1
    box = drawer.node.bounding_box()
    assert box == {"x": 0, "y": 0, **PHONE}
    assert phone.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    for _ in range(30):
        phone.page.keyboard.press("Tab")
        assert phone.page.evaluate("document.activeElement.closest('#inspector, body').localName") in (
            "aside",
            "body",
        )
        assert phone.page.evaluate("document.activeElement.matches('#inspector *, body')")
    drawer.node.get_by_role("button", name="Close").click()
    assert phone.page.evaluate("document.activeElement.id") == "inspect"
    assert phone.page.evaluate("document.querySelector('main').inert") is False


def test_escape_closes_the_drawer_and_stops_no_run(tab: Tab, gate: str) -> None:
    tab.ask(f"tokens=30 hold=10 gate={gate}")
    tab.until_answer(numbered(9))
    drawer = Inspecting(tab)
    tab.page.keyboard.press("Escape")
    drawer.node.wait_for(state="hidden")
    assert tab.page.evaluate("document.activeElement.id") == "inspect"
    GATES[gate].open()
    tab.until_ended()
    assert tab.answer == numbered(30)

"""A run whose connection is dropped, cut or lost goes on with no word lost or repeated, as the same run."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.page.conftest import OpenTab
from tests.page.runs import numbered, run_ids, wait_for_status
from tests.page.shown_chains import INTRODUCTION
from tests.page.sse import DONE, RUN_ID, STARTED, stream, token
from tests.page.tab import NETWORK, Tab
from tests.page.wire import Wire, wired_to
from tests.served_chains import GATES, MODEL_CALLS
from tests.serving import Served, serving

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = pytest.mark.needs("chromium")

UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

WATCH_SOURCES = """() => {
    window.sources = [];
    window.pings = 0;
    window.EventSource = class extends EventSource {
        constructor(...all) {
            super(...all);
            window.sources.push(this);
            this.addEventListener("ping", () => { window.pings += 1; });
        }
    };
}"""


@pytest.fixture
def one_run(shown: Served) -> Iterator[None]:
    """The test may start one run and no more."""
    before = run_ids(shown)
    yield
    assert len(run_ids(shown) - before) == 1


def drop_for_good(tab: Tab) -> None:
    """Until its clock goes on, by which it comes back."""
    tab.page.clock.pause_at(tab.page.evaluate("Date.now()") / 1000 + 10)  # before silence would be a cut
    tab.page.click("#drop")
    tab.page.clock.run_for(100)  # in which it is drawn
    tab.until_connection("dropped")


@pytest.mark.usefixtures("one_run")
def test_a_run_dropped_in_mid_answer_goes_on_at_the_next_word(lone_tab: Tab, gate: str) -> None:
    lone_tab.page.clock.install()
    prompt = f"tokens=30 hold=10 gate={gate}"
    lone_tab.ask(prompt)
    lone_tab.until_answer(numbered(9))
    drop_for_good(lone_tab)
    assert ".1.10" in lone_tab.run.locator(".connection").inner_text()
    assert lone_tab.page.inner_text("#status") == "Connection dropped"
    GATES[gate].open()
    with lone_tab.page.expect_request("**/runs/*/events?after=**") as resumed:
        lone_tab.page.clock.resume()
        lone_tab.until_ended()
    assert "after=" in resumed.value.url
    assert lone_tab.answer == numbered(30)
    assert MODEL_CALLS.count(prompt) == 1
    assert "cut once, resumed after 1.10, " in lone_tab.run.locator(".connection").inner_text()


@pytest.mark.usefixtures("one_run")
def test_a_healed_run_tells_how_many_events_were_caught_up(lone_tab: Tab, shown: Served, gate: str) -> None:
    tab = lone_tab
    tab.page.clock.install()
    tab.ask(f"tokens=30 hold=10 gate={gate}")
    tab.until_answer(numbered(9))
    run_id = tab.run.locator(".place").inner_text().rpartition("last id ")[2].split(".")[0]
    drop_for_good(tab)
    GATES[gate].open()
    wait_for_status(shown, run_id, "succeeded")
    tab.page.clock.resume()
    tab.until_ended()
    last = int(tab.run.locator(".place").inner_text().rpartition(".")[2])
    told = f"Healed: cut once, resumed after 1.10, {last - 10} events caught up, none lost or repeated"
    assert tab.run.locator(".healing").inner_text() == told


def test_what_comes_live_after_a_cut_is_not_counted_as_caught_up_and_what_is_left_out_is(tab: Tab) -> None:
    told = tab.page.evaluate(
        """async () => {
            const { NEW_CONNECTION, heard, healingOf, moved } = await imported("connection.js");
            const id = (seq) => `r.1.${seq}`;
            const hear = (connection, seq, t, at) => {
                return moved(heard(connection, id(seq), t, at), "live", id(seq), "", at);
            };
            let connection = moved(NEW_CONNECTION, "live", null, "", 1000);
            connection = hear(connection, 1, 0, 1000);
            connection = moved(connection, "dropped", id(1), "", 1010);
            const cut = healingOf(connection);
            connection = moved(connection, "reconnecting", id(1), "", 1500);
            connection = moved(connection, "live", id(1), "", 1600);
            for (const [seq, t, at] of [[2, 100, 1601], [3, 590, 1602], [4, 650, 1651], [5, 700, 1701]]) {
                connection = hear(connection, seq, t, at);
            }
            const healed = healingOf(connection);
            return [cut, healed, healingOf(hear(connection, 9, 800, 1801))];
        }"""
    )
    assert told == [
        "",
        "Healed: cut once, resumed after 1.1, 2 events caught up, none lost or repeated",
        "Healed: cut once, resumed after 1.1, 2 events caught up, 3 lost",
    ]


def test_every_frame_is_told_as_it_came_also_one_that_is_here_already(tab: Tab) -> None:
    shown = stream(STARTED, token("one "))
    ping = 'event: ping\ndata: {"t": 1}\n\n'
    tab.stream_instead(shown + shown + ping + stream(DONE, first=3))
    tab.page.evaluate(
        """async () => {
            const { RunStream } = await imported("run-stream.js");
            window.told = [];
            const on = { get: (_, name) => (...all) => told.push([name, ...all]) };
            new RunStream({ request: { input: "x" }, key: "k", on: new Proxy({}, on) });
        }"""
    )
    tab.until("() => told.some(([name, state]) => name === 'connection' && state === 'closed')")
    frames = tab.page.evaluate("told.filter(([name]) => name === 'raw').map(([, frame]) => frame)")
    ids = [f"{RUN_ID}.1.{seq}" for seq in (1, 2, 1, 2, 2, 3)]  # a ping has the id of where it stands
    assert [frame["id"] for frame in frames] == ids
    assert [frame["event"] for frame in frames] == ["run", "token", "run", "token", "ping", "done"]
    assert json.loads(frames[1]["data"])["text"] == "one "
    assert sorted(frame["at"] for frame in frames) == [frame["at"] for frame in frames]
    events = tab.page.evaluate("told.filter(([name]) => name === 'event').map(([, name]) => name)")
    assert events == ["run", "token", "done"]
    assert tab.page.evaluate("told.find(([name]) => name === 'known')[1]") == RUN_ID


@pytest.mark.usefixtures("one_run")
def test_a_run_dropped_in_mid_tool_shows_the_tools_result(tab: Tab, gate: str) -> None:
    tab.ask(f"tool=gated tokens=5 gate={gate}", "talking_agent")
    tab.page.wait_for_selector(".tool progress:not([hidden])")
    tab.page.click("#drop")
    tab.until_connection("dropped")
    GATES[gate].open()
    tab.until_ended()
    assert tab.card_state() == "succeeded"
    assert tab.page.locator(".tool").count() == 1
    assert tab.parts == ["text", "tools", "text"]
    assert tab.answer == INTRODUCTION + numbered(5)


@pytest.mark.usefixtures("one_run")
def test_a_run_dropped_before_its_first_event_is_found_by_its_key(tab: Tab, wire: Wire) -> None:
    wire.hold_before(b"event: run")
    tab.ask("tokens=5")
    wire.wait_until_held()
    tab.page.click("#drop")
    tab.until_connection("dropped")
    wire.cut()
    tab.until_ended()
    assert tab.answer == numbered(5)


def test_stop_while_dropped_does_not_wait_for_the_connection(lone_tab: Tab, gate: str) -> None:
    lone_tab.page.clock.install()
    lone_tab.ask(f"tokens=30 hold=10 gate={gate}")
    lone_tab.until_answer(numbered(9))
    lone_tab.page.clock.pause_at("2999-01-01")
    lone_tab.page.click("#drop")
    with lone_tab.page.expect_request("**/runs/*/events?after=**"):
        lone_tab.page.click("#stop")
    lone_tab.page.clock.resume()
    lone_tab.until_ended("cancelled")
    assert lone_tab.answer == numbered(9)


@pytest.mark.usefixtures("one_run")
@pytest.mark.parametrize(
    ("chain", "prompt", "answer", "mark"),
    [
        pytest.param("numbered", "tokens=30", numbered(30), b"run:10;", id="in mid answer"),
        pytest.param("numbered", "tokens=30", numbered(30), b"event: run", id="before the first event"),
        pytest.param("numbered", "tokens=30", numbered(30), b"event: done", id="before the last event"),
        pytest.param("numbered", "tokens=30", numbered(30), b"HTTP/1.1 202", id="before the start's answer"),
        pytest.param("numbered", "tokens=30", numbered(30), b"HTTP/1.1 200", id="before the answer's head"),
        pytest.param(
            "talking_agent",
            "tool=gated tokens=5",
            INTRODUCTION + numbered(5),
            b"let through",
            id="in mid tool",
        ),
    ],
)
def test_a_connection_that_the_network_cuts_heals_by_itself(
    open_tab: OpenTab, wire: Wire, chain: str, prompt: str, answer: str, mark: bytes
) -> None:
    tab = open_tab(wire.url).ready().record()
    wire.hold_before(mark)
    tab.ask(prompt, chain)
    wire.wait_until_held()
    wire.cut()
    tab.until_ended()
    assert tab.answer == answer
    assert all(answer.startswith(state["answer"]) for state in tab.states())
    tab.excuse(NETWORK)


@pytest.mark.usefixtures("one_run")
def test_a_run_that_is_cut_again_and_again_is_whole_at_the_end(tab: Tab, wire: Wire) -> None:
    counts = [3, 4, 9, 17]
    wire.hold_before(b"run:3;")
    tab.ask("tokens=20")
    for count in counts[1:]:
        wire.wait_until_held()
        wire.cut(f"run:{count};".encode())
    wire.wait_until_held()
    wire.cut()
    tab.until_ended()
    assert tab.answer == numbered(20)
    assert "cut 4 times" in tab.run.locator(".connection").inner_text()
    tab.excuse(NETWORK)


@pytest.mark.usefixtures("one_run")
def test_a_refused_reconnect_which_ends_an_eventsource_is_tried_again(tab: Tab, wire: Wire) -> None:
    tab.record()
    wire.hold_before(b"run:10;")
    tab.ask("tokens=30")
    tab.until_answer(numbered(9))
    wire.answer_next(UNAVAILABLE, UNAVAILABLE, UNAVAILABLE)
    wire.cut()
    tab.until_ended()
    assert tab.answer == numbered(30)
    assert "reconnecting" in {state["connection"] for state in tab.states()}
    tab.excuse(NETWORK)


@pytest.mark.usefixtures("one_run")
def test_a_start_that_was_refused_for_a_while_is_tried_again(tab: Tab, wire: Wire) -> None:
    wire.cut()  # the connections that the page's files came over, so that the next request makes a new one
    wire.answer_next(UNAVAILABLE, UNAVAILABLE)
    tab.ask("tokens=5")
    tab.until_ended()
    assert tab.answer == numbered(5)
    tab.excuse(NETWORK)


@pytest.mark.usefixtures("one_run")
def test_a_connection_that_falls_silent_is_given_up_for_a_new_one(lone_tab: Tab, wire: Wire) -> None:
    lone_tab.page.clock.install()
    wire.hold_before(b"run:10;")
    lone_tab.ask("tokens=30")
    lone_tab.until_answer(numbered(9))
    wire.wait_until_held()
    held: list[Route] = []
    lone_tab.page.route("**/runs/*/events?after=**", lambda route: held.append(route), times=1)
    with lone_tab.page.expect_request("**/runs/*/events?after=**"):
        lone_tab.page.clock.fast_forward(40_000)
    silent = "() => document.querySelector('.place').textContent.endsWith('(nothing came for 37.5 s)')"
    lone_tab.until(silent)
    held[0].continue_()
    wire.let_go()
    lone_tab.until_ended()
    assert lone_tab.answer == numbered(30)


def test_a_run_that_has_ended_is_asked_for_no_more(tab: Tab) -> None:
    tab.page.evaluate(WATCH_SOURCES)
    tab.ask("tokens=5")
    tab.until_ended()
    assert tab.page.evaluate("sources.map(({ readyState }) => readyState === EventSource.CLOSED)") == [True]


def test_pings_keep_the_watchdog_quiet(open_tab: OpenTab, gate: str) -> None:
    with serving(ping_seconds=0.05) as served:
        tab = open_tab(served.url, alone=True).ready()
        tab.page.clock.install()
        tab.page.evaluate(WATCH_SOURCES)
        tab.ask(f"tokens=30 hold=10 gate={gate}")
        tab.until_answer(numbered(9))
        for _ in range(4):
            tab.page.evaluate("window.pings = 0")
            tab.until("() => window.pings > 0")
            tab.page.clock.fast_forward(30_000)
        assert tab.page.evaluate("sources.length") == 1
        GATES[gate].open()
        tab.until_ended()
        assert tab.answer == numbered(30)


def test_a_run_that_ended_meanwhile_and_whose_log_is_gone_heals_from_what_is_kept(
    open_tab: OpenTab, gate: str
) -> None:
    with serving(run_log_ttl_seconds=0) as served, wired_to(served.port) as wire:
        tab = open_tab(wire.url, alone=True).ready()
        tab.ask(f"tokens=30 hold=10 gate={gate}")
        tab.until_answer(numbered(9))
        tab.page.clock.install()
        tab.page.clock.pause_at("2999-01-01")
        tab.page.click("#drop")
        GATES[gate].open()
        (run_id,) = run_ids(served)
        wait_for_status(served, run_id, "succeeded")
        tab.page.evaluate("window.node = document.querySelector('.text')")
        tab.page.clock.resume()
        tab.until_ended()
        assert tab.page.evaluate("node.isConnected") is True  # there was no gap
        assert tab.answer == numbered(30)
        assert "10 tokens (3 in, 7 out)" in tab.end


def test_after_a_gap_what_follows_is_joined_to_the_snapshot(tab: Tab) -> None:
    snapshot = {
        "messages": [
            {"message_id": "m1", "channel": "answer", "text": "Looking. "},
            {"message_id": "m2", "channel": "answer", "text": "It is "},
        ],
        "tools": [{"tool_call_id": "c1", "name": "look", "status": "succeeded", "output": "found"}],
        "status": "running",
    }
    gap = ("gap", {"reason": "ahead_of_log", "requested": "1.99", "snapshot": snapshot, "as_of": "1.7"})
    shown = [STARTED, token("what ")] + [token("was lost. ")] * 20
    tab.stream_instead(stream(*shown))
    after_the_gap = stream(gap, first=7) + stream(token("so.", "m2"), DONE, first=8)
    tab.stream_instead(after_the_gap, f"/runs/{RUN_ID}/events?after=**")
    tab.ask("anything")
    tab.until("() => document.querySelector('.text')?.textContent.endsWith('lost. ')")
    tab.page.click("#drop")
    tab.until_ended()
    assert tab.answer == "Looking. It is so."
    assert tab.parts == ["text", "tools", "text"]
    assert tab.run.locator(".tool-result").inner_text() == "found"


@pytest.mark.parametrize(
    ("chain", "prompt", "status", "answer", "end"),
    [
        pytest.param("numbered", "tokens=5", "succeeded", numbered(5), "Done · ", id="succeeded"),
        pytest.param("numbered", "tokens=5 fail=3", "failed", numbered(2), "Failed: ", id="failed"),
    ],
)
def test_a_run_with_nothing_left_to_stream_shows_how_it_ended(
    tab: Tab, shown: Served, chain: str, prompt: str, status: str, answer: str, end: str
) -> None:
    run = json.loads(shown.post("/runs/wait", json.dumps({"chain": chain, "input": prompt}).encode()).text)
    lost = stream(STARTED, *[token("lost ")] * 40, run_id=run["run_id"])  # more than the log has: a crash
    tab.excuse(NETWORK)
    tab.stream_instead(lost)
    tab.ask("anything")
    tab.until_answer("lost " * 40)
    tab.page.click("#drop")
    tab.until_ended(status)
    assert tab.answer == answer
    assert tab.end.startswith(end)


def test_a_run_that_the_service_has_forgotten_is_given_up_with_the_reason(tab: Tab, wire: Wire) -> None:
    tab.stream_instead(stream(STARTED, token("Half")))
    tab.ask("anything")
    tab.until_answer("Half")
    tab.page.click("#drop")
    tab.until_ended("failed")
    assert tab.answer == "Half"
    assert tab.end.startswith("Failed: run_not_found")
    tab.excuse(NETWORK)


def test_events_that_are_here_already_are_dropped_by_their_id(tab: Tab) -> None:
    shown = [STARTED, token("one "), token("two "), token("three ")]
    body = stream(*shown) + stream(*shown[:3]) + stream(*shown) + stream(token("four"), DONE, first=5)
    tab.stream_instead(body)
    tab.ask("anything")
    tab.until_ended()
    assert tab.answer == "one two three four"

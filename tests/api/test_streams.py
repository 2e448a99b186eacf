"""Streams over real sockets: what a client reads, cut anywhere, resumed, shared, late and slow."""

import random
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.wire import FORMATS
from tests.amounts import CUTS
from tests.api.event_streams import frames_of, last_id, names_of, whole_frames, without_opening
from tests.served_chains import GATES, MODEL_CALLS, MODEL_CALLS_CLOSED
from tests.serving import Answer, Served, read_answer, request_bytes, serving

AGENT = "/stream?chain=agent&format=events&query=What is 37*43, and what time is it in Tokyo?"


def run_of(answer: Answer) -> str:
    return answer.headers["x-run-id"]


def replay(served: Served, run_id: str, after: str = "0", format_: str = "events") -> Answer:
    return served.get(f"/runs/{run_id}/events?after={after}&format={format_}")


def started_runs(served: Served) -> list[str]:
    return [item["run_id"] for item in orjson.loads(served.get("/runs?limit=100").body)["items"]]


def finished(served: Served, run_id: str) -> dict[str, object]:
    """The run, once it has ended; asked for again and again, since reading its stream would keep it alive."""
    for _ in range(20_000):
        run: dict[str, object] = orjson.loads(served.get(f"/runs/{run_id}").body)
        if run["status"] not in ("queued", "running"):
            return run
    raise AssertionError(f"the run {run_id} does not end")


def test_the_agent_streams_tokens_two_tool_calls_with_results_between_them_and_done(served: Served) -> None:
    answer = served.get(AGENT)
    names = names_of(answer.body)
    assert (answer.status, answer.whole) == (200, True)
    assert names[0] == "run" and names[-1] == "done"
    assert names.count("tool_start") == names.count("tool_end") == 2
    assert "1591" in answer.text
    first_result, last_token = names.index("tool_end"), len(names) - 1 - names[::-1].index("token")
    assert names.index("tool_call") < names.index("tool_start") < first_result < last_token


def test_every_streaming_answer_has_the_headers_that_proxies_and_clients_need(served: Served) -> None:
    for format_, media_type in [
        ("events", "text/event-stream"),
        ("tokens", "text/event-stream"),
        ("text", "text/plain; charset=utf-8"),
        ("ndjson", "application/x-ndjson"),
        ("message", "text/event-stream"),
        ("openai", "text/event-stream"),
        ("openai-ndjson", "application/x-ndjson"),
    ]:
        headers = served.get(f"/stream?query=hi&format={format_}", {"X-Request-ID": "mine-1"}).headers
        assert headers["content-type"].startswith(media_type.partition(";")[0])
        assert headers["cache-control"] == "no-store, no-transform"
        assert headers["x-accel-buffering"] == "no"
        assert headers["x-request-id"] == "mine-1"
        assert len(headers["x-run-id"]) == 26 and headers["x-run-id"].islower()


def test_sequence_numbers_have_no_gap_and_every_id_is_run_attempt_seq(served: Served) -> None:
    answer = served.get(AGENT)
    ids = [frame.id for frame in frames_of(answer.body)]
    assert ids == [f"{run_of(answer)}.1.{seq}" for seq in range(1, len(ids) + 1)]


def test_a_stream_begins_with_what_a_browser_needs_to_come_back(served: Served) -> None:
    answer = served.get("/stream?query=hi")
    assert answer.body.startswith(f"retry: 500\nid: {run_of(answer)}.0.0\n\n".encode())
    assert b"\r" not in answer.body


def test_the_one_line_event_source_ends_with_its_marker(served: Served) -> None:
    answer = served.get("/stream?query=hi")
    assert frames_of(answer.body)[-1].data == "[DONE]"
    assert frames_of(answer.body)[-2].event == "done"


def resumed(served: Served, cut: Answer, path: str) -> bytes:
    """What a client has that was cut off and reconnects as an EventSource does."""
    had = whole_frames(cut.body)
    cursor = last_id(had)
    if cursor is None:  # cut before the first id: only then is the request made anew
        return without_opening(served.get(path).body)
    rest = served.get(path, {"Last-Event-ID": cursor})
    if rest.status == 204:
        return without_opening(had)
    return without_opening(had) + without_opening(rest.body)


def test_an_agent_run_cut_at_every_event_and_resumed_is_the_uncut_run() -> None:
    with serving(offline_tokens_per_second=1000) as served:
        body = served.get(AGENT).body
        ends = [index + 2 for index in range(len(body)) if body.startswith(b"\n\n", index)]

        def check(end: int) -> None:
            cut = served.get(AGENT, cut_after=end)
            whole = resumed(served, cut, AGENT)
            assert whole == without_opening(replay(served, run_of(cut)).body), f"cut at {end}"

        with ThreadPoolExecutor(8) as clients:  # for most of its time a paced run waits
            assert len(list(clients.map(check, ends))) == len(ends) > 50


@pytest.mark.parametrize("format_", ["events", "tokens"])
def test_an_agent_run_cut_at_random_bytes_and_resumed_is_the_uncut_run(served: Served, format_: str) -> None:
    path = AGENT.replace("format=events", f"format={format_}")
    length = len(served.get(path).body)
    chosen = random.Random(7)
    for _ in range(CUTS):
        size = chosen.randrange(len(b"retry: 500\nid: ") + 34, length - 40)
        cut = served.get(path, cut_after=size)
        whole = resumed(served, cut, path)
        assert whole == without_opening(replay(served, run_of(cut), format_=format_).body), f"cut at {size}"


def test_a_reconnect_never_starts_a_second_run(served: Served) -> None:
    prompt = "tokens=30 hold=20 gate=reconnect"
    path = f"/stream?chain=numbered&query={prompt}"
    first = served.get(path, cut_after=300)
    cursor = last_id(first.body)
    assert cursor is not None
    GATES["reconnect"].open()
    rest = served.get(path, {"Last-Event-ID": cursor})
    assert rest.headers["x-run-id"] == run_of(first)
    assert MODEL_CALLS.count(prompt) == 1
    text = "".join(f.data for f in frames_of(first.body) + frames_of(rest.body) if f.event == "message")
    assert text == "".join(f"run:{number}; " for number in range(1, 31)) + "[DONE]"


def test_a_post_with_a_cursor_only_attaches(served: Served) -> None:
    body = b'{"chain": "numbered", "input": "tokens=3 post-attach"}'
    first = served.post("/runs/stream", body)
    again = served.post("/runs/stream", body, {"Last-Event-ID": f"{run_of(first)}.1.2"})
    assert run_of(again) == run_of(first)
    assert frames_of(again.body)[0].id == f"{run_of(first)}.1.3"
    assert MODEL_CALLS.count("tokens=3 post-attach") == 1


def test_a_cursor_of_an_unknown_run_is_not_found_and_starts_nothing(served: Served) -> None:
    unknown = "01m7ygjx2s21ccc2xxsq49fvwm"
    answer = served.get("/stream?query=never-asked", {"Last-Event-ID": f"{unknown}.1.3"})
    assert (answer.status, orjson.loads(answer.body)["code"]) == (404, "run_not_found")


def test_the_same_key_and_request_is_the_same_run_on_get_and_post(served: Served) -> None:
    get = "/stream?chain=numbered&query=tokens=2 keyed-get&idempotency_key=k-get"
    assert run_of(served.get(get)) == run_of(served.get(get))
    body, key = b'{"chain": "numbered", "input": "tokens=2 keyed-post"}', {"Idempotency-Key": "k-post"}
    runs = {run_of(served.post(path, body, key)) for path in ("/runs/stream", "/runs", "/runs/wait")}
    assert len(runs) == 1
    assert MODEL_CALLS.count("tokens=2 keyed-get") == MODEL_CALLS.count("tokens=2 keyed-post") == 1


def test_a_key_outlives_the_process_with_its_run(tmp_path: Path) -> None:
    kept: Any = {"database_url": f"sqlite:///{tmp_path}/kept.db"}
    body, key = b'{"chain": "numbered", "input": "tokens=2 keyed-for-long"}', {"Idempotency-Key": "k-long"}
    with serving(**kept) as before:
        first = before.post("/runs/stream", body, key)
    with serving(**kept) as after:
        again = after.post("/runs/stream", body, key)
        assert (run_of(again), again.body) == (run_of(first), first.body)
        other = after.post("/runs", body.replace(b"=2", b"=3"), key)
        assert (other.status, orjson.loads(other.body)["code"]) == (409, "idempotency_conflict")
    assert MODEL_CALLS.count("tokens=2 keyed-for-long") == 1


def test_another_request_under_the_same_key_is_a_conflict(served: Served) -> None:
    served.get("/stream?query=one&idempotency_key=k-conflict")
    answer = served.get("/stream?query=two&idempotency_key=k-conflict")
    assert (answer.status, orjson.loads(answer.body)["code"]) == (409, "idempotency_conflict")


def test_a_finished_run_answers_a_cursor_at_its_end_with_204_and_before_it_with_the_rest(
    served: Served,
) -> None:
    answer = served.get("/stream?chain=numbered&query=tokens=2&format=events")
    frames = frames_of(answer.body)
    end = served.get("/stream?query=x", {"Last-Event-ID": frames[-1].id or ""})
    assert (end.status, end.body) == (204, b"")
    rest = replay(served, run_of(answer), after=frames[-3].id or "")
    assert rest.whole and names_of(rest.body) == names_of(answer.body)[-2:]


@pytest.mark.parametrize("spelled", ["{run}.1.3", "1.3", "3"])
def test_a_cursor_may_be_spelled_three_ways_in_header_or_query(served: Served, spelled: str) -> None:
    run_id = run_of(served.get("/stream?chain=numbered&query=tokens=5&format=events"))
    cursor = spelled.format(run=run_id)
    by_query = replay(served, run_id, after=cursor)
    by_header = served.get(f"/runs/{run_id}/events?after=1", {"Last-Event-ID": cursor})
    assert by_query.body == by_header.body, "the header wins"
    assert frames_of(by_query.body)[0].id == f"{run_id}.1.4"


def test_a_run_is_read_in_another_format_than_it_was_started_in(served: Served) -> None:
    run_id = run_of(served.get("/stream?chain=numbered&query=tokens=3&format=events"))
    assert replay(served, run_id, format_="text").text == "run:1; run:2; run:3; "
    lines = replay(served, run_id, format_="ndjson").body.splitlines()
    assert [orjson.loads(line)["event"] for line in lines] == names_of(replay(served, run_id).body)


def test_ten_readers_at_once_one_late_and_one_that_never_reads_change_nothing(served: Served) -> None:
    prompt = "tokens=2000 hold=1000 gate=many"
    started = orjson.loads(
        served.post("/runs", b'{"chain": "numbered", "input": "%b"}' % prompt.encode()).body
    )
    path = started["events_url"]
    assert GATES["many"].reached.wait(20)
    with served.connected() as never_reads, ThreadPoolExecutor(12) as readers:
        never_reads.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        never_reads.sendall(request_bytes("GET", path, b"", {}))
        reading = [readers.submit(served.get, path) for _ in range(10)]
        late = readers.submit(served.get, path + "?after=900")
        GATES["many"].open()
        bodies = {read.result(20).body for read in reading}
    uncut = replay(served, started["run_id"]).body
    assert bodies == {uncut}
    assert uncut.endswith(without_opening(late.result().body))
    assert names_of(uncut).count("token") == 2000


def test_a_cursor_past_the_end_gets_a_gap_with_the_state_and_then_the_rest(served: Served) -> None:
    prompt = "tokens=6 hold=4 gate=gap"
    started = orjson.loads(
        served.post("/runs", b'{"chain": "numbered", "input": "%b"}' % prompt.encode()).body
    )
    assert GATES["gap"].reached.wait(20)
    with served.connected() as connection:
        connection.sendall(request_bytes("GET", f"{started['events_url']}?after=1.99", b"", {}))
        raw = b""
        while b"event: gap" not in raw:  # then the run goes on
            raw += connection.recv(65536)
        GATES["gap"].open()
        answer = read_answer(connection, head=raw)
    gap, *rest = frames_of(answer.body)
    state = gap.json
    assert (gap.event, state["reason"], state["requested"]) == ("gap", "ahead_of_log", "1.99")
    snapshot = state["snapshot"]
    assert isinstance(snapshot, dict)
    assert snapshot["status"] == "running"
    assert gap.id == f"{started['run_id']}.{state['as_of']}"
    assert rest[0].id == f"{started['run_id']}.1.{int(str(gap.id).split('.')[2]) + 1}"
    text = snapshot["messages"][0]["text"] + "".join(str(f.json["text"]) for f in rest if f.event == "token")
    assert text == "".join(f"run:{number}; " for number in range(1, 7))


def test_a_cursor_past_the_end_of_a_finished_run_gets_a_gap_and_the_terminal_event(served: Served) -> None:
    run_id = run_of(served.get("/stream?chain=numbered&query=tokens=2"))
    gap, last = frames_of(replay(served, run_id, after="1.99").body)
    assert (gap.event, last.event) == ("gap", "done")
    snapshot: Any = gap.json["snapshot"]
    assert snapshot["messages"][0]["text"] == "run:1; run:2; "


def test_on_gap_error_answers_410(served: Served) -> None:
    run_id = run_of(served.get("/stream?chain=numbered&query=tokens=1"))
    answer = served.get(f"/runs/{run_id}/events?after=1.99&on_gap=error")
    assert (answer.status, orjson.loads(answer.body)["code"]) == (410, "events_gone")


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_run_whose_log_is_gone_is_replayed_byte_for_byte(format_name: str) -> None:
    with serving(run_log_ttl_seconds=0) as served:
        live = served.get(f"/stream?chain=numbered&query=tokens=300&format={format_name}")
        again = served.get(f"/runs/{run_of(live)}/events?format={format_name}")
        assert (again.status, again.body) == (200, live.body)


def test_a_run_whose_log_is_gone_is_resumed_at_any_event_and_told_in_whole() -> None:
    with serving(run_log_ttl_seconds=0) as served:
        live = served.get("/stream?chain=numbered&query=tokens=3&format=events")
        run_id, told = run_of(live), frames_of(live.body)
        for seen, frame in enumerate(told[:-1], 1):
            assert frames_of(replay(served, run_id, after=frame.id or "").body) == told[seen:]
        assert replay(served, run_id, after=told[-1].id or "").status == 204
        run = orjson.loads(served.get(f"/runs/{run_id}").body)
        assert (run["status"], run["output"]) == ("succeeded", "run:1; run:2; run:3; ")
        assert run["messages"] == [{"message_id": "m1", "channel": "answer", "text": run["output"]}]


def test_a_run_goes_on_after_its_reader_left_and_is_cancelled_after_the_grace() -> None:
    with serving(disconnect_grace_seconds=0.2) as served:
        prompt = "tokens=30 hold=20 gate=never-opened-1"
        with served.connected() as connection:
            path = f"/stream?chain=numbered&query={prompt}&format=events"
            connection.sendall(request_bytes("GET", path, b"", {}))
            cut = read_answer(connection, cut_after=300)
            assert GATES["never-opened-1"].reached.wait(20)  # the run came as far as it comes
        run = finished(served, run_of(cut))
        assert (run["status"], run["cancel_reason"]) == ("cancelled", "disconnect")
        assert run["output"] == "".join(f"run:{number}; " for number in range(1, 20))
        assert prompt in MODEL_CALLS_CLOSED


def test_a_plain_text_run_is_cancelled_at_once_when_left_since_nobody_can_come_back() -> None:
    with serving(disconnect_grace_seconds=600) as served:
        prompt = "tokens=30 hold=20 gate=never-opened-2"
        cut = served.get(f"/stream?chain=numbered&query={prompt}&format=text", cut_after=20)
        run = finished(served, run_of(cut))
        assert (run["status"], run["cancel_reason"]) == ("cancelled", "disconnect")


def test_a_left_run_that_is_to_continue_is_finished() -> None:
    with serving(disconnect_grace_seconds=0) as served:
        body = b'{"chain": "numbered", "input": "tokens=30 hold=9 gate=on", "on_disconnect": "continue"}'
        cut = served.post("/runs/stream", body, cut_after=200)
        GATES["on"].open()
        assert finished(served, run_of(cut))["status"] == "succeeded"


def test_a_waiting_client_that_leaves_has_its_run_cancelled() -> None:
    with serving(disconnect_grace_seconds=0) as served:
        prompt = "tokens=3 hold=2 gate=wait-left"
        body = b'{"chain": "numbered", "input": "%b"}' % prompt.encode()
        with served.connected() as connection:
            headers = {"Content-Type": "application/json"}
            connection.sendall(request_bytes("POST", "/runs/wait", body, headers))
            assert GATES["wait-left"].reached.wait(20)
        run = finished(served, started_runs(served)[0])
        assert (run["status"], run["cancel_reason"]) == ("cancelled", "disconnect")


def test_cancelling_ends_every_readers_stream_with_the_terminal_event(served: Served) -> None:
    started = orjson.loads(
        served.post("/runs", b'{"chain": "numbered_agent", "input": "tool=gated gate=cancel"}').body
    )
    assert GATES["cancel"].reached.wait(20)
    with ThreadPoolExecutor(2) as readers:
        reading = readers.submit(served.get, started["events_url"])
        cancelled = served.post(f"/runs/{started['run_id']}/cancel", b"")
        names = names_of(reading.result(20).body)
    assert (cancelled.status, orjson.loads(cancelled.body)["status"]) == (200, "cancelled")
    assert names[-1] == "cancelled" and names.count("tool_error") == 1
    again = served.post(f"/runs/{started['run_id']}/cancel", b"")
    assert (again.status, orjson.loads(again.body)["status"]) == (200, "cancelled")


def test_a_quiet_stream_is_pinged_by_an_event_of_its_own_without_an_id() -> None:
    with serving(ping_seconds=0.05) as served:
        path = "/stream?chain=numbered&query=tokens=3 hold=2 gate=ping&format=events"
        with served.connected() as connection:
            connection.sendall(request_bytes("GET", path, b"", {}))
            raw = b""
            while b"event: ping\ndata: {}\n\n" not in raw:
                raw += connection.recv(65536)
            GATES["ping"].open()
    ping = next(frame for frame in frames_of(raw) if frame.event == "ping")
    assert ping.id is None


def test_a_reader_that_takes_nothing_is_dropped_and_its_run_left() -> None:
    with serving(send_timeout_seconds=0.2, disconnect_grace_seconds=0, max_output_chars=10**8) as served:
        path = "/stream?chain=numbered&format=events&query=tokens=1000 wide=6000 hold=999 gate=unopened"
        with socket.socket() as frozen:
            frozen.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            frozen.connect(("127.0.0.1", served.port))
            frozen.sendall(request_bytes("GET", path, b"", {}))
            frozen.recv(1)  # the answer has begun, so the run is there
            run = finished(served, started_runs(served)[0])
        assert (run["status"], run["cancel_reason"]) == ("cancelled", "disconnect")


def test_too_many_runs_are_refused_with_a_time_to_come_back() -> None:
    with serving(max_runs_running=1, max_runs_queued=0) as served:
        served.post("/runs", b'{"chain": "numbered", "input": "tokens=2 hold=1 gate=busy"}')
        answer = served.get("/stream?query=hi")
        assert (answer.status, orjson.loads(answer.body)["code"]) == (429, "too_many_runs")
        assert int(answer.headers["retry-after"]) > 0
        GATES["busy"].open()

"""The chunks of a streamed call: each once and in order, on however many connections they come."""

import pytest
from chainstream_client import CallFailed, ConnectionFailed, ProtocolError, Retry, StreamTruncated
from chainstream_client.calls import Request
from chainstream_client.jobs.chunked import Chunked

from tests.python_client.chunk_frames import RUN_ID, chunk

START = Request("POST", "/api/jobs/j/llm-call-stream", b"{}", headers={"Idempotency-Key": "k"})
STREAM = {"content-type": "text/event-stream", "x-run-id": RUN_ID}
# One event may be several chunks; the last of them has its id.
IDS = ["1.1", "1.3", "1.4.1", "1.4.2", "1.4", "1.9.1", "1.9"]
FRAMES = [(f"{RUN_ID}.{each}", chunk({"content": each})) for each in IDS[:-1]] + [(f"{RUN_ID}.1.9", "[DONE]")]


def read(chunked: Chunked, frames: list[tuple[str, str]]) -> list[str]:
    """The texts of one connection's chunks."""
    assert chunked.request().headers["Idempotency-Key"] == "k"
    assert chunked.accepts(200, STREAM)
    made = [chunked.frame("message", event_id, data, None) for event_id, data in frames]
    chunked.closed()
    return [each.text for each in made if each is not None]


def test_a_whole_stream_is_told_and_is_over() -> None:
    chunked = Chunked(Retry(), START)
    assert read(chunked, FRAMES) == IDS[:-1] and not chunked.wants_more


@pytest.mark.parametrize("at", range(len(FRAMES)))
@pytest.mark.parametrize("again", range(3))
def test_what_comes_again_is_told_once(at: int, again: int) -> None:
    chunked = Chunked(Retry(), START)
    told = read(chunked, FRAMES[:at])
    assert chunked.request().headers.get("Last-Event-ID") == (FRAMES[at - 1][0] if at else None)
    assert told + read(chunked, FRAMES[max(at - again, 0) :]) == IDS[:-1]
    assert not chunked.wants_more


def test_a_stream_without_its_end_is_truncated() -> None:
    chunked = Chunked(Retry(attempts=1), START)
    with pytest.raises(StreamTruncated) as raised:
        read(chunked, FRAMES[:3])
    assert (raised.value.run_id, raised.value.cursor) == (RUN_ID, FRAMES[2][0])


def test_an_end_that_is_all_that_the_service_has_though_none_came_is_a_cut() -> None:
    chunked = Chunked(Retry(attempts=1), START)
    chunked.request()
    assert chunked.turned_away(204, {}, b"") is None
    with pytest.raises(ConnectionFailed, match="without its last event"):
        chunked.closed()


def test_a_chunk_with_an_error_is_raised_with_its_code() -> None:
    error = '{"error": {"message": "It fell silent.", "type": "server_error", "code": "silence_timeout"}}'
    with pytest.raises(CallFailed, match="It fell silent") as raised:
        read(Chunked(Retry(), START), [*FRAMES[:2], (f"{RUN_ID}.1.4", error)])
    assert raised.value.code == "silence_timeout"


@pytest.mark.parametrize("data", ["{", "[]", "7", '{"error": 7}', '{"error": {}}', "{}", '"error"'])
def test_what_is_no_chunk_is_an_error(data: str) -> None:
    with pytest.raises(ProtocolError):
        read(Chunked(Retry(), START), [(f"{RUN_ID}.1.1", data)])


@pytest.mark.parametrize("event_id", ["", "7", "x.1.1", f"{RUN_ID}.1", f"{RUN_ID}.1.1.1.1"])
def test_a_chunk_that_has_no_place_is_an_error(event_id: str) -> None:
    with pytest.raises(ProtocolError, match="no id"):
        read(Chunked(Retry(), START), [(event_id, chunk({}))])

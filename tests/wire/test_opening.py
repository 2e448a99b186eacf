"""How every answer begins: with what a client needs that is cut off before the next event."""

import pytest

from tests.wire.connections import Browser, Finished, opening_of
from tests.wire.random_logs import RUN_ID
from tests.wire.stories import EVERY_FORMAT, done, logged, token
from tests.wire.whatwg import EventStream

RECORDS = logged(token("a"), token("[DONE]"), token("c"), done(), attempts=[1, 1, 3, 3])
SSE = ("events", "tokens", "message", "llm-proxy")
OF_OTHERS = ("openai", "openai-usage", "responses", "ag-ui", "ai-sdk")


@pytest.mark.parametrize("format_name", SSE)
async def test_a_browser_has_the_runs_id_before_the_first_event(format_name: str) -> None:
    body = await (await Finished.of(RECORDS)).body(format_name, "")
    assert body is not None
    assert opening_of(body) == f"retry: 500\nid: {RUN_ID}.0.0\n\n".encode()
    stream = EventStream()
    assert stream.feed(opening_of(body)) == []
    assert (stream.last_event_id, stream.reconnection_time) == (f"{RUN_ID}.0.0", 500)


@pytest.mark.parametrize("format_name", SSE)
@pytest.mark.parametrize("last_event_id", ["0.0", "1.1", "1.2", "3.3", "1.2.1", "3.4.1"])
async def test_a_browser_that_is_cut_off_again_before_the_next_event_keeps_its_place(
    format_name: str, last_event_id: str
) -> None:
    client = Browser()
    client.last_event_id = f"{RUN_ID}.{last_event_id}"
    body = await (await Finished.of(RECORDS)).body(format_name, client.last_event_id)
    assert body is not None
    client.read(opening_of(body))
    assert (client.got, client.last_event_id) == ([], f"{RUN_ID}.{last_event_id}")


@pytest.mark.parametrize(("after", "place"), [("0", "0.0"), ("2", "1.2"), ("3", "3.3"), ("1.2", "1.2")])
async def test_a_client_that_gave_a_bare_cursor_gets_its_place_as_an_id(after: str, place: str) -> None:
    body = await (await Finished.of(RECORDS)).body("events", after)
    assert body is not None
    assert opening_of(body) == f"retry: 500\nid: {RUN_ID}.{place}\n\n".encode()


@pytest.mark.parametrize("requested", ["1.3", "2.3", "3.9"])
async def test_a_client_that_is_cut_off_before_its_gap_asks_for_it_again(requested: str) -> None:
    served = await Finished.of(RECORDS)
    client = Browser()
    client.last_event_id = f"{RUN_ID}.{requested}"
    body = await served.body("events", client.last_event_id)
    assert body is not None
    client.read(opening_of(body))
    assert client.last_event_id == f"{RUN_ID}.{requested}"
    again = await served.body("events", client.last_event_id)
    assert again == body
    assert b"event: gap\n" in again


@pytest.mark.parametrize("format_name", sorted(EVERY_FORMAT.keys() - {*SSE, *OF_OTHERS}))
async def test_nothing_comes_before_the_first_event_in_formats_that_are_no_event_stream(
    format_name: str,
) -> None:
    body = await (await Finished.of(RECORDS)).body(format_name, "")
    assert body is not None
    assert body[:1] in (b"a", b"{")


@pytest.mark.parametrize("format_name", OF_OTHERS)
async def test_those_of_other_protocols_begin_with_the_first_event_since_their_clients_take_data_alone(
    format_name: str,
) -> None:
    body = await (await Finished.of(RECORDS)).body(format_name, "")
    assert body is not None
    first, then, *_ = body.split(b"\n")
    assert first.startswith(f"id: {RUN_ID}.1.1".encode()) and then.startswith((b"data: {", b"event: "))

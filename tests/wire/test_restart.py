"""A model that failed in mid-answer and one that goes on, in every format: (events, bytes)."""

from collections.abc import Callable, Iterable, Sequence

import orjson
import pytest
from openai.types.chat import ChatCompletionChunk

from service.event_log.base import Cursor
from service.events import Event, ToolCall
from tests.wire.lines import Lines
from tests.wire.parsers import browser
from tests.wire.stories import EVERY_FORMAT, encoded, ended, logged, restart, token
from tests.wire.tables import assert_row
from tests.wire.test_text_format import read

# One model at a time.
SIMPLE: Sequence[Event] = [
    token("a"),
    token("b"),
    restart("m1", 1),
    ended("m1"),
    token("c", "m2"),
    ended("m2"),
]
# m3 began to speak with the event that told m2's text as well.
BESIDE: Sequence[Event] = [
    *(token("a"), token("b", "m2"), token("c", "m3"), ended("m2"), ended("m1"), token("d", "m3")),
    *(restart("m3", 3), ended("m3"), token("e", "m4")),
]
# m2 was still to speak when it failed.
WAITS: Sequence[Event] = [
    *(token("a"), token("b", "m2"), restart("m2", 2), ended("m2"), token("c", "m3"), token("d")),
    *(ended("m1"), ended("m3")),
]
INNER: Sequence[Event] = [token("a", "m1", "inner"), restart("m1", 1), ended("m1"), token("b", "m2", "inner")]
NOTE = "[Restarted: first failed (provider_cut), second answers instead]"


def data(message_id: str, discard_from: int) -> str:
    return (
        f'{{"t":2,"attempt":1,"reason":"fallback","discard_from":{discard_from},"message_id":"{message_id}",'
        '"code":"provider_cut","model":"first","next_model":"second"}'
    )


def sse(seq: int | str, text: str, name: str = "") -> str:
    return f"id: run.1.{seq}\n{f'event: {name}{chr(10)}' if name else ''}data: {text}\n\n"


def restarted(seq: int | str, message_id: str, discard_from: int) -> str:
    return sse(seq, data(message_id, discard_from), "restart")


def said(seq: int | str, text: str, t: int = 1) -> str:
    return sse(seq, f'{{"text":"{text}","elapsed_ms":{t}}}', "message")


def typed(seq: int | str, kind: str, fields: str) -> str:
    return f'{{"type":"{kind}",{fields[1:-1]},"id":"run.1.{seq}"}}\n'


def spoken(seq: int | str, text: str) -> str:
    return typed(seq, "text", f'{{"content":"{text}"}}')


TOKENS = {
    "simple": sse(1, "a") + sse(2, "b") + restarted(3, "m1", 1) + sse(5, "c"),
    "beside": sse(1, "a")
    + (sse("5.1", "b") + sse(5, "c") + sse(6, "d"))
    + (restarted("7.1", "m3", 5) + sse(7, "b") + sse(9, "e")),
    "waits": sse(1, "a") + restarted(3, "m2", 3) + sse(6, "d") + sse(7, "c"),
    "inner": restarted(2, "m1", 2),
}
TEXT = {
    "simple": f"ab\n{NOTE}\nc",
    "beside": f"abcd\n{NOTE}\ne",
    "waits": "adc",
    "inner": "",
}
BODIES = {
    "tokens": TOKENS,
    "llm-proxy": {**TOKENS, "waits": sse(1, "a") + sse(6, "d") + sse(7, "c"), "inner": ""},
    "text": TEXT,
    "text-done": TEXT,
    "message": {
        "simple": said(1, "a") + said(2, "b") + restarted(3, "m1", 1) + said(5, "c"),
        "beside": said(1, "a")
        + (said(5, "bc") + said(6, "d"))
        + (restarted("7.1", "m3", 5) + said(7, "b", 2) + said(9, "e")),
        "waits": said(1, "a") + restarted(3, "m2", 3) + said(6, "d") + said(7, "c"),
        "inner": restarted(2, "m1", 2),
    },
    "websocket": {
        "simple": spoken(1, "a") + spoken(2, "b") + typed(3, "restart", data("m1", 1)) + spoken(5, "c"),
        "beside": spoken(1, "a")
        + (spoken(5, "bc") + spoken(6, "d"))
        + (typed("7.1", "restart", data("m3", 5)) + spoken(7, "b") + spoken(9, "e")),
        "waits": spoken(1, "a") + typed(3, "restart", data("m2", 3)) + spoken(6, "d") + spoken(7, "c"),
        "inner": typed(2, "restart", data("m1", 2)),
    },
}
STORIES = {"simple": SIMPLE, "beside": BESIDE, "waits": WAITS, "inner": INNER}


def lines(chunks: Iterable[bytes]) -> list[bytes]:
    reader = Lines()
    return [line for chunk in chunks for line in reader.feed(chunk)]


READERS: dict[str, Callable[[Iterable[bytes]], object]] = {
    "text": read,
    "text-done": read,
    "websocket": lines,
}


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("format_name", BODIES)
def test_the_events_give_these_bytes(format_name: str, story: str) -> None:
    body = BODIES[format_name][story]
    assert_row(format_name, STORIES[story], body, READERS.get(format_name, browser))


@pytest.mark.parametrize("format_name", ["events", "ndjson"])
def test_formats_of_events_have_it_as_it_is_logged(format_name: str) -> None:
    body = encoded(format_name, logged(*SIMPLE)).decode()
    assert data("m1", 1) in body


@pytest.mark.parametrize("format_name", ["openai", "openai-ndjson"])
@pytest.mark.parametrize("story", STORIES)
def test_a_chunk_for_openais_sdk_tells_people_and_programs(format_name: str, story: str) -> None:
    body = encoded(format_name, logged(*STORIES[story]))
    objects = [line.removeprefix(b"data: ") for line in body.splitlines() if b"{" in line]
    chunks = [ChatCompletionChunk.model_validate(orjson.loads(line), strict=True) for line in objects]
    contents = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert contents == TEXT[story]
    told = [(chunk.model_extra or {})["restart"] for chunk in chunks if chunk.model_extra]
    places = {"simple": ("m1", 1), "beside": ("m3", 5)}
    assert told == ([orjson.loads(data(*places[story]))] if story in places else [])


def test_a_card_of_a_call_that_will_not_run_can_be_found_by_its_message() -> None:
    call = ToolCall(t=1, message_id="m1", step=None, tool_call_id="c1", index=0, name="add", args_delta="{")
    messages = browser([encoded("tokens", logged(call, restart("m1", 1), ended("m1")))])
    assert [message.event for message in messages] == ["tool_call", "restart"]
    assert orjson.loads(messages[1].data)["message_id"] == orjson.loads(messages[0].data)["message_id"]


@pytest.mark.parametrize("format_name", [name for name, made in EVERY_FORMAT.items() if made.has_ids])
@pytest.mark.parametrize("story", STORIES)
def test_from_every_cursor_comes_exactly_the_rest(format_name: str, story: str) -> None:
    records = logged(*STORIES[story])
    whole = encoded(format_name, records)
    for seq in range(len(records) + 1):
        rest = encoded(format_name, records, Cursor(seq, 1))
        assert encoded(format_name, records[:seq]) + rest == whole

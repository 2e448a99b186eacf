"""`openai`, `openai-ndjson`: (events, bytes), and what OpenAI's own SDK makes of the bytes."""

from collections.abc import Iterable, Sequence

import httpx2
import pytest
from openai import APIError, OpenAI
from openai.types.chat import ChatCompletionChunk

from service.event_log.base import START, Cursor
from service.events import Done, Event, MessageEnd, ToolCall
from service.snapshot import Gap
from service.wire import FORMATS
from service.wire.encoder import Encoder
from service.wire.openai import OpenAIFormat
from tests.wire.lines import Lines
from tests.wire.parsers import openai
from tests.wire.stories import (
    RUN,
    USAGE,
    cancelled,
    done,
    empty_snapshot,
    encoded,
    ended,
    failed,
    logged,
    started,
    token,
    tool_end,
    tool_start,
)
from tests.wire.tables import Table, assert_row, rows

HEAD = (
    '{"id":"chatcmpl-run","object":"chat.completion.chunk","created":1795132800,"model":"offline:demo",'
    '"choices":['
)
LAST = "data: [DONE]\n\n"
CALL = ToolCall(t=1, message_id="m1", step=None, tool_call_id="c1", index=0, name="add", args_delta="{}")


def chunk(delta: str, finish_reason: str = "null") -> str:
    return f'{HEAD}{{"index":0,"delta":{{{delta}}},"finish_reason":{finish_reason}}}]}}'


def failure(message: str, code: str, kind: str = "server_error") -> str:
    return f'{{"error":{{"message":"{message}","type":"{kind}","param":null,"code":"{code}"}}}}'


ROLE, STOP = chunk('"role":"assistant","content":""'), chunk("", '"stop"')


def said(text: str) -> str:
    return chunk(f'"content":"{text}"')


def length() -> Done:
    return Done(t=9, output="hi", finish_reason="length", usage=USAGE, ttft_ms=1, duration_ms=9)


# The events, and the objects that they become with their ids.
CASES: dict[str, tuple[Sequence[Event], list[tuple[str, str]]]] = {
    "the role first, the answer, its end": (
        [started(), token("hi"), token(" you"), ended(), done()],
        [("1", ROLE), ("2", said("hi")), ("3", said(" you")), ("5.1", STOP)],
    ),
    "no tool call that the service runs itself": (
        [started(), CALL, MessageEnd(t=1, message_id="m1", finish_reason="tool_calls"), tool_start(),
         tool_end(), token("2", "m2"), done()],
        [("1", ROLE), ("6", said("2")), ("7.1", STOP)],
    ),
    "an answer that was cut short": (
        [started(), length()],
        [("1", ROLE), ("2.1", chunk("", '"length"'))],
    ),
    "a failure": (
        [started(), token("a"), failed()],
        [("1", ROLE), ("2", said("a")), ("3.1", failure("It broke.", "chain_error"))],
    ),
    "a cancelled run": (
        [started(), cancelled()],
        [("1", ROLE), ("2.1", failure("The run was cancelled (user).", "cancelled"))],
    ),
    "parallel answers, one message at a time": (
        [started(), token("a"), token("b1", "m2"), token("b2", "m2"), ended("m1"), token("c", "m3"), done()],
        [("1", ROLE), ("2", said("a")), ("5", said("b1b2")), ("7.1", said("c")), ("7.2", STOP)],
    ),
    "texts as they are": (
        [started(), token("a\r\nb\0"), token("[DONE]"), token("é\u2028\x85"), token("")],
        [("1", ROLE), ("2", said(r"a\r\nb\u0000")), ("3", said("[DONE]")), ("4", said(r"é\u2028\u0085"))],
    ),
}  # fmt: skip


def _stream(events: Sequence[Event], objects: list[tuple[str, str]]) -> str:
    frames = "".join(f"id: run.1.{seq}\ndata: {each}\n\n" for seq, each in objects)
    ends = events[-1].type in ("done", "error", "cancelled")
    return frames + (f"id: run.1.{len(events)}\n{LAST}" if ends else "")


SSE: Table = {name: (events, _stream(events, objects)) for name, (events, objects) in CASES.items()}
NDJSON: Table = {
    name: (events, "".join(f"{each}\n" for _, each in objects)) for name, (events, objects) in CASES.items()
}


def lines(chunks: Iterable[bytes]) -> list[bytes]:
    reader = Lines()
    return [line for chunk in chunks for line in reader.feed(chunk)]


@rows(SSE)
def test_events_become_these_bytes_which_read_alike_at_every_split(
    events: Sequence[Event], text: str
) -> None:
    assert_row("openai", events, text, openai)


@rows(NDJSON)
def test_events_become_these_lines_which_read_alike_at_every_split(
    events: Sequence[Event], text: str
) -> None:
    assert_row("openai-ndjson", events, text, lines)


def read_by_sdk(body: bytes) -> list[ChatCompletionChunk]:
    """What the real client gets of these bytes, fed one by one."""

    def stream() -> Iterable[bytes]:
        yield from (body[at : at + 1] for at in range(len(body)))

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream())

    with OpenAI(
        base_url="http://127.0.0.1/v1",
        api_key="none",
        max_retries=0,
        http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
    ) as client:
        return list(
            client.chat.completions.create(
                model="any", messages=[{"role": "user", "content": "hi"}], stream=True
            )
        )


def test_openais_sdk_reads_the_answer_through_pings() -> None:
    encoder, format_ = Encoder(OpenAIFormat(), RUN, START), FORMATS["openai"]
    records = logged(started(), token("hi"), token(" you"), ended(), done())
    parts = [part for record in records for part in (format_.ping, encoder.encode([record]), format_.ping)]
    chunks = read_by_sdk(b"".join(parts))
    assert "".join(each.choices[0].delta.content or "" for each in chunks) == "hi you"
    assert [each.choices[0].finish_reason for each in chunks] == [None, None, None, "stop"]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert {(each.id, each.created) for each in chunks} == {("chatcmpl-run", 1795132800)}


@pytest.mark.parametrize(("end", "said"), [(failed(), "It broke."), (cancelled(), "cancelled (user)")])
def test_openais_sdk_raises_what_failed(end: Event, said: str) -> None:
    with pytest.raises(APIError, match=r"The run was|It broke") as raised:
        read_by_sdk(encoded("openai", logged(started(), token("a"), end)))
    assert said in raised.value.message


def test_a_gap_is_an_error_and_the_end() -> None:
    gap = Gap("expired", Cursor(1, 1), Cursor(4, 1), empty_snapshot("running"))
    body = Encoder(OpenAIFormat(), RUN, Cursor(4, 1)).gap(gap)
    assert body.decode() == (
        f"id: run.1.4\ndata: {failure('the events after 1 cannot be had (expired)', 'expired')}\n\n{LAST}"
    )
    assert OpenAIFormat.gap_is_end
    with pytest.raises(APIError, match="cannot be had"):
        read_by_sdk(body)


def test_a_run_that_waits_for_a_person_is_an_answer_that_stops_here() -> None:
    format_ = OpenAIFormat()
    body = Encoder(format_, RUN, START).encode(logged(started(), token("May I?")))
    paused = format_.paused(["i1"])
    assert paused.decode() == f"data: {STOP}\n\n{LAST}"
    assert [each.choices[0].finish_reason for each in read_by_sdk(body + paused)] == [None, None, "stop"]


def test_usage_is_a_chunk_without_choices_where_it_is_asked_for() -> None:
    encoder = Encoder(OpenAIFormat(include_usage=True), RUN, START)
    *others, last = read_by_sdk(encoder.encode(logged(started(), token("hi"), done())))
    assert all(each.choices and each.usage is None for each in others)
    assert (last.choices, last.usage and last.usage.total_tokens) == ([], 0)


def test_the_ping_is_a_comment_of_one_line() -> None:
    assert FORMATS["openai"].ping == b": ping\n"
    assert FORMATS["openai-ndjson"].ping == b""

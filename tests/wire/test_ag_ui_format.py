"""`ag-ui`: (events, bytes), and what the protocol's own classes and a client of it make of the bytes."""

from collections.abc import Iterable, Sequence

import orjson
import pytest
from ag_ui.core import (
    BaseEvent,
    ReasoningMessageContentEvent,
    TextMessageContentEvent,
    ToolCallArgsEvent,
)
from ag_ui.encoder import EventEncoder

from service.event_log.base import START, Cursor
from service.events import (
    Approval,
    ApprovalRequest,
    Custom,
    Event,
    MessageEnd,
    Partial,
    Reasoning,
    RunStarted,
    Sources,
    StepEnd,
    StepStart,
    ToolCall,
    ToolEnd,
    ToolError,
    ToolProgress,
    Usage,
)
from service.snapshot import Gap
from service.values import on_one_line
from service.wire.ag_ui import RUN_ID_KEY, AGUIFormat
from service.wire.encoder import Encoder
from tests.wire.ag_ui_client import AGUIClient
from tests.wire.parsers import openai
from tests.wire.random_logs import PIECES
from tests.wire.stories import (
    RUN,
    cancelled,
    done,
    empty_snapshot,
    encoded,
    ended,
    failed,
    logged,
    restart,
    started,
    token,
    tool_end,
    tool_start,
)
from tests.wire.tables import Table, assert_row, rows

STARTED = (
    '{"type":"RUN_STARTED","metadata":{"run_id":"run","chain":"chat","model":"offline:demo"},"threadId":"run",'
    '"runId":"run","protocolVersion":"1.0"}'
)
FINISHED = (
    '{"type":"RUN_FINISHED","metadata":{"finish_reason":"stop","duration_ms":9,"ttft_ms":1,"cost_usd":null},'
    '"threadId":"run","runId":"run","result":"hi","outcome":{"type":"success"}}'
)
CANCELLED = (
    '{"type":"RUN_FINISHED","metadata":{"reason":"user"},"threadId":"run","runId":"run",'
    '"outcome":{"type":"cancelled"}}'
)
FAILED = (
    '{"type":"RUN_ERROR","metadata":{"fault":"chain","retryable":false},"message":"It broke.",'
    '"code":"chain_error"}'
)


def call(delta: str, tool_call_id: str = "c1", message_id: str = "m1") -> ToolCall:
    return ToolCall(
        t=1,
        message_id=message_id,
        step=None,
        tool_call_id=tool_call_id,
        index=0,
        name="add",
        args_delta=delta,
    )


def thought(text: str) -> Reasoning:
    return Reasoning(t=1, message_id="m1", step=None, text=text)


def step(name: str, step: str) -> StepStart:
    return StepStart(t=1, step=step, name=name, parent=None)


def step_end(name: str, step: str) -> StepEnd:
    return StepEnd(t=1, step=step, name=name, parent=None, duration_ms=1)


def usage(model: str | None, cached: int = 0) -> Usage:
    return Usage(
        t=1, message_id="m1", model=model, input_tokens=3, output_tokens=2, total_tokens=5,
        cached_tokens=cached, reasoning_tokens=1,
    )  # fmt: skip


def asks(interrupt_id: str = "i1", *requests: ApprovalRequest, value: object = "Go on?") -> Approval:
    return Approval(t=1, interrupt_id=interrupt_id, value=value, requests=list(requests))


def request(tool_call_id: str | None = "c1") -> ApprovalRequest:
    return ApprovalRequest(
        tool_call_id=tool_call_id, name="add", input={"a": 1}, allowed=["approve", "reject"]
    )


def says(text: str, message: str = "m1") -> list[str]:
    return [f'{{"type":"TEXT_MESSAGE_CONTENT","messageId":"run.{message}","delta":"{text}"}}']


def opens(message: str = "m1") -> str:
    return f'{{"type":"TEXT_MESSAGE_START","messageId":"run.{message}","role":"assistant"}}'


def closes(message: str = "m1", about: str = "") -> str:
    return f'{{"type":"TEXT_MESSAGE_END",{about}"messageId":"run.{message}"}}'


def thinks(kind: str, more: str = "", number: int = 1, about: str = "") -> str:
    return f'{{"type":"REASONING_{kind}",{about}"messageId":"run.m1.reasoning{number}"{more}}}'


def calls(kind: str, more: str = "", tool_call_id: str = "c1", about: str = "") -> str:
    return f'{{"type":"TOOL_CALL_{kind}",{about}"toolCallId":"{tool_call_id}"{more}}}'


SUPERSEDED = '"metadata":{"superseded":true},'
RESTARTED = (
    '{"type":"CUSTOM","name":"chainstream.restart","value":{"t":2,"attempt":1,"reason":"fallback",'
    '"discard_from":2,"message_id":"m1","code":"provider_cut","model":"first","next_model":"second"}}'
)


def returns(content: str, about: str = "") -> str:
    return (
        f'{{"type":"TOOL_CALL_RESULT",{about}"messageId":"run.tool.c1","toolCallId":"c1","content":"{content}",'
        '"role":"tool"}'
    )


OF_M1 = ',"toolCallName":"add","parentMessageId":"run.m1"'

# The events, and of each the objects that it becomes.
CASES: dict[str, list[tuple[Event, list[str]]]] = {
    "text": [
        (started(), [STARTED]),
        (token("hi"), [opens(), *says("hi")]),
        (token(""), []),
        (token(" you"), says(" you")),
        (ended(), [closes()]),
        (done(), [FINISHED]),
    ],
    "what is still open is closed before the end": [
        (started(), [STARTED]),
        (step("a", "s1"), ['{"type":"STEP_STARTED","stepName":"a"}']),
        (step("b", "s2"), ['{"type":"STEP_STARTED","stepName":"b"}']),
        (token("hi"), [opens(), *says("hi")]),
        (call("{"), [calls("START", OF_M1), calls("ARGS", ',"delta":"{"')]),
        (
            cancelled(),
            [
                closes(), calls("END"), '{"type":"STEP_FINISHED","stepName":"b"}',
                '{"type":"STEP_FINISHED","stepName":"a"}', CANCELLED,
            ],
        ),
    ],
    "parallel messages as they are written": [
        (started(), [STARTED]),
        (token("a"), [opens(), *says("a")]),
        (token("x", "m2"), [opens("m2"), *says("x", "m2")]),
        (token("b"), says("b")),
        (ended("m2"), [closes("m2")]),
        (failed(), [closes(), FAILED]),
    ],
    "no inner text": [(started(), [STARTED]), (token("to itself", "m1", "inner"), []), (ended(), [])],
    "thoughts before, between and after": [
        (started(), [STARTED]),
        (
            thought("hm"),
            [
                thinks("START"), thinks("MESSAGE_START", ',"role":"reasoning"'),
                thinks("MESSAGE_CONTENT", ',"delta":"hm"'),
            ],
        ),
        (thought("m"), [thinks("MESSAGE_CONTENT", ',"delta":"m"')]),
        (token("a"), [thinks("MESSAGE_END"), thinks("END"), opens(), *says("a")]),
        (
            thought("so"),
            [
                thinks("START", number=2), thinks("MESSAGE_START", ',"role":"reasoning"', 2),
                thinks("MESSAGE_CONTENT", ',"delta":"so"', 2),
            ],
        ),
        (ended(), [thinks("MESSAGE_END", number=2), thinks("END", number=2), closes()]),
    ],
    "parallel calls, and what came of them": [
        (started(), [STARTED]),
        (call(""), [calls("START", OF_M1)]),
        (call("{", "c2"), [calls("START", OF_M1, "c2"), calls("ARGS", ',"delta":"{"', "c2")]),
        (call("{}"), [calls("ARGS", ',"delta":"{}"')]),
        (
            MessageEnd(t=1, message_id="m1", finish_reason="tool_calls"),
            [calls("END"), calls("END", "", "c2")],
        ),
        (tool_start(), []),
        (tool_end(), [returns("2")]),
        (done(), [FINISHED.replace('success"', 'success","pendingToolCallIds":["c2"]')]),
    ],
    "a call that no model wrote": [
        (started(), [STARTED]),
        (
            tool_start(),
            [
                calls("START", ',"toolCallName":"add"'),
                calls("ARGS", r',"delta":"{\"a\":1}"'),
                calls("END"),
            ],
        ),
        (tool_end({"b": [2]}), [returns(r"{\"b\":[2]}")]),
    ],
    "a call that did not run, and one that is cut": [
        (started(), [STARTED]),
        (
            ToolError(t=1, tool_call_id="c1", name="add", code="rejected", message="no", duration_ms=0),
            [
                calls("START", ',"toolCallName":"add"'), calls("END"),
                returns("no", '"metadata":{"error":{"code":"rejected","message":"no"}},'),
            ],
        ),
        (
            ToolEnd(
                t=1, tool_call_id="c1", name="add", output="ab", duration_ms=0, truncated=True, size=9
            ),
            [returns("ab", '"metadata":{"truncated":true,"size":9},')],
        ),
    ],
    "what a failed model told": [
        (started(), [STARTED]),
        (token("a"), [opens(), *says("a")]),
        (call("{"), [calls("START", OF_M1), calls("ARGS", ',"delta":"{"')]),
        (restart("m1", 2), [closes(about=SUPERSEDED), calls("END", about=SUPERSEDED), RESTARTED]),
        (MessageEnd(t=1, message_id="m1", finish_reason="error"), []),
        (token("b", "m2"), [opens("m2"), *says("b", "m2")]),
        (ended("m2"), [closes("m2")]),
        (done(), [FINISHED]),
    ],
    "what a failed model thought": [
        (started(), [STARTED]),
        (
            thought("hm"),
            [
                thinks("START"), thinks("MESSAGE_START", ',"role":"reasoning"'),
                thinks("MESSAGE_CONTENT", ',"delta":"hm"'),
            ],
        ),
        (restart("m1", 2), [thinks("MESSAGE_END", about=SUPERSEDED), thinks("END"), RESTARTED]),
    ],
    "steps of one name at once": [
        (started(), [STARTED]),
        (step("tools", "s1"), ['{"type":"STEP_STARTED","stepName":"tools"}']),
        (step("tools", "s2"), ['{"type":"STEP_STARTED","stepName":"tools (s2)"}']),
        (step_end("tools", "s1"), ['{"type":"STEP_FINISHED","stepName":"tools"}']),
        (step_end("tools", "s2"), ['{"type":"STEP_FINISHED","stepName":"tools (s2)"}']),
        (step_end("never begun", "s3"), []),
    ],
    "usage by model": [
        (started(), [STARTED]),
        (
            usage("a"),
            [
                '{"type":"CUSTOM","name":"chainstream.usage","value":{"t":1,"message_id":"m1","model":"a",'
                '"input_tokens":3,"output_tokens":2,"total_tokens":5,"cached_tokens":0,"reasoning_tokens":1,'
                '"cost_usd":null}}'
            ],
        ),
        (
            failed(),
            [
                FAILED[:-1] + ',"usage":[{"model":"a","inputTokens":3,"outputTokens":2,"totalTokens":5,'
                '"reasoningTokens":1,"cachedInputTokens":0}]}'
            ],
        ),
    ],
    "what AG-UI has no event for": [
        (started(), [STARTED]),
        (Custom(t=1, name="mood", data_=None), ['{"type":"CUSTOM","name":"mood","value":null}']),
        (
            Partial(t=1, value={"a": 1}),
            ['{"type":"CUSTOM","name":"chainstream.partial","value":{"t":1,"value":{"a":1}}}'],
        ),
        (
            Sources(t=1, items=[]),
            ['{"type":"CUSTOM","name":"chainstream.sources","value":{"t":1,"items":[]}}'],
        ),
        (
            ToolProgress(t=1, tool_call_id="c1", name="half", data_=0.5),
            [
                '{"type":"CUSTOM","name":"chainstream.tool_progress","value":{"t":1,"tool_call_id":"c1",'
                '"name":"half","data":0.5}}'
            ],
        ),
    ],
    "texts as they are": [
        (started(), [STARTED]),
        (token("a\r\nb\0"), [opens(), *says(r"a\r\nb\u0000")]),
        (token("é\u2028\x85"), says(r"é\u2028\u0085")),
        (tool_start("\u2029"), [
            calls("START", r',"toolCallName":"\u2029"'), calls("ARGS", r',"delta":"{\"a\":1}"'), calls("END"),
        ]),
    ],
    "a question is told once the run waits": [
        (started(), [STARTED]),
        (asks(), []),
        (token("on"), [opens(), *says("on")]),
    ],
}  # fmt: skip


def _stream(story: list[tuple[Event, list[str]]]) -> str:
    frames = []
    for seq, (_, objects) in enumerate(story, 1):
        for part, each in enumerate(objects, 1):
            its_id = f"run.1.{seq}" if part == len(objects) else f"run.1.{seq}.{part}"
            frames.append(f"id: {its_id}\ndata: {each}\n\n")
    return "".join(frames)


TABLE: Table = {name: ([event for event, _ in story], _stream(story)) for name, story in CASES.items()}


@rows(TABLE)
def test_events_become_these_bytes_which_read_alike_at_every_split(
    events: Sequence[Event], text: str
) -> None:
    assert_row("ag-ui", events, text, openai)


@rows(TABLE)
def test_the_protocols_own_classes_and_order_are_kept(events: Sequence[Event], text: str) -> None:
    client = AGUIClient()
    for message in openai([text.encode()]):
        client.take(message.data)


@pytest.mark.parametrize("text", [*PIECES, "word ", "👩‍👧", "x" * 10_000])
def test_pieces_of_messages_are_what_the_librarys_classes_would_encode(text: str) -> None:
    """They are put together by hand: for each token a class takes thirty times as long."""
    if not (text := text.encode("utf-8", "ignore").decode()):
        return
    made: dict[str, tuple[Event, BaseEvent]] = {
        "TEXT_MESSAGE": (token(text), TextMessageContentEvent(message_id="run.m1", delta=text)),
        "REASONING": (
            thought(text),
            ReasoningMessageContentEvent(message_id="run.m1.reasoning1", delta=text),
        ),
        "TOOL_CALL": (call(text), ToolCallArgsEvent(tool_call_id="c1", delta=text)),
    }
    for event, by_class in made.values():
        last = encoded("ag-ui", logged(started(), event)).rpartition(b"id: run.1.2\n")[2]
        theirs = EventEncoder().encode(by_class).encode()
        assert orjson.loads(last[len("data: ") :]) == orjson.loads(theirs[len("data: ") :])
        assert last == on_one_line(theirs.removesuffix(b"\n\n")) + b"\n\n"


def waiting(*events: Event, format_: AGUIFormat | None = None) -> bytes:
    format_ = format_ or AGUIFormat()
    body = Encoder(format_, RUN, START).encode(logged(*events))
    asked = [event.interrupt_id for event in events if isinstance(event, Approval)]
    return body + format_.paused(asked)


def last_of(body: bytes) -> dict[str, object]:
    client = AGUIClient()
    for message in openai([body]):
        last: dict[str, object] = orjson.loads(message.data)
        client.take(message.data)
    return last


def interrupts_of(body: bytes) -> list[dict[str, object]]:
    outcome = last_of(body)["outcome"]
    assert isinstance(outcome, dict)
    assert outcome["type"] == "interrupt"
    return list(outcome["interrupts"])


def types_in(chunks: Iterable[bytes]) -> list[str]:
    return [orjson.loads(message.data)["type"] for message in openai(chunks)]


def test_a_run_that_waits_ends_with_its_interrupts_and_all_that_was_open_is_closed() -> None:
    body = waiting(started(), step("a", "s1"), token("hm"), call("{}"), asks("i1", request()), asks("i2"))
    first, second = interrupts_of(body)
    assert first == {
        "id": "run.1.5",
        "reason": "tool_call",
        "message": "Go on?",
        "toolCallId": "c1",
        "responseSchema": {
            "type": "object",
            "properties": {"approved": {"type": "boolean"}, "reason": {"type": "string"}},
            "required": ["approved"],
        },
        "metadata": {"chainstream": {"interrupt_id": "i1", "value": "Go on?", "requests": [dict(request())]}},
    }
    assert (second["id"], second["reason"], second.get("responseSchema")) == (
        "run.1.6",
        "input_required",
        None,
    )
    assert b"id:" not in body[body.rindex(b"TEXT_MESSAGE_END") :]  # control frames have none


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (asks(value={"question": "Sure?", "x": 1}), "Sure?"),
        (asks(value={"x": 1}), None),
        (asks("i", request(), request("c2"), value={}), "Run add, add?"),
    ],
)
def test_an_interrupt_says_in_words_what_is_asked_where_it_can(asked: Approval, message: str | None) -> None:
    (interrupt,) = interrupts_of(waiting(started(), asked))
    assert interrupt.get("message") == message


def test_several_requests_of_one_question_take_a_decision_each() -> None:
    (interrupt,) = interrupts_of(waiting(started(), asks("i", request(), request("c2"))))
    assert interrupt["reason"] == "input_required"
    assert "toolCallId" not in interrupt
    schema = interrupt["responseSchema"]
    assert isinstance(schema, dict)
    assert schema["properties"]["decisions"]["minItems"] == 2


def test_a_run_that_goes_on_is_a_new_one_that_begins_after_the_question() -> None:
    events: list[Event] = [
        started(), step("a", "s1"), call("{}"), usage("a"), asks(),
        step_end("a", "s1"), tool_start(), tool_end(), token("ok", "m2"), done(),
    ]  # fmt: skip
    encoder = Encoder(AGUIFormat(thread_id="t", run_id="second", after=5), RUN, Cursor(5))
    told = [orjson.loads(message.data) for message in openai([encoder.encode(logged(*events))])]
    assert [each["type"] for each in told] == [
        "RUN_STARTED", "TOOL_CALL_RESULT", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]  # fmt: skip
    assert (told[0]["threadId"], told[0]["runId"]) == ("t", "second")
    assert (told[-1]["threadId"], told[-1]["runId"]) == ("t", "second")
    assert "usage" not in told[-1]  # of this run alone


def test_a_run_that_goes_on_and_waits_at_once_is_still_whole() -> None:
    format_ = AGUIFormat(after=2)
    encoder = Encoder(format_, RUN, Cursor(2))
    body = encoder.encode(logged(started(), asks("i1"))) + format_.paused(["i1"])
    assert types_in([body]) == [
        "RUN_STARTED",
        "RUN_FINISHED",
    ]
    format_ = AGUIFormat(after=2)
    body = Encoder(format_, RUN, Cursor(2)).encode(logged(started(), asks("i1"), asks("i2")))
    assert types_in([body]) == ["RUN_STARTED"]


def test_a_run_has_the_name_that_its_client_gave_it_where_one_did() -> None:
    format_ = AGUIFormat.made_for("t1", {RUN_ID_KEY: "theirs", "more": 1})
    first = orjson.loads(Encoder(format_, RUN, START).encode(logged(started()))[len("id: run.1.1\ndata: ") :])
    assert (first["threadId"], first["runId"]) == ("t1", "theirs")
    assert AGUIFormat.made_for(None, {RUN_ID_KEY: 7})._named == {"thread_id": "", "run_id": ""}


def test_a_gap_is_an_error_and_the_end() -> None:
    gap = Gap("expired", Cursor(1, 1), Cursor(4, 1), empty_snapshot("running"))
    body = Encoder(AGUIFormat(), RUN, Cursor(4, 1)).gap(gap)
    assert body.decode() == (
        'id: run.1.4\ndata: {"type":"RUN_ERROR","message":"the events after 1 cannot be had (expired)",'
        '"code":"expired"}\n\n'
    )
    assert AGUIFormat.gap_is_end


def test_a_run_begins_once_though_several_processes_have_had_it() -> None:
    again = RunStarted(
        t=5, run_id=RUN, chain="chat", model=None, thread_id=None, attempt=2, created_at="2026-11-20"
    )
    body = encoded("ag-ui", logged(started(), again, done(), attempts=[1, 2, 2]))
    assert types_in([body]) == ["RUN_STARTED", "RUN_FINISHED"]


def test_numbers_that_the_protocol_cannot_hold_fail_no_run() -> None:
    vast = Usage(
        t=1, message_id="m1", model="a", input_tokens=1 << 60, output_tokens=-5, total_tokens=1,
        cached_tokens=0, reasoning_tokens=0,
    )  # fmt: skip
    told = last_of(encoded("ag-ui", logged(started(), vast, vast, done())))["usage"]
    assert isinstance(told, list)
    assert (told[0]["inputTokens"], told[0]["outputTokens"]) == (2**53 - 1, 0)


def test_the_ping_is_a_comment_of_one_line_and_nothing_comes_before_the_run() -> None:
    assert AGUIFormat.ping == b": ping\n"
    assert AGUIFormat().opening("run.0.0") == b""

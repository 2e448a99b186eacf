"""`ai-sdk`: tables of events and chunks, and their exact bytes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from service.event_log.base import START, Cursor
from service.events import (
    Approval,
    ApprovalRequest,
    Custom,
    Event,
    MessageEnd,
    Partial,
    Reasoning,
    Sources,
    StepStart,
    ToolCall,
    ToolEnd,
    ToolError,
    ToolProgress,
    Usage,
)
from service.snapshot import Gap
from service.wire import FORMATS
from service.wire.ai_sdk import AISDKFormat
from service.wire.encoder import Encoder
from tests.wire.checks import check_ai_sdk
from tests.wire.parsers import browser
from tests.wire.random_logs import RUN_ID, Log
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
from tests.wire.tables import Row, Table, assert_row, rows

LAST = "data: [DONE]\n\n"
OURS = {"dynamic": True, "providerExecuted": True}
ADD = {"toolCallId": "c1", "toolName": "add"}
NO_USAGE = {
    "usage": {
        "inputTokens": 0,
        "outputTokens": 0,
        "totalTokens": 0,
        "cachedInputTokens": 0,
        "reasoningTokens": 0,
    },
    "costUsd": None,
}

Chunks = list[dict[str, Any]]
Story = list[tuple[Event, Chunks]]


def called(args: str, call_id: str = "c1", message_id: str = "m1") -> ToolCall:
    return ToolCall(
        t=1, message_id=message_id, step=None, tool_call_id=call_id, index=0, name="add", args_delta=args
    )


def refused(code: str, message: str) -> ToolError:
    return ToolError(t=2, tool_call_id="c1", name="add", code=code, message=message, duration_ms=1)


def broken(message_id: str = "m1") -> MessageEnd:
    return MessageEnd(t=1, message_id=message_id, finish_reason="error")


def thought(text: str) -> Reasoning:
    return Reasoning(t=1, message_id="m1", step=None, text=text)


def used(tokens: int, cost: float | None) -> Usage:
    return Usage(
        t=1,
        message_id="m1",
        model=None,
        input_tokens=tokens,
        output_tokens=1,
        total_tokens=tokens + 1,
        cached_tokens=0,
        reasoning_tokens=0,
        cost_usd=cost,
    )


def asked(*requests: ApprovalRequest) -> Approval:
    return Approval(t=1, interrupt_id="i1", value="May I?", requests=list(requests))


def about(call_id: str | None, **given: Any) -> ApprovalRequest:
    return ApprovalRequest(tool_call_id=call_id, name="add", input=given, allowed=["approve", "reject"])


RESTARTED = {
    "type": "data-restart",
    "data": {
        "message_id": "m1",
        "reason": "fallback",
        "code": "provider_cut",
        "model": "first",
        "next_model": "second",
    },
}


def partial(value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "data-partial", "id": "partial", "data": {"value": value}}


def delta(kind: str, part_id: str, text: str) -> dict[str, Any]:
    return {"type": f"{kind}-delta", "id": part_id, "delta": text}


def begun(kind: str, part_id: str) -> dict[str, Any]:
    return {"type": f"{kind}-start", "id": part_id}


def over(kind: str, part_id: str) -> dict[str, Any]:
    return {"type": f"{kind}-end", "id": part_id}


def input_of(call_id: str = "c1", name: str = "add", **given: Any) -> dict[str, Any]:
    return {"type": "tool-input-available", "toolCallId": call_id, "toolName": name, "input": given, **OURS}


def output_of(output: Any, call_id: str = "c1") -> dict[str, Any]:
    return {"type": "tool-output-available", "toolCallId": call_id, "output": output, **OURS}


def error_of(text: str) -> dict[str, Any]:
    return {"type": "tool-output-error", "toolCallId": "c1", "errorText": text, **OURS}


def metadata(**fields: Any) -> dict[str, Any]:
    return {"type": "message-metadata", "messageMetadata": fields}


def finish(reason: str, **fields: Any) -> dict[str, Any]:
    return {"type": "finish", "finishReason": reason, "messageMetadata": fields}


def request(place: int, call_id: str) -> dict[str, Any]:
    descriptor: dict[str, Any] = {"interruptId": "i1", "allowed": ["approve", "reject"]}
    if place == 0:
        descriptor |= {"value": "May I?", "responseSchema": None}
    named = {"approvalId": f"run.i1.{place}", "toolCallId": call_id, "approvalDescriptor": descriptor}
    return {"type": "tool-approval-request", **named}


def response(approved: bool, **fields: Any) -> dict[str, Any]:
    return {"type": "tool-approval-response", "approvalId": "run.i1.0", "approved": approved, **fields}


BEGIN, END = {"type": "start-step"}, {"type": "finish-step"}
START_CHUNK = {
    "type": "start",
    "messageId": "run",
    "messageMetadata": {
        "runId": "run",
        "chain": "chat",
        "model": "offline:demo",
        "threadId": None,
        "createdAt": "2026-11-20T00:00:00+00:00",
        "status": "running",
    },
}
BEGUN = {"type": "tool-input-start", **ADD, **OURS}
DONE = finish("stop", status="succeeded", **NO_USAGE, ttftMs=1, durationMs=9)
CANCELLED = [
    {"type": "abort", "reason": "user"},
    finish("interrupted", status="cancelled", cancelReason="user", **NO_USAGE, durationMs=9),
]
FAILED = [
    metadata(status="failed", error={"code": "chain_error", "fault": "chain", "retryable": False}),
    {"type": "error", "errorText": "It broke."},
    finish("error"),
]
UNRUN = error_of("The run ended before this call did.")


def text_delta(text: str) -> dict[str, Any]:
    return {"type": "tool-input-delta", "toolCallId": "c1", "inputTextDelta": text}


def tokens(given: int, made: int, total: int) -> dict[str, int]:
    return {
        "inputTokens": given,
        "outputTokens": made,
        "totalTokens": total,
        "cachedInputTokens": 0,
        "reasoningTokens": 0,
    }


def told(snippet: str, score: float | None) -> dict[str, Any]:
    return {"providerMetadata": {"chainstream": {"snippet": snippet, "score": score}}}


def paper(title: str) -> dict[str, str]:
    return {"mediaType": "text/plain", "title": title}


STORIES: dict[str, Story] = {
    "an answer": [
        (token("a"), [BEGIN, begun("text", "m1.1"), delta("text", "m1.1", "a")]),
        (token(""), []),
        (token("inner", "m2", "inner"), []),
        (token("\r\n\u2028"), [delta("text", "m1.1", "\r\n\u2028")]),
        (ended(), [over("text", "m1.1")]),
        (done(), [END, DONE]),
    ],
    "a thought, then text, then a thought": [
        (thought("hm"), [BEGIN, begun("reasoning", "m1.1"), delta("reasoning", "m1.1", "hm")]),
        (token("a"), [over("reasoning", "m1.1"), begun("text", "m1.2"), delta("text", "m1.2", "a")]),
        (thought("!"), [over("text", "m1.2"), begun("reasoning", "m1.3"), delta("reasoning", "m1.3", "!")]),
        (done(), [over("reasoning", "m1.3"), END, DONE]),
    ],
    "messages at the same time share a step": [
        (token("a"), [BEGIN, begun("text", "m1.1"), delta("text", "m1.1", "a")]),
        (token("b", "m2"), [begun("text", "m2.1"), delta("text", "m2.1", "b")]),
        (ended(), [over("text", "m1.1")]),
        (token("c", "m2"), [delta("text", "m2.1", "c")]),
        (ended("m2"), [over("text", "m2.1")]),
        (token("d", "m3"), [END, BEGIN, begun("text", "m3.1"), delta("text", "m3.1", "d")]),
    ],
    "a call that is written, run, and answered": [
        (token("a"), [BEGIN, begun("text", "m1.1"), delta("text", "m1.1", "a")]),
        (called(""), [over("text", "m1.1"), BEGUN]),
        (called('{"a"'), [text_delta('{"a"')]),
        (called(": 1}"), [text_delta(": 1}")]),
        (ended(), [input_of(a=1)]),
        (tool_start(), []),
        (token("inner", "m2"), [begun("text", "m2.1"), delta("text", "m2.1", "inner")]),
        (ended("m2"), [over("text", "m2.1")]),
        (tool_end(), [output_of(2)]),
        (token("b", "m3"), [END, BEGIN, begun("text", "m3.1"), delta("text", "m3.1", "b")]),
    ],
    "a call without arguments": [(called(""), [BEGIN, BEGUN]), (ended(), [input_of()])],
    "a call that is no JSON": [
        (called('{"a'), [BEGIN, BEGUN, text_delta('{"a')]),
        (
            ended(),
            [
                {
                    "type": "tool-input-error",
                    **ADD,
                    "input": '{"a',
                    "errorText": "The model broke off while it wrote this call.",
                    **OURS,
                }
            ],
        ),
        (refused("not_run", "No."), [error_of("No.")]),
    ],
    "a call whose model broke off": [
        (called("{}"), [BEGIN, BEGUN, text_delta("{}")]),
        (
            broken(),
            [
                {
                    "type": "tool-input-error",
                    **ADD,
                    "input": {},
                    "errorText": "The model broke off while it wrote this call.",
                    **OURS,
                }
            ],
        ),
        (done(), [END, DONE]),
    ],
    "a tool that no model called": [
        (tool_start(), [BEGIN, input_of(a=1)]),
        (tool_end(), [output_of(2)]),
    ],
    "an end of what nobody began": [(tool_end(), [{**input_of(), "input": None}, output_of(2)])],
    "a tool that failed": [
        (tool_start(), [BEGIN, input_of(a=1)]),
        (refused("tool_error", "No."), [error_of("No.")]),
        (tool_end(), [output_of(2)]),
    ],
    "an output that was cut": [
        (tool_start(), [BEGIN, input_of(a=1)]),
        (
            ToolEnd(t=1, tool_call_id="c1", name="add", output="x", duration_ms=1, truncated=True, size=9),
            [{**output_of("x"), "toolMetadata": {"truncated": True, "size": 9}}],
        ),
    ],
    "an approved call": [
        (called('{"a": 1}'), [BEGIN, BEGUN, text_delta('{"a": 1}')]),
        (ended(), [input_of(a=1)]),
        (asked(about("c1", a=1)), [request(0, "c1")]),
        (tool_start(), [response(approved=True)]),
        (tool_end(), [output_of(2)]),
    ],
    "a call that was approved and changed": [
        (called('{"a": 7}'), [BEGIN, BEGUN, text_delta('{"a": 7}')]),
        (ended(), [input_of(a=7)]),
        (asked(about("c1", a=7)), [request(0, "c1")]),
        (tool_start(), [input_of(a=1), response(approved=True)]),
    ],
    "a rejected call": [
        (called('{"a": 1}'), [BEGIN, BEGUN, text_delta('{"a": 1}')]),
        (ended(), [input_of(a=1)]),
        (asked(about("c1", a=1)), [request(0, "c1")]),
        (
            refused("rejected", "no"),
            [response(approved=False, reason="no"), {"type": "tool-output-denied", "toolCallId": "c1"}],
        ),
    ],
    "a tool that asks, and returns": [
        (tool_start(), [BEGIN, input_of(a=1)]),
        (asked(about("c1", a=1)), [request(0, "c1")]),
        (tool_end(), [response(approved=True), output_of(2)]),
    ],
    "a question outside of any tool": [
        (
            asked(),
            [
                BEGIN,
                {**input_of("i1.0", "question"), "input": "May I?"},
                {
                    **request(0, "i1.0"),
                    "approvalDescriptor": {
                        "interruptId": "i1",
                        "allowed": ["approve", "edit", "reject", "respond"],
                        "value": "May I?",
                        "responseSchema": None,
                    },
                },
            ],
        ),
        (
            token("a"),
            [output_of(None, "i1.0"), END, BEGIN, begun("text", "m1.1"), delta("text", "m1.1", "a")],
        ),
    ],
    "a run that ends while it waits": [
        (tool_start(), [BEGIN, input_of(a=1)]),
        (asked(about("c1", a=1)), [request(0, "c1")]),
        (cancelled(), [UNRUN, END, *CANCELLED]),
    ],
    "a call that nobody is to run": [
        (called("{}"), [BEGIN, BEGUN, text_delta("{}")]),
        (ended(), [input_of()]),
        (done(), [END, DONE]),
    ],
    "a call that was left when its run went on": [
        (called("{}"), [BEGIN, BEGUN, text_delta("{}")]),
        (ended(), [input_of()]),
        (asked(about(None)), [input_of("i1.0"), request(0, "i1.0")]),
        (done(), [output_of(None, "i1.0"), UNRUN, END, DONE]),
    ],
    "a failure": [
        (token("a"), [BEGIN, begun("text", "m1.1"), delta("text", "m1.1", "a")]),
        (tool_start(), [input_of(a=1)]),
        (failed(), [over("text", "m1.1"), UNRUN, END, *FAILED]),
    ],
    "a run that was cancelled": [(cancelled(), CANCELLED)],
    "usage so far, its cost while all of it is known": [
        (used(3, 0.5), [metadata(usage=tokens(3, 1, 4), costUsd=0.5)]),
        (used(2, 0.25), [metadata(usage=tokens(5, 2, 7), costUsd=0.75)]),
        (used(1, None), [metadata(usage=tokens(6, 3, 9), costUsd=None)]),
    ],
    "what a failed model said, and the value so far of it": [
        (token('{"a":'), [BEGIN, begun("text", "m1.1"), delta("text", "m1.1", '{"a":')]),
        (Partial(t=1, value={"a": 1}), [partial({"a": 1})]),
        (restart("m1", 2), [over("text", "m1.1"), {"type": "reset-step"}, RESTARTED]),
        (broken(), []),
        (token("{", "m2"), [begun("text", "m2.1"), delta("text", "m2.1", "{")]),
        (Partial(t=1, value={}), [partial({})]),
        (ended("m2"), [over("text", "m2.1")]),
    ],
    "what a failed model said beside something else": [
        (token("a"), [BEGIN, begun("text", "m1.1"), delta("text", "m1.1", "a")]),
        (
            Custom(t=1, name="n", data_=[1]),
            [{"type": "data-custom", "data": {"name": "n", "data": [1]}}],
        ),
        (restart("m1", 2), [over("text", "m1.1"), RESTARTED]),
        (broken(), []),
    ],
    "what is no part of the protocol": [
        (
            StepStart(t=1, step="s1", name="model", parent=None),
            [
                {
                    "type": "data-step",
                    "data": {"step": "s1", "name": "model", "parent": None, "status": "started"},
                    "transient": True,
                }
            ],
        ),
        (
            Custom(t=1, name="n", data_=[1]),
            [{"type": "data-custom", "data": {"name": "n", "data": [1]}}],
        ),
        (
            Partial(t=1, value={"a": 1}),
            [partial({"a": 1})],
        ),
        (
            ToolProgress(t=1, tool_call_id="c1", name="n", data_=1),
            [
                {
                    "type": "data-tool-progress",
                    "id": "c1",
                    "data": {"tool_call_id": "c1", "name": "n", "data": 1},
                }
            ],
        ),
    ],
    "sources: what a page may link to, and the rest": [
        (
            Sources(
                t=1,
                items=[
                    {"id": "d1", "title": "T", "url": "HTTPS://x/y", "snippet": "s", "score": 0.5},
                    {"id": None, "title": None, "url": "https://z", "snippet": "", "score": None},
                    {"id": None, "title": None, "url": "javascript:alert(1)", "snippet": "s", "score": None},
                    {"id": None, "title": None, "url": None, "snippet": "s", "score": None},
                ],
            ),
            [
                {
                    "type": "source-url",
                    "sourceId": "d1",
                    "url": "HTTPS://x/y",
                    "title": "T",
                    **told("s", 0.5),
                },
                {"type": "source-url", "sourceId": "2", "url": "https://z", **told("", None)},
                {
                    "type": "source-document",
                    "sourceId": "3",
                    **paper("javascript:alert(1)"),
                    **told("s", None),
                },
                {"type": "source-document", "sourceId": "4", **paper("4"), **told("s", None)},
            ],
        )
    ],
}


def stream_of(story: Story) -> str:
    """The frames; where an event makes several, the earlier ones have parts of its id."""
    text = ""
    for seq, (event, chunks) in enumerate(story, 1):
        data = [orjson.dumps(chunk).decode().replace("\u2028", "\\u2028") for chunk in chunks]
        ends = event.type in ("done", "error", "cancelled")
        for place, each in enumerate([*data, "[DONE]"] if ends else data, 1):
            part = f".{place}" if place < len(data) + ends else ""
            text += f"id: run.1.{seq}{part}\ndata: {each}\n\n"
    return text


def row_of(story: Story) -> Row:
    """As a log has it: the run's beginning is the first."""
    whole = [(started(), [START_CHUNK]), *story]
    return [event for event, _ in whole], stream_of(whole)


TABLE: Table = {name: row_of(story) for name, story in STORIES.items()}


@rows(TABLE)
def test_events_become_these_bytes_which_read_alike_at_every_split(
    events: Sequence[Event], text: str
) -> None:
    assert_row("ai-sdk", events, text, browser)


def test_a_gap_is_an_error_and_the_end() -> None:
    gap = Gap("expired", Cursor(1, 1), Cursor(4, 1), empty_snapshot("running"))
    error = '{"type":"error","errorText":"the events after 1 cannot be had (expired)"}'
    body = Encoder(AISDKFormat(), RUN, Cursor(4, 1)).gap(gap)
    assert body.decode() == f"id: run.1.4\ndata: {error}\n\n{LAST}"
    assert AISDKFormat.gap_is_end


def test_a_pause_lets_the_calls_pass_that_nobody_is_asked_about() -> None:
    format_ = AISDKFormat()
    story: list[Event] = [called("{}"), called("{}", "c2"), ended(), asked(about("c1"))]
    Encoder(format_, RUN, START).encode(logged(started(), *story))
    automatic, allowed, end, last = format_.paused(["i1"]).decode().split("\n\n")[:-1]
    asked_ = {
        "type": "tool-approval-request",
        "approvalId": "run..c2",
        "toolCallId": "c2",
        "isAutomatic": True,
    }
    assert orjson.loads(automatic.removeprefix("data: ")) == asked_
    assert orjson.loads(allowed.removeprefix("data: ")) == {
        "type": "tool-approval-response",
        "approvalId": "run..c2",
        "approved": True,
    }
    assert orjson.loads(end.removeprefix("data: ")) == finish("tool-calls", status="waiting")
    assert last == "data: [DONE]"


def test_the_ping_is_a_comment_of_one_line_and_the_header_is_vercels() -> None:
    assert FORMATS["ai-sdk"].ping == b": ping\n"
    assert FORMATS["ai-sdk"].headers == {"x-vercel-ai-ui-message-stream": "v1"}


@pytest.mark.parametrize("name", STORIES)
def test_a_reader_as_strict_as_the_client_takes_all_of_it(name: str) -> None:
    events: list[Event] = [replace(started(), run_id=RUN_ID), *TABLE[name][0][1:]]
    records = logged(*events)
    check_ai_sdk(Log(events, records), [encoded("ai-sdk", records, run_id=RUN_ID)])

"""`responses`: what OpenAI's SDK makes of it, and that each number leads back to its place."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from service.event_log.base import START, Cursor, Record
from service.events import BARE_CHAIN, Done, Event, MessageEnd, Reasoning, RunStarted, ToolCall
from service.snapshot import Gap
from service.wire.encoder import Encoder
from service.wire.response_story import ResponseStory
from service.wire.responses import UNIT, ResponsesFormat, place_of_number
from tests.wire.parsers import openai
from tests.wire.random_logs import random_log
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
    restart,
    token,
    tool_end,
    tool_start,
)

EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def begun(chain: str = BARE_CHAIN) -> RunStarted:
    return RunStarted(
        t=0,
        run_id=RUN,
        chain=chain,
        model="openai:gpt",
        thread_id=None,
        attempt=1,
        created_at="2026-11-20T00:00:00+00:00",
    )


def call(index: int, args: str, message_id: str = "m1") -> ToolCall:
    return ToolCall(
        t=1,
        message_id=message_id,
        step=None,
        tool_call_id=f"c{index}",
        index=index,
        name="add",
        args_delta=args,
    )


def cut_short() -> Done:
    return Done(t=9, output="", finish_reason="length", usage=USAGE, ttft_ms=1, duration_ms=9)


def thought(text: str, message_id: str = "m1") -> Reasoning:
    return Reasoning(t=1, message_id=message_id, step=None, text=text)


def told(records: Sequence[Record], cursor: Cursor = START) -> list[dict[str, Any]]:
    return [json.loads(message.data) for message in openai([encoded("responses", records, cursor)])]


def kinds(events: Sequence[Event]) -> list[str]:
    return [each["type"].removeprefix("response.") for each in told(logged(*events))]


def test_a_chains_answer_is_one_message_and_its_own_calls_and_thoughts_are_not_told() -> None:
    events: list[Event] = [
        *(begun("agent"), thought("hm"), token("Let "), call(0, "{}"), ended(), tool_start(), tool_end()),
        *(token("2", "m2"), ended("m2"), done()),
    ]
    assert kinds(events) == [
        "created", "in_progress", "output_item.added", "content_part.added", "output_text.delta",
        "output_text.delta", "output_text.done", "content_part.done", "output_item.done", "completed",
    ]  # fmt: skip
    *_, last = told(logged(*events))
    assert [part["text"] for item in last["response"]["output"] for part in item["content"]] == ["Let 2"]


def test_a_models_thoughts_text_and_calls_are_items_in_their_order() -> None:
    calls = [call(0, ""), call(1, '{"a"'), call(0, "{}"), call(1, ":1}")]
    end = MessageEnd(t=2, message_id="m1", finish_reason="tool_calls")
    events: list[Event] = [begun(), thought("hm"), token("hi"), *calls, end, done()]
    *_, last = told(logged(*events))
    output = last["response"]["output"]
    assert [item["type"] for item in output] == ["reasoning", "message", "function_call", "function_call"]
    assert [item["arguments"] for item in output[2:]] == ["{}", '{"a":1}']
    assert {item["status"] for item in output} == {"completed"}
    assert len({item["id"] for item in output}) == 4


@pytest.mark.parametrize(
    ("end", "kind", "status"),
    [
        (done(), "completed", "completed"),
        (failed(), "failed", "failed"),
        (cancelled(), "incomplete", "cancelled"),
        (cut_short(), "incomplete", "incomplete"),
    ],
)
def test_each_end_closes_what_is_open(end: Event, kind: str, status: str) -> None:
    told_at_last = told(logged(begun(), token("a"), call(0, "{"), end))
    *_, last = told_at_last
    assert (last["type"], last["response"]["status"]) == (f"response.{kind}", status)
    finished = [each for each in told_at_last if each["type"] == "response.output_item.done"]
    assert len(finished) == 2
    assert {each["item"]["status"] for each in finished} == {
        "completed" if kind == "completed" else "incomplete"
    }


@pytest.mark.parametrize("seed", range(30))
def test_in_any_run_numbers_grow_and_each_leads_back_to_its_place(seed: int) -> None:
    records = _of_a_model(random_log(Random(seed), at_most=80).records, bare=bool(seed % 2))
    events = told(records)
    numbers = [each["sequence_number"] for each in events]
    assert numbers == sorted(set(numbers))
    for at in [*Random(seed).sample(range(len(numbers)), min(8, len(numbers)))]:
        assert told(records, place_of_number(numbers[at])) == events[at + 1 :]
    for each in events:
        EVENTS.validate_python({**each, **_lenient(each)})
    story = ResponseStory()
    for record in records:
        story.take(record.event(), record.seq)
    if records[-1].terminal and events[-1]["type"] != "error":  # which ends the stream alone
        assert events[-1]["response"] == story.response


def _of_a_model(records: Sequence[Record], *, bare: bool) -> list[Record]:
    """The same log from a run's beginning; it may have one of its own within."""
    later = [record.event() for record in records if record.name != "run"]
    return logged(begun(BARE_CHAIN if bare else "agent"), *later)


def _lenient(event: dict[str, Any]) -> dict[str, Any]:
    """What the SDK's types want to be one of OpenAI's own values, or of its own fields."""
    if "response" not in event:
        return {}
    response = dict(event["response"])
    if response["error"]:
        response["error"] = {**response["error"], "code": "server_error"}
    if response["incomplete_details"]:
        response["incomplete_details"] = {"reason": "content_filter"}
    if response["usage"]:
        details = {**response["usage"]["input_tokens_details"], "cache_write_tokens": 0}
        response["usage"] = {**response["usage"], "input_tokens_details": details}
    return {"response": response}


def test_the_places_of_numbers() -> None:
    assert place_of_number(0) == START
    assert place_of_number(3 * UNIT) == Cursor(3)
    assert place_of_number(2 * UNIT + 1) == Cursor(3, part=1)


def test_a_pause_ends_the_stream_after_all_that_was_told_and_before_what_will_be() -> None:
    format_ = ResponsesFormat()
    body = Encoder(format_, RUN, START).encode(logged(begun("mailer"), token("May I?")))
    *_, said, paused = [json.loads(each.data) for each in openai([body, format_.paused(["i1"])])]
    assert (paused["type"], paused["response"]["incomplete_details"]) == (
        "response.incomplete",
        {"reason": "waiting"},
    )
    assert said["sequence_number"] <= paused["sequence_number"] == 2 * UNIT


def test_a_gap_is_an_error_and_the_end() -> None:
    gap = Gap("expired", Cursor(1, 1), Cursor(4, 1), empty_snapshot("running"))
    (error,) = openai([Encoder(ResponsesFormat(), RUN, Cursor(4, 1)).gap(gap)])
    assert json.loads(error.data)["code"] == "expired" and ResponsesFormat.gap_is_end


@pytest.mark.parametrize("chain", [BARE_CHAIN, "agent"])
def test_an_item_that_was_superseded_ends_incomplete_and_the_response_does_not_have_it(chain: str) -> None:
    lost: list[Event] = [token("Lost"), restart(discard_from=2), ended()]
    events = told(logged(begun(chain), *lost, token("Won", "m2"), ended("m2"), done()))
    items = [each["item"] for each in events if each["type"] == "response.output_item.done"]
    assert [(item["content"][0]["text"], item["status"]) for item in items] == [
        ("Lost", "incomplete"),
        ("Won", "completed"),
    ]
    assert events[-1]["response"]["output"] == [items[1]]


def test_what_was_said_before_the_superseded_message_is_said_again() -> None:
    before: list[Event] = [token("Kept. ", "m0"), ended("m0"), token("Lost"), restart(), ended()]
    events = told(logged(begun("agent"), *before, token("Won", "m2"), done()))
    assert [item["content"][0]["text"] for item in events[-1]["response"]["output"]] == ["Kept. Won"]


@pytest.mark.parametrize("chain", [BARE_CHAIN, "agent"])
def test_of_what_was_superseded_no_part_is_done(chain: str) -> None:
    """SDKs parse it then, and fail at half of a JSON."""
    lost: list[Event] = [thought("hm"), token('{"a'), restart(discard_from=2), ended()]
    events = told(logged(begun(chain), *lost, token("{}", "m2"), ended("m2"), done()))
    [text] = [each["text"] for each in events if each["type"] == "response.output_text.done"]
    assert text == "{}"


def superseded_calls() -> list[Record]:
    lost: list[Event] = [thought("hm"), call(1, '{"a'), restart(), ended()]
    return logged(begun(), *lost, call(2, "{}", "m2"), ended("m2"), done())


def test_calls_that_were_superseded_are_not_in_the_response() -> None:
    story = ResponseStory()
    for record in superseded_calls():
        story.take(record.event(), record.seq)
    assert [item["call_id"] for item in story.response["output"] if item["type"] == "function_call"] == ["c2"]


def test_a_stream_whose_calls_are_superseded_ends_with_an_error_before_anybody_runs_them() -> None:
    *others, error = told(superseded_calls())
    assert (error["type"], error["code"]) == ("error", "restarted")
    names = {each["type"] for each in others}
    assert names.isdisjoint({"response.function_call_arguments.done", "response.completed"})

"""How the offline model streams: pieces, calls, usage, ends, pace, and what it says after tools have run."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.runnables import Runnable
from pydantic import BaseModel

from service.offline import OfflineChatModel

from .choices import SHIPPED
from .unfamiliar_tools import UNFAMILIAR, get_weather, search_docs

TWO_WISHES = "What is 37*43, and what time is it in Tokyo?"


def model(**fields: Any) -> OfflineChatModel:
    return OfflineChatModel(tokens_per_second=0, **fields)


def agent() -> Runnable[Any, AIMessage]:
    return model().bind_tools(SHIPPED)


def joined(chunks: list[Any]) -> AIMessageChunk:
    total = chunks[0]
    for chunk in chunks[1:]:
        total = total + chunk
    assert isinstance(total, AIMessageChunk)
    return total


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_streams_and_joins_to_what_invoke_gives(prompt: str) -> None:
    for runnable in (model(), agent(), model().bind_tools(UNFAMILIAR)):
        streamed, invoked = joined(list(runnable.stream(prompt))), runnable.invoke(prompt)
        assert streamed.content == invoked.content
        assert streamed.tool_calls == invoked.tool_calls
        assert not streamed.invalid_tool_calls


def test_tokens_are_pieces_like_words_and_their_text_is_the_answer() -> None:
    chunks = list(model().stream("tell me a story about a fox"))
    assert len(chunks) > 80
    assert (
        "".join(str(chunk.content) for chunk in chunks)
        == model().invoke("tell me a story about a fox").content
    )
    assert max(len(str(chunk.content).strip()) for chunk in chunks) <= 12


def test_two_calls_stream_with_names_first_and_arguments_in_pieces() -> None:
    streamed: list[Any] = list(agent().stream(TWO_WISHES))
    chunks = [chunk for chunk in streamed if chunk.tool_call_chunks]
    by_index: dict[int, list[Any]] = {0: [], 1: []}
    for chunk in chunks:
        by_index[chunk.tool_call_chunks[0]["index"] or 0] += chunk.tool_call_chunks
    for pieces in by_index.values():
        assert pieces[0]["name"] and pieces[0]["id"].startswith("call_")
        assert all(piece["name"] is None and piece["id"] is None for piece in pieces[1:])
        assert len(pieces) > 2
        json.loads("".join(piece["args"] for piece in pieces))


def test_the_last_chunk_has_usage_model_and_reason() -> None:
    last = list(model().stream("hello"))[-1]
    assert last.chunk_position == "last"
    assert last.response_metadata == {"model_name": "demo", "finish_reason": "stop"}
    assert last.usage_metadata is not None
    usage = last.usage_metadata
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0


def test_the_reason_of_calls_is_tool_calls() -> None:
    assert agent().invoke(TWO_WISHES).response_metadata["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_max_tokens_ends_the_answer(limit: int) -> None:
    answer = model(max_tokens=limit).invoke("tell me a story")
    assert answer.response_metadata["finish_reason"] == "length"
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] == limit


def test_a_stop_sequence_ends_the_answer_before_it() -> None:
    answer = model().invoke("say one two three four", stop=["three"])
    assert answer.content == "one two "
    assert answer.response_metadata["finish_reason"] == "stop"


def test_the_same_conversation_gives_the_same_answer_and_ids() -> None:
    first, second = agent().invoke(TWO_WISHES), agent().invoke(TWO_WISHES)
    assert first.content == second.content
    assert first.tool_calls == second.tool_calls


def test_ids_of_calls_are_unique_in_a_conversation() -> None:
    messages: list[BaseMessage] = []
    for _ in range(3):
        messages.append(HumanMessage("What is 2+2 and 3+3?"))
        answer = agent().invoke(messages)
        messages += [answer, *(ToolMessage("4", tool_call_id=call["id"]) for call in answer.tool_calls)]
    ids = [
        call["id"] for message in messages if isinstance(message, AIMessage) for call in message.tool_calls
    ]
    assert len(ids) == len(set(ids)) == 6


def after_tools(prompt: str, *results: ToolMessage) -> AIMessage:
    """What the model says when its calls have had these results, in order."""
    asked = agent().invoke(prompt)
    for call, result in zip(asked.tool_calls, results, strict=True):
        result.tool_call_id = call["id"] or ""
    return agent().invoke([HumanMessage(prompt), asked, *results])


def result(text: str, status: Literal["success", "error"] = "success") -> ToolMessage:
    return ToolMessage(text, tool_call_id="", status=status)


def test_the_answer_after_tools_cites_each_result_and_calls_nothing_again() -> None:
    answer = after_tools(TWO_WISHES, result("37*43 = 1591"), result("It is 16:34 in Asia/Tokyo."))
    assert not answer.tool_calls
    assert "1591" in str(answer.content) and "16:34" in str(answer.content)


def test_a_failed_tool_is_told_as_failed() -> None:
    answer = after_tools("convert 5 flurbs to km", result("there is no unit 'flurbs'", "error"))
    assert "The tool convert_units failed: there is no unit 'flurbs'" in str(answer.content)


def test_what_no_tool_could_do_is_said_beside_the_results() -> None:
    answer = after_tools("What is 2+2 and who wrote Hamlet?", result("2+2 = 4"))
    assert "2+2 = 4" in str(answer.content)
    assert "who wrote Hamlet" in str(answer.content) and "demo model" in str(answer.content)


def test_a_follow_up_asks_the_tool_of_before_with_what_is_new() -> None:
    asked = agent().invoke("What time is it in Paris?")
    told = ToolMessage("It is 10:00.", tool_call_id=asked.tool_calls[0]["id"] or "")
    messages = [
        HumanMessage("What time is it in Paris?"),
        asked,
        told,
        AIMessage("10:00"),
        HumanMessage("and in London?"),
    ]
    (call,) = agent().invoke(messages).tool_calls
    assert (call["name"], call["args"]) == ("current_time", {"timezone": "Europe/London"})


def test_steps_that_need_a_result_wait_for_it() -> None:
    runnable = model().bind_tools(UNFAMILIAR)
    prompt = HumanMessage("Add 3 and 4, then multiply the result by 2")
    first = runnable.invoke([prompt])
    assert [(call["name"], call["args"]) for call in first.tool_calls] == [("add", {"a": 3, "b": 4})]
    told = ToolMessage("7", tool_call_id=first.tool_calls[0]["id"] or "")
    second = runnable.invoke([prompt, first, told])
    assert [(call["name"], call["args"]) for call in second.tool_calls] == [("multiply", {"a": 7, "b": 2})]


@pytest.mark.parametrize(
    "choice",
    ["any", "required", True, "search_docs", {"type": "function", "function": {"name": "search_docs"}}],
)
def test_a_forced_choice_calls_a_tool_for_any_prompt(choice: Any) -> None:
    (call,) = model().bind_tools([search_docs], tool_choice=choice).invoke("hello").tool_calls
    assert call["name"] == "search_docs"
    assert isinstance(call["args"]["query"], str)


def test_the_choice_none_calls_nothing() -> None:
    assert not model().bind_tools([get_weather], tool_choice="none").invoke("weather in Paris").tool_calls


def test_a_choice_of_an_unbound_tool_is_refused() -> None:
    with pytest.raises(ValueError, match="no tool 'other'"):
        model().bind_tools([get_weather], tool_choice="other")


def test_without_parallel_calls_there_is_one() -> None:
    assert len(model().bind_tools(SHIPPED, parallel_tool_calls=False).invoke(TWO_WISHES).tool_calls) == 1


class Person(BaseModel):
    """A person."""

    name: str
    age: int
    email: str | None = None


class Order(BaseModel):
    """An order with everything that a schema can have."""

    buyer: Person
    size: Literal["small", "large"]
    quantity: int
    tags: list[str]
    urgent: bool
    price: float


def test_structured_output_is_taken_from_the_text() -> None:
    person = model().with_structured_output(Person).invoke("Alice Smith is 30 years old, alice@x.org")
    assert person == Person(name="Alice Smith", age=30, email="alice@x.org")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_structured_output_is_valid_for_any_text(text: str) -> None:
    assert isinstance(model().with_structured_output(Order).invoke(text), Order)


def test_a_system_message_that_wants_it_short_is_heard() -> None:
    long = model().invoke("tell me a story about a fox")
    short = model().invoke(
        [SystemMessage("Answer in one sentence."), HumanMessage("tell me a story about a fox")]
    )
    assert len(str(short.content)) < len(str(long.content)) / 2


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("hello", "demo model"),
        ("What is the capital of France?", "no knowledge"),
        ("say hello world", "hello world"),
        ('repeat "good day" 3 times', "good day good day good day"),
        ("give me 3 ideas for dinner", "3. "),
        (
            "Summarize: The cat sat on the mat. It was happy. Then it went away.",
            "The cat sat on the mat. It was happy.",
        ),
        ("what can you do?", "offline demo model"),
    ],
)
def test_an_answer_without_tools_reacts_to_the_prompt(prompt: str, said: str) -> None:
    assert said in str(model().invoke(prompt).content)


def test_a_story_is_about_what_was_asked_and_differs_by_prompt() -> None:
    fox, owl = (
        str(model().invoke(f"Tell me a story about a brave {hero}").content) for hero in ("fox", "owl")
    )
    assert "brave fox" in fox and "brave owl" in owl
    assert fox.replace("fox", "owl") != owl
    assert 80 <= len(fox.split()) <= 180


def test_text_blocks_of_a_multimodal_message_are_read() -> None:
    blocks: list[str | dict[Any, Any]] = [
        {"type": "image_url", "image_url": {"url": "data:,"}},
        {"type": "text", "text": "What is 2+2?"},
    ]
    assert agent().invoke([HumanMessage(blocks)]).tool_calls


def test_only_the_end_of_a_huge_prompt_is_analysed() -> None:
    prompt = "word " * 200_000 + "What is 6*7?"
    (call,) = agent().invoke(prompt).tool_calls
    assert call["args"] == {"expression": "6*7"}


def sleep_here_by(monkeypatch: pytest.MonkeyPatch, module: ModuleType, sleep: Callable[..., Any]) -> None:
    """In this thread alone: others have servers, whose sleep is theirs."""
    here, real = threading.get_ident(), module.sleep

    def either(*args: Any) -> Any:
        return (sleep if threading.get_ident() == here else real)(*args)

    monkeypatch.setattr(module, "sleep", either)


@pytest.mark.anyio
async def test_unpaced_it_never_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(seconds: float) -> None:
        raise AssertionError("slept")

    sleep_here_by(monkeypatch, asyncio, forbidden)
    sleep_here_by(monkeypatch, time, forbidden)
    assert [chunk async for chunk in model().astream("hello")]
    assert list(model().stream("hello"))


@pytest.mark.anyio
async def test_the_pace_keeps_to_a_schedule_that_does_not_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    sleep_here_by(monkeypatch, asyncio, sleep)
    count = len([chunk async for chunk in OfflineChatModel(tokens_per_second=0.001).astream("hello")])
    # The clock stood nearly still, so each wait is the whole time from the start to that chunk's moment.
    assert slept == pytest.approx([number * 1000 for number in range(1, count)], abs=500)


def test_tracing_knows_provider_and_model() -> None:
    params = model(temperature=0.5)._get_ls_params()
    assert (params["ls_provider"], params["ls_model_name"]) == ("offline", "demo")
    assert isinstance(model(), BaseChatModel)

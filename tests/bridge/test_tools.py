"""Tools outside any agent: what they are given, say, return, and how they fail."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from langchain_core.callbacks import adispatch_custom_event, dispatch_custom_event
from langchain_core.messages import ToolCall as Call
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda, RunnableParallel
from langchain_core.tools import BaseTool, StructuredTool, ToolException, tool

from service.callbacks import AsyncIteratorCallbackHandler
from service.events import Custom, Partial, ToolEnd, ToolError, ToolProgress, ToolStart
from tests.bridge.models import WAIT, chat, last
from tests.bridge.stories import told_of


def made(function: Any, **fields: Any) -> BaseTool:
    """A tool of one function, sync or async."""
    kind = "coroutine" if asyncio.iscoroutinefunction(function) else "func"
    given: dict[str, Any] = {kind: function, "name": "made", "description": "Made.", **fields}
    return StructuredTool.from_function(**given)


def called(name: str = "made", **args: Any) -> Call:
    return Call(name=name, args=args, id="call_1", type="tool_call")


async def aecho(text: str) -> str:
    return text


def echo(text: str) -> str:
    return text


@pytest.mark.parametrize("function", [aecho, echo])
async def test_a_tool_is_told_with_its_input_and_output(function: Any) -> None:
    story = await told_of(made(function), called(text="x"))
    assert story.names == ["tool_start", "tool_end"]
    start, end = story.one(ToolStart), story.one(ToolEnd)
    assert (start.tool_call_id, start.name, start.input) == ("call_1", "made", {"text": "x"})
    assert (end.tool_call_id, end.name, end.output, end.truncated) == ("call_1", "made", "x", False)


async def test_a_tool_called_without_an_id_gets_one() -> None:
    story = await told_of(RunnableParallel(a=made(echo), b=made(aecho)), {"text": "x"})
    ids = [event.tool_call_id for event in story.of(ToolStart)]
    assert len(set(ids)) == 2
    assert {event.tool_call_id for event in story.of(ToolEnd)} == set(ids)


@pytest.mark.parametrize("in_thread", [False, True])
async def test_custom_events_inside_a_tool_are_its_progress(in_thread: bool) -> None:
    async def on_loop() -> str:
        await adispatch_custom_event("step", {"n": 1})
        await adispatch_custom_event("step", {"n": 2})
        return "ok"

    def threaded() -> str:
        assert threading.current_thread() is not threading.main_thread()
        dispatch_custom_event("step", {"n": 1})
        dispatch_custom_event("step", {"n": 2})
        return "ok"

    story = await told_of(made(threaded if in_thread else on_loop), called())
    assert story.names == ["tool_start", "tool_progress", "tool_progress", "tool_end"]
    assert [(p.tool_call_id, p.name, p.data_) for p in story.of(ToolProgress)] == [
        ("call_1", "step", {"n": 1}),
        ("call_1", "step", {"n": 2}),
    ]


async def test_custom_events_outside_tools_are_custom() -> None:
    async def say(text: str) -> str:
        await adispatch_custom_event("note", {1, 2})
        return text

    story = await told_of(RunnableLambda(say))
    assert (story.one(Custom).name, story.one(Custom).data_) == ("note", [1, 2])


async def test_a_custom_event_called_partial_is_the_output_so_far_but_in_a_tool_its_progress() -> None:
    async def say(text: str) -> str:
        await adispatch_custom_event("partial", {"a": {1}})
        return text

    story = await told_of(RunnableLambda(say))
    assert story.names == ["partial"] and story.one(Partial).value == {"a": [1]}
    story = await told_of(made(say), called(text="x"))
    assert story.names == ["tool_start", "tool_progress", "tool_end"]
    assert story.one(ToolProgress).name == "partial"


async def test_tools_in_threads_at_once_are_told_apart() -> None:
    meeting = threading.Barrier(2)

    def meet(name: str) -> str:
        meeting.wait(WAIT)
        for n in range(100):
            dispatch_custom_event("at", f"{name}{n}")
        return name

    story = await told_of(RunnableParallel(a=made(meet), b=made(meet)), {"name": "x"})
    by_tool: dict[str, list[Any]] = {}
    for progress in story.of(ToolProgress):
        by_tool.setdefault(progress.tool_call_id, []).append(progress.data_)
    assert list(by_tool.values()) == [[f"x{n}" for n in range(100)]] * 2


async def test_a_model_in_a_tool_writes_to_the_inner_channel() -> None:
    model = chat("in", "ner", last())

    def ask() -> str:
        return str(model.invoke("hi").content)

    story = await told_of(made(ask), called())
    assert (story.text("inner"), story.text("answer")) == ("inner", "")
    assert story.names == ["tool_start", "token", "token", "message_end", "tool_end"]


@pytest.mark.parametrize("in_thread", [False, True])
async def test_what_a_tool_does_with_the_config_that_it_asked_for_is_done_in_it(in_thread: bool) -> None:
    """LangChain gives it the config of whoever called the tool."""
    model = chat("in", "ner", last()) | RunnableLambda(lambda message: message.content)

    async def on_loop(config: RunnableConfig) -> Any:
        await adispatch_custom_event("step", 1, config=config)
        return await model.ainvoke("hi", config)

    def threaded(config: RunnableConfig) -> Any:
        dispatch_custom_event("step", 1, config=config)
        return model.invoke("hi", config)

    story = await told_of(RunnableParallel(a=made(threaded if in_thread else on_loop)), called())
    assert (story.text("inner"), story.text("answer")) == ("inner", "")
    assert story.one(ToolProgress).tool_call_id == "call_1"


async def test_a_model_is_in_the_tool_that_calls_it_also_where_nobody_called_the_tool() -> None:
    model = chat("in", "ner", last())

    async def ask(config: RunnableConfig) -> str:
        return str((await model.ainvoke("hi", config)).content)

    story = await told_of(made(ask), called())
    assert (story.text("inner"), story.text("answer")) == ("inner", "")


@pytest.mark.parametrize("in_thread", [False, True])
async def test_a_tool_that_raises_is_told_as_failed(in_thread: bool) -> None:
    async def on_loop() -> str:
        raise ValueError("no")

    def threaded() -> str:
        raise ValueError("no")

    story = await told_of(made(threaded if in_thread else on_loop), called())
    error = story.one(ToolError)
    assert (error.tool_call_id, error.name, error.code, error.message) == (
        *("call_1", "made", "tool_failed", "ValueError: no"),
    )
    assert isinstance(story.error, ValueError)


async def test_an_error_that_the_tool_handles_is_told_as_failed_and_the_chain_goes_on() -> None:
    def fail() -> str:
        raise ToolException("not today")

    story = await told_of(made(fail, handle_tool_error=True), called())
    assert story.names == ["tool_start", "tool_error"]
    assert story.one(ToolError).message == "not today"
    assert story.error is None


@pytest.mark.parametrize("handled", [False, True])
async def test_invalid_arguments_are_told_as_the_tools_error(handled: bool) -> None:
    story = await told_of(made(echo, handle_validation_error=handled), called(wrong=1))
    assert story.names == ["tool_start", "tool_error"]
    assert (story.error is None) == handled


async def test_an_error_that_cannot_say_what_it_is_is_still_told() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    def fail() -> str:
        raise Mute

    assert (await told_of(made(fail), called())).one(ToolError).message == "Mute"


async def test_a_long_message_of_an_error_is_cut() -> None:
    def fail() -> str:
        raise ValueError("x" * 1_000_000)

    assert len((await told_of(made(fail), called())).one(ToolError).message) == 2_048


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        (None, None),
        ({"a": {1}}, {"a": [1]}),
        ([1, "x"], [1, "x"]),
        (b"abc", {"type": "bytes", "size": 3}),
        (float("nan"), "nan"),
        ("\ud83d", "\ufffd"),
    ],
)
async def test_any_output_of_a_tool_is_told_as_json(output: Any, shown: Any) -> None:
    def give() -> Any:
        return output

    chain: Runnable[Any, Any] = RunnableLambda(lambda _: {}) | made(give)
    assert (await told_of(chain)).one(ToolEnd).output == shown


async def test_an_output_over_the_bound_is_cut_and_says_so() -> None:
    def give() -> str:
        return "é" * 101

    handler = AsyncIteratorCallbackHandler(tool_output_max_chars=100)
    end = (await told_of(made(give), called(), handler=handler)).one(ToolEnd)
    assert (end.output, end.truncated, end.size) == ("é" * 100, True, 101)


async def test_an_output_at_the_bound_is_whole() -> None:
    def give() -> str:
        return "é" * 100

    handler = AsyncIteratorCallbackHandler(tool_output_max_chars=100)
    end = (await told_of(made(give), called(), handler=handler)).one(ToolEnd)
    assert (end.output, end.truncated, end.size) == ("é" * 100, False, None)


async def test_a_structured_output_over_the_bound_is_cut_as_text() -> None:
    handler = AsyncIteratorCallbackHandler(tool_output_max_chars=10)
    chain: Runnable[Any, Any] = RunnableLambda(lambda _: {}) | made(lambda: {"numbers": list(range(50))})
    end = (await told_of(chain, handler=handler)).one(ToolEnd)
    assert end.output == '{"numbers"'
    assert end.truncated


async def test_a_tool_made_by_the_decorator_and_one_returning_an_artifact_are_told() -> None:
    @tool(response_format="content_and_artifact")
    async def both(n: int) -> tuple[str, Any]:
        """Returns both."""
        return f"{n} things", [object()] * n

    assert (await told_of(both, called("both", n=2))).one(ToolEnd).output == "2 things"


class Hostile(Mapping[str, Any]):
    """An output that fails whoever looks into it."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("no")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no")

    def __len__(self) -> int:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __bool__(self) -> bool:
        return True


class Prickly:
    """As Hostile, for who asks for an attribute."""

    @property
    def update(self) -> Any:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        return "prickly"


@pytest.mark.parametrize("output", [Hostile(), Prickly()], ids=lambda output: type(output).__name__)
async def test_an_output_that_nobody_can_look_into_fails_no_run(output: Any) -> None:
    story = await told_of(
        RunnableLambda(lambda _: {}) | made(lambda: output) | RunnableLambda(lambda _: output)
    )
    assert story.error is None
    assert story.one(ToolEnd).output == ("prickly" if isinstance(output, Prickly) else "<Hostile>")

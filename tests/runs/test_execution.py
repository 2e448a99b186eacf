"""One run's execution: its terminal event, cancelling, time-outs, bounds."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from anyio import fail_after
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool

from service.events import TERMINAL, Cancelled, Done, Event, RunError, StepEnd, Token, ToolError, ToolStart
from service.executor.threads import SyncThreads
from tests.runs.driving import MODEST, events_of, executing, invoking, records_of
from tests.served_chains import GATES, MODEL_CALLS_CLOSED, numbered, numbered_agent

SOON = 0.5  # seconds: a machine that is busy says a word in less


def question(prompt: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}]}


def terminal_of(events: list[Event]) -> Event:
    """The last event, once it is sure that it is the one terminal event."""
    assert [event.type in TERMINAL for event in events] == [False] * (len(events) - 1) + [True]
    return events[-1]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


class Mute(BaseChatModel):
    """Writes `words` words, the first after so many seconds, then nothing any more."""

    words: int = 0
    late: float = 0

    @property
    def _llm_type(self) -> str:
        return "mute"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        await asyncio.sleep(self.late)
        for _ in range(self.words):
            yield ChatGenerationChunk(message=AIMessageChunk(content="word "))
        await asyncio.Event().wait()


async def test_a_run_begins_with_run_and_ends_with_done() -> None:
    events = await events_of(invoking(numbered, "tokens=3"))
    done = terminal_of(events)
    assert events[0].type == "run"
    assert isinstance(done, Done)
    assert done.output == text_of(events) == "run:1; run:2; run:3; "
    assert done.usage["total_tokens"] == 10
    assert done.ttft_ms is not None and done.ttft_ms <= done.duration_ms


async def test_a_chain_without_model_gives_its_output_as_one_token() -> None:
    events = await events_of(invoking(RunnableLambda(lambda text: f"said {text}"), "hello"))
    done = terminal_of(events)
    assert text_of(events) == "said hello"
    assert isinstance(done, Done) and done.output == "said hello"


async def test_structured_output_is_json_in_done_and_its_text_the_token() -> None:
    events = await events_of(invoking(RunnableLambda(lambda text: {"seen": {2, 1}, "text": text}), "x"))
    done = terminal_of(events)
    assert isinstance(done, Done) and done.output == {"seen": [1, 2], "text": "x"}
    assert text_of(events) == '{"seen":[1,2],"text":"x"}'


async def test_a_chain_without_output_gives_no_token() -> None:
    events = await events_of(invoking(RunnableLambda(lambda text: None), "x"))
    done = terminal_of(events)
    assert isinstance(done, Done) and done.output is None
    assert text_of(events) == ""


async def test_an_agents_output_is_its_last_answer() -> None:
    events = await events_of(invoking(numbered_agent, question("tool=broken tokens=2")))
    failed = terminal_of(events)
    assert isinstance(failed, RunError)
    assert (failed.code, failed.fault) == ("tool_failed", "tool")


async def test_a_chains_error_is_told_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    def fail(text: str) -> str:
        raise RuntimeError("secret-canary in /some/path")

    events = await events_of(invoking(RunnableLambda(fail), "x"))
    failed = terminal_of(events)
    assert isinstance(failed, RunError)
    assert (failed.code, failed.fault, failed.retryable) == ("chain_failed", "chain", False)
    assert "RuntimeError" in failed.message and "canary" not in failed.message


async def test_a_providers_error_keeps_the_text_before_it_and_is_retryable() -> None:
    events = await events_of(invoking(numbered, "tokens=5 fail=3"))
    failed = terminal_of(events)
    assert text_of(events) == "run:1; run:2; "
    assert isinstance(failed, RunError)
    assert (failed.code, failed.fault, failed.retryable) == ("provider_failed", "provider", True)
    assert "canary" not in failed.message


@pytest.mark.parametrize("raised", [0, 1])
async def test_of_models_that_fail_at_the_same_time_any_may_be_what_ended_the_chain(raised: int) -> None:
    async def twice(text: str) -> str:
        failed = await asyncio.gather(*(numbered.ainvoke(text) for _ in range(2)), return_exceptions=True)
        raise failed[raised]  # type: ignore[misc]  # both fail

    failed = terminal_of(await events_of(invoking(RunnableLambda(twice), "tokens=5 fail=3")))
    assert isinstance(failed, RunError)
    assert (failed.code, failed.fault, failed.retryable) == ("provider_failed", "provider", True)


@pytest.mark.parametrize("raised", [0, 1])
async def test_of_tools_that_fail_at_the_same_time_any_may_be_what_ended_the_chain(raised: int) -> None:
    @tool
    async def broken(text: str) -> str:
        """Fails."""
        raise RuntimeError(text)

    async def twice(text: str) -> str:
        failed = await asyncio.gather(*(broken.ainvoke(text) for _ in range(2)), return_exceptions=True)
        raise failed[raised]  # as above

    failed = terminal_of(await events_of(invoking(RunnableLambda(twice), "x")))
    assert isinstance(failed, RunError) and (failed.code, failed.fault) == ("tool_failed", "tool")


async def test_a_chain_that_fails_before_it_starts_ends_as_any_other() -> None:
    async def work(handler: Any) -> Any:
        raise KeyError("x")

    events = await events_of(work)
    assert [event.type for event in events] == ["run", "error"]


async def test_a_tool_that_calls_sys_exit_ends_its_run_and_not_the_service() -> None:
    asyncio.get_running_loop().set_default_executor(SyncThreads(1))

    def leave(text: str) -> str:
        raise SystemExit(3)

    failed = terminal_of(await events_of(invoking(RunnableLambda(leave), "x")))
    assert isinstance(failed, RunError) and failed.code == "chain_failed"


async def test_a_run_cancelled_before_its_start_starts_no_chain() -> None:
    called = False

    async def work(handler: Any) -> Any:
        nonlocal called
        called = True

    async with executing(work) as (execution, log, task):
        execution.stop("user")
        cancelled = await task
        assert [record.name for record in await records_of(log)] == ["run", "cancelled"]
    assert isinstance(cancelled, Cancelled) and cancelled.reason == "user"
    assert not called


async def reached(gate: str) -> None:
    with fail_after(10):
        await asyncio.to_thread(GATES[gate].reached.wait)


async def test_cancelling_in_mid_token_keeps_the_text_and_its_tokens_and_closes_the_model() -> None:
    prompt = "tokens=9 hold=4 gate=mid-token"
    async with executing(invoking(numbered, prompt)) as (execution, log, task):
        await reached("mid-token")
        execution.stop("user")
        cancelled = await task
        events = [record.event() for record in await records_of(log)]
    assert terminal_of(events) == cancelled
    assert isinstance(cancelled, Cancelled)
    assert cancelled.output == text_of(events) == "run:1; run:2; run:3; "
    assert cancelled.usage["output_tokens"] == 3
    assert prompt in MODEL_CALLS_CLOSED


@pytest.mark.parametrize("name", ["gated", "gated_in_thread"])
async def test_cancelling_in_mid_tool_closes_its_call_and_its_step(name: str) -> None:
    async with executing(invoking(numbered_agent, question(f"tool={name} gate=mid-{name}"))) as run:
        execution, log, task = run
        await reached(f"mid-{name}")
        with fail_after(5):
            execution.stop("user")
            await task
        GATES[f"mid-{name}"].open()
        events = [record.event() for record in await records_of(log)]
    closed = [event for event in events if isinstance(event, ToolError)]
    assert [(error.name, error.code) for error in closed] == [(name, "cancelled")]
    assert isinstance(terminal_of(events), Cancelled)
    steps = [event.type for event in events if event.type.startswith("step")]
    assert steps.count("step_start") == steps.count("step_end")


async def test_two_tools_in_flight_are_both_closed() -> None:
    prompt = question("tool=gated twice=1 gate=both")
    async with executing(invoking(numbered_agent, prompt)) as (execution, log, task):
        await reached("both")
        execution.stop("user")
        await task
        events = [record.event() for record in await records_of(log)]
    begun = {event.tool_call_id for event in events if isinstance(event, ToolStart)}
    assert begun == {event.tool_call_id for event in events if isinstance(event, ToolError)}


async def test_after_a_cancel_a_synchronous_chain_in_its_thread_starts_no_further_tool() -> None:
    from langchain_core.tools import tool

    started, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    ran: list[str] = []

    @tool
    def first() -> str:
        """First."""
        started.set()
        go_on.wait(20)
        return "x"

    @tool
    def second() -> str:
        """Second."""
        ran.append("second")
        return "y"

    def both(text: str) -> str:
        try:
            first.invoke({})
            second.invoke({})
        finally:
            ended.set()
        return text

    async with executing(invoking(RunnableLambda(both), "x")) as (execution, log, task):
        await asyncio.to_thread(started.wait, 20)
        execution.stop("user")
        await task
        go_on.set()
        await asyncio.to_thread(ended.wait, 20)
        names = [record.name for record in await records_of(log)]
    assert ran == []
    assert names[-1] == "cancelled" and names.count("tool_start") == 1


async def test_a_chain_that_swallows_its_cancel_does_not_hold_its_run_up() -> None:
    entered, let_go = asyncio.Event(), asyncio.Event()

    async def stubborn(text: str) -> str:
        while not let_go.is_set():
            try:
                entered.set()
                await let_go.wait()
            except asyncio.CancelledError:
                continue
        return "late"

    async with executing(invoking(RunnableLambda(stubborn), "x")) as (execution, log, task):
        await entered.wait()
        execution.stop("user")
        with fail_after(5):
            cancelled = await task
        assert execution.abandoned is not None
        let_go.set()
        await asyncio.wait({execution.abandoned})
        names = [record.name for record in await records_of(log)]
    assert isinstance(cancelled, Cancelled)
    assert names == ["run", "cancelled"]


@pytest.mark.parametrize(
    ("words", "limits", "code"),
    [
        (0, {"first_token_timeout": 0.02}, "first_token_timeout"),
        (2, {"silence_timeout": SOON}, "silence_timeout"),
        (2, {"silence_timeout": SOON, "first_token_timeout": 600, "run_timeout": 600}, "silence_timeout"),
    ],
)
async def test_a_silent_model_fails_the_run_as_the_providers_fault(
    words: int, limits: dict[str, Any], code: str
) -> None:
    with fail_after(10):
        events = await events_of(invoking(Mute(words=words), "x"), replace(MODEST, **limits))
    failed = terminal_of(events)
    assert isinstance(failed, RunError)
    assert (failed.code, failed.fault, failed.retryable) == (code, "provider", True)
    assert text_of(events) == "word " * words


@pytest.mark.parametrize("others", [{}, {"first_token_timeout": 600, "run_timeout": 600}])
async def test_a_model_that_began_late_may_be_silent_for_no_longer(others: dict[str, Any]) -> None:
    limits = replace(MODEST, silence_timeout=0.02, **others)
    with fail_after(10):
        failed = terminal_of(await events_of(invoking(Mute(words=1, late=0.1), "x"), limits))
    assert isinstance(failed, RunError) and failed.code == "silence_timeout"


async def test_a_tool_may_take_longer_than_a_model_may_be_silent() -> None:
    limits = replace(MODEST, first_token_timeout=SOON, silence_timeout=SOON)
    prompt = question("tool=gated gate=slow-tool tokens=1")
    async with executing(invoking(numbered_agent, prompt), limits) as (_, _, task):
        await reached("slow-tool")
        waited = threading.Event()
        asyncio.get_running_loop().call_later(1.2 * SOON, waited.set)
        await asyncio.to_thread(waited.wait, 20)
        GATES["slow-tool"].open()
        assert isinstance(await task, Done)


async def test_a_run_over_its_time_is_cancelled() -> None:
    with fail_after(10):
        events = await events_of(invoking(Mute(words=2), "x"), replace(MODEST, run_timeout=SOON))
    cancelled = terminal_of(events)
    assert isinstance(cancelled, Cancelled)
    assert (cancelled.reason, cancelled.output) == ("timeout", "word word ")


async def test_an_answer_over_its_bound_ends_the_run_and_says_which() -> None:
    limits = replace(MODEST, output_max_chars=20)
    events = await events_of(invoking(numbered, "tokens=100"), limits)
    failed = terminal_of(events)
    assert isinstance(failed, RunError)
    assert failed.code == "output_limit" and "MAX_OUTPUT_CHARS" in failed.message
    assert text_of(events) == "run:1; run:2; "


async def test_a_log_over_its_bound_ends_the_run_and_stays_within_it() -> None:
    limits = replace(MODEST, log_max_bytes=5000)
    async with executing(invoking(numbered_agent, question("tool=gated tokens=999 gate=x")), limits) as run:
        _, log, task = run
        await reached("x")
        GATES["x"].open()
        failed = await task
        records = await records_of(log)
    assert isinstance(failed, RunError)
    assert failed.code == "log_limit" and "RUN_LOG_MAX_BYTES" in failed.message
    assert sum(len(record.line) for record in records) < 5000 + 1000
    events = [record.event() for record in records]
    assert any(isinstance(event, StepEnd) for event in events), "what was open is closed"


async def test_an_output_too_big_for_its_log_fails_the_run() -> None:
    limits = replace(MODEST, log_max_bytes=3000)
    events = await events_of(invoking(RunnableLambda(lambda text: "x" * 4000), "x"), limits)
    failed = terminal_of(events)
    assert isinstance(failed, RunError) and failed.code == "log_limit"


async def test_nothing_is_appended_after_the_terminal_event() -> None:
    kept: list[Any] = []

    async def work(handler: Any) -> Any:
        kept.append(handler)
        return await numbered.ainvoke("tokens=1", config={"callbacks": [handler]})

    async with executing(work) as (_, log, task):
        await task
        before = await records_of(log)
        from uuid import uuid4

        kept[0].on_llm_error(ValueError("late"), run_id=uuid4())
        assert await records_of(log) == before

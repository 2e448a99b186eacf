"""What blocks the event loop is named, with its run and its milliseconds; what does not is left alone."""

import asyncio
import ctypes
import gc
import logging
import threading
import time
import weakref
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Annotated, Any, TypedDict

import pytest
from anyio import fail_after
from langchain.agents import create_agent
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler, adispatch_custom_event
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, tool
from langgraph.graph import START, StateGraph

from service.callbacks import AsyncIteratorCallbackHandler
from service.loop_watch import Blocked, LoopWatch
from tests.served_chains import NumberedModel, numbered

BLOCK = 0.3  # seconds; the threshold is 0.1
TRIES = 10

Told = list[Blocked[Any]]
Work = Callable[[BaseCallbackHandler], Awaitable[object]]


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


async def told_of(work: Work) -> Told:
    """What is told while `work` runs in a task of its own, beside a run that does nothing."""
    told: Told = []
    ours = AsyncIteratorCallbackHandler(end_with_root=False)
    with fail_after(20), LoopWatch(told.append) as watch, watch.watching("another run"):
        with watch.watching("the run"):
            await asyncio.create_task(_in_task(work(ours)))
    return told


async def told_at_last(work: Work, *expected: tuple[str, str]) -> Told:
    """What is told, tried again where that is not what is expected: on a busy machine other steps take long,
    which is told as well, or the watch has no turn to look."""
    for _ in range(TRIES):
        told = await told_of(work)
        if [(one.name, one.run) for one in told] == [*expected]:
            break
    assert [(one.name, one.run) for one in told] == [*expected]
    return told


async def _in_task(work: Awaitable[object]) -> None:
    await work


def block() -> None:
    time.sleep(BLOCK)


def compute() -> None:
    end = time.monotonic() + BLOCK
    while time.monotonic() < end:
        pass


class State(TypedDict):
    text: str


@tool
async def blocking(prompt: str) -> str:
    """Blocks."""
    block()
    return "done"


@tool
def blocking_in_thread(prompt: str) -> str:
    """Blocks its thread."""
    block()
    return "done"


class BlockingTool(BaseTool):
    name: str = "own_class"
    description: str = "Blocks."

    def _run(self, prompt: str) -> str:
        raise NotImplementedError

    async def _arun(self, prompt: str) -> str:
        block()
        return "done"


class AsyncCallbacks(AsyncCallbackHandler):
    async def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
        block()


class InlineCallbacks(BaseCallbackHandler):
    run_inline = True

    def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
        block()


class ThreadedCallbacks(BaseCallbackHandler):
    def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
        block()


class SlowToTell:
    def __str__(self) -> str:
        block()
        return "slow"

    __repr__ = __str__


def agent_with(*tools: BaseTool) -> Any:
    return create_agent(NumberedModel(), tools)


def asking(prompt: str) -> dict[str, Any]:
    return {"messages": [("user", prompt)]}


def graph_of(node: Any, state: Any = State) -> Any:
    graph = StateGraph(state)
    graph.add_node("node", node)
    graph.add_edge(START, "node")
    return graph.compile()


async def blocking_node(state: State) -> State:
    await asyncio.sleep(0)
    block()
    return state


async def computing_node(state: State) -> State:
    compute()
    return state


async def node_with_tool(state: State) -> State:
    return {"text": await blocking.ainvoke({"prompt": state["text"]})}


async def node_with_sync_tool(state: State) -> State:
    return {"text": blocking_in_thread.invoke({"prompt": state["text"]})}  # called where it blocks


async def node_with_helper(state: State) -> State:
    return {"text": "".join([_parse(text) for text in "abc"])}


def _parse_long(text: str) -> str:
    block()
    return text


def _parse(text: str) -> str:
    time.sleep(BLOCK / 3)
    return text


async def quick_node(state: State) -> State:
    return state


def blocking_reducer(old: str, new: str) -> str:
    if old:
        block()
    return new


class Reduced(TypedDict):
    text: Annotated[str, blocking_reducer]


async def telling_node(state: State) -> State:
    await adispatch_custom_event("progress", SlowToTell())
    return state


async def blocking_lambda(text: str) -> str:
    block()
    return text


def invoking(chain: Any, given: Any, *others: BaseCallbackHandler) -> Work:
    return lambda ours: chain.ainvoke(given, config={"callbacks": [*others, ours]})


GIVEN: State = {"text": "x"}

BLOCKING: dict[str, tuple[Work, str]] = {
    "an agent's async tool": (invoking(agent_with(blocking), asking("tool=blocking")), "blocking"),
    "a tool of an own class": (invoking(agent_with(BlockingTool()), asking("tool=own_class")), "own_class"),
    "an async tool in a node": (invoking(graph_of(node_with_tool), GIVEN), "blocking"),
    "a sync tool on the loop": (invoking(graph_of(node_with_sync_tool), GIVEN), "blocking_in_thread"),
    "an async node": (invoking(graph_of(blocking_node), GIVEN), "blocking_node"),
    "an async node that computes": (invoking(graph_of(computing_node), GIVEN), "computing_node"),
    "a node by its helper": (invoking(graph_of(node_with_helper), GIVEN), "node_with_helper"),
    "a reducer": (invoking(graph_of(quick_node, Reduced), GIVEN), "blocking_reducer"),
    "an async lambda": (invoking(RunnableLambda(blocking_lambda), "x"), "blocking_lambda"),
    "a callback of another": (
        invoking(numbered, "tokens=1", AsyncCallbacks()),
        "AsyncCallbacks.on_llm_end",
    ),
    "an inline callback": (invoking(numbered, "tokens=1", InlineCallbacks()), "InlineCallbacks.on_llm_end"),
    "a value slow to tell": (
        invoking(graph_of(telling_node), GIVEN),
        "SlowToTell.__str__",
    ),
    "a function beside LangChain": (lambda ours: blocking_lambda("x"), "blocking_lambda"),
}


@pytest.mark.parametrize("what", BLOCKING)
async def test_what_blocks_is_named_with_its_run(what: str) -> None:
    work, name = BLOCKING[what]
    (told,) = await told_at_last(work, (name, "the run"))
    assert told.ms >= 100


async def many_short_steps(ours: object) -> None:
    async def step() -> None:
        time.sleep(0.01)  # noqa: ASYNC251 - a step that blocks

    await asyncio.gather(*(step() for _ in range(40)))


async def a_thread_that_holds_the_interpreter(ours: object) -> None:
    await asyncio.to_thread(ctypes.PyDLL(None).usleep, int(BLOCK * 1e6))


LEFT_ALONE: dict[str, Work] = {
    "an agent's sync tool": invoking(agent_with(blocking_in_thread), asking("tool=blocking_in_thread")),
    "a sync lambda": invoking(RunnableLambda(_parse_long), "x"),
    "a callback in a thread": invoking(numbered, "tokens=1", ThreadedCallbacks()),
    "a chain that waits": lambda ours: asyncio.sleep(BLOCK),
    "many short steps": many_short_steps,
    "another thread": a_thread_that_holds_the_interpreter,
}


@pytest.mark.parametrize("what", LEFT_ALONE)
async def test_what_does_not_block_is_left_alone(what: str) -> None:
    await told_at_last(LEFT_ALONE[what])


async def test_what_is_seen_for_less_than_the_threshold_is_left_alone() -> None:
    told: Told = []
    with fail_after(20), LoopWatch[str](told.append, threshold=10 * BLOCK) as watch, watch.watching("a run"):
        await asyncio.create_task(computing_node(GIVEN))
    assert told == []


async def test_two_tools_that_block_in_a_row_are_both_told() -> None:
    twice = invoking(agent_with(blocking), asking("tool=blocking twice=1"))
    told = await told_at_last(twice, *[("blocking", "the run")] * 2)
    assert all(one.ms >= 100 for one in told)


async def test_what_holds_the_interpreter_as_well_is_told() -> None:
    async def summing(ours: object) -> None:
        for _ in range(4):  # the watch can look between them alone, if it gets its turn
            sum(range(int(1e7)))

    await told_at_last(summing, ("summing", "the run"))


async def test_a_block_by_nobody_to_name_is_no_more_than_a_line_for_debugging(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def by_the_library(ours: object) -> None:
        stack = AsyncExitStack()
        stack.callback(time.sleep, BLOCK)
        await asyncio.create_task(stack.aclose())

    caplog.set_level(logging.DEBUG, "service.loop_watch")
    await told_at_last(by_the_library)
    assert {record.levelname for record in caplog.records} == {"DEBUG"}
    assert "with nobody to name" in caplog.text


async def test_what_a_run_left_behind_is_told_without_the_run() -> None:
    over = asyncio.Event()

    async def left_behind() -> None:
        await over.wait()
        block()

    told: Told = []
    with fail_after(20), LoopWatch(told.append) as watch:
        with watch.watching("over"):
            task = asyncio.create_task(left_behind())
        with watch.watching("another"):
            over.set()
            await task
    assert [(one.name, one.run) for one in told] == [("left_behind", None)]


async def test_nothing_of_a_run_is_kept_after_it() -> None:
    class Run:
        pass

    class Tool(BlockingTool):
        async def _arun(self, prompt: str) -> str:
            local = Run()
            kept.append(weakref.ref(local))
            block()
            return "done"

    kept: list[weakref.ref[Run]] = []
    forever = asyncio.Event()
    with fail_after(20), LoopWatch[Run](lambda one: None) as watch:
        run = Run()
        kept.append(weakref.ref(run))
        with watch.watching(run):
            task = asyncio.create_task(forever.wait())
            await Tool().ainvoke({"prompt": ""})
        del run
        gc.collect()
        assert [one() for one in kept] == [None, None]
        forever.set()
        await task


async def test_without_a_run_the_thread_sleeps_until_it_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Event()
    monkeypatch.setattr(LoopWatch, "_look", lambda *_: looked.set())
    with fail_after(20), LoopWatch[str](Told().append) as watch:
        assert not watch._awake.is_set()
        for _ in range(2):
            with watch.watching("a"):
                with watch.watching("b"):
                    pass
                assert watch._awake.is_set()
                assert await asyncio.to_thread(looked.wait, 10)
            assert not watch._awake.is_set()
        assert watch._thread.is_alive()


async def test_a_loop_that_waits_is_not_woken_to_be_watched() -> None:
    looks = [threading.Event() for _ in range(3)]

    class Watch(LoopWatch[str]):
        def _look(self) -> None:
            super()._look()
            assert self._standstill is None
            next(look for look in looks if not look.is_set() or look is looks[-1]).set()

    with fail_after(20), Watch(Told().append) as watch, watch.watching("a run"):
        assert await asyncio.to_thread(looks[-1].wait, 10)
        assert watch._thread.is_alive()


async def test_closing_joins_the_thread() -> None:
    with LoopWatch[str](Told().append) as watch:
        assert watch._thread.is_alive()
    assert not watch._thread.is_alive()
    with watch.watching("too late"):
        await asyncio.create_task(blocking_lambda("its result"))


async def test_closing_amid_a_run_leaves_the_run_alone() -> None:
    watch = LoopWatch[str](Told().append)
    with fail_after(20), watch.watching("a run"):
        with watch:
            await asyncio.sleep(0)
        assert not watch._thread.is_alive()
        await asyncio.sleep(0)


@pytest.mark.parametrize("where", ["report", "_look"])
async def test_an_error_in_the_watch_is_logged_once_and_ends_the_watching_alone(
    where: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the watch broke")

    monkeypatch.setattr(LoopWatch, "_look", fail if where == "_look" else LoopWatch._look)
    with fail_after(20), LoopWatch[str](fail) as watch, watch.watching("run"):
        for _ in range(2):
            assert await asyncio.create_task(blocking_lambda("its result")) == "its result"
            await asyncio.sleep(0)
        await asyncio.to_thread(watch._thread.join, 10)
        assert not watch._thread.is_alive()
    assert [record.message for record in caplog.records] == ["the event loop is not watched any more"]


async def test_a_tool_whose_name_cannot_be_read_ends_nothing() -> None:
    class Nameless(BlockingTool):
        def __getattribute__(self, key: str) -> Any:
            if key == "name" and threading.current_thread().name == "loop-watch":
                raise RuntimeError("not from here")
            return super().__getattribute__(key)

    async def both(ours: object) -> None:
        await Nameless().ainvoke({"prompt": ""})
        await asyncio.create_task(blocking_lambda(""))

    await told_at_last(both, ("blocking_lambda", "the run"))

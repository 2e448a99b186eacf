"""Chains for tests of the whole service: models whose every step a test can hold and let go.

A prompt is a few words that say what the model does, `tokens=30 hold=10 gate=abc` for example.
"""

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from langchain.agents import create_agent
from langchain_core.callbacks import adispatch_custom_event
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import tool

GATE_TIMEOUT = 20  # seconds; a test that forgets to open its gate fails then, and does not hang


class Gate:
    """Held by what runs in the service's loop or in its threads, opened by the test."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()

    def open(self) -> None:
        self._open.set()

    async def wait(self) -> None:
        self.reached.set()
        for _ in range(GATE_TIMEOUT * 1000):
            if self._open.is_set():
                return
            await asyncio.sleep(0.001)
        raise TimeoutError("no test opened this gate")

    def wait_in_thread(self) -> None:
        self.reached.set()
        if not self._open.wait(GATE_TIMEOUT):
            raise TimeoutError("no test opened this gate")


class Gates(dict[str, Gate]):
    """Made when first asked for."""

    def __missing__(self, name: str) -> Gate:
        return self.setdefault(name, Gate())


GATES = Gates()
MODEL_CALLS: list[str] = []  # the prompt of each model call that was begun: the ledger
MODEL_CALLS_CLOSED: list[str] = []  # and of each whose stream was closed, in whatever way


def asked(text: str, name: str, default: int = 0) -> int:
    found = re.search(rf"\b{name}=(\d+)", text)
    return int(found[1]) if found else default


def gate_of(text: str) -> Gate | None:
    found = re.search(r"\bgate=([\w-]+)", text)
    return GATES[found[1]] if found else None


class NumberedModel(BaseChatModel):
    """Writes `run:1; run:2; …`; `hold=N` waits at the gate before token N, `fail=N` raises there,
    `halves=1` writes each in two pieces, and waits and raises between them, `wide=N` puts N spaces after
    each.

    With `tool=NAME` it calls that tool first, twice at once with `twice=1`.
    """

    @property
    def _llm_type(self) -> str:
        return "numbered"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        return self

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        prompt = next(str(m.content) for m in reversed(messages) if m.type == "human")
        MODEL_CALLS.append(prompt)
        try:
            called = re.search(r"\btool=(\w+)", prompt)
            if called and not isinstance(messages[-1], ToolMessage):
                for index in range(1 + asked(prompt, "twice")):
                    yield _chunk("", tool_call_chunks=[_call(called[1], prompt, index)])
                yield _last("tool_calls")
                return
            async for chunk in _numbered(prompt):
                yield chunk
        finally:
            MODEL_CALLS_CLOSED.append(prompt)


async def _numbered(prompt: str) -> AsyncIterator[ChatGenerationChunk]:
    hold, fail, halves = asked(prompt, "hold"), asked(prompt, "fail"), asked(prompt, "halves")
    space = " " * (1 + asked(prompt, "wide"))
    gate = gate_of(prompt)
    for number in range(1, asked(prompt, "tokens", 10) + 1):
        if halves:
            yield _chunk("run:")
        if number == hold and gate:
            await gate.wait()
        if number == fail:
            raise ConnectionError("the provider broke off: secret-canary")
        yield _chunk(f"{number};{space}" if halves else f"run:{number};{space}")
        if number % 10 == 0:
            await asyncio.sleep(0)
    yield _last("stop")


def _call(name: str, prompt: str, index: int) -> dict[str, Any]:
    args = f'{{"prompt": "{prompt.replace("tool=", "")}"}}'
    return {"name": name, "args": args, "id": f"call_{index}", "index": index, "type": "tool_call_chunk"}


def _chunk(text: str, **fields: Any) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=text, **fields))


def _last(reason: str) -> ChatGenerationChunk:
    usage = {"input_tokens": 3, "output_tokens": 7, "total_tokens": 10}
    about = {"finish_reason": reason, "model_name": "numbered-1"}
    return _chunk("", chunk_position="last", response_metadata=about, usage_metadata=usage)


@tool
async def gated(prompt: str) -> str:
    """Waits at the gate, having told of its progress."""
    await adispatch_custom_event("progress", {"done": 1, "total": 2})
    if gate := gate_of(prompt):
        await gate.wait()
    return "let through"


@tool
def gated_in_thread(prompt: str) -> str:
    """Waits at the gate in a thread, which no cancel can end."""
    if gate := gate_of(prompt):
        gate.wait_in_thread()
    return "let through"


@tool
def broken(prompt: str) -> str:
    """Fails."""
    raise ValueError("the tool broke")


numbered = NumberedModel()
numbered_agent = create_agent(NumberedModel(), [gated, gated_in_thread, broken])


def _say(text: str) -> str:
    return f"said {text}"


silent = RunnableLambda(_say).with_config(run_name="silent")


def _measure(text: str) -> dict[str, Any]:
    return {"length": len(text), "seen": {1, 2}}


structured = RunnableLambda(_measure)


def _raise(text: str) -> str:
    raise RuntimeError("secret-canary in /some/path")


failing = RunnableLambda(_raise)


@asynccontextmanager
async def held(model: BaseChatModel) -> AsyncIterator[Runnable[Any, Any]]:
    """A chain that holds something open while it is served."""
    yield model


async def made_later(model: BaseChatModel) -> Runnable[Any, Any]:
    """A chain whose build is a coroutine."""
    return model


SERVED = tuple(
    f"tests.served_chains:{name}"
    for name in ("numbered", "numbered_agent", "silent", "structured", "failing", "held", "made_later")
)

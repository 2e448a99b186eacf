"""Models that write what a test tells them to, in each of the ways that LangChain knows.

A reply is a list of what happens one after the other: a text or a dict (the fields of an AIMessageChunk) is
written, an exception is raised, an event is waited for, a function is called.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from langchain_core.language_models import LLM, BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import ToolCallChunk
from langchain_core.messages.tool import tool_call_chunk as call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult, GenerationChunk
from langchain_core.runnables import Runnable
from pydantic import PrivateAttr

Step = str | dict[str, Any] | BaseException | asyncio.Event | threading.Event | Callable[[], None]
Reply = Sequence[Step]

WAIT = 5  # seconds that a thread waits for its event at most: a test that forgets it fails, and does not hang


class ScriptedChat(BaseChatModel):
    """A streaming chat model: the first call writes the first reply, and so on; the last reply repeats."""

    replies: list[Any]
    _calls: int = PrivateAttr(default=0)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def calls(self) -> int:
        """How many calls began."""
        return self._calls

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        return self

    def with_structured_output(self, schema: Any, **kwargs: Any) -> Runnable[Any, Any]:
        raise NotImplementedError

    def _next_reply(self) -> Reply:
        self._calls += 1
        reply: Reply = self.replies[min(self._calls, len(self.replies)) - 1]
        return reply

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise AssertionError("this model was to stream")

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        for step in self._next_reply():
            if isinstance(step, asyncio.Event):
                await step.wait()
            elif chunk := _chunk_of(step):
                yield chunk

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        for step in self._next_reply():
            if isinstance(step, threading.Event):
                assert step.wait(WAIT)
            elif chunk := _chunk_of(step):
                yield chunk


class WholeChat(BaseChatModel):
    """A chat model that cannot stream; a reply is the whole message, or the error that it raises."""

    replies: list[Any]
    _calls: int = PrivateAttr(default=0)

    @property
    def _llm_type(self) -> str:
        return "whole"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        return self

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        self._calls += 1
        reply = self.replies[min(self._calls, len(self.replies)) - 1]
        if isinstance(reply, BaseException):
            raise reply
        message = AIMessage(reply) if isinstance(reply, str) else reply
        return ChatResult(generations=[ChatGeneration(message=message)])


class ScriptedText(LLM):
    """A text model (no chat), streaming."""

    reply: list[Any]

    @property
    def _llm_type(self) -> str:
        return "scripted-text"

    def _call(self, *args: Any, **kwargs: Any) -> str:
        return "".join(chunk.text for chunk in self._stream())

    # Text models tell their tokens themselves; for chat models LangChain does it.
    def _stream(self, *args: Any, run_manager: Any = None, **kwargs: Any) -> Iterator[GenerationChunk]:
        for step in self.reply:
            if isinstance(step, BaseException):
                raise step
            chunk = GenerationChunk(text=step)
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self, *args: Any, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[GenerationChunk]:
        for chunk in self._stream():
            await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def chat(*reply: Step) -> ScriptedChat:
    """A chat model that always replies so."""
    return ScriptedChat(replies=[reply])


def agent_model(*replies: Reply) -> ScriptedChat:
    """A chat model whose calls reply one after the other."""
    return ScriptedChat(replies=list(replies))


def call(name: str, args: str = "{}", *, id: str | None = "call_1", index: int = 0) -> ToolCallChunk:
    """The piece of a tool call that begins it."""
    return call_chunk(name=name, args=args, id=id, index=index)


def calls(*pieces: ToolCallChunk) -> dict[str, Any]:
    """A chunk with these pieces of tool calls."""
    return {"tool_call_chunks": list(pieces)}


def last(reason: str = "stop", *, key: str = "finish_reason", **usage: Any) -> dict[str, Any]:
    """The chunk at the end of a provider's stream, with usage where any is given."""
    fields: dict[str, Any] = {"response_metadata": {key: reason, "model_name": "scripted-1"}}
    return fields | ({"usage_metadata": usage} if usage else {})


def _chunk_of(step: Step) -> ChatGenerationChunk | None:
    if isinstance(step, BaseException):
        raise step
    if isinstance(step, str | dict):
        fields = {"content": step} if isinstance(step, str) else {"content": "", **step}
        return ChatGenerationChunk(message=AIMessageChunk(**fields))
    assert callable(step)
    step()
    return None

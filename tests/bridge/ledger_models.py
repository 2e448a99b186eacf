"""Models of the generated cases: each notes in the ledger what it writes, just before it writes it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import LLM, BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import PrivateAttr

from tests.bridge.ledger import Ledger, ModelCall, Strand
from tests.bridge.random_chains import Reply


class Fault(Exception):
    """What a part of a chain raises that is meant to fail."""


@dataclass(frozen=True)
class Where:
    """Where a part is built: its branch, the step around it, whether in a tool, whether for a thread."""

    strand: Strand = ()
    step: str | None = None
    inner: bool = False
    sync: bool = False


@dataclass(frozen=True)
class Script:
    """What a model writes in one call; `calls` are its tool calls' ids and names."""

    ledger: Ledger
    where: Where
    reply: Reply
    calls: tuple[tuple[str, str], ...] = ()
    streamed: bool = True
    batched: bool = False

    def write(self) -> Iterator[ChatGenerationChunk | None]:
        """The chunks, None where the model pauses."""
        call = self.ledger.begin_call(self.where.strand, self.where.step, inner=self.where.inner)
        if self.batched:
            call.strand = (*call.strand, str(call.number))
        call.reports_usage = self.reply.usage
        for number in range(self.reply.reasoning):
            self._note("reasoning", call, number)
            yield _chunk("", additional_kwargs={"reasoning_content": f"r{call.number}:{number};"})
        yield from self._tokens(call)
        yield from self._calls(call)
        call.finish = "tool_calls" if call.args else "stop"
        yield _last(call)

    def _tokens(self, call: ModelCall) -> Iterator[ChatGenerationChunk | None]:
        for number in range(self.reply.tokens + 1):
            if number == self.reply.fails_after:
                call.finish = "error"
                self.ledger.note_fault(call.strand)
                raise Fault("the model broke off")
            if number in self.reply.pauses:
                yield None
            if number < self.reply.tokens:
                self._note("token", call, number)
                text = f"{call.number}:{number};"
                yield _chunk([{"type": "text", "text": text, "index": 0}] if self.reply.blocks else text)

    def _calls(self, call: ModelCall) -> Iterator[ChatGenerationChunk]:
        asked = [(id_, name, f'{{"key":"{id_}"}}') for id_, name in self.calls]
        if not asked and self.reply.args:
            noise = "".join(f"t{number};" for number in range(self.reply.args))
            asked = [(f"written{call.number}", "nothing", f'{{"n":"{noise}"}}')]
        for index, (id_, name, args) in enumerate(asked):
            call.args[id_] = ""
            cut = len(args) // 2
            for piece, first in ((args[:cut], True), (args[cut:], False)):
                call.args[id_] += piece
                begun = {"name": name, "id": id_} if first else {"name": None, "id": None}
                yield _chunk("", tool_call_chunks=[tool_call_chunk(args=piece, index=index, **begun)])

    def _note(self, kind: str, call: ModelCall, number: int) -> None:
        self.ledger.note(kind, f"{call.number}:{number}", call.strand, streamed=self.streamed)


def _chunk(content: Any, **fields: Any) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=content, **fields))


def _last(call: ModelCall) -> ChatGenerationChunk:
    used: Any = {"input_tokens": 1, "output_tokens": call.number, "total_tokens": 1 + call.number}
    return _chunk(
        "",
        chunk_position="last",
        response_metadata={"finish_reason": call.finish},
        usage_metadata=used if call.reports_usage else None,
    )


class Scripted(BaseChatModel):
    """Writes one script a call; the last one repeats."""

    scripts: list[Any]
    _calls: int = PrivateAttr(default=0)

    @property
    def _llm_type(self) -> str:
        return "ledger"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        return self

    def _write(self) -> Iterator[ChatGenerationChunk | None]:
        self._calls += 1
        script: Script = self.scripts[min(self._calls, len(self.scripts)) - 1]
        return script.write()

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        return generate_from_stream(chunk for chunk in self._write() if chunk)


class SyncStreaming(Scripted):
    """Streams in a thread alone."""

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        yield from (chunk for chunk in self._write() if chunk)


class Streaming(SyncStreaming):
    """Streams on the loop too, and pauses there."""

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._write():
            if chunk:
                yield chunk
            else:
                await asyncio.sleep(0)


class Text(LLM):
    """A text model."""

    script: Any

    @property
    def _llm_type(self) -> str:
        return "ledger-text"

    def _call(self, *args: Any, **kwargs: Any) -> str:
        return "".join(chunk.message.text for chunk in self.script.write() if chunk)

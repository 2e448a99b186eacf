"""`Checked`: a provider's stream counts as an answer only where it said how it ended.

A stream that the provider, or a proxy before it, ends cleanly in the middle looks like a short answer to the
SDKs and to LangChain. What SDKs raise is told from its kind in executor/; here is only what they do not
raise, or raise as what looks like a mistake in a program.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing, contextmanager
from typing import Any

from langchain_core.outputs import ChatGenerationChunk

from ..errors import RunFailed
from .optioned import Optioned

# OpenAI and its kin, Anthropic, Ollama, and OpenAI's Responses API; Ollama of old says `done` alone.
_ENDINGS = frozenset({"finish_reason", "stop_reason", "done_reason", "done", "status"})
# What Mistral, OpenRouter and vLLM say where the model broke off.
_FAILED = "error"

# One read from a fast provider has a thousand chunks, and nothing else would run until they are through: no
# other stream, and no request to cancel this one, which took two seconds to be heard.
TURN = 64


class Checked(Optioned):
    """A mixin, to stand before a chat model's class.

    LangChain types streams as iterators; they are generators, which must be closed: hence the ignored types.
    """

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        with _judged() as heard, closing(super()._stream(*args, **kwargs)) as stream:  # type: ignore[type-var]
            for chunk in stream:
                heard.take(chunk)
                yield chunk

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        with _judged() as heard:
            async with aclosing(super()._astream(*args, **kwargs)) as stream:  # type: ignore[type-var]
                async for chunk in stream:
                    heard.take(chunk)
                    yield chunk
                    if not heard.chunks % TURN:
                        await asyncio.sleep(0)


class _Heard:
    """What was seen of a stream so far."""

    def __init__(self) -> None:
        self.chunks = 0
        self.ending = False
        self.failed = False

    def take(self, chunk: ChatGenerationChunk) -> None:
        self.chunks += 1
        said = chunk.generation_info or chunk.message.response_metadata
        if not _ENDINGS.isdisjoint(said):
            self.ending = self.ending or any(said.get(name) for name in _ENDINGS)
            self.failed = self.failed or said.get("finish_reason") == _FAILED


@contextmanager
def _judged() -> Iterator[_Heard]:
    heard = _Heard()
    try:
        yield heard
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # LangChain's classes take chunks apart unasked. Before the first one it may be the request.
        if not heard.chunks:
            raise
        if type(error) is ValueError:  # langchain-openai's, for an error in a stream of the Responses API
            raise _broken_off() from error
        message = "The provider sent something that is not of its protocol."
        raise RunFailed("provider_malformed", message, fault="provider") from error
    if heard.failed:
        raise _broken_off()
    if not heard.ending:
        message = "The provider's stream ended without saying that the answer is complete."
        raise RunFailed("provider_truncated", message, fault="provider", retryable=True)


def _broken_off() -> RunFailed:
    message = "The provider broke its answer off with an error."
    return RunFailed("provider_stream_error", message, fault="provider", retryable=True)

"""What `Checked` makes of streams that no SDK complains of, and of exceptions that look like mistakes."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import Field

from service.errors import RunFailed
from service.providers.checked import Checked


class Stream(BaseChatModel):
    """Streams so many chunks, the last with this information, and raises the error, if any."""

    chunks: int = 2
    about: dict[str, Any] = Field(default_factory=dict)
    error: Any = None

    @property
    def _llm_type(self) -> str:
        return "stream"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        for number in range(self.chunks):
            about = self.about if number == self.chunks - 1 else {}
            yield ChatGenerationChunk(message=AIMessageChunk(content="x"), generation_info=about)
        if self.error:
            raise self.error

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in Stream._stream(self):
            yield chunk


class CheckedStream(Checked, Stream):
    """The same, checked."""


async def raised_by(model: BaseChatModel) -> list[Exception | None]:
    """What its streams raise, in a thread and on the loop."""
    raised: list[Exception | None] = [None, None]
    try:
        list(model.stream("x"))
    except Exception as error:
        raised[0] = error
    try:
        [chunk async for chunk in model.astream("x")]
    except Exception as error:
        raised[1] = error
    return raised


@pytest.mark.parametrize(
    "about",
    [
        {"finish_reason": "stop"},
        {"stop_reason": "end_turn"},
        {"done_reason": "stop"},
        {"done": True},
        {"status": "completed"},
    ],
)
async def test_each_providers_word_for_the_end_is_one(about: dict[str, Any]) -> None:
    assert await raised_by(CheckedStream(about=about)) == [None, None]


@pytest.mark.parametrize("about", [{}, {"finish_reason": None}, {"done": False}])
async def test_a_stream_without_one_is_truncated(about: dict[str, Any]) -> None:
    for error in await raised_by(CheckedStream(about=about)):
        assert isinstance(error, RunFailed) and error.code == "provider_truncated"


async def test_a_stream_that_says_that_it_failed_is_no_answer() -> None:
    for error in await raised_by(CheckedStream(about={"finish_reason": "error"})):
        assert isinstance(error, RunFailed) and error.code == "provider_stream_error"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyError("choices"), "provider_malformed"),
        (TypeError("'int' object is not iterable"), "provider_malformed"),
        (AttributeError("get"), "provider_malformed"),
        (ValueError("server_error: overloaded"), "provider_stream_error"),
    ],
)
async def test_what_the_taking_apart_of_a_chunk_raises_is_the_providers_fault(
    error: Exception, code: str
) -> None:
    for told in await raised_by(CheckedStream(error=error)):
        assert isinstance(told, RunFailed)
        assert (told.code, told.fault, told.__cause__) == (code, "provider", error)


async def test_before_the_first_chunk_an_error_is_left_as_it_is() -> None:
    error = TypeError("the request cannot be made")
    assert await raised_by(CheckedStream(chunks=0, error=error)) == [error, error]

"""A chat model with a window of a test's choosing, which keeps what it sees and says what it is told to."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import agenerate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import PrivateAttr

Say = Callable[[Sequence[BaseMessage]], str | AIMessage]


class RecordingModel(BaseChatModel):
    """`say` gives the reply to the messages seen: a text, which comes word by word, or a whole message."""

    say: Say = lambda messages: "ok"
    _seen: list[list[BaseMessage]] = PrivateAttr(default_factory=list)

    @property
    def seen(self) -> list[list[BaseMessage]]:
        """The messages of each call."""
        return self._seen

    @property
    def _llm_type(self) -> str:
        return "recording"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        return self.bind(tools=tools, **kwargs)

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, **kwargs))

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        self._seen.append(messages)
        said = self.say(messages)
        if isinstance(said, AIMessage):
            yield ChatGenerationChunk(message=AIMessageChunk(**said.model_dump(exclude={"type"})))
            return
        for piece in said.splitlines(keepends=True) or [""]:
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))


def window(tokens: int, say: Say = lambda messages: "ok") -> RecordingModel:
    return RecordingModel(say=say, profile={"max_input_tokens": tokens})

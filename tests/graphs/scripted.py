"""A chat model that says what a script says: text, or calls, one entry a call of the model."""

from collections.abc import AsyncIterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import PrivateAttr

Call = tuple[str, str]  # a tool's name, and its arguments as JSON


class ScriptedModel(BaseChatModel):
    """`script` is by the number of messages that it sees: so one model serves any number of runs at once.

    `seen` gets the number of messages of each call.
    """

    script: dict[int, str | list[Call]]
    _seen: list[int] = PrivateAttr(default_factory=list)

    @property
    def seen(self) -> list[int]:
        return self._seen

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        return self.bind(**kwargs) if kwargs else self

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        self._seen.append(len(messages))
        said = self.script[len(messages)]
        if isinstance(said, str):
            for word in said.split(" "):
                yield _chunk(word + " ")
        else:
            for index, (name, args) in enumerate(said):
                yield _chunk("", tool_call_chunks=[_call(name, args, len(messages), index)])
        yield _chunk("", chunk_position="last", response_metadata={"finish_reason": "stop"})


def _call(name: str, args: str, messages: int, index: int) -> dict[str, Any]:
    call_id = f"call_{messages}_{index}"
    return {"name": name, "args": args, "id": call_id, "index": index, "type": "tool_call_chunk"}


def _chunk(text: str, **fields: Any) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=text, **fields))

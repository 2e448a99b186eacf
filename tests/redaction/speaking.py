"""Chains that say what they are asked, word by word, and filters that are none."""

import re
from collections.abc import AsyncIterator
from typing import Any

import anyio
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda

NUMBER = 1


class EchoingModel(BaseChatModel):
    """Says the prompt, word by word; with the word `hang` in it, it never ends by itself."""

    @property
    def _llm_type(self) -> str:
        return "echoing"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        prompt = str(messages[-1].content)
        for piece in re.findall(r"\s*\S+", prompt.removesuffix(" hang")):
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        if prompt.endswith("hang"):
            await anyio.sleep_forever()
        yield ChatGenerationChunk(message=AIMessageChunk(content="", chunk_position="last"))


speaking = EchoingModel()


async def _note(given: Any, config: RunnableConfig) -> str:
    await EchoingModel().with_config(tags=["inner"]).ainvoke(str(given), config)
    return "noted"


noting = RunnableLambda(_note)
output_only: Runnable[Any, Any] = RunnableLambda(str)


def raising(text: str) -> str:
    if "canary" in text:
        raise LookupError(text)
    return text


def empty(text: str) -> str:
    return text


empty.pattern = "x*"  # type: ignore[attr-defined]

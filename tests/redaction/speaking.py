"""Chains that say what they are asked, word by word, and filters that are none."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import anyio
from langchain_core.callbacks import adispatch_custom_event
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


LOOKED_AT_IN: set[str] = set()


def noticing(text: str) -> str:
    """Notes whether it is called where an event loop runs."""
    try:
        asyncio.get_running_loop()
        LOOKED_AT_IN.add("the loop")
    except RuntimeError:
        LOOKED_AT_IN.add("another")
    return text


noticing.pattern = r"word\b"  # type: ignore[attr-defined]  # as FILTERS take it
noticing.everywhere = True  # type: ignore[attr-defined]  # as above


async def waiting(text: str) -> str:
    return text


def compiled(text: str) -> str:
    return text


compiled.pattern = re.compile("word")  # type: ignore[attr-defined]  # as FILTERS do not take it


async def _tell(given: Any, config: RunnableConfig) -> str:
    await adispatch_custom_event("told", {"given": given}, config=config)
    return str(given)


telling = RunnableLambda(_tell)


def raising(text: str) -> str:
    if "canary" in text:
        raise LookupError(text)
    return text


def empty(text: str) -> str:
    return text


empty.pattern = "x*"  # type: ignore[attr-defined]  # as FILTERS take it

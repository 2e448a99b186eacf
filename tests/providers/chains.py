"""Chains that use a model otherwise than as it is offered."""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_openai import ChatOpenAI


def in_thread(model: BaseChatModel) -> Runnable[Any, Any]:
    """Calls the model from a thread."""

    def call(text: str, config: RunnableConfig) -> str:
        return str(model.invoke(text, config).content)

    return RunnableLambda(call)


def brings_its_own(config: RunnableConfig) -> Runnable[Any, Any]:
    """Has a model of LangChain's own class."""
    return ChatOpenAI(model="own", base_url=config["configurable"].get("url"), api_key="own", max_retries=0)


def streams(model: BaseChatModel) -> Runnable[Any, Any]:
    """Reads the model's stream itself."""

    async def read(text: str) -> str:
        return "".join([str(chunk.content) async for chunk in model.astream(text)])

    return RunnableLambda(read)


def batch(model: BaseChatModel) -> Runnable[Any, Any]:
    """Asks the model three times at once."""

    async def ask(text: str) -> list[str]:
        return [str(message.content) for message in await model.abatch([text] * 3)]

    return RunnableLambda(ask)

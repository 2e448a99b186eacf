"""The chat model that needs no key: deterministic, paced, able to call tools it has never seen."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field

from .conversation import read, size_of
from .pieces import Limits, chunks_of
from .replies import reply_to
from .schemas import tool_of
from .structured import formed


class OfflineChatModel(BaseChatModel):
    """Chooses tools by their names, descriptions and schemas, and answers honestly as a demo model."""

    model_config = ConfigDict(protected_namespaces=())

    tokens_per_second: float = Field(60, ge=0, description="The pace; 0 never sleeps.")
    model_name: str = "demo"
    max_tokens: int | None = Field(None, ge=0)
    temperature: float | None = Field(None, description="Accepted and ignored: the model is deterministic.")

    @property
    def _llm_type(self) -> str:
        return "chainstream-offline"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model_name": self.model_name, "max_tokens": self.max_tokens}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        return LangSmithParams(**{**params, "ls_provider": "offline", "ls_model_name": self.model_name})

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: dict[str, Any] | str | bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """`tool_choice` is auto, none, any, required, or a tool. Raises ValueError for one not bound."""
        definitions = [convert_to_openai_tool(tool) for tool in tools]
        choice = _choice(tool_choice)
        names = [definition["function"]["name"] for definition in definitions if "function" in definition]
        if choice not in ("auto", "none", "any", *names):
            raise ValueError(
                f"There is no tool {choice!r} to choose; there are {', '.join(names) or 'none'}."
            )
        return self.bind(tools=definitions, tool_choice=choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        chunks = [chunk async for chunk in self._astream(messages, stop, run_manager, **kwargs)]
        return generate_from_stream(iter(chunks))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        started = time.monotonic()
        for count, chunk in enumerate(self._chunks(messages, stop, kwargs)):
            if (wait := self._wait(count, started, time.monotonic)) > 0:
                time.sleep(wait)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        now = asyncio.get_running_loop().time
        started = now()
        for count, chunk in enumerate(self._chunks(messages, stop, kwargs)):
            if (wait := self._wait(count, started, now)) > 0:
                await asyncio.sleep(wait)
            yield chunk

    def _chunks(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: Mapping[str, Any]
    ) -> Iterator[ChatGenerationChunk]:
        tools = [tool_of(convert_to_openai_tool(tool)) for tool in kwargs.get("tools") or ()]
        choice = _choice(kwargs.get("tool_choice"))
        conversation = read(messages)
        reply = reply_to(conversation, tools, choice, kwargs.get("parallel_tool_calls") is not False)
        reply = formed(reply, conversation, kwargs.get("response_format"))
        limits = Limits(kwargs.get("max_tokens", self.max_tokens), tuple(stop or ()))
        return chunks_of(reply, limits, self.model_name, size_of(messages))

    def _wait(self, count: int, started: float, now: Callable[[], float]) -> float:
        """Seconds until this chunk is due, counted from the start, so that no drift adds up."""
        if not self.tokens_per_second:
            return 0
        return started + count / self.tokens_per_second - now()


def _choice(given: Any) -> str:
    """The forms in which providers take it, as auto, none, any or a name."""
    if isinstance(given, Mapping):
        named = given.get("function") if isinstance(given.get("function"), Mapping) else given
        given = (named or {}).get("name") or given.get("type")
    if given is None or given == "auto":
        return "auto"
    if given is True or given in ("any", "required"):
        return "any"
    return "none" if given is False else str(given)

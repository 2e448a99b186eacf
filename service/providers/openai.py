"""OpenAI, and every server that speaks its protocol (OPENAI_BASE_URL), with what those say of reasoning."""

from collections.abc import Mapping
from typing import Any

import httpx2
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI
from openai import DefaultHttpxClient

from .checked import Checked
from .client import ProviderClient
from .optioned import Optioned, with_options
from .order import Order

NO_KEY = "none-needed"  # the SDK wants one; servers of one's own take any


class OpenAIModel(Checked, ChatOpenAI):
    """ChatOpenAI, which drops the reasoning of others' servers."""

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        converted = super()._convert_chunk_to_generation_chunk(
            chunk, default_chunk_class, base_generation_info
        )
        if converted is not None and isinstance(converted.message, AIMessageChunk):
            if thought := _thought_in(chunk):
                converted.message.additional_kwargs["reasoning_content"] = thought
        return converted


def _thought_in(chunk: dict[str, Any]) -> str | None:
    """DeepSeek and vLLM call it `reasoning_content`, OpenRouter and Ollama `reasoning`."""
    for choice in chunk.get("choices") or ():
        delta = choice.get("delta") or {}
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        return thought if isinstance(thought, str) else None
    return None


def carrying(model: Optioned, params: Mapping[str, Any]) -> Optioned:
    """As they are. A response format goes past LangChain, which would stream it through the SDK's objects."""
    return with_options(model, options_past_langchain(params, "response_format"))


def options_past_langchain(params: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Those of these names go into the request's body as they are."""
    past = {name: params[name] for name in names if name in params}
    others = {name: value for name, value in params.items() if name not in past}
    return {**others, "extra_body": past} if past else others


def build(order: Order) -> OpenAIModel:
    return OpenAIModel(**options(order))


def options(order: Order) -> dict[str, Any]:
    """What ChatOpenAI and ChatXAI are built with."""
    timeout = httpx2.Timeout(order.http.timeouts)
    return {
        "model": order.model,
        "api_key": order.key or NO_KEY,
        "base_url": order.base_url,
        "max_retries": order.retries,
        "timeout": timeout,
        "stream_usage": True,  # is off by default where an address or a client is given
        "http_client": order.http.get(DefaultHttpxClient, timeout=timeout),
        "http_async_client": order.http.get(ProviderClient, timeout=timeout),
        **order.params,
    }

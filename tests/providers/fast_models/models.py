"""Models of each SDK at a provider on loopback, each on a client that is closed at its end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx
import httpx2
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_groq import ChatGroq
from langchain_openai import ChatOpenAI
from langchain_xai import ChatXAI
from pydantic import SecretStr

from service.providers.client import ProviderClient
from service.providers.fast_models import fast

Brand = Literal["openai", "xai", "groq"]
Way = Literal["stock", "dicts", "dicts over aiohttp"]
BRANDS: tuple[Brand, ...] = ("openai", "xai", "groq")
PATHS: dict[Brand, str] = {
    "openai": "/v1/chat/completions",
    "xai": "/v1/chat/completions",
    "groq": "/openai/v1/chat/completions",
}
KEY = SecretStr("a key")


@asynccontextmanager
async def model_of(brand: Brand, way: Way, url: str, **options: Any) -> AsyncIterator[BaseChatModel]:
    httpx_ = httpx if brand == "groq" else httpx2
    client = httpx_.AsyncClient(verify=False) if way != "dicts over aiohttp" else ProviderClient(verify=False)
    # Without certificates, whose reading would be most of a test's time.
    with httpx_.Client(verify=False) as sync_client:
        async with client:
            clients = {"http_client": sync_client, "http_async_client": client}
            model = _model(brand, url, {"max_retries": 1} | clients | options)
            yield model if way == "stock" else fast(model)


def _model(brand: Brand, url: str, options: dict[str, Any]) -> BaseChatModel:
    match brand:
        case "openai":
            return ChatOpenAI(model="m", api_key=KEY, base_url=f"{url}/v1", stream_usage=True, **options)
        case "xai":
            return ChatXAI(model="m", api_key=KEY, xai_api_base=f"{url}/v1", **options)
        case "groq":
            return ChatGroq(model="m", api_key=KEY, base_url=url, **options)


def message_of(chunks: list[AIMessageChunk]) -> dict[str, Any]:
    """All of a streamed message but its random id."""
    if not chunks:
        return {}
    return sum(chunks[1:], start=chunks[0]).model_dump(exclude={"id"})

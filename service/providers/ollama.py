"""Ollama, by default on this machine; its client tries again only where no connection could be made."""

import httpx
from langchain_ollama import ChatOllama

from .checked import Checked
from .order import Order

_NAMES = {"max_tokens": "num_predict"}


class OllamaModel(Checked, ChatOllama):
    """ChatOllama, checked."""


def build(order: Order) -> OllamaModel:
    return OllamaModel(
        model=order.model,
        base_url=order.base_url,
        client_kwargs={"timeout": httpx.Timeout(order.http.timeouts)},
        sync_client_kwargs={"transport": order.http.get(httpx.HTTPTransport, retries=order.retries)},
        async_client_kwargs={"transport": order.http.get(httpx.AsyncHTTPTransport, retries=order.retries)},
        **{_NAMES.get(name, name): value for name, value in order.params.items()},
    )

"""Ollama, by default on this machine; its client tries again only where no connection could be made."""

from collections.abc import Mapping
from typing import Any

import httpx
from langchain_ollama import ChatOllama

from .checked import Checked
from .optioned import with_options
from .order import Order
from .params import tools_unless_none

_NAMES = {"max_tokens": "num_predict"}


class OllamaModel(Checked, ChatOllama):
    """ChatOllama, checked."""


def carrying(model: OllamaModel, params: Mapping[str, Any]) -> OllamaModel:
    """Ollama knows no `user` and no `tool_choice`. What a call says of sampling replaces all that the model
    says, so that is the copy's."""
    options = tools_unless_none(params)
    options.pop("user", None)
    if effort := options.pop("reasoning_effort", None):
        options["reasoning"] = effort
    sampling: dict[str, Any] = {name: options.pop(name) for name in ("top_p", "seed") if name in options}
    return with_options(model.model_copy(update=sampling), options)


def build(order: Order) -> OllamaModel:
    return OllamaModel(
        model=order.model,
        base_url=order.base_url,
        client_kwargs={"timeout": httpx.Timeout(order.http.timeouts)},
        sync_client_kwargs={"transport": order.http.get(httpx.HTTPTransport, retries=order.retries)},
        async_client_kwargs={"transport": order.http.get(httpx.AsyncHTTPTransport, retries=order.retries)},
        **{_NAMES.get(name, name): value for name, value in order.params.items()},
    )

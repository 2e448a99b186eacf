"""Anthropic."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import httpx2
from anthropic import Anthropic, AsyncAnthropic, DefaultAsyncHttpxClient, DefaultHttpxClient
from langchain_anthropic import ChatAnthropic
from pydantic import PrivateAttr

from .checked import Checked
from .optioned import with_options
from .order import HttpClients, Order


class AnthropicModel(Checked, ChatAnthropic):
    """ChatAnthropic over our clients: its own takes one number for all time-outs, and is never closed."""

    _http: HttpClients = PrivateAttr()

    @cached_property
    def _client(self) -> Anthropic:
        return Anthropic(**self._with_timeout(), http_client=self._http.get(DefaultHttpxClient))

    @cached_property
    def _async_client(self) -> AsyncAnthropic:
        return AsyncAnthropic(**self._with_timeout(), http_client=self._http.get(DefaultAsyncHttpxClient))

    def _with_timeout(self) -> dict[str, Any]:
        return {**self._client_params, "timeout": httpx2.Timeout(self._http.timeouts)}


_CHOICES = {"auto": {"type": "auto"}, "none": {"type": "none"}, "required": {"type": "any"}}


def carrying(model: AnthropicModel, params: Mapping[str, Any]) -> AnthropicModel:
    """Tools as LangChain translates them, and the user as Anthropic's metadata has it."""
    options = dict(params)
    choice = options.pop("tool_choice", None)
    if isinstance(choice, Mapping):
        choice = {"type": "tool", "name": choice.get("function", {}).get("name")}
    elif choice is not None:
        choice = dict(_CHOICES[choice])
    parallel = options.pop("parallel_tool_calls", None)
    if tools := options.pop("tools", None):
        tools = [_with_parameters(tool) for tool in tools]
        bound: Any = model.bind_tools(tools, tool_choice=choice, parallel_tool_calls=parallel)
        options |= bound.kwargs
    if user := options.pop("user", None):
        options["metadata"] = {"user_id": user}
    return with_options(model, options)


def _with_parameters(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """To OpenAI a function without them takes none; to LangChain's translation it is no function."""
    match tool:
        case {"function": {"name": _} as function}:
            parameters = function.get("parameters") or {"type": "object", "properties": {}}
            return {**tool, "function": {**function, "parameters": parameters}}
    return tool


def build(order: Order) -> AnthropicModel:
    address = {"base_url": order.base_url} if order.base_url else {}
    model = AnthropicModel(
        model=order.model, api_key=order.key, max_retries=order.retries, **address, **order.params
    )
    model._http = order.http
    return model

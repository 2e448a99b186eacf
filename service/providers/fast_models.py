"""Chat models whose streams skip their SDK's objects, which are half of what a token costs.

The SDKs of OpenAI and Groq build a pydantic object for each chunk, and their LangChain classes turn it into a
dict again; they take dicts as well. So the streams of `chat.completions.create` go over the SDK's public
low-level `client.post`, with its errors, retries and time-outs, and yield the dicts that the provider sent.
All else goes the stock way: answers that do not stream, raw responses, the Responses API, response formats.
"""

import inspect
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Self

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGenerationChunk

from .frames import dicts_in

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Sdk:
    """Where a provider's SDK posts chats, and with which options beside those of the call."""

    package: str
    path: str
    options: Mapping[str, Any] = field(default_factory=dict)


# By the LangChain package of the model's class, or of one that it inherits from, as langchain-xai's does.
_SDKS = {
    "langchain_openai": _Sdk("openai", "/chat/completions", {"security": {"bearer_auth": True}}),
    "langchain_groq": _Sdk("groq", "/openai/v1/chat/completions"),
}
# Parameters of `create` that are the request's, not the body's, and their names as options of `post`.
_REQUEST = {
    "extra_headers": "headers",
    "extra_query": "params",
    "extra_body": "extra_json",
    "timeout": "timeout",
}


def fast(model: BaseChatModel) -> BaseChatModel:
    """A copy of the model that streams over dicts, or the model itself where that cannot be.

    That is so for classes that have no such SDK, and, with a warning, where an SDK is not as expected.
    """
    sdk = _sdk_of(type(model))
    if sdk is None:
        return model
    try:
        _rehearse(model)
        return model.model_copy(
            update=_without_chunk_timeout(model) | {"async_client": _completions(model, sdk)}
        )
    except Exception as unexpected:  # whatever another version may raise
        text = "%s streams the slow way, since its packages are new to us: %s"
        logger.warning(text, _name(model), unexpected)
        return model


def _sdk_of(model_class: type) -> _Sdk | None:
    packages = (base.__module__.partition(".")[0] for base in model_class.__mro__)
    return next((_SDKS[package] for package in packages if package in _SDKS), None)


def _name(model: BaseChatModel) -> str:
    return type(model).__name__


def _without_chunk_timeout(model: BaseChatModel) -> dict[str, Any]:
    """The executor times silence once a run; langchain-openai would make a task for each token."""
    return {"stream_chunk_timeout": 0} if hasattr(model, "stream_chunk_timeout") else {}


def _completions(model: BaseChatModel, sdk: _Sdk) -> "_Completions":
    resource = model.async_client  # type: ignore[attr-defined]  # of the classes in _SDKS, in no base of theirs
    client = resource._client
    inspect.signature(client.post).bind(
        sdk.path, cast_to=object, body={}, options={}, stream=True, stream_cls=object
    )
    return _Completions(resource, client, sdk, import_module(sdk.package).AsyncStream[object])


class _Completions:
    """An SDK's `chat.completions`, but for the streams of `create`."""

    def __init__(self, resource: Any, client: Any, sdk: _Sdk, stream_class: Any) -> None:
        self._resource = resource
        self._client = client
        self._sdk = sdk
        self._stream_class = stream_class
        self._known = frozenset(inspect.signature(resource.create).parameters) - {"response_format"}

    def __getattr__(self, name: str) -> Any:
        if name == "_resource":  # in a copy in the making
            raise AttributeError(name)
        return getattr(self._resource, name)

    async def create(self, **payload: Any) -> Any:
        """As the SDK's; a stream is one of dicts."""
        if payload.get("stream") is not True or not self._known.issuperset(payload):
            return await self._resource.create(**payload)
        given = {name: payload.pop(name) for name in _REQUEST.keys() & payload.keys()}
        stream = await self._client.post(
            self._sdk.path,
            cast_to=object,
            body=payload,
            options={**self._sdk.options, **_options(given)},
            stream=True,
            stream_cls=self._stream_class,
        )
        return _Chunks(stream)


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    # None is no header, but no time-out is one.
    return {_REQUEST[name]: value for name, value in given.items() if value is not None or name == "timeout"}


class _Chunks:
    """A provider's stream as dicts, in which what LangChain reads without asking is there."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stream.close()

    async def __aiter__(self) -> AsyncIterator[Any]:
        # A generator, since ChatGroq closes nothing: when it is dropped, so is the connection.
        async with self:
            async for chunk in dicts_in(self._stream):
                yield _completed(chunk)


def _completed(chunk: Any) -> Any:
    """A chunk with the fields for which the SDK's objects have defaults."""
    if not isinstance(chunk, dict):
        return chunk
    for choice in chunk.get("choices") or ():
        delta = choice.setdefault("delta", {})
        for call in (delta and delta.get("tool_calls")) or ():
            call.setdefault("type", None)
            if function := call.get("function"):
                function.setdefault("name", None)
                function.setdefault("arguments", None)
    return chunk


def _rehearse(model: BaseChatModel) -> None:
    """Stream a dict through a copy of the model that has no connection. Raises where it is not told."""
    update = _without_chunk_timeout(model) | {"async_client": _Stage(), "root_async_client": None}
    if hasattr(model, "use_responses_api"):
        update["use_responses_api"] = False
    played = _play(model.model_copy(update=update)._astream([HumanMessage("?")]))
    try:
        played.send(None)
    except StopIteration as end:
        message = end.value
    else:
        played.close()
        raise TypeError("its stream waits for something else than its client")
    calls = [(call["name"], call["args"], call["id"]) for call in message.tool_call_chunks]
    if (message.text, calls) != ("Hi", [("look", "{}", "call_1")]):
        raise TypeError("its stream does not tell what is in a dict")


async def _play(chunks: AsyncIterator[ChatGenerationChunk]) -> AIMessageChunk:
    [message] = [chunk.message async for chunk in chunks]
    if not isinstance(message, AIMessageChunk):
        raise TypeError(f"its stream tells a {type(message).__name__}")
    return message


class _Stage:
    """What a model has in place of `chat.completions` in a rehearsal."""

    async def create(self, **payload: Any) -> _Chunks:
        return _Chunks(_Prompter())


class _Prompter:
    """A stream of one chunk."""

    async def __aiter__(self) -> AsyncIterator[Any]:
        call = {"index": 0, "id": "call_1", "function": {"name": "look", "arguments": "{}"}}
        delta = {"role": "assistant", "content": "Hi", "tool_calls": [call]}
        yield {"choices": [{"index": 0, "delta": delta, "finish_reason": "tool_calls"}]}

    async def close(self) -> None:
        pass

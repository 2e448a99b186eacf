"""Structured outputs of several models: each is bound in its own way, and read by the parser of its own."""

from collections.abc import AsyncIterator, Iterator, Mapping
from functools import reduce
from itertools import chain
from operator import itemgetter, or_
from typing import Any, cast

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import (
    Runnable,
    RunnableBinding,
    RunnableConfig,
    RunnableMap,
    RunnablePassthrough,
    RunnableSequence,
)

ANSWERED_BY = "answered_by"  # in a message's metadata: the name of the model that wrote it


class Structured:
    """One schema for several models by their names; each is bound when it is first asked, since that may take
    its package's imports."""

    def __init__(
        self, models: Mapping[str, BaseChatModel], schema: dict[str, Any] | type, options: Mapping[str, Any]
    ) -> None:
        self._models = models
        self._schema = schema
        self._options = options
        self._made: dict[str, RunnableSequence[Any, Any]] = {}

    def bound(self, name: str) -> Mapping[str, Any]:
        """The arguments with which the model is called."""
        # LangChain binds the schema to the model, which is the first step.
        binding: RunnableBinding[Any, Any] = self._of(name).first  # type: ignore[assignment]
        return binding.kwargs

    def parser(self, name: str) -> Runnable[AIMessage, Any]:
        """What reads the model's message."""
        return reduce(or_, self._of(name).steps[1:])

    def _of(self, name: str) -> "RunnableSequence[Any, Any]":
        """LangChain makes a sequence: the bound model and its parser."""
        if name not in self._made:
            made = self._models[name].with_structured_output(self._schema, **self._options)
            self._made[name] = cast("RunnableSequence[Any, Any]", made)
        return self._made[name]


def structured_output(
    model: Runnable[LanguageModelInput, AIMessage], ways: Structured, *, include_raw: bool
) -> Runnable[LanguageModelInput, Any]:
    """The bound model and what reads it; with `include_raw`, the message too, as LangChain's own models."""
    parser = _ParserOfWriter(ways)
    if not include_raw:
        return model | parser
    parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    unparsed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=model) | parsed.with_fallbacks([unparsed], exception_key="parsing_error")


class _ParserOfWriter(Runnable[AIMessage, Any]):
    """Hands a message, or its chunks, to the parser of the model that wrote it."""

    def __init__(self, ways: Structured) -> None:
        self._ways = ways

    def _parser_of(self, message: AIMessage) -> Runnable[AIMessage, Any]:
        return self._ways.parser(message.response_metadata[ANSWERED_BY])

    def invoke(self, input: AIMessage, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        return self._parser_of(input).invoke(input, config, **kwargs)

    async def ainvoke(self, input: AIMessage, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        return await self._parser_of(input).ainvoke(input, config, **kwargs)

    def transform(
        self, input: Iterator[AIMessage], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Any]:
        for first in input:
            yield from self._parser_of(first).transform(chain([first], input), config, **kwargs)

    async def atransform(
        self, input: AsyncIterator[AIMessage], config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        async for first in input:
            parser = self._parser_of(first)
            async for output in parser.atransform(_joined(first, input), config, **kwargs):
                yield output


async def _joined(first: AIMessage, rest: AsyncIterator[AIMessage]) -> AsyncIterator[AIMessage]:
    yield first
    async for message in rest:
        yield message

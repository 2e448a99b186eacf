"""`FallbackModel`: several models as one, which are asked in turn until one of them has answered.

Each attempt is a whole call of a model, with a LangChain run of its own: whoever listens sees one fail and
the next begin, and the chain gets the answer of the one that succeeded alone. Where the chain's own code
reads a stream, the next model takes over only until the first words are handed to it: they cannot be taken
back.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from typing import Any, cast
from uuid import UUID

from langchain_core.callbacks import Callbacks
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult, LLMResult
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig, ensure_config
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from .attempts import Attempt, Attempts, Candidate, attempts_at
from .breaker import Breakers
from .structured import ANSWERED_BY, Structured, structured_output

_STRUCTURED = "structured"  # the bound argument with what each model is bound to for a structured output
_OWN = frozenset({"cache", "callbacks", "disable_streaming", "rate_limiter", "tags", "verbose"})


class FallbackModel(BaseChatModel):
    """The first of the candidates is the one that was asked for. Those of providers that fail come last."""

    candidates: Sequence[Candidate]
    registry: Attempts = Field(exclude=True, repr=False)
    breakers: Breakers = Field(exclude=True, repr=False)

    @classmethod
    def of(cls, candidates: Sequence[Candidate], registry: Attempts, breakers: Breakers) -> "FallbackModel":
        """Its profile is what holds of all of them, as far as it is asked for: the smallest window, and tools
        rather than the provider's own form of structured outputs."""
        profiles = [each.model.profile or {} for each in candidates]
        windows = [profile["max_input_tokens"] for profile in profiles if "max_input_tokens" in profile]
        profile: Any = {**profiles[0], "structured_output": False}
        if windows:
            profile["max_input_tokens"] = min(windows)
        return cls(candidates=candidates, registry=registry, breakers=breakers, profile=profile)

    def carrying(self, carry: Callable[[str, BaseChatModel], BaseChatModel | None]) -> "FallbackModel":
        """Of those that `carry` makes of the candidates, by their names; who cannot carry is left out."""
        made = ((each.name, carry(each.name, each.model)) for each in self.candidates)
        carriers = [Candidate(name, model) for name, model in made if model is not None]
        return FallbackModel.of(carriers, self.registry, self.breakers)

    @property
    def _llm_type(self) -> str:
        return "fallback"

    @property
    def _first(self) -> BaseChatModel:
        return self.candidates[0].model

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return self._first._get_ls_params(stop, **kwargs)

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        """LangChain wants one; `generate` and its kin, which call it, go to the models themselves."""
        return self._first._generate(messages, *args, **kwargs)

    # --- what is bound -----------------------------------------------------------------------------

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """In OpenAI's form, from which each provider's model makes its own when it is asked."""
        known = [tool if isinstance(tool, dict) else convert_to_openai_tool(tool) for tool in tools]
        chosen = {} if tool_choice is None else {"tool_choice": tool_choice}
        return self.bind(tools=known, **chosen, **kwargs)

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """Each model in its own way, read by the parser of the one that answered."""
        models = {each.name: each.model for each in self.candidates}
        ways = Structured(models, schema, kwargs)
        return structured_output(self.bind(**{_STRUCTURED: ways}), ways, include_raw=include_raw)

    # --- asking ------------------------------------------------------------------------------------

    async def agenerate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        *,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        run_name: str | None = None,
        run_id: UUID | None = None,
        **kwargs: Any,
    ) -> LLMResult:
        async def ask(asked: list[BaseMessage], run_id: UUID | None) -> LLMResult:
            for attempt in self._attempts(run_id):
                async with attempt.interruptible():
                    result = await self._model_of(attempt).agenerate(
                        [asked],
                        stop,
                        callbacks,
                        tags=tags,
                        metadata={**(metadata or {}), **attempt.metadata},
                        run_name=run_name,
                        run_id=attempt.run_id,
                        **self._options(attempt, kwargs),
                    )
            return self._signed(result, attempt, kwargs)

        if len(messages) == 1:
            return await ask(messages[0], run_id)
        results = await asyncio.gather(*(ask(each, None) for each in messages), return_exceptions=True)
        return _joined(results)

    def generate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        *,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        run_name: str | None = None,
        run_id: UUID | None = None,
        **kwargs: Any,
    ) -> LLMResult:
        def ask(asked: list[BaseMessage], run_id: UUID | None) -> LLMResult:
            for attempt in self._attempts(run_id):
                with attempt.judged():
                    result = self._model_of(attempt).generate(
                        [asked],
                        stop,
                        callbacks,
                        tags=tags,
                        metadata={**(metadata or {}), **attempt.metadata},
                        run_name=run_name,
                        run_id=attempt.run_id,
                        **self._options(attempt, kwargs),
                    )
            return self._signed(result, attempt, kwargs)

        if len(messages) == 1:
            return ask(messages[0], run_id)
        return _joined([ask(each, None) for each in messages])

    async def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        config = ensure_config(config)
        for attempt in self._attempts(config.pop("run_id", None), streams=True):
            with attempt.judged():
                options = self._options(attempt, kwargs)
                stream = self._model_of(attempt).astream(input, attempt.config(config), stop=stop, **options)
                # LangChain types streams as iterators; they are generators, which must be closed.
                async with aclosing(stream) as chunks:  # type: ignore[type-var]
                    async with attempt.interruptible_so_far():
                        opening = await _until_words(chunks)
                    attempt.is_handed_over = True
                    for chunk in self._signed_chunks(opening, attempt, kwargs):
                        yield chunk
                    async for chunk in chunks:
                        yield chunk

    def stream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        config = ensure_config(config)
        for attempt in self._attempts(config.pop("run_id", None), streams=True):
            with attempt.judged():
                options = self._options(attempt, kwargs)
                stream = self._model_of(attempt).stream(input, attempt.config(config), stop=stop, **options)
                with closing(stream) as chunks:  # type: ignore[type-var]  # as above
                    opening = []
                    for chunk in chunks:
                        opening.append(chunk)
                        if _has_words(chunk):
                            break
                    attempt.is_handed_over = True
                    yield from self._signed_chunks(opening, attempt, kwargs)
                    yield from chunks

    # --- one attempt -------------------------------------------------------------------------------

    def _attempts(self, run_id: UUID | None, *, streams: bool = False) -> Iterator[Attempt]:
        return attempts_at(self.candidates, self.breakers, self.registry, run_id, streams=streams)

    def _model_of(self, attempt: Attempt) -> BaseChatModel:
        """The candidate, with what was set of this model after it was built."""
        own = {name: getattr(self, name) for name in _OWN & self.model_fields_set}
        model = attempt.candidate.model
        return model.model_copy(update=own) if own else model

    def _options(self, attempt: Attempt, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """What was bound, as this candidate takes it."""
        given = dict(kwargs)
        ways: Structured | None = given.pop(_STRUCTURED, None)
        if ways is not None:
            return {**ways.bound(attempt.candidate.name), **given}
        if "tools" not in given:
            return given
        binding = cast("RunnableBinding[Any, Any]", attempt.candidate.model.bind_tools(**given))
        return dict(binding.kwargs)

    def _signed(self, result: LLMResult, attempt: Attempt, kwargs: Mapping[str, Any]) -> LLMResult:
        """With the name of the candidate, where a parser must know it."""
        if _STRUCTURED in kwargs:
            generation = cast(ChatGeneration, result.generations[0][0])
            generation.message.response_metadata[ANSWERED_BY] = attempt.candidate.name
        return result

    def _signed_chunks(
        self, opening: list[AIMessageChunk], attempt: Attempt, kwargs: Mapping[str, Any]
    ) -> list[AIMessageChunk]:
        if _STRUCTURED in kwargs and opening:
            opening[0].response_metadata = {
                **opening[0].response_metadata,
                ANSWERED_BY: attempt.candidate.name,
            }
        return opening


async def _until_words(chunks: AsyncIterator[AIMessageChunk]) -> list[AIMessageChunk]:
    """The first chunks, up to one that says something."""
    opening = []
    async for chunk in chunks:
        opening.append(chunk)
        if _has_words(chunk):
            break
    return opening


def _has_words(chunk: AIMessageChunk) -> bool:
    return bool(chunk.content or chunk.tool_call_chunks or chunk.additional_kwargs)


def _joined(results: Sequence[LLMResult | BaseException]) -> LLMResult:
    """The answers to several prompts; raises where one has none."""
    answers: list[LLMResult] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        answers.append(result)
    return LLMResult(
        generations=[group for answer in answers for group in answer.generations],
        llm_output={},
        run=[run for answer in answers for run in answer.run or ()],
    )
